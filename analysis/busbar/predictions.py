"""Draw predicted against measured training steps.

`python -m busbar.predictions answer.json -o errors.png`, or `busbar validate training … --plot F`.
"""

from __future__ import annotations

import json
import os
import sys

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from busbar import style
from busbar.errors import BusbarError
from busbar.picture import draw_file
from busbar.runner import ask

KINDS = ("dense", "experts", "hybrid")
MARKERS = {"dense": "o", "experts": "s", "hybrid": "^"}


def table(
    rows: str | os.PathLike,
    *,
    layout: str = "rows",
    refit: bool = False,
    leave_out: str | None = None,
) -> pd.DataFrame:
    """Predict the measured training runs of a CSV file.

    Args:
        rows: the file.
        layout: `rows`, or `vtrain` for the files of vTrain.
        refit: fit the constants on these rows first.
        leave_out: with `refit`, `model`, `chip` or `stack`: predict each without rows of its own.

    Returns:
        A row for each run that can be expressed: measured, predicted and null (s), error and
        null_error (fractions), family, model, chip, chips, stack, release, precision, plan,
        kind (of model), and the parts of the predicted step (s) in columns `part …`.

    """
    options = ["--format", layout, *(["--refit"] if refit else [])]
    if leave_out:
        options += ["--leave-out", leave_out]
    answer = ask("validate", "training", "--table", rows, "--json", *options)
    return frame(json.loads(answer))


def frame(answer: dict) -> pd.DataFrame:
    """Turn the JSON answer of `busbar validate training` into a table."""
    rows = [row for row in answer["rows"] if row["expressible"]]
    data = pd.DataFrame(rows)
    if data.empty:
        return data
    data["error"] = data.predicted / data.measured - 1.0
    data["null_error"] = data["null"].astype(float) / data.measured - 1.0
    data["kind"] = data.family.str.rsplit(n=1).str[-1]
    parts = pd.DataFrame(list(data.parts_s), index=data.index).add_prefix("part ")
    return pd.concat([data.drop(columns="parts_s"), parts], axis=1)


def scatter(data: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw predicted against measured step times, both in seconds, with a band of 10 %."""
    ax = style.axes(ax)
    ends = np.array([data.measured.min() * 0.7, data.measured.max() * 1.4])
    ax.fill_between(ends, 0.9 * ends, 1.1 * ends, color="0.92", label="within 10 %")
    ax.plot(ends, ends, color="0.6", lw=0.8)
    chips = sorted(data.chip.unique())
    for (chip, kind), group in data.groupby(["chip", "kind"], sort=False):
        ax.plot(
            group.measured, group.predicted, MARKERS.get(kind, "o"), ms=4, alpha=0.75,
            color=style.COLOURS[chips.index(chip) % len(style.COLOURS)], label=f"{chip}, {kind}",
        )  # fmt: skip
    ax.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    ax.set(xlabel="measured step / s", ylabel="predicted step / s")
    ax.legend(fontsize=7, ncols=2)
    style.tidy(ax)
    return ax


def errors(data: pd.DataFrame, *, by: str = "family", ax: Axes | None = None) -> Axes:
    """Draw the mean absolute error of each group, in percent, beside that of the null model."""
    groups = data.groupby(by)
    mean = 100.0 * groups.error.agg(lambda e: e.abs().mean())
    null = 100.0 * groups.null_error.agg(lambda e: e.abs().mean())
    count = groups.size()
    if ax is None:
        ax = style.axes(None)
        ax.figure.set_size_inches(8, 1.2 + 0.24 * len(mean))
    place = np.arange(len(mean))
    ax.barh(place + 0.2, null, 0.38, color="0.8", label="null model")
    ax.barh(place - 0.2, mean, 0.38, color=style.COLOURS[0], label="Busbar")
    ax.set_yticks(place, [f"{name} ({count[name]})" for name in mean.index], fontsize=7)
    ax.invert_yaxis()
    ax.set_xlabel("mean absolute error / %")
    ax.legend(fontsize=8)
    style.tidy(ax)
    return ax


def parts(data: pd.DataFrame, *, by: str = "family", ax: Axes | None = None) -> Axes:
    """Draw what predicted steps consist of, as mean shares of each group."""
    columns = [name for name in data.columns if name.startswith("part ")]
    shares = data[columns].div(data[columns].sum(axis=1), axis=0)
    shares[by] = data[by]
    mean = 100.0 * shares.groupby(by).mean()
    if ax is None:
        ax = style.axes(None)
        ax.figure.set_size_inches(8, 1.4 + 0.24 * len(mean))
    left = np.zeros(len(mean))
    for i, name in enumerate(columns):
        if mean[name].max() < 0.05:
            continue
        ax.barh(
            mean.index, mean[name], left=left, color=style.COLOURS[i % len(style.COLOURS)],
            alpha=0.6 if i >= len(style.COLOURS) else 1.0, label=name.removeprefix("part "),
        )  # fmt: skip
        left += mean[name].to_numpy()
    ax.invert_yaxis()
    ax.tick_params(axis="y", labelsize=7)
    ax.set_xlabel("share of the predicted step / %")
    style.legend_below(ax)
    style.tidy(ax)
    return ax


def draw(data: pd.DataFrame) -> Figure:
    """Draw predicted against measured, and the errors of families beside the null model's."""
    import matplotlib.pyplot as plt

    families = data.family.nunique()
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(13, max(5.5, 1.5 + 0.2 * families)), layout="constrained"
    )
    scatter(data, ax=left)
    errors(data, ax=right)
    return figure


def _drawable(answer: dict) -> Figure:
    data = frame(answer)
    if data.empty:
        raise BusbarError("no row of the table can be expressed: nothing to draw")
    return draw(data)


def main(arguments: list[str] | None = None) -> int:
    """Draw an answer into a PNG file."""
    return draw_file(
        "busbar.predictions", __doc__.splitlines()[0],
        "what busbar validate training --json prints", _drawable, arguments,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
