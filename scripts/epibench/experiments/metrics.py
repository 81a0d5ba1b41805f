"""What every analysis asks of the metrics it is given."""

import pandas as pd

from epibench.errors import InputError

RUN_COLUMNS = ["run", "model", "windows", "loss", "bin_size", "augmentation", "seed"]
KEY = ["target", "evaluated_bin_size", "scaling"]


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


def target_means(metrics: pd.DataFrame, experiment: str) -> pd.DataFrame:
    """Check an experiment's metrics and keep the rows that average over targets.

    Parameters
    ----------
    metrics : DataFrame
        The metrics tables of the experiment's runs, concatenated, with `RUN_COLUMNS` added
        (`bin_size` is the trained one, in bp); one row per run x target (also "mean") x evaluated
        bin size x scaling.
    experiment : str
        Its name, for messages.

    Returns
    -------
    DataFrame
        The rows with target "mean".

    Raises
    ------
    InputError
        When there are no rows, a column is missing, a run is given twice, or test sets differ.
    """
    needed = [*RUN_COLUMNS, *KEY, "pearson_r", "mse", "targets", "test_set"]
    missing = [column for column in needed if column not in metrics]
    if missing:
        raise InputError(f"{experiment}: the metrics lack the columns {', '.join(missing)}")
    if metrics.empty:
        raise InputError(f"{experiment}: no metrics were given; its grid must have a run")
    require_one_test_set(metrics, experiment)
    twice = metrics.duplicated(["run", *KEY])
    if twice.any():
        run = metrics.loc[twice, "run"].iloc[0]
        raise InputError(f"{experiment}: the metrics of run {run} are given twice; give them once")
    return metrics[metrics["target"] == "mean"]


def panels(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Split a table into one part per model and window set, and name each.

    The augmentation is named, and splits, only where the table has several.
    """
    axes = ["model", "windows"]
    if table["augmentation"].nunique() > 1:
        axes.append("augmentation")
    return [(", ".join(values), part) for values, part in table.groupby(axes, sort=False)]
