"""Draw sites and the routers of backbones on a map, with the links between them."""

from __future__ import annotations

from collections import Counter

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from busbar import style, worldmap

MOST_LABELLED_LINKS = 24
MOST_NAMED_PLACES = 60
BIT_RATES = ((1e12, "Tbit/s"), (1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s"), (1.0, "bit/s"))


def bits(bytes_per_s: float) -> str:
    """Write a bandwidth as carriers do: 40 Tbit/s."""
    factor, unit = style.scale(8 * bytes_per_s, BIT_RATES)
    return f"{8 * bytes_per_s / factor:.3g} {unit}"


def draw(graph: dict) -> Figure:
    """Draw places on a map, links as wide as their capacity, each with its latency."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(10, 6.5), layout="constrained")
    placed = [v for v in graph["vertices"] if "latitude" in v]
    labels = _links(ax, graph)
    _places(ax, placed, labels)
    worldmap.map_axes(ax, [v["latitude"] for v in placed])
    parts = f", {graph['parts']} parts" if graph["parts"] > 1 else ""
    hidden = len(graph["vertices"]) - len(placed)
    hidden_text = f", {hidden} without coordinates not drawn" if hidden else ""
    farthest = f", farthest {1e3 * graph['farthest_s']:.3g} ms" if "farthest_s" in graph else ""
    ax.set_title(
        f"{graph['title']}: {len(graph['vertices'])} places, {len(graph['cables'])} links{parts}"
        f"{hidden_text}\n{graph['bisection_of']} {bits(graph['bisection_Bps'])} one way{farthest}",
        fontsize=10,
    )
    return figure


def _links(ax: Axes, graph: dict) -> list[tuple[float, float]]:
    """Draw the links; returns where their labels stand."""
    vertices = graph["vertices"]
    where = [(v["longitude"], v["latitude"]) if "latitude" in v else None for v in vertices]
    rates = [c["capacity_Bps"] for c in graph["cables"]] or [1.0]
    usual = Counter(rates).most_common(1)[0][0]
    few = len(graph["cables"]) <= MOST_LABELLED_LINKS
    span = np.ptp(np.array([p for p in where if p]).reshape(-1, 2), axis=0).max(initial=1e-9)
    shown: list[tuple[float, float]] = []
    for cable in graph["cables"]:
        ends = (where[cable["a"]], where[cable["b"]])
        if None in ends:
            continue
        line = np.array(ends)
        width = 0.4 + (3.0 if few else 1.4) * (cable["capacity_Bps"] / max(rates)) ** 0.5
        ax.plot(*line.T, color=style.COLOURS[0], lw=width, alpha=0.45, zorder=1)
        middle = line.mean(axis=0)
        gaps = [np.hypot(*((middle - other) * (1.0, 2.5))) for other in shown]
        if (
            not few
            or np.hypot(*(line[0] - line[1])) < 0.05 * span
            or min(gaps, default=span) < (0.09 * span)
        ):
            continue
        shown.append(tuple(middle))
        text = f"{1e3 * cable['latency_s']:.3g} ms"
        if cable["capacity_Bps"] != usual:
            text = f"{bits(cable['capacity_Bps'])}, {text}"
        ax.annotate(
            text, middle, ha="center", va="center", fontsize=6.5, color="0.25", zorder=4,
            bbox={"boxstyle": "round,pad=0.15", "fc": "white", "ec": "none", "alpha": 0.8},
        )  # fmt: skip
    same = "each link" if len(set(rates)) == 1 else "most links; the wider, the faster"
    if few or len(set(rates)) == 1:
        ax.plot([], [], color=style.COLOURS[0], alpha=0.45, lw=3, label=f"{bits(usual)}: {same}")
    else:
        label = f"links of {bits(min(rates))} to {bits(max(rates))}, by width"
        ax.plot([], [], color=style.COLOURS[0], alpha=0.45, lw=3, label=label)
    return shown


def _places(ax: Axes, placed: list[dict], avoid: list[tuple[float, float]]) -> None:
    """Mark sites and routers, with the names of as many as stay legible."""
    for kind, look in (
        ("router", {"marker": "s", "s": 16, "color": "0.45"}),
        ("site", {"marker": "o", "s": 60, "color": style.COLOURS[3]}),
    ):
        these = [v for v in placed if v["kind"] == kind]
        if these:
            ax.scatter(
                [v["longitude"] for v in these], [v["latitude"] for v in these], zorder=3,
                label=f"{len(these)} {kind}{'s' if len(these) > 1 else ''}", **look,
            )  # fmt: skip
    named = [v for v in placed if v["kind"] == "site" or len(placed) <= MOST_NAMED_PLACES]
    worldmap.label_places(
        ax,
        [(v["longitude"], v["latitude"]) for v in named],
        [v["name"] if v["kind"] == "site" else v.get("title", v["name"]) for v in named],
        avoid,
    )
    ax.legend(loc="lower left", fontsize=8, frameon=False)
