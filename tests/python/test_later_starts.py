"""Jobs that a broker holds back for a better hour, and the price of chips that stand idle."""

import busbar
import pytest
from conftest import ROOT

pytestmark = pytest.mark.binary

SCENARIO = ROOT / "tests" / "golden" / "moves-scenario.xml"
HOUR = 3600.0
# Six hours of work in the east, where power costs 40 USD/MWh and emits 400 g/kWh in the first six
# hours of a day, and is free and clean after that: shapes have a mean of 1.
SHAPE = " ".join(["4"] * 6 + ["0"] * 18)
NIGHT = {
    "//broker/@review": "0 s",
    "//broker/@delay": "12 h",
    "//stream/duration/@value": "6 h",
    "//stream/@clusters": "east-gpu",
    "//site[@id='east']/price/@mean": "10 USD/MWh",
    "//site[@id='east']/price/@by-hour-utc": SHAPE,
    "//site[@id='east']/carbon/@mean": "100 g/kWh",
    "//site[@id='east']/carbon/@by-hour-utc": SHAPE,
}


def starts(policy="cheapest", extra=None, **parameters):
    """Hours at which jobs start, the jobs, and the summary."""
    settings = {f"//broker/@{name.replace('_', '-')}": value for name, value in parameters.items()}
    with busbar.run(
        SCENARIO,
        set=NIGHT | {"//broker/@policy": policy} | (extra or {}) | settings,
        progress=False,
    ) as run:
        return list(run.jobs["start_s"] / HOUR), run.jobs, dict(run.summary)


@pytest.mark.parametrize("policy", ["cheapest", "greenest", "weighted"])
def test_jobs_wait_for_a_better_hour(binary, policy):
    hours, jobs, summary = starts(policy)
    assert hours == [6.0]
    assert jobs["carbon_g"].iloc[0] == 0.0
    assert str(jobs["waited_for"].iloc[0]) == "delay"
    assert summary["jobs_held_back"] == 1
    assert summary["held_back_chip_hours"] == pytest.approx(16 * 6.0)


# By default nobody waits; within four hours the best is to end four hours later.
def test_the_bound_holds(binary):
    assert starts(delay="0 s")[0] == [0.0]
    assert starts(delay="4 h")[0] == [4.0]
    assert starts(delay="30 min")[0] == [0.0]
    assert starts("greenest", delay="5.5 h")[0] == [5.0]


# 50 billion USD a GW over five years are 1,140 USD/MWh of chips that stand idle: no power at 40
# USD/MWh is worth that. A chip draws 1.2 kW or so: 1.4 USD/h.
@pytest.mark.parametrize("policy", ["cheapest", "weighted"])
def test_idle_capital_outweighs_energy(binary, policy):
    _, jobs, _ = starts(policy, delay="0 s")
    chip_w = jobs["energy_j"].iloc[0] / (16 * 6 * HOUR)
    per_mwh = 50e9 / (1000.0 * 5 * 365.25 * 24)
    assert per_mwh == pytest.approx(1140.0, rel=1e-2)
    shadow = f"{per_mwh * chip_w / 1e6} USD/h"
    assert starts(policy, idle_price=shadow)[0] == [0.0]
    assert starts(policy, idle_price="0 USD/h")[0] == [6.0]
    # Each hour of waiting saves an hour at 40 USD/MWh: that is where it tips.
    saved = 40.0 * chip_w / 1e6
    assert starts(policy, idle_price=f"{0.99 * saved} USD/h")[0] == [6.0]
    assert starts(policy, idle_price=f"{1.01 * saved} USD/h")[0] == [0.0]


# Chips that are taken anyway do not idle. With a price that lets nobody wait on purpose the second
# starts when the first ends.
def test_a_queue_is_no_idleness(binary):
    two = {"//stage/@jobs": "2", "//stream/chips/@value": "32"}
    assert starts(extra=two, idle_price="10 USD/h")[0] == [0.0, 6.0]


# Each fills the pool: the second is not held for an hour that the first has.
def test_good_hours_are_not_taken_twice(binary):
    two = {"//stage/@jobs": "2", "//stream/chips/@value": "32"}
    assert starts(extra=two, delay="23 h")[0] == [6.0, 12.0]


# At the end of the run, a job that is still held back waits.
def test_a_job_that_is_held_at_the_end(binary):
    _, jobs, summary = starts(extra={"/scenario/@horizon": "3 h"})
    assert str(jobs["state"].iloc[0]) == "waiting"
    assert summary["jobs_waiting"] == 1 and summary["jobs_started"] == 0


# Until idle, the clock goes on for jobs that are held back.
def test_until_idle(binary):
    assert starts(extra={"/scenario/@horizon": "until-idle"})[0] == [6.0]


# The log's jobs may wait as well: six hours at full power.
def test_replayed_jobs_wait(binary, tmp_path):
    log = tmp_path / "jobs.csv"
    log.write_text("id,submit,nodes,runtime,walltime\n0,0,16,21600,21600\n")
    mix = tmp_path / "mix.xml"
    mix.write_text(
        '<workload name="logged"><trace id="log" href="jobs.csv" clusters="east-gpu"/></workload>'
    )
    settings = {k: v for k, v in NIGHT.items() if "stream" not in k}
    with busbar.run(SCENARIO, set=settings | {"/scenario/@mix": str(mix)}, progress=False) as run:
        assert list(run.jobs["start_s"]) == [6 * HOUR]
