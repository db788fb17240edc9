"""`busbar estimate training`: one step of a model on a slice, and every rule a plan can break."""

import json
import subprocess

import pytest

pytestmark = pytest.mark.binary

LLAMA = ("--model", "llama-3.1-405b")


def call(binary, *arguments, world="platforms/worlds/tiny.xml", cluster="mesa-gpu"):
    return subprocess.run(
        [binary, "estimate", "training", "--world", world, "--cluster", cluster, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def estimate(binary, *arguments, **where):
    result = call(binary, "--json", *arguments, **where)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_the_parts_add_up_and_beat_no_peak(at_root, binary):
    e = estimate(binary, *LLAMA, "--chips", "128", "--tp", "8", "--pp", "4", "--global-batch", "64")
    assert sum(e["breakdown_s"].values()) == pytest.approx(e["step_s"])
    assert e["tok_s_chip"] == pytest.approx(e["tokens"] / e["step_s"] / 128)
    assert e["tokens"] == 64 * 8192
    assert 0 < e["mfu"] < 1
    assert e["memory_bytes"] < e["memory_of_chip_bytes"]
    assert e["plan"] == {"tensor": 8, "pipeline": 4, "virtual_pipeline": 1, "micro_batch": 1}
    # Four stages, sixteen micro-batches of each of four replicas: 3/16 of the compute.
    assert e["breakdown_s"]["bubble"] == pytest.approx(3 / 16 * e["breakdown_s"]["compute"])


def test_more_chunks_have_less_bubble(at_root, binary):
    plan = (*LLAMA, "--chips", "128", "--tp", "8", "--pp", "4", "--global-batch", "64")
    plain, interleaved = estimate(binary, *plan), estimate(binary, *plan, "--vpp", "2")
    assert interleaved["breakdown_s"]["bubble"] == pytest.approx(plain["breakdown_s"]["bubble"] / 2)


def test_a_plan_is_chosen_where_none_is_given(at_root, binary):
    result = call(binary, *LLAMA, "--chips", "256")
    assert result.returncode == 0, result.stderr
    assert "(chosen)" in result.stdout
    assert "bound by" in result.stdout
    assert "not validated" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--model", "lama-3.1-8b", "--chips", "8"), "did you mean 'llama-3.1-8b'?"),
        ((*LLAMA, "--chips", "100000"), "has 384 chips for jobs after all deliveries"),
        ((*LLAMA, "--chips", "120", "--tp", "6"), "6 does not divide the 128 heads"),
        ((*LLAMA, "--chips", "128", "--pp", "128"), "126 layers for 128 stages"),
        ((*LLAMA, "--chips", "100", "--tp", "8", "--pp", "4"), "32 does not divide 100"),
        (
            (*LLAMA, "--chips", "128", "--tp", "8", "--pp", "4", "--global-batch", "66"),
            "4 replicas x 1 does not divide 66 sequences",
        ),
        ((*LLAMA, "--chips", "8", "--precision", "fp9"), "has no peak rate for fp9: it has bf16"),
        ((*LLAMA, "--chips", "8"), "does not fit in the memory of 8 x 'gb300'"),
        ((*LLAMA, "--chips", "-8"), "--chips"),
    ],
)
def test_a_broken_rule_is_named(at_root, binary, arguments, message):
    result = call(binary, *arguments)
    assert result.returncode == 2
    assert message in result.stderr


def test_unknown_clusters_are_told(at_root, binary):
    result = call(binary, *LLAMA, "--chips", "8", cluster="mesa-gpus")
    assert result.returncode == 2
    assert "did you mean 'mesa-gpu'?" in result.stderr
