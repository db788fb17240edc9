"""One training over several sites: what the exchange costs, and what a cut fibre does."""

import json
import subprocess

import busbar
import numpy as np
import pytest
from conftest import ROOT

pytestmark = pytest.mark.binary

TEXAS = ROOT / "workloads" / "scenarios" / "texas-new-york.xml"
CUT = ROOT / "tests" / "golden" / "fibre-cut-scenario.xml"
LINK = "//wan-link[@id='texas-new-york']/@bandwidth"
BATCH = 4_194_304  # tokens, of the job that is cut


def weights_of(run, model):
    return run.table("workload/models", index="name").loc[model, "parameters"]


def last_steps(run):
    """Step time of each stream's job when its shares have settled."""
    segments = run.segments.groupby("job").last()
    names = run.jobs["name"].str.removeprefix("texas-new-york-").str.removesuffix("-0")
    return segments["step_s"].rename(index=names)


# Two sites exchange 2 (n-1)/n = 1 times the 16-bit gradients of 1T weights: 16, 1.6 and 0.16 s at
# 1, 10 and 100 Tbit/s. The round trip of 25 ms comes on top once, for chunks follow each other.
@pytest.mark.parametrize("terabits, seconds", [(1, 16.0), (10, 1.6), (100, 0.16)])
def test_texas_and_new_york(binary, terabits, seconds):
    with busbar.run(TEXAS, set={LINK: f"{terabits} Tbit/s"}, progress=False) as run:
        steps = last_steps(run)
        weights = weights_of(run, "trillion")
        jobs = run.jobs.set_index(steps.index)
    exposed = 2 * weights * 8 / (terabits * 1e12)
    assert exposed == pytest.approx(seconds, rel=5e-3)
    # What is exposed, and what hides behind the same computing time.
    computing = steps["synchronous"] - exposed - 0.025
    assert steps["overlapped"] == pytest.approx(max(computing, exposed) + 0.025, rel=1e-6)
    # Half of the bytes in every fiftieth step, for a tenth more tokens.
    outer = computing + (exposed / 2 + 0.025) / 50
    assert steps["low-communication"] == pytest.approx(outer, rel=1e-6)
    tokens = jobs["tokens"]
    assert tokens["low-communication"] == pytest.approx(1.1 * tokens["synchronous"], rel=1e-9)
    # Two sites of the same size do twice the batch in about the time of one.
    assert computing == pytest.approx(steps["one-site"], rel=2e-3)


# The answer to the question: exchanged synchronously, a thin link costs most of the second site; a
# low-communication method keeps it, less its tokens.
def test_time_to_target(binary):
    hours = {}
    for terabits in (1, 100):
        with busbar.run(TEXAS, set={LINK: f"{terabits} Tbit/s"}, progress=False) as run:
            jobs = run.jobs
            names = jobs["name"].str.removeprefix("texas-new-york-").str.removesuffix("-0")
            hours[terabits] = ((jobs["end_s"] - jobs["start_s"]) / 3600).rename(index=names)
    thin, wide = hours[1], hours[100]
    assert thin["synchronous"] > thin["one-site"]
    assert thin["low-communication"] < 0.6 * thin["one-site"]
    assert wide["synchronous"] < wide["low-communication"] < 0.6 * wide["one-site"]


def estimate(binary, *options):
    result = subprocess.run(
        [binary, "estimate", "training", "--world", ROOT / "platforms/worlds/texas-new-york.xml",
         "--models", ROOT / "workloads/mixes/texas-new-york.xml", "--model", "trillion",
         "--cluster", "lake-mariner-tpu", "--chips", "65536", *options],
        capture_output=True, text=True,
    )  # fmt: skip
    return result


# The link of the picture is the link of the run.
def test_link_load_is_drawn(binary):
    from busbar import link_plots

    with busbar.run(TEXAS, set={LINK: "1 Tbit/s"}, progress=False) as run:
        ax = link_plots.link_load(run)
        assert [line.get_label() for line in ax.get_lines()] == ["wan:texas-new-york"]
        highest = run.link_utilisation().max().max()
    assert ax.get_lines()[0].get_ydata().max() == pytest.approx(100 * highest)
    assert 0.5 < highest <= 1.0 + 1e-9


# The estimate without a run: the same steps, and the same by hand.
def test_the_estimate_agrees_with_the_run(binary):
    options = ["--across", "abernathy-tpu:65536", "--global-batch", "15625", "--exposed", "--json"]
    answer = json.loads(estimate(binary, *options).stdout)
    with busbar.run(TEXAS, progress=False) as run:
        simulated = last_steps(run)["synchronous"]
    assert answer["answer"]["step_s"] == pytest.approx(simulated, rel=1e-3)
    assert answer["answer"]["exposed_s"] == pytest.approx(1.6 + 0.025, rel=2e-3)
    by_bandwidth = [v["answer"]["exposed_s"] for v in answer["sensitivity"][:3]]
    assert by_bandwidth == pytest.approx([16.005, 1.623, 0.185], rel=5e-3)


# A site with a third of the chips does about a quarter of the batch: both finish together.
def test_unequal_sites_share_the_batch_by_speed(binary):
    options = ["--across", "abernathy-tpu:21504", "--global-batch", "15625", "--json"]
    answer = json.loads(estimate(binary, *options).stdout)
    shares = [site["batch_share"] for site in answer["sites"]]
    assert sum(shares) == pytest.approx(1.0)
    assert shares[1] == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize(
    "options, message",
    [
        (["--across", "abernathy-tpu"], "write CLUSTER:CHIPS"),
        (["--across", "abernaty-tpu:64"], "did you mean 'abernathy-tpu'"),
        (["--across", "abernathy-tpu:64", "--outer-precision", "int5"], "unknown precision 'int5'"),
        (["--across", "abernathy-tpu:64", "--wan-bandwidth", "10"], "--wan-bandwidth"),
        (["--across", "abernathy-tpu:64", "--wan-latency", "-1 ms"], "not be negative"),
        (["--across", "abernathy-tpu:64", "--fragments", "4"], "--fragments"),
        (["--sync-every", "-1"], "--sync-every"),
    ],
)
def test_what_cannot_be_is_told(binary, options, message):
    result = estimate(binary, *options)
    assert result.returncode == 2
    assert message in result.stdout + result.stderr


# ── A cut fibre ──────────────────────────────────────────────────────────────────────────────────


def executed_tokens(run):
    segments = run.segments
    steps = (segments["end_s"] - segments["start_s"]) / segments["step_s"]
    return (steps * segments["batch_share"]).sum() * BATCH


# The larger site goes on with its part of the batch, without the exchange; after an hour the other
# fetches the state, 14 bytes a weight at 50 GB/s, and joins. Later the worn fibre has a quarter.
def test_a_cut_leaves_the_faster_site(binary):
    with busbar.run(CUT, progress=False) as run:
        segments, events = run.segments, run.events
        job, weights = (
            run.jobs.iloc[0],
            weights_of(run, "llama-3.1-8b"),
        )
        executed = executed_tokens(run)
        losses, summary = run.losses, dict(run.summary)
    whole, alone, again, worn = (segments.iloc[i] for i in range(4))
    assert alone["batch_share"] == pytest.approx(0.75, abs=0.02)
    # Both sites computed as long as the one does now; the other 20 ms and gradients are gone.
    exchange = 2 * weights / 50e9 + 0.020
    assert whole["step_s"] == pytest.approx(alone["step_s"] + exchange, rel=1e-9)
    assert worn["step_s"] == pytest.approx(alone["step_s"] + 2 * weights / 12.5e9 + 0.02, rel=1e-6)
    assert again["step_s"] == whole["step_s"]
    assert alone["power_w"] < whole["power_w"]
    assert [whole["end_s"], alone["end_s"]] == pytest.approx(
        [3600, 7200 + 14 * weights / 50e9], rel=1e-6
    )
    kinds = events["kind"].astype(str)
    order = [k for k in kinds if k in {"partition", "catch-up", "rejoin"}]
    assert order == ["partition", "catch-up", "rejoin"]
    assert events.loc[kinds == "partition", "value"].item() == alone["batch_share"]
    # The step under way was lost, and nothing else.
    lost = 3600 / whole["step_s"] % 1 * BATCH
    assert job["lost_tokens"] == pytest.approx(lost, rel=1e-9)
    assert job["tokens"] == pytest.approx(5e9, rel=1e-9)
    assert executed == pytest.approx(job["tokens"] + job["lost_tokens"], rel=1e-9)
    assert list(losses["cause"]) == ["network"]
    lost_h = lost / BATCH * whole["step_s"] * whole["chips"] / 3600
    assert losses["chip_s"].item() / 3600 == pytest.approx(lost_h, rel=1e-9)
    assert summary["lost_chip_hours_by_network"] == pytest.approx(lost_h, rel=1e-9)
    assert summary["lost_chip_hours"] == pytest.approx(lost_h, rel=1e-9)


# Cut off in the middle of a hundred steps, a site loses what it did since the last exchange; the
# other one keeps its own.
def test_a_low_communication_method_loses_more(binary):
    change = {"//across-sites/@sync-every": "100", "/scenario/@horizon": "3 h"}
    with busbar.run(CUT, set=change, progress=False) as run:
        whole, alone = run.segments.iloc[0], run.segments.iloc[1]
        job, executed = run.jobs.iloc[0], executed_tokens(run)
    since = 3600 / whole["step_s"] % 100
    lost = since * (1 - alone["batch_share"]) * BATCH
    assert job["lost_tokens"] == pytest.approx(lost, rel=1e-9)
    # Done, lost and remaining: the job still runs.
    assert job["state"] == "running"
    remaining = 5e9 + job["lost_tokens"] - executed
    assert job["tokens"] + remaining == pytest.approx(5e9, rel=1e-9)


WORLD = """<platform name="three" xmlns:xi="http://www.w3.org/2001/XInclude">
  <xi:include href="{root}/platforms/catalog/nvidia.xml"/>
  <site id="west" latitude="33 deg" longitude="-100 deg" assumed="test"><cluster id="west-gpu" domain="hgx-h100-8" fabric="rails-400g" count="3"/></site>
  <site id="east" latitude="43 deg" longitude="-78 deg" assumed="test"><cluster id="east-gpu" domain="hgx-h100-8" fabric="rails-400g" count="1"/></site>
  <site id="north" latitude="46 deg" longitude="-93 deg" assumed="test"/>
  <wan-link id="line" a="west" b="east" bandwidth="400 Gbit/s" latency="10 ms" assumed="test"/>
  <wan-link id="far-a" a="west" b="north" bandwidth="200 Gbit/s" latency="15 ms" assumed="test"/>
  <wan-link id="far-b" a="north" b="east" bandwidth="100 Gbit/s" latency="15 ms" assumed="test"/>
</platform>
"""  # noqa: E501


# Where another way is left, the job takes it: a quarter of the bandwidth and 60 ms.
def test_a_cut_is_routed_around(binary, tmp_path):
    (tmp_path / "world.xml").write_text(WORLD.format(root=ROOT))
    change = {"/scenario/@world": tmp_path / "world.xml"}
    with busbar.run(CUT, set=change, progress=False) as run:
        segments = run.segments
        kinds = set(run.events["kind"].astype(str))
        weights = weights_of(run, "llama-3.1-8b")
        lost, carried = run.jobs["lost_tokens"].iloc[0], run.link_totals["carried"]
    assert not kinds & {"partition", "rejoin"} and lost == 0
    during = segments[(segments["start_s"] >= 3600) & (segments["end_s"] <= 7200.1)].iloc[-1]
    before = segments.iloc[0]
    longer = 2 * weights / 12.5e9 + 0.060 - (2 * weights / 50e9 + 0.020)
    assert during["step_s"] - before["step_s"] == pytest.approx(longer, rel=1e-6)
    assert carried["wan:far-a"] == pytest.approx(carried["wan:far-b"], rel=1e-9)
    assert np.isclose(carried["wan:far-a"], 3600 / during["step_s"] * 2 * weights, rtol=1e-4)


def test_the_cut_is_simulated(binary):
    result = subprocess.run(
        [binary, "check", "--unused", CUT], capture_output=True, text=True, check=True
    )
    assert "fibre-cut" not in result.stdout.replace("fibre-cut-", "")


# ── Storage ──────────────────────────────────────────────────────────────────────────────────────

STORED = """<platform name="stored" xmlns:xi="http://www.w3.org/2001/XInclude">
  <xi:include href="{root}/platforms/catalog/nvidia.xml"/>
  <site id="west" latitude="33 deg" longitude="-100 deg" assumed="test">
    <storage id="disks" read="80 Gbit/s" write="40 Gbit/s" assumed="test"/>
    <cluster id="west-gpu" domain="hgx-h100-8" fabric="rails-400g" count="4" storage="disks"/>
  </site>
</platform>
"""
MIX = """<workload name="saving" xmlns:xi="http://www.w3.org/2001/XInclude">
  <xi:include href="{root}/workloads/models/open-models.xml"/>
  <stream id="saving" kind="pre-training" model="llama-3.1-8b" global-batch="1048576 token"
      checkpoint-interval="{interval}" checkpointing="{how}" assumed="test">
    <chips distribution="constant" value="16"/>
    <tokens distribution="constant" value="1 Gtoken"/>
  </stream>
  <campaign id="c" assumed="test"><stage id="s" stream="saving" jobs="{jobs}"/></campaign>
</workload>
"""
SAVING = """<scenario name="saving" world="world.xml" mix="mix.xml" start="2026-01-01" horizon="until-idle">
</scenario>
"""  # noqa: E501


def saving(folder, interval, how, jobs=1):
    (folder / "world.xml").write_text(STORED.format(root=ROOT))
    (folder / "mix.xml").write_text(MIX.format(root=ROOT, interval=interval, how=how, jobs=jobs))
    (folder / "scenario.xml").write_text(SAVING)
    with busbar.run(folder / "scenario.xml", progress=False) as run:
        weights = weights_of(run, "llama-3.1-8b")
        return last_steps(run).iloc[0], 14 * weights, run.link_totals["carried"]


# 14 bytes a weight, 112 GB, at 5 GB/s: 22.5 s in every ten minutes of computing.
def test_checkpoints_take_their_time(binary, tmp_path):
    background, state, _ = saving(tmp_path, "10 min", "background")
    blocking, _, carried = saving(tmp_path, "10 min", "blocking")
    assert blocking == pytest.approx(background * (1 + state / 5e9 / 600), rel=1e-6)
    # Computing time in which each checkpoint falls due; what is read is 4 bytes a token.
    computing = 1e9 / 1048576 * background
    assert carried["storage:west:disks:write"] == pytest.approx(state * computing / 600, rel=1e-3)
    assert carried["storage:west:disks:read"] == pytest.approx(4e9, rel=1e-3)


# In the background a checkpoint costs nothing until it takes longer than the interval; then steps
# take as long as the writing of what falls due in them.
def test_a_background_checkpoint_must_be_written_in_time(binary, tmp_path):
    free, state, _ = saving(tmp_path, "10 min", "background")
    late, _, _ = saving(tmp_path, "10 s", "background")
    assert late == pytest.approx(free * state / 5e9 / 10, rel=1e-6)


# Two jobs that write all the time share the storage.
def test_checkpoints_of_two_jobs_share_the_storage(binary, tmp_path):
    one, _, _ = saving(tmp_path, "10 s", "background")
    (tmp_path / "mix.xml").write_text(
        MIX.format(root=ROOT, interval="10 s", how="background", jobs=2)
    )
    with busbar.run(tmp_path / "scenario.xml", progress=False) as run:
        slowest = run.segments["step_s"].max()
    assert slowest == pytest.approx(2 * one, rel=1e-6)
