"""Write the report: one HTML page that opens offline."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from epibench.experiments.analysis import TOPICS
from epibench.experiments.metrics import require_one_test_set
from epibench.files import whole
from epibench.report.board import board_data
from epibench.report.choices import choices_part
from epibench.report.claims import claims_part
from epibench.report.cost import cost_part
from epibench.report.data import data_part
from epibench.report.experiment import ExperimentPage, describe_experiment, slug_of
from epibench.report.inline import share_glyphs
from epibench.report.leaderboard import (
    View,
    at_a_glance,
    default_bin_size,
    leaderboard,
)
from epibench.report.methods import write_methods
from epibench.report.ranking import ranking_part
from epibench.report.selection import selection_part
from epibench.report.shown import shown_as
from epibench.report.templates import environment, status
from epibench.words import AXES


def write_report(
    out: str | Path,
    *,
    study: Mapping[str, Any],
    data: Mapping[str, Any],
    runs: pd.DataFrame,
    metrics: pd.DataFrame,
    references: pd.DataFrame,
    selection: str | Path,
    experiments: list[ExperimentPage],
    predictors: str | Path | None,
    claims: str | Path | None = None,
    links: Mapping[str, Mapping[str, str]],
    versions: Mapping[str, str],
    jobs: list[dict[str, Any]],
    stages: list[dict[str, Any]],
) -> None:
    """Write the report of a study as one self-contained HTML file.

    Beside it, for download, the figure of the coverage, `coverage.svg` and `coverage.png`, and the
    means of all predictors over targets, `leaderboard.tsv`.

    Parameters
    ----------
    out : path
        The HTML file; links to figures are relative to its folder.
    study : mapping
        `study` (its name), `title`, `date` (text or None), `bin_size` (bp, which the leaderboard
        opens with), `defaults` (of every axis), `labels` (of predictions from outside, by name),
        `accessions` (of experiments, by target), `data_seed` (of simulated data, or None),
        `config_files` (paths), `inputs` (`epibench.report.inputs.describe_inputs`) and
        `selection` (see `epibench.report.selection`).
    data : mapping
        The store's `summary.json`.
    runs : DataFrame
        One row a run: run, model, windows, loss, bin_size (bp), augmentation, seed, experiments,
        parameters, epochs, best_epoch, best_valid_loss, seconds, examples_per_second,
        constant_targets (text, names of targets with the same prediction everywhere).
    metrics, references : DataFrame
        Metrics of all runs and of all other predictors, with the columns of
        `epibench.evaluate.tables.Tables.metrics`.
    selection : path
        The folder of the comparison of targets; not read where they were not compared.
    experiments : list of ExperimentPage
        In the order in which they appear within their topic.
    predictors : path or None
        The folder of ranks and pairs of all predictors; None: not shown.
    claims : path or None
        The folder of the verdicts; None: not shown.
    links : mapping
        For each run the relative addresses of its files by what they are called (log, config, ...).
    versions : mapping
        Version of each program by its name; `epibench` and, where known, `commit`.
    jobs : list of dict
        What the jobs of each rule took (`epibench.report.costs.costs_of_rules`).
    stages : list of dict
        What each stage took (`epibench.report.stages.costs_of_stages`).

    Raises
    ------
    InputError
        When predictors were evaluated on different test sets.
    """
    everyone = pd.concat([metrics, references], ignore_index=True)
    require_one_test_set(everyone, str(study["study"]))
    base = Path(out).parent
    views = leaderboard(everyone, runs, study["labels"])
    chosen = default_bin_size(views, study["bin_size"])
    page = (
        environment()
        .get_template("template.html.j2")
        .render(
            study=study,
            data=data,
            versions=versions,
            jobs=jobs,
            stages=stages,
            links=links,
            references=set(references["predictor"]),
            test_set=everyone["test_set"].iloc[0],
            scored=int(everyone["bins"].iloc[0] * everyone["evaluated_bin_size"].iloc[0]),
            targets=data["targets"],
            about=data_part(data, study, base),
            selection=selection_part(study["selection"], selection, base),
            topics=_topics(experiments, base),
            slugs={page.name: slug_of(page.name) for page in experiments},
            choices=choices_part(
                {page.name: page.folder for page in experiments if page.compared},
                study["defaults"],
            ),
            methods=write_methods(study["methods"], data, versions),
            claims=claims and claims_part(Path(claims)),
            ranking=predictors
            and ranking_part(
                Path(predictors), runs.set_index("run").to_dict("index"), study["labels"]
            ),
            **_run_parts(runs),
            cost=cost_part(base, runs, everyone, chosen),
            **_leaderboard_parts(views, chosen, runs, data),
        )
    )
    with whole(base / "leaderboard.tsv") as path:
        _leaderboard_table(everyone).to_csv(path, sep="\t", index=False, float_format="%.6g")
    with whole(out) as path:
        path.write_text(share_glyphs(page), encoding="utf-8")


def _topics(experiments: list[ExperimentPage], base: Path) -> list[dict[str, Any]]:
    """Group experiments by topic; data and leaderboard have a section without experiments too."""
    topics = []
    for topic in TOPICS:
        pages = [page for page in experiments if page.analysis.topic == topic]
        if pages or topic in ("data", "leaderboard"):
            described = [describe_experiment(page, base) for page in pages]
            slug = topic.replace(" ", "-")
            topics.append({"slug": slug, "title": topic.capitalize(), "pages": described})
    return topics


def _run_parts(runs: pd.DataFrame) -> dict[str, Any]:
    """Give the runs, the axes that differ between them, and the values that all share."""
    varying = _varying(runs)
    settings = [name for name in AXES if name != "seed"]
    return {
        "runs": runs.to_dict("records"),
        "columns": [name for name in varying if name != "model"],
        "shared": {name: runs[name].iloc[0] for name in AXES if name not in varying},
        "seeds_per_setting": int(runs.groupby(settings)["seed"].nunique().max()),
    }


def _varying(runs: pd.DataFrame) -> list[str]:
    """Give the axes that differ between runs."""
    return [name for name in AXES if runs[name].nunique() > 1]


def _leaderboard_parts(
    views: list[View], chosen: int, runs: pd.DataFrame, data: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the view that the page opens with, all views for its script, and what to choose from."""
    shown = next(view for view in views if (view.bin_size, view.scaling) == (chosen, "scaled"))
    varying = _varying(runs)
    return {
        "bin_sizes": sorted({view.bin_size for view in views}),
        "chosen": chosen,
        "shown": shown,
        "glances": at_a_glance(shown),
        "board": board_data(views, list(map(status, views)), varying, data["targets"]),
        "filters": {
            name: [shown_as(value, name) for value in sorted(runs[name].unique())]
            for name in varying
        },
    }


def _leaderboard_table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Keep the means over targets, for download."""
    order = ["evaluated_bin_size", "scaling", "pearson_r"]
    means = metrics[metrics["target"] == "mean"].drop(columns="target")
    return means.sort_values(order, ascending=[True, True, False], kind="stable")
