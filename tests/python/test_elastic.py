"""Elastic jobs change their sizes for the policy goodput; deadlines order the queue."""

import subprocess

import busbar
import pandas as pd
import pytest
from conftest import ROOT

pytestmark = pytest.mark.binary

GOLDEN = ROOT / "tests" / "golden"
SCENARIO = GOLDEN / "elastic-scenario.xml"
BATCH = 4194304.0
STATE_BYTES = 14 * 8_029_995_008  # of Llama 3.1 8B, norms not counted
NIC = 50e9  # byte/s of a chip


def reshard_s(before, after):
    setup_s = 120.0 + 480.0 * (after / 98304.0) ** 1.3868528072345416
    return setup_s + STATE_BYTES / (min(before, after) * NIC)


def done_by_segments(segments, batch_on=lambda chips: BATCH):
    """Tokens of a job's segments, but for the time after each change in which it stands still."""
    tokens, chips, still_s = 0.0, None, 0.0
    for segment in segments.itertuples():
        if chips not in (None, segment.chips):
            still_s += reshard_s(chips, segment.chips)
        chips = segment.chips
        seconds = segment.end_s - segment.start_s
        stood_s = min(seconds, still_s)
        still_s -= stood_s
        tokens += (seconds - stood_s) / segment.step_s * batch_on(chips)
    return tokens


# Both jobs come at once: 48 chips for the rigid one, 16 for the other. When the rigid one ends
# after two hours the other takes all 64, stands still while it re-shards, and does the rest there.
def test_a_job_grows_when_another_ends(binary):
    with busbar.run(SCENARIO, progress=False) as run:
        jobs = run.jobs.reset_index()
        jobs = jobs.set_index(jobs["name"].astype(str))
        train, rigid = jobs.loc["both-second-0"], jobs.loc["both-first-0"]
        segments = run.segments[run.segments["job"] == train["id"]]
        assert list(segments["chips"]) == [16, 64]
        assert list(segments["end_reason"].astype(str)) == ["resize", "done"]
        slow, fast = segments["step_s"]
        assert slow > 3.0 * fast
        assert rigid["end_s"] == pytest.approx(7200.0, abs=1e-6)
        left = 4e9 - 7200.0 / slow * BATCH
        still_s = reshard_s(16, 64)
        end_s = 7200.0 + still_s + left / BATCH * fast
        assert train["end_s"] == pytest.approx(end_s, rel=1e-9)
        assert train["tokens"] == pytest.approx(4e9, rel=1e-9)
        assert train["lost_tokens"] == 0.0
        assert train["lost_s"] == pytest.approx(still_s, rel=1e-9)
        assert train["chips"] == 16 and train["resizes"] == 1
        # The stream's day ends before the campaign's 30 hours, and counts for its jobs alone.
        assert train["deadline_s"] == 86400.0 and rigid["deadline_s"] == 108000.0
        assert run.summary["deadlines_met"] == 2 and run.summary["deadlines_missed"] == 0
        assert run.summary["resizes"] == 1
        resized = run.events[run.events["kind"].astype(str) == "resize"]
        assert list(resized["value"]) == [64.0]
        assert list(resized["time_s"]) == [7200.0]


# Eight chips are reserved for somebody else. The job grows to all 64 if it is done by then, else to
# 32, beside which they stay free.
def test_a_job_grows_beside_a_reservation(binary, tmp_path):
    world = (GOLDEN / "elastic-world.xml").read_text()
    world = world.replace("../../platforms", f"{ROOT}/platforms")
    lab = '<organisation id="lab" assumed="test"/>'
    (tmp_path / "world.xml").write_text(world.replace("<site ", f"{lab}<site "))
    mix = (GOLDEN / "elastic-mix.xml").read_text().replace("../../workloads", f"{ROOT}/workloads")
    (tmp_path / "mix.xml").write_text(mix)
    with busbar.run(SCENARIO, progress=False) as run:
        free_end_s = run.jobs["end_s"].max()
    text = SCENARIO.read_text().replace("elastic-world.xml", "world.xml")
    text = text.replace("elastic-mix.xml", "mix.xml")
    for from_s, chips in ((free_end_s + 1.0, 64), (free_end_s - 1.0, 32)):
        window = (
            '<reservation cluster="gpu" organisation="lab" chips="8" '
            f'from="{from_s} s" to="{from_s + 3600.0} s"/>'
        )
        (tmp_path / "scenario.xml").write_text(text.replace("</scenario>", f"{window}</scenario>"))
        with busbar.run(tmp_path / "scenario.xml", progress=False) as run:
            train = run.jobs[run.jobs["chips"] == 16].iloc[0]
            segments = run.segments[run.segments["job"] == train.name]
            at_two = segments[segments["start_s"] == 7200.0]
            assert list(at_two["chips"]) == [chips]
            assert train["interruptions"] == 0
            assert (train["end_s"] == pytest.approx(free_end_s, rel=1e-9)) == (chips == 64)


def test_other_policies_leave_sizes_alone(binary):
    with busbar.run(SCENARIO, set={"//scheduling/@policy": "easy"}, progress=False) as run:
        assert (run.jobs["resizes"] == 0).all()
        assert sorted(run.segments["chips"].unique()) == [16, 48]
        assert "resizes" not in run.summary


# What is left of a scaled batch is worth less: 64 chips at 4 times the batch of 16.
def test_a_scaled_batch_counts_less(binary):
    scaled = {
        "//stream[@id='train']/elastic/@batch": "scaled",
        "//model[@id='llama-3.1-8b']/@critical-batch": "8 Mtoken",
    }
    with busbar.run(SCENARIO, set=scaled, progress=False) as run:
        train = run.jobs[run.jobs["resizes"] > 0].reset_index().iloc[0]
        segments = run.segments[run.segments["job"] == train["id"]]
        assert train["tokens"] == pytest.approx(4e9, rel=1e-9)
        total = done_by_segments(
            segments, lambda chips: BATCH * chips / 16 * (8e6 + BATCH) / (8e6 + BATCH * chips / 16)
        )
        assert total == pytest.approx(4e9, rel=1e-9)


MIXED = """<workload name="mixed" xmlns:xi="http://www.w3.org/2001/XInclude">
  <xi:include href="{root}/workloads/models/open-models.xml"/>
  <stream id="train" kind="pre-training" model="llama-3.1-8b" global-batch="4194304 token"
          checkpoint-interval="30 min" assumed="test">
    <arrivals rate="{train} job/h"/>
    <chips distribution="choice"><choice value="8" weight="1"/><choice value="16" weight="2"/>
      <choice value="32" weight="1"/></chips>
    <tokens distribution="lognormal" median="1 Gtoken" sigma="0.8" max="8 Gtoken"/>
    <plan tensor="1" pipeline="1"/>
    <elastic least="8" most="64"/>
  </stream>
  <stream id="rigid" kind="fine-tuning" assumed="test">
    <arrivals rate="{rigid} job/h"/>
    <chips distribution="choice"><choice value="8" weight="2"/><choice value="32" weight="1"/>
      </chips>
    <duration distribution="lognormal" median="1 h" sigma="0.8" max="8 h"/>
  </stream>
</workload>"""


def run_mixed(folder, policy, failures=False, **parameters):
    """Jobs of the first two days, their segments, and the summary."""
    (folder / "mix.xml").write_text(MIXED.format(root=ROOT, train=0.8, rigid=1.0))
    world = (
        (GOLDEN / "elastic-world.xml").read_text().replace("../../platforms", f"{ROOT}/platforms")
    )
    (folder / "world.xml").write_text(world)
    values = " ".join(f'{name}="{value}"' for name, value in parameters.items())
    (folder / "scenario.xml").write_text(
        '<scenario name="mixed" world="world.xml" mix="mix.xml" start="2026-01-01" horizon="6 d" '
        f'seed="5"><scheduling policy="{policy}" {values}/>'
        f"{'<failures rates=' + chr(34) + '300' + chr(34) + '/>' if failures else ''}</scenario>"
    )
    with busbar.run(folder / "scenario.xml", progress=False) as run:
        jobs = run.jobs.reset_index()
        return jobs[jobs["submit_s"] < 2 * 86400.0], run.segments.copy(), dict(run.summary)


def completion_h(jobs):
    return float((jobs["end_s"] - jobs["submit_s"]).mean()) / 3600.0


# The null model is easy, where every job has the size that it asks for.
def test_goodput_shortens_completion_times(binary, tmp_path):
    easy, _, _ = run_mixed(tmp_path, "easy")
    rows = {"easy": completion_h(easy)}
    for power in ("1", "-0.5", "-1"):
        jobs, segments, summary = run_mixed(tmp_path, "goodput", power=power)
        assert (jobs["state"].astype(str) == "completed").all()
        rows[f"goodput, power {power}"] = completion_h(jobs)
        train = jobs[jobs["resizes"] > 0]
        assert len(train) > 10 and summary["resizes"] > 20
        for job in jobs[jobs["kind"].astype(str) == "pretraining"].itertuples():
            mine = segments[segments["job"] == job.id]
            assert mine["chips"].isin([8, 16, 32, 64]).all()
            assert done_by_segments(mine) == pytest.approx(job.tokens, rel=1e-9)
    assert (easy["state"].astype(str) == "completed").all()
    print()
    print(pd.Series(rows, name="mean completion time (h)").round(2).to_string())
    assert rows["goodput, power -0.5"] < 0.9 * rows["easy"]


LARGE = """<workload name="large" xmlns:xi="http://www.w3.org/2001/XInclude">
  <xi:include href="{root}/workloads/models/open-models.xml"/>
  <stream id="train" kind="pre-training" model="llama-3.1-8b" global-batch="4194304 token"
          checkpoint-interval="30 min" assumed="test">
    <arrivals rate="{train} job/h"/>
    <chips distribution="choice"><choice value="64" weight="2"/><choice value="128" weight="2"/>
      <choice value="256" weight="2"/><choice value="512" weight="1"/></chips>
    <tokens distribution="lognormal" median="{tokens} Gtoken" sigma="1" max="40 Gtoken"/>
    <plan tensor="1" pipeline="1"/>
    <elastic least="32" most="1024"/>
  </stream>
  <stream id="rigid" kind="fine-tuning" assumed="test">
    <arrivals rate="{rigid} job/h"/>
    <chips distribution="choice"><choice value="32" weight="4"/><choice value="128" weight="2"/>
      <choice value="512" weight="1"/></chips>
    <duration distribution="lognormal" median="15 min" sigma="1" max="3 h"/>
  </stream>
</workload>"""


# Jobs of minutes to hours on 8,192 chips, each change at least 120 s of standing still: sizes
# change no more often than it pays against EASY, where none does.
@pytest.mark.parametrize(
    ("train", "rigid", "tokens", "most_still"), [(30, 30, 4, 0.15), (40, 40, 4, 0.06)]
)
def test_changes_of_size_pay_on_8192_chips(binary, tmp_path, train, rigid, tokens, most_still):
    mix = LARGE.format(root=ROOT, train=train, rigid=rigid, tokens=tokens)
    (tmp_path / "mix.xml").write_text(mix)
    world = (GOLDEN / "elastic-world.xml").read_text().replace('count="8"', 'count="1024"')
    (tmp_path / "world.xml").write_text(world.replace("../../platforms", f"{ROOT}/platforms"))
    (tmp_path / "scenario.xml").write_text(
        '<scenario name="large" world="world.xml" mix="mix.xml" start="2026-01-01" horizon="3 d" '
        'seed="5"><scheduling policy="goodput"/></scenario>'
    )
    hours = {}
    for policy in ("easy", "goodput"):
        choice = {"//scheduling/@policy": policy}
        with busbar.run(tmp_path / "scenario.xml", set=choice, progress=False) as run:
            jobs = run.jobs[run.jobs["submit_s"] < 2 * 86400.0]
            assert jobs["end_s"].notna().mean() > 0.99
            hours[policy] = completion_h(jobs)
            if policy == "goodput":
                still = run.summary["restart_chip_hours"] / run.summary["job_chip_hours"]
                print(f"{hours} h, {100 * still:.1f} % of chip time in re-sharding")
    assert still < most_still
    assert hours["goodput"] < 0.95 * hours["easy"]


# At no time do jobs hold more chips than there are, and each second in a segment is work that is
# kept or lost, though jobs fail, start again at other sizes and change them.
def test_failures_and_sizes_conserve_chips_and_work(binary, tmp_path):
    jobs, segments, summary = run_mixed(tmp_path, "goodput", failures=True)
    assert summary["interruptions"] > 5 and summary["resizes"] > 5
    edges = pd.concat(
        [
            pd.Series(segments["chips"].to_numpy(), index=segments["start_s"]),
            pd.Series(-segments["chips"].to_numpy(), index=segments["end_s"]),
        ]
    )
    assert edges.groupby(level=0).sum().sort_index().cumsum().max() <= 64
    train = jobs[(jobs["kind"].astype(str) == "pretraining") & jobs["end_s"].notna()]
    asked = run_mixed(tmp_path, "easy")[0].set_index("id")["tokens"]
    assert train["tokens"].to_numpy() == pytest.approx(train["id"].map(asked).to_numpy(), rel=1e-9)


DEADLINES = """<workload name="due">
  {streams}
  <campaign id="all" assumed="test">{stages}</campaign>
</workload>"""


# Every job needs the whole machine. y can be done in time, and when it is x is too late; b and a
# follow by their deadlines, then d that has none; c was late from the start.
@pytest.mark.parametrize(
    ("policy", "order", "met"), [("deadline", "y b a d c x", 3), ("fcfs", "x a b c d y", 3)]
)
def test_deadlines_order_the_queue(binary, tmp_path, policy, order, met):
    due = {"x": (1, 1.2), "a": (1, 10), "b": (1, 3), "c": (2, 1), "d": (1, None), "y": (1, 1.1)}
    streams = "".join(
        f'<stream id="{name}" kind="fine-tuning" assumed="test" '
        f"{f'deadline={chr(34)}{deadline} h{chr(34)}' if deadline else ''}>"
        f'<chips distribution="constant" value="64"/>'
        f'<duration distribution="constant" value="{hours} h"/></stream>'
        for name, (hours, deadline) in due.items()
    )
    stages = "".join(f'<stage id="{name}" stream="{name}"/>' for name in due)
    (tmp_path / "mix.xml").write_text(DEADLINES.format(streams=streams, stages=stages))
    choice = {"/scenario/@mix": str(tmp_path / "mix.xml"), "//scheduling/@policy": policy}
    with busbar.run(SCENARIO, set=choice, progress=False) as run:
        jobs = run.jobs.sort_values("start_s")
        names = [name.split("-")[1] for name in jobs["name"].astype(str)]
        assert names == order.split()
        assert run.summary["deadlines_met"] == met
        assert run.summary["deadlines_missed"] == 5 - met
        deadlines = dict(zip(names, jobs["deadline_s"], strict=True))
        assert deadlines["y"] == pytest.approx(1.1 * 3600.0)
        assert pd.isna(deadlines["d"])
        # Nothing that no longer waits keeps the run going.
        assert run.summary["simulated_s"] <= 8 * 3600.0


# The step model finds no plan for Llama 3.1 8B on one or two chips.
@pytest.mark.parametrize(
    ("chips", "elastic", "words"),
    [
        ("16", 'sizes="1 16 32"', "cannot run on 1 chips"),
        ("4", 'least="1" most="4"', "no plan for any size from 1 to 4 chips"),
        ("16", 'least="1" most="16"', None),
    ],
)
def test_infeasible_sizes_are_told(binary, tmp_path, chips, elastic, words):
    mix = (GOLDEN / "elastic-mix.xml").read_text().replace("../../workloads", f"{ROOT}/workloads")
    before = '<elastic least="8" most="64"/>'
    assert before in mix
    mix = mix.replace(before, f"<elastic {elastic}/>")
    (tmp_path / "mix.xml").write_text(mix.replace('value="16"', f'value="{chips}"'))
    command = [str(binary), "run", str(SCENARIO), "--dry-run"]
    command += ["--set", f"/scenario/@mix={tmp_path}/mix.xml"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == (0 if words is None else 2), ran.stderr
    assert words is None or words in ran.stderr
    assert words is None or "mix.xml:" in ran.stderr
