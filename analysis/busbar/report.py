"""Write the plots of a run as PNG files: `python -m busbar.report run.h5 -o directory`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

import busbar
from busbar import plots, style

PLOTS: dict[str, Callable] = {
    "sites": plots.site_power,
    "vendor-power": plots.vendor_power,
    "cluster-occupancy": plots.cluster_occupancy,
    "cluster-fragmentation": plots.cluster_fragmentation,
    "vendor-utilisation": plots.vendor_utilisation,
    "demand": plots.demand,
    "waits": plots.waits,
    "jobs": plots.job_gantt,
}


def write(run: busbar.Run, folder: Path) -> tuple[list[Path], list[str]]:
    """Write every plot that the run has data for.

    Returns:
        The files written, and for each plot left out its name and reason.

    """
    folder.mkdir(parents=True, exist_ok=True)
    written, left_out = [], []
    figures: dict[str, Callable[[], Figure]] = {
        name: lambda draw=draw: draw(run).figure for name, draw in PLOTS.items()
    }
    figures["site-power"] = lambda: power_by_site(run)
    figures["power"] = lambda: power(run)
    figures["overview"] = lambda: overview(run)
    for name, make in figures.items():
        path = folder / f"{name}.png"
        try:
            figure = make()
        except busbar.NoDataError as error:
            left_out.append(f"{name}: {error}")
            continue
        finally_named = path.with_suffix(".png.part")
        figure.savefig(finally_named, dpi=style.RESOLUTION_DPI, format="png")
        finally_named.replace(path)
        plt.close(figure)
        written.append(path)
    plt.close("all")
    return written, left_out


def power_by_site(run: busbar.Run) -> Figure:
    """Draw every site's power under its limits, one panel per site."""
    names = list(run.sites.index)
    if not names:
        raise busbar.NoDataError(f"{run.path}: no sites")
    columns = 2 if len(names) > 1 else 1
    rows = -(-len(names) // columns)
    figure, panels = plt.subplots(
        rows, columns, figsize=(6 * columns, 3.4 * rows), squeeze=False, layout="constrained"
    )
    for panel, name in zip(panels.flat, names, strict=False):
        plots.site_power(run, site=name, ax=panel)
    for panel in panels.flat[len(names) :]:
        panel.set_visible(False)
    return figure


def power(run: busbar.Run) -> Figure:
    """Draw the power of sites and vendors over the run, one above the other."""
    figure, (sites, vendors) = plt.subplots(2, 1, figsize=(11, 10), layout="constrained")
    plots.site_power(run, ax=sites)
    plots.vendor_power(run, ax=vendors)
    return figure


def overview(run: busbar.Run) -> Figure:
    """Draw power, occupancy, vendors and waits on one page."""
    figure, panels = plt.subplots(2, 2, figsize=(13, 8.5), layout="constrained")
    for panel, name, title in zip(
        panels.flat,
        ("sites", "cluster-occupancy", "vendor-utilisation", "waits"),
        ("Power by site", "Occupancy by cluster", "Chip time by vendor", "Waits by job size"),
        strict=True,
    ):
        PLOTS[name](run, ax=panel)
        panel.set_title(title, fontsize="medium", loc="left")
        if panel.get_legend() is not None:
            # A panel is narrower than a figure of its own.
            style.legend_below(panel, columns=2 if name == "waits" else 3)
    return figure


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, write the plots, say what was written."""
    parser = argparse.ArgumentParser(prog="python -m busbar.report", description=__doc__)
    parser.add_argument("trace", type=Path, help="trace of a run, run.h5")
    parser.add_argument("-o", "--output", type=Path, help="folder (default: the trace without .h5)")
    options = parser.parse_args(arguments)
    folder = options.output or options.trace.with_suffix("")
    try:
        with busbar.open(options.trace) as run:
            written, left_out = write(run, folder)
    except busbar.BusbarError as error:
        print(f"error: {error}", file=sys.stderr)
        return 4
    for path in written:
        print(path)
    for reason in left_out:
        print(f"left out {reason}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
