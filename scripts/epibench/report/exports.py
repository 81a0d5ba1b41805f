"""Write what leaves the report: spreadsheet, JSON, methods, bibliography, provenance."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from epibench.files import whole
from epibench.report.crate import write_crate
from epibench.report.experiment import ExperimentPage
from epibench.report.methods import bibliography, methods_markdown, write_methods
from epibench.report.results_json import results_of
from epibench.report.workbook import Sheet, write_workbook

FILES = {
    "index.html": "report",
    "leaderboard.tsv": "means of all predictors over targets",
    "results.json": "all results for other programs",
    "tables.xlsx": "all tables as one spreadsheet",
    "methods.md": "methods as text for a paper",
    "references.bib": "references of the methods",
}
"""What lies in the report's folder, and what it is."""


def write_exports(
    folder: Path,
    *,
    study: Mapping[str, Any],
    data: Mapping[str, Any],
    runs: pd.DataFrame,
    metrics: pd.DataFrame,
    references: pd.DataFrame,
    experiments: Sequence[ExperimentPage],
    predictors: Path,
    claims: Path,
    versions: Mapping[str, str],
    jobs: Sequence[Mapping[str, Any]],
) -> None:
    """Write the files of `FILES` but the report and its leaderboard, and the crate's metadata.

    Parameters
    ----------
    folder : Path
        Of the report, in the study's folder.
    study, data, runs, metrics, references, experiments, versions, jobs
        As of `epibench.report.write.write_report`.
    predictors : Path
        The folder of `ranks.tsv` and `pairs.tsv`.
    claims : Path
        The folder of the verdicts.
    """
    verdicts = pd.read_csv(claims / "claims.tsv", sep="\t", dtype={"threshold": str})
    results = results_of(
        study, data, runs, metrics, references, experiments, verdicts, versions, jobs
    )
    with whole(folder / "results.json") as path:
        path.write_text(json.dumps(results, allow_nan=False), encoding="utf-8")
    methods = write_methods(study["methods"], data, versions)
    with whole(folder / "methods.md") as path:
        path.write_text(methods_markdown(methods), encoding="utf-8")
    with whole(folder / "references.bib") as path:
        path.write_text(bibliography(methods.keys), encoding="utf-8")
    means = _means(metrics, references)
    effects = _read(claims / "contrasts.tsv")
    sheets = [
        Sheet("leaderboard", "Scores of all predictors, means over targets", means),
        Sheet("runs", "Trainings: axes, experiments, and what they took", runs),
        Sheet("claims", "Claims of the paper with their verdicts here", verdicts),
        Sheet("effects of claims", "All effects behind the verdicts", effects),
        Sheet("ranks", "Ranks of predictors with their intervals", _read(predictors / "ranks.tsv")),
        Sheet("pairs", "Every two predictors compared", _read(predictors / "pairs.tsv")),
        Sheet("jobs", "Time and memory of the jobs of each rule", pd.DataFrame(list(jobs))),
        *_sheets(experiments),
    ]
    write_workbook(folder / "tables.xlsx", sheets)
    outputs = {f"{folder.name}/{name}": what for name, what in FILES.items()}
    outputs |= {f"experiments/{page.name}/table.tsv": page.analysis.title for page in experiments}
    write_crate(folder.parent, study, versions, outputs)


def _sheets(experiments: Sequence[ExperimentPage]) -> list[Sheet]:
    """Give the tables of the experiments, and the comparisons of those that have some."""
    sheets = []
    for page in experiments:
        paper = f" Repeats {page.analysis.paper}." if page.analysis.paper else ""
        about = f"{page.analysis.title}. {page.analysis.question}{paper}"
        sheets.append(Sheet(page.name, about, _read(page.folder / "table.tsv")))
        if page.compared:
            about = f"{page.analysis.title}: each run against its reference"
            table = _read(page.folder / "comparisons.tsv")
            sheets.append(Sheet(f"{page.name} compared", about, table))
    return sheets


def _means(metrics: pd.DataFrame, references: pd.DataFrame) -> pd.DataFrame:
    everyone = pd.concat([metrics, references], ignore_index=True)
    return everyone[everyone["target"] == "mean"].drop(columns="target")


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep="\t")
