"""A small trace by hand: two sites, two clusters, six jobs, in the layout of the trace format."""

from pathlib import Path

import h5py
import numpy as np

NAN = float("nan")
INF = float("inf")
START_UNIX_S = 1798761600.0  # 2027-01-01 00:00 UTC

STATES = "completed killed failed running waiting rejected"


def enum(meanings: str) -> dict:
    names = meanings.split()
    return {"flag_values": np.arange(len(names), dtype=np.int8), "flag_meanings": " ".join(names)}


def text(values: list[str]) -> np.ndarray:
    encoded = [value.encode() for value in values]
    return np.array(encoded, dtype=f"S{max(map(len, encoded), default=1)}")


def i32(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.int32)


class TraceFile:
    """Writes the trace; tests change `status`, `tables` or `attrs` before."""

    def __init__(self, path: Path):
        self.path = path
        self.status = "complete"
        self.attrs = {"filetype": "busbar-trace", "version": np.array([1, 0], dtype=np.int32)}
        self.summary = {"simulated_s": 7200.0, "jobs_submitted": 6}
        # name: ([(column, values, attributes)], committed rows; None: all)
        self.tables = {
            "platform/sites": platform_sites(),
            "platform/clusters": platform_clusters(),
            "jobs": jobs(),
            "segments": segments(),
            "ledger": ledger(),
            "series/site": site_series(),
            "series/cluster": cluster_series(),
            "summary/sites": summary_sites(),
            "summary/vendors": summary_vendors(),
            "summary/claims": summary_claims(),
        }
        self.committed: dict[str, int] = {}

    def write(self) -> Path:
        with h5py.File(self.path, "w", libver="earliest") as file:
            file.attrs["status"] = self.status
            file.attrs.update(self.attrs)
            provenance = file.create_group("provenance")
            provenance.attrs.update({"version": "0.1.0", "seed": np.uint64(7)})
            scenario = file.create_group("scenario")
            scenario.attrs.update({"name": "tiny", "start_unix_s": START_UNIX_S})
            inputs = provenance.create_group("inputs")
            tiny = inputs.create_dataset("scenarios%2Ftiny.xml", data=text(["<scenario/>"]))
            tiny.attrs["name"] = "scenarios/tiny.xml"
            file.create_group("summary").attrs.update(self.summary)
            for name, columns in self.tables.items():
                self.write_table(file.require_group(name), columns, self.committed.get(name))
        return self.path

    @staticmethod
    def write_table(group: h5py.Group, columns: list, committed: int | None) -> None:
        for name, values, attributes in columns:
            dataset = group.create_dataset(name, data=values, chunks=None)
            dataset.attrs.update(attributes)
        rows = len(columns[0][1]) if committed is None else committed
        group.attrs["rows_committed"] = np.int64(rows)

    def as_if_killed(self, jobs: int) -> None:
        """Turns it into what a killed run leaves: some rows committed, no summary."""
        self.status = "running"
        self.summary = {}
        self.committed["jobs"] = jobs
        for name in [name for name in self.tables if name.startswith("summary/")]:
            del self.tables[name]


def platform_sites():
    return [
        ("name", text(["north", "south"]), {}),
        ("latitude", np.array([41.7, 30.8]), {"units": "degrees_north"}),
    ]


def platform_clusters():
    return [
        ("name", text(["north-tpu", "south-gpu"]), {}),
        ("site", i32([0, 1]), {"reference": "/platform/sites"}),
        ("vendor", text(["google", "nvidia"]), {}),
        ("chips_installed", np.array([128, 64]), {"units": "1"}),
    ]


# Six jobs: two run at once from the start, one waits an hour for the first to end, one is still
# running, one never started, one was rejected.
def jobs():
    seconds = {"units": "s"}
    return [
        ("id", i32([0, 1, 2, 3, 4, 5]), {}),
        ("name", text(["a", "b", "c", "d", "e", "f-größer"]), {"long_name": "name of the job"}),
        ("cluster", i32([0, 1, 0, 1, -1, -1]), {"reference": "/platform/clusters"}),
        ("site", i32([0, 1, 0, 1, -1, -1]), {"reference": "/platform/sites"}),
        ("submit_s", np.array([0, 0, 0, 600, 1200, 1800.0]), seconds),
        ("start_s", np.array([0, 0, 3600, 600, NAN, NAN]), seconds),
        ("end_s", np.array([3600, 1800, 7200, NAN, NAN, NAN]), seconds),
        ("chips", np.array([128, 32, 64, 1, 64, 4096]), {"units": "1"}),
        ("state", np.array([0, 1, 0, 3, 4, 5], dtype=np.int8), enum(STATES)),
    ]


def segments():
    return [
        ("job", i32([0, 1, 2]), {}),
        ("power_w", np.array([1e5, 3e4, 5e4]), {"units": "W"}),
    ]


def ledger():
    return [
        ("time_s", np.array([3600.0, 7200.0]), {"units": "s"}),
        ("site", i32([0, 0]), {"reference": "/platform/sites"}),
        ("account", np.array([0, 1], dtype=np.int8), enum("electricity chip-hours wan capacity")),
        ("amount_usd", np.array([10.0, 20.0]), {"units": "USD"}),
    ]


def site_series():
    watts = {"units": "W"}
    return [
        ("time_s", np.array([0.0, 3600.0, 7200.0]), {"units": "s"}),
        ("it_power_w", np.array([[1e6, 2e6], [1.5e6, 2e6], [1e6, 1e6]]), watts),
        ("facility_power_w", np.array([[1.2e6, 2.2e6], [1.8e6, 2.2e6], [1.2e6, 1.1e6]]), watts),
        ("it_limit_w", np.array([[2e6, INF], [2e6, INF], [2e6, INF]]), watts),
        ("grid_limit_w", np.array([[2.5e6, INF], [2.5e6, INF], [2.5e6, INF]]), watts),
    ]


def cluster_series():
    chips = {"units": "1"}
    return [
        ("time_s", np.array([0.0, 3600.0, 7200.0]), {"units": "s"}),
        ("installed", np.array([[128.0, 0.0], [128.0, 64.0], [128.0, 64.0]]), chips),
        ("it_power_w", np.array([[9e4, 0.0], [8e4, 3e4], [7e4, 4e4]]), {"units": "W"}),
        ("allocated", np.array([[128.0, 0.0], [64.0, 1.0], [0.0, 1.0]]), chips),
        ("serving", np.array([[0.0, 0.0], [32.0, 0.0], [32.0, 0.0]]), chips),
        ("idle", np.array([[0.0, 0.0], [32.0, 63.0], [96.0, 63.0]]), chips),
        ("fragmentation", np.array([[0.0, 0.0], [0.5, 0.0], [0.25, 0.1]]), chips),
    ]


def summary_sites():
    return [
        ("site", i32([0, 1]), {"reference": "/platform/sites"}),
        ("it_power_peak_w", np.array([1.5e6, 2e6]), {"units": "W"}),
    ]


def summary_vendors():
    return [
        ("vendor", text(["google", "nvidia"]), {}),
        ("chip_seconds", np.array([1000.0, 500.0]), {"units": "s"}),
        ("training_chip_seconds", np.array([600.0, 100.0]), {"units": "s"}),
        ("serving_chip_seconds", np.array([200.0, 0.0]), {"units": "s"}),
    ]


def summary_claims():
    return [
        ("name", text(["fleet"]), {}),
        ("public_value", np.array([1.0e6]), {}),
        ("simulated_value", np.array([0.9e6]), {}),
    ]
