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


# ── Over several sites ───────────────────────────────────────────────────────────────────────────

BATCH = 1_048_576  # tokens
TOKENS = 1.5e9
INTERVAL_S = 240.0
STATE_BYTES = 14  # a weight

ACROSS = """<platform name="two" xmlns:xi="http://www.w3.org/2001/XInclude">
  <xi:include href="{root}/platforms/catalog/nvidia.xml"/>
  <organisation id="owner" quota-chips="24" assumed="a test"/>
  <organisation id="borrower" assumed="a test"/>
  <site id="west" latitude="33 deg" longitude="-100 deg" assumed="a test">
    <storage id="west-disks" read="80 Gbit/s" write="40 Gbit/s" assumed="a test"/>
    <cluster id="west-gpu" domain="hgx-h100-8" fabric="rails-400g" count="3" storage="west-disks"/>
  </site>
  <site id="east" latitude="43 deg" longitude="-78 deg" assumed="a test">
    <storage id="east-disks" read="80 Gbit/s" write="40 Gbit/s" assumed="a test"/>
    <cluster id="east-gpu" domain="hgx-h100-8" fabric="rails-400g" count="1" storage="east-disks"/>
  </site>
  <wan-link id="line" a="west" b="east" bandwidth="400 Gbit/s" latency="10 ms" assumed="a test"/>
</platform>
"""
WIDE = """<workload name="wide" xmlns:xi="http://www.w3.org/2001/XInclude">
  <xi:include href="{root}/workloads/models/open-models.xml"/>
  <stream id="wide" kind="pre-training" model="llama-3.1-8b" span="world" organisation="borrower"
      global-batch="{batch} token" checkpoint-interval="{interval} s" assumed="a test">
    <chips distribution="constant" value="{chips}"/>
    <tokens distribution="constant" value="{tokens} token"/>
    <across-sites exchange="exposed" sync-every="{every}"/>
  </stream>
  <campaign id="one" assumed="a test"><stage id="one" stream="wide"/></campaign>
  <trace id="owner" href="owner.csv" organisation="owner"/>
</workload>
"""
TWO_SITES = """<scenario name="wide" world="world.xml" mix="mix.xml" start="2026-01-01"
    horizon="until-idle">
  <co-schedule id="both" clusters="west-gpu east-gpu"/>
  <scheduling policy="fair-share" restart-time="1 min"/>
  {events}
</scenario>
"""


def write_wide(folder, *, chips, every, owners, events=""):
    (folder / "world.xml").write_text(ACROSS.format(root=ROOT))
    (folder / "mix.xml").write_text(
        WIDE.format(
            root=ROOT, batch=BATCH, interval=INTERVAL_S, chips=chips, tokens=TOKENS, every=every
        )
    )
    lines = ["id,submit,nodes,runtime,walltime"]
    lines += [f"{i},{at},{n},{run},{run}" for i, (at, n, run) in enumerate(owners)]
    (folder / "owner.csv").write_text("\n".join(lines) + "\n")
    path = folder / "scenario.xml"
    path.write_text(TWO_SITES.format(events=events))
    return path


def stints(run):
    """The wide job's row, and for each of its starts (segments, steps that it did after the
    restart whoever took part, the same weighted by the part of the batch)."""
    job = run.jobs[run.jobs["name"].str.startswith("one-")].iloc[0]
    segments = run.segments[run.segments["job"] == job.name]
    ended = (segments["end_reason"] == "preemption").shift(fill_value=False).cumsum()
    found = []
    for number, own in segments.groupby(ended):
        restart_s, steps, weighted = (RESTART_S if number else 0.0), 0.0, 0.0
        for row in own.itertuples():
            seconds = row.end_s - row.start_s
            paid = min(seconds, restart_s)
            restart_s -= paid
            steps += (seconds - paid) / row.step_s
            weighted += (seconds - paid) / row.step_s * row.batch_share
        found.append((own, steps, weighted))
    return job, found


# The job of both sites is cut in two, then gives way while one site goes on, and later both load
# its last checkpoint. All that was executed is tokens or lost tokens.
@pytest.mark.parametrize("every", [1, 100])
def test_work_over_sites_is_done_or_lost(binary, tmp_path, every):
    cut = '<event at="500 s" kind="fibre-cut" link="line" duration="700 s"/>'
    scenario = write_wide(tmp_path, chips=32, every=every, owners=[(900, 8, 600)], events=cut)
    with busbar.run(scenario, progress=False) as run:
        job, (first, second) = stints(run)
        kinds = set(run.events["kind"].astype(str))
        ran_s = sum((own["end_s"] - own["start_s"]).sum() for own, _, _ in (first, second))
    assert {"partition", "preempt"} <= kinds and "rejoin" not in kinds
    assert first[0]["batch_share"].iloc[-1] < 1.0 and (second[0]["batch_share"] == 1.0).all()
    assert job["state"] == "completed"
    assert job["tokens"] == pytest.approx(TOKENS, rel=1e-9)
    assert job["lost_tokens"] > 0
    executed = (first[2] + second[2]) * BATCH
    assert executed == pytest.approx(job["tokens"] + job["lost_tokens"], rel=1e-9)
    # The rest of its run time was work that is kept.
    lost_s = job["lost_s"]
    assert RESTART_S < lost_s < RESTART_S + 2 * INTERVAL_S
    assert ran_s == pytest.approx(job["end_s"] - job["start_s"] - 600, abs=1e-3)


# What goes on is what was written: one checkpoint of 14 bytes a weight for each of those that the
# kept steps are made of, and the chips wait for it.
def test_what_is_saved_is_what_is_written(binary, tmp_path):
    scenario = write_wide(tmp_path, chips=32, every=1, owners=[(900, 8, 600)])
    with busbar.run(scenario, progress=False) as run:
        job, (first, second) = stints(run)
        weights = run.table("workload/models", index="name").loc["llama-3.1-8b", "parameters"]
        carried = run.link_totals["carried"]
    written = carried[[name for name in carried.index if name.endswith("write")]].sum()
    # A job sends as at work while it restarts.
    step_s = second[0]["step_s"].iloc[-1]
    steps = first[1] + second[1] + RESTART_S / step_s
    checkpoint_steps = steps / (written / (STATE_BYTES * weights))
    kept = int(first[1] / checkpoint_steps)
    assert kept >= 2
    assert job["lost_tokens"] == pytest.approx(
        (first[1] - kept * checkpoint_steps) * BATCH, rel=1e-6
    )
    assert checkpoint_steps * step_s > INTERVAL_S


# At one site the rest of the work takes no more tokens than there: what was done over two sites
# counts for its part of the 10 % more that their way of exchange needs.
def test_from_two_sites_to_one(binary, tmp_path):
    # The owner leaves eight chips at each site, then takes a whole site.
    owners = [(0, 16, 700), (900, 24, 600)]
    scenario = write_wide(tmp_path, chips=16, every=50, owners=owners)
    more = {"//model[@id='llama-3.1-8b']/@low-communication-token-factor": "1.1"}
    with busbar.run(scenario, set=more, progress=False) as run:
        job, (first, second) = stints(run)
    done = (first[2] * BATCH) - job["lost_tokens"]
    assert done > 0 and job["state"] == "completed"
    assert second[2] * BATCH == pytest.approx((1 - done / (1.1 * TOKENS)) * TOKENS, rel=1e-9)
    assert job["tokens"] == pytest.approx(done + second[2] * BATCH, rel=1e-9)
