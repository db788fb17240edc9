#!/usr/bin/env python3
"""Prints failures, restarts and effective time beside published figures and null models.

usage: tests/validation/failures.py [--data FOLDER]

Each line names its target, what Busbar gives, and what a null model gives. What was fitted on what
is said beside it and in sim/doc/models/faults.md. Exit code 1 if a target is missed.
"""

import argparse
import csv
import json
import math
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import busbar

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "failures"
LOG = "infinitehbd_faults.csv"
SERVERS = 400

# Table 5 of arXiv 2407.21783: unexpected interruptions of 54 days on 16,384 H100, and planned ones.
LLAMA_3 = {
    "faulty-gpu": 148, "hbm": 72, "software": 54, "network": 35, "host-maintenance": 32,
    "gpu-sram": 19, "gpu-system-processor": 17, "nic": 7, "nccl-watchdog": 7,
    "silent-data-corruption": 6, "gpu-thermal": 6, "ssd": 3, "power-supply": 3, "chassis": 2,
    "io-board": 2, "dependency": 2, "cpu": 2, "memory": 2, "planned": 47,
}  # fmt: skip


def call(*arguments):
    """Return the JSON that a command prints."""
    command = [busbar.find_binary(), *arguments, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode != 0:
        sys.exit(f"error: busbar {' '.join(map(str, arguments))}\n{done.stderr}")
    return json.loads(done.stdout)


def reliability(chips, *arguments, domain="hgx-h100-8"):
    """Return the figures of a job."""
    return call("estimate", "reliability", "--domain", domain, "--chips", str(chips), *arguments)


@dataclass
class Table:
    """Prints lines and remembers the misses."""

    def __post_init__(self):
        self.missed = []
        print(f"{'':58} {'target':>17} {'Busbar':>16} {'null':>7}  null model")

    def add(self, name, target, figure, met, null="", of=""):
        """Print one line."""
        print(f"{name:58} {target:>17} {figure:>16} {null:>7}  {of}{'' if met else '  MISSED'}")
        if not met:
            self.missed.append(name)


def rsc(table):
    """Compare both rate definitions of RSC-1 with its published times to failure."""
    for chips, published, digits in ((16_384, 1.8, 1), (131_072, 0.23, 2)):
        found = reliability(chips, "--failures", "rsc-1", "--over", "60 d")
        null = 7.9 * 1024 / chips
        figure = f"{found['mttf_h']:.{digits + 1}f} h"
        table.add(f"RSC-1 attributed, MTTF at {chips:,} GPUs", f"{published} h", figure,
                  round(found["mttf_h"], digits) == published, f"{null:.2f}",
                  "the 7.9 h of all causes, scaled")  # fmt: skip
        low, high = found["measured_mttf_h"]["low"], found["measured_mttf_h"]["high"]
        table.add("  the same counted in 200 simulated jobs, band", "holds it",
                  f"{low:.3f} to {high:.3f}", low <= found["mttf_h"] <= high)  # fmt: skip
    found = reliability(1024, "--failures", "rsc-1-all-causes")
    attributed = reliability(1024, "--failures", "rsc-1")["mttf_h"]
    table.add("RSC-1 all causes, MTTF at 1,024 GPUs", "7.9 h", f"{found['mttf_h']:.2f} h",
              round(found["mttf_h"], 1) == 7.9, f"{attributed:.1f}", "attributed only")  # fmt: skip


def llama(table, log_rate):
    """Predict Llama 3 from other clusters, and reproduce it from its own causes."""
    over = ("--over", "54 d")
    predicted = reliability(16_384, "--failures", "gpu-servers", *over)
    count = predicted["interruptions"]["mean"]
    rate = count / (2048 * 54) * 1000
    mean = (6.50 + 2.34 + log_rate) / 3
    alone = reliability(16_384, "--failures", "rsc-1", *over)["interruptions"]["mean"]
    table.add(
        "Llama 3 predicted from RSC-1, RSC-2 and StepFun only",
        "279 to 629",
        f"{count:.0f}",
        419 / 1.5 <= count <= 419 * 1.5,
        f"{alone:.0f}",
        f"RSC-1 alone; factor {max(count / 419, 419 / count):.2f}, RSC-1 {alone / 419:.2f}",
    )
    table.add("  rate behind it: mean of the three, /1,000 node-days", f"{mean:.2f}",
              f"{rate:.2f}", abs(rate / mean - 1) < 0.02)  # fmt: skip
    own = reliability(16_384, "--failures", "llama-3", *over)
    band = own["interruptions"]
    table.add(
        "Llama 3 from its own causes: interruptions",
        "466 in the band",
        f"{band['low']:.0f} to {band['high']:.0f}",
        band["low"] <= 466 <= band["high"],
    )
    outside = []
    for cause in own["causes"]:
        share = LLAMA_3[cause["cause"]] / sum(LLAMA_3.values())
        if not cause["share"]["low"] <= share <= cause["share"]["high"]:
            outside.append(cause["cause"])
    equal = sum(c["share"]["low"] <= 1 / len(LLAMA_3) <= c["share"]["high"] for c in own["causes"])
    table.add(f"  shares of {len(LLAMA_3)} causes inside their bands", f"{len(LLAMA_3)}",
              f"{len(LLAMA_3) - len(outside)} {' '.join(outside)}", not outside, f"{equal}",
              "equal shares")  # fmt: skip
    for failures, found in (("its own causes", own), ("predicted rates", predicted)):
        table.add(f"  effective time, {failures}", "above 90 %",
                  f"{100 * found['effective']['mean']:.1f} %", found["effective"]["mean"] > 0.9,
                  f"{100 * found['effective_null']:.1f}", "M / (M + restart)")  # fmt: skip
    return own


def hundred_thousand(table):
    """Compare synchronous and fault-tolerant training on 98,304 GPUs."""
    common = ("--over", "30 d", "--failures")
    elastic = ("--elastic-units", "16", "--reconfigure", "3 min", "--absence", "15 min")
    for failures in ("ft-hsdp", "rsc-1"):
        found = reliability(98_304, *common, failures)
        share = found["effective"]["mean"]
        table.add(f"98,304 GPUs, restart, rates {failures}", "44 +- 8 %", f"{100 * share:.1f} %",
                  abs(share - 0.44) <= 0.08, f"{100 * found['effective_null']:.1f}",
                  f"M / (M + restart), restart {found['restart_s'] / 60:.1f} min")  # fmt: skip
        found = reliability(98_304, *common, failures, *elastic)
        share = found["effective"]["mean"]
        table.add(f"98,304 GPUs, 16 replicas, stall 3 min, rates {failures}", "80 +- 8 %",
                  f"{100 * share:.1f} %", abs(share - 0.80) <= 0.08,
                  f"{100 * found['effective_null']:.1f}", "M / (M + stall)")  # fmt: skip


def several_pods(table, own):
    """Compare a job of several TPU pods that goes on without the slice that failed."""
    slices = 32
    beyond = LLAMA_3["network"] / (sum(LLAMA_3.values()) - LLAMA_3["planned"])
    left = 1 - 1 / slices
    table.add(f"several pods, {slices} slices: throughput without one", "97 %",
              f"{100 * left:.1f} %", abs(left - 0.97) <= 0.005, "0", "all stop")  # fmt: skip
    options = ("--over", "60 d", "--elastic-units", str(slices), "--reconfigure", "40 s",
               "--absence", "10 min", "--restart", "10 min", "--beyond-unit",
               f"{100 * beyond:.2f} %")  # fmt: skip
    stop = ("--over", "60 d", "--restart", "10 min")
    for name, mttf, judged in (("3 failures an hour", "20 min", True),
                               ("2 failures an hour", "30 min", False),
                               ("4 failures an hour", "15 min", False)):  # fmt: skip
        found = reliability(35_840, *options, "--failures", "tpu-v4", "--mttf", mttf,
                            domain="tpu-v5p-cube")  # fmt: skip
        null = reliability(35_840, *stop, "--failures", "tpu-v4", "--mttf", mttf,
                           domain="tpu-v5p-cube")["working"]["mean"]  # fmt: skip
        share = found["working"]["mean"]
        table.add(f"several pods, {name}: time in compute", "93.4 +- 3 %",
                  f"{100 * share:.1f} %", abs(share - 0.934) <= 0.03 or not judged,
                  f"{100 * null:.1f}", "stop and restart, 10 min")  # fmt: skip
    rates = reliability(35_840, "--failures", "tpu-v4", "--over", "60 d", domain="tpu-v5p-cube")
    hours = rates["mttf_h"]
    print(f"  the catalogue's rates give one failure in {hours:.1f} h for four pods; three an hour "
          f"would need {3 * 4 * hours:.0f} pods (not judged)")  # fmt: skip


def run_of_pods(change):
    """Return figures of the run of several pods, its mix changed."""
    with tempfile.TemporaryDirectory() as folder:
        mix = ROOT / "workloads" / "mixes" / "several-pods.xml"
        text = change(mix.read_text().replace('"../', f'"{ROOT}/workloads/'))
        (Path(folder) / "mix.xml").write_text(text)
        scenario = ROOT / "workloads" / "scenarios" / "several-pods.xml"
        text = scenario.read_text().replace('"../../', f'"{ROOT}/')
        text = text.replace('"../mixes/several-pods.xml"', '"mix.xml"')
        (Path(folder) / "scenario.xml").write_text(text)
        with busbar.run(Path(folder) / "scenario.xml", progress=False) as run:
            job, segments = run.jobs.iloc[0], run.segments
            ran_s = (segments["end_s"] - segments["start_s"]).sum()
            return {
                "working": (ran_s - job["restart_s"]) / run.summary["simulated_s"],
                "ettr": job["ettr"],
                "one away": segments["batch_share"][segments["batch_share"] < 1].max(),
                "drops": job["degradations"],
            }


def several_pods_in_a_run(table):
    """Simulate the same in the engine: 32 slices of four pods at four sites, a month."""
    found = run_of_pods(lambda mix: mix)
    response = ' on-failure="degrade" replicas="32" reconfigure="30 s"'
    null = run_of_pods(lambda mix: mix.replace(response, ""))
    table.add("a run over four pods: throughput without one slice", "97 %",
              f"{100 * found['one away']:.1f} %", abs(found["one away"] - 0.97) <= 0.005, "0",
              "all stop")  # fmt: skip
    table.add("  the same run: time in compute", "93.4 +- 3 %", f"{100 * found['working']:.1f} %",
              abs(found["working"] - 0.934) <= 0.03, f"{100 * null['working']:.1f}",
              "stop, wait for the repair, restart")  # fmt: skip
    # What the closed form says to the run's own times: 10 s of detection, 30 s to reconfigure, a
    # restart of 251 s, and 10 s + 8 min + 123 s away.
    closed = reliability(32_768, "--over", "30 d", "--failures", "tpu-v4", "--mttf", "20 min",
                         "--elastic-units", "32", "--reconfigure", "40 s", "--absence", "613 s",
                         "--restart", "251 s", "--beyond-unit", "8.4 %", "--checkpoint", "fixed",
                         "--interval", "10 min", "--checkpoint-size", "1 kB",
                         domain="tpu-v5p-cube")  # fmt: skip
    apart = abs(found["ettr"] - closed["effective_closed"])
    table.add("  its effective time, beside the closed form", "within 1.5 points",
              f"{100 * found['ettr']:.1f} %", apart < 0.015,
              f"{100 * null['ettr']:.1f}",
              f"restart; closed form {100 * closed['effective_closed']:.1f} %")  # fmt: skip


def cubes(table):
    """Compare the cubes of an Ironwood superpod that are usable for 95 % of the time."""

    def usable(failures):
        job = reliability(64, "--failures", failures, domain="ironwood-cube")
        cube = job["node_availability"] ** 16

        def at_least(least):
            return sum(
                math.comb(144, k) * cube**k * (1 - cube) ** (144 - k) for k in range(least, 145)
            )

        return max(k for k in range(145) if at_least(k) >= 0.95)

    found = usable("ironwood")
    table.add(
        "Ironwood: of 144 cubes usable for 95 % of the time",
        "130",
        str(found),
        abs(found - 130) <= 1,
        str(usable("stepfun")),
        "servers of the StepFun log",
    )


def union_of_faults(path):
    """Return the unavailable share of a log, summed here a second time."""
    by_server, span = defaultdict(list), 0.0
    with path.open() as rows:
        for row in csv.DictReader(rows):
            start, end = float(row["start_day"]), float(row["end_day"])
            by_server[row["node"]].append((start, end))
            span = max(span, end)
    down = 0.0
    for intervals in by_server.values():
        until = 0.0
        for start, end in sorted(intervals):
            down += max(0.0, end - max(start, until))
            until = max(until, end)
    return down / (SERVERS * span)


def log(table, path):
    """Replay a log, and compare logs that the fitted model makes with it."""
    found = call("validate", "failures", "--table", path, "--servers", str(SERVERS))
    own = union_of_faults(path)
    table.add(
        "StepFun log replayed: unavailable server time",
        f"{100 * own:.6f} %",
        f"{100 * found['unavailable']:.6f} %",
        abs(found["unavailable"] - own) < 1e-12 and round(100 * own, 1) == 2.3,
    )
    made = found["regenerated"]
    repair_days = sum(
        c["per_thousand_node_days"] * c["repair_median_h"] for c in found["fit"]["causes"]
    ) / 1000 / 24  # fmt: skip
    for name, logged, band, null, of, scale in (
        ("faults", found["faults"], made["faults"], "", "", 1),
        ("unavailable, %", found["unavailable"], made["unavailable"],
         f"{100 * repair_days:.2f}", "every repair takes the median", 100),
        ("CV of gaps (not fitted on)", found["gap_variation"], made["gap_variation"],
         "1.00", "Poisson: outside the band", 1),
    ):  # fmt: skip
        table.add(f"  regenerated: {name}", f"{scale * logged:.2f} in the band",
                  f"{scale * band['low']:.2f} to {scale * band['high']:.2f}",
                  band["low"] <= logged <= band["high"], null, of)  # fmt: skip
    fit = found["fit"]
    print(f"  residuals: p90 of repairs {fit['repair_p90_logged_h']:.0f} h logged, "
          f"{fit['repair_p90_fitted_h']:.0f} h fitted; servers without a fault "
          f"{100 * fit['servers_without_fault_logged']:.1f} % logged, "
          f"{100 * fit['servers_without_fault_fitted']:.1f} % fitted, "
          f"{100 * fit['servers_without_fault_if_equal']:.1f} % if all were equal")  # fmt: skip
    return found


def main():
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the fault log")
    path = parser.parse_args().data / LOG
    if not path.exists():
        sys.exit(f"error: no {LOG} in {path.parent}: name its folder with --data")
    os.environ.setdefault("NO_COLOR", "1")
    table = Table()
    found = log(table, path)
    rsc(table)
    own = llama(table, found["per_thousand_node_days"])
    hundred_thousand(table)
    several_pods(table, own)
    several_pods_in_a_run(table)
    cubes(table)
    print("\n" + ("\n".join(["missed:", *table.missed]) if table.missed else "all targets met"))
    sys.exit(1 if table.missed else 0)


if __name__ == "__main__":
    main()
