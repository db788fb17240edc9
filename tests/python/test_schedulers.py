"""Every start of FCFS, EASY and conservative backfilling against independent references."""

import bisect
import csv
import heapq
import math
import subprocess
import sys
from pathlib import Path

import busbar
import pytest
from conftest import ROOT

DATA = ROOT.parent / "shared" / "data" / "scheduling"
RIGID = ROOT / "workloads" / "scenarios" / "rigid-replay.xml"

SHORT = {"conservative": "cons"}  # as the published references call it

pytestmark = [
    pytest.mark.binary,
    pytest.mark.skipif(not DATA.exists(), reason=f"no reference data in {DATA}"),
]


def replay(log: Path, policy: str, nodes: int):
    return busbar.run(
        RIGID,
        set={
            "//trace/@href": str(log),
            "//scheduling/@policy": policy,
            "//cluster[@id='nodes']/@count": str(nodes),
        },
        progress=False,
    )


def assert_equal_starts(run, reference: Path):
    with reference.open() as file:
        expected = {row["id"]: row for row in csv.DictReader(file)}
    jobs = run.jobs.set_index("name")
    assert len(jobs) == len(expected)
    for name, row in expected.items():
        assert jobs.at[name, "start_s"] == pytest.approx(float(row["start"]), abs=1e-6)
        assert jobs.at[name, "end_s"] == pytest.approx(float(row["end"]), abs=1e-6)
        assert jobs.at[name, "chips"] == int(row["nodes"])


@pytest.mark.parametrize("policy", ["fcfs", "easy", "conservative"])
@pytest.mark.parametrize("jobs", [1000, 10000])
@pytest.mark.parametrize("nodes", [1024, 10240])
def test_published_workloads(binary, policy, jobs, nodes):
    with replay(DATA / f"rigid_{jobs}j_{nodes}h.csv", policy, nodes) as run:
        assert run.clusters.at["nodes", "chips_installed"] == nodes
        assert_equal_starts(run, DATA / f"oracle_{SHORT.get(policy, policy)}_{jobs}j_{nodes}h.csv")


def generate(folder: Path, jobs: int, nodes: int, seed: int, load: float) -> Path:
    numbers = [str(value) for value in (jobs, nodes, seed, load)]
    command = [sys.executable, DATA / "gen_workload.py", *numbers, folder / "log"]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "log.csv"


# Other seeds and loads, an overloaded cluster among them, decided anew by the reference itself.
@pytest.mark.parametrize(("seed", "load"), [(11, 0.7), (12, 1.0), (13, 1.3)])
@pytest.mark.parametrize("policy", ["fcfs", "easy", "conservative"])
def test_fresh_workloads(binary, tmp_path, policy, seed, load):
    log, reference = generate(tmp_path, 3000, 512, seed, load), tmp_path / "reference.csv"
    oracle = [sys.executable, DATA / "oracle.py", SHORT.get(policy, policy), "512", log, reference]
    subprocess.run(oracle, check=True, capture_output=True)
    with replay(log, policy, 512) as run:
        assert_equal_starts(run, reference)


class Plan:
    """Free nodes over time: `free[i]` from `times[i]` to `times[i + 1]`."""

    def __init__(self, now: float, free: int, running: list[tuple[float, int]]):
        self.times, self.free = [now], [free]
        for end, nodes in sorted(running):
            self.times.append(end)
            self.free.append(self.free[-1] + nodes)

    def reserve(self, nodes: int, walltime: float) -> float:
        """Takes nodes at the earliest time from which they are free so long; returns it."""
        first = 0
        while True:
            end = self.times[first] + walltime
            last = bisect.bisect_left(self.times, end, lo=first)
            short = [i for i in range(first, last) if self.free[i] < nodes]
            if not short:
                break
            first = short[-1] + 1
        self.times.insert(last, end)
        self.free.insert(last, self.free[last - 1])
        for i in range(first, last):
            self.free[i] -= nodes
        return self.times[first]


def conservative_starts(jobs: list[tuple[float, int, float, float]], nodes: int) -> list[float]:
    """Plans all waiting jobs anew at every event; jobs are (submit, nodes, run, walltime)."""
    starts = [math.nan] * len(jobs)
    free, waiting, running, ends = nodes, [], {}, []
    arrivals = list(range(len(jobs)))[::-1]
    while arrivals or ends:
        now = min([jobs[i][0] for i in arrivals[-1:]] + [end for end, _ in ends[:1]])
        while ends and ends[0][0] == now:
            _, job = heapq.heappop(ends)
            free += running.pop(job)[1]
        while arrivals and jobs[arrivals[-1]][0] == now:
            waiting.append(arrivals.pop())
        plan = Plan(now, free, list(running.values()))
        for job in list(waiting):
            _, wanted, run, walltime = jobs[job]
            if plan.reserve(wanted, walltime) > now:
                continue
            starts[job] = now
            waiting.remove(job)
            free -= wanted
            running[job] = (now + walltime, wanted)
            heapq.heappush(ends, (now + run, job))
    return starts


# The rule written once more, on fresh workloads of several sizes, seeds and loads.
@pytest.mark.parametrize(
    ("jobs", "nodes", "seed", "load"),
    [
        (5000, 256, 21, 0.8),
        (5000, 1024, 22, 0.95),
        (2000, 10240, 23, 1.3),
        (100_000, 10240, 24, 0.7),
    ],
)
def test_conservative_by_its_rule(binary, tmp_path, jobs, nodes, seed, load):
    log = generate(tmp_path, jobs, nodes, seed, load)
    with log.open() as file:
        rows = [
            (float(r["submit"]), int(r["nodes"]), float(r["runtime"]), float(r["walltime"]))
            for r in csv.DictReader(file)
        ]
    expected = conservative_starts(rows, nodes)
    with replay(log, "conservative", nodes) as run:
        starts = run.jobs["start_s"].sort_index()
        assert len(starts) == jobs
        assert max(abs(a - b) for a, b in zip(starts, expected, strict=True)) < 1e-6


# The same jobs from the SWF twin: whole seconds, and the requested time from field 9.
def test_swf_gives_the_same_jobs(binary, tmp_path):
    with replay(generate(tmp_path, 500, 256, 5, 0.9), "easy", 256) as exact:
        expected = exact.jobs.set_index("name")
    with replay(tmp_path / "log.swf", "easy", 256) as run:
        jobs = run.jobs.set_index("name")
    assert len(jobs) == len(expected)
    for name, row in jobs.iterrows():
        twin = expected.loc[str(int(name) - 1)]  # SWF numbers jobs from 1
        assert row["chips"] == twin["chips"]
        assert row["submit_s"] == pytest.approx(twin["submit_s"], abs=1.0)


# All 82,247 jobs run on 96 servers, and they queue: demand peaks above the 768 GPUs.
def test_philly_runs_and_queues(binary):
    log = DATA.parent / "jobs" / "philly_sia.csv.gz"
    scenario = ROOT / "workloads" / "scenarios" / "philly-replay.xml"
    with busbar.run(scenario, set={"//trace/@href": str(log)}, progress=False) as run:
        jobs = run.jobs
        assert len(jobs) == 82_247
        assert (jobs["state"] == "completed").all()
        assert (jobs["wait_s"] > 0).sum() > 1000
        assert (run.cluster_series("allocated") <= 768).all(axis=None)
