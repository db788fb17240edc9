"""Power, feeds, cooling loops and fibres of a site: what they serve goes dark together."""

import itertools
import subprocess

import busbar
import pytest
from conftest import ROOT

pytestmark = pytest.mark.binary

HOUR, DAY = 3600.0, 86400.0
DAYS, CHIPS = 40, 32  # of the run; in one hall
WORK_S = 4 * 3600.0


def write(folder, supplies, components, site="", chips=CHIPS, jobs=400):
    """Two halls of four nodes of eight chips, and jobs of a hall each, one after the other."""
    (folder / "world.xml").write_text(
        '<platform name="halls" xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{ROOT}/platforms/catalog/nvidia.xml"/>'
        '<catalog vendor="test"><failures id="frail" counts="all" assumed="a test">'
        f'{components}</failures><failures id="never" counts="none" assumed="a test">'
        '<component kind="host" rate="0 /d per node"/></failures></catalog>'
        '<site id="here" latitude="33 deg" longitude="-100 deg" failures="frail" assumed="a test" '
        f'{site}><building id="east"/><building id="west"/>{supplies}'
        '<cluster id="nodes" domain="hgx-h100-8" fabric="rails-400g" failures="never">'
        '<delivery date="2025-01-01" count="4" building="east"/>'
        '<delivery date="2025-01-01" count="4" building="west"/></cluster></site></platform>'
    )
    rows = [f"{i},{i},{chips},{WORK_S},{2 * WORK_S}" for i in range(jobs)]
    (folder / "log.csv").write_text("\n".join(["id,submit,nodes,runtime,walltime", *rows]) + "\n")
    (folder / "mix.xml").write_text(
        '<workload name="halls"><trace id="log" href="log.csv"/></workload>'
    )
    path = folder / "scenario.xml"
    path.write_text(
        '<scenario name="halls" world="world.xml" mix="mix.xml" start="2026-01-01" '
        f'horizon="{DAYS} d"><scheduling policy="fcfs"/><failures rates="1"/>'
        '<record sample="10 min"/></scenario>'
    )
    return path


def outages(run):
    """Beginnings and ends of outages, seconds."""
    faults = run.faults
    ends = (faults["time_s"] + faults["repair_s"]).fillna(DAYS * 86400.0)
    return list(zip(faults["time_s"], ends, strict=True))


def union_s(spans):
    total, until = 0.0, 0.0
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total


def both_s(spans, others):
    """Time during which one of each is out."""
    return union_s(spans) + union_s(others) - union_s(spans + others)


POWER = '<component kind="site-power" rate="0.5 /d per feed" takes="feed" repair-median="3 h"/>'
COOLING = '<component kind="cooling-loop" rate="0.5 /d per feed" repair-median="3 h"/>'


@pytest.mark.parametrize(
    ("element", "component", "cause"),
    [("feed", POWER, "power"), ("cooling-loop", COOLING, "cooling")],
)
def test_what_a_supply_serves_goes_dark_with_it(binary, tmp_path, element, component, cause):
    path = write(tmp_path, f'<{element} id="a" serves="east"/>', component)
    with busbar.run(path, progress=False) as run:
        spans = outages(run)
        assert len(spans) > 8 and set(run.faults["cause"]) == {cause}
        dark_s = union_s(spans)
        installed = 2 * CHIPS * DAYS * 86400.0
        assert run.vendor_totals["chip_seconds"].sum() == pytest.approx(
            installed - CHIPS * dark_s, rel=1e-9
        )
        # Whoever runs in the east at that moment stops, and nobody runs there meanwhile.
        assert 0 < run.faults["jobs_hit"].sum() <= len(spans)
        stopped = run.segments[run.segments["end_reason"] == "failure"]
        begins = {round(begin, 6) for begin, _ in spans}
        assert {round(end, 6) for end in stopped["end_s"]} <= begins
        jobs = run.jobs
        balance = jobs["steps"] + jobs["lost_steps"] + jobs["left_steps"]
        assert balance.to_numpy() == pytest.approx(jobs["asked_steps"].to_numpy(), rel=1e-9)
        assert jobs["redone_steps"].sum() > 0
        lost_h = run.losses.groupby("cause", observed=True)["chip_s"].sum()[cause] / 3600
        assert lost_h == pytest.approx(run.summary[f"lost_chip_hours_by_{cause}"], rel=1e-9)
        assert lost_h == pytest.approx(run.summary["lost_chip_hours"], rel=1e-9)


# Four feeds for eight nodes: each outage takes two of them, and the two jobs of a node each.
@pytest.mark.parametrize(
    ("counts", "component", "cause"),
    [('feeds="4"', POWER, "power"), ('cooling-loops="4"', COOLING, "cooling")],
)
def test_feeds_that_are_counted_serve_equal_shares(binary, tmp_path, counts, component, cause):
    rare = component.replace("0.5 /d", "0.1 /d").replace('"3 h"', '"15 min"')
    path = write(tmp_path, "", rare, counts, chips=8, jobs=2400)
    with busbar.run(path, progress=False) as run:
        spans = outages(run)
        alone_s = sum(end - begin for begin, end in spans)
        assert union_s(spans) == pytest.approx(alone_s), "overlaps need other sums"
        assert 8 <= len(spans) <= 26  # 0.1 /d x 4 x 40 d = 16, within 2.5 deviations
        assert set(run.faults["cause"]) == {cause} and set(run.faults["jobs_hit"]) == {2}
        assert run.faults["repair_s"].to_numpy() == pytest.approx(900.0)
        installed = 8 * 8 * DAYS * 86400.0
        assert run.vendor_totals["chip_seconds"].sum() == pytest.approx(
            installed - 16 * alone_s, rel=1e-9
        )
        stopped = run.segments[run.segments["end_reason"] == "failure"]
        assert len(stopped) == 2 * len(spans)
        jobs = run.jobs
        balance = jobs["steps"] + jobs["lost_steps"] + jobs["left_steps"]
        assert balance.to_numpy() == pytest.approx(jobs["asked_steps"].to_numpy(), rel=1e-9)


# Two feeds and one crew: the second waits, and together they take all.
def test_crews_repair_the_feeds_that_are_counted(binary, tmp_path):
    often = POWER.replace("0.5 /d", "3 /d")
    path = write(tmp_path, '<crews count="1"/>', often, 'feeds="2"', chips=8, jobs=2400)
    with busbar.run(path, progress=False) as run:
        ends = sorted((run.faults["time_s"] + run.faults["repair_s"]).dropna())
        gaps = [after - before for before, after in itertools.pairwise(ends)]
        assert len(ends) > 100 and min(gaps) >= 3 * 3600.0 - 1e-6
        assert set(run.cluster_series("installed")["nodes"]) == {0, CHIPS, 2 * CHIPS}


# Two feeds for both halls: they are dark only while both are out. Which of the two is out, the
# trace does not tell, but no third can be: all chips are there while at most one outage goes on.
def test_feeds_that_share_are_redundant(binary, tmp_path):
    feeds = "".join(f'<feed id="{name}" serves="nodes"/>' for name in "ab")
    path = write(tmp_path, feeds, POWER.replace("0.5 /d", "2 /d"))
    with busbar.run(path, progress=False) as run:
        spans = sorted(outages(run))
        dark = run.cluster_series("installed")["nodes"] == 0
        times = dark.index.to_numpy()
        going_on = sum(((times >= begin) & (times < end)).astype(int) for begin, end in spans)
    assert len(spans) > 60 and dark.any()
    assert not dark.to_numpy()[going_on < 2].any()
    assert dark.to_numpy()[going_on >= 2].mean() > 0.3  # two of one feed are one outage


# Bursts of six of eight nodes, within feeds that serve two: no more than those two fail at once.
@pytest.mark.parametrize(("feeds", "most"), [("", 8), ('feeds="4"', 2)])
def test_bursts_stay_within_a_feed(binary, tmp_path, feeds, most):
    hosts = '<component kind="host" rate="0.5 /d per node" repair-median="10 min"/>'
    path = write(tmp_path, "", hosts + '<burst size="6" within="feed"/>', feeds)
    world = tmp_path / "world.xml"
    text = world.read_text().replace('failures="frail" assumed', "assumed")
    world.write_text(text.replace('failures="never"', 'failures="frail"'))
    with busbar.run(path, progress=False) as run:
        together = run.faults["time_s"].value_counts()
    assert together.max() == most and len(together) > 20


# Eight nodes in two clusters, three feeds: of 2, 3 and 3 nodes, the second in both clusters.
def test_a_feed_serves_the_edges_of_two_clusters(binary, tmp_path):
    rare = POWER.replace("0.5 /d", "0.2 /d").replace('"3 h"', '"15 min"')
    path = write(tmp_path, "", rare, 'feeds="3"', chips=8, jobs=2400)
    world = tmp_path / "world.xml"
    text = world.read_text()
    east = '<delivery date="2025-01-01" count="4" building="east"/>'
    other = '<cluster id="others" domain="hgx-h100-8" fabric="rails-400g" failures="never">'
    world.write_text(text.replace(east, east + "</cluster>" + other))
    with busbar.run(path, progress=False) as run:
        spans = outages(run)
        assert union_s(spans) == pytest.approx(sum(end - begin for begin, end in spans))
        parts = [run.cluster_series("installed")[name] for name in ("nodes", "others")]
        seen = set(zip(*(part.to_numpy() for part in parts), strict=True))
        assert seen == {(32, 32), (16, 32), (16, 24), (32, 8)}


# Racks of the site's clusters fail by its set too.
def test_a_sites_set_counts_the_racks_of_its_clusters(binary, tmp_path):
    racks = '<component kind="rack-power" rate="0.5 /d per domain" repair-median="3 h"/>'
    with busbar.run(write(tmp_path, "", racks), progress=False) as run:
        assert set(run.faults["component"]) == {"domain"}
        assert len(run.faults) == pytest.approx(0.5 * DAYS * 8, rel=0.25)
        # What hits a rack that is out already takes nothing.
        repairs_h = run.faults["repair_s"][run.faults["repair_s"] > 0] / 3600
        assert repairs_h.to_numpy() == pytest.approx(3.0) and len(repairs_h) > 120


@pytest.mark.parametrize(
    ("supplies", "site"),
    [
        ('<feed id="a" serves="east"/><cooling-loop id="b" serves="nodes"/>', ""),
        ("", 'feeds="3" cooling-loops="5"'),
    ],
)
@pytest.mark.parametrize("chips", [2, 8, CHIPS])
def test_books_hold_at_every_edge(binary, tmp_path, supplies, site, chips):
    path = write(tmp_path, supplies, POWER + COOLING, site, chips)
    command = [binary, "run", path, "-o", tmp_path / "run.h5", "--audit"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


# Two sites, one link: the power of one fails now and then, for a fixed time, and so does the fibre.
def test_power_and_fibre_fail(binary, tmp_path):
    (tmp_path / "world.xml").write_text(
        '<platform name="pair" xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{ROOT}/platforms/catalog/nvidia.xml"/>'
        '<catalog vendor="generic"><failures id="shared" counts="a test" assumed="a test">'
        '<component kind="site-power" rate="0.1 /d per site" repair-median="3 h"/>'
        '<component kind="wan-fibre" rate="0.3 /d per wan-link" repair-median="2 h"/></failures>'
        '<failures id="none" counts="a test" assumed="a test">'
        '<component kind="host" rate="0.0000001 /d per node"/></failures></catalog>'
        '<site id="west" failures="shared" latitude="33 deg" longitude="-100 deg" assumed="test">'
        '<cluster id="west-gpu" domain="hgx-h100-8" fabric="rails-400g" failures="none" '
        'count="2"/></site>'
        '<site id="east" latitude="43 deg" longitude="-78 deg" assumed="test">'
        '<cluster id="east-gpu" domain="hgx-h100-8" fabric="rails-400g" failures="none" '
        'count="2"/></site>'
        '<wan-link id="line" a="west" b="east" bandwidth="1 Tbit/s" latency="10 ms" '
        'assumed="test"/></platform>'
    )
    (tmp_path / "mix.xml").write_text(
        (ROOT / "tests" / "golden" / "fibre-cut-mix.xml")
        .read_text()
        .replace('"../../', f'"{ROOT}/')
        .replace('span="world"', 'span="world" checkpoint-interval="30 min"')
        .replace("5 Gtoken", "50 Ttoken")
    )
    path = tmp_path / "scenario.xml"
    path.write_text(
        '<scenario name="pair" world="world.xml" mix="mix.xml" start="2026-01-01" horizon="60 d">'
        '<co-schedule id="both" clusters="west-gpu east-gpu"/><scheduling policy="fcfs"/>'
        "<failures/></scenario>"
    )
    with busbar.run(path, progress=False) as run:
        faults, events = run.faults, run.events
        interrupted = run.summary["interruptions"]
        powered = run.table("summary/vendors")["chip_seconds"].iloc[0]
    power, fibre = faults[faults["cause"] == "power"], faults[faults["cause"] == "network"]
    assert 1 <= len(power) <= 14
    assert 6 <= len(fibre) <= 34
    assert power["repair_s"].dropna().to_numpy() == pytest.approx(3 * HOUR)
    assert fibre["repair_s"].dropna().to_numpy() == pytest.approx(2 * HOUR)
    assert interrupted == power["jobs_hit"].sum() >= 1
    # The site's sixteen chips are dark for three hours each time, unless times overlap.
    dark = 16 * 3 * HOUR * power["repair_s"].notna().sum()
    assert 32 * 60 * DAY - powered == pytest.approx(dark, rel=0.25)
    # A cut splits the job, a repair lets it join; both may meet an outage.
    assert abs((events["kind"] == "partition").sum() - len(fibre)) <= len(power)
