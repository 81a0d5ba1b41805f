"""Whole-chromosome Pearson's r by trained and evaluated bin size (Toneyan et al. 2022, Fig. 2c)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from epibench.errors import InputError
from epibench.experiments.metrics import panels, target_means
from epibench.style import FULL_WIDTH, SEQUENTIAL, styled, text_colour

LOSS = "poisson"


def table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Give the mean r over seeds of the Poisson runs at every evaluated bin size.

    Pearson's r does not depend on the scale of the predictions, so the raw rows are used.

    Parameters
    ----------
    metrics : DataFrame
        See `epibench.experiments.metrics.target_means`.

    Returns
    -------
    DataFrame
        One row per model x windows x augmentation x trained `bin_size` x `evaluated_bin_size`:
        `pearson_r` (mean over targets, then seeds), `seeds` (how many have an r), `test_set`.

    Raises
    ------
    InputError
        When the metrics do not fit together, or there is no Poisson run.
    """
    rows = target_means(metrics, "resolution")
    rows = rows[(rows["loss"] == LOSS) & (rows["scaling"] == "raw")]
    if rows.empty:
        raise InputError(
            f"resolution: none of the {metrics['run'].nunique()} runs has the loss {LOSS!r}; "
            "add one to the experiment's grid"
        )
    axes = ["model", "windows", "augmentation", "bin_size", "evaluated_bin_size", "test_set"]
    means = rows.groupby(axes)["pearson_r"].agg(pearson_r="mean", seeds="count").reset_index()
    return means[[*axes[:-1], "pearson_r", "seeds", "test_set"]]


def figure(metrics: pd.DataFrame) -> Figure:
    """Draw the table of the metrics."""
    return draw(table(metrics))


@styled
def draw(table: pd.DataFrame) -> Figure:
    """Draw a triangle per model and window set, with r written into each cell."""
    parts = panels(table)
    columns = min(2, len(parts))
    rows = -(-len(parts) // columns)
    height = 0.75 + 0.28 * max(table["bin_size"].nunique(), 2)
    width = FULL_WIDTH if columns == 2 else 0.62 * FULL_WIDTH
    chart = Figure(figsize=(width, 0.6 + height * rows), layout="constrained")
    grid = chart.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[len(parts) :]:
        axes.remove()
    norm = Normalize(*_limits(table["pearson_r"]))
    for axes, (name, part) in zip(grid, parts, strict=False):
        cells = _draw(axes, part, norm)
        axes.set_title(name)
    bar = chart.colorbar(
        cells, ax=list(grid[: len(parts)]), location="bottom", shrink=0.6, aspect=40
    )
    bar.set_label("Pearson's r, whole chromosome")
    bar.outline.set_visible(False)
    return chart


def _limits(values: pd.Series) -> tuple[float, float]:
    """Round the range of r outwards to twentieths, so that colours sit at even values."""
    low, high = np.floor(values.min() * 20) / 20, np.ceil(values.max() * 20) / 20
    return (low, max(high, low + 0.05)) if np.isfinite(low) else (0.0, 1.0)


def _draw(axes: Axes, part: pd.DataFrame, norm: Normalize):
    """Draw one triangle: trained bin sizes downwards, evaluated ones to the right."""
    cells = part.pivot(index="bin_size", columns="evaluated_bin_size", values="pearson_r")
    values = np.ma.masked_invalid(cells.to_numpy(dtype=float))
    mesh = axes.pcolormesh(values, cmap=SEQUENTIAL, norm=norm, edgecolors="white", linewidth=1.2)
    axes.invert_yaxis()
    for row in part.itertuples():
        place = (cells.columns.get_loc(row.evaluated_bin_size), cells.index.get_loc(row.bin_size))
        defined = not np.isnan(row.pearson_r)
        axes.text(
            place[0] + 0.5,
            place[1] + 0.5,
            f"{row.pearson_r:.2f}".replace("-", "\N{MINUS SIGN}") if defined else "n/a",
            ha="center",
            va="center",
            fontsize=6.5,
            color=text_colour(SEQUENTIAL(norm(row.pearson_r)) if defined else (1, 1, 1)),
        )
    axes.set_xticks(np.arange(len(cells.columns)) + 0.5, cells.columns)
    axes.set_yticks(np.arange(len(cells.index)) + 0.5, cells.index)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("Evaluated bin size (bp)")
    axes.set_ylabel("Trained\nbin size (bp)")
    return mesh
