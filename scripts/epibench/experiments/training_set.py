"""Whole-chromosome Pearson's r by training set and bin size (Toneyan et al. 2022, Fig. 2d)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epibench.experiments.metrics import RUN_COLUMNS, panels, target_means
from epibench.style import CONTRAST, FULL_WIDTH, SEQUENTIAL, link_run, note_below, styled, widen

SCORES = ["pearson_r", "targets_with_r", "targets"]
ORDER = ["model", "loss", "augmentation", "windows", "bin_size", "evaluated_bin_size", "seed"]


def table(metrics: pd.DataFrame) -> pd.DataFrame:
    """Give r of each run at its own bin size, and at the coarsest that all were evaluated at.

    Parameters
    ----------
    metrics : DataFrame
        See `epibench.experiments.metrics.target_means`.

    Returns
    -------
    DataFrame
        One row a run and evaluated bin size: `RUN_COLUMNS`, `evaluated_bin_size`, `pearson_r`,
        `pearson_r_log1p` of the scaled predictions where the metrics have it, `targets_with_r`,
        `targets` (with errors and r on log1p), `test_set`; window sets in the order of `in_order`.

    Raises
    ------
    InputError
        When the metrics do not fit together.
    """
    rows = target_means(metrics, "training_set", scores=SCORES)
    rows = rows[rows["scaling"] == "scaled"]
    own = rows["evaluated_bin_size"] == rows["bin_size"]
    rows = rows[own | (rows["evaluated_bin_size"] == common_bin_size(rows))].copy()
    rows["windows"] = pd.Categorical(rows["windows"], in_order(rows["windows"]), ordered=True)
    rows = rows.sort_values(ORDER, ignore_index=True).astype({"windows": str})
    scores = [name for name in ("pearson_r", "pearson_r_log1p") if name in rows]
    return rows[[*RUN_COLUMNS, "evaluated_bin_size", *scores, *SCORES[1:], "test_set"]]


def common_bin_size(rows: pd.DataFrame) -> int | None:
    """Give the coarsest bin size that every run was evaluated at, None where there is none."""
    sizes = rows.groupby("run")["evaluated_bin_size"].agg(set)
    return max(set.intersection(*sizes), default=None)


def in_order(windows: pd.Series) -> list[str]:
    """Give the window sets that occur: thresholds from low to high, then `peaks`."""
    return sorted(
        windows.unique(),
        key=lambda name: np.inf if name == "peaks" else float(name.removeprefix("threshold")),
    )


def figure(metrics: pd.DataFrame) -> Figure:
    """Draw the table of the metrics."""
    return draw(table(metrics))


@styled
def draw(table: pd.DataFrame) -> Figure:
    """Draw a row of panels per model: each run at its own bin size, and all at a common one."""
    parts = panels(table, ["model"], ["loss", "augmentation"])
    at_own = table["bin_size"] == table["evaluated_bin_size"]
    common = common_bin_size(table)
    columns = {"at the run's own bin size": at_own}
    if common and not at_own.all():
        columns[f"all at {common} bp"] = table["evaluated_bin_size"] == common
    chart = Figure(figsize=(FULL_WIDTH, 0.5 + 2.5 * len(parts)), layout="constrained")
    chart.get_layout_engine().set(h_pad=0.06, w_pad=0.06)
    grid = chart.subplots(len(parts), len(columns), squeeze=False)
    styles = styles_of(in_order(table["windows"]))
    for row, (name, part) in zip(grid, parts, strict=True):
        for axes, (where, chosen) in zip(row, columns.items(), strict=True):
            axes.set_title(f"{name}: {where}")
            _draw(axes, part[chosen[part.index]], styles, sorted(table["bin_size"].unique()))
    chart.legend(
        handles=[Line2D([], [], **style, label=name) for name, style in styles.items()],
        loc="outside upper left",
        ncols=6,
        columnspacing=1.3,
        handlelength=1.8,
        handletextpad=0.5,
    )
    return chart


def styles_of(windows: list[str]) -> dict[str, dict]:
    """Give thresholds shades from light to dark, and peaks a colour and marker that stand out."""
    thresholds = [name for name in windows if name != "peaks"]
    shades = np.linspace(0.28, 1, len(thresholds)) if len(thresholds) > 1 else [0.7]
    styles = {
        name: {"color": SEQUENTIAL(shade), "marker": "o"}
        for name, shade in zip(thresholds, shades, strict=False)
    }
    if "peaks" in windows:
        styles["peaks"] = {"color": CONTRAST, "marker": "D"}
    edge = {"markeredgecolor": "white", "markeredgewidth": 0.5}
    return {name: style | edge for name, style in styles.items()}


def _draw(axes: Axes, part: pd.DataFrame, styles: dict[str, dict], sizes: list[int]) -> None:
    """Draw a line a training set through the means over seeds, and a point a run."""
    for name, runs in part.groupby("windows", sort=False):
        style = styles[name]
        if part["seed"].nunique() > 1:
            style = style | {"markersize": 3, "markeredgewidth": 0.3}
        means = runs.groupby("bin_size")["pearson_r"].mean()
        axes.plot([sizes.index(size) for size in means.index], means, color=style["color"])
        for run in runs.itertuples():
            (mark,) = axes.plot(sizes.index(run.bin_size), run.pearson_r, **style, linestyle="none")
            link_run(mark, run.run)
    axes.set_xticks(range(len(sizes)), sizes)
    axes.set_xlim(-0.4, len(sizes) - 0.6)
    axes.margins(y=0.1)
    widen(axes, y=0.05)
    axes.grid(True, axis="y")
    axes.set_xlabel("Trained bin size (bp)")
    axes.set_ylabel("Pearson's r, whole chromosome")
    undefined = part[part["pearson_r"].isna()]
    if len(undefined):
        names = [f"{run.windows} at {run.bin_size} bp" for run in undefined.itertuples()]
        note_below(axes, "Undefined, see table: " + "; ".join(dict.fromkeys(names)))
