"""The leaderboard inside the page: scores drawn on a scale, and all views as compact columns.

The page has the rows of one view; `report.js` makes those of the others from the columns here. Both
show the texts of `epibench.report.shown`, and nothing else knows how a number is written.
"""

import json
from collections.abc import Sequence
from typing import Any

from markupsafe import Markup

from epibench.report.leaderboard import OF_TARGETS, SCORES, WITH_INTERVAL, View
from epibench.report.shown import shown_as

OF_SCALE = ("pearson_r_log1p",)
"""Scores by target that depend on the scaling."""

HIDDEN = ("spearman_r", "jensen_shannon", "poisson_nll", "r2", "scale_factor")
"""Scores whose column the reader has to choose."""


def strip(row: dict[str, Any], score: str, view: View) -> Markup:
    """Draw a score with its 95 % interval and the mark of replicate 2, on the scale of the view.

    Parameters
    ----------
    row : dict
        A row of the view.
    score : str
        One of `SCORES`.
    view : View
        Has the scale; nothing is drawn where it has none for this score.
    """
    scale, value = view.scales.get(score), row[score]
    if scale is None or value is None:
        return Markup("")
    low, high = row["intervals"][score] or (value, value)
    marks = {"--v": value, "--l": low, "--h": high}
    style = [f"{name}:{_place(_as_shown(mark, score), scale)}" for name, mark in marks.items()]
    if score in view.ceilings:
        style.append(f"--c:{_place(view.ceilings[score], scale)}")
    return Markup('<span class="interval" style="{}"></span>').format(";".join(style))


def _place(value: float, scale: tuple[float, float]) -> str:
    """Give the place of a value on a scale, within its ends."""
    low, high = scale
    return f"{100 * min(1, max(0, (value - low) / (high - low))):.1f}%"


def _as_shown(value: float, score: str) -> float:
    """Round a value to what is shown of it."""
    return float(shown_as(value, score).replace("\N{MINUS SIGN}", "-").replace(",", ""))


def board_data(
    views: Sequence[View], status: Sequence[str], axes: Sequence[str], targets: Sequence[str]
) -> Markup:
    """Give all views as JSON that can stand in a script element.

    Numbers are texts as shown, those of a column joined by spaces: for 200 runs, 15 targets and 8
    bin sizes that is a tenth of the size of the same rows as HTML.

    Parameters
    ----------
    views : sequence of View
        All bin sizes and scalings.
    status : sequence of str
        What is said of each view.
    axes : sequence of str
        The axes that are shown.
    targets : sequence of str
        In the order of the columns of the tables by target.

    Returns
    -------
    Markup
        An object of `predictors` (in the order of their first row), `views` by bin size and
        scaling, and `by_target` by score, then bin size and, where it matters, scaling.
    """
    rows = {row["predictor"]: row for view in reversed(views) for row in view.rows}
    places = {name: place for place, name in enumerate(rows)}
    data = {
        "predictors": [_predictor(row, axes) for row in rows.values()],
        "views": {
            f"{view.bin_size} {view.scaling}": _view(view, text, places)
            for view, text in zip(views, status, strict=True)
        },
        "by_target": {
            score: {
                by_target_key(view, score): _by_target(view, score, places, targets)
                for view in views
            }
            for score in OF_TARGETS
        },
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))  # a name cannot end the script


def by_target_key(view: View, score: str) -> str:
    """Name a table by target by what it depends on."""
    return f"{view.bin_size} {view.scaling}" if score in OF_SCALE else str(view.bin_size)


def _predictor(row: dict[str, Any], axes: Sequence[str]) -> dict[str, Any]:
    """Give what is the same of a predictor in all views."""
    return {
        **{key: row[key] for key in ("predictor", "kind", "label", "page")},
        "axes": {axis: shown_as(row["axes"].get(axis, ""), axis) for axis in axes},
    }


def _view(view: View, status: str, places: dict[str, int]) -> dict[str, Any]:
    """Give a view's rows, what is noted of them, and the columns of scores."""
    return {
        "status": status,
        "rows": [places[row["predictor"]] for row in view.rows],
        "extra": [row["extra"] for row in view.rows],
        "scores": {score: _column(view, score) for score in SCORES},
    }


def _column(view: View, score: str) -> dict[str, Any]:
    """Give the values of a score, and what is drawn of them."""
    column: dict[str, Any] = {"value": _joined([row[score] for row in view.rows], score)}
    if score in WITH_INTERVAL:
        ends = [row["intervals"][score] or (None, None) for row in view.rows]
        for end, values in zip(("low", "high"), zip(*ends, strict=True), strict=True):
            column[end] = _joined(values, score)
    column["scale"] = view.scales.get(score)
    column["ceiling"] = view.ceilings.get(score)
    return column


def _by_target(
    view: View, score: str, places: dict[str, int], targets: Sequence[str]
) -> dict[str, Any]:
    """Give the predictors that have a score, and a column of it for each target."""
    rows = [row for row in view.rows if row[score] is not None]
    return {
        "rows": [places[row["predictor"]] for row in rows],
        "targets": [
            _joined([row["by_target"][score].get(target) for row in rows], score)
            for target in targets
        ],
    }


def _joined(values: Sequence[float | None], column: str) -> str:
    """Write a column as one text."""
    return " ".join(shown_as(value, column) for value in values)
