"""Plots of the links that jobs share. As in `busbar.plots`, each returns the Axes."""

from __future__ import annotations

import matplotlib.dates as mdates
from matplotlib.axes import Axes

from busbar import style
from busbar.errors import NoDataError
from busbar.trace import Run


def link_load(run: Run, *, top: int = 8, ax: Axes | None = None) -> Axes:
    """Draw the throughput of the busiest links over time, as a share of their bandwidth.

    Args:
        run: the run.
        top: how many links, by their mean share; links that carry nothing are left out.
        ax: where to draw.

    """
    shares = run.link_utilisation()
    used = shares.mean().sort_values(ascending=False, kind="stable")
    used = used[used > 0].index[:top]
    if len(used) == 0:
        raise NoDataError(f"{run.path}: no sampled link carried anything")
    ax = style.axes(ax)
    dates = mdates.date2num(run.date(shares.index.to_numpy()).tz_localize(None).to_numpy())
    for number, link in enumerate(used):
        colour = style.COLOURS[number % len(style.COLOURS)]
        ax.step(dates, 100 * shares[link], where="post", color=colour, label=link)
    ax.set_ylabel("throughput (% of bandwidth)")
    ax.set_ylim(0, 104)
    style.date_axis(ax)
    style.legend_below(ax)
    return style.tidy(ax)
