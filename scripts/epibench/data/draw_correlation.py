"""Draw the correlation between targets as a heatmap."""

from collections.abc import Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from scipy.cluster.hierarchy import leaves_list, linkage

from epibench.style import CONTRAST, INK, MUTED, SEQUENTIAL, styled, text_colour

_SIDE = 4.6
"""Side of the heatmap in inches, within the bounds of a cell's side."""

_CELL = (0.13, 0.5)
_WRITTEN = 0.24
"""Side of a cell in inches from which its value is written into it."""


def alike_first(r: np.ndarray) -> np.ndarray:
    """Order targets so that those with a high r stand side by side.

    Average linkage of 1 - r, with the leaves turned so that neighbours are most alike; undefined r
    counts as the greatest distance.

    Parameters
    ----------
    r : ndarray
        float (targets, targets), symmetric.

    Returns
    -------
    ndarray
        Indices of the targets, int (targets,).
    """
    distances = np.nan_to_num(1 - r[np.triu_indices(len(r), 1)], nan=2.0)
    return leaves_list(linkage(distances, "average", optimal_ordering=True))


@styled
def draw_correlation(
    names: Sequence[str],
    pairs: Sequence[int],
    r: np.ndarray,
    kept: Sequence[bool],
    *,
    limit: float,
    regions: int,
) -> Figure:
    """Draw r between every two targets, in clusters, and outline those at or above the limit.

    Parameters
    ----------
    names : sequence of str
        At least two targets.
    pairs : sequence of int
        Index of the target of the opposite strand, the target's own index without one; r between
        the two strands of a pair is not outlined, since it counts against neither.
    r : ndarray
        float (targets, targets), symmetric, NaN where not defined.
    kept : sequence of bool
        Which targets are kept; the others are labelled as left out.
    limit : float
        Pearson's r from which two targets are too much alike.
    regions : int
        How many regions r was taken over.
    """
    order = alike_first(r)
    cell = np.clip(_SIDE / len(names), *_CELL)
    side = cell * len(names)
    longest = 0.065 * max(map(len, names))  # inches of the longest name, about
    width, height = side + longest + 1.6, side + longest + 0.8
    chart = Figure(figsize=(width, height), layout="constrained")
    axes = chart.add_subplot(aspect="equal")
    norm = Normalize(min(0.0, np.floor(10 * np.nanmin(r, initial=0.0)) / 10), 1.0)
    shown = np.ma.masked_invalid(r[np.ix_(order, order)])
    shown[np.diag_indices(len(names))] = np.ma.masked
    gap = 0.8 if cell >= _WRITTEN else 0.3
    mesh = axes.pcolormesh(shown, cmap=SEQUENTIAL, norm=norm, edgecolors="white", linewidth=gap)
    axes.invert_yaxis()
    for row, target in enumerate(order):
        for column, other in enumerate(order):
            if target == other:
                continue
            if cell >= _WRITTEN:
                _write(axes, row, column, r[target, other], norm)
            if r[target, other] >= limit and pairs[target] != other:
                axes.add_patch(_outline(row, column, cell))
    _label(axes, [names[t] for t in order], [kept[t] for t in order], 7 if cell > 0.16 else 5.5)
    axes.set_title(fill(f"Coverage of {regions:,} peak regions", int(12 * (side + 0.9))))
    bar = chart.colorbar(mesh, ax=axes, shrink=min(1.0, 2.4 / side), aspect=14, pad=0.03)
    bar.set_label("Pearson's r")
    bar.outline.set_visible(False)
    bar.ax.axhline(limit, color=CONTRAST, linewidth=1.2)
    said = f"r at or above {limit:g}" + ("" if axes.patches else " (none)")
    outlined = Patch(facecolor="none", edgecolor=CONTRAST, label=said)
    chart.legend(handles=[outlined], loc="outside lower left", handlelength=1, handleheight=1)
    return chart


def _write(axes: Axes, row: int, column: int, value: float, norm: Normalize) -> None:
    """Write r into its cell."""
    defined = not np.isnan(value)
    axes.text(
        column + 0.5,
        row + 0.5,
        f"{value:.2f}".replace("-", "\N{MINUS SIGN}") if defined else "n/a",
        ha="center",
        va="center",
        fontsize=6,
        color=text_colour(SEQUENTIAL(norm(value))) if defined else MUTED,
    )


def _outline(row: int, column: int, cell: float) -> Rectangle:
    """Give a frame inside a cell, as far from its edge whatever its size."""
    gap = 0.015 / cell
    return Rectangle(
        (column + gap, row + gap),
        1 - 2 * gap,
        1 - 2 * gap,
        fill=False,
        edgecolor=CONTRAST,
        linewidth=1.2,
    )


def _label(axes: Axes, names: list[str], kept: list[bool], size: float) -> None:
    """Name rows and columns, those of targets that are left out in grey."""
    places = np.arange(len(names)) + 0.5
    said = [name if keep else f"{name} (not kept)" for name, keep in zip(names, kept, strict=True)]
    axes.set_xticks(places, names, rotation=90)
    axes.set_yticks(places, said)
    axes.tick_params(length=0, labelsize=size)
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        for label, keep in zip(labels, kept, strict=True):
            label.set_color(INK if keep else MUTED)
    axes.spines[:].set_visible(False)
