"""Jobs that a broker moves to another site: when they go, what the way takes, when they end."""

import busbar
import pytest
from conftest import ROOT, check_refuses

pytestmark = pytest.mark.binary

GOLDEN = ROOT / "tests" / "golden"
SCENARIO = GOLDEN / "moves-scenario.xml"
DAY = 86400.0
STATE = 8.0299950080e9 * 14.0  # bytes: weights, master weights and moments of the job's model
WAY = STATE / 125e6  # s, alone on the 1 Gbit/s link
RESTART = 120.0 + 480.0 * (16 / 98304) ** 1.3868528072345416  # s, of 16 chips, nothing to load
# The duration is that on the first pool: as many tokens take about two days in the east.
TRAINIUM = {
    "//stream/duration/@value": "170 h",
    "//site[@id='east']/price/@mean": "20000 USD/MWh",
    "//cluster[@id='west-gpu']/@domain": "trn2-ultraserver",
    "//cluster[@id='west-gpu']/@fabric": "ultracluster",
}


def jobs(extra=None, scenario=SCENARIO, **parameters):
    """The jobs of a run with parameters of its broker, and its summary."""
    settings = {f"//broker/@{name.replace('_', '-')}": value for name, value in parameters.items()}
    with busbar.run(scenario, set=settings | (extra or {}), progress=False) as run:
        return run.jobs, dict(run.summary), run.table("segments"), run.table("events")


def with_event(tmp_path, event):
    """The scenario with one event more."""
    text = SCENARIO.read_text().replace('"moves-', f'"{GOLDEN}/moves-')
    text = text.replace(f'name="{GOLDEN}/moves-scenario"', 'name="moves"')
    path = tmp_path / "scenario.xml"
    path.write_text(text.replace("</scenario>", f"{event}</scenario>"))
    return path


# Half of the job is done when the cheap site opens. It saves (no storage: no time), its state takes
# the link alone, and it goes on with the same steps: two days, the way, the restart.
def test_a_job_goes_where_power_is_cheap(binary):
    moved, summary, segments, events = jobs()
    stayed, _, _, _ = jobs(review="0 s")
    job, other = moved.iloc[0], stayed.iloc[0]
    assert str(job["cluster"]) == "west-gpu" and str(other["cluster"]) == "east-gpu"
    assert other["end_s"] == pytest.approx(2 * DAY, abs=1e-3)
    assert job["end_s"] == pytest.approx(2 * DAY + WAY + RESTART, abs=1e-3)
    assert job["lost_s"] == pytest.approx(RESTART, abs=1e-6)
    assert job["tokens"] == pytest.approx(other["tokens"], rel=1e-9)
    assert job["moves"] == 1 and job["moved_bytes"] == pytest.approx(STATE)
    assert summary["moves"] == 1 and summary["moved_bytes"] == pytest.approx(STATE)
    assert list(segments["end_reason"].astype(str)) == ["move", "done"]
    assert segments["end_s"].iloc[0] == DAY
    kinds = events["kind"].astype(str)
    assert events[kinds == "arrive"]["time_s"].iloc[0] == pytest.approx(DAY + WAY, abs=1e-3)
    assert other["moves"] == 0


# Two jobs of one size share the link: each gets half, both arrive after twice the time.
def test_two_moves_share_a_link(binary):
    moved, summary, _, _ = jobs({"//stage/@jobs": "2"})
    for end in moved["end_s"]:
        assert end == pytest.approx(2 * DAY + 2 * WAY + RESTART, abs=1e-2)
    assert summary["moved_bytes"] == pytest.approx(2 * STATE)


# At 25.5 h half an hour is not saved yet. With storage the job writes its state first and reads it
# there; what the link carries is less than what storage gives and takes.
def test_a_job_saves_first(binary):
    storage = {f"//cluster[@id='{site}-gpu']/@storage": "disks" for site in ("west", "east")}
    moved, summary, _, _ = jobs(storage, review="91800 s")
    stayed, _, _, _ = jobs(storage, review="0 s")
    restart = RESTART + STATE / 5e9 + STATE / 20e9
    late = moved["end_s"].iloc[0] - stayed["end_s"].iloc[0]
    assert late == pytest.approx(WAY + restart, abs=1e-2)
    assert moved["lost_s"].iloc[0] == pytest.approx(restart, abs=1e-3)
    assert summary["lost_chip_hours"] == pytest.approx(0.0, abs=1e-9)


# Writing a checkpoint takes longer than the work since the last one: the job does that again.
def test_a_job_that_cannot_save_in_time_goes_back(binary):
    storage = {f"//cluster[@id='{site}-gpu']/@storage": "disks" for site in ("west", "east")}
    slow = {"//site[@id='east']/storage/@write": "50 MB/s"}  # 2,248 s, in the background
    background = {"//stream/@checkpointing": "background"}
    moved, summary, _, _ = jobs(storage | slow | background, review="91800 s")
    stayed, _, _, _ = jobs(storage | slow | background, review="0 s")
    again = summary["lost_chip_hours"] / 16 * 3600.0
    assert 1700.0 < again < 1900.0
    late = moved["end_s"].iloc[0] - stayed["end_s"].iloc[0]
    assert late == pytest.approx(WAY + RESTART + STATE / 20e9 + again, abs=1.0)


# A job that never saves has nothing to send and begins anew: a day of work for cheaper power.
def test_a_job_without_checkpoints_begins_anew(binary):
    moved, summary, _, _ = jobs({"//stream/@checkpoint-interval": "0 s"}, gain="0")
    stayed, _, _, _ = jobs({"//stream/@checkpoint-interval": "0 s"}, gain="0.2")
    assert stayed["moves"].iloc[0] == 0  # 24 h of dear power against 48 h at list price
    if moved["moves"].iloc[0]:
        assert moved["end_s"].iloc[0] == pytest.approx(3 * DAY + RESTART, abs=1e-3)
        assert summary["lost_chip_hours"] == pytest.approx(16 * 24.0)


# To another vendor: the rest of the tokens, in the steps that its chips take, after the switch.
def test_a_job_changes_vendor(binary):
    moved, _, segments, _ = jobs(TRAINIUM)
    stayed, _, _, _ = jobs(TRAINIUM, review="0 s")
    job, other = moved.iloc[0], stayed.iloc[0]
    assert job["moves"] == 1 and str(job["cluster"]) == "west-gpu"
    assert job["tokens"] == pytest.approx(other["tokens"], rel=1e-9)
    left = 1.0 - DAY / other["end_s"]
    assert 0.3 < left < 0.7
    after = WAY + RESTART + 1800.0 + left * 170 * 3600.0
    assert job["end_s"] == pytest.approx(DAY + after, rel=1e-9)
    assert job["lost_s"] == pytest.approx(RESTART + 1800.0, rel=1e-9)
    # The steps of the new chips are others: the row counts all tokens in those.
    done = (segments["end_s"] - segments["start_s"]).iloc[1] - RESTART - 1800.0
    assert done / segments["step_s"].iloc[1] == pytest.approx(left * job["steps"], rel=1e-9)


# The switch takes longer than the rest of the job is worth.
def test_no_move_where_switching_eats_the_gain(binary):
    slow = TRAINIUM | {"//portability/@switching-time": "400 h"}
    moved, summary, _, _ = jobs(slow)
    assert moved["moves"].iloc[0] == 0 and "moves" not in summary
    assert moved["end_s"].iloc[0] == jobs(TRAINIUM, review="0 s")[0]["end_s"].iloc[0]


# The saving is some 30 % of what the rest costs.
def test_hysteresis(binary):
    assert jobs(gain="0.1")[0]["moves"].iloc[0] == 1
    assert jobs(gain="0.5")[0]["moves"].iloc[0] == 0


# Bytes and idle chips have their price: 112 GB at 5 USD/GB, 16 chips for 15 minutes at 300 USD.
@pytest.mark.parametrize(
    "price", [{"//wan-link/@price": "5 USD/GB"}, {"//broker/@idle-price": "300 USD/h"}]
)
def test_the_way_has_a_price(binary, price):
    assert jobs(price)[0]["moves"].iloc[0] == 0


def test_the_law_holds_for_moves(binary):
    assert jobs({"//organisation/@residency": "FR"})[0]["moves"].iloc[0] == 0
    assert jobs({"//organisation/@residency": "FR US"})[0]["moves"].iloc[0] == 1


# One job fills the east and one waits there. When the west opens, that one goes: nothing to send.
def test_a_waiting_job_moves(binary):
    two = {"//stage/@jobs": "2", "//stream/chips/@value": "32"}
    moved, _, segments, _ = jobs(two | {"//broker/@policy": "least-loaded"})
    assert list(moved["start_s"]) == pytest.approx([0.0, DAY])
    assert list(moved["moves"]) == [0, 1] and list(moved["moved_bytes"]) == [0, 0]
    assert list(segments["end_reason"].astype(str)) == ["done", "done"]


# The rest of the job here, or the way and the restart there: no time is saved.
def test_the_fastest_does_not_move_for_power(binary):
    assert jobs({"//broker/@policy": "least-loaded"})[0]["moves"].iloc[0] == 0


# Without a route nobody goes; when it is back, the next look finds it. On the way, the transfer
# begins again with the link.
def test_a_cut_link_stops_moves(binary, tmp_path):
    before = with_event(
        tmp_path, '<event at="23 h" kind="fibre-cut" link="long" duration="90 min"/>'
    )
    moved, _, _, events = jobs(scenario=before)
    when = events[events["kind"].astype(str) == "move"]["time_s"].iloc[0]
    assert when == DAY + 3600.0
    assert moved["end_s"].iloc[0] == pytest.approx(2 * DAY + WAY + RESTART, abs=1e-3)
    during = with_event(
        tmp_path, '<event at="86500 s" kind="fibre-cut" link="long" duration="1 h"/>'
    )
    moved, _, _, _ = jobs(scenario=during)
    late = 100.0 + 3600.0 + WAY + RESTART
    assert moved["end_s"].iloc[0] == pytest.approx(2 * DAY + late, abs=1e-3)
    never = with_event(tmp_path, '<event at="86500 s" kind="fibre-cut" link="long"/>')
    moved, summary, _, _ = jobs({"/scenario/@horizon": "until-idle"}, scenario=never)
    assert str(moved["state"].iloc[0]) == "waiting" and summary["jobs_waiting"] == 1


# The east is green from midnight to noon UTC, the west from noon to midnight. A job of 23 h goes
# once, at noon, although an earlier move would already pay.
def test_carbon_that_flips_by_day(binary):
    east, west = " ".join(["0.2"] * 12 + ["1.8"] * 12), " ".join(["1.8"] * 12 + ["0.2"] * 12)
    shape = {
        "//broker/@policy": "greenest",
        "//site[@id='east']/carbon/@mean": "399 g/kWh",  # no tie at the start
        "//site[@id='east']/carbon/@by-hour-utc": east,
        "//site[@id='west']/carbon/@by-hour-utc": west,
        "//cluster[@id='west-gpu']/delivery/@date": "2025-12-31",
        "//stream/duration/@value": "23 h",
        "//wan-link/@bandwidth": "100 Gbit/s",
    }
    moved, _, segments, _ = jobs(shape)
    stayed, _, _, _ = jobs(shape | {"//broker/@review": "0 s"})
    ends = segments["end_s"].iloc[:-1]
    assert [str(c) for c in segments["cluster"]] == ["east-gpu", "west-gpu"]
    assert list(ends) == [DAY / 2]
    # All but two minutes in green hours: 0.2 of the mean. If it stays: 12 h at 0.2 and 11 h at 1.8.
    assert moved["carbon_g"].iloc[0] / stayed["carbon_g"].iloc[0] == pytest.approx(
        23 * 0.2 / (12 * 0.2 + 11 * 1.8), rel=0.03
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["//broker/@review=-1 h"], "<broker> review: '-1 h' is negative"),
        (["//broker/@review=1"], "review: time '1' has no unit"),
        (["//broker/@gain=-0.1"], "<broker> gain: '-0.1' is negative"),
        (["//broker/@gain=2"], "gain"),
        (["//broker/@reveiw=1 h"], "no parameter 'reveiw'; did you mean 'review'?"),
        (["//broker/@policy=local"], "<broker> has no parameter 'review'"),
        (["//broker/@delay=-1 h"], "<broker> delay: '-1 h' is negative"),
        (["//broker/@policy=fastest", "//broker/@delay=1 h"], "no parameter 'delay'"),
    ],
)
def test_bad_reviews(binary, settings, message):
    check_refuses(binary, SCENARIO, settings, message)


# A day and a half after the start its cluster is taken away; the broker looks at nothing again. The
# job saves, its state crosses the link alone, and it does the rest in the west.
def test_a_job_whose_pool_is_lost_takes_its_state_along(binary, tmp_path):
    lost = '<event at="36 h" kind="decommission" cluster="east-gpu" jobs="stop"/>'
    moved, summary, segments, events = jobs(scenario=with_event(tmp_path, lost), review="0 s")
    assert summary["jobs_rebrokered"] == 1
    assert moved["moved_bytes"].iloc[0] == pytest.approx(STATE)
    assert segments["start_s"].iloc[1] == pytest.approx(1.5 * DAY + WAY, abs=1e-3)
    assert moved["end_s"].iloc[0] == pytest.approx(2 * DAY + WAY + RESTART, abs=1e-3)
    kinds = list(events["kind"].astype(str))
    assert kinds[-5:] == ["rebrokered", "move", "arrive", "start", "end"]


# Two such jobs share the link; one without checkpoints has nothing to send and begins anew.
def test_lost_pools_share_the_way(binary, tmp_path):
    lost = '<event at="36 h" kind="decommission" cluster="east-gpu" jobs="stop"/>'
    scenario = with_event(tmp_path, lost)
    moved, _, _, _ = jobs({"//stage/@jobs": "2"}, scenario=scenario, review="0 s")
    for end in moved["end_s"]:
        assert end == pytest.approx(2 * DAY + 2 * WAY + RESTART, abs=1e-2)
    never = {"//stream/@checkpoint-interval": "0 s"}
    moved, summary, _, _ = jobs(never, scenario=scenario, review="0 s")
    assert summary["moved_bytes"] == 0.0
    assert moved["end_s"].iloc[0] == pytest.approx(3.5 * DAY + RESTART, abs=1e-3)


# While the link is cut, the state waits for it.
def test_a_lost_pool_without_a_route(binary, tmp_path):
    lost = (
        '<event at="30 h" kind="fibre-cut" link="long" duration="10 h"/>'
        '<event at="36 h" kind="decommission" cluster="east-gpu" jobs="stop"/>'
    )
    moved, _, _, _ = jobs(scenario=with_event(tmp_path, lost), review="0 s")
    assert moved["end_s"].iloc[0] == pytest.approx(2 * DAY + 4 * 3600.0 + WAY + RESTART, abs=1e-3)
