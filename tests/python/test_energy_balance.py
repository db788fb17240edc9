"""Energy that services and jobs book is what their site's meter shows."""

import busbar
import pytest
from conftest import ROOT

pytestmark = pytest.mark.binary

HOUR = 3600.0


# One server of eight chips serves; its site is dark from 0:30 to 1:30. The row of the first hour
# holds half an hour at the power drawn at its begin. It serves again from 2:00, at the next hour.
def test_a_service_that_loses_its_chips_within_the_hour(binary, tmp_path):
    (tmp_path / "world.xml").write_text(
        '<platform name="one" xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{ROOT}/platforms/catalog/nvidia.xml"/>'
        '<region id="here" latitude="0 deg" longitude="0 deg" utc-offset="0 h" assumed="none"/>'
        '<site id="site" latitude="0 deg" longitude="0 deg" assumed="none">'
        '<cluster id="gpus" domain="hgx-h100-8" fabric="rails-400g" count="1"/></site></platform>'
    )
    (tmp_path / "mix.xml").write_text(
        '<workload name="one" xmlns:xi="http://www.w3.org/2001/XInclude">'
        f'<xi:include href="{ROOT}/workloads/models/open-models.xml"/>'
        '<service id="chat" model="llama-3.1-8b" input-tokens="1000" output-tokens="200" '
        'ttft="2 s" tpot="50 ms" assumed="none">'
        '<demand region="here" requests="20 req/s"/></service></workload>'
    )
    (tmp_path / "scenario.xml").write_text(
        '<scenario name="one" world="world.xml" mix="mix.xml" start="2026-01-01" horizon="3 h">'
        '<event at="30 min" kind="site-outage" site="site" duration="1 h"/>'
        '<record sample="15 min"/></scenario>'
    )
    with busbar.run(tmp_path / "scenario.xml", progress=False) as run:
        power_w = run.cluster_series("it_power_w")["gpus"]
        serving = run.cluster_series("serving")["gpus"]
        rows = run.serving.set_index("time_s")
        it_j = run.table("summary/sites")["it_power_mean_w"].iloc[0] * 3 * HOUR
    assert [serving[t] for t in (0.0, 0.75 * HOUR, 2 * HOUR)] == [8, 0, 8]
    assert rows["energy_j"][0.0] == pytest.approx(power_w[0.0] * 0.5 * HOUR, rel=1e-9)
    assert rows["energy_j"][2 * HOUR] == pytest.approx(power_w[2 * HOUR] * HOUR, rel=1e-9)
    idle_j = power_w[1.75 * HOUR] * 0.5 * HOUR
    assert rows["energy_j"].sum() + idle_j == pytest.approx(it_j, rel=1e-9)
