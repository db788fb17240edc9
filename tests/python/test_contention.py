"""A job over two sites and a thin link: what the wide-area network does, worked out by hand."""

import busbar
import pytest
from conftest import ROOT

pytestmark = pytest.mark.binary

SCENARIO = ROOT / "tests" / "golden" / "two-sites-scenario.xml"
PARAMETERS = 8.0303e9  # Llama 3.1 8B by its architecture


def last_segment(run):
    return run.segments.groupby("job").last().iloc[0]


# Two parts exchange 2 (n-1)/n = 1 times the 16-bit gradients in every step: 16.06 GB over 10 GB/s
# take 1.606 s, longer than the step itself, and a round trip of 20 ms is added.
def test_the_link_sets_the_step(binary):
    with busbar.run(SCENARIO, progress=False) as run:
        segment = last_segment(run)
        assert segment["step_s"] == pytest.approx(2 * PARAMETERS / 10e9 + 0.020, rel=1e-4)
        assert segment["bound_by"] == "network"
        assert run.link_series()["wan:thin"].max() == pytest.approx(10e9)
        # The chips wait meanwhile: they draw less than at full speed.
        first = run.segments.iloc[0]
        assert segment["power_w"] < first["power_w"]
        # Work is conserved over the segments: tokens are what was asked for.
        assert run.jobs["tokens"].to_numpy() == pytest.approx(1e9, rel=1e-9)


# A hundred times the bandwidth: the gradients hide behind the step, the round trip stays.
def test_a_fast_link_leaves_the_round_trip(binary):
    fast = {"//wan-link[@id='thin']/@bandwidth": "8 Tbit/s"}
    steps = []
    for latency in ("0 ms", "10 ms"):
        change = {**fast, "//wan-link[@id='thin']/@latency": latency}
        with busbar.run(SCENARIO, set=change, progress=False) as run:
            steps.append(last_segment(run)["step_s"])
    assert steps[1] - steps[0] == pytest.approx(0.020, rel=1e-6)


# Without a common queue no cluster holds the job: the scenario is refused with the numbers.
def test_a_job_over_two_sites_needs_a_common_queue(binary):
    change = {"//co-schedule/@clusters": "west-gpu"}
    with pytest.raises(busbar.BusbarError, match="asks for up to 32 chips") as caught:
        busbar.run(SCENARIO, set=change, progress=False)
    assert caught.value.exit_code == 2
