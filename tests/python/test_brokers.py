"""Where each broker sends jobs, and what that does to energy, carbon and money."""

import busbar
import pytest
from conftest import ROOT, check_refuses

pytestmark = pytest.mark.binary

SCENARIO = ROOT / "tests" / "golden" / "broker-scenario.xml"


def overrides(policy, **parameters):
    names = {f"//broker/@{name.replace('_', '-')}": value for name, value in parameters.items()}
    return {"//broker/@policy": policy} | names


def sent(policy, extra=None, **parameters):
    """How many of the eight jobs go west and east; the run's site totals; the run's summary."""
    with busbar.run(
        SCENARIO, set=overrides(policy, **parameters) | (extra or {}), progress=False
    ) as run:
        sites = run.jobs["site"].astype(str)
        totals = run.table("summary/sites").sum(numeric_only=True)
        return (int((sites == "west").sum()), int((sites == "east").sum())), totals, run.summary


# The west costs 20 USD/MWh and emits 400 g/kWh at PUE 1.2; the east 90, 50 and 1.1. North, the
# tenant's home, has no chips: the east is 1 ms away, the west 11.
def test_each_broker_has_its_site(binary):
    totals = {}
    for policy, where in [
        ("cheapest", (8, 0)),
        ("greenest", (0, 8)),
        ("local", (0, 8)),
        ("fastest", (4, 4)),
        ("least-loaded", (4, 4)),
        ("weighted", (8, 0)),  # by cost alone
    ]:
        there, totals[policy], _ = sent(policy)
        assert there == where, policy
    cheap, green, fast = totals["cheapest"], totals["greenest"], totals["fastest"]
    assert cheap["electricity_usd"] < fast["electricity_usd"] < green["electricity_usd"]
    assert green["carbon_g"] < fast["carbon_g"] < cheap["carbon_g"]
    assert green["energy_j"] < fast["energy_j"] < cheap["energy_j"]
    assert totals["weighted"].equals(cheap)


# Electricity is a hundredth of the list price, so a little carbon outweighs it.
def test_weights_decide(binary):
    assert sent("weighted", cost="1", carbon="0.2")[0] == (0, 8)
    assert sent("weighted", cost="0", carbon="1")[0] == (0, 8)
    # Neither site has a power limit, and no data is named: as soon as possible.
    assert sent("weighted", cost="0", power="1")[0] == (4, 4)
    assert sent("weighted", cost="0", latency="1")[0] == (4, 4)


def test_data_draws_jobs(binary):
    data = {"//stream/@data": "west"}
    assert sent("weighted", data, cost="0", latency="1")[0] == (8, 0)
    assert sent("local", data)[0] == (8, 0)


# Four jobs fit at once, two a site. Idle chips at 2 USD/h make the other site cheaper than waiting;
# at 0.001 USD/h the wait is cheaper than the east's power.
@pytest.mark.parametrize("policy", ["cheapest", "weighted"])
def test_waiting_has_a_price(binary, policy):
    assert sent(policy, idle_price="2 USD/h")[0] == (4, 4)
    assert sent(policy, idle_price="0.001 USD/h")[0] == (8, 0)


# Equal jobs of one instant: the flow is the assignment.
def test_a_batch_is_assigned_together(binary):
    _, _, summary = sent("weighted", idle_price="2 USD/h")
    assert summary["jobs_assigned_together"] == 8
    assert summary["assignment_gap_to_flow_bound"] == pytest.approx(0.0, abs=1e-9)
    assert "jobs_assigned_together" not in sent("cheapest")[2]


# Unequal jobs do not fill the 32 chips of each site exactly, so that no assignment of whole jobs
# costs as little as the flow. What is left over waits.
def test_unequal_jobs_leave_a_gap(binary, tmp_path):
    mix = (SCENARIO.parent / "broker-mix.xml").read_text()
    mix = mix.replace("../../workloads", f"{ROOT}/workloads").replace(' model="llama-3.1-8b"', "")
    mix = mix.replace('<plan tensor="1" pipeline="1"/>', "")
    mix = mix.replace('"constant" value="16"', '"uniform" min="17" max="31"')
    path = tmp_path / "mix.xml"
    path.write_text(mix)
    where, _, summary = sent("weighted", {"/scenario/@mix": str(path)}, idle_price="2 USD/h")
    assert sum(where) == 8 and min(where) >= 1
    assert 0.0 < summary["assignment_gap_to_flow_bound"] < 0.2


# Texas is in the US; France is not. The law comes before carbon and price.
def test_residency_comes_first(binary):
    assert sent("greenest", {"//organisation/@residency": "US"})[0] == (8, 0)
    assert sent("cheapest", {"//organisation/@residency": "FR"})[0] == (0, 8)


# With Trainium in the east, `fastest` weighs how well the model runs there: as well as it can, then
# at a twentieth of that.
def test_portability_decides(binary, tmp_path):
    golden = SCENARIO.parent
    text = (golden / "broker-world.xml").read_text()
    gpu = '<cluster id="east-gpu" domain="hgx-h100-8" fabric="rails-400g" count="4"/>'
    assert gpu in text
    trainium = '<cluster id="east-trn" domain="trn2-ultraserver" fabric="ultracluster" count="4"/>'
    text = text.replace(gpu, trainium).replace(
        '<xi:include href="../../platforms/catalog/nvidia.xml"/>',
        f'<xi:include href="{ROOT}/platforms/catalog/nvidia.xml"/>'
        f'<xi:include href="{ROOT}/platforms/catalog/amazon.xml"/>',
    )
    world = tmp_path / "world.xml"
    world.write_text(text)
    mix = (golden / "broker-mix.xml").read_text()
    mix = mix.replace("../../workloads", f"{ROOT}/workloads")
    east = {}
    for efficiency in ("100 %", "5 %"):
        path = tmp_path / f"mix-{len(east)}.xml"
        row = f'<portability model="llama-3.1-8b" vendor="amazon" efficiency="{efficiency}" '
        path.write_text(mix.replace("<stream ", f'{row}assumed="test"/><stream '))
        files = {"/scenario/@world": str(world), "/scenario/@mix": str(path)}
        east[efficiency] = sent("fastest", files)[0][1]
    assert east["100 %"] > east["5 %"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["//broker/@cost=-1"], "<broker> cost: '-1' is negative"),
        (["//broker/@cost=0"], "all weights are 0, so there is nothing to choose by"),
        (["//broker/@carbn=1"], "no parameter 'carbn'; did you mean 'carbon'?"),
        (["//broker/@idle-price=2"], "write e.g. '4.33 USD/h'"),
        (["//organisation/@home=nort"], "unknown site 'nort'; did you mean 'north'?"),
        (["//stream/@data=wets"], "unknown site 'wets'"),
        (["//organisation/@residency=DE CH"], "stream 'train' may run nowhere: organisation 'lab'"),
    ],
)
def test_bad_brokers(binary, settings, message):
    check_refuses(binary, SCENARIO, ["//broker/@policy=weighted", *settings], message)
