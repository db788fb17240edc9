"""The shipped models hold as many weights as were published."""

import json
import subprocess

import pytest

pytestmark = pytest.mark.binary

FILE = "workloads/models/open-models.xml"

# Billions, from the models' papers and cards, written down apart from the catalogue.
PUBLISHED = {
    "llama-2-7b": 6.738, "llama-2-13b": 13.016, "llama-2-70b": 68.977,
    "llama-3.1-8b": 8.03, "llama-3.1-70b": 70.55, "llama-3.1-405b": 405.85,
    "gpt-3-175b": 174.6, "palm-540b": 540.35, "nemotron-4-340b": 341.0,
    "deepseek-v3": 671.0, "deepseek-r1": 671.0, "kimi-k2": 1026.5,
    "qwen3-30b-a3b": 30.53, "qwen3-235b-a22b": 235.09, "gpt-oss-120b": 116.83,
    "mixtral-8x22b": 140.62, "megascale-175b": 175.0, "megascale-530b": 530.0,
    "nemotron-3-nano-30b": 31.6, "nemotron-3-super-120b": 120.7, "nemotron-3-ultra-550b": 549.3,
    "maxtext-16b": 15.8, "maxtext-32b": 31.7, "maxtext-64b": 62.8, "maxtext-128b": 125.1,
    "maxtext-256b": 250.2, "maxtext-512b": 499.3, "maxtext-1024b": 997.5,
}  # fmt: skip


def billions(text):
    number, unit = text.split()
    assert unit == "billion"
    return float(number)


def test_weights_equal_the_published_ones_within_half_a_percent(root, binary):
    result = subprocess.run(
        [binary, "list", "models", root / FILE, "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    counted = {row["model"]: billions(row["weights"]) for row in json.loads(result.stdout)}
    assert set(counted) == set(PUBLISHED)
    for name, weights in PUBLISHED.items():
        assert counted[name] == pytest.approx(weights, rel=0.005), name


def test_a_wrong_architecture_is_told(root, binary):
    result = subprocess.run(
        [binary, "check", root / FILE, "--set", "//model[@id='kimi-k2']/@hidden=7000"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 2
    assert "'kimi-k2' has" in result.stderr
