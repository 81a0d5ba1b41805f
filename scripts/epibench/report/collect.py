"""Gather what the report says from the files that the other jobs wrote."""

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from epibench.evaluate.scores import read_scores
from epibench.experiments import ANALYSES
from epibench.files import read_json
from epibench.report.costs import costs_of_rules
from epibench.report.experiment import ExperimentPage
from epibench.report.exports import write_exports
from epibench.report.stages import costs_of_stages
from epibench.report.write import write_report

RECORDED = (
    "parameters",
    "epochs",
    "best_epoch",
    "best_valid_loss",
    "seconds",
    "examples_per_second",
)


def make_report(
    out: str | Path,
    results: str | Path,
    settings: dict[str, Any],
    *,
    runs: str | Path,
    scores: list[str],
    references: list[str],
) -> None:
    """Write the report of a finished study, and what leaves it for other programs and papers.

    Parameters
    ----------
    out : path
        The HTML file, in a folder of `results`.
    results : path
        The study's folder: `store/`, `runs/`, `experiments/`, `predictors/`, `logs/` and
        `benchmarks/`.
    settings : dict
        `epibench.plan.Plan.report_settings`.
    runs : path
        The manifest, `runs.tsv`.
    scores : list of path
        `metrics.tsv` of every run.
    references : list of path
        `metrics.tsv` of every predictor that is no run: replicate 2, baselines, truth.
    """
    results = Path(results)
    manifest = pd.read_csv(runs, sep="\t")
    records = [read_json(results / "runs" / run / "run.json") for run in manifest["run"]]
    for column in RECORDED:
        manifest[column] = [record[column] for record in records]
    manifest["constant_targets"] = [", ".join(record["constant_targets"]) for record in records]
    manifest["device"] = [", ".join(record["device"]["devices"]) for record in records]
    names = {*settings["jobs"], *manifest["run"]}
    gpus = {run: each["device"]["gpus"] for run, each in zip(manifest["run"], records, strict=True)}
    shared = {
        "study": settings | {"date": date.today().isoformat()},
        "data": read_json(results / "store" / "summary.json"),
        "runs": manifest,
        "metrics": read_scores(scores),
        "references": read_scores(references),
        "experiments": [
            ExperimentPage(
                name,
                ANALYSES[experiment["analysis"]],
                results / "experiments" / name,
                experiment["left_out"],
                name in settings["compared"],
                {run: results / path for run, path in experiment["pages"].items()},
            )
            for name, experiment in settings["experiments"].items()
        ],
        "predictors": results / "predictors",
        "claims": results / "claims",
        "versions": _versions([record["software"] for record in records]),
        "jobs": costs_of_rules(results / "benchmarks", names),
    }
    links = {run: _links(run) for run in manifest["run"]}
    stages = costs_of_stages(results, names, gpus)
    write_report(out, selection=results / "targets", links=links, stages=stages, **shared)
    write_exports(Path(out).parent, **shared)


def _links(run: str) -> dict[str, str]:
    """Give the addresses of a run's files, relative to the report's folder."""
    folder = f"../runs/{run}"
    return {
        "log": f"../logs/train_run/{run}.log",
        "config": f"{folder}/run.json",
        "history": f"{folder}/history.csv",
        "metrics": f"{folder}/metrics.tsv",
    }


def _versions(of_runs: list[dict[str, str | None]]) -> dict[str, str]:
    """Give the versions that the runs were trained with, several where runs differ."""
    found: dict[str, set[str]] = {}
    for versions in of_runs:
        for name, version in versions.items():
            if version:
                found.setdefault(name, set()).add(version)
    return {name: ", ".join(sorted(versions)) for name, versions in found.items()}
