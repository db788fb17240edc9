import os
import subprocess
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import busbar
import pytest
from trace_file import TraceFile

ROOT = Path(__file__).resolve().parents[2]


def check_refuses(binary, scenario, settings, message):
    """`busbar check` of a scenario with some settings ends with 2 and says why."""
    command = [binary, "check", scenario]
    for setting in settings:
        command += ["--set", setting]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert message in result.stderr


@pytest.fixture
def root():
    return ROOT


@pytest.fixture
def trace_file(tmp_path):
    return TraceFile(tmp_path / "run.h5")


@pytest.fixture
def run(trace_file):
    with busbar.open(trace_file.write()) as opened:
        yield opened


@pytest.fixture(autouse=True)
def close_figures():
    yield
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.fixture
def binary():
    try:
        return busbar.find_binary()
    except busbar.BusbarError as error:
        pytest.skip(str(error))


@pytest.fixture
def at_root(monkeypatch):
    """Runs in the repository's root, as its paths are written."""
    monkeypatch.chdir(ROOT)
    return ROOT


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Puts a shell script in the simulator's place."""

    def make(body: str) -> Path:
        script = tmp_path / "busbar-stand-in"
        script.write_text(f"#!/bin/sh\n{body}\n")
        script.chmod(0o755)
        monkeypatch.setenv("BUSBAR_BIN", os.fspath(script))
        return script

    return make
