"""Published scores beside those of runs that repeat the same experiment."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

PUBLISHED = ["published_pearson_r", "published_mse"]
"""Columns that `beside_published` adds."""


def beside_published(metrics: pd.DataFrame, runs: Sequence[str], path: str | Path) -> pd.DataFrame:
    """Add published scores to the means over targets of the runs that repeat that experiment.

    Parameters
    ----------
    metrics : DataFrame
        The `metrics.tsv` of runs, with the axes of each run in front.
    runs : sequence of str
        Those that repeat the published experiment.
    path : path
        Published scores, one row a `loss`, `bin_size` (bp) and `target`: `pearson_r` and `mse` of
        unscaled predictions at that bin size.

    Returns
    -------
    DataFrame
        With `PUBLISHED`: means over exactly the targets of `metrics`; NaN in rows of single
        targets, at other evaluated bin sizes than the run's own, and of runs that are not named.
    """
    scores = pd.read_csv(path, sep="\t", comment="#")
    scores = scores[scores["target"].isin(metrics["target"])]
    means = scores.groupby(["loss", "bin_size"])[["pearson_r", "mse"]].mean()
    means.columns = PUBLISHED
    found = metrics.join(means, on=["loss", "bin_size"])
    own = found["evaluated_bin_size"] == found["bin_size"]
    repeats = own & (found["target"] == "mean") & found["run"].isin(runs)
    return found.assign(**{name: found[name].where(repeats) for name in PUBLISHED})
