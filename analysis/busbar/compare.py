"""Set one run beside another: `python -m busbar.compare control.h5 other.h5`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas as pd

import busbar

_HOUR_S = 3600.0


def measures(run: busbar.Run) -> pd.Series:
    """Tell what a run achieved: chip-hours by vendor, work, waiting, ends of campaigns' stages.

    Returns:
        Floats by name, each with its unit: powered, training and serving chip-hours of each vendor;
        training tokens that were done and that were lost; mean wait of jobs that started, by size;
        jobs by what became of them; days from the start until a stage ended, NaN: not in this run.

    """
    rows: dict[str, float] = {}
    for vendor, totals in run.vendor_totals.iterrows():
        for what in ("chip_seconds", "training_chip_seconds", "serving_chip_seconds"):
            name = what.removesuffix("_seconds").replace("_chip", "").replace("chip", "powered")
            rows[f"{vendor}: {name} chip-hours"] = totals[what] / _HOUR_S
    jobs = run.jobs
    rows["tokens trained"] = jobs["tokens"].sum()
    rows["tokens lost"] = jobs["lost_tokens"].sum()
    started = jobs[jobs["start_s"].notna()]
    large = started["chips"] >= 256  # where most chip-time is
    for name, share in (("below 256 chips", ~large), ("of 256 chips and more", large)):
        rows[f"mean wait of jobs {name}, h"] = started["wait_s"][share].mean() / _HOUR_S
    summary = run.summary
    for key in ("completed", "running", "waiting", "rebrokered", "stranded"):
        rows[f"jobs {key}"] = float(summary.get(f"jobs_{key}", 0))
    rows["interruptions"] = float(summary.get("interruptions", 0))
    arrived = summary.get("requests_arrived", 0.0)
    if arrived:
        rows["requests served, %"] = 100.0 * summary["requests_served"] / arrived
    stages = run.table("summary/stages")
    for stage in stages.itertuples():
        name = f"{stage.campaign}: {stage.stage}"
        rows[f"{name}, jobs ended of {stage.jobs}"] = float(stage.jobs_ended)
        rows[f"{name} ends, day"] = stage.end_s / 86400.0
    return pd.Series(rows, dtype=float)


def compare(control: busbar.Run, other: busbar.Run) -> pd.DataFrame:
    """Set the measures of two runs side by side.

    Returns:
        A row per measure; columns `control`, `other`, `difference` and `change` (a fraction of the
        control, NaN where that is 0). NaN where a run has no such measure.

    """
    table = pd.DataFrame({"control": measures(control), "other": measures(other)})
    table = table.reindex(pd.unique(pd.concat([measures(control), measures(other)]).index))
    table["difference"] = table["other"] - table["control"]
    table["change"] = table["difference"] / table["control"].where(table["control"] != 0.0)
    return table


def _text(table: pd.DataFrame) -> str:
    """Format each number with four significant digits, changes in percent."""
    texts = table[["control", "other"]].map(lambda v: "-" if pd.isna(v) else f"{v:,.4g}")
    texts["change"] = table["change"].map(lambda v: "" if pd.isna(v) else f"{100 * v:+.1f} %")
    return texts.to_string()


def main(arguments: list[str] | None = None) -> int:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(prog="python -m busbar.compare", description=__doc__)
    parser.add_argument("control", type=Path, help="trace of the run to compare with")
    parser.add_argument("other", type=Path, help="trace of the run with a difference")
    options = parser.parse_args(arguments)
    try:
        with busbar.open(options.control) as control, busbar.open(options.other) as other:
            print(_text(compare(control, other)))
    except busbar.BusbarError as error:
        print(f"error: {error}", file=sys.stderr)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main())
