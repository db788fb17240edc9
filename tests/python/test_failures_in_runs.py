"""Failures and outages in runs: chips are conserved, no job is lost, all work is accounted for."""

import random
import subprocess

import busbar
import numpy as np
import pytest
from conftest import ROOT

pytestmark = pytest.mark.binary

NODES = 100
JOBS = 300
WORK_S = {}  # by job name: run time in the log


def write_scenario(
    folder,
    *,
    failures='<failures rates="1"/>',
    horizon="until-idle",
    domain="rack",
    crews="",
    more="",
):
    """Racks of 8 nodes of one chip, one of them spare, that fail about 30 times a day."""
    (folder / "world.xml").write_text(
        '<platform name="frail" xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{ROOT}/platforms/catalog/generic.xml"/>'
        '<catalog vendor="generic">'
        '<failures id="frail" counts="all, for a test" assumed="a test">'
        '<component kind="chip" rate="0.04 /d per chip" detection="1 min" repair-median="2 h" '
        'repair-p90="6 h" retest="10 min"/>'
        '<component kind="software-hang" rate="0.02 /d per chip" takes="job" detection="10 min"/>'
        "</failures>"
        '<domain id="rack" node="one-chip-node" nodes="8" used="7" topology="switch" '
        'links="1" link-bandwidth="1 GB/s" assumed="a test"/></catalog>'
        '<site id="anywhere" latitude="0 deg" longitude="0 deg" assumed="no place">'
        f'{crews}<cluster id="nodes" domain="{domain}" fabric="plain-ethernet" failures="frail" '
        f'count="{NODES}"/></site></platform>'
    )
    draw = random.Random(1)
    lines, submit = ["id,submit,nodes,runtime,walltime"], 0.0
    for number in range(JOBS):
        submit += draw.expovariate(1 / 1200)
        run = draw.uniform(600, 20000)
        WORK_S[str(number)] = run
        lines.append(f"{number},{submit:.3f},{draw.randint(1, 40)},{run:.6f},{run * 2:.6f}")
    (folder / "log.csv").write_text("\n".join(lines) + "\n")
    (folder / "mix.xml").write_text(
        '<workload name="frail"><trace id="log" href="log.csv"/></workload>'
    )
    path = folder / "scenario.xml"
    path.write_text(
        '<scenario name="frail" world="world.xml" mix="mix.xml" start="2026-01-01" '
        f'horizon="{horizon}"><scheduling policy="easy"/>{failures}{more}'
        '<record sample="10 min"/></scenario>'
    )
    return path


def check_work(run):
    """Seconds in segments are work that counts, or lost; nobody does more than was asked."""
    jobs, segments = run.jobs.reset_index(), run.segments
    ran_s = (segments["end_s"] - segments["start_s"]).groupby(segments["job"]).sum()
    ran_s = jobs["id"].map(ran_s).fillna(0.0)
    assert ran_s.to_numpy() == pytest.approx(
        (jobs["steps"] + jobs["lost_s"]).to_numpy(), rel=1e-9, abs=1e-6
    )
    asked_s = jobs["name"].str.split("-").str[-1].map(WORK_S)
    done = jobs["state"] == "completed"
    assert jobs["steps"][done].to_numpy() == pytest.approx(asked_s[done].to_numpy(), rel=1e-9)
    assert (jobs["steps"] <= asked_s * (1 + 1e-9)).all()


@pytest.mark.parametrize("horizon", ["until-idle", "2 d"])
@pytest.mark.parametrize("domain", ["node", "rack"])
def test_work_is_done_lost_or_left(binary, tmp_path, horizon, domain):
    scenario = write_scenario(tmp_path, horizon=horizon, domain=domain)
    with busbar.run(scenario, progress=False) as run:
        assert (run.segments["end_reason"] == "failure").sum() > 5
        check_work(run)
        if horizon == "until-idle":
            assert (run.jobs["state"] == "completed").all()
        # Whoever was hit pays for detection and restart: at least the two minutes of replacement.
        hits = run.segments[run.segments["end_reason"] == "failure"].groupby("job").size()
        again = run.jobs[run.jobs["state"] == "completed"]
        assert (again["lost_s"] >= 180.0 * again.index.map(hits).fillna(0) - 1e-6).all()


# A chip is installed or failed, and no job holds one that is not there.
def test_chips_are_conserved(binary, tmp_path):
    with busbar.run(write_scenario(tmp_path, domain="node"), progress=False) as run:
        installed, failed, allocated = (
            run.cluster_series(name)["nodes"].to_numpy()
            for name in ("installed", "failed", "allocated")
        )
        assert failed.max() > 0
        assert (installed + failed == NODES).all()
        assert (allocated <= installed).all()
        events = run.events
        out = (events["kind"] == "out-of-order").sum()
        back = (events["kind"] == "repaired").sum()
        assert out > 20
        assert 0 <= out - back <= failed.max()


def test_repairs_wait_for_crews(binary, tmp_path):
    crew = '<crews count="1" assumed="a test"/>'
    mean_s = []
    for crews in ("", crew):
        scenario = write_scenario(tmp_path, domain="node", crews=crews)
        with busbar.run(scenario, progress=False) as run:
            faults = run.faults
            mean_s.append(faults["repair_s"][faults["repair_s"] > 0].mean())
            assert run.summary["failures"] == len(faults)
    assert mean_s[1] > 1.05 * mean_s[0]


# One part in stock: the next repair begins when the part of the last is back, so that their ends
# are a lead time apart (all have the same test after them).
@pytest.mark.parametrize("lead_h", [0, 12])
def test_repairs_wait_for_parts(binary, tmp_path, lead_h):
    crews = f'<crews spares="1" spare-lead="{lead_h} h" assumed="a test"/>'
    scenario = write_scenario(tmp_path, domain="node", crews=crews, horizon="20 d")
    world = tmp_path / "world.xml"
    chip = 'kind="chip" rate="0.04 /d per chip"'
    text = world.read_text()
    assert chip in text
    world.write_text(text.replace(chip, chip + ' spare="true"'))
    with busbar.run(scenario, progress=False) as run:
        faults = run.faults[run.faults["repair_s"] > 0]
        ends_h = np.sort((faults["time_s"] + faults["repair_s"]).to_numpy()) / 3600
    assert len(ends_h) > 20
    assert np.diff(ends_h).min() >= lead_h - 1e-9
    if lead_h:
        # The stock is the bottleneck: a repair has a median of two hours.
        assert np.diff(ends_h).mean() < lead_h + 6


# One spare in a rack of eight: the first broken chip stops a job, yet takes no rack out of service.
def test_spare_chips_keep_a_rack_in_service(binary, tmp_path):
    with busbar.run(write_scenario(tmp_path), progress=False) as run:
        broken = (run.faults["cause"] == "hardware").sum()
        out = (run.events["kind"] == "out-of-order").sum()
        assert broken > 100
        assert out < 0.5 * broken


def test_failures_shift_no_other_draws(binary, tmp_path):
    submits = []
    for failures in ("", '<failures rates="0"/>', "<failures/>"):
        scenario = write_scenario(tmp_path, failures=failures)
        with busbar.run(scenario, progress=False) as run:
            submits.append(run.jobs["submit_s"].sort_index().to_numpy())
            hit = (run.segments["end_reason"] == "failure").any()
            assert hit == (failures == "<failures/>")
    assert (submits[0] == submits[1]).all()
    assert (submits[0] == submits[2]).all()


def test_equal_seeds_give_equal_runs(binary, tmp_path):
    scenario = write_scenario(tmp_path)
    prints = []
    for seed in (3, 3, 4):
        with busbar.run(scenario, progress=False, seed=seed) as run:
            prints.append(run.provenance["fingerprint"])
    assert prints[0] == prints[1] != prints[2]


OUTAGE = '<event at="1 d" kind="site-outage" site="anywhere" duration="6 h"/>'


def test_outage_of_a_site(binary, tmp_path):
    scenario = write_scenario(tmp_path, failures="", domain="node", more=OUTAGE)
    with busbar.run(scenario, progress=False) as run:
        check_work(run)
        assert (run.jobs["state"] == "completed").all()
        dark = run.segments
        day = 86400.0
        assert not ((dark["end_s"] > day + 1) & (dark["start_s"] < 1.25 * day - 1)).any()
        assert (dark["end_reason"] == "failure").sum() > 0


# A site of half a gigawatt is dark for six hours: no job is lost, and each that ends has done the
# work that it has to do, with the outage or without.
def test_outage_in_anthropic_2026(binary, tmp_path):
    source = ROOT / "workloads" / "scenarios" / "anthropic-2026.xml"
    text = source.read_text().replace('"../../', f'"{ROOT}/').replace('"../', f'"{ROOT}/workloads/')
    shock = '<event at="5 d" kind="site-outage" site="new-carlisle" duration="6 h"/>'
    (tmp_path / "plain.xml").write_text(text)
    (tmp_path / "dark.xml").write_text(text.replace("</scenario>", shock + "</scenario>"))
    horizon = {"/scenario/@horizon": "8 d"}
    with busbar.run(tmp_path / "plain.xml", horizon, progress=False) as run:
        asked = run.jobs[run.jobs["state"] == "completed"]["tokens"]
    with busbar.run(tmp_path / "dark.xml", horizon, progress=False) as run:
        jobs, segments, summary = run.jobs, run.segments, run.summary
        power_w = run.site_series("it_power_w")["new-carlisle"]
        hit = segments[segments["end_reason"] == "failure"]["job"].unique()
    assert summary["interruptions"] == len(hit) >= 5
    assert jobs.index.is_unique
    assert len(jobs) == summary["jobs_submitted"]
    dark = (power_w.index > 5 * 86400.0) & (power_w.index < 5.25 * 86400.0)
    assert power_w[dark].to_numpy() == pytest.approx(0.0, abs=1.0)
    assert power_w[5.5 * 86400.0] > 1e8
    done = jobs[jobs["state"] == "completed"]["tokens"]
    both = done.index.intersection(asked.index)
    assert len(both) > 0.9 * len(asked)
    assert done[both].to_numpy() == pytest.approx(asked[both].to_numpy(), rel=1e-9)
    # Jobs of one step time: seconds in segments are steps that are kept, and what was lost.
    mine = segments.assign(ran_s=segments["end_s"] - segments["start_s"])
    mine = mine[mine["job"].isin(hit)].groupby("job")
    steady = mine["step_s"].nunique() == 1
    of = steady.index[steady]
    assert len(of) >= 5
    kept_s = jobs["steps"][of] * mine["step_s"].first()[of]
    ran_s = (kept_s + jobs["lost_s"][of]).to_numpy()
    assert mine["ran_s"].sum()[of].to_numpy() == pytest.approx(ran_s, rel=1e-9)


def test_a_stream_that_saves_nothing_is_told(at_root, binary, tmp_path):
    text = (ROOT / "workloads" / "scenarios" / "tiny.xml").read_text()
    text = text.replace('"../../', f'"{ROOT}/').replace('"../', f'"{ROOT}/workloads/')
    scenario = tmp_path / "unsaved.xml"
    scenario.write_text(text.replace("</scenario>", "<failures/></scenario>"))
    told = subprocess.run([binary, "check", scenario], capture_output=True, text=True, check=False)
    assert told.returncode == 0
    assert "saves nothing: a failure loses all that its job has done" in told.stderr
