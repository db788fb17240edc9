"""The pages of the user guide are followed to the letter: files, commands, what they print."""

import re
import shutil
import subprocess

import pytest

pytestmark = pytest.mark.binary

BLOCK = re.compile(r"^```(xml|sh|text)\n(.*?)^```$", re.M | re.S)


def words(text):
    return " ".join(text.split())


@pytest.mark.parametrize("page", ["add-a-chip", "add-a-site", "add-a-model"])
def test_a_page_does_what_it_says(root, binary, tmp_path, page):
    for folder in ("platforms", "workloads"):
        shutil.copytree(root / folder, tmp_path / folder)
    (tmp_path / "runs").mkdir()
    (tmp_path / "build" / "release").mkdir(parents=True)
    (tmp_path / "build" / "release" / "busbar").symlink_to(binary)
    printed, seen = "", {"xml": 0, "sh": 0, "text": 0}
    for kind, text in BLOCK.findall((root / f"sim/doc/user-guide/{page}.md").read_text()):
        seen[kind] += 1
        if kind == "xml":
            path = re.match(r"<!-- (\S+) -->", text)[1]
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
