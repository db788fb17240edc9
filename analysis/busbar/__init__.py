"""Run the Busbar simulator and read its traces.

>>> import busbar
>>> with busbar.open("runs/tiny.h5") as run:
...     print(run.jobs.head())
"""

from busbar.errors import BusbarError, BusbarWarning, NoDataError, TraceError
from busbar.runner import find_binary, jobs, run
from busbar.trace import Run, open

__all__ = [
    "BusbarError",
    "BusbarWarning",
    "NoDataError",
    "Run",
    "TraceError",
    "find_binary",
    "jobs",
    "open",
    "run",
]
