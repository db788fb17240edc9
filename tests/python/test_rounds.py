"""Jobs that take turns in the pools of three vendors: what they get of what was planned."""

import busbar
import pytest
from conftest import ROOT, check_refuses

pytestmark = pytest.mark.binary

GOLDEN = ROOT / "tests" / "golden"
SCENARIO = GOLDEN / "three-vendors-scenario.xml"
DAY = 86400.0
POOLS = ("tpu", "trn", "gpu")
STREAMS = ("seven", "thirteen", "eight")


def run(settings, scenario=SCENARIO):
    with busbar.run(scenario, set=settings, progress=False) as opened:
        return opened.jobs, dict(opened.summary), opened.table("segments")


@pytest.fixture(scope="module")
def speeds():
    """Tokens per second of a job of each stream in each pool, from runs of a day in one pool."""
    found = {}
    for pool in POOLS:
        for stream in STREAMS:
            jobs, _, segments = run(
                {
                    "//scenario/@horizon": "1 d",
                    f"//stream[@id='{stream}']/@clusters": pool,
                }
            )
            first = segments[segments["job"].isin(jobs.index[jobs["stream"].astype(str) == stream])]
            row = jobs.loc[first["job"].iloc[0]]
            found[stream, pool] = row["tokens"] / row["steps"] / first["step_s"].iloc[0]
    return found


def throughputs(jobs, speeds, seconds):
    """Of each job, over that of a sixth of each pool."""
    values = []
    for _, job in jobs.iterrows():
        equal = sum(speeds[str(job["stream"]), pool] / len(jobs) for pool in POOLS)
        values.append((str(job["stream"]), job["tokens"] / seconds / equal))
    return values


# Each model runs best with another vendor. What jobs get in 30 days of rounds is what the linear
# program promises but for restarts, some 1.2 % of the time; an equal share gives them less, and
# without turns some never run.
def test_what_is_planned_comes_true(binary, speeds, tmp_path):
    jobs, summary, segments = run({})
    planned = summary["planned_least_throughput"]
    real = [value for _, value in throughputs(jobs, speeds, 30 * DAY)]
    lost = 1.0 - summary["effective_chip_time_ratio"]
    assert planned > 1.2 and lost < 0.02
    assert min(real) == pytest.approx(planned, rel=0.03)
    assert min(real) > planned * (1.0 - lost) * 0.98
    equal_jobs, equal, _ = run({"//broker/@policy": "equal-share"})
    null = min(value for _, value in throughputs(equal_jobs, speeds, 30 * DAY))
    assert equal["planned_least_throughput"] == pytest.approx(1.0)
    assert null == pytest.approx(1.0, rel=0.03)
    text = SCENARIO.read_text().replace('policy="max-min" round="2 h"', 'policy="least-loaded"')
    path = tmp_path / "scenario.xml"
    path.write_text(
        text.replace('"three-vendors-', f'"{GOLDEN}/three-vendors-').replace(
            f'name="{GOLDEN}/', 'name="'
        )
    )
    loaded, _, _ = run({}, path)
    assert min(value for _, value in throughputs(loaded, speeds, 30 * DAY)) == 0.0
    print(f"least throughput: planned {planned:.3f}, real {min(real):.3f}, equal {null:.3f}")
    # One job a pool at a time, and one pool a job.
    for column in ("cluster", "job"):
        for _, rows in segments.sort_values("start_s").groupby(column, observed=True):
            assert (rows["end_s"].to_numpy()[:-1] <= rows["start_s"].to_numpy()[1:] + 1e-6).all()


# One model as three jobs of 32 chips, in pools of 64 (Trainium gives them 64): they go in pairs,
# and all get what is planned but for their restarts.
def test_jobs_of_other_sizes_get_what_is_planned(binary):
    small = {"//stream[@id='eight']/chips/@value": "32", "//stage[@id='c']/@jobs": "3"}
    speed, chips = {}, {}
    for pool in POOLS:
        for stream in STREAMS:
            choice = {"//scenario/@horizon": "1 d", f"//stream[@id='{stream}']/@clusters": pool}
            jobs, _, segments = run(small | choice)
            mine = jobs.index[jobs["stream"].astype(str) == stream]
            first = segments[segments["job"].isin(mine)].iloc[0]
            row = jobs.loc[first["job"]]
            speed[stream, pool] = row["tokens"] / row["steps"] / first["step_s"]
            chips[stream, pool] = first["chips"]
    assert chips["eight", "gpu"] == 32 and chips["eight", "trn"] == 64
    jobs, summary, _ = run(small)
    real = []
    for _, job in jobs.iterrows():
        stream = str(job["stream"])
        times = [64 / (len(jobs) * chips[stream, pool]) for pool in POOLS]
        equal = sum(t * speed[stream, pool] for t, pool in zip(times, POOLS, strict=True))
        real.append(job["tokens"] / (30 * DAY) / (equal / max(1.0, sum(times))))
    planned = summary["planned_least_throughput"]
    print(f"least throughput: planned {planned:.3f}, real {min(real):.3f}")
    assert min(real) > 0.95 * planned > 1.2


# A step of priority is twice the weight.
def test_priorities_weigh(binary, speeds):
    jobs, summary, _ = run({"//stream[@id='thirteen']/@priority": "1"})
    real = throughputs(jobs, speeds, 30 * DAY)
    heavy = min(value for stream, value in real if stream == "thirteen")
    assert heavy == pytest.approx(2.0 * summary["planned_least_throughput"], rel=0.03)


# Until idle: every job ends with all its tokens. They are what its segments did, after each start
# less its restart, at the speed of the chips there.
@pytest.mark.parametrize("policy", ["max-min", "equal-share"])
def test_all_work_is_done(binary, speeds, policy):
    settings = {
        "//scenario/@horizon": "until-idle",
        "//stream/duration/@value": "3 d",
        "//broker/@policy": policy,
    }
    jobs, summary, segments = run(settings)
    assert summary["jobs_completed"] == 6 and summary["jobs_waiting"] == 0
    restart = 120.0 + 480.0 * (64 / 98304) ** 1.3868528072345416
    for number, job in jobs.iterrows():
        done, left = 0.0, 0.0
        for _, row in segments[segments["job"] == number].sort_values("start_s").iterrows():
            seconds = row["end_s"] - row["start_s"]
            done += max(0.0, seconds - left) * speeds[str(job["stream"]), str(row["cluster"])]
            again = str(row["end_reason"]) in ("move", "preemption")
            left = restart if again else max(0.0, left - seconds)
        assert done == pytest.approx(job["tokens"], rel=1e-9)


# Jobs of many sizes under power limits: some wait in the pool of their turn and go back. Their
# requests are 1.2 times their run time and more, wherever they run, so none is killed.
def test_turns_keep_requests(binary):
    tiny = ROOT / "workloads" / "scenarios" / "tiny.xml"
    saves = {"//stream/@checkpoint-interval": "30 min", "//broker/@policy": "equal-share"}
    _, summary, _ = run(saves, tiny)
    assert summary["moves"] > 100 and summary["jobs_killed"] == 0


# At two sites the state of a job goes over the WAN when its turn is at the other one.
def test_turns_at_two_sites(binary, tmp_path):
    text = (GOLDEN / "moves-scenario.xml").read_text()
    text = text.replace('policy="cheapest" review="1 h"', 'policy="equal-share" round="6 h"')
    path = tmp_path / "scenario.xml"
    path.write_text(
        text.replace('world="', f'world="{GOLDEN}/').replace('mix="', f'mix="{GOLDEN}/')
    )
    jobs, summary, _ = run({"//stage/@jobs": "3", "//stream/chips/@value": "32"}, path)
    assert summary["moves"] > 3
    assert summary["moved_bytes"] == pytest.approx(jobs["moved_bytes"].sum())
    assert jobs["moved_bytes"].sum() > 0 and list(jobs["state"].astype(str)) == ["completed"] * 3


@pytest.mark.parametrize(
    "event",
    [
        '<event at="4 d" kind="site-outage" site="bayou" duration="27 h"/>',
        '<event at="4 d" kind="supplier-halt" vendor="amazon" stops="capacity" duration="4 d"/>',
    ],
)
def test_turns_go_on_where_capacity_fails(binary, tmp_path, event):
    """Jobs that were stopped before they ran, or whose pool is gone, get their turns elsewhere."""
    scenario = tmp_path / "scenario.xml"
    scenario.write_text(
        f"""<scenario name="turns" world="{ROOT}/platforms/worlds/tiny.xml"
          mix="{ROOT}/workloads/mixes/tiny.xml" start="2026-01-01" horizon="8 d" seed="3">
  <scheduling policy="easy"/><broker policy="max-min" round="10 min"/>{event}
</scenario>"""
    )
    with busbar.run(scenario, progress=False) as opened:
        summary, jobs = opened.summary, opened.jobs
        rows = len(jobs)
        during = opened.jobs["start_s"].between(4.2 * DAY, 5 * DAY).sum()
    states = ("completed", "running", "waiting", "rejected", "killed", "failed", "cancelled")
    assert rows == summary["jobs_submitted"] == sum(summary[f"jobs_{s}"] for s in states)
    assert during > 20


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["//broker/@round=0 s"], "<broker> round: '0 s' is below 60"),
        (["//broker/@round=-2 h"], "<broker> round: '-2 h' is below 60"),
        (["//broker/@rond=2 h"], "no parameter 'rond'; did you mean 'round'?"),
        (["//broker/@review=1 h"], "<broker> has no parameter 'review'"),
        (["//broker/@policy=maxmin"], "unknown broker 'maxmin'; did you mean 'max-min'?"),
        (["//broker/@policy=cheapest"], "<broker> has no parameter 'round'"),
    ],
)
def test_bad_rounds(binary, settings, message):
    check_refuses(binary, SCENARIO, settings, message)
