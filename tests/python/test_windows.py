"""Reservations and maintenance: who holds which chips in a window, under every queue policy."""

import random
import subprocess

import busbar
import numpy as np
import pytest
from conftest import ROOT

pytestmark = pytest.mark.binary

HOUR = 3600.0
POLICIES = ("fcfs", "easy", "conservative", "shortest-first", "priority", "fair-share")
RESERVED = '<reservation cluster="nodes" organisation="lab" from="10 h" to="20 h" chips="6"/>'


def write_scenario(folder, windows, jobs, *, policy="fcfs", chips=10, per_node=1, factor=1.0):
    """One cluster. `jobs`: rows of (organisation, submit, chips, run time), in seconds."""
    (folder / "world.xml").write_text(
        '<platform name="one" xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{ROOT}/platforms/catalog/generic.xml"/>'
        '<organisation id="lab" quota-chips="4" assumed="a test"/>'
        '<organisation id="guests" assumed="a test"/>'
        '<site id="here" latitude="0 deg" longitude="0 deg" assumed="no place">'
        f'<cluster id="nodes" domain="{"node" if per_node == 1 else "eight-gpu-node"}" '
        f'fabric="plain-ethernet" count="{chips // per_node}"/></site></platform>'
    )
    traces = ""
    for owner in ("lab", "guests"):
        lines = ["id,submit,nodes,runtime,walltime"]
        for number, (organisation, submit_s, asked, run_s) in enumerate(jobs):
            if organisation == owner:
                lines.append(f"{number},{submit_s},{asked},{run_s},{run_s * factor}")
        if len(lines) == 1:
            continue
        (folder / f"{owner}.csv").write_text("\n".join(lines) + "\n")
        traces += f'<trace id="{owner}" href="{owner}.csv" organisation="{owner}"/>'
    (folder / "mix.xml").write_text(f'<workload name="one">{traces}</workload>')
    path = folder / "scenario.xml"
    path.write_text(
        '<scenario name="one" world="world.xml" mix="mix.xml" start="2026-01-01" '
        f'horizon="until-idle"><scheduling policy="{policy}"/>{windows}'
        '<record sample="1 h"/></scenario>'
    )
    return path


def started_h(folder, windows, jobs, **more):
    """Start of each job, in hours, in the order given."""
    with busbar.run(write_scenario(folder, windows, jobs, **more), progress=False) as run:
        assert run.summary["jobs_submitted"] == len(jobs)
        assert (run.jobs["state"] == "completed").all()
        start = dict(zip(run.jobs["name"].astype(str), run.jobs["start_s"] / HOUR, strict=True))
    several = len({job[0] for job in jobs}) > 1
    return [start[f"{job[0]}-{i}" if several else str(i)] for i, job in enumerate(jobs)]


# Ten chips, six of them the lab's from 10 h to 20 h. A guest with 5 chips for 8 h ends in time.
# A second one for 12 h would run into the window beside nobody else: 5 are more than 4. It waits
# until 20 h, one of 4 does not.
@pytest.mark.parametrize("policy", ["easy", "conservative", "shortest-first", "fair-share"])
def test_guests_leave_reserved_chips(binary, tmp_path, policy):
    jobs = [
        ("guests", 0, 5, 8 * HOUR),
        ("guests", 0, 5, 12 * HOUR),
        ("guests", 0, 4, 13 * HOUR),
    ]
    assert started_h(tmp_path, RESERVED, jobs, policy=policy) == [0, 20, 0]
    assert started_h(tmp_path, "", jobs, policy=policy)[:2] == [0, 0]


# Under first come, first served the second one blocks the third.
def test_the_head_waits_for_the_window(binary, tmp_path):
    jobs = [
        ("guests", 0, 5, 8 * HOUR),
        ("guests", 0, 5, 12 * HOUR),
        ("guests", 0, 4, 13 * HOUR),
    ]
    assert started_h(tmp_path, RESERVED, jobs) == [0, 20, 20]


# The lab's own jobs have all chips, and what they hold counts towards its six: with its 4 running,
# a guest gets 4 of the other 6.
@pytest.mark.parametrize("policy", ["fcfs", "easy", "conservative", "fair-share"])
def test_the_owner_uses_its_reservation(binary, tmp_path, policy):
    jobs = [
        ("lab", 11 * HOUR, 4, 20 * HOUR),
        ("guests", 12 * HOUR, 4, 2 * HOUR),
        ("guests", 12 * HOUR, 1, 2 * HOUR),
    ]
    assert started_h(tmp_path, RESERVED, jobs, policy=policy) == [11, 12, 14]


# Three hours of maintenance at 10 h: who would not be done by then starts after it.
@pytest.mark.parametrize("policy", POLICIES)
def test_nothing_runs_into_maintenance(binary, tmp_path, policy):
    window = '<maintenance cluster="nodes" from="10 h" duration="3 h"/>'
    jobs = [("guests", 0, 10, 9 * HOUR), ("guests", HOUR, 10, 2 * HOUR)]
    assert started_h(tmp_path, window, jobs, policy=policy) == [0, 13]


# Every 10 h for 1 h, so 9 h remain in between. Whoever asks for more never starts, and the run says
# what it waits for.
def test_periodic_maintenance(binary, tmp_path):
    window = '<maintenance site="here" every="10 h" duration="1 h" jobs="{}"/>'
    jobs = [("guests", HOUR, 10, 9 * HOUR), ("guests", HOUR, 10, 9 * HOUR)]
    assert started_h(tmp_path, window.format("drain"), jobs) == [1, 11]
    with busbar.run(
        write_scenario(tmp_path, window.format("drain"), [("guests", 0, 10, 12 * HOUR)]),
        progress=False,
    ) as run:
        assert run.jobs["state"].tolist() == ["waiting"]
        assert run.jobs["waited_for"].tolist() == ["window"]
        assert run.summary["simulated_s"] < 72 * HOUR


# A job that asks for too little time is stopped when the window begins, and starts again after it.
def test_who_overruns_is_stopped(binary, tmp_path):
    window = '<maintenance cluster="nodes" from="10 h" duration="2 h" jobs="stop"/>'
    jobs = [("guests", 9 * HOUR, 10, 2 * HOUR)]
    with busbar.run(write_scenario(tmp_path, window, jobs, factor=3), progress=False) as run:
        assert run.summary["interruptions"] == 1
        ends = run.segments.sort_values("start_s")
        assert ends["end_s"].iloc[0] == 10 * HOUR
        assert ends["end_reason"].iloc[0] == "capacity"
        assert ends["start_s"].iloc[1] == 12 * HOUR
        assert run.jobs["state"].tolist() == ["completed"]
        power = run.cluster_series("installed")["nodes"]
        assert power[11 * HOUR] == 0 and power[12 * HOUR] == 10


def draw_jobs(seed, count, chips):
    draw = random.Random(seed)
    jobs, submit_s = [], 0.0
    for _ in range(count):
        submit_s += draw.expovariate(1 / 1500)
        owner = "lab" if draw.random() < 0.3 else "guests"
        jobs.append(
            (
                owner,
                round(submit_s, 3),
                draw.randint(1, chips // 2),
                round(draw.uniform(300, 6 * HOUR), 3),
            )
        )
    return jobs


def held(segments, organisations, time_s):
    """Chips that segments hold at a time, the lab's and the guests'."""
    now = segments[(segments["start_s"] <= time_s) & (segments["end_s"] > time_s)]
    mine = organisations[now["job"].to_numpy()] == "lab"
    return now["chips"][mine].sum(), now["chips"][~mine].sum()


# At every edge of every job: nobody runs in maintenance, guests leave the lab what is reserved and
# it does not hold, and nobody starts that is requested to go on into a window.
@pytest.mark.parametrize("per_node", [1, 8])
@pytest.mark.parametrize("policy", POLICIES)
def test_windows_hold_at_every_edge(binary, tmp_path, policy, per_node):
    chips = 40
    reservations = [(20, 44, 16), (40, 50, 8), (70, 90, 24)]
    windows = "".join(
        f'<reservation cluster="nodes" organisation="lab" from="{a} h" to="{b} h" chips="{n}"/>'
        for a, b, n in reservations
    )
    windows += '<maintenance cluster="nodes" from="30 h" every="48 h" duration="2 h"/>'
    jobs = draw_jobs(f"{policy}{per_node}", 200, chips)
    path = write_scenario(
        tmp_path, windows, jobs, policy=policy, chips=chips, per_node=per_node, factor=1.5
    )
    with busbar.run(path, progress=False) as run:
        table, segments = run.jobs.reset_index().sort_values("id"), run.segments
        summary = run.summary
    assert (table["state"] == "completed").all() and len(table) == 200
    assert "interruptions" not in summary  # all are done by their requested times
    organisations = table["name"].astype(str).str.split("-").str[0].to_numpy()
    for time_s in np.unique(segments["start_s"]):
        lab, guests = held(segments, organisations, time_s)
        hour = time_s / HOUR
        assert not (hour >= 30 and (hour - 30) % 48 < 2 and lab + guests > 0)
        reserved = sum(n for a, b, n in reservations if a <= hour < b)
        free_for_guests = chips - max(reserved - lab, 0)
        assert guests <= free_for_guests, hour
        assert lab + guests <= chips
    for begin_h in (30, 78, 126):
        runs_on = (segments["start_s"] < begin_h * HOUR) & (segments["end_s"] > begin_h * HOUR)
        assert not runs_on.any()


@pytest.mark.parametrize(
    ("element", "message"),
    [
        (RESERVED.replace('"20 h"', '"9 h"'), "a reservation ends after it begins: '9 h' is not"),
        (RESERVED.replace('"6"', '"11"'), "11 chips are reserved of cluster 'nodes', but 10 stand"),
        (RESERVED + RESERVED, "with earlier reservations, but 10 stand there then"),
        (RESERVED.replace('"lab"', '"lap"'), "unknown organisation 'lap'; did you mean 'lab'?"),
        (RESERVED.replace('"nodes"', '"node"'), "unknown cluster 'node'; did you mean 'nodes'?"),
        ('<maintenance from="1 h" duration="1 h"/>', "maintenance is of a cluster or of a site"),
        ('<maintenance site="her" from="1 h" duration="1 h"/>', "did you mean 'here'?"),
        ('<maintenance site="here" every="1 h" duration="1 h"/>', "is never over"),
        ('<maintenance site="here" duration="1 h"/>', "from"),
        ('<maintenance site="here" from="1 h" duration="-1 h"/>', "duration: '-1 h' is"),
    ],
)
def test_bad_windows(binary, tmp_path, element, message):
    path = write_scenario(tmp_path, element, [("guests", 0, 1, 1)])
    result = subprocess.run([binary, "check", path], capture_output=True, text=True)
    assert result.returncode == 2
    assert message in result.stderr
