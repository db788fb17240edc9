"""Running the simulator from Python, with a shell script in its place."""

import os
import sys

import busbar
import pytest

PROGRESS = '{"event":"progress","simulated_s":86400,"horizon_s":172800,"events":10}'


@pytest.fixture
def recorder(stand_in, trace_file, tmp_path):
    """A simulator that notes its arguments and hands over a ready trace."""
    ready = trace_file.write()
    arguments = tmp_path / "arguments"

    def make(extra: str = ""):
        stand_in(
            f'printf "%s\\n" "$@" > {arguments}\n{extra}\n'
            f'while [ "$1" != -o ]; do shift; done; cp {ready} "$2"'
        )
        return arguments

    return make


def test_overrides_become_options(recorder):
    arguments = recorder()
    with busbar.run(
        "s.xml", set={"//site[@id='n']/grid/@limit": "600 MW", "//@x": 3}, seed=5
    ) as run:
        assert len(run.jobs) == 6
    words = arguments.read_text().splitlines()
    assert words[:2] == ["run", "s.xml"]
    assert words[4:] == [
        "--set", "//site[@id='n']/grid/@limit=600 MW", "--set", "//@x=3", "--seed", "5",
        "--progress", "json",
    ]  # fmt: skip


def test_without_output_the_trace_lives_as_long_as_the_run(recorder):
    recorder()
    run = busbar.run("s.xml")
    assert run.path.exists()
    run.close()
    assert not run.path.parent.exists()


def test_a_named_output_stays(recorder, tmp_path):
    recorder()
    busbar.run("s.xml", output=tmp_path / "kept.h5").close()
    assert (tmp_path / "kept.h5").exists()


@pytest.mark.parametrize("code", [1, 2, 3, 4])
def test_failures_carry_the_diagnostics(stand_in, code):
    stand_in(f"echo '{PROGRESS}' >&2; echo \"s.xml:3:9: error: unknown 'x'\" >&2; exit {code}")
    with pytest.raises(busbar.BusbarError, match=r"s\.xml:3:9: error: unknown 'x'") as caught:
        busbar.run("s.xml")
    assert caught.value.exit_code == code
    assert "progress" not in str(caught.value)


def test_a_silent_death_is_told(stand_in):
    stand_in("kill -SEGV $$")
    with pytest.raises(busbar.BusbarError, match="ended by SIGSEGV"):
        busbar.run("s.xml")


def test_warnings_of_the_simulator_are_warnings(recorder):
    recorder("echo 's.xml:1:1: warning: odd' >&2")
    with pytest.warns(busbar.BusbarWarning, match="warning: odd"):
        busbar.run("s.xml").close()


# The bar is drawn on a terminal only, and wiped at the end.
def test_progress_is_drawn_and_wiped(recorder, monkeypatch, capsys):
    recorder(f"echo '{PROGRESS}' >&2")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    busbar.run("s.xml").close()
    drawn = capsys.readouterr().err.split("\r")
    assert " 50 %  day 1.0 of 2.0" in drawn[1]
    assert drawn[-1] == ""
    assert drawn[-2].strip() == ""


def test_progress_can_be_turned_off(recorder, monkeypatch, capsys):
    recorder(f"echo '{PROGRESS}' >&2")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    busbar.run("s.xml", progress=False).close()
    assert capsys.readouterr().err == ""


def test_the_environment_names_the_binary(monkeypatch, tmp_path):
    monkeypatch.setenv("BUSBAR_BIN", os.fspath(tmp_path / "none"))
    with pytest.raises(busbar.BusbarError, match="which is no executable file"):
        busbar.find_binary()
