"""`busbar estimate reliability` and `busbar validate failures`: figures out, bad inputs told."""

import json
import subprocess

import pytest

pytestmark = pytest.mark.binary

HEAD = "node,start_day,end_day,class\n"


def call(binary, *arguments):
    return subprocess.run([binary, *arguments], capture_output=True, text=True, check=False)


def job(binary, *arguments):
    return call(binary, "estimate", "reliability", "--chips", "16384", *arguments)


def test_a_job_is_told_in_json(at_root, binary):
    result = job(binary, "--domain", "hgx-h100-8", "--over", "54 d", "--json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["nodes"] == 2048
    assert sum(cause["expected"] for cause in found["causes"]) == pytest.approx(466, rel=1e-4)
    assert found["effective"]["mean"] == pytest.approx(found["effective_closed"], abs=0.005)
    assert found["effective"]["low"] < found["effective"]["mean"] < found["effective"]["high"]


def test_the_same_seed_gives_the_same_bytes(at_root, binary):
    first, second, other = (
        job(binary, "--domain", "hgx-h100-8", "--json", "--seed", seed).stdout for seed in "778"
    )
    assert first == second
    assert first != other


def test_a_cluster_uses_what_its_hardware_names(at_root, binary):
    result = job(binary, "--world", "platforms/worlds/tiny.xml", "--cluster", "bayou-tpu", "--json")
    assert json.loads(result.stdout)["failures"] == "ironwood"


def test_the_sets_of_rates_are_listed(at_root, binary):
    rows = json.loads(
        call(binary, "list", "failures", "platforms/worlds/chips.xml", "--json").stdout
    )
    node = next(row for row in rows if row["set"] == "rsc-1")
    assert float(node["failures a year"]) == pytest.approx(6.5e-3 * 365.25, rel=1e-3)
    assert {"llama-3", "stepfun", "tpu-v4", "ironwood", "trainium"} <= {r["set"] for r in rows}


def test_every_checkpoint_policy_runs(at_root, binary):
    for policy in ("fixed", "young", "daly", "asynchronous", "in-memory"):
        result = job(binary, "--domain", "hgx-h100-8", "--checkpoint", policy,
                     "--snapshot", "100 TB/s", "--replica", "20 TB/s", "--json")  # fmt: skip
        assert result.returncode == 0, result.stderr
        assert 0.85 < json.loads(result.stdout)["effective"]["mean"] < 1.0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--domain", "hgx-h10"], "no domain 'hgx-h10'; did you mean"),
        (["--domain", "hgx-h100-8", "--failures", "rsc-3"], "did you mean 'rsc-1'"),
        (["--domain", "node"], "no domain 'node'"),
        ([], "name a cluster of the world with --cluster"),
        (["--domain", "hgx-h100-8", "--over", "54"], "--over: time '54' has no unit"),
        (["--domain", "hgx-h100-8", "--over", "0 d"], "--over must be above zero"),
        (["--domain", "hgx-h100-8", "--restart", "-3 min"], "'-3 min' is negative"),
        (["--domain", "hgx-h100-8", "--storage", "0 TB/s"], "must be above zero"),
        (["--domain", "hgx-h100-8", "--checkpoint", "dayly"], "did you mean 'daly'"),
        (["--domain", "hgx-h100-8", "--interval", "3 min"], "chooses its own"),
        (["--domain", "hgx-h100-8", "--elastic-units", "8", "--beyond-unit", "120 %"],
         "more than all failures"),
    ],
)  # fmt: skip
def test_bad_options_are_told(at_root, binary, arguments, message):
    result = job(binary, *arguments)
    assert result.returncode == 2
    assert message in result.stderr


@pytest.fixture
def log(tmp_path):
    def make(rows):
        path = tmp_path / "faults.csv"
        path.write_text(HEAD + rows)
        return path

    return make


def failures(binary, path, *arguments):
    return call(binary, "validate", "failures", "--table", path, "--servers", "10", *arguments)


def test_unsorted_and_overlapping_rows_are_counted(at_root, binary, log):
    result = failures(binary, log("3,2,4,GPU\n3,1,3,NIC\n5,7,8,GPU\n"), "--json")
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert (found["unsorted"], found["overlapping"]) == (1, 1)
    assert found["unavailable"] == pytest.approx(4 / 80)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,2\n", "faults.csv:2: error: row has 2 fields where the header has 4"),
        ("1,2,,GPU\n", "end_day: '' is not a number; a truncated row?"),
        ("1,5,4,GPU\n", "server 1 is back on day 4 before it fails on day 5"),
        ("1,-5,4,GPU\n", "start_day: -5 is negative"),
        ("12,1,4,GPU\n", "server 12 of the log is beyond the 10 of --servers"),
        ("", "a log without faults"),
    ],
)
def test_bad_logs_are_told(at_root, binary, log, rows, message):
    result = failures(binary, log(rows))
    assert result.returncode == 2
    assert message in result.stderr


def test_fitted_rates_are_a_file_of_the_catalogue(at_root, binary, log, tmp_path):
    rows = "".join(f"{i % 7},{i},{i + 0.5 + i % 3},Power Supply\n" for i in range(40))
    path = tmp_path / "own.xml"
    result = failures(binary, log(rows), "-o", path, "--id", "own", "--source", "a <test>")
    assert result.returncode == 0, result.stderr
    assert call(binary, "check", path).returncode == 0
    assert 'name="power-supply"' in path.read_text()
    assert failures(binary, log(rows), "-o", path).returncode == 4  # never over a file
