"""Pearson's r of runs on the whole test chromosome, where they can be compared."""

import pandas as pd

from epibench.errors import InputError
from epibench.experiments.metrics import target_means
from epibench.words import LOSSES

WHOLE = ["pearson_r", "pearson_r_low", "pearson_r_high"]


def is_binary(rows: pd.DataFrame) -> pd.Series:
    """Tell which rows are of binary runs, which predict no profile."""
    return rows["loss"].map(lambda loss: LOSSES[loss].head == "peaks")


def whole_r(metrics: pd.DataFrame, experiment: str) -> pd.DataFrame:
    """Give each run's r at the finest bin size that all runs of coverage share.

    Parameters
    ----------
    metrics : DataFrame
        The `metrics.tsv` of the runs, with the axes of each run in front.
    experiment : str
        Its name, for messages.

    Returns
    -------
    DataFrame
        One row a run that is not binary: `run`, `evaluated_bin_size`, `whole_r`, the mean over
        targets, with the ends `whole_r_low` and `whole_r_high` of its 95 % interval.

    Raises
    ------
    InputError
        When the rows do not fit together, or the runs share no evaluated bin size.
    """
    means = target_means(metrics, experiment, scores=WHOLE)
    means = means[(means["scaling"] == "raw") & ~is_binary(means)]
    sizes = means.groupby("run")["evaluated_bin_size"].agg(set)
    shared = set.intersection(*sizes) if len(sizes) else {0}
    if not shared:
        raise InputError(
            f"{experiment}: the runs share no bin size at which all are evaluated; add the "
            "coarsest trained one to evaluation.bin_sizes"
        )
    means = means[means["evaluated_bin_size"] == min(shared)]
    names = {name: name.replace("pearson", "whole") for name in WHOLE}
    return means.rename(columns=names)[["run", "evaluated_bin_size", *names.values()]]
