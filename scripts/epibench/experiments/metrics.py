"""What every analysis asks of the metrics it is given."""

from collections.abc import Sequence

import pandas as pd

from epibench.errors import InputError
from epibench.words import LOSSES

RUN_COLUMNS = ["run", "model", "windows", "loss", "bin_size", "augmentation", "seed"]
KEY = ["target", "evaluated_bin_size", "scaling"]
SCORES = ["pearson_r", "mse"]


def require_one_test_set(metrics: pd.DataFrame, where: str) -> None:
    """Raise InputError unless all rows were evaluated on the same inputs.

    Metrics of different test sets must never share a table: the difference between two predictors
    would be a difference between their test sets.
    """
    sets = sorted(metrics["test_set"].unique())
    if len(sets) > 1:
        raise InputError(
            f"{where}: metrics of {len(sets)} different test sets ({', '.join(map(str, sets))}) "
            "cannot be compared; evaluate all predictors again on the same data"
        )


def target_means(
    metrics: pd.DataFrame,
    experiment: str,
    *,
    key: Sequence[str] = KEY,
    scores: Sequence[str] = SCORES,
) -> pd.DataFrame:
    """Check an experiment's metrics and keep the rows that average over targets.

    Parameters
    ----------
    metrics : DataFrame
        The tables of the experiment's runs, concatenated, with `RUN_COLUMNS` added (`bin_size` is
        the trained one, in bp); one row a run and combination of `key`, where one target is "mean".
    experiment : str
        Its name, for messages.
    key : sequence of str
        What tells the rows of a run apart; default: target, evaluated bin size and scaling, as in
        `metrics.tsv`.
    scores : sequence of str
        Scores that the experiment reads, default `pearson_r` and `mse`.

    Returns
    -------
    DataFrame
        The rows with target "mean".

    Raises
    ------
    InputError
        When there are no rows, a column is missing, a run is given twice, or test sets differ.
    """
    needed = [*RUN_COLUMNS, *key, *scores, "targets", "test_set"]
    missing = [column for column in needed if column not in metrics]
    if missing:
        raise InputError(f"{experiment}: the metrics lack the columns {', '.join(missing)}")
    if metrics.empty:
        raise InputError(f"{experiment}: no metrics were given; its grid must have a run")
    require_one_test_set(metrics, experiment)
    twice = metrics.duplicated(["run", *key])
    if twice.any():
        run = metrics.loc[twice, "run"].iloc[0]
        raise InputError(f"{experiment}: the metrics of run {run} are given twice; give them once")
    return metrics[metrics["target"] == "mean"]


def means_over(
    rows: pd.DataFrame, targets: Sequence[str], key: Sequence[str], scores: Sequence[str]
) -> pd.DataFrame:
    """Give the rows that average over `targets`, so that all predictors are averaged over the same.

    Where these are all targets, the rows with target "mean" are those. Otherwise `scores` are
    averaged anew and stay NaN where a target lacks one; intervals of such means are not known.

    Parameters
    ----------
    rows : DataFrame
        With columns `target`, `targets`, `key` and `scores`; some with `<score>_low` and `_high`.
    targets : sequence of str
        The names to average over, at least one.
    key : sequence of str
        What tells the rows of a target apart.
    scores : sequence of str
        What to average.
    """
    means = rows[rows["target"] == "mean"]
    if set(rows["target"]) - {"mean"} == set(targets):
        return means
    parts = rows[rows["target"].isin(targets)].groupby(list(key), sort=False)
    found = pd.concat([parts[score].agg(pd.Series.mean, skipna=False) for score in scores], axis=1)
    ends = [f"{score}_{end}" for score in scores for end in ("low", "high")]
    means = means.drop(columns=[*scores, *ends], errors="ignore").assign(targets=len(targets))
    means = means.merge(found, left_on=list(key), right_index=True, how="left")
    return means.assign(**{end: float("nan") for end in ends if end in rows})


def only_run(runs: pd.Series) -> str:
    """Give the run that a mark of these rows stands for; "" where it stands for several."""
    return str(runs.iloc[0]) if runs.nunique() == 1 else ""


def setting_means(
    rows: pd.DataFrame, settings: Sequence[str], scores: Sequence[str]
) -> pd.DataFrame:
    """Average scores over the seeds of each setting, in the order of the rows.

    Returns
    -------
    DataFrame
        `settings`, `scores`, `run` (as of `only_run`).
    """
    groups = rows.groupby(list(settings), sort=False)
    return groups[list(scores)].mean().assign(run=groups["run"].agg(only_run)).reset_index()


def panels(
    table: pd.DataFrame,
    axes: Sequence[str] = ("model", "windows"),
    where_several: Sequence[str] = ("augmentation",),
) -> list[tuple[str, pd.DataFrame]]:
    """Split a table into one part a combination of axes, and name each.

    The axes `where_several` are named, and split, only where the table has several values.
    """
    split = [*axes, *(axis for axis in where_several if table[axis].nunique() > 1)]
    return [
        (", ".join(map(spoken, split, values)), part)
        for values, part in table.groupby(split, sort=False)
    ]


def spoken(axis: str, value: str | int) -> str:
    """Name a value of an axis as a figure does."""
    if axis == "loss":
        return LOSSES[value].label
    return f"{value} bp" if axis == "bin_size" else str(value)
