"""What failures do in runs, worked out by hand: a log says when which server fails."""

import subprocess

import busbar
import numpy as np
import pytest
from conftest import ROOT

pytestmark = pytest.mark.binary

HOUR, DAY = 3600.0, 86400.0
BATCH = 4_194_304
PARAMETERS = 8.03e9  # of llama-3.1-8b; its state is 14 B of each
REPLACEMENT_S = 120.0
NODE_CHIPS = 8


def init_s(chips):
    """Start of processes and communicators."""
    return 480.0 * (chips / 98304) ** 1.3868528072345416


def write(
    folder,
    faults,
    *,
    stream='on-failure="restart" checkpoint-interval="1 h"',
    cluster='count="8"',
    failures="<failures log='faults.csv'/>",
    catalog="",
    chips=64,
    tokens="20 Gtoken",
    jobs=1,
    storage="100 GB/s",
    horizon="until-idle",
    more="",
):
    """One cluster of nodes of eight chips, one job that fills it, and a log of faults in hours."""
    rows = [f"{server},{start / 24:.12f},{end / 24:.12f},GPU" for server, start, end in faults]
    (folder / "faults.csv").write_text("\n".join(["node,start_day,end_day,class", *rows]) + "\n")
    (folder / "world.xml").write_text(
        '<platform name="frail" xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{ROOT}/platforms/catalog/nvidia.xml"/>{catalog}'
        '<site id="here" latitude="33 deg" longitude="-100 deg" assumed="test">'
        f'<storage id="store" capacity="1 PB" read="{storage}" write="{storage}"/>'
        f'<cluster id="nodes" domain="hgx-h100-8" fabric="rails-400g" storage="store" {cluster}/>'
        "</site></platform>"
    )
    (folder / "mix.xml").write_text(
        '<workload name="one" xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{ROOT}/workloads/models/open-models.xml"/>'
        '<stream id="wide" kind="pre-training" model="llama-3.1-8b" '
        f'global-batch="{BATCH} token" {stream} assumed="test">'
        f'<chips distribution="constant" value="{chips}"/>'
        f'<tokens distribution="constant" value="{tokens}"/></stream>'
        f'<campaign id="one" assumed="test"><stage id="one" stream="wide" jobs="{jobs}"/>'
        "</campaign></workload>"
    )
    path = folder / "scenario.xml"
    path.write_text(
        '<scenario name="frail" world="world.xml" mix="mix.xml" start="2026-01-01" '
        f'horizon="{horizon}"><scheduling policy="fcfs"/>{failures}{more}</scenario>'
    )
    return path


def play(path, **kwargs):
    with busbar.run(path, progress=False, **kwargs) as run:
        return run.jobs, run.segments, run.events, dict(run.summary), run


# Without anything that fails, the job has one step time and one end.
@pytest.fixture
def undisturbed(binary, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    jobs, segments, *_ = play(write(folder, [], failures=""))
    return jobs["end_s"].iloc[0], segments["step_s"].iloc[-1]


def check_accounts(jobs, segments, tokens):
    """Steps in segments are kept or lost, and nobody does more than was asked."""
    job = jobs.iloc[0]
    assert job["tokens"] == pytest.approx(tokens, rel=1e-9)
    ran_s = (segments["end_s"] - segments["start_s"]).sum()
    assert ran_s >= job["lost_s"] - 1e-6
    ends, starts = segments["end_s"].to_numpy()[:-1], segments["start_s"].to_numpy()[1:]
    assert (ends <= starts + 1e-6).all()


# Node 3 is out from 2.5 h to 5.5 h. The job waits for it, has lost half an hour of work, and reads
# 112 GB at 100 GB/s.
def test_restart_waits_for_the_repair(binary, tmp_path, undisturbed):
    end_s, _ = undisturbed
    jobs, segments, _, summary, _ = play(write(tmp_path, [(3, 2.5, 5.5)]))
    lost_s, saved_s = 0.5 * HOUR, 2 * HOUR
    load_s = 14 * PARAMETERS / 100e9
    restart_s = REPLACEMENT_S + load_s + init_s(64)
    expected = 5.5 * HOUR + restart_s + end_s - saved_s
    assert jobs["end_s"].iloc[0] == pytest.approx(expected, abs=15.0)  # checkpoints are written
    assert jobs["lost_s"].iloc[0] == pytest.approx(lost_s + restart_s, abs=15.0)
    assert jobs["restart_s"].iloc[0] == pytest.approx(restart_s, abs=1e-3)
    assert jobs["interruptions"].iloc[0] == summary["interruptions"] == 1
    check_accounts(jobs, segments, 20e9)


# A hot spare takes its place at once: only lost work and the restart delay the end.
def test_a_hot_spare_takes_the_place(binary, tmp_path, undisturbed):
    end_s, _ = undisturbed
    stream = 'on-failure="spare" checkpoint-interval="1 h"'
    path = write(tmp_path, [(3, 2.5, 500)], stream=stream, cluster='count="9" hot-spares="1"')
    jobs, segments, _, summary, _ = play(path)
    restart_s = REPLACEMENT_S + 14 * PARAMETERS / 100e9 + init_s(64)
    assert jobs["end_s"].iloc[0] == pytest.approx(end_s + 0.5 * HOUR + restart_s, abs=15.0)
    assert jobs["wait_s"].iloc[0] == 0.0
    assert summary["hot_spares_used"] == 1
    assert list(segments["end_reason"]) == ["failure", "done"]
    assert list(segments["chips"]) == [64, 64]
    check_accounts(jobs, segments, 20e9)


# The second failure finds no spare, and the job goes to its queue until a node is back.
def test_no_hot_spare_is_left(binary, tmp_path):
    stream = 'on-failure="spare" checkpoint-interval="1 h"'
    faults = [(3, 2.5, 9), (4, 3.5, 6)]
    path = write(tmp_path, faults, stream=stream, cluster='count="9" hot-spares="1"')
    jobs, segments, _, summary, _ = play(path)
    assert jobs["interruptions"].iloc[0] == 2
    assert summary["hot_spares_used"] == 1
    # What comes back first fills the hot spares up; the job gets the node that comes then.
    starts = segments["start_s"].to_numpy() / HOUR
    assert starts[2] == pytest.approx(9.0, abs=1e-6)


# Forty jobs of a node each restart where they stand. A tenth of the nodes with fifty times the rate
# has 85 % of the failures, of four jobs; without lemons the counts are Poisson's: variance = mean.
@pytest.mark.parametrize(
    ("lemons", "least", "most"),
    [("", 0.4, 2.0), ('lemons="10 %" lemon-factor="50"', 40.0, np.inf)],
)
def test_lemons_are_the_same_nodes(binary, tmp_path, lemons, least, most):
    component = f'<component kind="software-hang" takes="job" rate="0.5 /d per node" {lemons}/>'
    path = write(
        tmp_path, [], stream='on-failure="spare" checkpoint-interval="1 h"', chips=8, jobs=40,
        cluster='count="41" hot-spares="1" failures="sour"', tokens="100 Ttoken", horizon="40 d",
        catalog=f'<catalog vendor="test"><failures id="sour" counts="all" assumed="a test">'
        f"{component}</failures></catalog>", failures='<failures rates="1"/>',
    )  # fmt: skip
    jobs, *_ = play(path)
    stops = np.sort(jobs["interruptions"].to_numpy())
    assert len(stops) == 40 and stops.mean() == pytest.approx(20, rel=0.25)
    assert least < stops.var() / stops.mean() < most
    if lemons:
        assert stops[-4:].sum() == pytest.approx(50 / 59 * stops.sum(), rel=0.1)


# Eight replicas, a node each. One is out for three hours: seven do seven eighths of the batch
# meanwhile, and for 30 s nobody does anything.
def test_goes_on_without_a_replica(binary, tmp_path, undisturbed):
    end_s, step_s = undisturbed
    stream = 'on-failure="degrade" replicas="8" checkpoint-interval="1 h"'
    path = write(tmp_path, [(3, 2.5, 5.5)], stream=stream)
    jobs, segments, events, summary, _ = play(path)
    assert list(segments["end_reason"]) == ["resize", "resize", "resize", "done"]
    assert list(segments["chips"]) == [64, 56, 64, 64]
    shares = segments["batch_share"].to_numpy()
    assert shares == pytest.approx([1, 7 / 8, 7 / 8, 1], abs=1e-12)
    # It is whole at 5.5 h, starts its processes and fetches 112 GB over 8 x 400 Gbit/s.
    state = 14 * PARAMETERS
    joins_s = 5.5 * HOUR + REPLACEMENT_S + init_s(NODE_CHIPS) + state / (8 * 50e9)
    assert segments["start_s"].iloc[3] == pytest.approx(joins_s, abs=1e-4)
    missed_s = (joins_s - 2.5 * HOUR - 30.0) / 8
    begun_s = 2.5 * HOUR % step_s
    assert jobs["end_s"].iloc[0] == pytest.approx(end_s + 30.0 + missed_s + begun_s, rel=2e-3)
    assert jobs["degradations"].iloc[0] == summary["degradations"] == 1
    assert jobs["interruptions"].iloc[0] == 0
    check_accounts(jobs, segments, 20e9)
    # Done and lost are what ran, exactly.
    ran = segments["end_s"] - segments["start_s"]
    ran.iloc[1] -= 30.0
    done = (ran / segments["step_s"] * segments["batch_share"]).sum() * BATCH
    both = jobs["tokens"].iloc[0] + jobs["lost_tokens"].iloc[0]
    assert done == pytest.approx(both, rel=1e-9)
    # The ratio: the work at full speed over the time.
    useful_s = (ran * segments["batch_share"]).sum() - jobs["lost_tokens"].iloc[0] / BATCH * step_s
    ettr = useful_s / jobs["end_s"].iloc[0]
    assert jobs["ettr"].iloc[0] == pytest.approx(ettr, rel=1e-4)
    kinds = list(events["kind"])
    assert kinds.index("degrade") < kinds.index("catch-up") < kinds.index("rejoin")


# A free node takes the place of the one that is out: the replica is back after its start alone.
def test_a_replica_takes_a_free_node(binary, tmp_path):
    stream = 'on-failure="degrade" replicas="8" rejoin="10 s" checkpoint-interval="1 h"'
    path = write(tmp_path, [(3, 2.5, 500)], stream=stream, cluster='count="9"')
    jobs, segments, *_ = play(path)
    joins_s = 2.5 * HOUR + REPLACEMENT_S + init_s(NODE_CHIPS) + 14 * PARAMETERS / (8 * 50e9)
    assert segments["start_s"].iloc[-1] == pytest.approx(joins_s, abs=1e-4)
    assert jobs["restart_s"].iloc[0] == pytest.approx(40.0, abs=1e-6)
    check_accounts(jobs, segments, 20e9)


# Two replicas of four nodes: one is left, and when that is hit too the whole job stops.
def test_the_last_replica_is_not_dropped(binary, tmp_path):
    stream = 'on-failure="degrade" replicas="2" checkpoint-interval="1 h"'
    faults = [(server, 2.5 + server / 100, 4) for server in range(8)]
    jobs, segments, *_ = play(write(tmp_path, faults, stream=stream))
    assert jobs["state"].iloc[0] == "completed"
    assert jobs["degradations"].iloc[0] >= 1
    assert jobs["interruptions"].iloc[0] == 1
    check_accounts(jobs, segments, 20e9)


# Four jobs read their checkpoints at once when their site has its power again: each reads at a
# quarter of the bandwidth. 112 GB at 1 GB/s take 112 s alone and 450 s together.
@pytest.mark.parametrize("jobs_at_once", [1, 4])
def test_a_storm_of_restarts_shares_the_storage(binary, tmp_path, jobs_at_once):
    shock = '<event at="10 h" kind="site-outage" site="here" duration="1 h"/>'
    stream = 'checkpoint-interval="1 h" checkpointing="background"'
    path = write(
        tmp_path, [], stream=stream, chips=16, jobs=jobs_at_once, failures="", more=shock,
        storage="1 GB/s", tokens="8 Gtoken",
    )  # fmt: skip
    jobs, *_ = play(path)
    assert (jobs["state"] == "completed").all()
    # Beside it tokens are read, some 3 MB/s a job.
    load_s = jobs_at_once * 14 * PARAMETERS / 1e9
    expected = REPLACEMENT_S + load_s + init_s(16)
    assert jobs["restart_s"].to_numpy() == pytest.approx(expected, rel=4e-3)


# Young's interval follows the failures of the job's own nodes, and the write.
def test_young_and_daly_follow_the_failures(binary, tmp_path):
    catalog = (
        '<catalog vendor="generic"><failures id="frail" counts="a test" assumed="a test">'
        '<component kind="host" rate="0.25 /d per node" repair-median="1 h"/></failures></catalog>'
    )
    lost = {}
    for policy in ("young", "daly"):
        path = write(
            tmp_path, [], stream=f'checkpoint="{policy}"', failures="<failures/>",
            catalog=catalog, cluster='count="8" failures="frail"', storage="1 GB/s",
            horizon="60 d", tokens="1 Ttoken",
        )  # fmt: skip
        _, segments, _, summary, _ = play(path)
        write_s, mttf_s = 14 * PARAMETERS / 1e9, DAY / (8 * 0.25)
        interval_s = (2 * write_s * mttf_s) ** 0.5
        # Chips wait for the write: a step takes that much longer.
        stalled = segments["step_s"].iloc[-1]
        lost[policy] = (stalled, summary["lost_chip_hours"] / max(1, summary["interruptions"]))
        # About half an interval is lost each time.
        per_stop_s = lost[policy][1] * HOUR / 64
        assert per_stop_s == pytest.approx(interval_s / 2, rel=0.35)
    assert lost["daly"][0] == pytest.approx(lost["young"][0], rel=0.02)


# A snapshot at 10 GB/s a chip holds the chips up for 0.18 s; the write of 112 s goes on behind the
# work. A copy is safe when it is written, so that a failure costs that time and half an interval.
def test_asynchronous_copies_are_safe_once_written(binary, tmp_path):
    catalog = (
        '<catalog vendor="generic"><failures id="frail" counts="a test" assumed="a test">'
        '<component kind="host" rate="0.25 /d per node" repair-median="1 h"/></failures></catalog>'
    )
    steps_s = []
    for rates in (0, 1):  # nothing fails: nothing is worth a copy
        path = write(
            tmp_path, [], stream='checkpoint="asynchronous"', catalog=catalog,
            failures=f'<failures rates="{rates}"/>', cluster='count="8" failures="frail"',
            storage="1 GB/s", horizon="200 d", tokens="6 Ttoken",
        )  # fmt: skip
        _, segments, _, summary, _ = play(path)
        steps_s.append(segments["step_s"].iloc[-1])
    state, mttf_s = 14 * PARAMETERS, DAY / (8 * 0.25)
    snapshot_s, write_s = state / (64 * 10e9), state / 1e9
    ratio = snapshot_s / (2 * mttf_s)
    daly_s = (2 * snapshot_s * mttf_s) ** 0.5 * (1 + ratio**0.5 / 3 + ratio / 9) - snapshot_s
    interval_s = max(daly_s, write_s)
    assert summary["interruptions"] > 100
    lost_s = summary["lost_chip_hours"] * HOUR / 64 / summary["interruptions"]
    assert lost_s == pytest.approx(write_s + interval_s / 2, rel=0.1)
    assert steps_s[1] / steps_s[0] - 1.0 == pytest.approx(snapshot_s / interval_s, rel=0.02)


# Copies in memory: a server that fails costs minutes of work, not the hours between the copies on
# storage.
def test_copies_in_memory(binary, tmp_path):
    catalog = (
        '<catalog vendor="generic"><failures id="frail" counts="a test" assumed="a test">'
        '<component kind="host" rate="0.25 /d per node" repair-median="1 h"/>'
        '<component kind="rack-power" rate="{} /d per domain" repair-median="1 h"/>'
        "</failures></catalog>"
    )
    lost = []
    for racks in (0, 0.25):
        path = write(
            tmp_path, [], stream='checkpoint="in-memory" checkpoint-interval="4 h"',
            failures="<failures/>", catalog=catalog.format(racks or "0.000001"),
            cluster='count="8" failures="frail"', horizon="60 d", tokens="1 Ttoken",
        )  # fmt: skip
        _, _, _, summary, _ = play(path)
        lost.append(summary["lost_chip_hours"] / summary["interruptions"] / 64)
    assert lost[0] < 0.1  # hours: copies every few minutes
    assert lost[1] > 0.4  # half of the failures take the node and its copies: some two hours


# A log replayed: what is missing of the powered time is the union of its faults.
def test_a_log_is_replayed(binary, tmp_path):
    faults = [(0, 1, 5), (0, 3, 7), (5, 10, 20), (9, 10, 10.5)]
    path = write(tmp_path, faults, cluster='count="10"', horizon="50 h")
    with busbar.run(path, progress=False) as run:
        powered = run.table("summary/vendors")["chip_seconds"].iloc[0]
        repairs = sorted(run.faults["repair_s"] / HOUR)
    down = (6 + 10 + 0.5) * HOUR * NODE_CHIPS
    assert 10 * NODE_CHIPS * 50 * HOUR - powered == pytest.approx(down, rel=1e-9)
    assert repairs == pytest.approx([0.5, 4, 4, 10], rel=1e-9)


STEPFUN = ROOT.parent / "shared" / "data" / "failures" / "infinitehbd_faults.csv"


@pytest.mark.skipif(not STEPFUN.exists(), reason="the fault log of StepFun is not here")
def test_the_log_of_stepfun(binary, tmp_path):
    import csv

    by_server, span = {}, 0.0
    with STEPFUN.open() as rows:
        for row in csv.DictReader(rows):
            pair = (float(row["start_day"]), float(row["end_day"]))
            by_server.setdefault(row["node"], []).append(pair)
            span = max(span, pair[1])
    down = 0.0
    for intervals in by_server.values():
        until = 0.0
        for start, end in sorted(intervals):
            down += max(0.0, end - max(start, until))
            until = max(until, end)
    path = write(
        tmp_path, [], failures=f'<failures log="{STEPFUN}"/>', cluster='count="400"',
        horizon=f"{span} d", tokens="10 Ttoken",
    )  # fmt: skip
    with busbar.run(path, progress=False) as run:
        powered = run.table("summary/vendors")["chip_seconds"].iloc[0]
    unavailable = 1 - powered / (400 * NODE_CHIPS * span * DAY)
    assert unavailable == pytest.approx(down / (400 * span), abs=1e-9)
    assert round(100 * unavailable, 1) == 2.3


# A log without its columns, or with more servers than the cluster has, is told before the run.
@pytest.mark.parametrize(
    "text, message",
    [
        ("server,start_day,end_day,class\n0,1,2,GPU\n", "no column 'node' in a log of faults"),
        ("node,start_day,end_day,class\n8,1,2,GPU\n", "names server 8, but cluster 'nodes' has 8"),
        ("node,start_day,end_day,class\n1,3,2,GPU\n", "is back on day 2 before it fails on day 3"),
        ("node,start_day,end_day,class\n1,-3,2,GPU\n", "-3 is negative"),
    ],
)
def test_bad_logs(binary, tmp_path, text, message):
    path = write(tmp_path, [])
    (tmp_path / "faults.csv").write_text(text)
    done = subprocess.run([binary, "run", path], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert message in done.stderr


# A straggler costs a fifth of the speed for ten minutes, then a free node takes its place.
def test_a_straggler_is_replaced(binary, tmp_path):
    catalog = (
        '<catalog vendor="generic"><failures id="slow" counts="a test" assumed="a test">'
        '<component kind="straggler" rate="0.05 /d per node" slowdown="20 %" detection="10 min" '
        'repair-median="5 h"/></failures></catalog>'
    )
    path = write(
        tmp_path, [], failures="<failures/>", catalog=catalog, horizon="20 d", tokens="1 Ttoken",
        cluster='count="10" failures="slow"',
    )  # fmt: skip
    jobs, segments, events, summary, _ = play(path)
    slow = events[events["kind"] == "slow"]
    assert summary["stragglers"] >= 3
    begins = slow[slow["value"] < 1]
    assert begins["value"].to_numpy() == pytest.approx(0.8, rel=1e-12)
    ends = slow[slow["value"] == 1]["time_s"].to_numpy()
    assert ends[0] - begins["time_s"].iloc[0] == pytest.approx(600.0, abs=1e-6)
    assert jobs["interruptions"].iloc[0] == 0
    steps = segments["step_s"].unique()
    assert max(steps) / min(steps) == pytest.approx(1 / 0.8, rel=0.02)
    assert (events["kind"] == "out-of-order").sum() >= 1


# Interruptions of 64 chips come at the rate of their eight nodes; all chip time is told apart.
def test_time_to_failure_by_size(binary, tmp_path):
    from busbar.reliability import lost_by_job, lost_chip_hours, mttf_by_size

    catalog = (
        '<catalog vendor="generic"><failures id="frail" counts="a test" assumed="a test">'
        '<component kind="host" rate="0.25 /d per node" repair-median="1 h"/></failures></catalog>'
    )
    path = write(
        tmp_path, [], failures="<failures/>", catalog=catalog, horizon="200 d",
        tokens="10 Ttoken", cluster='count="12" failures="frail"',
    )  # fmt: skip
    with busbar.run(path, progress=False) as run:
        table, parts = mttf_by_size(run), lost_chip_hours(run)
        held, ratio = run.summary["job_chip_hours"], run.summary["effective_chip_time_ratio"]
        by_job, losses = lost_by_job(run), run.losses
    assert list(table.index) == [64]
    stops = table.loc[64, "interruptions"]
    # Four standard errors of a Poisson count.
    assert table.loc[64, "mttf_h"] == pytest.approx(12.0, rel=4 / stops**0.5)
    assert table.loc[64, "rate_per_1000_chip_days"] == pytest.approx(31.25, rel=4 / stops**0.5)
    assert parts.sum() == pytest.approx(held, rel=1e-12)
    assert parts["effective"] / held == pytest.approx(ratio, rel=1e-9)
    assert table.loc[64, "ettr"] <= ratio + 1e-9
    assert parts["lost by hardware"] > 0
    # One job, one cause: what each failure cost is at most an hour of work, checkpoints apart.
    assert by_job["hardware"].sum() == pytest.approx(parts["lost by hardware"], rel=1e-9)
    assert len(by_job) == 1 and len(losses) == pytest.approx(stops, abs=2)
    assert losses["chip_s"].max() < 64 * 1.01 * HOUR


# Two jobs of four nodes each on ten, under a limit for one and a half of them. While a replica of
# the first catches up it draws less, but it will draw all again: the second waits for its end.
def test_power_of_a_replica_that_is_out_is_not_given_away(binary, tmp_path):
    stream = 'on-failure="degrade" replicas="2" checkpoint-interval="1 h"'
    ten = dict(stream=stream, chips=32, cluster='count="10"')
    alone = write(tmp_path, [], failures="", horizon="2 h", **ten)
    with busbar.run(alone, progress=False) as run:
        site_w = run.site_series("it_power_w")["here"].iloc[1]
        job_w = run.segments["power_w"].iloc[-1]
    idle_w = (site_w - job_w) / 6  # of a node
    limit_w = 10 * idle_w + 1.5 * (job_w - 4 * idle_w)
    path = write(tmp_path, [(0, 1, 3)], jobs=2, **ten)
    world = (tmp_path / "world.xml").read_text()
    limited = f'<it from="2026-01-01" limit="{limit_w} W"/><storage'
    (tmp_path / "world.xml").write_text(world.replace("<storage", limited))
    # The failure hits the job in some of the replicates: which node it stands on is drawn.
    for replicate in range(8):
        with busbar.run(path, set={"/scenario/@replicate": str(replicate)}, progress=False) as run:
            jobs, hit = run.jobs, run.summary.get("degradations", 0)
            assert run.table("summary/sites")["it_power_peak_w"].iloc[0] <= limit_w * (1 + 1e-9)
        assert jobs["start_s"].iloc[1] >= jobs["end_s"].iloc[0]
        if hit:
            return
    pytest.fail("no replicate hits the job")
