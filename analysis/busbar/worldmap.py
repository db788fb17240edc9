"""Draw a world: its sites on a map and their power by date.

`python -m busbar.worldmap world.xml -o map.png`, or `busbar show world.xml --plot map.png`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys

import matplotlib

matplotlib.use("Agg")

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from busbar import style
from busbar.errors import BusbarError
from busbar.runner import ask

NAMED_SITES = 8


def sites(world: str | os.PathLike) -> pd.DataFrame:
    """List a world's sites at full load, a row for each date at which one changes.

    Returns:
        site, title, latitude and longitude (degrees), date, chips, it_power, facility_power and
        grid_limit (W; not a number: none), in the order of the file and of time.

    """
    table = pd.DataFrame(json.loads(ask("list", "sites", world, "--json")))
    for name in table.columns.difference(["site", "title", "date"]):
        table[name] = pd.to_numeric(table[name])
    table["date"] = pd.to_datetime(table["date"])
    return table


def draw(world: str | os.PathLike) -> Figure:
    """Draw sites as circles of the area of their final power, and the sum of power by date."""
    import matplotlib.pyplot as plt

    table = sites(world)
    last = table.groupby("site", sort=False).last()
    largest = last.facility_power.sort_values(ascending=False).index[:NAMED_SITES]
    colours = {site: style.COLOURS[i % len(style.COLOURS)] for i, site in enumerate(largest)}
    figure, (top, bottom) = plt.subplots(
        2, 1, figsize=(9, 9), height_ratios=[1.2, 1], layout="constrained"
    )
    _map(top, last, colours)
    _by_date(bottom, table, colours)
    return figure


def _map(ax: Axes, last: pd.DataFrame, colours: dict[str, str]) -> None:
    unit, name = style.scale(style.finite_max(last.facility_power), style.WATTS)
    area = 1500.0 * last.facility_power / last.facility_power.max()
    ax.scatter(
        last.longitude, last.latitude, s=area + 6, alpha=0.6,
        color=[colours.get(site, "0.6") for site in last.index],
    )  # fmt: skip
    places = [(last.loc[site].longitude, last.loc[site].latitude) for site in colours]
    powers = [last.loc[site].facility_power / unit for site in colours]
    labels = [f"{site}\n{power:.2g} {name}" for site, power in zip(colours, powers, strict=True)]
    label_places(ax, places, labels)
    map_axes(ax, last.latitude)
    ax.set_title("Sites when complete: area by facility power at full load", fontsize=10)


def map_axes(ax: Axes, latitudes) -> None:
    """Make axes a map: degrees, with equal lengths north and east at the middle latitude."""
    ax.margins(0.12)
    ax.set(xlabel="longitude / degrees", ylabel="latitude / degrees")
    middle = 0.5 * (np.min(latitudes) + np.max(latitudes)) if len(latitudes) else 0.0
    ax.set_aspect(1.0 / max(0.2, np.cos(np.radians(middle))), adjustable="datalim")
    style.tidy(ax)


def label_places(
    ax: Axes,
    places: list[tuple[float, float]],
    labels: list[str],
    avoid: list[tuple[float, float]] = (),
) -> None:
    """Name places on a map, each label on the side with most room to other places and labels."""
    offsets = ((6, 6), (6, -6), (-6, 6), (-6, -6), (0, 9), (0, -9))
    points = np.array(places, dtype=float).reshape(-1, 2)
    span = np.maximum(np.ptp(points, axis=0), 1e-9) if len(points) else np.ones(2)
    taken = [*(points / span), *(np.array(avoid, dtype=float).reshape(-1, 2) / span)]
    for (x, y), label in zip(points / span, labels, strict=True):
        # Where the middle of the label would be, in shares of the map.
        wide = 0.0045 * max(len(line) for line in label.split("\n"))

        def middle(offset, x=x, y=y, wide=wide):
            side = np.sign(offset[0])
            return np.array([x + side * (0.01 + wide), y + 0.004 * offset[1]])

        def room(offset, middle=middle, x=x, y=y):
            others = [p for p in taken if abs(p[0] - x) > 1e-12 or abs(p[1] - y) > 1e-12]
            gaps = [np.hypot(*((middle(offset) - p) * (1.0, 2.0))) for p in others]
            return min(gaps, default=1.0)

        best = max(offsets, key=room)
        taken.append(middle(best))
        ax.annotate(
            label, (x * span[0], y * span[1]), xytext=best, textcoords="offset points", fontsize=7,
            ha={1: "left", 0: "center", -1: "right"}[int(np.sign(best[0]))],
            va="bottom" if best[1] > 0 else "top", zorder=5,
        )  # fmt: skip


def _by_date(ax: Axes, table: pd.DataFrame, colours: dict[str, str]) -> None:
    power = table.pivot_table(index="date", columns="site", values="facility_power", aggfunc="last")
    power = power.ffill().fillna(0.0)
    end = power.index[-1] + pd.Timedelta(days=120)
    power.loc[end] = power.iloc[-1]
    unit, name = style.scale(power.sum(axis=1).max(), style.WATTS)
    others = power.drop(columns=list(colours)).sum(axis=1)
    stack = [others / unit, *(power[site] / unit for site in reversed(colours))]
    ax.stackplot(
        power.index, np.vstack(stack), step="post", alpha=0.85,
        labels=["others", *reversed(colours)],
        colors=["0.8", *(colours[site] for site in reversed(colours))],
    )  # fmt: skip
    ax.set_ylabel(f"facility power at full load ({name})")
    style.date_axis(ax)
    style.legend_below(ax)
    style.tidy(ax)


def main(arguments: list[str] | None = None) -> int:
    """Draw a world into a PNG file."""
    parser = argparse.ArgumentParser(prog="busbar.worldmap", description=__doc__.splitlines()[0])
    parser.add_argument("world", help="world XML file")
    parser.add_argument("-o", "--output", required=True, help="PNG file to write")
    options = parser.parse_args(arguments)
    try:
        draw(options.world).savefig(options.output, dpi=style.RESOLUTION_DPI, format="png")
    except BusbarError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"error: cannot write '{options.output}': {error.strerror}", file=sys.stderr)
        return 4
    print(options.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
