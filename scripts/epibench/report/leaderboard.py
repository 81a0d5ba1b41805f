"""All predictors side by side, at one evaluated bin size and scaling at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any
from urllib.parse import quote

import pandas as pd

from epibench.words import describe_reference

OF_TARGETS = ("pearson_r", "pearson_r_log1p", "spearman_r")
"""Scores over the whole chromosome that are shown by target as well."""

SCORES = (
    *OF_TARGETS,
    "pearson_r_per_sequence",
    "jensen_shannon",
    "mse",
    "poisson_nll",
    "r2",
    "scale_factor",
)
"""Scores of a view's rows."""

WITH_INTERVAL = SCORES[:-1]
"""Scores whose 95 % interval over loci stands behind them."""

FROM_0_TO_1 = (*OF_TARGETS, "pearson_r_per_sequence", "r2")
"""Scores that are drawn on a scale from 0 to 1; others from their lowest to their highest."""

SCALINGS = {
    "scaled": (
        "scaled on test",
        "each target's predictions are multiplied to have the mean of the test truth (the paper's "
        "way); that mean is known only once the test chromosomes are measured",
    ),
    "scaled_valid": (
        "scaled on validation",
        "multiplied by the factor that gives the mean of the validation chromosomes; no test truth "
        "is used",
    ),
    "raw": ("raw", "as predicted, in the units of the tracks"),
}
"""Name and meaning of each scaling, in the order of the choice; the page opens with the first."""


@dataclass(frozen=True)
class View:
    """The predictors that have scores at one bin size, best r first, those of fewer targets last.

    `rows` are plain values for the template; `left_out` counts the predictors without scores here;
    `ceilings` are the scores of replicate 2, none where some target has none: a mean over fewer
    targets is no mark for the others. `scales` has the ends of the scale on which a score is drawn.
    """

    bin_size: int
    scaling: str
    rows: list[dict[str, Any]]
    left_out: int
    ceilings: dict[str, float]
    scales: dict[str, tuple[float, float]]


def leaderboard(metrics: pd.DataFrame, runs: pd.DataFrame, labels: Mapping[str, str]) -> list[View]:
    """Give a view for every evaluated bin size and scaling, finest first.

    Parameters
    ----------
    metrics : DataFrame
        Metrics of all runs and references.
    runs : DataFrame
        The run table, to name the axes of each run.
    labels : mapping
        Labels of predictions from outside, by name.

    Returns
    -------
    list of View
    """
    axes = runs.set_index("run").to_dict("index")
    everyone = metrics["predictor"].nunique()
    by_target = _by_target(metrics)
    targets = metrics.loc[metrics["target"] != "mean", "target"].nunique()
    means = metrics[metrics["target"] == "mean"]
    views = []
    for (bin_size, scaling), part in means.groupby(["evaluated_bin_size", "scaling"]):
        # A mean over fewer targets has no rank among means over all.
        fewer = part["targets"] < targets
        ordered = part.assign(fewer=fewer).sort_values(
            ["fewer", "pearson_r"], ascending=[True, False], na_position="last", kind="stable"
        )
        rows = [
            _row(
                row,
                labels,
                axes.get(row["predictor"]),
                by_target[row["predictor"], bin_size, scaling],
                targets,
            )
            for row in ordered.to_dict("records")
        ]
        left_out = everyone - len(rows)
        views.append(View(int(bin_size), scaling, rows, left_out, _ceilings(rows), _scales(rows)))
    return views


def _ceilings(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Give the scores of replicate 2, none where it is missing or lacks a target."""
    ceiling = next(filter(_is_ceiling, rows), {})
    return {
        score: _short(ceiling[score]) for score in WITH_INTERVAL if ceiling.get(score) is not None
    }


def _scales(rows: list[dict[str, Any]]) -> dict[str, tuple[float, float]]:
    """Give the ends of the scale of each score that rows differ in."""
    scales = dict.fromkeys(FROM_0_TO_1, (0.0, 1.0))
    for score in WITH_INTERVAL:
        values = [row[score] for row in rows if row[score] is not None]
        values += [end for row in rows for end in row["intervals"][score] or ()]
        if score not in scales and values and min(values) < max(values):
            scales[score] = (_short(min(values)), _short(max(values)))
    return scales


def _short(value: float) -> float:
    """Round to six significant digits, as the page needs no more."""
    return float(f"{value:.6g}")


def run_page(run: str) -> str:
    """Give the address of a run's page, relative to the folder of the report."""
    return f"runs/{quote(run)}.html"


def default_bin_size(views: list[View], preferred: int) -> int:
    """Choose the preferred bin size, or else that at which most predictors have scores.

    Of several with as many predictors the finest is taken.
    """
    if any(view.bin_size == preferred for view in views):
        return preferred
    return min(views, key=lambda view: (-len(view.rows), view.bin_size)).bin_size


@dataclass(frozen=True)
class Glance:
    """The references and the best run over the same targets, best r first.

    `rows` are rows of a view with `pearson_r` and `pearson_r_log1p` averaged over `targets`;
    `ceiling` is the r of replicate 2, or None where it does not have all of them.
    """

    targets: list[str]
    rows: list[dict[str, Any]]
    ceiling: float | None


def at_a_glance(view: View) -> list[Glance]:
    """Sum a view up over all targets, and again over those of replicate 2 where it has fewer.

    A predictor that does not know a target is left out there: its mean over others says nothing
    beside means over all.
    """
    targets = list(view.rows[0]["by_target"]["pearson_r"])
    groups = [targets]
    for row in view.rows:
        known = [target for target in targets if row["by_target"]["pearson_r"][target] is not None]
        if row["kind"] == "ceiling" and 0 < len(known) < len(targets):
            groups.append(known)
    return [_glance(view, group, targets) for group in groups]


def _glance(view: View, group: list[str], targets: list[str]) -> Glance:
    """Average over the targets of a group, and pick the references and the best run."""
    rows = []
    for row in view.rows:
        if row["targets"] < len(targets) and row["kind"] != "run" and group == targets:
            continue
        means = {score: _mean(row, score, group) for score in ("pearson_r", "pearson_r_log1p")}
        if means["pearson_r"] is not None:
            rows.append(row | means)
    rows.sort(key=lambda row: -row["pearson_r"])
    best = next((row for row in rows if row["kind"] == "run"), None)
    rows = [row for row in rows if row["kind"] != "run" or row is best]
    ceiling = next((row["pearson_r"] for row in rows if row["kind"] == "ceiling"), None)
    return Glance(group, rows, ceiling)


def _mean(row: dict[str, Any], score: str, group: list[str]) -> float | None:
    """Average a score over the targets of a group that have it, None where none has."""
    values = [row["by_target"][score][target] for target in group]
    values = [value for value in values if value is not None]
    return sum(values) / len(values) if values else None


def _row(
    row: dict[str, Any],
    labels: Mapping[str, str],
    axes: dict[str, Any] | None,
    by_target: dict[str, dict[str, float | None]],
    targets: int,
) -> dict[str, Any]:
    """Turn one line of metrics into what the template shows of a predictor."""
    name = row["predictor"]
    if axes is None:
        kind, label, note = describe_reference(name, labels)
    else:
        kind, label, note = "run", axes["model"], ""
    scores = {score: _defined(row[score]) for score in SCORES}
    r = scores["pearson_r"]
    notes = [f"√r = {sqrt(r):.3f}"] if kind == "ceiling" and r and r > 0 else []
    if r is not None and row["targets_with_r"] < targets:
        notes.append(f"r of {int(row['targets_with_r'])} of {targets} targets")
    if row["targets"] < min(targets, row["targets_with_r"]):
        notes.append(f"errors and r on log1p of {int(row['targets'])} of {targets} targets")
    return scores | {
        "intervals": {score: _interval(row, score) for score in WITH_INTERVAL},
        "predictor": name,
        "page": "" if axes is None else run_page(name),
        "kind": kind,
        "label": label,
        "note": note,
        "extra": "; ".join(notes),
        "axes": axes or {},
        "targets": int(row["targets"]),
        "by_target": by_target,
    }


def _interval(row: dict[str, Any], score: str) -> tuple[float, float] | None:
    """Give the ends of a score's interval, None where there is none."""
    low, high = (_defined(row[f"{score}_{end}"]) for end in ("low", "high"))
    return None if low is None or high is None else (low, high)


def _is_ceiling(row: dict[str, Any]) -> bool:
    """Tell whether a row is replicate 2, with an r for every target."""
    return row["kind"] == "ceiling" and None not in row["by_target"]["pearson_r"].values()


def _by_target(
    metrics: pd.DataFrame,
) -> dict[tuple[str, int, str], dict[str, dict[str, float | None]]]:
    """Give each score of `OF_TARGETS` by target, for each predictor, bin size and scaling."""
    rows = metrics[metrics["target"] != "mean"]
    return {
        key: {
            score: dict(zip(part["target"], map(_defined, part[score]), strict=True))
            for score in OF_TARGETS
        }
        for key, part in rows.groupby(["predictor", "evaluated_bin_size", "scaling"])
    }


def _defined(value: float) -> float | None:
    """Give None for a value that is not a number."""
    return float(value) if isfinite(value) else None
