"""Pearson's r by trained bin size and width of a box-car filter (Toneyan et al. 2022, ED 2)."""

import pandas as pd
from matplotlib.figure import Figure

from epibench.errors import InputError
from epibench.experiments.metrics import target_means
from epibench.experiments.triangle import draw_triangles, mean_over_seeds


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the mean r over seeds of the Poisson runs at every width of the filter.

    Only widths of at least the trained bin size are kept, as in the paper: a narrower filter would
    smooth the truth but hardly a prediction that is constant within its bins.

    Parameters
    ----------
    rows : DataFrame
        The `smoothing.tsv` of the runs, with the axes of each run in front.

    Returns
    -------
    DataFrame
        As of `mean_over_seeds`, a row a `width` in bp.

    Raises
    ------
    InputError
        When the rows do not fit together, there is no Poisson run, or no width is kept.
    """
    means = target_means(rows, "smoothing", key=["target", "width", "scaling"])
    kept = means[means["width"] >= means["bin_size"]]
    if kept.empty:
        raise InputError(
            f"smoothing: no width of the filter reaches the finest trained bin size, "
            f"{means['bin_size'].min()} bp; add that to evaluation.smoothing"
        )
    return mean_over_seeds(kept, "width", "smoothing")


def figure(rows: pd.DataFrame) -> Figure:
    """Draw the table of the rows."""
    return draw(table(rows))


def draw(table: pd.DataFrame) -> Figure:
    """Draw a triangle per model and window set."""
    return draw_triangles(table, "width", "Width of the box-car filter (bp)")
