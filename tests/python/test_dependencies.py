"""Arrays, streams that follow others and logs with dependencies: times worked out by hand."""

import subprocess

import busbar
import pytest

pytestmark = pytest.mark.binary

HOUR = 3600.0

STREAM = """
  <stream id="{name}" kind="evaluation" vendors="nvidia" {more} assumed="test">{parts}
    <chips distribution="constant" value="4"/>
    <duration distribution="constant" value="1 h"/>
  </stream>"""
ONE_AN_HOUR = '<arrivals process="regular" rate="1 job/h"/>'
ARRAY = '<array at-once="2"><tasks distribution="constant" value="5"/></array>'
FAILS = '<failure share="100 %" distribution="constant" value="10 min"/>'


def stream(name, parts="", more=""):
    return STREAM.format(name=name, parts=parts, more=more)


class Mix:
    """A mix over the world `tiny`, which holds all of its jobs at once."""

    def __init__(self, folder, root, body, horizon="2 h"):
        (folder / "mix.xml").write_text(f'<workload name="m">{body}</workload>')
        self.folder = folder
        self.scenario = folder / "scenario.xml"
        self.scenario.write_text(
            f'<scenario name="s" world="{root}/platforms/worlds/tiny.xml" mix="mix.xml" '
            f'start="2026-01-01" horizon="{horizon}" seed="3"/>'
        )

    def call(self, binary, *arguments):
        command = [binary, arguments[0], self.scenario, *arguments[1:]]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def run(self, binary, *arguments):
        result = self.call(binary, "run", "-o", self.folder / "run.h5", "--force", *arguments)
        assert result.returncode == 0, result.stderr
        return busbar.open(self.folder / "run.h5")


def jobs_of(run):
    jobs = run.jobs
    return jobs.set_index(jobs["name"].astype(str))


# The first array arrives after half an hour. Two of its five tasks of one hour start at once, two
# when those end, the last when these end; all were submitted together.
def test_an_array_runs_so_many_tasks_at_once(binary, root, tmp_path):
    with Mix(tmp_path, root, stream("sweep", ONE_AN_HOUR + ARRAY), "5 h").run(binary) as run:
        jobs = jobs_of(run)
        first = jobs.loc[[f"sweep-0.{task}" for task in range(5)]]
        submit = first["submit_s"].iloc[0]
        assert submit == pytest.approx(0.5 * HOUR)
        assert (first["submit_s"] == submit).all()
        assert list(first["start_s"] - submit) == pytest.approx([0, 0, HOUR, HOUR, 2 * HOUR])
        assert list(first["wait_s"]) == pytest.approx([0, 0, HOUR, HOUR, 2 * HOUR])
        assert list(first["waited_for"].astype(str)) == ["none"] * 2 + ["array-limit"] * 3
        # The one an hour later has a limit of its own; of that at 4:30 two tasks run at 5:00.
        assert jobs.loc["sweep-1.4", "start_s"] == pytest.approx(3.5 * HOUR)
        late = jobs.loc[[f"sweep-4.{task}" for task in range(5)]]
        assert list(late["state"].astype(str)) == ["running"] * 2 + ["waiting"] * 3
        assert (late["waited_for"].astype(str)[2:] == "array-limit").all()


# The job at 0:30 fails after ten minutes. What needs it done is never submitted; what
# takes any end starts then; and what follows the one never submitted starts then too.
def test_followers_of_a_failed_job(binary, root, tmp_path):
    body = (
        stream("report", more='after="evaluate" when="ended"')
        + stream("tune", ONE_AN_HOUR + FAILS)
        + stream("evaluate", more='after="tune"')
        + stream("inspect", more='after="tune" when="ended"')
    )
    with Mix(tmp_path, root, body, "80 min").run(binary) as run:
        jobs = jobs_of(run)
        failed_s = jobs.loc["tune-0", "end_s"]
        assert failed_s == pytest.approx(1800.0 + 600.0)
        assert jobs.loc["evaluate-0", "state"] == "cancelled"
        assert jobs.loc["evaluate-0", "waited_for"] == "predecessor"
        for name in ("inspect-0", "report-0"):
            assert jobs.loc[name, "submit_s"] == failed_s
            assert jobs.loc[name, "start_s"] == failed_s
        assert run.summary["jobs_never_submitted"] == 1
        assert run.summary["jobs_cancelled"] == 1
        assert run.summary["jobs_submitted"] == len(jobs) == 4


# A completed job is followed at its end, by an array as by a job; a task of an array too.
def test_followers_of_completed_jobs(binary, root, tmp_path):
    once = '<arrivals process="regular" rate="1 job/d"/>'
    body = (
        stream("tune", once)
        + stream("sweep", ARRAY, 'after="tune"')
        + stream("score", more='after="sweep"')
    )
    mix = Mix(tmp_path, root, body, "36 h")
    with mix.run(binary) as run:
        jobs = jobs_of(run)
        end_s = jobs.loc["tune-0", "end_s"]
        assert end_s == pytest.approx(13 * HOUR)
        tasks = jobs.loc[[f"sweep-0.{task}" for task in range(5)]]
        assert list(tasks["start_s"] - end_s) == pytest.approx([0, 0, HOUR, HOUR, 2 * HOUR])
        scores = jobs.loc[[f"score-{task}" for task in range(5)]]
        assert list(scores["submit_s"]) == list(tasks["end_s"])
        fingerprint = run.provenance["fingerprint"]
    log = tmp_path / "jobs.csv"
    subprocess.run([binary, "export", "log", mix.scenario, "-o", log], check=True)
    with mix.run(binary, "--set", f"/scenario/@jobs={log}") as replayed:
        assert replayed.provenance["fingerprint"] == fingerprint
    log.write_text(log.read_text().replace(",tune-0,0,done", ",score-9,0,sometimes", 1))
    wrong = mix.call(binary, "run", "-o", tmp_path / "x.h5", "--set", f"/scenario/@jobs={log}")
    assert wrong.returncode == 2
    assert "after must name a job above that is submitted no later, got 'score-9'" in wrong.stderr
    assert "when must be done or ended, got 'sometimes'" in wrong.stderr


# number, submit, run time, processors, preceding job, think time
SWF = [(1, 0, 100, 8, -1, -1), (2, 50, 10, 8, 1, 30), (3, 500, 10, 8, 2, -1),
       (4, 600, 10, 8, -1, -1), (5, 700, 10, 8, 99, 5), (6, 800, 10, 8, 1, 0)]  # fmt: skip


def swf(path, rows=SWF):
    path.write_text(
        "".join(
            f"{n} {submit} -1 {run} {chips} -1 -1 {chips} {run} -1 1 1 1 -1 1 1 {before} {think}\n"
            for n, submit, run, chips, before, think in rows
        )
    )


@pytest.mark.parametrize(
    ("more", "submitted"),
    [
        ("", [0, 50, 500, 600, 700, 800]),
        ('dependencies="ignore"', [0, 50, 500, 600, 700, 800]),
        # 100 + 30; 130 + 10, think time unknown; as logged; as logged, with a warning; 100 + 0
        ('dependencies="honour"', [0, 130, 140, 600, 700, 100]),
    ],
)
def test_a_log_with_dependencies(binary, root, tmp_path, more, submitted):
    swf(tmp_path / "log.swf")
    trace = f'<trace id="log" href="log.swf" vendors="nvidia" {more} assumed="test"/>'
    mix = Mix(tmp_path, root, trace)
    with mix.run(binary) as run:
        jobs = jobs_of(run)
        assert list(jobs.loc[list("123456"), "submit_s"]) == pytest.approx(submitted)
        assert (jobs["state"].astype(str) == "completed").all()
        assert (jobs["wait_s"] == 0).all()
    warned = mix.call(binary, "run", "--dry-run")
    follows = "log.swf:5: warning: this job follows one that does not stand above it"
    assert (follows in warned.stderr) == ("honour" in more)


def test_wrong_dependencies_of_logs_are_told(binary, root, tmp_path):
    trace = '<trace id="log" href="{}" dependencies="honour" assumed="test"/>'
    swf(tmp_path / "log.swf", [(1, 0, 100, 8, -1, -1), (2, 50, 10, 8, 1.5, -30)])
    told = Mix(tmp_path, root, trace.format("log.swf")).call(binary, "run", "--dry-run")
    assert told.returncode == 2
    assert "log.swf:2: error: preceding job (field 17) must be a whole number" in told.stderr
    assert "think time (field 18) must be a number of at least -1, got '-30'" in told.stderr
    (tmp_path / "log.csv").write_text("id,submit,nodes,runtime,walltime\n1,0,1,10,10\n")
    told = Mix(tmp_path, root, trace.format("log.csv")).call(binary, "run", "--dry-run")
    assert told.returncode == 2
    assert "log 'log.csv' cannot honour dependencies" in told.stderr
