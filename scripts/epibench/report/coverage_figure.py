"""Distribution of coverage: a panel a target, a line a split."""

from collections.abc import Mapping
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from epibench.style import COLOURS, FULL_WIDTH, GRID, INK, styled
from epibench.words import SPLITS

TITLE = "Distribution of coverage"
_STYLES = dict(
    zip(
        SPLITS,
        (
            {"color": COLOURS[0], "linewidth": 1.8},
            {"color": COLOURS[4], "linewidth": 1.1},
            {"color": COLOURS[1], "linewidth": 0.9, "linestyle": (0, (3, 1.5))},
        ),
        strict=True,
    )
)
_THRESHOLD = {"color": INK, "linewidth": 0.6, "linestyle": (0, (1, 1.5))}
_BAND = {"color": GRID, "linewidth": 0}


def caption(summary: Mapping[str, Any]) -> str:
    """Explain the figure."""
    lowest = summary["levels"][0]
    text = (
        "Share of positions, uncovered ones included, whose coverage in replicate 1 is at least "
        "the value on the axis below; both axes are logarithmic."
    )
    if len(summary["targets"]) > 1:
        text += (
            " The grey area reaches from the lowest to the highest target on the training "
            "chromosomes, so that panels can be compared."
        )
    thresholds = summary["settings"]["windows"]["thresholds"]
    if any(threshold >= lowest for threshold in thresholds):
        text += (
            " Dotted: the thresholds of the window sets; a window is in a set when its highest "
            "position of any target exceeds the threshold."
        )
    small = [f"{threshold:g}" for threshold in thresholds if threshold < lowest]
    if small:
        text += f" Not drawn, since the axis begins at {lowest:g}: threshold {', '.join(small)}."
    return text


@styled
def draw(summary: Mapping[str, Any]) -> Figure:
    """Draw the share of positions at each level of coverage or above.

    Small panels rather than one with a line a target: fifteen lines in one panel cannot be told
    apart.

    Parameters
    ----------
    summary : mapping
        The store's `summary.json`; its shares are taken at `levels`, two an octave.
    """
    names = summary["targets"]
    shares = {
        name: {split: _shares(summary["tracks"][name][split]) for split in SPLITS} for name in names
    }
    columns = 3 if len(names) in (5, 6) else min(len(names), 4)
    rows = -(-len(names) // columns)
    width = min(FULL_WIDTH, 0.7 + 2 * columns)
    chart = Figure(figsize=(width, 0.7 + 1.5 * rows), layout="constrained")
    grid = chart.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    levels = np.array(summary["levels"])
    thresholds = [t for t in summary["settings"]["windows"]["thresholds"] if t >= levels[0]]
    _set_axes(grid[0, 0], levels, np.array([list(of.values()) for of in shares.values()]))
    band = np.array([of["train"] for of in shares.values()])
    for name, axes in zip(names, grid.flat, strict=False):
        if len(names) > 1:
            axes.fill_between(levels, band.min(axis=0), band.max(axis=0), **_BAND)
        for threshold in thresholds:
            axes.axvline(threshold, **_THRESHOLD)
        for split, style in _STYLES.items():
            axes.plot(levels, np.where(shares[name][split], shares[name][split], np.nan), **style)
        axes.set_title(fill(name, 26))
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    for axes in grid.flat[max(0, len(names) - columns) : len(names)]:
        axes.tick_params(labelbottom=True)
    chart.supxlabel("At least this coverage", fontsize=7.5)
    chart.supylabel("Share of positions", fontsize=7.5)
    entries = [Line2D([], [], **style, label=split) for split, style in _STYLES.items()]
    if thresholds:
        entries.append(Line2D([], [], **_THRESHOLD, label="threshold"))
    if len(names) > 1:
        entries.append(Patch(**_BAND, label="all targets (train)"))
    chart.legend(handles=entries, loc="outside upper left", ncols=5 if columns > 2 else 2 * columns)
    return chart


def _shares(counts: Mapping[str, Any]) -> np.ndarray:
    """Give float64 (levels,): the share of positions at each level or above."""
    return np.array(counts["at_least"])


def _set_axes(axes: Axes, levels: np.ndarray, shares: np.ndarray) -> None:
    """Set the limits to what there is; `shares` has (targets, splits, levels)."""
    reached = levels[shares.any(axis=(0, 1))]
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(levels[0], 1.5 * reached.max(initial=1))
    lowest = shares[shares > 0].min(initial=0.1)
    axes.set_ylim(10 ** np.floor(np.log10(lowest)), 1.3)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_major_formatter(FuncFormatter(_percent))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(LogLocator(numticks=7))
        axis.set_minor_locator(LogLocator(subs=[1.0], numticks=20))
        axis.set_minor_formatter(NullFormatter())


def _percent(share: float, _) -> str:
    return f"{np.format_float_positional(100 * share, precision=9, trim='-')} %"
