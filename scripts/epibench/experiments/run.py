"""Make an experiment's table and figure."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from epibench.errors import InputError
from epibench.evaluate.scores import read_scores, scores_of_runs
from epibench.experiments import ANALYSES
from epibench.files import read_json, whole
from epibench.style import save
from epibench.words import describe_reference

Rows = pd.DataFrame | dict[str, pd.DataFrame]
"""What an analysis reads: rows, or those of each table where it reads several."""


def run_experiment(name: str, rows: Rows, folder: str | Path) -> pd.DataFrame:
    """Write `table.tsv`, `figure.svg` and `figure.png` of one analysis into `folder`.

    Parameters
    ----------
    name : str
        A key of `epibench.experiments.ANALYSES`.
    rows : DataFrame, or dict of str to DataFrame
        What the analysis `reads`, of all runs, with the axes of each run, see `rows_of_runs`.
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


def rows_of_runs(
    name: str,
    paths: list[str | Path],
    runs: list[dict[str, Any]],
    references: list[str | Path] = (),
    labels: Mapping[str, str] | None = None,
    targets: list[str] | None = None,
) -> Rows:
    """Read what an analysis reads of its runs, with a column for each axis in front.

    Parameters
    ----------
    name : str
        A key of `epibench.experiments.ANALYSES`.
    paths : list of path
        The analysis's first file of each run, in the order of `runs`, then its second, and so on.
    runs : list of dict
        `run` (its name) and the axes of each run.
    references : list of path
        The first file of each predictor that is no run, for analyses that read them.
    labels : mapping or None
        Labels of predictions from outside, by name.
    targets : list of str or None
        The only targets whose rows count; None: all.

    Returns
    -------
    DataFrame, or dict of str to DataFrame
        By name of the table where the analysis reads several. With references there is a column
        `kind`: `run`, or the kind of the reference, whose name and label are its run and model.
    """
    analysis = ANALYSES[name]
    if analysis.reads == "run":
        return records_of_runs(paths, runs)
    parts = [paths[at : at + len(runs)] for at in range(0, len(paths), len(runs))]
    tables = [scores_of_runs(part, runs) for part in parts]
    if targets is not None:
        tables = [rows[rows["target"].isin(targets)].reset_index(drop=True) for rows in tables]
    if analysis.references:
        tables[0] = pd.concat(
            [
                tables[0].assign(kind="run"),
                *(rows_of_reference(path, labels or {}) for path in references),
            ],
            ignore_index=True,
        )
    return (
        dict(zip([analysis.reads, *analysis.also], tables, strict=True))
        if analysis.also
        else tables[0]
    )


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
    records = [read_json(path) for path in paths]
    return pd.DataFrame([run | record for run, record in zip(runs, records, strict=True)])


def rows_of_reference(path: str | Path, labels: Mapping[str, str]) -> pd.DataFrame:
    """Read a table of a predictor that is no run, with the columns that runs have in front."""
    rows = read_scores([path]).rename(columns={"predictor": "run"})
    kind, label, _ = describe_reference(rows["run"].iloc[0] if len(rows) else "", labels)
    axes = {"windows": "", "loss": "", "bin_size": np.nan, "augmentation": "", "seed": np.nan}
    return rows.assign(model=label, kind=kind, **axes)
