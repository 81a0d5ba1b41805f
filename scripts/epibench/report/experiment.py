"""What the page shows of an experiment."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from epibench.experiments import Analysis
from epibench.report.inline import figure_element, relative
from epibench.report.ranking import comparisons_part
from epibench.words import AXES

SHORT_TABLE = 12
"""Rows up to which an experiment's table is open when the page opens."""

LONG_TABLE = 60
"""Rows of an experiment's tables that the page shows; the downloads have all."""

DOWNLOADS = {
    "table.tsv": "table (TSV)",
    "comparisons.tsv": "comparisons (TSV)",
    "figure.svg": "figure (SVG)",
    "figure.png": "figure (PNG)",
    "figure.pdf": "figure (PDF)",
}
"""Files of an experiment that the page links to where they are, with their labels."""


@dataclass(frozen=True)
class ExperimentPage:
    """One experiment of the report.

    `folder` holds table.tsv, figure.svg and figure.png; `left_out` has a sentence for each part of
    the grid that was not run; where it is `compared` there is comparisons.tsv as well; `pages` are
    files of the runs that are linked to, by run.
    """

    name: str
    analysis: Analysis
    folder: Path
    left_out: list[str] = field(default_factory=list)
    compared: bool = False
    pages: dict[str, Path] = field(default_factory=dict)


def describe_experiment(page: ExperimentPage, base: Path) -> dict[str, Any]:
    """Give what the template shows of an experiment; `base` is the folder of the page."""
    slug = slug_of(page.name)
    analysis = page.analysis
    table = pd.read_csv(page.folder / "table.tsv", sep="\t")
    table = table.drop(columns=[column for column in table if _says_nothing(table, column)])
    texts = list(table.select_dtypes(exclude="number"))
    table[texts] = table[texts].fillna("")
    columns, intervals = fold_intervals(list(table.columns))
    svg = page.folder / "figure.svg"
    return {
        "slug": slug,
        "name": page.name,
        "analysis": analysis,
        "figure": figure_element(svg, f"figure-{slug}", analysis.title, analysis.caption),
        "columns": columns,
        "intervals": intervals,
        "texts": texts,
        "rows": table.head(LONG_TABLE).to_dict("records"),
        "rows_in_all": len(table),
        "open": len(table) <= SHORT_TABLE,
        "left_out": page.left_out,
        "pages": {run: relative(path, base) for run, path in page.pages.items()},
        "comparisons": comparisons_part(page.folder / "comparisons.tsv") if page.compared else None,
        "downloads": {
            name: relative(page.folder / name, base)
            for name in DOWNLOADS
            if (page.folder / name).is_file()
        },
    }


def slug_of(name: str) -> str:
    """Give what the address of an experiment's section ends with."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name)


def _says_nothing(table: pd.DataFrame, column: str) -> bool:
    """Find columns that only the downloaded table needs: names, and axes with one value."""
    if column in ("run", "test_set"):
        return True
    axis = column in AXES and column != "bin_size"
    return axis and len(table) > 1 and table[column].nunique() == 1


def fold_intervals(columns: list[str]) -> tuple[list[str], dict[str, tuple[str, str]]]:
    """Find the ends of intervals among columns, to be shown in the cell of their score.

    Parameters
    ----------
    columns : list of str
        The ends of `x` are `x_low` and `x_high`, or `low` and `high` right behind it.

    Returns
    -------
    columns : list of str
        The others.
    intervals : dict of str to tuple of str
        The names of both ends, by score.
    """
    pairs = {name: (f"{name}_low", f"{name}_high") for name in columns}
    intervals = {name: pair for name, pair in pairs.items() if set(pair) <= set(columns)}
    if "low" in columns[1:] and "high" in columns:
        intervals[columns[columns.index("low") - 1]] = ("low", "high")
    ends = {end for pair in intervals.values() for end in pair}
    return [name for name in columns if name not in ends], intervals
