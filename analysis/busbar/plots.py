"""Plots of a run. Each takes `ax=None`, draws on it (or on a new figure) and returns the Axes.

A plot that a run has no data for raises `busbar.NoDataError`.
"""

from __future__ import annotations

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from busbar import style
from busbar.errors import NoDataError
from busbar.trace import Run

# Upper bounds of the size classes of `waits`, chips.
SIZE_CLASSES = (1, 8, 63, 255, 4095, np.inf)


def site_power(run: Run, *, site: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw power over time under its limits.

    Args:
        run: the run.
        site: one site: its IT power (filled), facility power, IT limit and grid limit. None: the
            facility power of every site, and its grid limit dashed in the same colour; beyond
            as many sites as there are colours, the smaller ones together.
        ax: where to draw.

    """
    if len(run.column("series/site", "time_s")) == 0:
        raise NoDataError(f"{run.path}: no samples of sites; the run is {run.status}")
    ax = style.axes(ax)
    facility, grid = run.site_series("facility_power_w"), run.site_series("grid_limit_w")
    if site is None:
        _all_sites(run, facility, grid, ax)
    else:
        if site not in facility.columns:
            raise NoDataError(f"no site '{site}'; known: {', '.join(facility.columns)}")
        _one_site(run, site, facility[site], grid[site], ax)
    ax.set_ylim(bottom=0)
    style.date_axis(ax)
    style.legend_below(ax)
    return style.tidy(ax)


def _all_sites(run: Run, facility: pd.DataFrame, grid: pd.DataFrame, ax: Axes) -> None:
    unit, name = style.scale(style.finite_max(facility, grid), style.WATTS)
    dates = _days(run, facility.index)
    largest = facility.max().sort_values(ascending=False, kind="stable").index
    named = [site for site in facility.columns if site in set(largest[: len(style.COLOURS)])]
    rest = facility.drop(columns=named)
    for number, site in enumerate(named):
        colour = style.COLOURS[number % len(style.COLOURS)]
        ax.plot(dates, facility[site] / unit, color=colour, label=site)
        if np.isfinite(grid[site]).any():
            limit = _drawable(grid[site]) / unit
            ax.plot(dates, limit, color=colour, linestyle="--", linewidth=1, alpha=0.7)
    if not rest.empty:
        total = rest.sum(axis=1) / unit
        ax.plot(dates, total, color="0.6", linestyle=":", label=f"{rest.shape[1]} others together")
    ax.set_ylabel(f"facility power ({name}; dashed: grid limit)")


def vendor_power(run: Run, *, ax: Axes | None = None) -> Axes:
    """Draw the IT power of each vendor's clusters over time, stacked.

    Args:
        run: the run.
        ax: where to draw.

    """
    watts = run.cluster_series("it_power_w")
    if watts.empty:
        raise NoDataError(f"{run.path}: no samples of clusters; the run is {run.status}")
    by_vendor = watts.T.groupby(run.clusters["vendor"].astype(str)).sum().T
    unit, name = style.scale(float(by_vendor.sum(axis=1).max()), style.WATTS)
    vendors = sorted(by_vendor.columns)
    ax = style.axes(ax)
    ax.stackplot(
        _days(run, by_vendor.index),
        *(by_vendor[vendor] / unit for vendor in vendors),
        colors=[style.vendor_colour(vendor, vendors) for vendor in vendors],
        labels=vendors,
    )
    ax.set_ylabel(f"IT power ({name})")
    ax.set_ylim(bottom=0)
    style.date_axis(ax)
    style.legend_below(ax)
    return style.tidy(ax)


def _one_site(run: Run, site: str, facility: pd.Series, grid: pd.Series, ax: Axes) -> None:
    it_power = run.site_series("it_power_w")[site]
    it_limit = run.site_series("it_limit_w")[site]
    unit, name = style.scale(style.finite_max(facility, grid, it_limit), style.WATTS)
    dates = _days(run, facility.index)
    ax.fill_between(dates, it_power / unit, color=style.COLOURS[5], alpha=0.6, label="IT")
    ax.plot(dates, facility / unit, color=style.COLOURS[0], label="facility")
    for limit, colour, label in (
        (it_limit, style.COLOURS[1], "IT limit"),
        (grid, style.COLOURS[3], "grid limit"),
    ):
        if np.isfinite(limit).any():
            ax.plot(dates, _drawable(limit) / unit, color=colour, linestyle="--", label=label)
    ax.set_ylabel(f"power ({name})")
    ax.set_title(site, fontsize="medium")


def _drawable(limit: pd.Series) -> pd.Series:
    return limit.where(np.isfinite(limit))


def cluster_occupancy(
    run: Run, *, clusters: list[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the share of installed chips that jobs and services hold over time, a row per cluster.

    Dark is full; nothing is drawn while a cluster has no chips.

    Args:
        run: the run.
        clusters: names of the clusters to draw; None: all.
        ax: where to draw.

    """
    installed = _of_clusters(run, "installed", clusters)
    held = run.cluster_series("allocated") + run.cluster_series("serving")
    share = held[installed.columns] / installed.where(installed > 0)
    return _row_per_cluster(run, share, "chips held (% of installed)", ax)


def cluster_fragmentation(
    run: Run, *, clusters: list[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the share of idle chips outside the largest hole over time, a row per cluster.

    Dark: what is idle is scattered over pods, and no large slice starts. Nothing is drawn while
    no chip is idle.

    Args:
        run: the run.
        clusters: names of the clusters to draw; None: all.
        ax: where to draw.

    """
    idle = _of_clusters(run, "idle", clusters)
    share = run.cluster_series("fragmentation")[idle.columns].where(idle > 0)
    return _row_per_cluster(run, share, "idle chips beyond the largest hole (%)", ax)


def _of_clusters(run: Run, column: str, clusters: list[str] | None) -> pd.DataFrame:
    series = run.cluster_series(column)
    if series.empty:
        raise NoDataError(f"{run.path}: no samples of clusters; the run is {run.status}")
    unknown = [name for name in clusters or [] if name not in series.columns]
    if unknown:
        raise NoDataError(f"no cluster '{unknown[0]}'; known: {', '.join(series.columns)}")
    return series[list(clusters or series.columns)]


def _row_per_cluster(run: Run, share: pd.DataFrame, label: str, ax: Axes | None) -> Axes:
    names = list(share.columns)
    edges = _days(run, np.append(share.index, max(run.end_s, share.index[-1] + 1.0)))
    ax = style.axes(ax)
    rows = np.arange(len(names) + 1) - 0.5
    cells = ax.pcolormesh(
        edges, rows, 100 * share.to_numpy().T, cmap="cividis_r", vmin=0, vmax=100, rasterized=True
    )
    ax.set_yticks(range(len(names)), names, fontsize="small" if len(names) < 20 else "xx-small")
    ax.set_ylim(len(names) - 0.5, -0.5)
    beside = ax.inset_axes((1.02, 0.0, 0.025, 1.0))
    ax.figure.colorbar(cells, cax=beside, label=label)
    style.date_axis(ax)
    style.tidy(ax)
    ax.grid(visible=False)
    return ax


def job_gantt(run: Run, *, top: int = 40, ax: Axes | None = None) -> Axes:
    """Draw the largest jobs as bars from start to end, by vendor, with their wait as a thin line.

    Args:
        run: the run.
        top: how many jobs, by chips times running time.
        ax: where to draw.

    """
    jobs = _started(run)
    end = jobs["end_s"].fillna(run.end_s)
    size = jobs["chips"] * (end - jobs["start_s"])
    shown = size.nlargest(top, keep="first").index
    jobs = jobs.loc[shown].assign(end=end.loc[shown]).sort_values("start_s", kind="stable")
    vendor = (
        jobs["cluster"].astype(object).map(run.clusters["vendor"].astype(str)).fillna("unknown")
    )
    vendors = sorted(vendor.unique())
    ax = style.axes(ax)
    rows = np.arange(len(jobs))
    submitted, started, ended = (_days(run, jobs[key]) for key in ("submit_s", "start_s", "end"))
    ax.hlines(rows, submitted, started, color="0.6", linewidth=0.8)
    for name in vendors:
        at = (vendor == name).to_numpy()
        ax.barh(
            rows[at],
            (ended - started)[at],
            left=started[at],
            height=0.75,
            color=style.vendor_colour(name, vendors),
            label=name,
        )
    labels = [
        f"{name} ({chips:,})" for name, chips in zip(jobs["name"], jobs["chips"], strict=True)
    ]
    ax.set_yticks(rows, labels, fontsize="xx-small")
    ax.set_ylim(len(jobs) - 0.25, -0.75)
    ax.set_ylabel("job (chips)")
    style.date_axis(ax)
    style.legend_below(ax)
    return style.tidy(ax)


def waits(run: Run, *, ax: Axes | None = None) -> Axes:
    """Draw which share of jobs waited longer than a time, by size class.

    Jobs that never started count among all: a curve with some of them stays above 0 to the end.
    Waits of up to a second count as none.
    """
    jobs = run.jobs
    jobs = jobs[jobs["state"] != "rejected"]
    if jobs.empty:
        raise NoDataError(f"{run.path}: no jobs")
    wait_s = (jobs["start_s"] - jobs["submit_s"]).fillna(np.inf)
    ax = style.axes(ax)
    smallest = 1
    drawn = 0
    for largest in SIZE_CLASSES:
        of_class = np.sort(wait_s[(jobs["chips"] >= smallest) & (jobs["chips"] <= largest)])
        if count := len(of_class):
            finite = of_class[np.isfinite(of_class) & (of_class > 1.0)]
            longer = count - np.searchsorted(of_class, finite, side="right")
            first = count - np.searchsorted(of_class, 1.0, side="right")
            x = np.concatenate([[1.0], finite, [max(run.end_s, 2.0)]])
            y = 100 * np.concatenate([[first], longer, [np.isinf(of_class).sum()]]) / count
            note = "jobs" if first else "jobs, none waited"
            label = f"{_class_name(smallest, largest)} ({count:,} {note})"
            # Of 0 a logarithmic axis shows nothing.
            y = np.where(y > 0, y, np.nan)
            ax.step(x / 3600, y, where="post", label=label, **style.line_style(drawn))
            drawn += 1
        smallest = int(largest) + 1 if np.isfinite(largest) else smallest
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlabel("wait (hours)")
    ax.set_ylabel("jobs that waited longer (%)")
    ax.set_ylim(top=110)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    style.legend_below(ax, columns=2)
    return style.tidy(ax)


def _class_name(smallest: int, largest: float) -> str:
    if smallest == largest:
        return f"{smallest} chip" + ("s" if smallest > 1 else "")
    if not np.isfinite(largest):
        return f"{smallest:,} chips and more"
    return f"{smallest:,}–{int(largest):,} chips"


def vendor_utilisation(run: Run, *, ax: Axes | None = None) -> Axes:
    """Draw which share of each vendor's chip time went to training, serving and nothing.

    Exact for a finished run; from the samples for an incomplete one, and said so.
    """
    shares = _vendor_shares(run)
    ax = style.axes(ax)
    rows = np.arange(len(shares))
    left = np.zeros(len(shares))
    for column, colour in (("training", style.COLOURS[0]), ("serving", style.COLOURS[1])):
        width = 100 * shares[column].to_numpy()
        ax.barh(rows, width, left=left, color=colour, label=column, height=0.6)
        left += width
    ax.barh(rows, 100 - left, left=left, color="0.88", label="idle", height=0.6)
    for row, share in zip(rows, left, strict=True):
        ax.annotate(f"{share:.0f} %", (share, row), (4, 0), textcoords="offset points", va="center")
    ax.set_yticks(rows, shares.index)
    ax.set_xlim(0, 100)
    ax.set_xlabel("chip time (% of installed and usable)")
    if not run.is_complete:
        ax.set_title(f"run is {run.status}: from samples", fontsize="small")
    style.legend_below(ax)
    return style.tidy(ax)


def _vendor_shares(run: Run) -> pd.DataFrame:
    if "summary/vendors" in run.tables:
        totals = run.vendor_totals
        time = totals["chip_seconds"].where(totals["chip_seconds"] > 0)
        shares = pd.DataFrame(
            {
                "training": totals["training_chip_seconds"] / time,
                "serving": totals["serving_chip_seconds"] / time,
            }
        )
    else:
        vendor = run.clusters["vendor"].astype(str)
        sums = {
            name: run.cluster_series(name).sum().groupby(vendor).sum()
            for name in ("installed", "allocated", "serving")
        }
        time = sums["installed"].where(sums["installed"] > 0)
        shares = pd.DataFrame(
            {"training": sums["allocated"] / time, "serving": sums["serving"] / time}
        )
    shares = shares.dropna()
    if shares.empty:
        raise NoDataError(f"{run.path}: no chips were installed")
    return shares


def chip_demand(run: Run) -> pd.DataFrame:
    """Count the chips that jobs hold and wait for, at every moment one of the two changes.

    Returns:
        Index time_s; columns `running` and `waiting`, in chips. Exact, from the table of jobs.

    """
    jobs = run.jobs
    jobs = jobs[jobs["state"] != "rejected"]
    if jobs.empty:
        raise NoDataError(f"{run.path}: no jobs")
    chips = jobs["chips"].to_numpy(dtype=float)
    started = jobs["start_s"].notna().to_numpy()
    ended = jobs["end_s"].notna().to_numpy() & started
    # A job that was given up without a start leaves the queue at its end, if that is recorded.
    left = jobs["end_s"].notna().to_numpy() & ~started
    steps = [
        ("submit_s", 0.0, 1.0, np.ones(len(jobs), dtype=bool)),
        ("start_s", 1.0, -1.0, started),
        ("end_s", -1.0, 0.0, ended),
        ("end_s", 0.0, -1.0, left),
    ]
    changes = pd.concat(
        pd.DataFrame(
            {
                "time_s": jobs[key].to_numpy()[rows],
                "running": running * chips[rows],
                "waiting": waiting * chips[rows],
            }
        )
        for key, running, waiting, rows in steps
    )
    demand = changes.groupby("time_s", sort=True).sum().cumsum()
    demand.attrs["units"] = {"running": "chips", "waiting": "chips"}
    return demand


def demand(run: Run, *, window_h: float | None = None, ax: Axes | None = None) -> Axes:
    """Draw chips held by jobs and, on top, chips waited for, under the installed chips.

    Args:
        run: the run.
        window_h: draw only the hours around the moment with the most chips in demand; None: all.
        ax: where to draw.

    """
    changes = chip_demand(run)
    total = changes["running"] + changes["waiting"]
    begin_s, end_s = 0.0, run.end_s
    if window_h is not None:
        peak_s = float(total.idxmax())
        begin_s = max(0.0, peak_s - 1800 * window_h)
        end_s = min(end_s, begin_s + 3600 * window_h)
        before = changes.loc[:begin_s].tail(1).set_axis([begin_s])
        changes = pd.concat([before, changes.loc[np.nextafter(begin_s, np.inf) : end_s]])
    last = changes.tail(1).set_axis([max(end_s, float(changes.index[-1]))])
    changes = pd.concat([changes, last])
    installed = run.cluster_series("installed").sum(axis=1)
    largest = style.finite_max(changes.sum(axis=1), installed)
    unit, name = style.scale(largest / 10, style.CHIPS)
    ax = style.axes(ax)
    dates = _days(run, changes.index)
    running, waiting = changes["running"] / unit, changes["waiting"] / unit
    area = {"step": "post", "linewidth": 0, "alpha": 0.8}
    ax.fill_between(dates, running, color=style.COLOURS[0], label="running", **area)
    both = running + waiting
    ax.fill_between(dates, running, both, color=style.COLOURS[1], label="waiting", **area)
    within = installed[(installed.index >= begin_s) & (installed.index <= end_s)]
    ax.plot(
        _days(run, within.index), within / unit, color="black", linestyle="--", label="installed"
    )
    ax.set_ylabel(f"demand ({name})")
    ax.set_ylim(bottom=0)
    style.date_axis(ax)
    style.legend_below(ax)
    return style.tidy(ax)


def _days(run: Run, time_s) -> np.ndarray:
    """Turn seconds since the start into matplotlib's days: fast for long series."""
    return mdates.date2num(run.date(np.asarray(time_s)).tz_localize(None).to_numpy())


def _started(run: Run) -> pd.DataFrame:
    jobs = run.jobs
    jobs = jobs[jobs["start_s"].notna()]
    if jobs.empty:
        raise NoDataError(f"{run.path}: no job started")
    return jobs
