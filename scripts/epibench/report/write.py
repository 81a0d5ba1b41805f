"""Write the report: one HTML page that opens offline."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from epibench.experiments import Analysis
from epibench.experiments.metrics import require_one_test_set
from epibench.files import whole
from epibench.report.data import data_part
from epibench.report.inline import data_uri, inline_svg, relative
from epibench.report.leaderboard import (
    OF_TARGETS,
    SCORES,
    View,
    at_a_glance,
    default_bin_size,
    leaderboard,
)
from epibench.report.selection import selection_part
from epibench.words import AXES, LOSSES

HEADINGS = {
    "model": "model",
    "windows": "window set",
    "loss": "loss",
    "bin_size": "trained bin (bp)",
    "augmentation": "augmentation",
    "seed": "seed",
    "evaluated_bin_size": "evaluated bin (bp)",
    "pearson_r": "Pearson's r",
    "pearson_r_log1p": "r on log1p",
    "spearman_r": "Spearman's ρ",
    "pearson_r_per_sequence": "r per sequence",
    "jensen_shannon": "JS distance",
    "measured_mean": "measured mean",
    "predicted_mean": "predicted mean",
    "mse": "MSE",
    "mse_scaled": "MSE, scaled",
    "mse_raw": "MSE, raw",
    "poisson_nll": "Poisson NLL",
    "scale_factor": "scale factor",
    "targets_with_r": "targets with r",
    "variation_score": "variation score",
    "test_windows": "test windows",
    "windows_without_score": "windows without score",
    "lowest": "lowest loss",
    "mean_valid_loss": "mean over seeds",
    "experiments": "experiments",
    "parameters": "parameters",
    "epochs": "epochs",
    "best_epoch": "best epoch",
    "best_valid_loss": "best validation loss",
    "seconds": "training (s)",
    "examples_per_second": "examples per s",
}
"""Column headings of tables; a column that is not here keeps its name."""

TEXTS = (
    *("model", "builder", "windows", "loss", "augmentation", "group", "experiments"),
    *("locus", "chrom", "target"),
)
"""Columns that are read as text; all others are numbers and stand to the right."""

HIGHER_IS_BETTER = (*OF_TARGETS, "pearson_r_per_sequence")
"""Scores that are sorted from the highest down when their heading is first clicked."""

COSTS = tuple(HEADINGS)[-7:]
"""Columns of the run table that say what a run took."""

DECIMALS = dict.fromkeys((*HIGHER_IS_BETTER, "jensen_shannon"), 3)
DECIMALS |= {"seconds": 0, "examples_per_second": 0}
"""Decimals of columns whose values are of one size; elsewhere four digits are significant."""

SHORT_TABLE = 12
"""Rows up to which an experiment's table is open when the page opens."""


@dataclass(frozen=True)
class ExperimentPage:
    """One experiment of the report.

    `folder` holds table.tsv, figure.svg and figure.png; `left_out` has a sentence for each part of
    the grid that was not run.
    """

    name: str
    analysis: Analysis
    folder: Path
    left_out: list[str] = field(default_factory=list)


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
    links: Mapping[str, Mapping[str, str]],
    versions: Mapping[str, str],
    jobs: list[dict[str, Any]],
) -> None:
    """Write the report of a study as one self-contained HTML file.

    Beside it the figure of the coverage, `coverage.svg` and `coverage.png`, for download.

    Parameters
    ----------
    out : path
        The HTML file; links to figures are relative to its folder.
    study : mapping
        `study` (its name), `title`, `date` (text or None), `bin_size` (bp, which the leaderboard
        opens with), `accessions` (of experiments, by target), `data_seed` (of simulated data, or
        None), `config_files` (paths), `inputs` (`epibench.report.inputs.describe_inputs`) and
        `selection` (see `epibench.report.selection`).
    data : mapping
        The store's `summary.json`.
    runs : DataFrame
        One row a run: run, model, windows, loss, bin_size (bp), augmentation, seed, experiments,
        parameters, epochs, best_epoch, best_valid_loss, seconds, examples_per_second,
        constant_targets (text, names of targets with the same prediction everywhere).
    metrics, references : DataFrame
        Metrics of all runs and of all other predictors, with the columns of
        `epibench.evaluate.evaluate.COLUMNS`.
    selection : path
        The folder of the comparison of targets; not read where they were not compared.
    experiments : list of ExperimentPage
        In the order in which they appear.
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
            about=data_part(data, study, Path(out).parent),
            selection=selection_part(study["selection"], selection, Path(out).parent),
            experiments=[_experiment(page, Path(out).parent) for page in experiments],
            leaderboard_uri=_tsv_uri(_leaderboard_table(everyone)),
            **_run_parts(runs),
            **_leaderboard_parts(leaderboard(everyone, runs), study["bin_size"]),
        )
    )
    with whole(out) as path:
        path.write_text(page, encoding="utf-8")


def _run_parts(runs: pd.DataFrame) -> dict[str, Any]:
    """Give the runs, the axes that differ between them, and the values that all share."""
    varying = [name for name in AXES if runs[name].nunique() > 1]
    settings = [name for name in AXES if name != "seed"]
    return {
        "runs": runs.to_dict("records"),
        "columns": [name for name in varying if name != "model"],
        "shared": {name: runs[name].iloc[0] for name in AXES if name not in varying},
        "seeds_per_setting": int(runs.groupby(settings)["seed"].nunique().max()),
    }


def _leaderboard_parts(views: list[View], preferred: int) -> dict[str, Any]:
    """Give the views, and the one that the page opens with."""
    chosen = default_bin_size(views, preferred)
    shown = next(view for view in views if (view.bin_size, view.scaling) == (chosen, "scaled"))
    return {
        "views": views,
        "bin_sizes": sorted({view.bin_size for view in views}),
        "chosen": chosen,
        "shown": shown,
        "glances": at_a_glance(shown),
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
    }
    environment.globals |= {
        "asset": _asset,
        "costs": COSTS,
        "headings": HEADINGS,
        "higher_is_better": HIGHER_IS_BETTER,
        "of_targets": OF_TARGETS,
        "scores": [name for name in SCORES if name not in OF_TARGETS],
        "status": status,
        "texts": TEXTS,
    }
    return environment


def _asset(name: str) -> Markup:
    """Read a file that stands beside the template, to be placed in it as it is."""
    return Markup((Path(__file__).parent / name).read_text(encoding="utf-8"))


def _experiment(page: ExperimentPage, base: Path) -> dict[str, Any]:
    """Give what the template shows of an experiment."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", page.name)
    analysis = page.analysis
    content = (page.folder / "table.tsv").read_bytes()
    table = pd.read_csv(page.folder / "table.tsv", sep="\t")
    table = table.drop(columns=[column for column in table if _says_nothing(table, column)])
    svg = page.folder / "figure.svg"
    figure = inline_svg(svg, f"figure-{slug}", analysis.title, analysis.caption)
    return {
        "slug": slug,
        "name": page.name,
        "analysis": analysis,
        "figure": Markup(figure),
        "columns": list(table.columns),
        "rows": table.to_dict("records"),
        "open": len(table) <= SHORT_TABLE,
        "left_out": page.left_out,
        "tsv": data_uri(content, "text/tab-separated-values"),
        "svg": relative(svg, base),
        "png": relative(page.folder / "figure.png", base),
    }


def _says_nothing(table: pd.DataFrame, column: str) -> bool:
    """Find columns that only the downloaded table needs: names, and axes with one value."""
    if column in ("run", "test_set"):
        return True
    axis = column in AXES and column != "bin_size"
    return axis and len(table) > 1 and table[column].nunique() == 1


def _leaderboard_table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Keep the means over targets, for download."""
    order = ["evaluated_bin_size", "scaling", "pearson_r"]
    means = metrics[metrics["target"] == "mean"].drop(columns="target")
    return means.sort_values(order, ascending=[True, True, False], kind="stable")


def _tsv_uri(table: pd.DataFrame) -> str:
    """Give a table as an address that downloads it."""
    text = table.to_csv(sep="\t", index=False, float_format="%.6g")
    return data_uri(text.encode(), "text/tab-separated-values")


def status(view: View) -> str:
    """Say how many predictors a view lists, and how many it cannot list."""
    text = (
        f"At {view.bin_size} bp: {len(view.rows)} of {len(view.rows) + view.left_out} predictors."
    )
    if view.left_out:
        text += f" {view.left_out} cannot be evaluated at a bin size this fine and are not listed."
    return text


def plain(value: Any) -> str:
    """Write a value for sorting; empty where there is none."""
    if isinstance(value, str):
        return value
    return "" if _undefined(value) else f"{value:.6g}"


def shown_as(value: Any, column: str = "") -> str:
    """Write a value for reading, as its column asks for."""
    if isinstance(value, str):
        return _text(value, column)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if _undefined(value):
        return "–"
    if column.endswith("bin_size") or column == "seed":
        return str(int(value))
    if column in DECIMALS:
        text = f"{value:,.{DECIMALS[column]}f}"
    elif float(value).is_integer() or 1e4 <= abs(value) < 1e6:
        text = f"{value:,.0f}"
    else:
        text = f"{value:#.4g}".rstrip(".")
    return text.replace("-", "\N{MINUS SIGN}", 1) if value < 0 else text


def percent_of(part: float, whole: float) -> str:
    """Write a share in percent, so that little is not nothing and almost all is not all."""
    if not whole:
        return "–"
    if part in (0, whole):
        return "100 %" if part else "0 %"
    percent = 100 * part / whole
    if percent < 0.05:
        return "< 0.1 %"
    return "> 99.9 %" if 99.95 <= percent < 100 else f"{percent:.1f} %"


def _undefined(value: Any) -> bool:
    return value is None or not isfinite(value)


def _text(value: str, column: str) -> str:
    """Name losses as figures do, and let lists wrap."""
    if column == "loss" and value in LOSSES:
        return LOSSES[value].label
    return value.replace(",", ", ") if column == "experiments" else value


def readable_bytes(size: float) -> str:
    """Write a size in the unit that gives one to three digits before the point."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"
