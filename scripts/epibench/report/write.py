"""Write the report: one HTML page that opens offline."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from epibench.errors import InputError
from epibench.experiments import Analysis
from epibench.experiments.metrics import require_one_test_set
from epibench.files import whole
from epibench.report.inline import data_uri, inline_svg
from epibench.report.leaderboard import View, at_a_glance, default_bin_size, leaderboard
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
    "mse_scaled": "MSE, scaled",
    "mse_raw": "MSE, raw",
    "targets": "targets",
    "seeds": "seeds",
}
"""Column headings of tables; a column that is not here keeps its name."""

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
    experiments: list[ExperimentPage],
    links: Mapping[str, Mapping[str, str]],
    versions: Mapping[str, str],
) -> None:
    """Write the report of a study as one self-contained HTML file.

    Parameters
    ----------
    out : path
        The HTML file; links to figures are relative to its folder.
    study : mapping
        `study` (its name), `title`, `date` (text or None), `config_files` (paths), `targets` (one
        mapping each: name, track, replicate2, peaks, strand_pair) and `files` (one mapping each:
        path, bytes, sha256).
    data : mapping
        The store's `summary.json`.
    runs : DataFrame
        One row a run: run, model, windows, loss, bin_size (bp), augmentation, seed, experiments,
        parameters, epochs, best_epoch, best_valid_loss, seconds, examples_per_second.
    metrics, references : DataFrame
        Metrics of all runs and of all other predictors, with the columns of
        `epibench.evaluate.evaluate.COLUMNS`.
    experiments : list of ExperimentPage
        In the order in which they appear.
    links : mapping
        For each run the relative addresses of its files by what they are called (log, config, ...).
    versions : mapping
        Version of each program by its name; `epibench` and, where known, `commit`.

    Raises
    ------
    InputError
        When predictors were evaluated on different test sets.
    """
    everyone = pd.concat([metrics, references], ignore_index=True)
    require_one_test_set(everyone, str(study["study"]))
    views = leaderboard(everyone, runs)
    chosen = default_bin_size(views)
    shown = next(view for view in views if (view.bin_size, view.scaling) == (chosen, "scaled"))
    varying = [axis for axis in AXES if axis == "model" or runs[axis].nunique() > 1]
    page = _environment().get_template("template.html.j2").render(
        study=study,
        data=data,
        runs=runs.to_dict("records"),
        columns=[axis for axis in varying if axis != "model"],
        shared={axis: runs[axis].iloc[0] for axis in AXES if axis not in varying},
        seeds_per_setting=_seeds_per_setting(runs),
        views=views,
        raw_views=[view for view in views if view.scaling == "raw"],
        bin_sizes=sorted({view.bin_size for view in views}),
        chosen=chosen,
        shown=shown,
        glance=at_a_glance(shown),
        targets=[target["name"] for target in study["targets"]],
        leaderboard_uri=_tsv_uri(_leaderboard_table(everyone)),
        experiments=[_experiment(page, Path(out).parent) for page in experiments],
        links=links,
        versions=versions,
        test_set=everyone["test_set"].iloc[0],
    )
    with whole(out) as path:
        path.write_text(page, encoding="utf-8")


def _environment() -> Environment:
    """Set up templates that escape everything that is not marked as safe."""
    environment = Environment(
        loader=PackageLoader("epibench", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "plain": plain, "bytes": readable_bytes, "axis": axis}
    environment.globals |= {"headings": HEADINGS, "asset": _asset}
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
    hidden = [column for column in ("run", "test_set") if column in table]
    table = table.drop(columns=hidden)
    figure = inline_svg(page.folder / "figure.svg", f"figure-{slug}", analysis.title, analysis.caption)
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
        "svg": _relative(page.folder / "figure.svg", base),
        "png": _relative(page.folder / "figure.png", base),
    }


def _relative(path: Path, base: Path) -> str:
    """Give the address of a file as seen from the report."""
    return Path(os.path.relpath(path, base)).as_posix()


def _leaderboard_table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Keep the means over targets, for download."""
    order = ["evaluated_bin_size", "scaling", "pearson_r"]
    means = metrics[metrics["target"] == "mean"].drop(columns="target")
    return means.sort_values(order, ascending=[True, True, False], kind="stable")


def _tsv_uri(table: pd.DataFrame) -> str:
    """Give a table as an address that downloads it."""
    text = table.to_csv(sep="\t", index=False, float_format="%.6g")
    return data_uri(text.encode(), "text/tab-separated-values")


def _seeds_per_setting(runs: pd.DataFrame) -> int:
    """Count the seeds of the setting that has most."""
    return int(runs.groupby([axis for axis in AXES if axis != "seed"])["seed"].nunique().max())


def number(value: Any, decimals: int | None = None) -> str:
    """Write a value for reading: fixed decimals, or else four significant digits."""
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return "–"
    if isinstance(value, str):
        return value
    if decimals is not None:
        text = f"{value:,.{decimals}f}"
    elif float(value).is_integer() and abs(value) < 1e15:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.4g}"
    return text.replace("-", "\N{MINUS SIGN}") if text.startswith("-") else text


def plain(value: Any) -> str:
    """Write a value for sorting; empty where there is none."""
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return ""
    return value if isinstance(value, str) else f"{value:.6g}"


def readable_bytes(size: int) -> str:
    """Write a size in the unit that gives one to three digits before the point."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"


def axis(value: Any, name: str) -> str:
    """Write the value of an axis as figures do."""
    return LOSSES[value].label if name == "loss" and value in LOSSES else str(value)
