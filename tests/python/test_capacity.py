"""Capacity over time: what comes late, is withdrawn or leaves, and where the jobs go."""

import subprocess

import busbar
import one_service
import pytest
from busbar import compare
from conftest import ROOT

pytestmark = pytest.mark.binary

DAY, HOUR = 86400.0, 3600.0
# A job that is stopped spends this on replacing its chips and on starting again.
RESTART_S = 120.0


def write_scenario(
    folder, shocks, jobs, *, horizon="40 d", policy="fcfs", vendors=("generic", "rival"), world=""
):
    """Two clusters of ten one-chip nodes, alike but for their vendors, one at each of two sites.

    `jobs`: rows of (submit, chips, run time) of a log, in seconds. The generic cluster gets ten
    more nodes on day 5.
    """
    (folder / "world.xml").write_text(
        '<platform name="two" xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{ROOT}/platforms/catalog/generic.xml"/>'
        '<catalog vendor="rival">'
        '<accelerator id="other" assumed="a test"><peak precision="bf16" rate="100 TFLOP/s"/>'
        '<memory size="16 GB" bandwidth="700 GB/s"/>'
        '<power idle="0 W" compute="0 W" communication="0 W"/></accelerator>'
        '<node id="other-node" accelerator="other" accelerators="1" assumed="a test"/>'
        '<domain id="other-domain" node="other-node" nodes="1" topology="switch" '
        'assumed="a test"/></catalog>'
        '<organisation id="lab" assumed="a test"/><organisation id="guests" assumed="a test"/>'
        '<site id="here" latitude="0 deg" longitude="0 deg" jurisdiction="US-TX" assumed="none">'
        '<cluster id="ours" domain="node" fabric="plain-ethernet">'
        '<delivery date="2025-12-01" count="10"/><delivery date="2026-01-06" count="10"/>'
        "</cluster></site>"
        '<site id="there" latitude="0 deg" longitude="1 deg" jurisdiction="FR" assumed="none">'
        '<cluster id="theirs" domain="other-domain" fabric="plain-ethernet" count="10"/></site>'
        f"{world}</platform>"
    )
    lines = ["id,submit,nodes,runtime,walltime"]
    for number, (submit_s, chips, run_s) in enumerate(jobs):
        lines.append(f"{number},{submit_s},{chips},{run_s},{2 * run_s}")
    (folder / "log.csv").write_text("\n".join(lines) + "\n")
    (folder / "mix.xml").write_text(
        '<workload name="two"><trace id="log" href="log.csv" organisation="guests" '
        f'vendors="{" ".join(vendors)}"/></workload>'
    )
    path = folder / "scenario.xml"
    path.write_text(
        '<scenario name="two" world="world.xml" mix="mix.xml" start="2026-01-01" '
        f'horizon="{horizon}"><scheduling policy="{policy}"/>{shocks}'
        '<record sample="1 h"/></scenario>'
    )
    return path


def run_jobs(folder, shocks, jobs, **more):
    with busbar.run(write_scenario(folder, shocks, jobs, **more), progress=False) as run:
        check_accounts(run)
        table = run.jobs.reset_index().set_index("id").sort_index()
        return table, run.summary, run.cluster_series("installed"), run.events


def check_accounts(run):
    """No job is lost, no chip is in two jobs, and all work is done, lost or left."""
    summary, jobs = run.summary, run.jobs.reset_index()
    ended = ("completed", "killed", "failed", "cancelled", "rejected", "running", "waiting")
    assert summary["jobs_submitted"] == sum(summary[f"jobs_{state}"] for state in ended)
    assert len(jobs) == summary["jobs_submitted"]
    series = {name: run.cluster_series(name) for name in ("installed", "allocated", "serving")}
    assert (series["allocated"] + series["serving"] <= series["installed"] + 1e-9).all().all()
    segments = run.segments
    ran_s = (segments["end_s"] - segments["start_s"]).groupby(segments["job"]).sum()
    ran_s = jobs["id"].map(ran_s).fillna(0.0).to_numpy()
    accounted = (jobs["steps"] + jobs["lost_s"]).to_numpy()
    assert ran_s == pytest.approx(accounted, rel=1e-9, abs=1e-6)


def at(series, cluster, day):
    return series[cluster][series.index <= day * DAY + 1].iloc[-1]


# Ten nodes more on day 5: a job of 15 waits for them, and as much longer as they are late.
@pytest.mark.parametrize(
    ("shock", "start_day"),
    [
        ("", 5),
        ('<event at="1 d" kind="late-delivery" cluster="ours" duration="10 d"/>', 15),
        ('<event at="1 d" kind="late-delivery" site="here" duration="2 d"/>', 7),
        ('<event at="1 d" kind="late-delivery" vendor="generic" duration="2 d"/>', 7),
        ('<event at="1 d" kind="late-delivery" site="there" duration="2 d"/>', 5),
        ('<event at="6 d" kind="late-delivery" cluster="ours" duration="2 d"/>', 5),
        (
            '<event at="1 d" kind="late-delivery" cluster="ours" duration="2 d"/>'
            '<event at="6 d" kind="late-delivery" cluster="ours" duration="3 d"/>',
            10,
        ),
        (
            '<event at="1 d" kind="supplier-halt" vendor="generic" stops="deliveries" '
            'duration="4 d"/>',
            9,
        ),
        (
            '<event at="1 d" kind="export-ban" vendor="generic" jurisdiction="US" duration="4 d"/>',
            9,
        ),
        (
            '<event at="1 d" kind="export-ban" vendor="generic" jurisdiction="FR" duration="4 d"/>',
            5,
        ),
        ('<event at="1 d" kind="export-ban" vendor="rival" jurisdiction="US" duration="4 d"/>', 5),
    ],
)
def test_deliveries_come_late(binary, tmp_path, shock, start_day):
    jobs, _, installed, _ = run_jobs(tmp_path, shock, [(0, 15, 3600)])
    assert jobs["start_s"][0] == start_day * DAY
    assert at(installed, "ours", start_day - 0.1) == 10
    assert at(installed, "ours", start_day) == 20


# What never comes is waited for in vain where nobody else has as many chips, and the run says so.
def test_deliveries_that_never_come(binary, tmp_path):
    halt = '<event at="1 d" kind="supplier-halt" vendor="generic" stops="deliveries"/>'
    jobs, summary, installed, _ = run_jobs(tmp_path, halt, [(0, 15, 3600), (0, 10, 3600)])
    assert jobs["state"].tolist() == ["waiting", "completed"]
    assert summary["jobs_stranded"] == 1
    assert at(installed, "ours", 39) == 10


# The same until idle: what can never start does not keep the run going.
def test_a_run_until_idle_ends(binary, tmp_path):
    halt = '<event at="1 d" kind="supplier-halt" vendor="generic" stops="deliveries"/>'
    jobs, summary, _, _ = run_jobs(tmp_path, halt, [(0, 15, 3600)], horizon="until-idle")
    assert jobs["state"].tolist() == ["waiting"]
    assert summary["simulated_s"] < 10 * DAY


# On day 2 all chips of one vendor go. Its job saves nothing, so it does its three days again at the
# other's, after a restart; what waited there comes along, in its order.
def test_withdrawn_capacity(binary, tmp_path):
    halt = '<event at="2 d" kind="supplier-halt" vendor="generic" stops="capacity"/>'
    log = [(0, 10, 3 * DAY), (0, 10, 1 * DAY), (HOUR, 10, 0.5 * DAY), (HOUR, 10, 0.25 * DAY)]
    jobs, summary, installed, events = run_jobs(tmp_path, halt, log)
    clusters = jobs["cluster"].astype(str).tolist()
    assert clusters == ["theirs", "theirs", "theirs", "theirs"]
    assert (jobs["state"] == "completed").all()
    assert summary["jobs_rebrokered"] == 1
    assert summary["interruptions"] == 1
    assert at(installed, "ours", 2) == 0
    assert (events["kind"] == "rebrokered").sum() == 1
    assert jobs["lost_s"][0] == pytest.approx(2 * DAY + RESTART_S, abs=60.0)
    assert jobs["end_s"][0] == pytest.approx(2 * DAY + jobs["lost_s"][0] + DAY, abs=1e-6)


# Jobs that may run nowhere else stop, wait, and go on when the vendor comes back.
def test_capacity_that_comes_back(binary, tmp_path):
    halt = '<event at="2 d" kind="supplier-halt" vendor="generic" stops="capacity" duration="1 d"/>'
    log = [(0, 10, 3 * DAY)]
    jobs, summary, installed, _ = run_jobs(tmp_path, halt, log, vendors=("generic",))
    assert at(installed, "ours", 2.5) == 0
    assert at(installed, "ours", 3.1) == 10
    assert jobs["state"][0] == "completed"
    assert jobs["end_s"][0] == pytest.approx(3 * DAY + 3 * DAY + jobs["lost_s"][0] - 2 * DAY)
    assert "jobs_rebrokered" not in summary


def test_capacity_that_does_not_come_back(binary, tmp_path):
    halt = '<event at="2 d" kind="supplier-halt" vendor="generic" stops="capacity"/>'
    log = [(0, 10, 3 * DAY), (3 * DAY, 5, HOUR)]
    jobs, summary, _, _ = run_jobs(tmp_path, halt, log, vendors=("generic",))
    assert jobs["state"].tolist() == ["waiting", "waiting"]
    assert summary["jobs_stranded"] == 2


# Six of ten nodes leave on day 1. Drained, they go as their jobs end; stopped, at once, and the job
# that started last waits until there is room again.
def test_decommission(binary, tmp_path):
    log = [(0, 4, 3 * DAY), (HOUR, 4, 3 * DAY)]
    leave = '<event at="1 d" kind="decommission" cluster="ours" count="6" jobs="{}"/>'
    late = '<event at="0 d" kind="late-delivery" cluster="ours" duration="50 d"/>'
    jobs, summary, installed, events = run_jobs(
        tmp_path, late + leave.format("drain"), log, vendors=("generic",)
    )
    assert jobs["end_s"].tolist() == [3 * DAY, 3 * DAY + HOUR]
    assert [at(installed, "ours", day) for day in (0.5, 1, 2.9, 3)] == [10, 8, 8, 4]
    assert (events["kind"] == "removed").sum() == 2
    jobs, summary, installed, _ = run_jobs(
        tmp_path, late + leave.format("stop"), log, vendors=("generic",)
    )
    assert at(installed, "ours", 1) == 4
    assert summary["interruptions"] == 1
    assert jobs["end_s"][0] == 3 * DAY
    assert jobs["end_s"][1] == pytest.approx(3 * DAY + 3 * DAY + RESTART_S, abs=60.0)
    assert (jobs["state"] == "completed").all()


# The whole cluster is drained: its last job ends there, the next go elsewhere.
def test_a_cluster_closes_down(binary, tmp_path):
    log = [(0, 8, 3 * DAY), (0, 8, 1 * DAY), (HOUR, 8, DAY), (2 * DAY, 8, HOUR)]
    leave = '<event at="1 d" kind="decommission" cluster="ours"/>'
    late = '<event at="0 d" kind="late-delivery" cluster="ours" duration="50 d"/>'
    jobs, _, installed, _ = run_jobs(tmp_path, late + leave, log)
    assert jobs["cluster"].astype(str).tolist() == ["ours", "theirs", "theirs", "theirs"]
    assert (jobs["state"] == "completed").all()
    assert at(installed, "ours", 3.1) == 0


# Six nodes close down on day 1. The three that the plan takes away on day 2 are among them, so the
# two of day 5 are new ones, and stay.
def test_a_planned_removal_takes_nothing_that_has_left(binary, tmp_path):
    third = (
        '<site id="third" latitude="0 deg" longitude="0 deg" assumed="none">'
        '<cluster id="small" domain="node" fabric="plain-ethernet">'
        '<delivery date="2025-12-01" count="6"/><delivery date="2026-01-03" count="-3"/>'
        '<delivery date="2026-01-06" count="2"/></cluster></site>'
    )
    leave = '<event at="1 d" kind="decommission" cluster="small"/>'
    path = write_scenario(tmp_path, leave, [(0, 1, DAY)], horizon="10 d", world=third)
    with busbar.run(path, progress=False) as run:
        installed = run.cluster_series("installed")
        assert [at(installed, "small", day) for day in (0.5, 1.5, 4, 6, 9)] == [6, 0, 0, 2, 2]
        assert run.clusters["domains_installed"]["small"] == 2


# The flagship question: one of three vendors fails on day 10. Its chips do no more, its portable
# jobs go on elsewhere, and up to then both runs are the same.
def test_supplier_halt_on_three_vendors(binary):
    folder = ROOT / "workloads" / "scenarios"
    short = {"/scenario/@horizon": "13 d"}
    with (
        busbar.run(folder / "anthropic-2026.xml", short, progress=False) as control,
        busbar.run(folder / "supplier-halt.xml", short, progress=False) as halt,
    ):
        for run in (control, halt):
            summary = run.summary
            ended = ("completed", "killed", "failed", "cancelled", "rejected", "running", "waiting")
            assert summary["jobs_submitted"] == sum(summary[f"jobs_{state}"] for state in ended)
        before = [run.events[run.events["time_s"] < 10 * DAY] for run in (control, halt)]
        assert before[0].equals(before[1])
        installed = halt.cluster_series("installed")
        assert installed["azure-gb300"][10.5 * DAY] == installed["azure-gb200"][10.5 * DAY] == 0
        late = halt.segments[halt.segments["end_s"] > 10 * DAY + 1]
        assert not late["cluster"].astype(str).str.startswith("azure").any()
        moved = halt.events[halt.events["kind"] == "rebrokered"]["subject"]
        assert halt.summary["jobs_rebrokered"] == len(moved) > 10
        assert halt.summary.get("jobs_stranded", 0) == 0
        table = compare.compare(control, halt)
        assert table.loc["nvidia: powered chip-hours", "change"] == pytest.approx(-3 / 13, abs=0.01)
        assert table.loc["google: powered chip-hours", "change"] == pytest.approx(0.0, abs=1e-9)
        assert table.loc["tokens trained", "difference"] < 0.0
        assert (table["other"] - table["control"]).equals(table["difference"])


# The tokens that a job has to train are done in all, wherever it goes on.
def test_moved_jobs_do_all_their_work(binary):
    scenario = ROOT / "workloads" / "scenarios" / "supplier-halt.xml"
    with busbar.run(scenario, {"/scenario/@horizon": "16 d"}, progress=False) as run:
        moved = run.events[run.events["kind"] == "rebrokered"]["subject"].unique()
        jobs = run.jobs.reset_index().set_index("id")
        halted = set(run.segments[run.segments["end_reason"] == "capacity"]["job"])
        rows = jobs.loc[[job for job in moved if job in halted]]
    control = ROOT / "workloads" / "scenarios" / "anthropic-2026.xml"
    with busbar.run(control, {"/scenario/@horizon": "30 d"}, progress=False) as run:
        asked = run.jobs.reset_index().set_index("id")
    both = rows[rows["state"] == "completed"].join(asked.add_suffix("_asked"))
    both = both[both["state_asked"] == "completed"]
    assert len(both) > 5
    assert both["tokens"].to_numpy() == pytest.approx(both["tokens_asked"].to_numpy(), rel=1e-9)


@pytest.mark.parametrize(
    ("element", "message"),
    [
        (
            '<event at="1 d" kind="supplier-halt" vendor="genric" stops="spares"/>',
            "unknown vendor 'genric'; did you mean 'generic'?",
        ),
        (
            '<event at="1 d" kind="supplier-halt" vendor="generic" stops="delivries"/>',
            "unknown thing to stop 'delivries'; did you mean 'deliveries'?",
        ),
        (
            '<event at="1 d" kind="supplier-halt" vendor="generic"/>',
            "a supplier-halt says what it stops",
        ),
        (
            '<event at="1 d" kind="supplier-halt" stops="spares"/>',
            "a supplier-halt names its vendor",
        ),
        ('<event at="1 d" kind="late-delivery" duration="1 d"/>', "a late-delivery says of whom"),
        (
            '<event at="1 d" kind="late-delivery" cluster="ours"/>',
            "a late-delivery says by how much",
        ),
        (
            '<event at="1 d" kind="late-delivery" cluster="our" duration="1 d"/>',
            "unknown cluster 'our'; did you mean 'ours'?",
        ),
        (
            '<event at="1 d" kind="decommission" cluster="ours" count="11"/>',
            "11 domains are to leave cluster 'ours', but 10 stand there then",
        ),
        ('<event at="1 d" kind="decommission"/>', "a decommission names its cluster"),
        (
            '<event at="1 d" kind="export-ban" vendor="generic"/>',
            "an export-ban names its jurisdiction",
        ),
    ],
)
def test_bad_shocks(binary, tmp_path, element, message):
    path = write_scenario(tmp_path, element, [(0, 1, 1)])
    result = subprocess.run([binary, "check", path], capture_output=True, text=True)
    assert result.returncode == 2
    assert message in result.stderr


def test_chips_are_conserved_where_what_leaves_has_failed(tmp_path, binary):
    """Five of six racks are to leave while most are out: none is counted twice."""
    scenario = tmp_path / "scenario.xml"
    scenario.write_text(
        f"""<scenario name="leaving" world="{ROOT}/platforms/worlds/tiny.xml"
          mix="{ROOT}/workloads/mixes/tiny.xml" start="2026-01-01" horizon="10 d" seed="5">
  <scheduling policy="fcfs"/><failures rates="400"/>
  <event at="4 d" kind="decommission" cluster="mesa-gpu" count="5" jobs="drain"/>
</scenario>"""
    )
    with busbar.run(scenario, progress=False) as run:
        series = {
            name: run.cluster_series(name)["mesa-gpu"]
            for name in ("installed", "allocated", "serving", "idle", "failed")
        }
    for name, values in series.items():
        assert values.min() >= 0.0, name
    held = series["allocated"] + series["serving"] + series["idle"]
    assert (held <= series["installed"]).all()
    assert series["failed"].max() >= 128.0
    assert series["installed"].iloc[-1] + series["failed"].iloc[-1] <= 64.0


# A service that sheds holds all of ten servers. Eight are to leave, and do at the next hour.
def test_a_service_that_sheds_keeps_nothing_that_is_to_leave(binary, tmp_path):
    leave = '<event at="1.5 h" kind="decommission" cluster="gpus" count="8" jobs="drain"/>'
    path = one_service.write(
        tmp_path, servers=10, requests=100_000, horizon="4 h", event=leave, sample="30 min"
    )
    with busbar.run(path, progress=False) as run:
        serving, installed = (
            run.cluster_series(name)["gpus"] / 8 for name in ("serving", "installed")
        )
    for chips in (serving, installed):
        assert [chips[3600.0 * hour] for hour in (1, 1.5, 2.5, 3.5)] == [10, 10, 2, 2]
