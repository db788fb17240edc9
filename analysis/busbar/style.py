"""What all plots share: colours, axes with units and dates, number formats."""

from __future__ import annotations

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

# Okabe and Ito's eight colours, told apart with any colour vision; yellow last, it is faint.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000", "#F0E442")
LINES = ("-", "--", "-.", ":")
VENDOR_COLOURS = {"google": "#0072B2", "amazon": "#E69F00", "nvidia": "#009E73", "amd": "#D55E00"}

RESOLUTION_DPI = 130

WATTS = ((1e9, "GW"), (1e6, "MW"), (1e3, "kW"), (1.0, "W"))
CHIPS = ((1e6, "million chips"), (1e3, "thousand chips"), (1.0, "chips"))


def axes(ax: Axes | None) -> Axes:
    """Return the given Axes, or new ones on a figure of their own."""
    return ax if ax is not None else plt.subplots(figsize=(8, 4.5), layout="constrained")[1]


def line_style(index: int) -> dict:
    """Colour and dashes of the n-th line: 32 that differ."""
    return {
        "color": COLOURS[index % len(COLOURS)],
        "linestyle": LINES[index // len(COLOURS) % len(LINES)],
    }


def vendor_colour(vendor: str, vendors: list[str]) -> str:
    """Return the colour of a vendor, the same in every plot."""
    if vendor in VENDOR_COLOURS:
        return VENDOR_COLOURS[vendor]
    spare = [colour for colour in COLOURS if colour not in VENDOR_COLOURS.values()]
    return spare[sorted(vendors).index(vendor) % len(spare)]


def scale(largest: float, steps: tuple[tuple[float, str], ...]) -> tuple[float, str]:
    """Choose the unit in which the largest value is at least one: factor and name."""
    for factor, name in steps:
        if largest >= factor:
            return factor, name
    return steps[-1]


def finite_max(*arrays) -> float:
    """Return the largest finite value of all arrays; 0 when there is none."""
    largest = 0.0
    for array in arrays:
        values = np.asarray(array, dtype=float)
        values = values[np.isfinite(values)]
        if values.size:
            largest = max(largest, float(values.max()))
    return largest


def date_axis(ax: Axes) -> None:
    """Label the x axis with UTC dates, as short as the span allows."""
    ax.xaxis_date()
    locator = mdates.AutoDateLocator()
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    ax.set_xlabel("date (UTC)")


def tidy(ax: Axes) -> Axes:
    """Remove the frame's upper right corner and add a faint grid."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(alpha=0.25, linewidth=0.6)
    ax.set_axisbelow(True)
    return ax


def legend_below(ax: Axes, columns: int = 4) -> None:
    """Put the legend under the axes, where it hides no data."""
    handles, labels = ax.get_legend_handles_labels()
    if handles:
        ax.legend(
            handles,
            labels,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.16),
            ncols=min(columns, len(handles)),
            fontsize="small",
            frameon=False,
        )
