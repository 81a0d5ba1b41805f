"""Write the report: one HTML page that opens offline."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from epibench.experiments.analysis import TOPICS
from epibench.experiments.metrics import require_one_test_set
from epibench.files import whole
from epibench.report.board import HIDDEN, OF_SCALE, board_data, strip
from epibench.report.data import data_part
from epibench.report.experiment import (
    DOWNLOADS,
    LONG_TABLE,
    SHORT_TABLE,
    ExperimentPage,
    describe_experiment,
)
from epibench.report.inline import share_glyphs
from epibench.report.leaderboard import (
    OF_TARGETS,
    SCALINGS,
    SCORES,
    View,
    at_a_glance,
    default_bin_size,
    leaderboard,
    run_page,
)
from epibench.report.ranking import ranking_part
from epibench.report.selection import selection_part
from epibench.report.shown import (
    COSTS,
    HEADINGS,
    TEXTS,
    percent_of,
    plain,
    readable_bytes,
    shown_as,
    span_of,
)
from epibench.words import AXES

HIGHER_IS_BETTER = (*OF_TARGETS, "pearson_r_per_sequence", "r2")
"""Scores that are sorted from the highest down when their heading is first clicked."""


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
    links: Mapping[str, Mapping[str, str]],
    versions: Mapping[str, str],
    jobs: list[dict[str, Any]],
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
        opens with), `labels` (of predictions from outside, by name), `accessions` (of experiments,
        by target), `data_seed` (of simulated data, or None), `config_files` (paths), `inputs`
        (`epibench.report.inputs.describe_inputs`) and `selection` (see
        `epibench.report.selection`).
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
    links : mapping
        For each run the relative addresses of its files by what they are called (log, config, ...).
    versions : mapping
        Version of each program by its name; `epibench` and, where known, `commit`.
    jobs : list of dict
        What the jobs of each rule took (`epibench.report.costs.costs_of_rules`).

    Raises
    ------
    InputError
        When predictors were evaluated on different test sets.
    """
    everyone = pd.concat([metrics, references], ignore_index=True)
    require_one_test_set(everyone, str(study["study"]))
    base = Path(out).parent
    page = (
        _environment()
        .get_template("template.html.j2")
        .render(
            study=study,
            data=data,
            versions=versions,
            jobs=jobs,
            links=links,
            references=set(references["predictor"]),
            test_set=everyone["test_set"].iloc[0],
            scored=int(everyone["bins"].iloc[0] * everyone["evaluated_bin_size"].iloc[0]),
            targets=data["targets"],
            about=data_part(data, study, base),
            selection=selection_part(study["selection"], selection, base),
            topics=_topics(experiments, base),
            ranking=predictors
            and ranking_part(
                Path(predictors), runs.set_index("run").to_dict("index"), study["labels"]
            ),
            **_run_parts(runs),
            **_leaderboard_parts(
                leaderboard(everyone, runs, study["labels"]), study["bin_size"], runs, data
            ),
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
    views: list[View], preferred: int, runs: pd.DataFrame, data: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the view that the page opens with, all views for its script, and what to choose from."""
    chosen = default_bin_size(views, preferred)
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


def _environment() -> Environment:
    """Set up templates that escape everything that is not marked as safe."""
    environment = Environment(
        loader=PackageLoader("epibench", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "bytes": readable_bytes,
        "percent_of": percent_of,
        "plain": plain,
        "shown_as": shown_as,
        "span_of": span_of,
    }
    environment.globals |= {
        "asset": _asset,
        "costs": COSTS,
        "download_labels": DOWNLOADS,
        "headings": HEADINGS,
        "hidden_scores": HIDDEN,
        "higher_is_better": HIGHER_IS_BETTER,
        "long_table": LONG_TABLE,
        "of_scale": OF_SCALE,
        "of_targets": OF_TARGETS,
        "run_page": run_page,
        "scores": [name for name in SCORES if name not in OF_TARGETS],
        "scalings": SCALINGS,
        "short_table": SHORT_TABLE,
        "status": status,
        "strip": strip,
        "texts": TEXTS,
    }
    return environment


def _asset(name: str) -> Markup:
    """Read a file that stands beside the template, to be placed in it as it is."""
    return Markup((Path(__file__).parent / name).read_text(encoding="utf-8"))


def _leaderboard_table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Keep the means over targets, for download."""
    order = ["evaluated_bin_size", "scaling", "pearson_r"]
    means = metrics[metrics["target"] == "mean"].drop(columns="target")
    return means.sort_values(order, ascending=[True, True, False], kind="stable")


def status(view: View) -> str:
    """Say how many predictors a view lists, and how many it cannot list."""
    text = (
        f"At {view.bin_size} bp: {len(view.rows)} of {len(view.rows) + view.left_out} predictors."
    )
    if view.left_out:
        text += f" {view.left_out} cannot be evaluated at a bin size this fine and are not listed."
    return text
