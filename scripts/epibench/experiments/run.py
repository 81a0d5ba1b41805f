"""Make an experiment's table and figure."""

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd

from epibench.errors import InputError
from epibench.evaluate.scores import scores_of_runs
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


def rows_of_runs(name: str, paths: list[str | Path], runs: list[dict[str, Any]]) -> pd.DataFrame:
    """Read what an analysis reads of its runs, with a column for each axis in front.

    Parameters
    ----------
    name : str
        A key of `epibench.experiments.ANALYSES`.
    paths : list of path
        The analysis's `file` of each run, in the order of `runs`.
    runs : list of dict
        `run` (its name) and the axes of each run.
    """
    read = records_of_runs if ANALYSES[name].reads == "run" else scores_of_runs
    return read(paths, runs)


def records_of_runs(paths: list[str | Path], runs: list[dict[str, Any]]) -> pd.DataFrame:
    """Read what training recorded, one row a run.

    Parameters
    ----------
    paths : list of path
        `run.json` of each run, in the order of `runs`.
    runs : list of dict
        `run` (its name) and the axes of each run.

    Returns
    -------
    DataFrame
        The columns of `runs`, then the top keys of the records, such as `settings` (dict),
        `parameters`, `best_valid_loss`.
    """
    records = [json.loads(Path(path).read_text(encoding="utf-8")) for path in paths]
    return pd.DataFrame([run | record for run, record in zip(runs, records, strict=True)])
