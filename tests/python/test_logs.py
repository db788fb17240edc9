"""Logs: what was generated replays identically, published formats are read, mistakes are told."""

import gzip
import re
import subprocess

import pytest

pytestmark = pytest.mark.binary

TINY = "workloads/scenarios/tiny.xml"
REPLAY = "workloads/scenarios/philly-replay.xml"


def call(binary, *arguments):
    return subprocess.run([binary, *arguments], capture_output=True, text=True, check=False)


def fingerprint(binary, output, scenario, *arguments):
    result = call(binary, "run", scenario, "-o", output, "--force", *arguments)
    assert result.returncode == 0, result.stderr
    return re.search(r"fingerprint (\w+)", result.stdout)[1]


def replay(binary, log, *arguments):
    return call(binary, "run", REPLAY, "--dry-run", "--set", f"//trace/@href={log}", *arguments)


def published(root, folder, name):
    file = root.parent / "shared" / "data" / folder / name
    if not file.exists():
        pytest.skip(f"no {file}")
    return file


@pytest.mark.parametrize("seed", ["1", "17"])
def test_an_exported_log_replays_identically(at_root, binary, tmp_path, seed):
    log = tmp_path / "jobs.csv"
    changes = [
        "--set", "//stream[@id='research']/arrivals/@batch-share=30 %",
        "--seed", seed,
    ]  # fmt: skip
    assert call(binary, "export", "log", TINY, "-o", log, *changes).returncode == 0
    generated = fingerprint(binary, tmp_path / "a.h5", TINY, *changes)
    exported = fingerprint(binary, tmp_path / "b.h5", TINY, "--set", f"/scenario/@jobs={log}")
    assert exported == generated
    other = fingerprint(binary, tmp_path / "c.h5", TINY, "--seed", "99")
    assert other != generated


def test_a_replayed_log_exports_too(at_root, binary, tmp_path):
    log = tmp_path / "jobs.csv"
    assert call(binary, "export", "log", REPLAY, "-o", log).returncode == 0
    assert fingerprint(
        binary, tmp_path / "b.h5", REPLAY, "--set", f"/scenario/@jobs={log}"
    ) == fingerprint(binary, tmp_path / "a.h5", REPLAY)
    refused = call(binary, "export", "log", REPLAY, "-o", log)
    assert refused.returncode == 4
    assert "--force" in refused.stderr


LOGS = {
    "philly": "timestamp,duration,num_gpus\n2020-01-01 00:00:00,60,1\n2020-01-01 00:01:00,30,8\n",
    "acme": (
        "job_id,gpu_num,state,submit_time,duration\n"
        "a,1,COMPLETED,2023-03-01 00:00:00+08:00,60\n"
        "b,8,FAILED,2023-03-01 00:01:00+08:00,30\n"
    ),
    "openb": (
        "name,num_gpu,gpu_milli,pod_phase,creation_time,deletion_time,scheduled_time\n"
        "a,1,1000,Succeeded,0,60,0\nb,8,1000,Failed,60,95,65\n"
    ),
    "tiresias": "job_id,num_gpu,submit_time,iterations,duration\n0,1,0,606,60\n1,8,60,10,30\n",
}


@pytest.mark.parametrize("name", LOGS)
@pytest.mark.parametrize("packed", [False, True])
def test_published_formats_are_told_by_their_columns(at_root, binary, tmp_path, name, packed):
    log = tmp_path / ("log.csv.gz" if packed else "log.csv")
    text = LOGS[name].encode()
    log.write_bytes(gzip.compress(text) if packed else text)
    out = tmp_path / "jobs.csv"
    result = call(binary, "export", "log", REPLAY, "-o", out, "--set", f"//trace/@href={log}")
    assert result.returncode == 0, result.stderr
    rows = [line.split(",") for line in out.read_text().splitlines()]
    jobs = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert [float(job["submit_s"]) for job in jobs] == [0, 60]
    assert [float(job["chips"]) for job in jobs] == [1, 8]
    assert [float(job["duration_s"]) for job in jobs] == [60, 30]
    fails = name in ("acme", "openb")
    assert jobs[1]["ending"] == ("failure" if fails else "completion")


@pytest.mark.parametrize("name", LOGS)
def test_a_negative_duration_is_told_with_its_row(at_root, binary, tmp_path, name):
    log = tmp_path / "log.csv"
    bad = ",65" if name == "openb" else ",30"
    log.write_text(LOGS[name].replace(bad, ",99999" if name == "openb" else ",-30"))
    result = replay(binary, log)
    assert result.returncode == 2
    assert "log.csv:3: error" in result.stderr


def test_an_unsorted_log_is_told_with_its_row_and_sorted(at_root, binary, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text(LOGS["tiresias"] + "2,1,30,5,10\n")
    result = replay(binary, log)
    assert result.returncode == 0
    assert "log.csv:4: warning: this job is submitted before the one above it" in result.stderr


def test_a_truncated_log_is_told(at_root, binary, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text(LOGS["philly"][:-20])
    result = replay(binary, log)
    assert result.returncode == 2
    assert "log.csv:3" in result.stderr
    packed = tmp_path / "log.csv.gz"
    packed.write_bytes(gzip.compress(LOGS["philly"].encode() * 50)[:-12])
    result = replay(binary, packed)
    assert result.returncode == 2
    assert "log.csv.gz" in result.stderr


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("completion", "retirement", "ending must be completion, failure or cancellation"),
        ("research,", "holiday,", "source must be a stream or trace of the mix"),
        (",8,", ",-8,", "chips must be a whole number above 0"),
    ],
)
def test_a_wrong_exported_log_is_told(at_root, binary, tmp_path, old, new, message):
    log = tmp_path / "jobs.csv"
    assert call(binary, "export", "log", TINY, "-o", log).returncode == 0
    header, rows = log.read_text().split("\n", 1)
    log.write_text(header + "\n" + rows.replace(old, new, 1))
    result = call(binary, "run", TINY, "--dry-run", "--set", f"/scenario/@jobs={log}")
    assert result.returncode == 2
    assert message in result.stderr


@pytest.mark.parametrize(
    ("name", "jobs"),
    [
        ("philly_sia.csv.gz", 82247),
        ("openb_pod_list_default.csv.gz", None),
        ("tiresias_60_job.csv", 60),
    ],
)
def test_the_published_files_are_read(at_root, binary, name, jobs):
    file = published(at_root, "jobs", name)
    result = replay(binary, file)
    assert result.returncode == 0, result.stderr
    counted = int(re.search(r"jobs +([\d,]+)", result.stdout)[1].replace(",", ""))
    assert counted == jobs if jobs else 6000 < counted < 8152


def test_users_failures_and_cancellations(at_root, binary, tmp_path):
    """A quarter fails after a minute, a quarter is cancelled after two; the rest goes on."""
    import busbar

    mix = (at_root / "workloads/mixes/tiny.xml").read_text()
    old = '<duration distribution="lognormal" median="8 min" sigma="0.8" max="6 h"/>'
    assert old in mix
    ends = (
        '<failure share="25 %" distribution="constant" value="1 min"/>'
        '<cancellation share="25 %" distribution="constant" value="2 min"/>'
    )
    mine = tmp_path / "mix.xml"
    mine.write_text(
        mix.replace(old, old + ends).replace("../models", str(at_root / "workloads/models"))
    )
    trace = tmp_path / "run.h5"
    fingerprint(binary, trace, TINY, "--set", f"/scenario/@mix={mine}")
    with busbar.open(trace) as run:
        jobs = run.jobs[(run.jobs.kind == "evaluation") & (run.jobs.end_s > 0)]
    lengths = jobs.end_s - jobs.start_s
    for state, seconds in (("failed", 60), ("cancelled", 120)):
        assert (jobs.state == state).mean() == pytest.approx(0.25, abs=0.04)
        assert lengths[jobs.state == state].max() == pytest.approx(seconds)
    assert (jobs.lost_s[jobs.state == "failed"] > 0).all()
    assert (jobs.state == "completed").mean() == pytest.approx(0.5, abs=0.05)


AZURE = (
    "TIMESTAMP,ContextTokens,GeneratedTokens\n"
    "2023-11-16 18:17:03.9799600,100,10\n2023-11-16 18:17:05.9799600,300,30"
)
MOONCAKE = (
    '{"timestamp": 0, "input_length": 100, "output_length": 10, "hash_ids": [0]}\n'
    '{"timestamp": 2000, "input_length": 300, "output_length": 30, "hash_ids": [0, 1]}\n'
)


def listed(binary, log):
    return call(binary, "list", "requests", log)


@pytest.mark.parametrize("text", [AZURE, MOONCAKE], ids=["azure", "mooncake"])
@pytest.mark.parametrize("packed", [False, True])
def test_request_logs_are_told_by_their_content(binary, tmp_path, text, packed):
    log = tmp_path / "requests"
    log.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    printed = " ".join(listed(binary, log).stdout.split())
    assert "requests 2 span 2 s rate 1 req/s" in printed
    assert "input tokens mean 200.0" in printed
    assert "output tokens mean 20.0" in printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (AZURE.replace(",300,", ",-300,"), "requests:3: error: ContextTokens"),
        (AZURE.replace("2023-11-16 18:17:05", "yesterday"), "requests:3: error: TIMESTAMP"),
        (AZURE.replace("ContextTokens", "Tokens"), "no column 'ContextTokens'"),
        (MOONCAKE[:-20], "requests:2: error: a line must be one JSON object"),
        (MOONCAKE.replace('"output_length": 30', '"output_length": -1'), "requests:2: error: out"),
        ("", "requests"),
    ],
)
def test_wrong_request_logs_are_told(binary, tmp_path, text, message):
    log = tmp_path / "requests"
    log.write_text(text)
    result = listed(binary, log)
    assert result.returncode in (2, 4)
    assert message in result.stderr


@pytest.mark.parametrize(
    ("name", "requests"),
    [
        ("azure2023_conv.csv.gz", "19,366"),
        ("azure2023_code.csv.gz", "8,819"),
        ("mooncake_conversation.jsonl.gz", "12,031"),
        ("mooncake_synthetic.jsonl.gz", "3,993"),
    ],
)
def test_the_published_request_logs_are_read(at_root, binary, name, requests):
    file = published(at_root, "inference", name)
    result = listed(binary, file)
    assert result.returncode == 0, result.stderr
    assert f"requests {requests} " in " ".join(result.stdout.split())
