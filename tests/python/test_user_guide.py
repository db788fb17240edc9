"""The pages of the user guide are followed to the letter: files, commands, what they print."""

import re
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.binary

BLOCK = re.compile(r"^```(xml|c|sh|text)\n(.*?)^```$", re.M | re.S)
FILES = {"xml": r"<!-- (\S+) -->", "c": r"/\* (\S+) \*/"}  # how a file names itself


def words(text):
    return " ".join(text.split())


@pytest.mark.parametrize("page", ["add-a-chip", "add-a-site", "add-a-model", "write-a-policy"])
def test_a_page_does_what_it_says(root, binary, tmp_path, page):
    for folder in ("platforms", "workloads"):
        shutil.copytree(root / folder, tmp_path / folder)
    (tmp_path / "runs").mkdir()
    (tmp_path / "sim" / "scheduling").mkdir(parents=True)
    header = "sim/scheduling/busbar_policy.h"
    shutil.copy(root / header, tmp_path / header)
    (tmp_path / "build" / "release").mkdir(parents=True)
    (tmp_path / "build" / "release" / "busbar").symlink_to(binary)
    printed, seen = "", dict.fromkeys(["file", "sh", "text"], 0)
    for kind, text in BLOCK.findall((root / f"sim/doc/user-guide/{page}.md").read_text()):
        seen["file" if kind in FILES else kind] += 1
        if kind in FILES:
            path = re.match(FILES[kind], text)[1]
            (tmp_path / path).write_text(text)
        elif kind == "sh":
            done = subprocess.run(
                ["bash", "-ec", text], cwd=tmp_path, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            printed = words(done.stdout)
        else:
            for line in text.splitlines():
                assert words(line) in printed, f"'{line}' is not in what was printed"
    assert min(seen.values()) > 0
