"""Prefill and decode apart: caches on the network, worked out by hand."""

import busbar
import pytest
from conftest import ROOT

pytestmark = pytest.mark.binary

GOLDEN = ROOT / "tests" / "golden"
SCENARIO = GOLDEN / "serving-split-scenario.xml"
HOUR = 3600.0
CACHE = 2000 * 80 * 2 * 8 * 128  # bytes: tokens, layers, keys and values, heads, numbers a head
RATE = 8 * CACHE  # bytes a second
WIDE = {"//building[@id='old']/@uplink": "400 Gbit/s"}  # leaves the line as the narrowest
SECOND = """
  <service id="more" model="llama-3.1-70b" input-tokens="2000" output-tokens="300" ttft="2 s"
    tpot="40 ms" assumed="test"><demand region="coast" requests="{rate} req/s"/>
    <disaggregated><prefill clusters="west-gpu" chips-per-replica="8"/>
    <decode sites="east" chips-per-replica="8"/></disaggregated></service>"""
JOB = """
  <stream id="wide" kind="pre-training" model="llama-3.1-8b" span="world" assumed="test">
    <chips distribution="constant" value="376"/>
    <tokens distribution="constant" value="100 Gtoken"/>
    <plan tensor="1" pipeline="1"/>
  </stream>
  <campaign id="one" assumed="test"><stage id="one" stream="wide"/></campaign>"""


def phases(run):
    rows = run.serving
    return rows[rows["phase"] == "prefill"], rows[rows["phase"] == "decode"]


def write(folder, *, more="", inside="", world=None):
    """The golden scenario with more in its mix and more in its scenario."""
    text = (GOLDEN / "serving-split-mix.xml").read_text()
    text = text.replace("../../workloads", f"{ROOT}/workloads")
    (folder / "mix.xml").write_text(text.replace("</workload>", more + "</workload>"))
    world_text = (GOLDEN / "serving-split-world.xml").read_text()
    world_text = world_text.replace("../../platforms", f"{ROOT}/platforms")
    (folder / "world.xml").write_text(world(world_text) if world else world_text)
    scenario = SCENARIO.read_text().replace("serving-split-mix.xml", "mix.xml")
    scenario = scenario.replace("serving-split-world.xml", "world.xml")
    (folder / "scenario.xml").write_text(scenario.replace("</scenario>", inside + "</scenario>"))
    return folder / "scenario.xml"


# Nobody else on the way: what is sent is requests times cache, what links carry is what is sent.
def test_the_flow_is_the_closed_form(binary):
    with busbar.run(SCENARIO, progress=False) as run:
        prefill, decode = phases(run)
        assert len(prefill) == len(decode) == 6
        assert prefill["served"].to_numpy() == pytest.approx(8 * HOUR, rel=1e-6)
        assert prefill["kv_sent"].to_numpy() == pytest.approx(RATE * HOUR, rel=1e-6)
        assert decode["kv_received"].to_numpy() == pytest.approx(RATE * HOUR, rel=1e-6)
        assert decode["tokens"].to_numpy() == pytest.approx(8 * HOUR * 300, rel=1e-6)
        assert run.summary["kv_bytes"] == pytest.approx(6 * HOUR * RATE, rel=1e-6)
        carried = run.link_totals["carried"]
        for link in ("wan:thin", "building:west:old", "fabric:east-gpu"):
            assert carried[link] == pytest.approx(6 * HOUR * RATE, rel=1e-6)
        assert carried["building:west:new"] == 0
        assert run.link_series()["wan:thin"].iloc[1:].to_numpy() == pytest.approx(RATE, rel=1e-6)
        # Requests count once, and each phase burns power where it stands.
        assert run.summary["requests_served"] == pytest.approx(6 * 8 * HOUR, rel=1e-6)
        assert decode["served"].sum() == 0 and prefill["tokens"].sum() == 0
        assert set(prefill["cluster"]) == {"west-trn"} and set(decode["cluster"]) == {"east-gpu"}
        assert (prefill["energy_j"] > 0).all() and (decode["energy_j"] > 0).all()


# 327.68 MB over 10 GB/s and 10 ms of fibre; at ten times the bandwidth a tenth of it. The line is a
# quarter busy, so the median does not wait for it. All of it is part of the time to first token.
def test_the_way_adds_to_the_time_to_first_token(binary):
    seen = []
    for bandwidth, rate in (("80 Gbit/s", 10e9), ("400 Gbit/s", 50e9)):
        change = {**WIDE, "//wan-link[@id='thin']/@bandwidth": bandwidth}
        with busbar.run(SCENARIO, set=change, progress=False) as run:
            row = phases(run)[0].iloc[1]
            assert row["kv_delay"] == pytest.approx(CACHE / rate + 0.010, rel=1e-6)
            seen.append(row)
    assert seen[0]["ttft_p50"] - seen[1]["ttft_p50"] == pytest.approx(CACHE * (1e-10 - 2e-11))
    # Layer by layer only the last of 80 layers is left when the prompt has been read.
    overlapped = {
        **WIDE,
        "//wan-link[@id='thin']/@bandwidth": "400 Gbit/s",
        "//disaggregated/@transfer": "overlapped",
    }
    with busbar.run(SCENARIO, set=overlapped, progress=False) as run:
        row = phases(run)[0].iloc[1]
        assert row["kv_delay"] == pytest.approx(CACHE / 50e9 / 80 + 0.010, rel=1e-6)


# Within one cluster without oversubscription no link can contend: 16 NICs of 25 GB/s set the time.
def test_within_a_cluster_nics_set_the_time(binary):
    change = {"//decode/@sites": "west", "//decode/@vendors": "amazon"}
    change["//decode/@chips-per-replica"] = "16"
    with busbar.run(SCENARIO, set=change, progress=False) as run:
        prefill, decode = phases(run)
        assert prefill["kv_delay"].to_numpy() == pytest.approx(CACHE / 400e9, rel=1e-6)
        assert decode["kv_received"].sum() == pytest.approx(6 * HOUR * RATE, rel=1e-6)
        assert run.link_totals["carried"].sum() == 0


# Between two buildings of a site: both uplinks, no WAN.
def test_between_buildings_uplinks_carry_it(binary):
    with busbar.run(SCENARIO, set={"//decode/@sites": "west"}, progress=False) as run:
        carried = run.link_totals["carried"]
        for link in ("building:west:old", "building:west:new"):
            assert carried[link] == pytest.approx(6 * HOUR * RATE, rel=1e-6)
        assert carried["wan:thin"] == 0
        # The old uplink has 5 GB/s, half of it in use.
        row = phases(run)[0].iloc[0]
        assert row["kv_delay"] >= CACHE / 5e9
        assert row["served"] == pytest.approx(8 * HOUR, rel=1e-6)


# A line of 3 GB/s. 3 requests a second take 0.98 GB/s, less than half: they get it, the other
# service the rest. With 20 a second both want more than half: half each.
@pytest.mark.parametrize(("rate", "own"), [(3, 3e9 - 3 * CACHE), (20, 1.5e9)])
def test_two_services_share_the_line(binary, tmp_path, rate, own):
    scenario = write(tmp_path, more=SECOND.format(rate=rate))
    change = {**WIDE, "//wan-link[@id='thin']/@bandwidth": "24 Gbit/s"}
    with busbar.run(scenario, set=change, progress=False) as run:
        prefill, _ = phases(run)
        chat = prefill[prefill["service"] == "chat"]
        more = prefill[prefill["service"] == "more"]
        assert chat["served"].to_numpy() == pytest.approx(own / CACHE * HOUR, rel=1e-6)
        assert more["served"].to_numpy() == pytest.approx((3e9 - own) / CACHE * HOUR, rel=1e-6)
        assert chat["shed"].to_numpy() == pytest.approx((8 - own / CACHE) * HOUR, rel=1e-5)


# A job over both sites hides its 16.06 GB of gradients behind its steps, and the line holds it up:
# the caches want less than half of it and get it, the job's step follows from the rest.
def test_a_training_job_shares_the_line(binary, tmp_path):
    scenario = write(
        tmp_path, more=JOB, inside='<co-schedule id="both" clusters="west-gpu east-gpu"/>'
    )
    with busbar.run(scenario, set=WIDE, progress=False) as run:
        prefill, _ = phases(run)
        assert prefill["served"].to_numpy() == pytest.approx(8 * HOUR, rel=1e-6)
        step = run.segments.iloc[-1]
        assert step["bound_by"] == "network"
        assert step["step_s"] == pytest.approx(2 * 8.0303e9 / (10e9 - RATE) + 0.020, rel=1e-4)


# The line is cut for the second half of the second hour, the last hour loses its decode site.
def test_cuts_and_outages_stop_what_needs_them(binary, tmp_path):
    scenario = write(
        tmp_path,
        inside='<event at="90 min" kind="fibre-cut" link="thin" duration="30 min"/>'
        '<event at="3 h" kind="site-outage" site="east" duration="90 min"/>'
        '<event at="5 h" kind="site-outage" site="west" duration="1 h"/>',
    )
    text = scenario.read_text()  # schema: events before <record>
    record = '<record sample="10 min"/>'
    scenario.write_text(text.replace(record, "").replace("</scenario>", record + "</scenario>"))
    with busbar.run(scenario, progress=False) as run:
        prefill, _ = phases(run)
        served = prefill.groupby("time_s")["served"].sum().reindex(range(0, 21600, 3600)).fillna(0)
        assert served.to_numpy() / (8 * HOUR) == pytest.approx([1, 0.5, 1, 0, 0, 0], abs=1e-3)
        assert run.summary["kv_bytes"] == pytest.approx(served.sum() * CACHE, rel=1e-6)


# Requests that may wait take what replicas and the line have left; their caches travel too.
def test_batch_requests_travel_too(binary):
    change = {"//service/@batch-tokens": "600 token/s", "//service/@batch-deadline": "2 h"}
    with busbar.run(SCENARIO, set=change, progress=False) as run:
        prefill, decode = phases(run)
        assert prefill["batch_served"].sum() == pytest.approx(6 * 2 * HOUR, rel=1e-6)
        assert prefill["kv_sent"].sum() == pytest.approx(6 * HOUR * 10 * CACHE, rel=1e-6)
        assert decode["tokens"].sum() == pytest.approx(6 * HOUR * 10 * 300, rel=1e-6)
        assert prefill["served"].to_numpy() == pytest.approx(8 * HOUR, rel=1e-6)


# Ten nodes for both phases and more requests than they can serve: neither phase takes them all, and
# what is shed is what is not served.
def test_phases_share_a_cluster_under_overload(binary):
    change = {
        "//demand/@requests": "500 req/s",
        "//prefill/@clusters": "east-gpu",
        "//prefill/@chips-per-replica": "8",
        "//cluster[@id='east-gpu']/@count": "10",
    }
    with busbar.run(SCENARIO, set=change, progress=False) as run:
        prefill, decode = phases(run)
        assert (prefill["replicas"].to_numpy() + decode["replicas"].to_numpy() <= 10).all()
        assert (prefill["replicas"] >= 2).all() and (decode["replicas"] >= 2).all()
        assert (prefill["served"] > 0).all()
        total = prefill["served"] + prefill["shed"]
        assert total.to_numpy() == pytest.approx(500 * HOUR)


# On the same chips: whole replicas stop their tokens for prompts, replicas of their own do not.
def test_tokens_no_longer_wait_for_prompts(binary, tmp_path):
    whole = write(tmp_path, more="")
    text = (tmp_path / "mix.xml").read_text()
    begin, end = text.index("<disaggregated>"), text.index("</disaggregated>")
    text = text[:begin] + text[end + len("</disaggregated>") :]
    text = text.replace(
        'organisation="lab"', 'organisation="lab" sites="east" chips-per-replica="8"'
    )
    (tmp_path / "mix.xml").write_text(text)
    split = {"//prefill/@clusters": "east-gpu", "//prefill/@chips-per-replica": "8"}
    with busbar.run(whole, progress=False) as run:
        one = run.serving.iloc[1]
        assert one["phase"] == "both" and one["kv_sent"] == 0 and one["kv_received"] == 0
    with busbar.run(SCENARIO, set=split, progress=False) as run:
        two = phases(run)[0].iloc[1]
    assert two["served"] == pytest.approx(one["served"])
    assert two["itl_p99"] == two["tpot_p99"] <= 0.040
    assert one["itl_p99"] > one["tpot_p99"] + 0.02


def test_no_path_is_told(binary, tmp_path):
    def cut(world):
        return "\n".join(line for line in world.splitlines() if "<wan-link" not in line)

    scenario = write(tmp_path, world=cut)
    with pytest.raises(busbar.BusbarError, match="no path takes caches from prefill at west"):
        busbar.run(scenario, progress=False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"//decode/@chips-per-replica": "16"}, "decode of service 'chat' fits no replica"),
        ({"//service/@ttft": "10 ms"}, "prefill of service 'chat' fits no replica.*one prompt"),
        ({"//service/@tpot": "1 ms"}, "decode of service 'chat' fits no replica.*one token"),
    ],
)
def test_an_infeasible_phase_is_told(binary, change, message):
    with pytest.raises(busbar.BusbarError, match=message) as caught:
        busbar.run(SCENARIO, set=change, progress=False)
    assert caught.value.exit_code == 2
