"""Zero-shot scores of variants beside combinations of targets that were learned from them."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from epibench.errors import InputError
from epibench.experiments.metrics import RUN_COLUMNS, setting_means
from epibench.experiments.variants import SETTINGS, name_settings
from epibench.style import COLOURS, FULL_WIDTH, MUTED, link_run, styled

METHODS = {
    "zero_shot": ("zero-shot: mean over targets", "#7d8890", "o"),
    "lasso_within": ("learned from other positions of the element", COLOURS[0], "s"),
    "lasso_across": ("learned from the other elements", COLOURS[1], "^"),
}
"""Label, colour and marker of each method."""

_R = ["pearson_r", "pearson_r_low", "pearson_r_high"]
_MOST_ROWS = 40


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Give r of each run, element and method.

    Parameters
    ----------
    rows : DataFrame
        The `variant_readout.tsv` of the runs, with the axes of each run in front.

    Returns
    -------
    DataFrame
        `RUN_COLUMNS`, then the columns of the files.

    Raises
    ------
    InputError
        When there are no rows.
    """
    if rows.empty:
        raise InputError("variant_readout: no run has a read-out; its grid must have a run")
    rest = [column for column in rows if column not in (*RUN_COLUMNS, "predictor")]
    return rows[[*RUN_COLUMNS, *rest]]


def figure(rows: pd.DataFrame) -> Figure:
    """Draw the table of the rows."""
    return draw(table(rows))


@styled
def draw(table: pd.DataFrame) -> Figure:
    """Draw the mean r of every setting, and r in each element of the one that is best unlearned."""
    means = _over_seeds(table[table["element"] == "mean"], [])
    order = means[means["method"] == "zero_shot"].sort_values("pearson_r", na_position="first")
    settings = order[SETTINGS].drop_duplicates().tail(_MOST_ROWS)
    best = settings.iloc[-1]
    elements = _over_seeds(table[table["element"] != "mean"], ["element"])
    elements = elements[(elements[SETTINGS] == best[SETTINGS]).all(axis=1)]
    names = list(elements["element"].unique())[::-1]
    heights = [0.24 * len(settings) + 0.5, 0.24 * len(names) + 0.5]
    chart = Figure(figsize=(FULL_WIDTH, sum(heights) + 0.7), layout="constrained")
    chart.get_layout_engine().set(hspace=0.06)
    upper, lower = chart.subplots(2, 1, sharex=True, height_ratios=heights)
    labels = name_settings(settings)
    parts = [means[(means[SETTINGS] == row).all(axis=1)] for _, row in settings.iterrows()]
    _draw(upper, labels, parts)
    left_out = means[SETTINGS].drop_duplicates().shape[0] - len(settings)
    more = f" (the {_MOST_ROWS} best; {left_out} more in the table)" if left_out else ""
    upper.set_title("Mean over elements" + more)
    _draw(lower, names, [elements[elements["element"] == name] for name in names])
    lower.set_title(f"Each element: {labels[-1]}")
    lower.set_xlabel("Pearson's r of predicted and measured effects")
    lower.tick_params(labelbottom=True)
    used = [method for method in METHODS if method in set(table["method"])]
    handles = [upper.plot([], [], **_style(method), label=METHODS[method][0])[0] for method in used]
    chart.legend(handles=handles, loc="outside upper left", ncols=len(used))
    return chart


def _over_seeds(rows: pd.DataFrame, more: list[str]) -> pd.DataFrame:
    """Average r and the ends of its intervals over seeds."""
    key = [*SETTINGS, "method", *more]
    return setting_means(rows, key, _R)


def _style(method: str) -> dict:
    _, colour, marker = METHODS[method]
    return {"color": colour, "marker": marker, "linestyle": "none", "markersize": 4.5}


def _draw(axes: Axes, names: list[str], parts: list[pd.DataFrame]) -> None:
    """Draw a line a name, with a point and its interval a method."""
    for y, part in enumerate(parts):
        methods = [method for method in METHODS if method in set(part["method"])]
        steps = np.linspace(0.22, -0.22, len(METHODS))
        for method, step in zip(methods, steps, strict=False):
            row = part[part["method"] == method].iloc[0]
            r, low, high = row[_R]
            colour = METHODS[method][1]
            axes.plot([low, high], [y + step] * 2, color=colour, lw=0.8, alpha=0.7)
            edge = {"markeredgecolor": "white", "markeredgewidth": 0.4}
            (mark,) = axes.plot(r, y + step, **_style(method), **edge)
            link_run(mark, row["run"])
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.axvline(0, color=MUTED, lw=0.6)
    axes.grid(True, axis="x")
    axes.margins(x=0.03)
