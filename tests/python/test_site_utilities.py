"""Power feeds and cooling loops of a site: what they serve goes dark together."""

import subprocess

import busbar
import pytest
from conftest import ROOT

pytestmark = pytest.mark.binary

DAYS, CHIPS = 40, 32  # of the run; in one hall
WORK_S = 4 * 3600.0


def write(folder, supplies, components):
    """Two halls of four nodes of eight chips, and jobs of a hall each, one after the other."""
    (folder / "world.xml").write_text(
        '<platform name="halls" xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{ROOT}/platforms/catalog/nvidia.xml"/>'
        '<catalog vendor="test"><failures id="frail" counts="all" assumed="a test">'
        f'{components}</failures><failures id="never" counts="none" assumed="a test">'
        '<component kind="host" rate="0 /d per node"/></failures></catalog>'
        '<site id="here" latitude="33 deg" longitude="-100 deg" failures="frail" assumed="a test">'
        f'<building id="east"/><building id="west"/>{supplies}'
        '<cluster id="nodes" domain="hgx-h100-8" fabric="rails-400g" failures="never">'
        '<delivery date="2025-01-01" count="4" building="east"/>'
        '<delivery date="2025-01-01" count="4" building="west"/></cluster></site></platform>'
    )
    rows = [f"{i},{i},{CHIPS},{WORK_S},{2 * WORK_S}" for i in range(400)]
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


# Racks of the site's clusters fail by its set too.
def test_a_sites_set_counts_the_racks_of_its_clusters(binary, tmp_path):
    racks = '<component kind="rack-power" rate="0.5 /d per domain" repair-median="3 h"/>'
    with busbar.run(write(tmp_path, "", racks), progress=False) as run:
        assert set(run.faults["component"]) == {"domain"}
        assert len(run.faults) == pytest.approx(0.5 * DAYS * 8, rel=0.25)
        # What hits a rack that is out already takes nothing.
        repairs_h = run.faults["repair_s"][run.faults["repair_s"] > 0] / 3600
        assert repairs_h.to_numpy() == pytest.approx(3.0) and len(repairs_h) > 120


def test_books_hold_at_every_edge(binary, tmp_path):
    supplies = '<feed id="a" serves="east"/><cooling-loop id="b" serves="nodes"/>'
    path = write(tmp_path, supplies, POWER + COOLING)
    command = [binary, "run", path, "-o", tmp_path / "run.h5", "--audit"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
