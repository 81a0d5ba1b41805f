"""Pearson's r by trained bin size and by what runs are evaluated at: at least as coarse."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from epibench.errors import InputError
from epibench.experiments.metrics import panels
from epibench.style import FULL_WIDTH, SEQUENTIAL, styled, text_colour

LOSS = "poisson"
SCORES = ("pearson_r", "pearson_r_low", "pearson_r_high")


def mean_over_seeds(rows: pd.DataFrame, across: str, experiment: str) -> pd.DataFrame:
    """Average r over the seeds of the Poisson runs.

    Pearson's r does not depend on the scale of the predictions, so the raw rows are used.

    Parameters
    ----------
    rows : DataFrame
        Means over targets, see `epibench.experiments.metrics.target_means`.
    across : str
        The column that cells of a row differ in, in bp.
    experiment : str
        Its name, for messages.

    Returns
    -------
    DataFrame
        One row per model x windows x augmentation x trained `bin_size` x `across`: `pearson_r`
        (mean over targets, then seeds), where the rows have them the ends `pearson_r_low` and
        `pearson_r_high` of its 95 % interval over loci (means over seeds), `seeds` (how many have
        an r), `test_set`.

    Raises
    ------
    InputError
        When there is no Poisson run.
    """
    runs = rows["run"].nunique()
    rows = rows[(rows["loss"] == LOSS) & (rows["scaling"] == "raw")]
    if rows.empty:
        raise InputError(
            f"{experiment}: none of the {runs} runs has the loss {LOSS!r}; "
            "add one to the experiment's grid"
        )
    axes = ["model", "windows", "augmentation", "bin_size", across]
    groups = rows.groupby([*axes, "test_set"])
    means = groups[[name for name in SCORES if name in rows]].mean()
    means = means.assign(seeds=groups["pearson_r"].count()).reset_index()
    return means[[name for name in means if name != "test_set"] + ["test_set"]]


@styled
def draw_triangles(table: pd.DataFrame, across: str, label: str) -> Figure:
    """Draw a triangle per model and window set, with r written into each cell.

    Parameters
    ----------
    table : DataFrame
        `mean_over_seeds`.
    across : str
        The column that cells of a row differ in.
    label : str
        What the axis of that column is called.
    """
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
        cells = _draw(axes, part, across, norm)
        axes.set_title(name)
        axes.set_xlabel(label)
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


def _draw(axes: Axes, part: pd.DataFrame, across: str, norm: Normalize):
    """Draw one triangle: trained bin sizes downwards, what they are evaluated at to the right."""
    cells = part.pivot(index="bin_size", columns=across, values="pearson_r")
    values = np.ma.masked_invalid(cells.to_numpy(dtype=float))
    mesh = axes.pcolormesh(values, cmap=SEQUENTIAL, norm=norm, edgecolors="white", linewidth=1.2)
    axes.invert_yaxis()
    for trained, evaluated, r in part[["bin_size", across, "pearson_r"]].itertuples(index=False):
        defined = not np.isnan(r)
        axes.text(
            cells.columns.get_loc(evaluated) + 0.5,
            cells.index.get_loc(trained) + 0.5,
            f"{r:.2f}".replace("-", "\N{MINUS SIGN}") if defined else "n/a",
            ha="center",
            va="center",
            fontsize=6.5,
            color=text_colour(SEQUENTIAL(norm(r)) if defined else (1, 1, 1)),
        )
    axes.set_xticks(np.arange(len(cells.columns)) + 0.5, cells.columns)
    axes.set_yticks(np.arange(len(cells.index)) + 0.5, cells.index)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_ylabel("Trained\nbin size (bp)")
    return mesh
