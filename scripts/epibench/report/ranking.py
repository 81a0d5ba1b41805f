"""Ranks of all predictors, and what each experiment's runs are against their reference."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from epibench.evaluate.compare import win_tie_loss
from epibench.words import AXES, describe_reference

COMPARED = ("score", "evaluated_bin_size", "difference", "low", "high")
UNCERTAIN = ("standard_error_loci", "standard_error_seeds", "p_holm", "verdict")


def ranking_part(
    folder: Path, axes: Mapping[str, Mapping[str, Any]], labels: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Give a row a predictor: rank with its interval, and how its pairs came out.

    Parameters
    ----------
    folder : Path
        Holds `ranks.tsv` and `pairs.tsv`.
    axes : mapping
        Axes of each run by its name.
    labels : mapping
        Labels of predictions from outside, by name.
    """
    ranks = pd.read_csv(folder / "ranks.tsv", sep="\t")
    pairs = win_tie_loss(pd.read_csv(folder / "pairs.tsv", sep="\t"))
    rows = []
    for row in ranks.to_dict("records"):
        name = row["predictor"]
        kind, label, _ = describe_reference(name, labels)
        if name in axes:
            kind, label = "run", axes[name]["model"]
        counts = dict.fromkeys(("wins", "ties", "losses"), 0)
        if name in pairs.index:
            counts = {count: int(pairs.loc[name, count]) for count in counts}
        rows.append(row | counts | {"kind": kind, "label": label, "axes": axes.get(name, {})})
    return rows


def comparisons_part(path: Path) -> dict[str, Any]:
    """Give the columns and rows of an experiment's comparisons, best known difference first.

    Axes in which neither the runs nor their references differ are left out.
    """
    table = pd.read_csv(path, sep="\t")
    if table.empty:
        return {"columns": [], "texts": [], "rows": []}
    named = [axis for axis in AXES if axis != "seed"]
    varying = [
        column
        for axis in named
        for column in (f"a_{axis}", f"b_{axis}")
        if pd.concat([table[f"a_{axis}"], table[f"b_{axis}"]]).nunique() > 1
        and not (column.startswith("b_") and (table[f"a_{axis}"] == table[f"b_{axis}"]).all())
    ]
    columns = [*varying, *COMPARED, "seeds", *UNCERTAIN]
    if table["seeds"].max() <= 1:
        columns = [name for name in columns if name not in ("seeds", "standard_error_seeds")]
    shown = table[columns]
    return {
        "columns": [name for name in columns if name not in ("low", "high")],
        "texts": list(shown.select_dtypes(exclude="number")),
        "rows": shown.to_dict("records"),
    }
