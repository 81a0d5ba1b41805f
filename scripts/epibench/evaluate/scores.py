"""Read score tables back."""

from pathlib import Path
from typing import Any

import pandas as pd


def read_scores(paths: list[str | Path]) -> pd.DataFrame:
    """Read tables of scores into one.

    Parameters
    ----------
    paths : list of path
        At least one.

    Returns
    -------
    DataFrame
        One row a predictor, target, evaluated bin size and scaling.
    """
    return pd.concat(
        [pd.read_csv(path, sep="\t", dtype={"chrom": str}) for path in paths], ignore_index=True
    )


def scores_of_runs(paths: list[str | Path], runs: list[dict[str, Any]]) -> pd.DataFrame:
    """Read the score tables of runs, with a column for each axis.

    Parameters
    ----------
    paths : list of path
        One table of each run: its `metrics.tsv`, `variation.tsv` or `loci.tsv`.
    runs : list of dict
        `run` (its name) and the axes of each run.

    Returns
    -------
    DataFrame
        As of `read_scores`, with `run`, `model`, `windows`, `loss`, `bin_size`, `augmentation`,
        `seed` in front.
    """
    scores = read_scores(paths).rename(columns={"predictor": "run"})
    return pd.DataFrame(runs).merge(scores, on="run", how="inner", validate="one_to_many")
