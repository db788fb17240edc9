"""Every start of FCFS and EASY against an independent reference, on its workloads and on others."""

import csv
import subprocess
import sys
from pathlib import Path

import busbar
import pytest
from conftest import ROOT

DATA = ROOT.parent / "shared" / "data" / "scheduling"
RIGID = ROOT / "workloads" / "scenarios" / "rigid-replay.xml"

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


@pytest.mark.parametrize("policy", ["fcfs", "easy"])
@pytest.mark.parametrize("jobs", [1000, 10000])
@pytest.mark.parametrize("nodes", [1024, 10240])
def test_published_workloads(binary, policy, jobs, nodes):
    with replay(DATA / f"rigid_{jobs}j_{nodes}h.csv", policy, nodes) as run:
        assert run.clusters.at["nodes", "chips_installed"] == nodes
        assert_equal_starts(run, DATA / f"oracle_{policy}_{jobs}j_{nodes}h.csv")


# Other seeds and loads, an overloaded cluster among them, decided anew by the reference itself.
@pytest.mark.parametrize(("seed", "load"), [(11, 0.7), (12, 1.0), (13, 1.3)])
@pytest.mark.parametrize("policy", ["fcfs", "easy"])
def test_fresh_workloads(binary, tmp_path, policy, seed, load):
    generate = [sys.executable, DATA / "gen_workload.py", "3000", "512", str(seed), str(load)]
    subprocess.run([*generate, tmp_path / "log"], check=True, capture_output=True)
    log, reference = tmp_path / "log.csv", tmp_path / "reference.csv"
    oracle = [sys.executable, DATA / "oracle.py", policy, "512", log, reference]
    subprocess.run(oracle, check=True, capture_output=True)
    with replay(log, policy, 512) as run:
        assert_equal_starts(run, reference)


# The same jobs from the SWF twin: whole seconds, and the requested time from field 9.
def test_swf_gives_the_same_jobs(binary, tmp_path):
    generate = [sys.executable, DATA / "gen_workload.py", "500", "256", "5", "0.9"]
    subprocess.run([*generate, tmp_path / "log"], check=True, capture_output=True)
    with replay(tmp_path / "log.csv", "easy", 256) as exact:
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
