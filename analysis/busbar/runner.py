"""Run the simulator from Python."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from busbar.errors import BusbarError, BusbarWarning
from busbar.trace import Run

INTERRUPTED = 130


def run(
    scenario: str | os.PathLike,
    set: Mapping[str, object] | None = None,
    output: str | os.PathLike | None = None,
    seed: int | None = None,
    progress: bool = True,
    *,
    replicate: int | None = None,
    force: bool = False,
    policy_library: str | os.PathLike | None = None,
    policy_timeout: str | None = None,
) -> Run:
    """Run a scenario and open its trace.

    Args:
        scenario: scenario XML file.
        set: overrides, XPath to value: `{"//site[@id='abilene']/grid/@limit": "600 MW"}`.
        output: the trace to write; None puts it in a temporary place until the run is closed.
        seed: seed of all random streams, instead of the scenario's.
        progress: draw a progress bar, on a terminal and in a notebook.
        replicate: replicate number, shared across variants.
        force: overwrite an existing output.
        policy_library: shared library with a queue policy, which takes the place of the scenario's.
        policy_timeout: longest time of one of its calls, with its unit; None: "10 s".

    Returns:
        The opened run.

    Raises:
        BusbarError: with what the simulator said; `exit_code` 2 input, 3 stopped, 4 I/O.

    Warns:
        BusbarWarning: what the simulator warned about.

    """
    temporary = None
    if output is None:
        temporary = tempfile.TemporaryDirectory(prefix="busbar-")
        output = Path(temporary.name) / f"{Path(scenario).stem}.h5"
    command = [find_binary(), "run", os.fspath(scenario), "-o", os.fspath(output)]
    command += _options(set, seed, replicate)
    if force:
        command.append("--force")
    if policy_library is not None:
        command += ["--policy-library", os.fspath(policy_library)]
    if policy_timeout is not None:
        command += ["--policy-timeout", policy_timeout]
    try:
        _execute([*command, "--progress", "json"], _Bar(progress))
        return Run(output, owned=temporary)
    except BaseException:
        if temporary is not None:
            temporary.cleanup()
        raise


def jobs(
    scenario: str | os.PathLike,
    set: Mapping[str, object] | None = None,
    seed: int | None = None,
    *,
    replicate: int | None = None,
) -> pd.DataFrame:
    """List the jobs that a run of a scenario would get, without running it.

    Args:
        scenario: scenario XML file.
        set: overrides, XPath to value.
        seed: seed of all random streams, instead of the scenario's.
        replicate: replicate number.

    Returns:
        A row a job, in order of submission: name, source (stream or log of the mix), submit_s,
        chips, duration_s (all it would do), tokens, requested_s, request_factor, ending and stop_s
        (run time after which it fails or is cancelled), run_s (on the reference chip).

    Raises:
        BusbarError: with the simulator's messages.

    """
    with tempfile.TemporaryDirectory(prefix="busbar-") as folder:
        path = Path(folder) / "jobs.csv"
        ask("export", "log", scenario, "-o", path, *_options(set, seed, replicate))
        table = pd.read_csv(path)
    done_all = table["ending"] == "completion"
    table["run_s"] = table["duration_s"].where(done_all, table["stop_s"])
    return table


def ask(*arguments: str | os.PathLike) -> str:
    """Call the simulator for an answer that takes no time, and return what it prints.

    Raises:
        BusbarError: with the simulator's messages.

    """
    command = [find_binary(), *map(os.fspath, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BusbarError(done.stderr.strip() or _silent_end(done.returncode))
    return done.stdout


def _options(
    set: Mapping[str, object] | None, seed: int | None, replicate: int | None
) -> list[str]:
    """Return the command line options that change a scenario."""
    options = []
    for xpath, value in (set or {}).items():
        options += ["--set", f"{xpath}={value}"]
    if seed is not None:
        options += ["--seed", str(seed)]
    if replicate is not None:
        options += ["--replicate", str(replicate)]
    return options


def find_binary() -> str:
    """Find the simulator: $BUSBAR_BIN, else this repository's release build, else the PATH.

    Raises:
        BusbarError: there is none; tells how to build it.

    """
    named = os.environ.get("BUSBAR_BIN")
    if named:
        if not os.access(named, os.X_OK):
            raise BusbarError(f"BUSBAR_BIN is '{named}', which is no executable file")
        return named
    for start in (Path(__file__).resolve(), Path.cwd() / "here"):
        for folder in start.parents:
            built = folder / "build" / "release" / "busbar"
            if (folder / "CMakePresets.json").exists() and os.access(built, os.X_OK):
                return str(built)
    on_path = shutil.which("busbar")
    if on_path:
        return on_path
    raise BusbarError(
        "no busbar binary: $BUSBAR_BIN is not set, build/release/busbar is not built and the PATH "
        "has none; run scripts/setup in the repository"
    )


def _execute(command: list[str], bar: _Bar) -> None:
    """Run the simulator to its end; progress lines go to the bar, the rest is its message."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,  # Ctrl-C comes to us; we pass it on once
    )
    said: list[str] = []
    try:
        for line in process.stderr:
            if not bar.take(line):
                said.append(line)
        code = process.wait()
    except BaseException:
        # Ctrl-C: the simulator closes its trace as interrupted; give it a moment.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise
    finally:
        process.stderr.close()
        bar.clear()
    message = "".join(said).strip()
    if code != 0:
        raise BusbarError(message or _silent_end(code), code)
    if message:
        warnings.warn(message, BusbarWarning, stacklevel=3)


def _silent_end(code: int) -> str:
    if code < 0:
        return f"the simulator was ended by {signal.Signals(-code).name}"
    if code == INTERRUPTED:
        return "the simulator was interrupted"
    return f"the simulator ended with exit code {code} and said nothing"


def _in_notebook() -> bool:
    """Tell whether this process is a notebook's kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return getattr(shell, "kernel", None) is not None


class _Bar:
    """One line on stderr that is rewritten as the simulated time advances."""

    def __init__(self, wanted: bool):
        self._draws = wanted and (sys.stderr.isatty() or _in_notebook())
        self._begin = time.monotonic()
        self._width = 0

    def take(self, line: str) -> bool:
        """Show a progress line; False if the line is something else."""
        if not line.startswith('{"event":"progress"'):
            return False
        try:
            report = json.loads(line)
        except json.JSONDecodeError:
            return False
        if self._draws:
            self._draw(self._text(report))
        return True

    def clear(self) -> None:
        """Wipe the line."""
        if self._width:
            self._draw("")
            sys.stderr.write("\r")
            sys.stderr.flush()

    def _draw(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(self._width))
        sys.stderr.flush()
        self._width = len(text)

    def _text(self, report: dict) -> str:
        days = report["simulated_s"] / 86400
        horizon_s = report.get("horizon_s")
        elapsed = time.monotonic() - self._begin
        rate = f"{report['events'] / max(elapsed, 1e-3):,.0f} events/s"
        if horizon_s:
            done, where = (
                report["simulated_s"] / horizon_s,
                f"day {days:.1f} of {horizon_s / 86400:.1f}",
            )
        else:
            total = max(report.get("jobs_total", 0), 1)
            done = report.get("jobs_done", 0) / total
            where = f"day {days:.1f}"
        done = min(max(done, 0.0), 1.0)
        left = f"{elapsed * (1 - done) / done:.0f} s left" if done > 0 else "…"
        return f"{'█' * round(24 * done):░<24} {100 * done:3.0f} %  {where}  {rate}  {left}"
