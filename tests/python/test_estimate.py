"""`busbar estimate training`: one step of a model on a slice, and every rule a plan can break."""

import json
import subprocess
import sys

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


PLAN = (*LLAMA, "--chips", "128", "--tp", "8", "--pp", "4", "--vpp", "1", "--global-batch", "64")


def test_the_parts_add_up_and_beat_no_peak(at_root, binary):
    e = estimate(binary, *PLAN)
    assert sum(e["breakdown_s"].values()) == pytest.approx(e["step_s"])
    assert e["tok_s_chip"] == pytest.approx(e["tokens"] / e["step_s"] / 128)
    assert e["tokens"] == 64 * 8192
    assert 0 < e["mfu"] <= e["hfu"] < 1
    assert sum(e["memory"].values()) == pytest.approx(e["memory_bytes"])
    assert e["memory_bytes"] < e["memory_of_chip_bytes"]
    assert e["step_low_s"] < e["step_s"] < e["step_high_s"]
    plan = e["plan"]
    assert [plan[n] for n in ("tensor", "pipeline", "virtual_pipeline", "context")] == [8, 4, 1, 1]


def test_more_chunks_have_less_bubble(at_root, binary):
    plain = estimate(binary, *PLAN)
    assert plain["plan"]["micro_batch"] == 1
    interleaved = estimate(binary, *PLAN[:-4], "--vpp", "2", "--global-batch", "64")
    ratio = interleaved["breakdown_s"]["bubble"] / plain["breakdown_s"]["bubble"]
    assert ratio == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize(("schedule", "share"), [("zero-bubble", 1 / 3), ("dualpipe", 2 / 9)])
def test_other_schedules_have_less_bubble(at_root, binary, schedule, share):
    plain = estimate(binary, *PLAN)
    other = estimate(binary, *PLAN, "--schedule", schedule)
    ratio = other["breakdown_s"]["bubble"] / plain["breakdown_s"]["bubble"]
    assert ratio == pytest.approx(share, rel=0.01)
    if schedule == "dualpipe":
        assert other["memory"]["weights"] > 1.9 * plain["memory"]["weights"]


def test_recomputation_is_executed_and_not_counted_as_model_work(at_root, binary):
    none = estimate(binary, *PLAN, "--recompute", "none")
    full = estimate(binary, *PLAN, "--recompute", "full")
    assert full["hfu"] / full["mfu"] == pytest.approx(4 / 3, rel=0.04)
    assert none["hfu"] / none["mfu"] == pytest.approx(1, rel=0.04)
    assert full["step_s"] > none["step_s"]
    assert full["memory"]["activations"] < none["memory"]["activations"]


def test_sharing_out_saves_memory(at_root, binary):
    used = [estimate(binary, *PLAN, "--zero", z)["memory_bytes"] for z in ("1", "2", "3")]
    assert used == sorted(used, reverse=True)
    assert len(set(used)) == 3


def test_a_plan_is_chosen_where_none_is_given(at_root, binary):
    result = call(binary, *LLAMA, "--chips", "256")
    assert result.returncode == 0, result.stderr
    assert "(chosen)" in result.stdout
    assert "bound by" in result.stdout


def test_it_explains_itself(at_root, binary):
    result = call(binary, *PLAN, "--explain")
    assert result.returncode == 0, result.stderr
    for text in ("on the curves", "memory of a rank", "fitted on", "micro-batches"):
        assert text in result.stdout


def test_the_search_is_sorted_and_its_first_plan_is_what_an_estimate_says(at_root, binary):
    found = estimate(binary, *LLAMA, "--chips", "256", "--global-batch", "512", "--search")
    times = [plan["step_s"] for plan in found["plans"]]
    assert times == sorted(times)
    assert found["legal"] > found["fitting"] > 1000
    chips = [point["chips"] for point in found["front"]]
    assert chips == sorted(chips, reverse=True)
    plan = found["plans"][0]["plan"]
    zero = {"none": "0", "optimizer": "1", "gradients": "2", "weights": "3"}[plan["sharding"]]
    same = estimate(
        binary, *LLAMA, "--chips", "256", "--global-batch", "512", "--tp", str(plan["tensor"]),
        "--pp", str(plan["pipeline"]), "--vpp", str(plan["virtual_pipeline"]),
        "--cp", str(plan["context"]), "--ep", str(plan["expert"]),
        "--micro-batch", str(plan["micro_batch"]), "--recompute", plan["recompute"],
        "--zero", zero,
    )  # fmt: skip
    # A search compares plans on machines that are all equally fast.
    assert same["step_s"] - same["breakdown_s"]["stragglers"] == pytest.approx(times[0])


def test_what_a_job_keeps_and_how_it_starts(at_root, binary):
    e = estimate(binary, *PLAN)
    # 405.9 billion weights of 14 bytes; no storage is named.
    assert e["checkpoint_bytes"] == pytest.approx(405.9e9 * 14, rel=0.001)
    assert e["checkpoint_s"] is None
    # 480 s at 98,304 chips, with the power ln 12 / ln 6.
    assert e["start_s"] == pytest.approx(480 * (128 / 98304) ** 1.38685, rel=0.001)


def test_methods_are_compared_by_time_to_target(at_root, binary):
    small = estimate(binary, *PLAN, "--tokens", "15 Ttoken")
    large = estimate(binary, *PLAN[:-2], "--global-batch", "512", "--tokens", "15 Ttoken")
    # 405B has a critical batch of 16 million tokens: a batch of B needs 1 + B/16M times as many.
    for e in (small, large):
        more = 1 + e["tokens"] / 16e6
        assert e["target"]["tokens"] == pytest.approx(15e12 * more)
        steps = e["target"]["tokens"] / e["tokens"]
        assert e["target"]["seconds"] == pytest.approx(steps * e["step_s"])
    assert estimate(binary, *PLAN)["target"] == {}
    wrong = call(binary, *PLAN, "--tokens", "15 T")
    assert wrong.returncode == 2
    assert "--tokens" in wrong.stderr


def test_the_picture_is_drawn(at_root, binary, tmp_path, monkeypatch):
    monkeypatch.setenv("BUSBAR_PYTHON", sys.executable)
    picture = tmp_path / "step.png"
    result = call(binary, *PLAN, "--plot", picture)
    assert result.returncode == 0, result.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_chip_without_a_run_says_so(at_root, binary):
    result = call(
        binary, "--model", "llama-3.1-70b", "--chips", "64", cluster="mesa-trn",
        world="platforms/worlds/tiny.xml",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "'trainium2' was not measured" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--model", "lama-3.1-8b", "--chips", "8"), "did you mean 'llama-3.1-8b'?"),
        ((*LLAMA, "--chips", "100000"), "has 384 chips for jobs after all deliveries"),
        ((*LLAMA, "--chips", "120", "--tp", "6"), "6 does not divide the 128 heads"),
        ((*LLAMA, "--chips", "256", "--pp", "256"), "126 layers for 256 stages"),
        (
            ("--model", "kimi-k2", "--chips", "256", "--ep", "7"),
            "7 does not divide the 384 of 'kimi-k2'",
        ),
        (
            (*LLAMA, "--chips", "128", "--pp", "4", "--vpp", "2", "--schedule", "dualpipe"),
            "schedules have one chunk a stage",
        ),
        ((*LLAMA, "--chips", "256", "--search"), "--search needs --global-batch"),
        ((*LLAMA, "--chips", "100", "--tp", "8", "--pp", "4"), "32 does not divide 100"),
        (
            (
                *LLAMA,
                "--chips",
                "128",
                "--tp",
                "8",
                "--pp",
                "4",
                "--cp",
                "1",
                "--global-batch",
                "66",
            ),
            "4 replicas x 1 does not divide 66 sequences",
        ),
        (
            (*LLAMA, "--chips", "256", "--tp", "4", "--pp", "8", "--global-batch", "77"),
            "8 replicas x 1 does not divide 77 sequences",
        ),
        ((*LLAMA, "--chips", "256", "--ep", "4"), "'llama-3.1-405b' has none"),
        (
            (*LLAMA, "--chips", "256", "--stack", "megatron-brdge"),
            "did you mean 'megatron-bridge'?",
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
