"""Compare the runs of an experiment, each with the one that has the reference's values."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from epibench.errors import InputError
from epibench.evaluate.compare import compare_experiment, holm, verdict_of
from epibench.evaluate.evaluation import Evaluation

SCORES = (("pearson_r", "raw"), ("pearson_r_per_sequence", "raw"), ("mse", "scaled_valid"))
"""Scores that are compared, and the scaling of the predictions: each is a family of its own."""


def compare_runs(
    runs: Sequence[Mapping[str, Any]],
    paths: Sequence[str],
    reference: Mapping[str, Any],
    *,
    replicates: int,
    seed: int,
) -> pd.DataFrame:
    """Compare by several scores, each pair at a bin size that both have.

    Where the reference names a bin size, pairs differ in it, and all are compared at the finest
    that every run of the experiment can be evaluated at; else each at the pair's own.

    Parameters
    ----------
    runs : sequence of dict
        `run` (its name) and the axes of each run.
    paths : sequence of str
        `sums.npz` of each run.
    reference : dict of axis to value
        See `epibench.evaluate.compare.compare_experiment`.
    replicates, seed : int
        Of the draws of blocks.

    Returns
    -------
    DataFrame
        As of `compare_experiment`, for each of `SCORES`. Holm's correction is within the rows of
        one score.
    """
    path_of = {run["run"]: path for run, path in zip(runs, paths, strict=True)}
    groups = [(size, [run for run in runs if run["bin_size"] == size]) for size in sizes_of(runs)]
    if "bin_size" in reference:
        groups = [(finest_shared([Evaluation.load(path, 0) for path in paths]), list(runs))]
    loaded = {
        size: {run["run"]: Evaluation.load(path_of[run["run"]], size) for run in group}
        for size, group in groups
    }
    families = []
    for score, scaling in SCORES:
        parts = [
            compare_experiment(
                group,
                loaded[size],
                reference,
                score,
                size,
                scaling,
                replicates=replicates,
                seed=seed,
            )
            for size, group in groups
        ]
        family = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
        if len(family):
            family["p_holm"] = holm(family["p"].to_numpy())
            family["verdict"] = [verdict_of(row) for row in family.itertuples(index=False)]
        families.append(family)
    return pd.concat(families, ignore_index=True)


def sizes_of(runs: Sequence[Mapping[str, Any]]) -> list[int]:
    """Give the bin sizes that runs were trained at, finest first."""
    return sorted({run["bin_size"] for run in runs})


def finest_shared(evaluations: Sequence[Evaluation]) -> int:
    """Give the finest bin size that all can be evaluated at."""
    shared = set.intersection(*(set(each.bin_sizes) for each in evaluations))
    if not shared:
        raise InputError(
            "the runs share no bin size that all can be evaluated at, so those of different bin "
            "sizes cannot be compared; add one to evaluation.bin_sizes or remove the reference"
        )
    return min(shared)
