"""Read the trace of one run: tables as DataFrames with units, series, provenance.

The format is described in `sim/doc/formats/trace.md`. Nothing is read before it is asked for.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import h5py
import numpy as np
import pandas as pd

from busbar.columns import committed_rows, describe, read_column, read_index, scalar
from busbar.errors import NoDataError, TraceError

FILETYPE = "busbar-trace"
MAJOR_VERSION = 1
# Columns that tables begin with.
FIRST = (
    *("time_s", "id", "job", "name", "kind", "state", "service", "stream", "model", "vendor"),
    *("site", "cluster", "domain", "accelerator"),
    *("submit_s", "start_s", "end_s", "wait_s", "chips"),
)


def open(path: str | os.PathLike) -> Run:
    """Open a trace, complete or not, for reading.

    Args:
        path: `run.h5`, or the `run.h5.part` that a running or killed simulation left.

    Raises:
        TraceError: no such file, not HDF5, truncated, foreign, or of an unknown version.

    """
    return Run(path)


class Run:
    """One run: its tables, series and provenance.

    Tables are DataFrames. `df.attrs["units"]` gives the unit of each column that has one,
    `df.attrs["long_name"]` its meaning. Times are seconds since the start of the scenario
    (`date` turns them into UTC dates). References to sites, clusters, models, … are categoricals
    of their names, states and kinds are categoricals of their meanings; "none" is NaN.

    Close it, or use it in a `with` block; a run kept open only holds one file handle.
    """

    def __init__(
        self, path: str | os.PathLike, *, owned: tempfile.TemporaryDirectory | None = None
    ):
        self.path = Path(path)
        self._owned = owned  # a temporary directory that lives as long as this run
        self._cache: dict[str, pd.DataFrame] = {}
        self._file = _open_file(self.path)
        try:
            self._check()
        except BaseException:
            self._file.close()
            raise

    # ── what it is ───────────────────────────────────────────────────────────────────────────

    @property
    def status(self) -> str:
        """`complete`, `interrupted` (closed early, on request), `failed` or `incomplete`.

        `incomplete` is a run that is still going or was killed: what was committed can be read,
        the summary may be missing. A whole trace has lost its `.part`; one killed before that is
        not called complete.
        """
        status = scalar(self._file.attrs["status"])
        unfinished = status == "running" or (
            status == "complete" and str(self.path).endswith(".part")
        )
        return "incomplete" if unfinished else status

    @property
    def is_complete(self) -> bool:
        """Whether the run reached its end and every row is there."""
        return self.status == "complete"

    @property
    def version(self) -> tuple[int, int]:
        """Version of the trace format: major, minor."""
        major, minor = self._file.attrs["version"]
        return int(major), int(minor)

    @property
    def provenance(self) -> dict:
        """How the run came to be: versions, command line, seed, hashes, cost of the run."""
        return {key: scalar(value) for key, value in self._file["provenance"].attrs.items()}

    @property
    def scenario(self) -> dict:
        """What was run: name, start, horizon_s (NaN: until idle), policies."""
        return {key: scalar(value) for key, value in self._file["scenario"].attrs.items()}

    @property
    def inputs(self) -> dict[str, str]:
        """Full text of every input file, by name, as it was read."""
        group = self._file.get("provenance/inputs", {})
        return {
            scalar(item.attrs.get("name", name)): scalar(item[()]) for name, item in group.items()
        }

    @property
    def summary(self) -> dict:
        """Totals of the run; empty when it is incomplete."""
        group = self._file.get("summary")
        if group is None:
            return {}
        return {key: scalar(value) for key, value in group.attrs.items()}

    @property
    def end_s(self) -> float:
        """Simulated time up to which the trace reaches, s."""
        end = self.summary.get("simulated_s")
        if end is not None:
            return float(end)
        latest = 0.0
        for table, column in (("events", "time_s"), ("series/site", "time_s"), ("jobs", "end_s")):
            if table in self._file and column in self._file[table]:
                values = self.column(table, column)
                if np.isfinite(values).any():
                    latest = max(latest, float(np.nanmax(values)))
        return latest

    def date(self, time_s):
        """Turn seconds since the start into UTC dates.

        Args:
            time_s: a number, array or Series of seconds; NaN becomes NaT.

        Returns:
            A Timestamp, DatetimeIndex or Series, as the argument was.

        """
        start = scalar(self._file["scenario"].attrs["start_unix_s"])
        if isinstance(time_s, pd.Series):
            return pd.to_datetime(time_s + start, unit="s", utc=True)
        return pd.to_datetime(np.asarray(time_s, dtype=float) + start, unit="s", utc=True)

    # ── tables ───────────────────────────────────────────────────────────────────────────────

    @property
    def jobs(self) -> pd.DataFrame:
        """One row per job at its end, or at the finish; indexed by id."""
        return self.table("jobs", index="id")

    @property
    def segments(self) -> pd.DataFrame:
        """Stretches of a job with constant step time; `job` is the id of its row in `jobs`."""
        return self.table("segments")

    @property
    def events(self) -> pd.DataFrame:
        """Everything that happened, in order. What `subject` counts depends on `kind`."""
        return self.table("events")

    @property
    def faults(self) -> pd.DataFrame:
        """Failures and their repair."""
        return self.table("faults")

    @property
    def losses(self) -> pd.DataFrame:
        """Work that jobs lost by failures: time, job, cause, chip-seconds."""
        return self.table("losses")

    @property
    def serving(self) -> pd.DataFrame:
        """Inference services by time bin, service and site."""
        return self.table("serving")

    @property
    def ledger(self) -> pd.DataFrame:
        """Money booked, by the end of its interval, site, cluster and account."""
        return self.table("ledger")

    @property
    def sites(self) -> pd.DataFrame:
        """Sites of the platform, indexed by name."""
        return self.table("platform/sites", index="name")

    @property
    def clusters(self) -> pd.DataFrame:
        """Clusters of the platform, indexed by name."""
        return self.table("platform/clusters", index="name")

    @property
    def domains(self) -> pd.DataFrame:
        """Kinds of scale-up domains, indexed by name."""
        return self.table("platform/domains", index="name")

    @property
    def accelerators(self) -> pd.DataFrame:
        """Kinds of chips, indexed by name."""
        return self.table("platform/accelerators", index="name")

    @property
    def links(self) -> pd.DataFrame:
        """Links shared by several jobs, indexed by name."""
        return self.table("platform/links", index="name")

    @property
    def site_totals(self) -> pd.DataFrame:
        """Exact peaks, means and totals of each site; needs a finished run."""
        return self.table("summary/sites", index="site")

    @property
    def vendor_totals(self) -> pd.DataFrame:
        """Chips and chip time of each vendor; needs a finished run."""
        return self.table("summary/vendors", index="vendor")

    @property
    def link_totals(self) -> pd.DataFrame:
        """Bytes that each shared link carried, and its mean utilisation; needs a finished run."""
        return self.table("summary/links", index="link")

    @property
    def claims(self) -> pd.DataFrame:
        """Public figures beside the simulated ones, with the deviation; needs a finished run."""
        table = self.table("summary/claims", index="name")
        table["deviation"] = table["simulated_value"] / table["public_value"] - 1.0
        return table

    @property
    def tables(self) -> dict[str, int]:
        """Every table of the trace with its number of committed rows."""
        found: dict[str, int] = {}

        def collect(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if not isinstance(item, h5py.Group) or name.startswith(("provenance", "series")):
                return
            if any(isinstance(child, h5py.Dataset) for child in item.values()):
                found[name] = committed_rows(item)

        self._file.visititems(collect)
        return found

    def table(self, name: str, *, index: str | None = None) -> pd.DataFrame:
        """Read all committed rows of a table.

        Args:
            name: path in the trace, e.g. `jobs` or `platform/sites`; `tables` lists them.
            index: column that becomes the index.

        Raises:
            TraceError: the trace has no such table.

        """
        if name not in self._cache:
            self._cache[name] = self._read_table(self._group(name))
        frame = self._cache[name].copy(deep=False)  # copy-on-write: the cache cannot be changed
        if index is not None:
            frame = frame.set_index(index)
        return frame

    def column(self, table: str, name: str) -> np.ndarray:
        """Read one column as it is stored: numbers, codes and references as integers."""
        return read_column(self._group(table), name)

    # ── series ───────────────────────────────────────────────────────────────────────────────

    def site_series(self, quantity: str) -> pd.DataFrame:
        """Read a sampled quantity, e.g. `it_power_w`: index time_s, a column per site."""
        return self._series("site", quantity, "platform/sites")

    def cluster_series(self, quantity: str) -> pd.DataFrame:
        """Read a sampled quantity, e.g. `allocated` chips: index time_s, a column per cluster."""
        return self._series("cluster", quantity, "platform/clusters")

    def link_series(self, quantity: str = "throughput") -> pd.DataFrame:
        """Read a sampled quantity, by default the throughput in byte/s, of every shared link."""
        return self._series("link", quantity, "platform/links")

    def link_utilisation(self) -> pd.DataFrame:
        """Read the throughput of shared links over their bandwidth, 0 to 1, as sampled."""
        return self.link_series() / self.links["bandwidth"]

    def _series(self, kind: str, quantity: str, names_of: str) -> pd.DataFrame:
        group = self._group(f"series/{kind}")
        if quantity not in group or quantity == "time_s":
            known = ", ".join(sorted(set(group) - {"time_s"}))
            raise TraceError(f"{self.path}: no {kind} series '{quantity}'; known: {known}")
        rows = committed_rows(group)
        names = pd.Index(self._names(names_of), name=kind)
        values = group[quantity][:rows]
        time = pd.Index(group["time_s"][:rows], name="time_s")
        frame = pd.DataFrame(values, index=time, columns=names)
        frame.attrs.update(describe({quantity: group[quantity]}))
        return frame

    # ── housekeeping ─────────────────────────────────────────────────────────────────────────

    def close(self) -> None:
        """Close the file; a trace that `busbar.run` put in a temporary place is deleted."""
        self._file.close()
        if self._owned is not None:
            self._owned.cleanup()

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def __repr__(self) -> str:
        if not self._file:
            return f"<busbar.Run {self.path}: closed>"
        rows = ", ".join(
            f"{count:,} {name}" for name, count in self.tables.items() if "/" not in name
        )
        return f"<busbar.Run {self.path}: {self.status}; {rows}>"

    def _check(self) -> None:
        attrs = self._file.attrs
        if scalar(attrs.get("filetype", "")) != FILETYPE:
            raise TraceError(
                f"{self.path}: an HDF5 file, but not a Busbar trace (its @filetype is "
                f"{scalar(attrs.get('filetype', 'missing'))!r}, not '{FILETYPE}'); "
                "traces are made by `busbar run`"
            )
        if self.version[0] != MAJOR_VERSION:
            raise TraceError(
                f"{self.path}: trace format {self.version[0]}.{self.version[1]}; this package "
                f"reads {MAJOR_VERSION}.x; use the `busbar` package of the version that wrote it"
            )

    def _group(self, name: str) -> h5py.Group:
        try:
            group = self._file.get(name)
        except (KeyError, OSError, RuntimeError) as error:
            raise _damaged(self.path, name, error) from error
        if isinstance(group, h5py.Group):
            return group
        if name.startswith("summary") and not self.is_complete:
            raise NoDataError(f"{self.path}: the run is {self.status}; its summary was not written")
        known = ", ".join(self.tables)
        raise TraceError(f"{self.path}: no table '{name}'; known: {known}")

    def _names(self, table: str) -> list[str]:
        return list(read_column(self._group(table), "name"))

    def _read_table(self, group: h5py.Group) -> pd.DataFrame:
        try:
            datasets = {
                name: item
                for name, item in group.items()
                if isinstance(item, h5py.Dataset) and item.ndim == 1
            }
            columns = {name: read_index(self._file, group, name) for name in _order(datasets)}
        except (KeyError, OSError, RuntimeError) as error:
            raise _damaged(self.path, group.name, error) from error
        frame = pd.DataFrame(columns)
        frame.attrs.update(describe(datasets))
        return frame


def _order(datasets: Mapping[str, h5py.Dataset]) -> list[str]:
    """Put who and when first, the rest by name: HDF5 keeps no order of datasets."""
    return sorted(
        datasets, key=lambda name: (FIRST.index(name) if name in FIRST else len(FIRST), name)
    )


def _damaged(path: Path, what: str, error: Exception) -> TraceError:
    return TraceError(f"{path}: damaged at {what}: {error}; run the scenario again")


def _open_file(path: Path) -> h5py.File:
    if not path.exists():
        part = path.with_name(path.name + ".part")
        hint = f"; there is an incomplete run {part}" if part.exists() else ""
        raise TraceError(f"{path}: no such file{hint}")
    if path.is_dir():
        raise TraceError(f"{path}: a directory; give the .h5 file in it")
    try:
        # The writer of a run that is still going holds the lock; committed rows never change.
        return h5py.File(path, "r", locking=False)
    except OSError as error:
        raise TraceError(f"{path}: {_explain(path, error)}") from error


def _explain(path: Path, error: OSError) -> str:
    with contextlib.suppress(OSError):
        if path.stat().st_size == 0:
            return "empty; the run was stopped before its first flush"
    text = str(error)
    if "file signature not found" in text:
        return "not an HDF5 file; traces are made by `busbar run`"
    if "truncated" in text:
        return (
            "truncated: the file is shorter than its own header says; copy it again, or run again"
        )
    return f"cannot be read: {text}"
