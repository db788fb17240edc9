"""What a user sees when files fail: exit code, a message naming the file, no false whole."""

import gzip
import os
import resource
import signal
import subprocess

import busbar
import pytest

pytestmark = pytest.mark.binary

TINY = "workloads/scenarios/tiny.xml"
RIGID = "workloads/scenarios/rigid-replay.xml"


def call(binary, *arguments, **options):
    return subprocess.run(
        [binary, *map(str, arguments)], capture_output=True, text=True, check=False, **options
    )


# A disk that fills up, as the system tells it: a write that fails halfway through the file.
def test_a_full_disk_ends_the_run_and_leaves_no_whole_file(root, binary, tmp_path):
    def small_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    output = tmp_path / "run.h5"
    result = call(binary, "run", root / TINY, "-o", output, preexec_fn=small_files)
    assert result.returncode == 4
    assert "run.h5" in result.stderr
    assert not output.exists()
    part = tmp_path / "run.h5.part"
    if part.exists():
        assert part.stat().st_size <= 200_000
        try:
            with busbar.open(part) as run:
                assert run.status == "incomplete"
        except busbar.BusbarError as error:
            assert "run.h5.part" in str(error)


def test_a_directory_that_does_not_exist(root, binary, tmp_path):
    result = call(binary, "run", root / TINY, "-o", tmp_path / "none" / "run.h5")
    assert result.returncode == 4
    assert "none" in result.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_report_that_cannot_be_written(root, binary):
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [binary, "list", "behaviours"], stdout=full, stderr=subprocess.PIPE, text=True,
            check=False,
        )  # fmt: skip
    assert result.returncode == 4
    assert "output" in result.stderr


@pytest.mark.parametrize("content", [b"", b"not HDF5 at all\n" * 100])
def test_a_foreign_file_is_not_shown(binary, tmp_path, content):
    foreign = tmp_path / "foreign.h5"
    foreign.write_bytes(content)
    result = call(binary, "show", foreign)
    assert result.returncode == 4
    assert "foreign.h5" in result.stderr
    assert result.stdout == ""


# A trace is a foreign file from the moment that bytes are missing, wherever they are.
@pytest.mark.parametrize("kept", [0.001, 0.1, 0.5, 0.99])
def test_a_truncated_trace_is_not_shown_as_whole(root, binary, tmp_path, kept):
    whole = tmp_path / "whole.h5"
    assert call(binary, "run", root / TINY, "-o", whole).returncode == 0
    data = whole.read_bytes()
    cut = tmp_path / "cut.h5"
    cut.write_bytes(data[: int(len(data) * kept)])
    result = call(binary, "show", cut)
    assert result.returncode == 4
    assert "cut.h5" in result.stderr


def test_a_truncated_gzip_log_is_told(root, binary, tmp_path):
    lines = ["id,submit,nodes,runtime,walltime"]
    lines += [f"{i},{i * 10},{i % 7 + 1},{100 + i * 37 % 911},2000" for i in range(5000)]
    packed = gzip.compress("\n".join(lines).encode())
    log = tmp_path / "log.csv.gz"
    log.write_bytes(packed[: len(packed) // 2])
    result = call(binary, "run", root / RIGID, "--set", f"//trace/@href={log}",
                  "-o", tmp_path / "run.h5")  # fmt: skip
    assert result.returncode == 2
    assert "log.csv.gz" in result.stderr
    assert not (tmp_path / "run.h5").exists()


def test_a_job_larger_than_any_cluster_is_told(root, binary, tmp_path):
    log = tmp_path / "log.csv"
    log.write_text("id,submit,nodes,runtime,walltime\n0,0,1,10,20\n1,5,999999,10,20\n")
    result = call(binary, "run", root / RIGID, "--set", f"//trace/@href={log}",
                  "-o", tmp_path / "run.h5")  # fmt: skip
    assert result.returncode == 2
    assert "log.csv" in result.stderr
    assert "job '1' asks for 999,999 chips" in result.stderr
