"""Accuracy against robustness, over all runs whatever their bin size."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from scipy.stats import norm, spearmanr

from epibench.errors import InputError
from epibench.experiments.metrics import RUN_COLUMNS, setting_means, target_means
from epibench.style import (
    AUGMENTATION_COLOURS,
    FULL_WIDTH,
    INK,
    SHAPES,
    link_run,
    note_below,
    styled,
    widen,
)
from epibench.words import AUGMENTATIONS

ROBUSTNESS = {
    "variation_score_common": "Variation with place",
    "reverse_complement_difference": "Difference between strands",
}
ACCURACY = {
    "pearson_r": "Pearson's r, whole chromosome",
    "pearson_r_per_sequence": "Pearson's r within inputs",
}
FEWEST = 8
"""Points from which rho is given: under them its interval spans nearly everything."""
_SETTINGS = RUN_COLUMNS[1:-1]
OFF_SCALE = 10
"""A point beyond this many times the median is named, not drawn."""


def table(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Give each run's robustness and accuracy, and Spearman's rho between them over the runs.

    Seeds of one setting are no independent runs, so their mean counts once in rho.

    Parameters
    ----------
    tables : dict of str to DataFrame
        `variation` and `metrics`: those files of the runs, with the axes of each run in front.

    Returns
    -------
    DataFrame
        One row a run, `robustness` and `accuracy` (names of scores): `RUN_COLUMNS`, these two,
        `robustness_score` (NaN where the run's bins do not fit the common grid), `accuracy_score`
        at `evaluated_bin_size`; the same in all rows of a pair: `rho`, the ends `rho_low` and
        `rho_high` of its 95 % interval, `points` that it is over (settings with both scores);
        `test_set` of the metrics.

    Raises
    ------
    InputError
        When rows do not fit together, or the runs share no bin size that accuracy could be
        compared at.
    """
    robust = target_means(
        tables["variation"],
        "robustness",
        key=["target"],
        scores=["common_bin_size", *ROBUSTNESS],
    )
    metrics = target_means(tables["metrics"], "robustness", scores=list(ACCURACY))
    robust = robust[[*RUN_COLUMNS, "common_bin_size", *ROBUSTNESS]]
    size = _shared_bin_size(metrics, robust)
    metrics = metrics[(metrics["scaling"] == "raw") & (metrics["evaluated_bin_size"] == size)]
    runs = robust.merge(metrics[["run", *ACCURACY]], on="run", how="left")
    runs = runs.assign(evaluated_bin_size=size, test_set=metrics["test_set"].iloc[0])
    pairs = [_pair(runs, x, y) for y in ACCURACY for x in ROBUSTNESS]
    return pd.concat(pairs, ignore_index=True)


def _shared_bin_size(metrics: pd.DataFrame, robust: pd.DataFrame) -> int:
    """Give the coarsest bin size, up to that of the common grid, at which all runs have metrics."""
    common = int(robust["common_bin_size"].iloc[0])
    scored = robust.loc[robust["variation_score_common"].notna(), "run"]
    if scored.empty:
        raise InputError(
            f"robustness: no run has a variation score on the common grid of {common} bp; add runs "
            f"to the grid whose bin size divides {common}"
        )
    sizes = metrics[metrics["run"].isin(scored)].groupby("run")["evaluated_bin_size"].agg(set)
    shared = [size for size in set.intersection(*sizes) if size <= common]
    if not shared:
        raise InputError(
            f"robustness: the runs share no bin size up to {common} bp at which all are evaluated; "
            f"add {common} to evaluation.bin_sizes"
        )
    return max(shared)


def _pair(runs: pd.DataFrame, robustness: str, accuracy: str) -> pd.DataFrame:
    """Give the rows of one pair of scores."""
    points = runs.groupby(_SETTINGS)[[robustness, accuracy]].mean().dropna()
    rho, low, high = spearman(*points.to_numpy().T)
    found = runs[[*RUN_COLUMNS, "evaluated_bin_size", robustness, accuracy, "test_set"]]
    found = found.rename(columns={robustness: "robustness_score", accuracy: "accuracy_score"})
    found = found.assign(robustness=robustness, accuracy=accuracy, rho=rho, rho_low=low)
    found = found.assign(rho_high=high, points=len(points))
    columns = ["robustness", "accuracy", "robustness_score", "accuracy_score"]
    columns += ["evaluated_bin_size", "rho", "rho_low", "rho_high", "points", "test_set"]
    return found[[*RUN_COLUMNS, *columns]]


def spearman(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Give Spearman's rho with its 95 % interval.

    Fisher's z with the variance (1 + rho^2 / 2) / (n - 3), after Bonett & Wright 2000.

    Parameters
    ----------
    x, y : float, shape (points,)
        Finite values.

    Returns
    -------
    rho, low, high : float
        NaN under 8 points, and where either side is constant.
    """
    if len(x) < FEWEST or np.ptp(x) == 0 or np.ptp(y) == 0:
        return (float("nan"),) * 3
    rho = float(spearmanr(x, y).statistic)
    half = norm.ppf(0.975) * np.sqrt((1 + rho**2 / 2) / (len(x) - 3))
    z = np.arctanh(np.clip(rho, -1 + 1e-12, 1 - 1e-12))
    return rho, float(np.tanh(z - half)), float(np.tanh(z + half))


def figure(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw the table of the tables."""
    return draw(table(tables))


@styled
def draw(table: pd.DataFrame) -> Figure:
    """Draw accuracy against robustness: colour is augmentation, marker the model."""
    shapes = shapes_of(table)
    chart = Figure(figsize=(FULL_WIDTH, 5.6), layout="constrained")
    chart.get_layout_engine().set(h_pad=0.06, w_pad=0.06)
    grid = chart.subplots(len(ACCURACY), len(ROBUSTNESS), squeeze=False)
    for row, (accuracy, up) in zip(grid, ACCURACY.items(), strict=True):
        for axes, (robustness, across) in zip(row, ROBUSTNESS.items(), strict=True):
            part = table[(table["robustness"] == robustness) & (table["accuracy"] == accuracy)]
            _draw(axes, part, shapes)
            axes.set_xlabel(f"{across} (low is robust)")
            axes.set_ylabel(f"{up}\nat {part['evaluated_bin_size'].iloc[0]} bp")
    chart.legend(handles=legend_of(table, shapes), loc="outside right upper")
    return chart


def shapes_of(table: pd.DataFrame) -> dict[str, str]:
    """Give each model its marker; circles to all where there are more models than markers."""
    models = list(dict.fromkeys(table["model"]))
    return dict(
        zip(models, SHAPES if len(models) <= len(SHAPES) else "o" * len(models), strict=False)
    )


def _draw(axes: Axes, part: pd.DataFrame, shapes: dict[str, str]) -> None:
    """Draw a point a setting, the mean over its seeds."""
    scores = ["robustness_score", "accuracy_score"]
    points = setting_means(part, _SETTINGS, scores)
    x, y = points[scores[0]], points[scores[1]]
    drawn = y.notna() & (x <= max(1.0, OFF_SCALE * x.median()))
    for row in points[drawn].itertuples():
        (mark,) = axes.plot(
            row.robustness_score,
            row.accuracy_score,
            marker=shapes[row.model],
            color=AUGMENTATION_COLOURS[row.augmentation],
            markersize=5.5,
            markeredgecolor="white",
            markeredgewidth=0.5,
        )
        link_run(mark, row.run)
    axes.set_title(spoken_rho(part.iloc[0]), fontsize=7.5, fontweight="normal")
    axes.margins(0.08)
    widen(axes, x=0.05, y=0.05)
    axes.grid(True)
    if not drawn.all():
        note_below(axes, f"Points off scale or without a score, see table: {(~drawn).sum()}.")


def spoken_rho(row: pd.Series) -> str:
    """Say what rho is, with its interval, or why there is none."""

    def number(value: float) -> str:
        return f"{value:.2f}".replace("-", "\N{MINUS SIGN}")

    if row["points"] < FEWEST:
        return f"too few runs for rho, n = {row['points']}"
    if np.isnan(row["rho"]):
        return f"rho undefined, n = {row['points']}"
    interval = f"{number(row['rho_low'])} to {number(row['rho_high'])}"
    return f"rho {number(row['rho'])} ({interval}), n = {row['points']}"


def legend_of(table: pd.DataFrame, shapes: dict[str, str]) -> list[Line2D]:
    """Give an entry an augmentation, and one a model where all have markers of their own."""

    def entry(label: str, **style) -> Line2D:
        return Line2D([], [], **{"linestyle": "none", "markersize": 5.5, **style}, label=label)

    used = [name for name in AUGMENTATIONS if name in set(table["augmentation"])]
    entries = [entry(name, color=AUGMENTATION_COLOURS[name], marker="o") for name in used]
    models = [
        entry(name, marker=shape, color=INK, markerfacecolor="none")
        for name, shape in shapes.items()
        if len(set(shapes.values())) == len(shapes)
    ]
    return entries + ([entry(""), *models] if models else [])
