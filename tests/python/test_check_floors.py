"""The floor checker finds each kind of violation in a small tree, and none in this one."""

import subprocess
import sys

import pytest

FLAWS = {
    "floor": (
        "sim/power/a.cpp", '#include "sim/engine/clock.h"\n',
        "sim/power/a.cpp:1: power (floor 2) includes engine (floor 5)",
    ),
    "neighbour": (
        "sim/power/a.cpp", '// one line\n#include "sim/record/rows.h"\n',
        "sim/power/a.cpp:2: power (floor 2) includes record (floor 2)",
    ),
    "library": (
        "sim/model/a.h", "#include <simgrid/s4u.hpp>\n",
        "sim/model/a.h:1: SimGrid in model; it lives in engine only",
    ),
    "part of a library": (
        "sim/base/a.h", "#include <boost/graph/adjacency_list.hpp>\n",
        "sim/base/a.h:1: Boost.Graph in base; it lives in topology only",
    ),
    "C library": (
        "sim/engine/a.cpp", "#include <hdf5.h>\n",
        "sim/engine/a.cpp:1: HDF5 in engine; it lives in record only",
    ),
    "library in a unit test": (
        "tests/unit/model/a.cpp", "#include <CLI/CLI.hpp>\n",
        "tests/unit/model/a.cpp:1: CLI11 in model; it lives in cli only",
    ),
    "link to a higher floor": (
        "sim/power/CMakeLists.txt",
        "busbar_library(power SOURCES a.cpp PUBLIC busbar::model busbar::engine)\n",
        "sim/power/CMakeLists.txt:1: power (floor 2) links busbar::engine (floor 5)",
    ),
    "link of a library": (
        "sim/power/CMakeLists.txt",
        "busbar_library(power\n  SOURCES a.cpp\n  PRIVATE PkgConfig::simgrid)\n",
        "sim/power/CMakeLists.txt:3: power links PkgConfig::simgrid; SimGrid lives in engine only",
    ),
    "public link of a library": (
        "sim/xml/CMakeLists.txt", "busbar_library(xml SOURCES a.cpp PUBLIC LibXml2::LibXml2)\n",
        "sim/xml/CMakeLists.txt:1: xml links LibXml2::LibXml2 PUBLIC; libraries are linked PRIVATE",
    ),
    "include without link": (
        "sim/engine/a.cpp", '#include "sim/power/power.h"\n',
        "sim/engine/a.cpp:1: engine includes power, but its CMakeLists.txt links neither",
    ),
    "include not from the root": (
        "sim/power/a.cpp", '#include "power.h"\n',
        'sim/power/a.cpp:1: "power.h" does not start at the root',
    ),
    "new folder": (
        "sim/weather/a.h", "",
        "sim/weather: folder 'weather' has no floor",
    ),
}  # fmt: skip


@pytest.fixture
def tree(tmp_path):
    """A sound little house of three folders."""
    files = {
        "sim/model/model.h": "#include <vector>\n",
        "sim/model/CMakeLists.txt": "busbar_library(model PUBLIC fmt::fmt)\n",
        "sim/power/power.h": '#include "sim/model/model.h"\n',
        "sim/power/CMakeLists.txt": "busbar_library(power SOURCES p.cpp PUBLIC busbar::model)\n",
        "sim/engine/clock.h": '#include "sim/model/model.h"\n',
        "sim/engine/clock.cpp": "#include <simgrid/s4u.hpp>\n",
        "sim/engine/CMakeLists.txt": "busbar_library(engine SOURCES clock.cpp\n"
        "  PUBLIC busbar::model  # comment (with brackets)\n  PRIVATE PkgConfig::simgrid)\n",
    }
    for name, text in files.items():
        write(tmp_path / name, text)
    return tmp_path


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def check(root, tree):
    command = [sys.executable, root / "scripts" / "check_floors", tree]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_sound_tree_passes(root, tree):
    result = check(root, tree)
    assert (result.returncode, result.stdout) == (0, "floors: no violations\n")


@pytest.mark.parametrize("flaw", FLAWS)
def test_each_flaw_is_found_at_its_line(root, tree, flaw):
    name, text, said = FLAWS[flaw]
    write(tree / name, text)
    result = check(root, tree)
    assert result.returncode == 1
    assert said in result.stdout


# A public link carries its own public links: engine reaches model through power.
def test_public_links_are_followed(root, tree):
    write(
        tree / "sim/engine/CMakeLists.txt",
        "busbar_library(engine SOURCES c.cpp PRIVATE busbar::power PkgConfig::simgrid)\n",
    )
    assert check(root, tree).returncode == 0


def test_this_repository_passes(root):
    result = check(root, root)
    assert result.returncode == 0, result.stdout
