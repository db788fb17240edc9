#!/usr/bin/env python3
"""Prints the shapes of generated streams beside the published ones, over 20 seeds.

usage: tests/validation/workload_shapes.py [--seeds N] [NAME…]

Targets: medians and GPU-time shares within 5 % of the published figure, job-count shares within 2
points. The null model is one stream with the published mean GPUs and exponential run times of the
published mean: its median is 0.69 of the mean, whatever the cluster. Fails if a target is missed.
"""

import argparse
import math
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import busbar
import pandas as pd

ROOT = Path(__file__).resolve().parents[2]

# AcmeTrace cluster_summary.csv (CC-BY-4.0) and, for types and sizes, a secondary note on the Acme
# files; for Philly's sizes the published log itself.
PUBLISHED = {
    "acme-seren": {
        "mean run time": 1414.335,
        "median run time": 122.0,
        "jobs": {
            "completion": 0.497, "failure": 0.429, "cancellation": 0.075,
            "pretraining": 0.009, "evaluation": 0.649, "1 GPU": 0.540,
        },
        "GPU time": {
            "completion": 0.212, "failure": 0.124, "cancellation": 0.664,
            "pretraining": 0.695, "evaluation": 0.062, "256 GPUs and more": 0.564,
        },
    },
    "acme-kalos": {
        "mean run time": 1259.689,
        "median run time": 124.0,
        "jobs": {
            "completion": 0.541, "failure": 0.397, "cancellation": 0.062,
            "pretraining": 0.032, "evaluation": 0.928, "1 GPU": 0.863,
        },
        "GPU time": {
            "completion": 0.313, "failure": 0.080, "cancellation": 0.607,
            "pretraining": 0.953, "evaluation": 0.004, "256 GPUs and more": 0.963,
        },
    },
    "philly-like": {
        "mean run time": 18006.055,
        "median run time": 874.0,
        "jobs": {
            "completion": 0.604, "failure": 0.305, "cancellation": 0.090,
            "1 GPU": 0.932, "8 GPUs": 0.020,
        },
        "GPU time": {
            "completion": 0.321, "failure": 0.386, "cancellation": 0.294,
            "1 GPU": 0.1807, "8 GPUs": 0.4844,
        },
    },
}  # fmt: skip

# A month of Seren has 108,000 jobs; Kalos has a sixth of a month's jobs a month.
HORIZON = {"acme-seren": "60 d", "acme-kalos": "184 d", "philly-like": "108.9 d"}


def groups(jobs: pd.DataFrame) -> dict[str, pd.Series]:
    masks = {name: jobs.ending == name for name in ("completion", "failure", "cancellation")}
    masks |= {name: jobs.source == name for name in ("pretraining", "evaluation")}
    masks["1 GPU"] = jobs.chips == 1
    masks["8 GPUs"] = jobs.chips == 8
    masks["256 GPUs and more"] = jobs.chips >= 256
    return masks


def shape(name: str, seed: int) -> dict:
    """Sums of one seed, to be added over seeds."""
    jobs = busbar.jobs(
        ROOT / "workloads" / "scenarios" / f"{name}.xml",
        set={"/scenario/@horizon": HORIZON[name]},
        seed=seed,
    )
    gpu_s = jobs.chips * jobs.run_s
    row = {"count": len(jobs), "gpu_s": gpu_s.sum(), "median": jobs.run_s.median()}
    for group, mask in groups(jobs).items():
        row["jobs", group] = mask.sum()
        row["GPU time", group] = gpu_s[mask].sum()
    return row


def compare(name: str, seeds: int) -> pd.DataFrame:
    """Published and generated figures with their deviations; `met` says whether in tolerance."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = pd.DataFrame(list(pool.map(lambda s: shape(name, s), range(1, seeds + 1))))
    published = PUBLISHED[name]
    median = runs["median"].mean()
    null = published["mean run time"] * math.log(2.0)
    target = published["median run time"]
    rows = [("median run time / s", target, median, median / target - 1.0, 0.05, null)]
    for kind, tolerance in (("jobs", 0.02), ("GPU time", 0.05)):
        whole = runs["count" if kind == "jobs" else "gpu_s"].sum()
        for group, share in published[kind].items():
            figure = runs[kind, group].sum() / whole
            off = figure - share if kind == "jobs" else figure / share - 1.0
            rows.append((f"share of {kind}: {group}", share, figure, off, tolerance, math.nan))
    table = pd.DataFrame(
        rows, columns=["figure", "published", "generated", "deviation", "allowed", "null model"]
    )
    table["met"] = table.deviation.abs() <= table.allowed
    return table


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=list(PUBLISHED))
    parser.add_argument("--seeds", type=int, default=20)
    arguments = parser.parse_args()
    missed = 0
    for name in arguments.names:
        table = compare(name, arguments.seeds)
        missed += int((~table.met).sum())
        print(f"{name}, {arguments.seeds} seeds")
        print(table.to_string(index=False, float_format=lambda x: f"{x:.4g}", na_rep=""))
    print("all targets met" if missed == 0 else f"{missed} missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
