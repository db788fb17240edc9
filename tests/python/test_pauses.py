"""Running jobs that a broker pauses for a better hour, and what their idle chips cost."""

import busbar
import pytest
from conftest import ROOT, check_refuses
from test_moves import RESTART

pytestmark = pytest.mark.binary

SCENARIO = ROOT / "tests" / "golden" / "moves-scenario.xml"
HOUR = 3600.0
CHIPS = 16
# Twelve hours of work in the east, where power is free and clean but from 2 h to 8 h, when it costs
# 40 USD/MWh and emits 400 g/kWh: shapes have a mean of 1.
SHAPE = " ".join(["0"] * 2 + ["4"] * 6 + ["0"] * 16)
NOON = {
    "//broker/@pause": "12 h",
    "//broker/@gain": "0",
    "//accelerator[@id='h100-sxm']/price/@list": "1 USD/h",
    "//stream/duration/@value": "12 h",
    "//stream/@clusters": "east-gpu",
    "//site[@id='east']/price/@mean": "10 USD/MWh",
    "//site[@id='east']/price/@by-hour-utc": SHAPE,
    "//site[@id='east']/carbon/@mean": "100 g/kWh",
    "//site[@id='east']/carbon/@by-hour-utc": SHAPE,
}
PER_MWH = 50e9 / (1000.0 * 5 * 365.25 * 24)  # USD: 50 billion a GW over five years


def run(policy="cheapest", extra=None, **parameters):
    """Jobs, segments and summary, with parameters of the broker."""
    settings = {f"//broker/@{name.replace('_', '-')}": value for name, value in parameters.items()}
    settings = NOON | {"//broker/@policy": policy} | (extra or {}) | settings
    with busbar.run(SCENARIO, set=settings, progress=False) as done:
        return done.jobs, done.segments.copy(), dict(done.summary), done.table("events")


# Two hours, a pause of six, a restart, and the ten hours that are left: not a second more.
@pytest.mark.parametrize("policy", ["cheapest", "greenest", "weighted"])
def test_a_job_pauses_for_the_dear_hours(binary, policy):
    jobs, segments, summary, events = run(policy)
    assert list(segments["end_reason"].astype(str)) == ["pause", "done"]
    assert segments["end_s"].iloc[0] == 2 * HOUR
    assert segments["start_s"].iloc[1] == 8 * HOUR
    assert jobs["end_s"].iloc[0] == pytest.approx(18 * HOUR + RESTART, abs=1e-3)
    assert jobs["carbon_g"].iloc[0] == 0.0
    assert jobs["lost_s"].iloc[0] == pytest.approx(RESTART, abs=1e-6)
    assert summary["pauses"] == 1
    assert summary["paused_chip_hours"] == pytest.approx(CHIPS * 6.0)
    pauses = events[events["kind"].astype(str) == "pause"]
    assert list(pauses["value"]) == [6 * HOUR]
    assert "moves" not in summary and summary.get("preemptions", 0) == 0


def tipping_usd_per_h():
    """Shadow price of a chip at which the pause saves nothing, by hand.

    It saves the power of six hours, and pays for what its chips draw meanwhile and the restart.
    """
    with busbar.run(SCENARIO, set=NOON | {"//broker/@pause": "0 s"}, progress=False) as done:
        work_w = done.jobs["energy_j"].iloc[0] / (CHIPS * 12 * HOUR)
        dear_usd = done.jobs["cost_usd"].iloc[0]
        idle_w = done.site_series("it_power_w")["east"].iloc[-1] / 32
    list_usd = dear_usd - 6 * CHIPS * work_w * 40e-6
    restart_usd = list_usd / 12 * RESTART / HOUR
    saved_usd = CHIPS * 6 * (work_w - idle_w) * 40e-6 - restart_usd
    assert saved_usd > 0.0
    return saved_usd / (6 * CHIPS)


# Power at 40 USD/MWh is not worth an idle hour of chips at 1,141 USD/MWh.
@pytest.mark.parametrize("policy", ["cheapest", "weighted"])
def test_idle_capital_outweighs_energy(binary, policy):
    chip_w = run(policy, pause="0 s")[0]["energy_j"].iloc[0] / (CHIPS * 12 * HOUR)
    shadow = PER_MWH * chip_w / 1e6
    tips = tipping_usd_per_h()
    assert tips < 0.04 * shadow
    assert pauses(policy, shadow) == 0
    assert pauses(policy, 1.01 * tips) == 0
    assert pauses(policy, 0.99 * tips) == 1
    assert pauses(policy, 0.0) == 1


def pauses(policy, idle_usd_per_h, **more):
    return run(policy, idle_price=f"{idle_usd_per_h} USD/h", **more)[2].get("pauses", 0)


def test_the_bounds_hold(binary):
    assert "pauses" not in run(pause="0 s")[2]
    assert "pauses" not in run(gain="0.5")[2]
    # Three hours at a time; the second time before it has paid for its restart.
    jobs, _, summary, _ = run("greenest", pause="3 h")
    assert summary["pauses"] == 2
    assert jobs["end_s"].iloc[0] == pytest.approx(18 * HOUR + RESTART, abs=1e-3)


# 24 chips wait beside 16 of 32 for six hours: they take the 16 that are free and 8 of the job's, so
# that only half of its chips idle. At 1.2 times the price at which it tips alone it pauses then.
def test_chips_that_others_use_do_not_idle(binary, tmp_path):
    mix = (ROOT / "tests" / "golden" / "moves-mix.xml").read_text()
    mix = mix.replace("../../workloads", f"{ROOT}/workloads")
    second = (
        '<stream id="short" kind="fine-tuning" assumed="test" clusters="east-gpu">'
        '<chips distribution="constant" value="24"/>'
        '<duration distribution="constant" value="6 h"/></stream>'
    )
    mix = mix.replace("<campaign", f"{second}<campaign")
    mix = mix.replace("</campaign>", '<stage id="next" stream="short" jobs="1"/></campaign>')
    (tmp_path / "mix.xml").write_text(mix)
    price = 1.2 * tipping_usd_per_h()
    assert pauses("cheapest", price) == 0
    settings = {key: value for key, value in NOON.items() if "stream" not in key}
    settings |= {
        "/scenario/@mix": str(tmp_path / "mix.xml"),
        "//stream[@id='train']/@clusters": "east-gpu",
        "//stream[@id='train']/duration/@value": "12 h",
        "//broker/@idle-price": f"{price} USD/h",
    }
    with busbar.run(SCENARIO, set=settings, progress=False) as done:
        jobs = done.jobs.set_index(done.jobs["name"].astype(str))
        assert done.summary["pauses"] == 1
        assert jobs.loc["all-next-0", "start_s"] == HOUR
        assert jobs.loc["all-once-0", "end_s"] == pytest.approx(19 * HOUR + RESTART, abs=1e-3)


def test_a_job_that_is_paused_at_the_end(binary):
    jobs, _, summary, _ = run(extra={"/scenario/@horizon": "5 h"})
    assert str(jobs["state"].iloc[0]) == "waiting"
    assert str(jobs["waited_for"].iloc[0]) == "delay"
    assert summary["jobs_waiting"] == 1 and summary["jobs_started"] == 1


def test_until_idle(binary):
    jobs, _, summary, _ = run(extra={"/scenario/@horizon": "until-idle"})
    assert summary["pauses"] == 1
    assert jobs["end_s"].iloc[0] == pytest.approx(18 * HOUR + RESTART, abs=1e-3)


def test_bad_input(binary):
    check_refuses(
        binary,
        SCENARIO,
        ["//broker/@pause=6 h", "//broker/@review=0 s"],
        "a running job is stopped in a review, and there is none",
    )
    check_refuses(
        binary,
        SCENARIO,
        ["//broker/@policy=fastest", "//broker/@pause=6 h"],
        "has no parameter 'pause'",
    )
