"""`busbar collective` and `busbar validate collectives`: times, fidelities, refusals."""

import json
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.binary

WORLD = ["--world", "platforms/worlds/anthropic-2026.xml"]
GIB = 2.0**30


def call(binary, *arguments):
    return subprocess.run([binary, *arguments], capture_output=True, text=True, check=False)


def answers(binary, *arguments):
    result = call(binary, "collective", *arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def abstract(topology, bandwidth, *more):
    return ["--topology", topology, "--link-bandwidth", bandwidth, *more]


def test_both_fidelities_agree(at_root, binary):
    closed, flow = answers(
        binary, *abstract("torus:4x4x4", "50 GiB/s"), "--size", "1GiB", "--fidelity", "both"
    )
    assert (closed["fidelity"], flow["fidelity"]) == ("closed", "flow")
    assert closed["time_s"] == pytest.approx(flow["time_s"], rel=1e-6)
    # 2 (63/64) of 1 GiB over six cables, and 18 hops there and back.
    assert closed["bound_s"] == pytest.approx(6.5625e-3)
    assert closed["time_s"] == pytest.approx(6.5625e-3 + 18e-6)
    assert closed["algbw_Bps"] == pytest.approx(GIB / closed["time_s"])
    assert closed["busbw_Bps"] == pytest.approx(2 * 63 / 64 * GIB / closed["time_s"])
    assert closed["algorithm"] == "multi-ring"


@pytest.mark.parametrize("extra", [["--fail", "link"], ["--fail", "link:z", "--unfold"]])
def test_a_dead_cable_costs_the_same_in_both(at_root, binary, extra):
    network = abstract("torus:4x4x4", "50 GiB/s", "--link-latency", "0 s")
    whole = answers(binary, *network)[0]["time_s"]
    for answer in answers(binary, *network, *extra, "--fidelity", "both"):
        assert answer["time_s"] == pytest.approx(1.25 * whole, rel=1e-6)


def test_a_port_bounds_what_does_not_add_up(at_root, binary):
    (answer,) = answers(binary, *abstract("switch:72", "900 GiB/s"), "--size", "1GiB")
    assert answer["time_s"] >= answer["bound_s"] == pytest.approx(2.19e-3, rel=1e-3)


@pytest.mark.parametrize(
    ("topology", "rate"),
    [("torus:4x4x4", 200e9), ("torus:8x8x8", 100e9), ("torus:4x8x24", 33.33e9)],
)
def test_all_to_all_of_tori(at_root, binary, topology, rate):
    for answer in answers(
        binary, *abstract(topology, "100 GB/s"), "--op", "all-to-all", "--fidelity", "both"
    ):
        assert answer["algbw_Bps"] == pytest.approx(rate, rel=5e-3)


def test_sites_send_over_the_wan(at_root, binary):
    network = abstract("switch:1", "1 TB/s", "--size", "2 TB", "--sites", "2")
    wan = ["--wan-latency", "12.5 ms", "--wan-bandwidth"]
    for bandwidth, seconds in (("1 Tbit/s", 16.0), ("10 Tbit/s", 1.6), ("100 Tbit/s", 0.16)):
        for answer in answers(binary, *network, *wan, bandwidth, "--fidelity", "both"):
            assert answer["time_s"] == pytest.approx(seconds + 0.025, rel=1e-6)


def test_slices_of_a_world_agree_in_both_fidelities(at_root, binary):
    world = json.loads(call(binary, "list", "clusters", WORLD[1], "--json").stdout)
    tpu = next(c["cluster"] for c in world if c["domain"] == "ironwood-cube")
    slices = {"8x8x16": 1024, "2x2x1": 4}
    for text in slices:
        closed, flow = answers(
            binary, *WORLD, "--cluster", tpu, "--slice", text, "--fidelity", "both"
        )
        assert closed["time_s"] == pytest.approx(flow["time_s"], rel=1e-6)
        assert closed["time_s"] > closed["bound_s"]
    cube = call(
        binary, "collective", *WORLD, "--cluster", tpu, "--slice", "4x4x8", "--fail", "cube"
    )
    assert cube.returncode == 0
    assert "another cube of the pod" in cube.stderr
    refused = call(binary, "collective", *WORLD, "--cluster", tpu, "--slice", "3x4x4")
    assert refused.returncode == 2
    assert "multiples of 4x4x4" in refused.stderr


def test_sums_on_a_torus_pass_the_memory(at_root, binary):
    # A reduce-scatter sends what an all-gather does, and adds 3 (n-1)/n S of memory traffic at
    # 7,370 GB/s where only all-gathers are timed.
    tpu = ["--cluster", "google-tpu", "--slice", "4x4x8", "--size", "1 GB"]
    times = {
        op: answers(binary, *WORLD, *tpu, "--op", op)[0]["time_s"]
        for op in ("all-gather", "reduce-scatter", "all-reduce")
    }
    sums = 3 * 127 / 128 * 1e9 / 7370e9
    assert times["reduce-scatter"] - times["all-gather"] == pytest.approx(sums, rel=1e-6)
    assert times["all-reduce"] > times["all-gather"] + times["reduce-scatter"] - 20e-6


def test_bytes_for_nics_behind_a_host_are_copied_twice(at_root, binary, tmp_path):
    # Two slices of one chip: 1 GB each way over its part of two NICs of 100 Gbit/s for eight, of
    # which 95 % are left, and at each end between the chip and its host.
    platforms = tmp_path / "platforms"
    shutil.copytree(at_root / "platforms", platforms)
    world, catalogue = platforms / "worlds/tiny.xml", platforms / "catalog/google.xml"
    tpu = 'domain="ironwood-cube" fabric="jupiter" pod="ironwood-superpod"'
    text = world.read_text()
    assert tpu in text
    world.write_text(text.replace(tpu, 'domain="tpu-v5e-pod" fabric="jupiter"'))
    shipped = catalogue.read_text()
    mark = ' host-link="16 GB/s"'
    assert mark in shipped

    def time_s(link):
        catalogue.write_text(shipped.replace(mark, link))
        slices = ["--world", str(world), "--cluster", "bayou-tpu", "--slice", "2*1x1"]
        closed, flow = answers(binary, *slices, "--size", "1 GB", "--fidelity", "both")
        assert closed["time_s"] == pytest.approx(flow["time_s"], rel=1e-6)
        return closed["time_s"]

    alone = time_s("")
    assert alone == pytest.approx(1e9 / (0.95 * 3.125e9), rel=1e-3)
    assert time_s(mark) - alone == pytest.approx(2 * 1e9 / 16e9, rel=1e-6)
    assert time_s(' host-link="8 GB/s"') - alone == pytest.approx(2 * 1e9 / 8e9, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (abstract("torus:4x4", "1 GB/s", "--algorithm", "nvls"), "these can: multi-ring"),
        (abstract("torus:4x4", "1 GB/s", "--algorithm", "rings"), "unknown algorithm 'rings'"),
        (abstract("star:4", "1 GB/s"), "unknown kind 'star'; write torus:4x4x4"),
        (abstract("torus:4x4", "1"), "no unit"),
        (abstract("torus:4x4", "0 B/s"), "must be above 0"),
        (abstract("torus:4x4", "1 GB/s", "--size", "-1 GB"), "must not be negative"),
        (abstract("switch:4", "1 GB/s", "--fail", "link"), "only tori have cables"),
        (abstract("torus:4x4", "1 GB/s", "--fail", "link:z"), "cables along link:x, link:y"),
        (abstract("torus:4x4", "1 GB/s", "--fail", "cube"), "only slices of pods of cubes"),
        (abstract("mesh:8", "1 GB/s", "--fail", "link"), "no algorithm does all-reduce"),
        (abstract("torus:4x4", "1 GB/s", "--sites", "2"), "the sites are not joined"),
        (abstract("switch:1", "1 GB/s"), "at least two chips"),
        (["--topology", "torus:4x4"], "--topology needs --link-bandwidth"),
        (["--cluster", "x"], "--world"),
        ([], "write --world, --cluster and --slice"),
        ([*WORLD, "--cluster", "nope", "--slice", "8"], "no cluster 'nope'"),
    ],
)
def test_what_cannot_be_is_refused(at_root, binary, arguments, message):
    result = call(binary, "collective", *arguments)
    assert result.returncode == 2
    assert message in result.stderr


HEAD = "system,lib,lib_version,device,op_name,dtype,num_gpus,bytes,latency_us\n"


def test_measured_rows_are_compared(at_root, binary, tmp_path):
    table = tmp_path / "nccl.csv"
    table.write_text(
        HEAD
        + "h100_sxm,nccl,2,H100,all_reduce,half,8,536870912,2112\n"
        + "h100_sxm,nccl,2,H100,all_reduce,half,8,1024,15.7\n"
        + "h100_sxm,nccl,2,H100,all_shuffle,half,8,1024,15.7\n"
        + "abacus,nccl,2,beads,all_reduce,half,8,1024,15.7\n"
    )
    result = call(binary, "validate", "collectives", "--table", table, "--json")
    assert result.returncode == 0, result.stderr
    large, small, other, unknown = json.loads(result.stdout)["rows"]
    assert large["unit"] == "s"
    assert large["measured"] == pytest.approx(2.112e-3)
    assert large["predicted"] == pytest.approx(2.112e-3, rel=0.05)
    assert small["predicted"] == pytest.approx(15.7e-6, rel=0.25)
    assert not other["expressible"]
    assert unknown["reason"] == "no chip 'abacus' in the catalogue"
    text = call(binary, "validate", "collectives", "--table", table).stdout
    assert "2 of 4 rows expressible" in text


def test_published_curves_come_within_15_percent(at_root, binary):
    result = call(
        binary, "validate", "collectives", "--table", "tests/validation/collective_curves.csv",
        "--json",
    )  # fmt: skip
    rows = [r for r in json.loads(result.stdout)["rows"] if r["expressible"]]
    assert len(rows) == 31
    for row in rows:
        assert row["predicted"] == pytest.approx(row["measured"], rel=0.15), row["id"]


def test_malformed_tables_are_told(at_root, binary, tmp_path):
    table = tmp_path / "bad.csv"
    table.write_text("id,chip\na,b\n")
    result = call(binary, "validate", "collectives", "--table", table)
    assert result.returncode == 2
    assert "no column 'slice'" in result.stderr
    result = call(binary, "validate", "collectives", "--table", table, "--refit")
    assert result.returncode == 2
