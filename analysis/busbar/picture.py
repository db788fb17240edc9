"""Draw what the simulator printed as JSON into a PNG file: the frame of `python -m busbar.…`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence

import matplotlib as mpl
from matplotlib.figure import Figure

from busbar import style
from busbar.errors import BusbarError


def draw_file(
    module: str,
    summary: str,
    what: str,
    draw: Callable[[dict], Figure],
    words: Sequence[str] | None,
) -> int:
    """Read a JSON file, draw it and write the picture.

    Args:
        module: name of the calling module, e.g. `busbar.pipeline`.
        summary: what it does, for `--help`.
        what: what the JSON file is.
        draw: makes a figure of it; raises BusbarError with what is wrong.
        words: of the command line; None: the program's own.

    Returns:
        The exit code: 0, 2 for a file that cannot be drawn, 4 for a file that cannot be read or
        written.

    """
    mpl.use("Agg")
    parser = argparse.ArgumentParser(prog=module, description=summary)
    parser.add_argument("file", help=what)
    parser.add_argument("-o", "--output", required=True, help="PNG file to write")
    options = parser.parse_args(words)
    try:
        with open(options.file, encoding="utf-8") as file:
            figure = draw(json.load(file))
    except OSError as error:
        print(f"error: cannot read '{options.file}': {error.strerror}", file=sys.stderr)
        return 4
    except (BusbarError, json.JSONDecodeError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    try:
        figure.savefig(options.output, dpi=style.RESOLUTION_DPI, format="png")
    except OSError as error:
        print(f"error: cannot write '{options.output}': {error.strerror}", file=sys.stderr)
        return 4
    return 0
