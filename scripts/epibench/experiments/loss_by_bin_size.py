"""Whole-chromosome Pearson's r against MSE, one point a run (Toneyan et al. 2022, Fig. 2b)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, ScalarFormatter

from epibench.errors import InputError
from epibench.experiments.metrics import RUN_COLUMNS, panels, target_means
from epibench.experiments.published import PUBLISHED
from epibench.style import (
    FULL_WIDTH,
    LOSS_COLOURS,
    LOSS_MARKERS,
    MUTED,
    Label,
    link_run,
    note_below,
    place_labels,
    styled,
)
from epibench.words import LOSSES

SCALINGS = {"scaled": "scaled predictions", "raw": "raw predictions"}
OFF_SCALE = 10
"""A point whose MSE exceeds this many times the panel's median is named, not drawn: the raw
predictions of a loss that ignores magnitude can be wrong by orders of magnitude."""
LOG_FROM = 3
"""Ratio of largest to smallest MSE from which the axis is logarithmic."""


def table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Give r and MSE of each run at its own bin size, mean over targets.

    Pearson's r does not depend on the scale of the predictions, so there is one; MSE does.

    Parameters
    ----------
    metrics : DataFrame
        See `epibench.experiments.metrics.target_means`.

    Returns
    -------
    DataFrame
        One row a run: `RUN_COLUMNS`, `pearson_r`, `mse_scaled`, `mse_raw`, the columns of
        `epibench.experiments.published.PUBLISHED` where the metrics have them, `targets` (in the
        mean), `test_set`; losses in the order of `words.LOSSES`.

    Raises
    ------
    InputError
        When the metrics do not fit together, or no run was evaluated at its own bin size.
    """
    rows = target_means(metrics, "loss_by_bin_size")
    rows = rows[rows["evaluated_bin_size"] == rows["bin_size"]]
    if rows.empty:
        raise InputError("loss_by_bin_size: no run was evaluated at the bin size it was trained on")
    raw, scaled = (rows[rows["scaling"] == scaling] for scaling in ("raw", "scaled"))
    wide = raw.merge(scaled[["run", "mse"]], on="run", suffixes=("_raw", "_scaled"))
    order = wide["loss"].map(list(LOSSES).index).rename("order")
    wide = wide.assign(order=order).sort_values(
        ["model", "windows", "augmentation", "order", "bin_size", "seed"], ignore_index=True
    )
    published = [name for name in PUBLISHED if name in wide]
    scores = ["pearson_r", "mse_scaled", "mse_raw", *published]
    return wide[[*RUN_COLUMNS, *scores, "targets", "test_set"]]


def figure(metrics: pd.DataFrame) -> Figure:
    """Draw the table of the metrics."""
    return draw(table(metrics))


@styled
def draw(table: pd.DataFrame) -> Figure:
    """Draw r against MSE: a row of panels per model and window set, scaled and raw side by side."""
    parts = panels(table)
    heights = [min(2.2 + 0.04 * len(part), 3.6) for _, part in parts]
    chart = Figure(figsize=(FULL_WIDTH, 0.3 + sum(heights)), layout="constrained")
    chart.get_layout_engine().set(h_pad=0.06)
    grid = chart.subplots(len(parts), 2, squeeze=False, height_ratios=heights)
    drawn = []
    for row, (name, part) in zip(grid, parts, strict=True):
        for axes, scaling in zip(row, SCALINGS, strict=True):
            axes.set_title(f"{name}: {SCALINGS[scaling]}")
            drawn.append((axes, *_draw(axes, part, scaling)))
    entries = _legend(table)
    chart.legend(
        handles=entries,
        loc="outside upper left",
        ncols=6 if len(entries) <= 6 else 4,  # six of the usual length fill the width
        columnspacing=1.3,
        handlelength=1.8,
        handletextpad=0.5,
    )
    chart.draw_without_rendering()
    chart.set_layout_engine("none")
    for axes, labels, points in drawn:
        place_labels(axes, labels, points)
    return chart


def _draw(axes: Axes, part: pd.DataFrame, scaling: str) -> tuple[list[Label], np.ndarray]:
    """Draw the points and guides of one panel; give labels still to be placed, and the points."""
    part = part.rename(columns={"pearson_r": "r", f"mse_{scaling}": "error"})
    shown = part[_on_scale(part)]
    size = 4.5 if shown["seed"].nunique() <= 1 else 3.2
    labels = []
    for loss, points in shown.groupby("loss", sort=False):
        colour = LOSS_COLOURS[loss]
        centres = points.groupby("bin_size", as_index=False)[["error", "r"]].mean()
        axes.plot(centres["error"], centres["r"], color=colour, alpha=0.35)
        for row in points.itertuples():
            (mark,) = axes.plot(row.error, row.r, **_marker(loss), linestyle="none", ms=size)
            link_run(mark, row.run)
        labels += [
            Label(row.error, row.r, str(row.bin_size), colour) for row in centres.itertuples()
        ]
    points = shown[["error", "r"]].to_numpy(dtype=float)
    if scaling == "raw" and set(PUBLISHED) <= set(part):
        points = np.vstack([points, _draw_published(axes, part, shown)])
    axes.margins(0.1)
    axes.grid(True)
    axes.set_xlabel("MSE (coverage²)")
    axes.set_ylabel("Pearson's r, whole chromosome")
    if len(shown) > 0 and shown["error"].max() > LOG_FROM * shown["error"].min():
        _log_scale(axes)
    _name_the_rest(axes, part, shown)
    return labels, points


def _draw_published(axes: Axes, part: pd.DataFrame, shown: pd.DataFrame) -> np.ndarray:
    """Draw published scores, each joined to the runs that repeat it; give the points."""
    keys = ["loss", "bin_size"]
    published = part.groupby(keys, sort=False)[PUBLISHED].first().dropna()
    published = published[published["published_mse"] <= OFF_SCALE * part["error"].median()]
    runs = shown.groupby(keys)[["r", "error"]].mean()
    for (loss, size), (r, error) in published.iterrows():
        hollow = _marker(loss) | {"markerfacecolor": "white", "markeredgecolor": LOSS_COLOURS[loss]}
        axes.plot(error, r, **hollow, linestyle="none", markersize=4, zorder=1.9)
        if (loss, size) in runs.index:
            own = runs.loc[(loss, size)]
            line = {"color": LOSS_COLOURS[loss], "linestyle": ":", "lw": 0.7, "zorder": 1.8}
            axes.plot([error, own["error"]], [r, own["r"]], **line)
    return published[PUBLISHED[::-1]].to_numpy(dtype=float)


def _on_scale(part: pd.DataFrame) -> pd.Series:
    """Say which points fit one readable panel: positive r and an MSE of the usual size."""
    return (part["r"] >= 0) & (part["error"] <= OFF_SCALE * part["error"].median())


def _log_scale(axes: Axes) -> None:
    """Spread crowded small errors, with plain numbers at the ticks."""
    axes.set_xscale("log")
    axes.set_xlabel("MSE (coverage², log scale)")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 1.5, 2, 3, 5, 7)))
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_formatter(NullFormatter())


def _name_the_rest(axes: Axes, part: pd.DataFrame, shown: pd.DataFrame) -> None:
    """Say under the panel which runs it does not show."""
    rest = part.drop(shown.index)
    if rest.empty:
        return
    names = []
    for loss, points in rest.groupby("loss", sort=False):
        sizes = sorted(points["bin_size"].unique())
        complete = len(points) == (part["loss"] == loss).sum()
        where = "all bin sizes" if complete else ", ".join(map(str, sizes)) + " bp"
        names.append(f"{LOSSES[loss].label} ({where})")
    note_below(axes, "Off scale or undefined, see table: " + "; ".join(names))


def _marker(loss: str) -> dict:
    """Give the shape and colour of a loss."""
    return {
        "color": LOSS_COLOURS[loss],
        "marker": LOSS_MARKERS[loss],
        "markeredgecolor": "white",
        "markeredgewidth": 0.5,
    }


def _legend(table: pd.DataFrame) -> list[Line2D]:
    """Give one entry a loss that occurs, and one for the numbers."""
    occurring = [loss for loss in LOSSES if loss in set(table["loss"])]
    losses = [Line2D([], [], **_marker(loss), label=LOSSES[loss].label) for loss in occurring]
    entries = [*losses, Line2D([], [], linestyle="none", label="numbers: bin size (bp)")]
    if set(PUBLISHED) <= set(table) and table[PUBLISHED[0]].notna().any():
        style = {"marker": "o", "markerfacecolor": "white", "color": MUTED, "linestyle": "none"}
        entries.append(Line2D([], [], **style, label="published, Toneyan et al. 2022"))
    return entries
