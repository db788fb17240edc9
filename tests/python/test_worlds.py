"""Every shipped file is accepted, and every public figure is met or explained."""

import json
import re
import subprocess

import pytest

pytestmark = pytest.mark.binary

EVERYTHING = "platforms/worlds/everything-2026.xml"


def run(binary, *arguments):
    return subprocess.run([binary, *arguments], capture_output=True, text=True, check=False)


def claims(binary, world, *arguments):
    result = run(binary, "list", "claims", world, "--json", *arguments)
    assert result.returncode == 0, result.stderr
    return {row["claim"]: row for row in json.loads(result.stdout)}


def percent(text):
    found = re.search(r"([+-]?\d+(?:\.\d+)?) %", text)
    return float(found[1]) if found else None


def test_every_shipped_file_is_accepted(at_root, binary):
    files = [
        *at_root.glob("platforms/*/*.xml"),
        *at_root.glob("platforms/catalog/efficiency/*.xml"),
        *at_root.glob("workloads/models/*.xml"),
        *at_root.glob("workloads/mixes/*.xml"),
        *at_root.glob("workloads/scenarios/*.xml"),
    ]
    assert len(files) > 50
    for file in files:
        result = run(binary, "check", file)
        assert result.returncode == 0, f"{file}: {result.stderr}"


def test_everything_holds_every_other_fleet(at_root, binary):
    all_claims = claims(binary, EVERYTHING)
    for world in at_root.glob("platforms/worlds/*.xml"):
        if world.stem in ("tiny", "rigid", "philly"):
            continue
        for name, row in claims(binary, world).items():
            assert all_claims[name] == row, f"{name} of {world.stem}"


def test_every_deviation_over_a_tenth_is_explained(at_root, binary):
    page = (at_root / "sim/doc/user-guide/public-figures.md").read_text()
    explained = {
        name: float(value)
        for name, value in re.findall(r"^\| `([^`]+)` \| ([+-]\d+) %", page, re.M)
    }
    deviating = {}
    for name, row in claims(binary, EVERYTHING).items():
        deviation = percent(row["deviation"])
        assert deviation is not None, f"{name} has no figure"
        if abs(deviation) > 10:
            deviating[name] = deviation
    assert set(explained) == set(deviating)
    for name, deviation in deviating.items():
        assert explained[name] == pytest.approx(deviation, abs=0.6), name


def test_a_claim_follows_the_deliveries(at_root, binary):
    delivery = "//cluster[@id='childress-gpu']/delivery[4]/@count=132"
    row = claims(binary, EVERYTHING, "--set", delivery)["tens-of-thousands-gb300"]
    assert percent(row["deviation"]) == pytest.approx(-12.5, abs=0.2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("//claim[@id='aws-3.8-gw']/@at=2024-01-01", "since"),
        ("//claim[@id='prometheus']/@sites=new-albania", "new-albany"),
        ("//claim[@id='prometheus']/@quantity=fame", "quantity"),
        ("//claim[@id='prometheus']/@value=1000", "unit"),
    ],
)
def test_wrong_claims_are_told(at_root, binary, change, message):
    result = run(binary, "check", EVERYTHING, "--set", change)
    assert result.returncode == 2
    assert message in result.stderr


def test_a_world_is_drawn(at_root, binary, tmp_path):
    picture = tmp_path / "map.png"
    result = run(binary, "show", EVERYTHING, "--plot", picture)
    assert result.returncode == 0, result.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert "river-bend" in result.stdout
    unwritable = run(binary, "show", EVERYTHING, "--plot", tmp_path / "no" / "map.png")
    assert unwritable.returncode == 4
    assert "cannot write" in unwritable.stderr


def test_sites_change_by_date(at_root, binary):
    from busbar import worldmap

    bend = worldmap.sites(EVERYTHING).query("site == 'river-bend'")
    assert bend.it_power.is_monotonic_increasing
    assert bend.it_power.iloc[-1] == pytest.approx(233e6, rel=0.01)
    assert bend.chips.iloc[-1] == 2880 * 64
