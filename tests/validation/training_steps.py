#!/usr/bin/env python3
"""Prints the errors of the training step model on published runs beside their targets.

usage: tests/validation/training_steps.py [--data FOLDER]

For each set of runs: the error with constants fitted on all of them, the error on models that the
fit did not see, and the null model's (one share of peak for each chip and stack, times the
pipeline's bubble). Exit code 1 if a target is missed; sim/doc/models/training.md says why.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from busbar import predictions

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data" / "training"
TPU_WITH_TENSOR_AXES = "tpu-v5p maxtext"


@dataclass(frozen=True)
class Line:
    """One set of runs with its targets, in percent."""

    name: str
    fitted: float
    unseen: float
    p90: float | None = None
    most: float | None = None


def select(data, name):
    """Return the rows of a set."""
    tpu = data.chip.str.startswith("tpu-") | (data.chip == "ironwood")
    trainium = data.chip.str.startswith("trainium")
    dense = data.kind == "dense"
    tensor = data.family.str.startswith(TPU_WITH_TENSOR_AXES)
    return data[
        {
            "dense, A100 to GB300": dense & ~tpu & ~trainium,
            "dense TPU, weights sharded": dense & tpu & ~tensor,
            "dense TPU with tensor axes": dense & tensor,
            "Trainium 1": trainium,
            "experts on GPUs, by release": (data.kind == "experts") & ~tpu,
            "hybrid state-space": data.kind == "hybrid",
            "experts on TPUs": (data.kind == "experts") & tpu,
            "vTrain, several nodes": data.index >= 0,
            "vTrain, one node": data.index >= 0,
        }[name]
    ]


PUBLISHED = [
    Line("dense, A100 to GB300", 4, 6, 10, 20),
    Line("dense TPU, weights sharded", 3, 6),
    Line("dense TPU with tensor axes", 6, 8),
    Line("Trainium 1", 6, 12),
    Line("experts on GPUs, by release", 6, 12),
    Line("hybrid state-space", 4, 7),
]
VTRAIN = [
    (Line("vTrain, several nodes", 7, 10), "vtrain_multi_node_a100.csv"),
    (Line("vTrain, one node", 6, 7), "vtrain_single_node_a100.csv"),
]


def mean(errors):
    """Return the mean absolute error in percent."""
    return 100.0 * errors.abs().mean()


class Table:
    """Prints lines and remembers the misses."""

    def __init__(self):
        self.missed = []
        print(f"{'runs':32} {'n':>4} {'fitted':>7} {'target':>7} {'unseen':>7} {'target':>7} "
              f"{'p90':>6} {'max':>6} {'null':>6} {'null unseen':>11}")  # fmt: skip

    def add(self, line, fitted, unseen):
        """Print one line."""
        a, b = select(fitted, line.name), select(unseen, line.name)
        p90 = 100.0 * a.error.abs().quantile(0.9)
        most = 100.0 * a.error.abs().max()
        print(f"{line.name:32} {len(a):4} {mean(a.error):7.1f} {line.fitted:7} "
              f"{mean(b.error):7.1f} {line.unseen:7} {p90:6.1f} {most:6.1f} "
              f"{mean(a.null_error):6.1f} {mean(b.null_error):11.1f}")  # fmt: skip
        for what, value, target in (
            ("fitted", mean(a.error), line.fitted),
            ("unseen", mean(b.error), line.unseen),
            ("p90", p90, line.p90),
            ("max", most, line.most),
        ):
            # Rounded as printed.
            if target is not None and round(value, 1) > target:
                self.missed.append(f"{line.name}: {what} {value:.1f} > {target}")

    def check(self, name, value, target, *, at_least=False):
        """Print a single figure."""
        met = value >= target if at_least else round(value, 1) <= target
        print(f"{name:58} {value:7.2f} {'at least' if at_least else 'at most'} {target}")
        if not met:
            self.missed.append(f"{name}: {value:.2f} against {target}")


def compare(folder):
    """Print all tables; return the misses."""
    rows = folder / "training_rows.csv"
    fitted = predictions.table(rows, refit=True)
    unseen = predictions.table(rows, refit=True, leave_out="model")
    new_chip = predictions.table(rows, refit=True, leave_out="chip")
    table = Table()
    for line in PUBLISHED:
        table.add(line, fitted, unseen)
    spearman = {}
    for line, name in VTRAIN:
        a = predictions.table(folder / name, layout="vtrain", refit=True)
        b = predictions.table(folder / name, layout="vtrain", refit=True, leave_out="model")
        table.add(line, a, b)
        several = [g for _, g in a.groupby("model") if len(g) >= 4 and g.plan.nunique() >= 4]
        spearman[line.name] = min(
            (g.predicted.rank().corr(g.measured.rank()) for g in several if len(g) >= 8),
            default=float("nan"),
        )
        spearman[line.name + ", mean"] = sum(
            g.predicted.rank().corr(g.measured.rank()) for g in several
        ) / len(several)
    print()
    for name in ("vTrain, several nodes, mean", "vTrain, one node, mean"):
        table.check(f"Spearman over plans of one model: {name}", spearman[name], 0.9, at_least=True)
    dense = select(new_chip, "dense, A100 to GB300")
    table.check("a chip without a run, dense: mean error, %", mean(dense.error), 12)
    other_hands = predictions.table(rows, refit=True, leave_out="stack")
    for name, of in (
        ("Llama 405B of MLPerf by other stacks' constants", "mlperf-405b"),
        ("A100 papers, each by the others' constants", "sc21 korth megascale"),
    ):
        some = other_hands[other_hands.id.str.startswith(tuple(of.split()))]
        table.check(f"{name} ({len(some)}), %", mean(some.error), 5)
    total = sum(1 for _ in rows.open()) - 1
    share = 100.0 * len(fitted) / total
    table.check("rows expressible, %", share, 92, at_least=True)
    unfit = fitted[fitted.inferred.map(lambda notes: any("does not fit" in n for n in notes))]
    table.check("published plans said not to fit", len(unfit), 0)
    for family, group in fitted.groupby("family"):
        if len(group) < 6:
            continue
        ratio = mean(group.null_error) / mean(group.error)
        table.check(f"null model over Busbar: {family}", ratio, 2, at_least=True)
    print("\n" + ("\n".join(["missed:", *table.missed]) if table.missed else "all targets met"))
    return table.missed


def main():
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA, help="folder with the measured tables")
    folder = parser.parse_args().data
    if not (folder / "training_rows.csv").exists():
        sys.exit(f"error: no training_rows.csv in {folder}: name its folder with --data")
    sys.exit(1 if compare(folder) else 0)


if __name__ == "__main__":
    main()
