"""Per-sequence Pearson's r against the variation score (Toneyan et al. 2022, Fig. 3b)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epibench.errors import InputError
from epibench.experiments.metrics import RUN_COLUMNS, only_run, panels, target_means
from epibench.style import (
    AUGMENTATION_COLOURS,
    FULL_WIDTH,
    INK,
    SHAPES,
    link_run,
    note_below,
    styled,
    widen,
)
from epibench.words import AUGMENTATIONS

SCORES = ["variation_score", "pearson_r_per_sequence"]
COUNTS = ["test_windows", "windows_without_score", "targets"]
OFF_SCALE = 10
"""A point whose score exceeds 1 and this many times the panel's median is named, not drawn: a
linear output with a mean near 0 gives scores without meaning."""


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Give variation score and r of each run, mean over targets.

    Parameters
    ----------
    rows : DataFrame
        The `variation.tsv` of the runs, with the axes of each run in front.

    Returns
    -------
    DataFrame
        One row a run: `RUN_COLUMNS`, `variation_score`, `pearson_r_per_sequence`, `test_windows`
        and `windows_without_score` (sums over targets), `targets` (with a score), `test_set`.

    Raises
    ------
    InputError
        When the rows do not fit together.
    """
    means = target_means(rows, "augmentation", key=["target"], scores=[*SCORES, *COUNTS[:2]])
    order = means["augmentation"].map(AUGMENTATIONS.index).rename("order")
    means = means.assign(order=order).sort_values(
        ["bin_size", "loss", "model", "windows", "order", "seed"], ignore_index=True
    )
    return means[[*RUN_COLUMNS, *SCORES, *COUNTS, "test_set"]]


def figure(rows: pd.DataFrame) -> Figure:
    """Draw the table of the rows."""
    return draw(table(rows))


@styled
def draw(table: pd.DataFrame) -> Figure:
    """Draw r against variation score, a panel per bin size: other bin sizes vary by themselves."""
    parts = panels(table, ["bin_size"], ["loss"])
    shapes = _shapes(table)
    chart = Figure(figsize=(FULL_WIDTH, 0.4 + 3.2 * len(parts)), layout="constrained")
    grid = chart.subplots(len(parts), squeeze=False).ravel()
    for axes, (name, part) in zip(grid, parts, strict=True):
        axes.set_title(name)
        _draw(axes, part, shapes)
    legend = chart.legend(handles=_legend(table, shapes), loc="outside right upper")
    for text in legend.get_texts():
        if text.get_text() in HEADINGS:
            text.set_fontweight("bold")
    return chart


def _shapes(table: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Give each model and window set its marker, the same in every panel."""
    pairs = sorted(set(zip(table["model"], table["windows"], strict=True)))
    if len(pairs) > len(SHAPES):
        raise InputError(
            f"augmentation: {len(pairs)} combinations of model and window set are more than the "
            f"{len(SHAPES)} markers; divide the grid into several experiments"
        )
    return dict(zip(pairs, SHAPES, strict=False))


def _draw(axes: Axes, part: pd.DataFrame, shapes: dict[tuple[str, str], str]) -> None:
    """Draw the runs of one bin size: seeds small, their mean large and joined to them."""
    score, r = SCORES
    shown = part[part[r].notna() & (part[score] <= max(1.0, OFF_SCALE * part[score].median()))]
    for (model, windows, augmentation), points in shown.groupby(
        ["model", "windows", "augmentation"], sort=False
    ):
        style = {
            "color": AUGMENTATION_COLOURS[augmentation],
            "marker": shapes[model, windows],
            "linestyle": "none",
            "markeredgecolor": "white",
            "markeredgewidth": 0.5,
        }
        centre = points[score].mean(), points[r].mean()
        if len(points) > 1:
            for x, y, run in points[[score, r, "run"]].itertuples(index=False):
                axes.plot([centre[0], x], [centre[1], y], color=style["color"], alpha=0.4, lw=0.6)
                (mark,) = axes.plot(x, y, **style, markersize=3.6, zorder=4)
                link_run(mark, run)
        (mark,) = axes.plot(*centre, **style, markersize=6.5, zorder=3)
        link_run(mark, only_run(points["run"]))
    axes.margins(0.08)
    widen(axes, x=0.05, y=0.05)
    axes.grid(True)
    axes.set_xlabel("Variation score (lower is more robust)")
    axes.set_ylabel("Pearson's r within sequences")
    _remark(axes, part, shown)


def _remark(axes: Axes, part: pd.DataFrame, shown: pd.DataFrame) -> None:
    """Say under the panel which runs it does not show, and which leave windows out."""
    remarks = []
    rest = part.drop(shown.index)[["model", "windows", "augmentation", "seed"]]
    if len(rest):
        names = [f"{', '.join(map(str, run[:3]))}, seed {run[3]}" for run in rest.to_numpy()]
        remarks.append(f"Off scale or undefined, see table: {'; '.join(names)}.")
    fewer = int((shown["windows_without_score"] > 0).sum())
    if fewer:
        remarks.append(f"Runs that leave out windows without a score, see table: {fewer}.")
    if remarks:
        note_below(axes, " ".join(remarks))


HEADINGS = ("Augmentation", "Model, training set", "Seeds")


def _legend(table: pd.DataFrame, shapes: dict[tuple[str, str], str]) -> list[Line2D]:
    """Give an entry an augmentation and one a model and window set, under headings."""

    def entry(label: str, **style) -> Line2D:
        return Line2D([], [], **{"linestyle": "none", "markersize": 6, **style}, label=label)

    used = [name for name in AUGMENTATIONS if name in set(table["augmentation"])]
    entries = [entry(HEADINGS[0])]
    entries += [entry(name, color=AUGMENTATION_COLOURS[name], marker="o") for name in used]
    entries += [entry(""), entry(HEADINGS[1])]
    entries += [
        entry(", ".join(pair), marker=shape, color=INK, markerfacecolor="none")
        for pair, shape in shapes.items()
    ]
    if table["seed"].nunique() > 1:
        entries += [entry(""), entry(HEADINGS[2])]
        entries.append(entry("each", color=INK, marker="o", markersize=3))
        entries.append(entry("mean", color=INK, marker="o"))
    return entries
