"""Make an experiment's table and figure."""

from importlib import import_module
from pathlib import Path

import pandas as pd

from epibench.errors import InputError
from epibench.experiments import ANALYSES
from epibench.files import whole
from epibench.style import save


def run_experiment(name: str, rows: pd.DataFrame, folder: str | Path) -> pd.DataFrame:
    """Write `table.tsv`, `figure.svg` and `figure.png` of one analysis into `folder`.

    Parameters
    ----------
    name : str
        A key of `epibench.experiments.ANALYSES`.
    rows : DataFrame
        What the analysis `reads`, of all runs, with the axes of each run.
    folder : path
        Made where missing; each file in it appears whole or not at all.

    Returns
    -------
    DataFrame
        The table.

    Raises
    ------
    InputError
        When the name is unknown, or the analysis cannot use the rows.
    """
    if name not in ANALYSES:
        raise InputError(f"experiment {name!r} has no analysis; known are {', '.join(ANALYSES)}")
    analysis = import_module(ANALYSES[name].module)
    table = analysis.table(rows)
    chart = analysis.figure(rows)
    with whole(Path(folder) / "table.tsv") as path:
        table.to_csv(path, sep="\t", index=False)
    save(chart, folder)
    return table
