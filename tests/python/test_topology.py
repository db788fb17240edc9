"""Topologies on the command line: text, JSON, pictures, GraphML files, exports, bad requests."""

import json
import os
import subprocess
import sys
import tarfile

import busbar
import pytest
from busbar import topology

pytestmark = pytest.mark.binary

TINY = "platforms/worlds/tiny.xml"
GOOD = "tests/input/files/wan-good.graphml"
ZOO = "../shared/data/network/internet_topology_zoo_graphml.tar.gz"


def call(binary, *arguments):
    return subprocess.run(
        [binary, *arguments], capture_output=True, text=True, check=False,
        env={**os.environ, "BUSBAR_BIN": str(binary), "BUSBAR_PYTHON": sys.executable},
    )  # fmt: skip


def shown(binary, *arguments):
    result = call(binary, "show", "topology", *arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def chips(graph):
    return sum(v["kind"] == "chip" for v in graph["vertices"])


# 8x8x8 chips: three cables a chip, four hops an axis, two cross-sections of 64 cables.
def test_a_torus_slice(at_root, binary):
    graph = shown(binary, TINY, "--cluster", "bayou-tpu", "--slice", "8x8x8")
    assert (graph["kind"], chips(graph), len(graph["cables"])) == ("torus", 512, 1536)
    assert graph["diameter_hops"] == 12
    assert graph["bisection_Bps"] == 2 * 64 * 100e9
    assert sum(c["wraps"] for c in graph["cables"]) == 3 * 64


# Whole cubes close their rings, parts of a cube do not.
@pytest.mark.parametrize(("slice_", "wraps"), [("4x4x4", 48), ("2x4x4", 0), ("2x2x1", 0)])
def test_a_slice_below_a_cube_is_a_mesh(at_root, binary, slice_, wraps):
    graph = shown(binary, TINY, "--cluster", "bayou-tpu", "--slice", slice_)
    assert sum(c["wraps"] for c in graph["cables"]) == wraps


def test_twisting_widens_the_waist(at_root, binary):
    # Twists of Ironwood are not published: as if they were.
    where = (TINY, "--cluster", "bayou-tpu", "--set", "//pod[@id='ironwood-superpod']/@twists=true")
    plain = shown(binary, *where, "--slice", "4x4x8")
    twisted = shown(binary, *where, "--slice", "4x4x8-twisted")
    assert twisted["bisection_Bps"] > plain["bisection_Bps"]
    assert twisted["mean_hops"] < plain["mean_hops"]


def test_the_text_says_the_same(at_root, binary):
    text = call(binary, "show", "topology", TINY, "--cluster", "mesa-gpu").stdout
    assert "72 chips, 1 switch" in text
    assert "bisection  32.4 TB/s one way" in text
    wan = call(binary, "show", "topology", TINY).stdout
    assert "bayou-mesa" in wan and "1.60 Tbit/s" in wan and "6 ms" in wan


# Fibre of 1.4 great circles at two thirds of the speed of light: 1,145 km are 8.0 ms.
def test_latency_follows_from_length(at_root, binary):
    graph = shown(binary, GOOD)
    assert [c["capacity_Bps"] for c in graph["cables"]] == [1.25e9, 1.25e9]
    assert graph["cables"][0]["latency_s"] == pytest.approx(1145e3 * 1.4 / 1.99862e8, rel=0.005)


def world_with(tmp_path, backbone, sites=("east", "west")):
    places = {"east": "40.0 -75.0", "west": "38.0 -120.0", "mid": "41.0 -88.0"}
    text = '<platform name="w">'
    for site in sites:
        latitude, longitude = places[site].split()
        text += f'<site id="{site}" latitude="{latitude} deg" longitude="{longitude} deg" '
        text += 'assumed="test"/>'
    path = tmp_path / "world.xml"
    path.write_text(text + backbone + "</platform>")
    return path


# Each site goes to its nearest node, but for the one that is told where; all are joined.
def test_sites_attach_to_a_backbone(at_root, binary, tmp_path):
    href = (at_root / GOOD).resolve()
    world = world_with(
        tmp_path,
        f'<backbone id="net" href="{href}" assumed="test"><attach site="west" node="Chicago" '
        'bandwidth="400 Gbit/s" latency="9 ms"/></backbone>',
    )
    graph = shown(binary, world)
    access = {c["name"]: c for c in graph["cables"] if not c["name"].startswith("net")}
    assert set(access) == {"east--net-new-york", "west--net-chicago"}
    assert access["west--net-chicago"]["capacity_Bps"] == 50e9
    assert access["west--net-chicago"]["latency_s"] == pytest.approx(9e-3)
    assert access["east--net-new-york"]["capacity_Bps"] == 1.25e9  # all links of New York
    way = graph["cables"][0]["latency_s"] + sum(c["latency_s"] for c in access.values())
    assert graph["farthest_s"] == pytest.approx(way)
    assumed = call(binary, "list", "assumptions", world).stdout
    assert "great circle x 1.4 of fibre" in assumed


# A run over a backbone: its links carry the traffic between the sites, its file stands in the trace
# and counts in the scenario's hash.
def test_a_run_crosses_a_backbone(at_root, binary, tmp_path):
    graph = tmp_path / "net.graphml"
    graph.write_text((at_root / GOOD).read_text())
    world = (at_root / TINY).read_text()
    start, end = world.index("<wan-link"), world.index("<claim")
    backbone = (
        '<backbone id="net" href="net.graphml" assumed="test">'
        '<attach site="bayou" node="New York" bandwidth="1 Tbit/s"/>'
        '<attach site="mesa" node="San Francisco" bandwidth="1 Tbit/s"/></backbone>'
    )
    world = world[:start] + backbone + world[end:]
    (tmp_path / "world.xml").write_text(
        world.replace("../catalog", os.fspath(at_root / "platforms/catalog"))
    )
    scenario = (at_root / "workloads/scenarios/tiny.xml").read_text()
    scenario = scenario.replace("../../platforms/worlds/tiny.xml", "world.xml")
    scenario = scenario.replace("../mixes", os.fspath(at_root / "workloads/mixes"))
    (tmp_path / "scenario.xml").write_text(scenario)
    hashes = []
    for speed in ("1e10", "1e12"):
        graph.write_text((at_root / GOOD).read_text().replace("1e10", speed))
        out = tmp_path / f"{speed}.h5"
        done = call(binary, "run", tmp_path / "scenario.xml", "-o", out)
        assert done.returncode == 0, done.stderr
        with busbar.open(out) as run:
            hashes.append(run.provenance["scenario_hash"])
            names = list(run.links.index)
            assert "wan:net-new-york--chicago" in names
            assert "wan:bayou--net-new-york" in names
            assert any(name.endswith("net.graphml") for name in run.inputs)
    assert hashes[0] != hashes[1]


# Whatever a file of the Internet Topology Zoo lacks is told with its remedy; with defaults, all
# nodes and edges are there (two edges of the whole zoo join a node to itself).
def test_every_file_of_the_zoo_is_read(at_root, binary, tmp_path):
    if not os.path.exists(ZOO):
        pytest.skip(f"there is no '{ZOO}'")
    with tarfile.open(ZOO) as archive:
        for member in archive.getmembers():
            if member.isfile() and member.name.endswith(".graphml"):
                target = tmp_path / os.path.basename(member.name)
                target.write_bytes(archive.extractfile(member).read())
    files = sorted(tmp_path.rglob("*.graphml"))
    assert len(files) > 250
    complete, in_parts, told = 0, 0, []
    for file in files:
        alone = call(binary, "show", "topology", file, "--json")
        assert alone.returncode in (0, 2), (file, alone.stderr)
        if alone.returncode == 2:
            told.append(alone.stderr)
            assert "--link-bandwidth" in alone.stderr or "--link-latency" in alone.stderr, file
        complete += alone.returncode == 0
        graph = shown(binary, file, "--link-bandwidth", "10 Gbit/s", "--link-latency", "5 ms")
        text = file.read_text(encoding="utf-8")
        assert len(graph["vertices"]) == text.count("<node "), file
        loops = 2 if len(graph["cables"]) < text.count("<edge ") else 0
        assert text.count("<edge ") - len(graph["cables"]) <= loops, file
        in_parts += graph["parts"] > 1
    assert complete == 9  # all speeds and all coordinates
    assert in_parts > 0
    assert len(told) == len(files) - complete


BAD = [
    (["--slice", "8x8x8"], "--slice needs --cluster"),
    (["--cluster", "mesa-gp"], "did you mean 'mesa-gpu'?"),
    (["--cluster", "bayou-tpu", "--slice", "8x8x6"], "multiples of 4x4x4 on each axis"),
    (
        ["--cluster", "bayou-tpu", "--slice", "64x64x64"],
        "a slice of pod 'ironwood-superpod' has at most 144",
    ),
    (
        ["--cluster", "bayou-tpu", "--slice", "16x16x16"],
        "it needs 64 domains of 'ironwood-cube', there are 32",
    ),
    (["--cluster", "bayou-tpu", "--slice", "8x8"], "its tori have 3 axes"),
    (
        ["--cluster", "bayou-tpu", "--slice", "4x4x12-twisted"],
        "twisted slices have the form AxAx2A or Ax2Ax2A",
    ),
    (["--cluster", "bayou-tpu", "--slice", "100"], "no shape has 100 chips; it offers 2x2x1"),
    (["--cluster", "bayou-tpu", "--slice", "axb"], "write a shape, a number of chips"),
    (["--cluster", "bayou-tpu", "--slice", "-8"], "write a shape, a number of chips"),
    (["--cluster", "mesa-gpu", "--slice", "8x8"], "its chips are switched: write their number"),
    (
        ["--cluster", "mesa-gpu", "--slice", "6400"],
        "it needs 100 domains of 'gb300-nvl72', there are 6",
    ),
    (
        ["--cluster", "mesa-trn", "--slice", "4x4x8"],
        "it offers 4x4x1, 4x4x4, and several of them as N*4x4x4",
    ),
    (["--link-bandwidth", "10 Gbit/s"], "for GraphML files"),
]


@pytest.mark.parametrize(("arguments", "rule"), BAD)
def test_bad_requests_are_told(at_root, binary, arguments, rule):
    for command in (["show", "topology"], ["export", "simgrid", "-o", "/dev/null", "--force"]):
        result = call(binary, *command, TINY, *arguments)
        assert result.returncode == 2
        assert rule in result.stderr
        assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (["--link-bandwidth", "10"], "--link-bandwidth '10'"),
        (["--link-bandwidth", "0 bit/s"], "is below 1"),
        (["--link-latency", "5 GB"], "--link-latency '5 GB'"),
        (["--cluster", "x"], "a GraphML file has no clusters"),
    ],
)
def test_bad_defaults_are_told(at_root, binary, arguments, rule):
    result = call(binary, "show", "topology", GOOD, *arguments)
    assert result.returncode == 2 and rule in result.stderr


def test_a_world_without_sites_is_told(at_root, binary):
    result = call(binary, "show", "topology", "platforms/worlds/chips.xml")
    assert result.returncode == 2 and "has no sites" in result.stderr
    assert call(binary, "show").returncode == 2


PICTURES = [
    [TINY],
    [TINY, "--cluster", "bayou-tpu", "--slice", "4x4x8"],
    [TINY, "--cluster", "bayou-tpu", "--slice", "8x8x8"],
    [TINY, "--cluster", "mesa-trn"],
    [TINY, "--cluster", "mesa-gpu"],
    [TINY, "--cluster", "mesa-gpu", "--slice", "8"],
    [TINY, "--cluster", "mesa-gpu", "--slice", "384"],
    [TINY, "--cluster", "bayou-tpu", "--slice", "2048"],
    [GOOD],
]


@pytest.mark.parametrize("arguments", PICTURES)
def test_pictures_name_what_they_show(at_root, binary, arguments):
    graph = shown(binary, *arguments)
    figure = topology.draw(graph)
    figure.canvas.draw()
    title = figure.get_suptitle() or figure.axes[0].get_title()
    assert graph["title"] in title and "one way" in title


def test_a_picture_is_written(at_root, binary, tmp_path):
    picture = tmp_path / "rack.png"
    result = call(binary, "show", "topology", TINY, "--cluster", "mesa-gpu", "--plot", picture)
    assert result.returncode == 0, result.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    nowhere = tmp_path / "no" / "rack.png"
    failed = call(binary, "show", "topology", TINY, "--cluster", "mesa-gpu", "--plot", nowhere)
    assert failed.returncode == 4


def test_exports_are_files(at_root, binary, tmp_path):
    out = tmp_path / "platform.xml"
    assert call(binary, "export", "simgrid", TINY, "-o", out).returncode == 0
    text = out.read_text()
    assert text.count("<cluster ") == 4 and '<platform version="4.1">' in text
    assert "'" + str(out) in call(binary, "export", "simgrid", TINY, "-o", out).stderr
    assert call(binary, "export", "simgrid", TINY, "-o", out).returncode == 4
    again = call(
        binary, "export", "simgrid", TINY, "-o", out, "--force", "--cluster", "bayou-tpu",
        "--slice", "8x8x8",
    )  # fmt: skip
    assert again.returncode == 0 and "512 hosts" in again.stdout
    assert 'topo_parameters="8,8,8"' in out.read_text()
    sites = call(binary, "export", "simgrid", TINY, "-o", out, "--force", "--granularity", "site")
    assert sites.returncode == 0 and '<host id="bayou"' in out.read_text()
    assert call(binary, "export", "simgrid", GOOD, "-o", out, "--force").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "rule"),
    [
        (["--granularity", "chip"], 2, "needs --cluster"),
        (["--granularity", "site", "--cluster", "mesa-gpu"], 2, "chip by chip"),
        (["--granularity", "rack"], 2, "rack"),
    ],
)
def test_bad_exports_are_told(at_root, binary, tmp_path, arguments, code, rule):
    out = tmp_path / "platform.xml"
    result = call(binary, "export", "simgrid", TINY, "-o", out, *arguments)
    assert result.returncode == code and rule in result.stderr
    assert not out.exists()


def test_a_world_too_large_to_write_is_told(at_root, binary, tmp_path):
    out = tmp_path / "platform.xml"
    world = "platforms/worlds/everything-2026.xml"
    result = call(binary, "export", "simgrid", world, "-o", out)
    assert result.returncode == 2 and "--granularity site writes its sites" in result.stderr
    assert not out.exists()
    sites = call(binary, "export", "simgrid", world, "-o", out, "--granularity", "site")
    assert sites.returncode == 0


def test_a_full_disk_is_an_io_failure(at_root, binary):
    full = call(binary, "export", "simgrid", TINY, "-o", "/dev/full", "--force")
    assert full.returncode == 4 and "cannot write" in full.stderr
