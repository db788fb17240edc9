"""Draw a topology: a torus slice, a rack, groups on a fabric, or sites with the WAN.

`python -m busbar.topology graph.json -o graph.png`, or `busbar show topology … --plot F`.
"""

from __future__ import annotations

import itertools
import sys

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from busbar import style, wanmap
from busbar.picture import draw_file

MOST_DRAWN_CHIPS = 4096
MOST_DRAWN_GROUPS = 12
RATES = ((1e15, "PB/s"), (1e12, "TB/s"), (1e9, "GB/s"), (1e6, "MB/s"))


def rate(bytes_per_s: float) -> str:
    """Write a bandwidth with a unit: 900 GB/s."""
    factor, unit = style.scale(bytes_per_s, RATES)
    return f"{bytes_per_s / factor:.4g} {unit}"


def draw(graph: dict) -> Figure:
    """Draw a graph as `busbar show topology --json` prints it."""
    return {"torus": _torus, "switch": _rack, "fabric": _fabric, "wan": wanmap.draw}[graph["kind"]](
        graph
    )


def _facts(graph: dict) -> str:
    """Write the second line of a title."""
    chips = sum(v["kind"] == "chip" for v in graph["vertices"])
    text = f"{chips:,} chips, {len(graph['cables']):,} cables"
    if "diameter_hops" in graph:
        text += f", diameter {graph['diameter_hops']} hops"
    return text + f", bisection {rate(graph['bisection_Bps'])} one way"


# ── A torus ──────────────────────────────────────────────────────────────────────────────────────


def _torus(graph: dict) -> Figure:
    """Draw chips at their coordinates, cables by axis; wraps as stubs at both ends."""
    import matplotlib.pyplot as plt

    at = np.array([v["at"] for v in graph["vertices"]])
    axes_of = sorted({c["layer"] for c in graph["cables"]})
    deep = at.shape[1] == 3
    figure = plt.figure(figsize=(9, 8 if deep else 7.5), layout="constrained")
    ax = figure.add_subplot(projection="3d" if deep else None)
    small = len(at) <= 256
    if len(at) <= MOST_DRAWN_CHIPS:
        _torus_cables(ax, graph, at, axes_of, small)
        ax.scatter(*at.T, s=30 if small else 8, color="0.25", depthshade=False) if deep else (
            ax.scatter(*at.T, s=40, color="0.25", zorder=3)
        )
    else:
        _torus_box(ax, at)
    for i, axis in enumerate("xyz"[: at.shape[1]]):
        getattr(ax, f"set_{axis}label")(f"{axis} / chips")
        extent = at[:, i].max() + 1
        ticks = np.arange(0, extent, 1 if extent <= 8 else 4 * -(-extent // 32))
        getattr(ax, f"set_{axis}ticks")(ticks)
        if deep:
            getattr(ax, f"set_{axis}lim")(-1.0, extent)
    if deep:
        ax.set_box_aspect(at.max(axis=0) + 3)
        ax.view_init(elev=22, azim=-58)
        for axis in (ax.xaxis, ax.yaxis, ax.zaxis):
            axis.pane.set_facecolor("white")
    else:
        ax.set_aspect("equal")
        ax.spines[["top", "right"]].set_visible(False)
    figure.suptitle(f"{graph['title']}\n{_facts(graph)}", fontsize=11)
    handles, labels = ax.get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _torus_cables(ax: Axes, graph: dict, at: np.ndarray, layers: list[str], small: bool) -> None:
    width = 1.4 if small else 0.6
    for i, layer in enumerate(layers):
        cables = [c for c in graph["cables"] if c["layer"] == layer]
        straight = np.array([[at[c["a"]], at[c["b"]]] for c in cables if not c["wraps"]])
        wraps = [(at[c["a"]], at[c["b"]]) for c in cables if c["wraps"]]
        each = rate(cables[0]["capacity_Bps"])
        colour = style.COLOURS[(0, 1, 2)[i % 3]]
        _segments(ax, straight, color=colour, lw=width, alpha=0.7)
        ax.plot([], [], color=colour, lw=2, label=f"{layer}: {len(cables):,} cables of {each}")
        axis = "xyz".index(layer)
        stubs = []
        for a, b in wraps:
            step = np.zeros(at.shape[1])
            step[axis] = 0.6
            stubs += [(a, a + step), (b, b - step)]
        _segments(ax, np.array(stubs), color=colour, lw=width, alpha=0.8, ls=":")
    if any(c["wraps"] for c in graph["cables"]):
        ax.plot([], [], color="0.3", ls=":", label="dotted: wrap to the opposite face")


def _segments(ax: Axes, lines: np.ndarray, **look) -> None:
    """Draw many line pieces as one: a gap between each two."""
    if not len(lines):
        return
    gap = np.full((len(lines), 1, lines.shape[2]), np.nan)
    ax.plot(*np.concatenate([lines, gap], axis=1).reshape(-1, lines.shape[2]).T, **look)


def _torus_box(ax: Axes, at: np.ndarray) -> None:
    """Draw a slice of too many chips as its outline, with a line for each cube of four."""
    top = at.max(axis=0)
    for i, j in itertools.combinations(range(3), 2):
        k = 3 - i - j
        for a, b in itertools.product(range(0, top[i] + 5, 4), range(0, top[j] + 5, 4)):
            line = np.zeros((2, 3))
            line[:, i], line[:, j] = min(a, top[i]), min(b, top[j])
            line[1, k] = top[k]
            outer = a in (0,) or b in (0,) or a >= top[i] or b >= top[j]
            ax.plot(*line.T, color=style.COLOURS[k], lw=0.7, alpha=0.8 if outer else 0.12)
    ax.plot([], [], color="0.4", label="edges of cubes of 4x4x4; chips and wraps are not drawn")


# ── A rack ───────────────────────────────────────────────────────────────────────────────────────


def _rack(graph: dict) -> Figure:
    """Draw the trays of a switched domain with their chips, around the switch that joins them."""
    import matplotlib.pyplot as plt

    domain = graph["domain"]
    chips = sum(v["kind"] == "chip" for v in graph["vertices"])
    each = max(1, domain["chips_per_node"])
    trays = -(-chips // each)
    above = -(-trays // 2)
    switch_rows = 2.6
    height = trays + switch_rows
    figure, ax = plt.subplots(figsize=(9, 2.2 + 0.3 * height), layout="constrained")
    hub = None
    y = height
    middles = []
    for tray in range(trays):
        if tray == above:
            y -= switch_rows
            hub = y + switch_rows / 2
        y -= 1
        middles.append(y + 0.5)
        _tray(ax, tray, y, min(each, chips - tray * each), tray * each, domain["chips_used"])
    hub = hub if hub is not None else y - switch_rows / 2
    ports = [c for c in graph["cables"] if c["layer"] == "port"]
    if ports:
        _switch(ax, hub, domain, ports)
        _bus(ax, hub, middles)
    nic = domain["nic_Bps"] * domain["nics_per_node"]
    note = f"each tray ({domain['node']}): {each} x {domain['accelerator']}"
    if nic:
        note += f", {domain['nics_per_node']} NICs, {rate(nic)} one way to the fabric"
    ax.set_xlabel(note, fontsize=9)
    ax.set(xlim=(-1.7, 11.2), ylim=(min(y, hub - 1.2) - 0.2, height + 0.2), xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set_visible(False)
    figure.suptitle(f"{graph['title']}\n{_facts(graph)}", fontsize=11)
    return figure


def _tray(ax: Axes, tray: int, y: float, count: int, first: int, used: int) -> None:
    from matplotlib.patches import Rectangle

    ax.add_patch(Rectangle((0, y + 0.08), 10, 0.84, facecolor="0.95", edgecolor="0.6", lw=0.8))
    ax.text(-0.15, y + 0.5, f"tray {tray + 1}", ha="right", va="center", fontsize=7)
    wide = 9.6 / count
    for i in range(count):
        spare = first + i >= used
        ax.add_patch(
            Rectangle(
                (0.2 + i * wide + 0.06 * wide, y + 0.2), 0.88 * wide, 0.6, lw=0.6,
                facecolor="white" if spare else style.COLOURS[5], edgecolor=style.COLOURS[0],
            )
        )  # fmt: skip
        label = f"{first + i + 1}" + (" spare" if spare and count <= 8 else "")
        ax.text(0.2 + (i + 0.5) * wide, y + 0.5, label, ha="center", va="center", fontsize=6.5)


def _switch(ax: Axes, y: float, domain: dict, ports: list) -> None:
    from matplotlib.patches import Rectangle

    ax.add_patch(Rectangle((0, y - 1.0), 10, 2.0, facecolor=style.COLOURS[2], alpha=0.25))
    port = ports[0]["capacity_Bps"]
    text = (
        f"scale-up switch: {len(ports)} ports of {rate(port)} one way\n"
        f"{domain['links_per_chip']} links of {rate(port / max(1, domain['links_per_chip']))} "
        f"a chip, {rate(port * len(ports))} together"
    )
    if domain["in_network_reduction"]:
        text += ", adds up in the network"
    ax.text(5, y, text, ha="center", va="center", fontsize=9)


def _bus(ax: Axes, hub: float, trays: list[float]) -> None:
    """Draw the cables at the side: a line from each tray to the switch."""
    spine, colour = 10.6, style.COLOURS[2]
    ax.plot([spine, spine], [min(trays[-1], hub), trays[0]], color=colour, lw=3)
    for y in trays:
        ax.plot([10, spine], [y, y], color=colour, lw=1.2)
    ax.plot([10, spine], [hub, hub], color=colour, lw=4)


# ── Groups on a fabric ───────────────────────────────────────────────────────────────────────────


def _fabric(graph: dict) -> Figure:
    """Draw scale-up groups under the switches of each tier; rails are drawn as one."""
    import matplotlib.pyplot as plt

    levels, boxes = _tiers(graph)
    figure, ax = plt.subplots(figsize=(10, 1.4 + 1.3 * len(levels)), layout="constrained")
    place: dict[str, tuple[float, float]] = {}
    for row, level in enumerate(levels):
        for i, box in enumerate(level):
            x = (i + 0.5) * 12.0 / len(level)
            place[box] = (x, 1.6 * row)
    widest = max(edge["sum"] for edge in boxes["edges"].values())
    for (low, high), edge in boxes["edges"].items():
        if low not in place or high not in place:
            continue
        (x0, y0), (x1, y1) = place[low], place[high]
        width = 0.8 + 5.0 * edge["sum"] / widest
        ax.plot([x0, x1], [y0 + 0.3, y1 - 0.3], color="0.55", lw=width, zorder=1, alpha=0.7)
    for row, level in enumerate(levels):
        for box in level:
            _box(ax, place[box], boxes["label"][box], 11.0 / len(level), row)
    _tier_notes(ax, graph, levels, place)
    ax.set(xlim=(0, 16.6), ylim=(-0.8, 1.6 * (len(levels) - 1) + 0.7))
    ax.axis("off")
    figure.suptitle(f"{graph['title']}\n{_facts(graph)} ({graph['bisection_of']})", fontsize=11)
    return figure


def _tiers(graph: dict) -> tuple[list[list[str]], dict]:
    """Group vertices into boxes, from the domains up: one for all rails of a switch group."""
    vertices = graph["vertices"]
    groups = sorted({v["group"] for v in vertices if v["kind"] == "chip"})
    drawn = set(groups[:MOST_DRAWN_GROUPS])
    box_of: dict[int, str] = {}
    label: dict[str, str] = {}
    members: dict[str, int] = {}
    for i, v in enumerate(vertices):
        if v["kind"] == "chip":
            box_of[i] = f"domain {v['group']}"
        elif v["name"].endswith(".switch"):
            continue
        else:
            box_of[i] = v["name"].split(".rail-")[0]
        members[box_of[i]] = members.get(box_of[i], 0) + 1
    edges: dict[tuple[str, str], dict] = {}
    height = {f"domain {g}": 0 for g in groups}
    for cable in graph["cables"]:
        a, b = box_of.get(cable["a"]), box_of.get(cable["b"])
        if a is None or b is None or a == b:
            continue
        edge = edges.setdefault((a, b), {"sum": 0.0, "count": 0})
        edge["sum"] += cable["capacity_Bps"]
        edge["count"] += 1
        height[b] = max(height.get(b, 0), height[a] + 1)
    for box, count in members.items():
        rails = f"\n{count} rails" if count > 1 else ""
        label[box] = f"{box}\n{count} chips" if box.startswith("domain") else box + rails
    levels: list[list[str]] = [[] for _ in range(max(height.values()) + 1)]
    for box, row in height.items():
        if row > 0 or int(box.split()[1]) in drawn:
            levels[row].append(box)
    return [row[:MOST_DRAWN_GROUPS] for row in levels], {"edges": edges, "label": label}


def _box(ax: Axes, centre: tuple[float, float], text: str, wide: float, row: int) -> None:
    from matplotlib.patches import FancyBboxPatch

    wide = min(wide, 3.0) * 0.86
    colour = "#CFE8F7" if row == 0 else "#CFEAE0"
    ax.add_patch(
        FancyBboxPatch(
            (centre[0] - wide / 2, centre[1] - 0.3), wide, 0.6, boxstyle="round,pad=0.02",
            facecolor=colour, edgecolor="0.3", lw=0.8, zorder=2,
        )
    )  # fmt: skip
    ax.text(*centre, text, ha="center", va="center", fontsize=8 if wide > 1.0 else 5.5, zorder=3)


def _tier_notes(ax: Axes, graph: dict, levels: list, place: dict) -> None:
    """Write at the right of each gap which cables cross it, and what is not drawn."""
    outer = [layer for layer in graph["layers"] if layer["name"] not in ("port", "x", "y", "z")]
    for row, layer in enumerate(outer[: len(levels) - 1]):
        text = (
            f"{layer['name']}: {layer['cables']:,} x {rate(layer['most_Bps'])}\n"
            f"{rate(layer['sum_Bps'])} one way"
        )
        ax.text(12.4, 1.6 * row + 0.8, text, va="center", fontsize=8.5)
    groups = {v["group"] for v in graph["vertices"] if v["kind"] == "chip"}
    if len(groups) > MOST_DRAWN_GROUPS:
        ax.text(12.4, 0, f"… and {len(groups) - MOST_DRAWN_GROUPS} more", va="center", fontsize=8.5)


def main(arguments: list[str] | None = None) -> int:
    """Draw a topology into a PNG file."""
    return draw_file(
        "busbar.topology", __doc__.splitlines()[0],
        "JSON file that `busbar show topology --json` printed", draw, arguments,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
