"""Failures of a run: mean time to failure by size of job, and where chip time went."""

import numpy as np
import pandas as pd

from busbar.trace import Run


def mttf_by_size(run: Run, *, factor: float = 2.0) -> pd.DataFrame:
    """Return the mean time between interruptions of jobs, by classes of size.

    A class holds the jobs of at least `chips` and fewer than `factor` times as many chips. Running
    time counts restarts and stalls; what a failure did to a job that went on without a replica
    counts as a degradation, not as an interruption.

    Index `chips` (lower end of the class); columns `jobs`, `running_h`, `interruptions`,
    `degradations`, `mttf_h` (running time over interruptions; infinite without any),
    `rate_per_1000_chip_days` and `ettr` (work at full speed over time since the start, weighted by
    chip time).
    """
    jobs, segments = run.jobs, run.segments
    ran_s = (segments["end_s"] - segments["start_s"]).groupby(segments["job"]).sum()
    started = jobs[jobs["start_s"].notna()]
    ran_s = ran_s.reindex(started.index).fillna(0.0)
    steps = np.floor(np.log(started["chips"].clip(lower=1)) / np.log(factor) + 1e-9)
    table = pd.DataFrame(
        {
            "chips": np.round(factor**steps).astype("int64"),
            "jobs": 1,
            "running_h": ran_s / 3600.0,
            "interruptions": started["interruptions"],
            "degradations": started["degradations"],
            "chip_h": ran_s / 3600.0 * started["chips"],
            "useful": started["ettr"] * ran_s * started["chips"],
            "weight": ran_s * started["chips"],
        }
    )
    table = table.groupby("chips").sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        table["mttf_h"] = table["running_h"] / table["interruptions"]
        table["rate_per_1000_chip_days"] = table["interruptions"] / table["chip_h"] * 24_000.0
        table["ettr"] = table["useful"] / table["weight"]
    return table.drop(columns=["chip_h", "useful", "weight"])


def lost_chip_hours(run: Run) -> pd.Series:
    """Return chip-hours of jobs by what became of them.

    Index: `effective`, `lost by …` (work done again, by the cause of the failure; `preemption` and
    what no failure caused is `lost by others`), `restarts`, `degraded`. The sum is the chip time
    that jobs held.
    """
    summary = dict(run.summary)
    causes = {
        key.removeprefix("lost_chip_hours_by_"): value
        for key, value in summary.items()
        if key.startswith("lost_chip_hours_by_")
    }
    lost = float(summary.get("lost_chip_hours", 0.0))
    parts = {f"lost by {cause}": float(hours) for cause, hours in sorted(causes.items())}
    parts["lost by others"] = lost - sum(parts.values())
    parts["restarts"] = float(summary.get("restart_chip_hours", 0.0))
    parts["degraded"] = float(summary.get("degraded_chip_hours", 0.0))
    held = float(summary["job_chip_hours"])
    return pd.Series({"effective": held - sum(parts.values()), **parts}, name="chip-hours")


def lost_by_job(run: Run) -> pd.DataFrame:
    """Return chip-hours of work that each job lost, a column per cause of failure.

    Index: `id` of the jobs that lost any. What preemption and other decisions cost is not in it:
    `run.jobs["lost_s"]` has all.
    """
    losses = run.losses
    table = losses.pivot_table(
        index="job", columns="cause", values="chip_s", aggfunc="sum", observed=True, fill_value=0.0
    )
    table.columns = [str(cause) for cause in table.columns]
    return (table / 3600.0).rename_axis("id")
