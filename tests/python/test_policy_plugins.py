"""Queue policies in shared libraries: built-in twins, and libraries that misbehave."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import busbar
import pytest
from conftest import ROOT

DATA = ROOT.parent / "shared" / "data" / "scheduling"
EXAMPLE = ROOT / "workloads" / "scenarios" / "policy-plugin" / "fcfs_or_easy.c"
TINY = ROOT / "workloads" / "scenarios" / "tiny.xml"
RIGID = ROOT / "workloads" / "scenarios" / "rigid-replay.xml"
COMPILER = shutil.which("cc")

pytestmark = [
    pytest.mark.binary,
    pytest.mark.skipif(COMPILER is None, reason="needs a C compiler"),
]

# A policy whose decide() is filled in; `job` is the first that waits.
TEMPLATE = """
#include <math.h>
#include <stdlib.h>
#include <stdio.h>
#include <unistd.h>
#include "sim/scheduling/busbar_policy.h"
@GLOBALS@
static void start(busbar_decisions* d, int32_t id, int32_t part) {
  const busbar_start chosen = {id, part};
  d->starts[d->start_count++] = chosen;
}
static int decide(void* self, const busbar_view* view, const busbar_host* host,
                  busbar_decisions* d) {
  (void)self, (void)start;
  const int32_t job = view->waiting[0].id;
  (void)job, (void)host, (void)d;
  @BODY@
  return 0;
}
static const busbar_policy policy = {
  BUSBAR_POLICY_HEAD, "trial", "on trial", NULL, 0, NULL, decide};
const busbar_policy* busbar_get_policy(void) { return &policy; }
"""
FCFS = "for (uint32_t i = 0; i < view->waiting_count && host->take(host, 0, i); ++i) " \
       "start(d, view->waiting[i].id, -1);"  # fmt: skip


def compile_library(folder: Path, source: Path | str, name: str = "libtrial.so") -> Path:
    if isinstance(source, str):
        (folder / "trial.c").write_text(source)
        source = folder / "trial.c"
    library = folder / name
    # What is on trial need not be good C; the example must.
    warnings = ["-w"] if source.name == "trial.c" else ["-Wall", "-Wextra", "-Werror", "-pedantic"]
    command = [COMPILER, "-std=gnu99", "-O1", *warnings, "-shared", "-fPIC",
               f"-I{ROOT}", "-o", library, source]  # fmt: skip
    subprocess.run(command, check=True)
    return library


@pytest.fixture
def trial(tmp_path):
    """Compiles a library from the body of its decide()."""

    def make(body: str, globals_: str = "", change=("", "")) -> Path:
        source = TEMPLATE.replace("@BODY@", body).replace("@GLOBALS@", globals_)
        return compile_library(tmp_path, source.replace(*change) if change[0] else source)

    return make


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return compile_library(tmp_path_factory.mktemp("example"), EXAMPLE, "libfcfs_or_easy.so")


def call(binary, *arguments, **environment):
    return subprocess.run(
        [binary, *map(str, arguments)],
        capture_output=True, text=True, check=False, cwd=ROOT, env=os.environ | environment,
    )  # fmt: skip


def replay(binary, folder: Path, name: str, *options):
    path = folder / f"{name}.h5"
    done = call(binary, "run", *options, "-o", path, SOURCE_DATE_EPOCH="1800000000")
    assert done.returncode == 0, done.stderr
    return path


def same_runs(binary, folder, example, options, policy, backfill):
    chosen = ["--set", f"//scheduling/@policy={policy}"]
    library = ["--policy-library", example, "--set", f"//scheduling/@backfill={backfill}"]
    built_in = replay(binary, folder, policy, *options, *chosen)
    from_library = replay(binary, folder, "library", *options, *library)
    with busbar.open(built_in) as a, busbar.open(from_library) as b:
        assert a.provenance["fingerprint"] == b.provenance["fingerprint"]
        assert a.jobs.equals(b.jobs)
        assert b.summary["policy_calls"] > 0
        assert b.summary["policy_call_total_s"] == 0.0  # wall-clock time under SOURCE_DATE_EPOCH


@pytest.mark.parametrize(("policy", "backfill"), [("fcfs", 0), ("easy", 1)])
@pytest.mark.parametrize("scenario", ["tiny", "philly-like"])
def test_the_example_decides_as_its_twins(binary, tmp_path, example, scenario, policy, backfill):
    options = [ROOT / "workloads" / "scenarios" / f"{scenario}.xml"]
    same_runs(binary, tmp_path, example, options, policy, backfill)


@pytest.mark.skipif(not DATA.exists(), reason=f"no reference data in {DATA}")
@pytest.mark.parametrize(("policy", "backfill"), [("fcfs", 0), ("easy", 1)])
@pytest.mark.parametrize("jobs", [1000, 10000])
@pytest.mark.parametrize("nodes", [1024, 10240])
def test_published_workloads(binary, tmp_path, example, policy, backfill, jobs, nodes):
    log = DATA / f"rigid_{jobs}j_{nodes}h.csv"
    options = [RIGID, "--set", f"//trace/@href={log}",
               "--set", f"//cluster[@id='nodes']/@count={nodes}"]  # fmt: skip
    same_runs(binary, tmp_path, example, options, policy, backfill)


# From Python as from the command line; what goes wrong there is an error here.
def test_a_library_from_python(binary, tmp_path, example):
    path = replay(binary, tmp_path, "library", TINY, "--policy-library", example)
    with (
        busbar.open(path) as expected,
        busbar.run(TINY, progress=False, policy_library=example, policy_timeout="20 s") as run,
    ):
        assert run.provenance["fingerprint"] == expected.provenance["fingerprint"]
        assert run.summary["policy_calls"] == expected.summary["policy_calls"] > 0
    with pytest.raises(busbar.BusbarError, match=r"nowhere\.so"):
        busbar.run(TINY, progress=False, policy_library=tmp_path / "nowhere.so")
    with pytest.raises(busbar.BusbarError, match="soon"):
        busbar.run(TINY, progress=False, policy_library=example, policy_timeout="soon")


def test_equal_runs_are_equal_bytes(binary, tmp_path, example):
    first = replay(binary, tmp_path, "first", TINY, "--policy-library", example)
    second = replay(binary, tmp_path, "second", TINY, "--policy-library", example)
    assert first.read_bytes() == second.read_bytes()


def test_what_the_trace_says_of_the_library(binary, tmp_path, example):
    done = call(binary, "run", TINY, "-o", tmp_path / "run.h5", "--policy-library", example)
    assert done.returncode == 0, done.stderr
    with busbar.open(tmp_path / "run.h5") as run:
        summary = run.summary
        assert run.provenance["policy_library"] == str(example)
        assert re.fullmatch("[0-9a-f]{64}", run.provenance["policy_library_sha256"])
        assert run.scenario["queue_policy"] == "fcfs-or-easy"
    mean_s, most_s = summary["policy_call_mean_s"], summary["policy_call_max_s"]
    assert 0 < mean_s <= most_s <= summary["policy_call_total_s"]
    assert mean_s * summary["policy_calls"] == pytest.approx(summary["policy_call_total_s"])


def test_check_and_list_know_the_library(binary, tmp_path, example):
    scenario = TINY.read_text().replace('policy="easy"', 'policy="fcfs-or-easy" backfill="2"')
    scenario = scenario.replace("../../", f"{ROOT}/").replace("../", f"{ROOT}/workloads/")
    (tmp_path / "mine.xml").write_text(scenario)
    alone = call(binary, "check", tmp_path / "mine.xml")
    assert alone.returncode == 2
    assert "unknown queue policy 'fcfs-or-easy'" in alone.stderr
    helped = call(binary, "check", tmp_path / "mine.xml", "--policy-library", example)
    assert helped.returncode == 2
    assert "backfill" in helped.stderr
    assert "unknown" not in helped.stderr
    listed = call(binary, "list", "behaviours", "--policy-library", example)
    assert re.search(r"queue policy +fcfs-or-easy +backfill=1 ", listed.stdout)


# ── Decisions that are not possible ──────────────────────────────────────────────────────────────

IMPOSSIBLE = {
    "never submitted": ("start(d, 123456, -1);", "starts a job that does not wait: id 123456"),
    "negative": ("start(d, -7, -1);", "starts a job that does not wait: id -7"),
    "runs already": (
        "if (view->running_count) start(d, view->running[0].id, -1); else " + FCFS,
        r"starts a job that does not wait: '\S+' \(id \d+\)",
    ),
    "twice": ("start(d, job, -1); d->start_count = 0; " + FCFS + " if (view->waiting_count > 1 && "
              "d->start_count) start(d, job, -1);", r"starts a job twice: '\S+' \(id \d+\)"),
    "too many": ("d->start_count = 1000000;", r"starts 1000000 jobs of \d+ that wait"),
    "does not fit": (
        "for (uint32_t i = 0; i < view->waiting_count; ++i) start(d, view->waiting[i].id, -1);",
        r"starts a job that does not fit: '\S+' \(id \d+\)",
    ),
    "no such part": ("start(d, job, 99);", r"starts a job in part 99; there are 0 to \d"),
    "preempts nobody": (
        "d->preempted[d->preempted_count++] = job; if (!view->running_count) "
        "d->preempted_count = 0; " + FCFS,
        r"preempts a job that does not run: '\S+' \(id \d+\)",
    ),
    "preempts too many": ("d->preempted_count = view->running_count + 1;", r"preempts 1 jobs of 0"),
    "not a number": ("d->preempted_restart_s = NAN;", "restart for nan s; it must be 0 or more"),
    "negative time": ("d->preempted_restart_s = -1;", "restart for -1 s"),
    "gives up": ('d->message = "no idea"; return 3;', "returned 3: no idea"),
    "no such state": ("host->fits(host, 9, 0);", "asks about state 9; there are 0 to 3"),
    "no such job": ("host->fits(host, 0, 1000);", r"asks about waiting job 1000 of \d+"),
    "no such running": ("host->release(host, 0, 1000);", r"asks about running job 1000 of \d+"),
}  # fmt: skip


def stopped(binary, tmp_path, library, *options):
    """Runs a library that fails; returns what was said and the trace that was kept."""
    output = tmp_path / "run.h5"
    done = call(binary, "run", TINY, "-o", output, "--policy-library", library, *options)
    assert done.returncode == 3, (done.returncode, done.stderr)
    assert done.stderr.startswith("simulation stopped: at 2026-01-")
    assert f"policy plug-in 'trial' ({library})" in done.stderr
    assert not output.exists()
    with busbar.open(f"{output}.part") as run:
        assert run.status == "failed"
        jobs, events, summary = run.jobs, run.events, run.summary
    # None is lost: what was submitted has a row, and work was done until then.
    assert len(jobs) == (events["kind"] == "submit").sum() == summary["jobs_submitted"]
    assert summary["policy_calls"] > 0
    return done.stderr, jobs


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_a_decision_that_is_not_possible(binary, tmp_path, trial, case):
    body, expected = IMPOSSIBLE[case]
    message, _ = stopped(binary, tmp_path, trial(body))
    assert re.search(expected, message), message


def test_preempting_for_ever_is_seen(binary, tmp_path, trial):
    give_way = """
    for (uint32_t i = 0; i < view->running_count; ++i) {
      d->preempted[d->preempted_count++] = view->running[i].id;
      host->release(host, 0, i);
    }"""
    message, _ = stopped(binary, tmp_path, trial(give_way + FCFS))
    assert re.search(r"preempts a job that has just started: '\S+'", message), message


# ── Libraries that crash, end or hang ────────────────────────────────────────────────────────────

LATER = "static int calls;"
ENDS = {
    "null pointer": ("if (++calls > 5) *(volatile int*)0 = 1; " + FCFS, "crashed (signal 11"),
    "abort": ("if (++calls > 5) abort(); " + FCFS, "crashed (signal 6"),
    "exit": ("if (++calls > 5) exit(0); " + FCFS, "ended its process (exit status 0)"),
    "endless recursion": (
        "if (++calls > 5) recurse(1); " + FCFS, "crashed (signal 11"),
    "endless loop": ("if (++calls > 5) for (volatile int i = 0;; ++i) {} " + FCFS,
                     "did not return within 1 s"),
    "asks for ever": ("if (++calls > 5) for (;;) host->copy(host, 1, 0); " + FCFS,
                      "did not return within 1 s"),
    "sleeps": ("if (++calls > 5) sleep(1000); " + FCFS, "did not return within 1 s"),
}  # fmt: skip
RECURSE = "__attribute__((noinline)) static int recurse(volatile int n) " \
          "{ volatile char c[4096]; c[0] = n; return recurse(n + 1) + c[0]; }"  # fmt: skip


@pytest.mark.parametrize("case", ENDS)
def test_a_library_that_ends(binary, tmp_path, trial, case):
    body, expected = ENDS[case]
    library = trial(body, LATER + (RECURSE if "recursion" in case else ""))
    began = time.monotonic()
    message, jobs = stopped(binary, tmp_path, library, "--policy-timeout", "1 s")
    assert expected in message, message
    assert "in call 6 of decide()" in message
    assert time.monotonic() - began < 20
    assert jobs["start_s"].notna().any()


# ── Libraries that cannot be used ────────────────────────────────────────────────────────────────


def refused(binary, library, *options):
    done = call(binary, "run", TINY, "--dry-run", "--policy-library", library, *options)
    assert done.returncode == 2, (done.returncode, done.stderr)
    return done.stderr


def test_a_file_that_is_not_there(binary, tmp_path):
    message = refused(binary, tmp_path / "libnone.so")
    assert "libnone.so': there is no such file; give the path" in message


def test_a_file_that_is_no_library(binary, tmp_path):
    (tmp_path / "libtext.so").write_text("not a library")
    message = refused(binary, tmp_path / "libtext.so")
    assert "cannot be loaded" in message
    assert "build it with" in message


def test_a_library_without_the_function(binary, tmp_path):
    library = compile_library(tmp_path, "int other(void) { return 1; }")
    assert "has no function busbar_get_policy; write one" in refused(binary, library)


CHANGES = {
    "version": (("BUSBAR_POLICY_HEAD", "99, {0}"), "speaks version 99 of the interface"),
    "sizes": (("BUSBAR_POLICY_HEAD", "1, {8}"), "sizes of its structures differ"),
    "no decide": (("NULL, decide}", "NULL, NULL}"), "has no decide()"),
    "null": (("return &policy", "return NULL"), "returns null"),
    "no name": (('"trial"', '""'), "name '' must be letters"),
    "built-in": (('"trial"', '"easy"'), "there is a built-in policy of that name"),
    "crash": (("return &policy", "abort()"), "crashed (signal 6"),
    "hang": (("return &policy", "for (;;) sleep(1)"), "did not return within"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_library_that_is_not_right(binary, trial, case):
    change, expected = CHANGES[case]
    message = refused(binary, trial("", change=change), "--policy-timeout", "2 s")
    assert expected in message, message
    assert "libtrial.so" in message


PARAMETERS = {
    "name": ('{"two words", "1", "", 0, 0, 0, 1}', "its name must be letters"),
    "taken": ('{"placement", "1", "", 0, 0, 0, 1}', "the name is taken"),
    "no unit": ('{"span", "5", "", BUSBAR_TIME, 0, 0, 1e9}', "parameter 'span': its fallback '5'"),
    "nan": ('{"span", "5", "", 0, 0, NAN, NAN}', "its range nan to nan is empty"),
    "outside": ('{"span", "5", "", 0, 0, 0, 1}', "outside its range 0 to 1"),
    "dimension": ('{"span", "5", "", 77, 0, 0, 1}', "its dimension is 77"),
}


@pytest.mark.parametrize("case", PARAMETERS)
def test_a_parameter_that_is_not_right(binary, trial, case):
    row, expected = PARAMETERS[case]
    library = trial("", f"static const busbar_parameter parameters[] = {{{row}}};",
                    ("NULL, 0, NULL, decide", "parameters, 1, NULL, decide"))  # fmt: skip
    assert expected in refused(binary, library)


@pytest.mark.parametrize("text", ["10", "0 s", "-1 s", "nan s", "10 W"])
def test_a_timeout_that_is_none(binary, example, text):
    assert "--policy-timeout" in refused(binary, example, "--policy-timeout", text)


def test_a_parameter_of_the_replaced_policy(binary, tmp_path, example):
    message = refused(binary, example, "--set", "//scheduling/@depth=2")
    assert "<scheduling> has no parameter 'depth'" in message


# ── A policy that uses parts, preemption and parameters ──────────────────────────────────────────


def test_a_start_in_a_named_part(binary, tmp_path, trial):
    body = """
    for (uint32_t i = 0; i < view->waiting_count; ++i) {
      const busbar_part* last = &view->parts[view->part_count - 1];
      const int64_t domains = (view->waiting[i].chips + last->chips_per_domain - 1)
                              / last->chips_per_domain;
      if (domains <= last->free_domains && host->take(host, 0, i)) {
        start(d, view->waiting[i].id, (int32_t)view->part_count - 1);
        break;
      }
    }"""
    path = replay(binary, tmp_path, "part", TINY, "--policy-library", trial(body))
    with busbar.open(path) as run:
        assert (run.jobs["state"] == "completed").any()


# Jobs that run for a day give way to what waits, and do their work in the end.
def test_preemption_keeps_the_work(binary, tmp_path, trial):
    body = (
        """
    for (uint32_t r = 0; r < view->running_count && view->waiting_count; ++r) {
      if (view->now_s - view->running[r].start_s < 86400.0) continue;
      d->preempted[d->preempted_count++] = view->running[r].id;
      host->release(host, 0, r);
    }
    d->preempted_restart_s = 60.0;
    """
        + FCFS
    )
    path = replay(binary, tmp_path, "preempting", TINY, "--policy-library", trial(body))
    with busbar.open(path) as run:
        assert (run.events["kind"] == "preempt").sum() > 0
        assert (run.jobs["state"] == "completed").sum() > 0
