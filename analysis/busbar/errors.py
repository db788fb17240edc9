"""What can go wrong, as exceptions whose text names place, value, rule and remedy."""


class BusbarError(Exception):
    """Base of all errors of this package.

    After a failed run, the text is what the simulator said and `exit_code` is its exit code:
    2 usage or input, 3 simulation stopped, 4 I/O, 1 unexpected, negative a signal.
    """

    def __init__(self, message: str, exit_code: int | None = None):
        super().__init__(message)
        self.exit_code = exit_code


class TraceError(BusbarError):
    """A file that is no trace, is damaged, or has a version this package does not know."""


class NoDataError(BusbarError):
    """A plot or table was asked for that this run has no rows for."""


class BusbarWarning(UserWarning):
    """The simulator ran, but warned about its input."""
