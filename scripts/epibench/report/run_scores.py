"""The scores of one run: a table for each bin size, region and set of inputs."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from epibench.report.leaderboard import SCALINGS
from epibench.report.shown import HEADINGS, shown_as, span_of

SCORES = (
    *("pearson_r", "pearson_r_log1p", "spearman_r"),
    *("pearson_r_per_sequence", "spearman_r_per_sequence", "jensen_shannon"),
    *("mse", "r2", "poisson_nll", "scale_factor"),
)
"""Scores of `metrics.tsv`, in the order of the page."""

NAMES = HEADINGS | {
    "slope": "slope of heights",
    "r_height": "r of heights",
    "bias": "predicted / measured",
    "value": "part",
    "variation_score_common": "variation, common grid",
    "reverse_complement_difference": "difference of strands",
}
VARIATION = ("variation_score", "variation_score_common", "reverse_complement_difference")
FORMATS = dict.fromkeys(("slope", "r_height", "bias", "scale_factor", *VARIATION), "pearson_r")
"""Scores that are written with the decimals of another one."""
REGIONS = {
    "top_decile": "inputs in the top decile of measured coverage",
    "peaks": "inputs at peaks",
}
INPUTS = {"tiled": "all inputs", "peaks": "peak-centred inputs"}
STRATA = {
    "specificity": "Inputs with a peak, by whether another target has one there too",
    "neighbour": "Inputs with a peak, by distance to the nearest peak of another target",
    "height": "Inputs with a peak, by decile of their mean measured coverage (10 is the highest)",
    "gc": "All inputs, by their share of G and C",
    "annotation": "All inputs, at promoters and elsewhere",
}
ANY = "in every scaling"
SCALED = ("raw", "scaled", "scaled_valid")
"""Scalings in the order of the columns."""


def score_groups(folder: Path, own: int) -> list[dict[str, Any]]:
    """Give the tables of every kind of score that a run has.

    Parameters
    ----------
    folder : path
        The run's: what its evaluation wrote; a table that is not there or has no row gives nothing.
    own : int
        The bin size that the run was trained at, in bp.

    Returns
    -------
    list of dict
        `title`, `note`, `file` (that the scores are from), `tables` (means over targets) and
        `more` (dicts of `summary` and `tables`: what is folded). A table has `caption`, `columns`
        and `rows`: `name` and `cells`, each of `text`, `span` (its interval) and `width` (columns
        that it stands for).
    """
    makers = (_whole, _at_peaks, _classified, _high, _above, _strata, _robustness)
    found = [make(folder, own) for make in makers]
    return [group for group in found if group and group["tables"]]


def _whole(folder: Path, own: int) -> dict[str, Any] | None:
    return _metrics(
        folder / "metrics.tsv",
        own,
        "Whole test chromosomes",
        "All bins of the tiled test chromosomes; scores per sequence are means over inputs.",
    )


def _at_peaks(folder: Path, own: int) -> dict[str, Any] | None:
    return _metrics(
        folder / "peak_metrics.tsv",
        own,
        "Peak-centred test inputs",
        "The same scores on inputs centred on the peaks of the test chromosomes, which are easier "
        "or harder than the whole: compare with other runs on these inputs only.",
    )


def _metrics(path: Path, own: int, title: str, note: str) -> dict[str, Any] | None:
    """Give a table a bin size, scores down and scalings across, and the same by target."""
    rows = _read(path)
    if rows is None:
        return None
    parts = {int(size): part for size, part in rows.groupby("evaluated_bin_size")}
    return {
        "title": title,
        "file": path.name,
        "note": note,
        "tables": [_means(part, size, own) for size, part in parts.items()],
        "more": [
            {"summary": f"By target at {_bp(size, own)}", "tables": _by_target(part)}
            for size, part in parts.items()
            if part["target"].nunique() > 2
        ],
    }


def _means(part: pd.DataFrame, size: int, own: int) -> dict[str, Any]:
    """Give the means over targets at one bin size."""
    means = part[part["target"] == "mean"].set_index("scaling")
    scalings = [name for name in SCALED if name in means.index]
    scores = _with_value(means, SCORES)
    if not _changed(means, scores):
        scalings = scalings[:1]
    rows = []
    for score in scores:
        cells = [_cell(means.loc[scaling], score) for scaling in scalings]
        if not _changed(means, [score]):
            cells = [cells[0] | {"width": len(cells)}]
        rows.append({"name": NAMES[score], "cells": cells})
    first = means.iloc[0]
    bins = int(first["bins"])
    return {
        "caption": f"At {_bp(size, own)}: {_of_targets(part, first)}, {bins:,} bins.",
        "columns": [
            "score",
            *([ANY] if len(scalings) == 1 else (SCALINGS[name][0] for name in scalings)),
        ],
        "rows": rows,
    }


def _by_target(part: pd.DataFrame) -> list[dict[str, Any]]:
    """Give a table of what scaling leaves as it is, and one a scaling of what it changes."""
    rows = part[part["target"] != "mean"]
    changed = [s for s in SCORES if rows.groupby("target")[s].nunique(dropna=False).max() > 1]
    same = _with_value(rows, [score for score in SCORES if score not in changed])
    scalings = [name for name in SCALED if name in set(rows["scaling"])]
    tables = [_table(ANY.capitalize(), rows[rows["scaling"] == scalings[0]], "target", same)]
    for scaling in scalings if changed else []:
        of_scaling = rows[rows["scaling"] == scaling]
        tables.append(_table(SCALINGS[scaling][0].capitalize(), of_scaling, "target", changed))
    return tables


def _classified(folder: Path, own: int) -> dict[str, Any] | None:
    """Give how well one value an input finds peaks."""
    rows = _read(folder / "classification.tsv")
    if rows is None:
        return None
    scores = ["auroc", "average_precision", "pearson_r", "spearman_r", "positives", "negatives"]
    parts = [(name, part) for name, part in rows.groupby("inputs", sort=False)]
    return {
        "title": "Peaks found",
        "file": "classification.tsv",
        "note": "One value an input, the mean predicted coverage or the logit of a binary model: "
        "how well it tells inputs with a peak of the target from those without, and its r and rho "
        "with the mean measured coverage. Average precision depends on the share of peaks: it must "
        "not be compared between the sets of inputs. Positives and negatives are inputs.",
        "tables": [
            _table(
                f"{INPUTS[name].capitalize()}.",
                part[part["target"] == "mean"],
                "target",
                scores,
            )
            for name, part in parts
        ],
        "more": [
            {
                "summary": f"By target: {INPUTS[name]}",
                "tables": [_table("", part[part["target"] != "mean"], "target", scores)],
            }
            for name, part in parts
        ],
    }


def _high(folder: Path, own: int) -> dict[str, Any] | None:
    """Give the scores where coverage is high, at each bin size and region."""
    rows = _read(folder / "high_activity.tsv")
    if rows is None:
        return None
    means = rows[rows["target"] == "mean"]
    scores = ["pearson_r", "mse", "slope", "r_height"]
    tables: dict[int, list[dict[str, Any]]] = {}
    for (size, region), part in means.groupby(["evaluated_bin_size", "region"], sort=False):
        part = part.assign(scaling=[SCALINGS[name][0] for name in part["scaling"]])
        if not _changed(part, scores):
            part = part.head(1).assign(scaling=ANY)
        caption = f"At {_bp(size, own)}, {REGIONS[region]}."
        tables.setdefault(int(size), []).append(_table(caption, part, "scaling", scores))
    coarser = [size for size in tables if size != own]
    return {
        "title": "High activity",
        "file": "high_activity.tsv",
        "note": "Slope and r of heights: the highest predicted on the highest measured bin of each "
        "input. Inputs are chosen by the truth, so a slope below 1 is partly regression to the "
        "mean, and r over a part of the range is lower than over all of it.",
        "tables": tables.get(own, []),
        "more": [{"summary": f"At {_bp(size, own)}", "tables": tables[size]} for size in coarser],
    }


def _above(folder: Path, own: int) -> dict[str, Any] | None:
    """Give r within inputs by the coverage that they must exceed."""
    rows = _read(folder / "thresholds.tsv")
    if rows is None:
        return None
    means = rows[rows["target"] == "mean"]
    scores = ["pearson_r_per_sequence", "spearman_r_per_sequence", "sequences"]
    table = _table(
        f"At {_bp(own, own)}, {int(means['bins'].iloc[0])} bins an input; sequences are "
        "counted over targets.",
        means,
        "threshold",
        scores,
    )
    found = {
        "title": "Inputs above a coverage",
        "file": "thresholds.tsv",
        "note": "Inputs whose highest measured base, in any target, exceeds the threshold. What "
        "rises along the rows is the ease of the inputs: the model is the same.",
        "tables": [table | {"rows": table["rows"][:1]}],
        "more": [{"summary": "All thresholds", "tables": [table]}],
    }
    return found if means[scores[0]].notna().any() else None


def _strata(folder: Path, own: int) -> dict[str, Any] | None:
    """Give the scores in parts of the test set."""
    rows = _read(folder / "strata.tsv")
    if rows is None:
        return None
    scores = ["pearson_r", "pearson_r_per_sequence", "bias", "inputs", "targets"]
    means = rows[rows["target"] == "mean"]
    tables = [
        _table(f"{STRATA[name]}.", part[part["inputs"] > 0], "value", scores)
        for name, part in means.groupby("stratum", sort=False)
        if (part["inputs"] > 0).any()
    ]
    return {
        "title": "Parts of the test set",
        "file": "strata.tsv",
        "note": "Pearson's r of the mean prediction of an input with its mean measured coverage, r "
        "within inputs, and mean prediction divided by mean measured coverage; inputs are "
        "counted over targets. A part with few inputs says little, "
        "and r within a part is over a part of the range: it is lower than over all inputs.",
        "tables": tables,
        "more": [],
    }


def _robustness(folder: Path, own: int) -> dict[str, Any] | None:
    """Give how much predictions change with the place and strand of the input."""
    rows = _read(folder / "variation.tsv")
    if rows is None:
        return None
    scores = [*VARIATION, "pearson_r_per_sequence", "test_windows"]
    means = rows[rows["target"] == "mean"]
    of_targets = rows[rows["target"] != "mean"]
    return {
        "title": "Robustness",
        "file": "variation.tsv",
        "note": "Test windows with a peak of the target. Variation: standard deviation of the "
        "prediction at a position over randomly placed inputs, divided by the mean, in the run's "
        "own bins and on the grid of bins that is common to all runs; difference to the prediction "
        "of the reverse complement, divided by the mean. Low is robust, and no merit by itself: a "
        "prediction that is the same everywhere scores 0. Windows are counted over targets.",
        "tables": [_table("", means, "target", scores)],
        "more": [{"summary": "By target", "tables": [_table("", of_targets, "target", scores)]}],
    }


def _read(path: Path) -> pd.DataFrame | None:
    """Read a table of the run, None where there is no row."""
    if not path.is_file():
        return None
    rows = pd.read_csv(path, sep="\t", dtype={"target": str, "value": str})
    return rows if len(rows) else None


def _table(caption: str, rows: pd.DataFrame, first: str, scores: Iterable[str]) -> dict[str, Any]:
    """Give a row a value of the first column; scores without any value are left out."""
    columns = _with_value(rows, scores)
    return {
        "caption": caption,
        "columns": [NAMES.get(first, first), *(NAMES.get(name, name) for name in columns)],
        "rows": [
            {"name": _named(row[first], first), "cells": [_cell(row, name) for name in columns]}
            for row in rows.to_dict("records")
        ],
    }


def _changed(rows: pd.DataFrame, scores: Iterable[str]) -> bool:
    """Tell whether scaling changes one of the scores of a predictor."""
    return any(rows[score].nunique(dropna=False) > 1 for score in scores)


def _named(value: Any, column: str) -> str:
    """Write the head of a row."""
    return f"above {value:g}" if column == "threshold" else str(value)


def _with_value(rows: pd.DataFrame, scores: Iterable[str]) -> list[str]:
    """Keep the scores that some row has: a binary model has no error, for one."""
    return [name for name in scores if name in rows and rows[name].notna().any()]


def _cell(row: Any, score: str) -> dict[str, Any]:
    """Write a score with its interval."""
    ends = (row.get(f"{score}_low"), row.get(f"{score}_high"))
    like = FORMATS.get(score, score)
    return {"text": shown_as(row[score], like), "span": span_of(ends, like), "width": 1}


def _bp(size: int, own: int) -> str:
    """Name a bin size."""
    return f"{size} bp" + (", the run's own bin size" if size == own else "")


def _of_targets(part: pd.DataFrame, mean: Any) -> str:
    """Say over how many targets the means of one bin size are."""
    count = part.loc[part["target"] != "mean", "target"].nunique()
    if count == 1:
        return "the target"
    with_r = int(mean["targets_with_r"])
    text = f"mean over {count} targets" if with_r == count else f"r of {with_r} of {count} targets"
    if 0 < mean["targets"] < mean["targets_with_r"]:
        text += f" (errors: {int(mean['targets'])})"
    return text
