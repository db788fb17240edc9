"""Generated streams have the shape of published clusters; the mixes are what the fit writes."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.binary


def test_shapes_are_the_published_ones(at_root, binary, monkeypatch):
    monkeypatch.setenv("BUSBAR_BIN", str(binary))
    done = subprocess.run(
        [sys.executable, "tests/validation/workload_shapes.py"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_mixes_are_what_the_fit_writes(at_root):
    subprocess.run([sys.executable, "scripts/fit_mixes", "--check"], check=True)
