"""Draw a training step: its parts, and the start of its pipeline schedule.

`python -m busbar.pipeline step.json -o step.png`, or `busbar estimate training … --plot F`.
"""

from __future__ import annotations

import sys

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from busbar import style
from busbar.picture import draw_file

KINDS = ("forward", "backward", "weight gradient")
SHADES = (style.COLOURS[5], style.COLOURS[1], style.COLOURS[2])


def draw(step: dict) -> Figure:
    """Draw the parts of a step above the operations of its pipeline ranks."""
    import matplotlib.pyplot as plt

    ranks = step["ranks"] if step["operations"] else 0
    figure, axes = plt.subplots(
        2 if ranks > 1 else 1, 1, figsize=(10, 2.4 + 0.25 * ranks if ranks > 1 else 2.4),
        layout="constrained", squeeze=False,
        height_ratios=[1.4, max(1.6, 0.22 * ranks)] if ranks > 1 else [1],
    )  # fmt: skip
    _parts(axes[0, 0], step)
    if ranks > 1:
        _schedule(axes[1, 0], step)
    return figure


def _parts(ax: Axes, step: dict) -> None:
    left = 0.0
    parts = sorted(step["parts_s"].items(), key=lambda part: -part[1])
    for i, (name, seconds) in enumerate(parts):
        if seconds < 5e-4 * step["step_s"]:
            continue
        share = 100.0 * seconds / step["step_s"]
        ax.barh(
            0, seconds, left=left, color=style.COLOURS[i % len(style.COLOURS)],
            alpha=0.6 if i >= len(style.COLOURS) else 1.0, label=f"{name} {share:.1f} %",
        )  # fmt: skip
        left += seconds
    ax.set_yticks([])
    ax.set_xlabel(f"time / s, one step of {step['step_s']:.4g} s")
    ax.set_xlim(0, left)
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, fontsize=7, frameon=False)


def _schedule(ax: Axes, step: dict) -> None:
    seen = set()
    for kind, (name, shade) in enumerate(zip(KINDS, SHADES, strict=True)):
        for rank in range(step["ranks"]):
            spans = [
                (o["begin_s"], o["end_s"] - o["begin_s"])
                for o in step["operations"]
                if o["kind"] == kind and o["rank"] == rank
            ]
            if not spans:
                continue
            ax.broken_barh(
                spans, (rank - 0.42, 0.84), facecolors=shade, edgecolors="white", linewidth=0.3,
                label=None if name in seen else name,
            )  # fmt: skip
            seen.add(name)
    ax.set_yticks(np.arange(0, step["ranks"], max(1, step["ranks"] // 16)))
    ax.invert_yaxis()
    ax.set(xlabel="time / s", ylabel="pipeline rank")
    drawn = f"{step['drawn']} of {step['micro_batches']:.0f} micro-batches"
    ax.set_title(drawn, fontsize=9, loc="left")
    ax.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, fontsize=7, frameon=False)
    style.tidy(ax)


def main(arguments: list[str] | None = None) -> int:
    """Draw a step into a PNG file."""
    return draw_file(
        "busbar.pipeline", __doc__.splitlines()[0],
        "JSON file with the parts and operations of a step", draw, arguments,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
