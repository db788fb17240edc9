"""Energy that services and jobs book is what their site's meter shows."""

import busbar
import one_service
import pytest

pytestmark = pytest.mark.binary

HOUR = 3600.0


# One server of eight chips serves; its site is dark from 0:30 to 1:30. The row of the first hour
# holds half an hour at the power drawn at its begin. It serves again from 2:00, at the next hour.
def test_a_service_that_loses_its_chips_within_the_hour(binary, tmp_path):
    outage = '<event at="30 min" kind="site-outage" site="site" duration="1 h"/>'
    path = one_service.write(
        tmp_path, servers=1, requests=20, horizon="3 h", event=outage, sample="15 min"
    )
    with busbar.run(path, progress=False) as run:
        power_w = run.cluster_series("it_power_w")["gpus"]
        serving = run.cluster_series("serving")["gpus"]
        rows = run.serving.set_index("time_s")
        it_j = run.table("summary/sites")["it_power_mean_w"].iloc[0] * 3 * HOUR
    assert [serving[t] for t in (0.0, 0.75 * HOUR, 2 * HOUR)] == [8, 0, 8]
    assert rows["energy_j"][0.0] == pytest.approx(power_w[0.0] * 0.5 * HOUR, rel=1e-9)
    assert rows["energy_j"][2 * HOUR] == pytest.approx(power_w[2 * HOUR] * HOUR, rel=1e-9)
    idle_j = power_w[1.75 * HOUR] * 0.5 * HOUR
    assert rows["energy_j"].sum() + idle_j == pytest.approx(it_j, rel=1e-9)
