"""Fair share with quotas and preemption: owners get their own, and all work is accounted for."""

import random

import busbar
import pytest
from conftest import ROOT

pytestmark = pytest.mark.binary

CATALOG = ROOT / "platforms" / "catalog" / "generic.xml"
QUOTAS = {"first": 64, "second": 32, "third": 0}
NODES = 100
RESTART_S = 60.0


FAIR = 'policy="fair-share" restart-time="1 min"'


def write_scenario(folder, *, policy=FAIR, horizon="until-idle"):
    """Three organisations that each ask for more than half of all nodes; the third owns none."""
    tenants = "".join(
        f'<organisation id="{name}" {f"quota-chips={chr(34)}{quota}{chr(34)}" if quota else ""} '
        'assumed="a test"/>'
        for name, quota in QUOTAS.items()
    )
    (folder / "world.xml").write_text(
        '<platform name="shared" xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{CATALOG}"/>{tenants}'
        '<site id="anywhere" latitude="0 deg" longitude="0 deg" assumed="no place"><cluster '
        f'id="nodes" domain="node" fabric="plain-ethernet" count="{NODES}"/></site></platform>'
    )
    logs = ""
    for seed, name in enumerate(QUOTAS):
        draw = random.Random(seed)
        lines, submit = ["id,submit,nodes,runtime,walltime"], 0.0
        for number in range(300):
            submit += draw.expovariate(1 / 300)
            run = draw.uniform(60, 2000)
            lines.append(f"{number},{submit:.3f},{draw.randint(1, 40)},{run:.3f},{run * 2:.3f}")
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
        logs += f'<trace id="{name}" href="{name}.csv" organisation="{name}"/>'
    (folder / "mix.xml").write_text(f'<workload name="shared">{logs}</workload>')
    path = folder / "scenario.xml"
    path.write_text(
        '<scenario name="shared" world="world.xml" mix="mix.xml" start="2026-01-01" '
        f'horizon="{horizon}"><scheduling {policy}/></scenario>'
    )
    return path


# A job runs in segments; each second of them is work that counts or is lost. A completed job has
# done all its work, one that waits or runs still has the rest.
@pytest.mark.parametrize("horizon", ["until-idle", "20 h"])
def test_work_is_done_lost_or_left(binary, tmp_path, horizon):
    scenario = write_scenario(tmp_path, horizon=horizon)
    with busbar.run(scenario, progress=False) as run:
        jobs, segments = run.jobs.reset_index(), run.segments
        assert (segments["end_reason"] == "preemption").sum() > 50
        ran_s = (segments["end_s"] - segments["start_s"]).groupby(segments["job"]).sum()
        ran_s = jobs["id"].map(ran_s).fillna(0.0)
        assert ran_s.to_numpy() == pytest.approx(
            (jobs["steps"] + jobs["lost_s"]).to_numpy(), rel=1e-9, abs=1e-6
        )
        done = jobs[jobs["state"] == "completed"]
        submitted_s = {}
        for name in QUOTAS:
            for line in (tmp_path / f"{name}.csv").read_text().splitlines()[1:]:
                job, _, _, run_s, _ = line.split(",")
                submitted_s[f"{name}-{job}"] = float(run_s)
        assert done["steps"].to_numpy() == pytest.approx(done["name"].map(submitted_s).to_numpy())
        assert (jobs["steps"] <= jobs["name"].map(submitted_s) * (1 + 1e-9)).all()
        if horizon == "until-idle":
            assert len(done) == len(jobs)
        # Nothing was saved: each start after the first one costs a restart and all work before.
        again = segments[segments.duplicated("job")].groupby("job").size()
        restarted = jobs[jobs["id"].isin(again.index) & (jobs["state"] == "completed")]
        assert (restarted["lost_s"] >= RESTART_S * restarted["id"].map(again) - 1e-6).all()


# No node is in two jobs, and whoever gives way belongs to an organisation above its quota.
def test_chips_and_quotas(binary, tmp_path):
    with busbar.run(write_scenario(tmp_path), progress=False) as run:
        chips = run.jobs["chips"]
        owner = run.jobs["name"].str.split("-").str[0]
        edges = []
        for row in run.segments.itertuples():
            edges.append((row.start_s, 1, row.job, chips[row.job], ""))
            edges.append((row.end_s, 0, row.job, -chips[row.job], row.end_reason))
        held = dict.fromkeys(QUOTAS, 0)
        instant, before = -1.0, dict(held)
        for time_s, _, job, change, reason in sorted(edges):
            if time_s > instant:
                instant, before = time_s, dict(held)
            if reason == "preemption":
                assert before[owner[job]] > QUOTAS[owner[job]]
            held[owner[job]] += change
            assert sum(held.values()) <= NODES
        assert not any(held.values())


def test_without_preemption_nobody_gives_way(binary, tmp_path):
    scenario = write_scenario(tmp_path, policy='policy="fair-share" preemption="0"')
    with busbar.run(scenario, progress=False) as run:
        assert not (run.segments["end_reason"] == "preemption").any()
        assert (run.jobs["state"] == "completed").all()
        assert (run.jobs["lost_s"] == 0).all()


# With a checkpoint every ten minutes of work, no preemption costs more than those and a restart.
def test_checkpoints_bound_what_is_lost(binary, tmp_path):
    scenario = write_scenario(tmp_path, horizon="3 d")
    streams = "".join(
        f'<stream id="{name}" kind="evaluation" organisation="{name}" assumed="a test" '
        'checkpoint-interval="10 min"><arrivals rate="200 job/d"/>'
        '<chips distribution="uniform" min="1" max="40"/>'
        '<duration distribution="uniform" min="5 min" max="2 h"/>'
        '<request-factor distribution="constant" value="2"/></stream>'
        for name in QUOTAS
    )
    (tmp_path / "mix.xml").write_text(f'<workload name="shared">{streams}</workload>')
    with busbar.run(scenario, progress=False) as run:
        jobs, segments = run.jobs, run.segments
        preempted = segments[segments["end_reason"] == "preemption"].groupby("job").size()
        assert preempted.sum() > 30
        most_s = (10 * 60.0 + RESTART_S) * jobs.index.map(preempted).fillna(0)
        assert (jobs["lost_s"] <= most_s + 1e-6).all()
        assert (jobs["steps"] > 0)[jobs["state"] == "completed"].all()
        ran_s = (segments["end_s"] - segments["start_s"]).groupby(segments["job"]).sum()
        counted_s = (jobs["steps"] + jobs["lost_s"]).loc[ran_s.index]
        assert ran_s.to_numpy() == pytest.approx(counted_s.to_numpy(), rel=1e-9, abs=1e-6)
