"""Whole-chromosome Pearson's r by trained and evaluated bin size (Toneyan et al. 2022, Fig. 2c)."""

import pandas as pd
from matplotlib.figure import Figure

from epibench.experiments.metrics import target_means
from epibench.experiments.triangle import draw_triangles, mean_over_seeds


def table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Give the mean r over seeds of the Poisson runs at every evaluated bin size.

    Parameters
    ----------
    metrics : DataFrame
        See `epibench.experiments.metrics.target_means`.

    Returns
    -------
    DataFrame
        As of `mean_over_seeds`, a row an `evaluated_bin_size`.

    Raises
    ------
    InputError
        When the metrics do not fit together, or there is no Poisson run.
    """
    rows = target_means(metrics, "resolution")
    return mean_over_seeds(rows, "evaluated_bin_size", "resolution")


def figure(metrics: pd.DataFrame) -> Figure:
    """Draw the table of the metrics."""
    return draw(table(metrics))


def draw(table: pd.DataFrame) -> Figure:
    """Draw a triangle per model and window set."""
    return draw_triangles(table, "evaluated_bin_size", "Evaluated bin size (bp)")
