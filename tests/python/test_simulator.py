"""The real simulator, from Python: what it writes is what this package reads."""

import json
import os
import random
import signal
import subprocess
import time

import busbar
import numpy as np
import pandas as pd
import pytest
from busbar import plots

pytestmark = pytest.mark.binary

TINY = "workloads/scenarios/tiny.xml"
RIGID = "workloads/scenarios/rigid-replay.xml"


@pytest.fixture(scope="module")
def tiny():
    from conftest import ROOT

    try:
        busbar.find_binary()
    except busbar.BusbarError as error:
        pytest.skip(str(error))
    with busbar.run(ROOT / TINY) as run:
        yield run


def test_a_run_is_complete(tiny):
    assert tiny.status == "complete"
    assert tiny.scenario["name"] == "tiny"
    assert len(tiny.jobs) == tiny.summary["jobs_submitted"] > 1000
    assert tiny.end_s == 21 * 86400


# Every table opens, every number has a unit, every name resolves.
def test_every_table_can_be_read(tiny):
    for name, rows in tiny.tables.items():
        frame = tiny.table(name)
        assert len(frame) == rows
        numbers = frame.select_dtypes("number").columns
        assert [column for column in numbers if column not in frame.attrs["units"]] == []
        assert set(frame.attrs["long_name"]) == set(frame.columns)


def test_jobs_are_consistent(tiny):
    jobs = tiny.jobs
    started = jobs[jobs["start_s"].notna()]
    assert (started["start_s"] >= started["submit_s"]).all()
    assert np.allclose(started["wait_s"], started["start_s"] - started["submit_s"])
    assert set(started["cluster"].dropna()) <= set(tiny.clusters.index)
    assert (
        started["site"].astype(str) == started["cluster"].map(tiny.clusters["site"]).astype(str)
    ).all()


# Chips held, counted from the jobs, equal the samples of the clusters at every sample time.
def test_samples_agree_with_the_jobs(tiny):
    demand = plots.chip_demand(tiny)["running"]
    sampled = tiny.cluster_series("allocated").sum(axis=1)
    at = demand.index.searchsorted(sampled.index, side="right") - 1
    counted = np.where(at >= 0, demand.to_numpy()[at], 0.0)
    assert np.allclose(counted, sampled)


# What a domain's unusable and spare chips are is a property of the platform: no job holds them.
def test_occupancy_never_exceeds_what_is_installed(tiny):
    held = tiny.cluster_series("allocated") + tiny.cluster_series("serving")
    assert (held <= tiny.cluster_series("installed") + 1e-9).all(axis=None)


def test_power_stays_under_its_limits(tiny):
    for power, limit in (("it_power_w", "it_limit_w"), ("facility_power_w", "grid_limit_w")):
        assert (tiny.site_series(power) <= tiny.site_series(limit) * (1 + 1e-9)).all(axis=None)


# The energy of the summary is the integral of the segments' and idle power: the mean says the same.
def test_mean_power_times_time_is_energy(tiny):
    totals = tiny.site_totals
    assert np.allclose(totals["facility_power_mean_w"] * tiny.end_s, totals["energy_j"])


def test_every_plot_can_be_drawn(tiny):
    for draw in (
        plots.site_power, plots.cluster_occupancy, plots.job_gantt, plots.waits,
        plots.vendor_utilisation, plots.demand,
    ):  # fmt: skip
        assert draw(tiny).has_data()


def test_inputs_reproduce_the_run(tiny):
    assert [name for name in tiny.inputs if name.endswith("tiny.xml")] != []
    assert all(text for text in tiny.inputs.values())


# Named random streams: another limit changes waits, never the jobs.
def test_a_changed_number_leaves_the_jobs_as_they_were(tiny, root):
    change = {"//site[@id='mesa']/grid/@limit": "0.9 MW"}
    with busbar.run(root / TINY, set=change) as less:
        before, after = tiny.jobs.sort_index(), less.jobs.sort_index()
        for column in ("name", "submit_s"):
            pd.testing.assert_series_equal(before[column], after[column])
        # What a vendor gives for the chips asked for differs between clusters alone.
        same = before["cluster"].astype(str) == after["cluster"].astype(str)
        assert same.sum() > 1000
        pd.testing.assert_series_equal(before["chips"][same], after["chips"][same])
        assert less.site_totals.loc["mesa", "facility_power_peak_w"] <= 0.9e6 * (1 + 1e-9)
        assert after["wait_s"].sum() > before["wait_s"].sum()


# The bound that the run names is the one that was changed.
@pytest.mark.parametrize("limit, bound", [("grid", "grid-power"), ("it", "it-power")])
def test_a_job_that_waits_for_power_says_for_which(root, binary, limit, bound):
    other = {"grid-power": "it-power", "it-power": "grid-power"}[bound]
    change = {f"//site[@id='bayou']/{limit}/@limit": "1 MW"}
    with busbar.run(root / TINY, set=change) as run:
        waited_for = run.jobs["waited_for"].value_counts()
        assert waited_for[bound] > 0
        assert waited_for[other] == 0


def test_the_seed_changes_the_jobs(tiny, root):
    with busbar.run(root / TINY, seed=99) as other:
        assert not np.array_equal(other.jobs["submit_s"], tiny.jobs["submit_s"])


def test_a_wrong_override_is_told_with_its_place(root, binary):
    with pytest.raises(busbar.BusbarError, match="no-such-site") as caught:
        busbar.run(root / TINY, set={"//site[@id='no-such-site']/grid/@limit": "1 MW"})
    assert caught.value.exit_code == 2


def test_a_missing_scenario_is_told(root, binary):
    with pytest.raises(busbar.BusbarError, match=r"none\.xml") as caught:
        busbar.run(root / "none.xml")
    assert caught.value.exit_code in (2, 4)


def test_an_existing_output_is_kept(root, binary, tmp_path):
    kept = tmp_path / "kept.h5"
    kept.write_text("precious")
    with pytest.raises(busbar.BusbarError, match=r"kept\.h5") as caught:
        busbar.run(root / TINY, output=kept)
    assert caught.value.exit_code == 4
    assert kept.read_text() == "precious"


# Killed at any moment, a run leaves nothing that passes for whole: a final file only if it is
# whole, else a .part that opens as incomplete (or none yet), with rows that are the whole run's.
def test_a_killed_run_is_readable_at_50_random_moments(root, binary, tmp_path):
    log = tmp_path / "log.csv"
    write_log(log, jobs=60_000)
    command = [binary, "run", root / RIGID, "--set", f"//trace/@href={log}", "--progress", "none"]
    began = time.monotonic()
    subprocess.run([*command, "-o", tmp_path / "whole.h5"], check=True, capture_output=True)
    whole_s = time.monotonic() - began
    with busbar.open(tmp_path / "whole.h5") as run:
        ends = run.jobs["end_s"]
    chance = random.Random(1)
    seen = 0
    for number in range(50):
        output = tmp_path / f"{number}.h5"
        process = subprocess.Popen(
            [*command, "-o", output], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(chance.uniform(0, whole_s))
        process.send_signal(signal.SIGKILL)
        finished = process.wait() == 0
        assert output.exists() or not finished
        if output.exists():  # killed after the rename, at the earliest
            with busbar.open(output) as run:
                assert run.status == "complete"
                assert len(run.jobs) == len(ends)
        part = output.with_name(output.name + ".part")
        if part.exists() and part.stat().st_size > 0:
            with busbar.open(part) as run:
                assert run.status == "incomplete"
                jobs = run.jobs
                pd.testing.assert_series_equal(
                    jobs["end_s"], ends.loc[jobs.index], check_index_type=False
                )
                seen += 1
            part.unlink()
        output.unlink(missing_ok=True)
    assert seen >= 10


def write_log(path, jobs):
    random_numbers = np.random.default_rng(3)
    submit = np.cumsum(random_numbers.exponential(20.0, jobs))
    run_time = random_numbers.exponential(600.0, jobs) + 1
    nodes = random_numbers.integers(1, 32, jobs)
    rows = zip(range(jobs), submit, nodes, run_time, run_time * 2, strict=True)
    lines = [f"{i},{s:.6f},{n},{r:.6f},{w:.6f}" for i, s, n, r, w in rows]
    path.write_text("\n".join(["id,submit,nodes,runtime,walltime", *lines]) + "\n")


# Ctrl-C closes the trace as interrupted; it is no whole run, and says so.
def test_an_interrupted_run_says_so(root, binary, tmp_path):
    log, output = tmp_path / "log.csv", tmp_path / "run.h5"
    write_log(log, jobs=200_000)
    process = subprocess.Popen(
        [binary, "run", root / RIGID, "--set", f"//trace/@href={log}", "-o", output,
         "--progress", "json"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while json.loads(process.stderr.readline())["jobs_done"] == 0:
        pass
    process.send_signal(signal.SIGINT)
    process.stderr.read()
    assert process.wait() == 130
    with busbar.open(output) as run:
        assert run.status == "interrupted"
        assert len(run.jobs) > 0


def test_no_progress_without_a_terminal(root, binary, tmp_path):
    result = subprocess.run(
        [binary, "run", root / TINY, "-o", tmp_path / "run.h5"],
        capture_output=True, text=True, check=True, env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip
    assert result.stderr == ""
    assert "mesa" in result.stdout
