"""Scores of one run for its page: a table for each evaluated bin size, and what else was scored."""

from pathlib import Path
from typing import Any

import pandas as pd

from epibench.report.experiment import fold_intervals
from epibench.report.leaderboard import SCALINGS

OF_SCALE = ("pearson_r_log1p", "mse", "poisson_nll", "r2", "scale_factor")
"""Scores that depend on the scale of the predictions."""

ALWAYS = ("pearson_r", "spearman_r", "pearson_r_per_sequence", "jensen_shannon")
"""Scores that do not."""

OTHERS = {
    "peak_metrics": "On the peak-centred test inputs",
    "classification": "Finding inputs with a peak, by one value an input",
    "high_activity": "Inputs of high activity",
    "thresholds": "Within inputs above a coverage threshold",
    "strata": "By kind of input",
    "variation": "Robustness",
}
"""Title of each further table of scores, by the name of its file."""

_NAMES = {"predictor", "test_set"}


def score_tables(folder: Path, own_bin_size: int) -> dict[str, Any]:
    """Give the tables of a run's scores.

    What cannot be compared, scores at different bin sizes, stands in different tables.

    Parameters
    ----------
    folder : Path
        Of the run.
    own_bin_size : int
        That it was trained at, bp: its table stands open.

    Returns
    -------
    dict
        `whole`: for each evaluated bin size `bin_size`, `open`, `rows` (score and scaling, value,
        low, high) and `by_target` (rows by target); `others`: for each further table `title`,
        `columns`, `intervals`, `rows`.
    """
    metrics = pd.read_csv(folder / "metrics.tsv", sep="\t")
    whole = [
        {
            "bin_size": int(size),
            "open": size == own_bin_size,
            "rows": _rows(part[part["target"] == "mean"]),
            "by_target": _by_target(part),
        }
        for size, part in metrics.groupby("evaluated_bin_size")
    ]
    found = {name: folder / f"{name}.tsv" for name in OTHERS}
    others = [_table(OTHERS[name], path) for name, path in found.items() if path.is_file()]
    return {"whole": whole, "others": others}


def _rows(means: pd.DataFrame) -> list[dict[str, Any]]:
    """Give a row a score: once where scaling leaves it as it is, else once a scaling."""
    by_scaling = means.set_index("scaling").to_dict("index")
    rows = []
    for score in (*ALWAYS, *OF_SCALE):
        scalings = SCALINGS if score in OF_SCALE else ["raw"]
        for scaling in scalings:
            if scaling in by_scaling:
                row = by_scaling[scaling]
                note = SCALINGS[scaling][0] if score in OF_SCALE else ""
                ends = (
                    row.get(f"{score}_low", float("nan")),
                    row.get(f"{score}_high", float("nan")),
                )
                rows.append({"score": score, "scaling": note, "value": row[score], "ends": ends})
    return rows


def _by_target(part: pd.DataFrame) -> list[dict[str, Any]]:
    """Give what does not depend on the scale, by target."""
    raw = part[(part["scaling"] == "raw") & (part["target"] != "mean")]
    return [
        {"target": row["target"]}
        | {score: (row[score], (row[f"{score}_low"], row[f"{score}_high"])) for score in ALWAYS}
        for row in raw.to_dict("records")
    ]


def _table(title: str, path: Path) -> dict[str, Any]:
    """Give another table of scores with its intervals folded, means over targets where it has."""
    table = pd.read_csv(path, sep="\t")
    if "target" in table and (table["target"] == "mean").any():
        table = table[table["target"] == "mean"].drop(columns="target")
    table = table.drop(columns=[name for name in table if name in _NAMES])
    table = table.dropna(axis="columns", how="all")
    texts = list(table.select_dtypes(exclude="number"))
    table[texts] = table[texts].fillna("")
    columns, intervals = fold_intervals(list(table.columns))
    return {
        "title": title,
        "columns": columns,
        "intervals": intervals,
        "texts": texts,
        "rows": table.to_dict("records"),
    }
