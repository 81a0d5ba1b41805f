"""Peaks-trained against threshold-trained at high activity (Toneyan et al. 2022, Supp. Table 2)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from epibench.experiments.metrics import RUN_COLUMNS, only_run, panels, target_means
from epibench.experiments.training_set import in_order, styles_of
from epibench.style import FULL_WIDTH, MUTED, link_run, note_below, styled, widen

HEIGHTS = {
    "pearson_r": "Pearson's r",
    "mse": "MSE (coverage²)",
    "slope": "Slope of heights",
    "r_height": "Pearson's r of heights",
}
"""Scores of a region, and what panels call them."""
DETECTION = {"average_precision": "Average\nprecision", "auroc": "AUROC", "aupr": "AUPR"}
REGIONS = {"top_decile": "top decile", "peaks": "peaks"}
WHOLE = "whole"
_SCALED = ("mse", "slope")
"""Scores that scaling changes."""


def table(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Give scores in regions of high activity, and of peak detection on the whole chromosome.

    Parameters
    ----------
    tables : dict of str to DataFrame
        `high_activity` and `classification`: those files of the runs, with the axes of each run in
        front.

    Returns
    -------
    DataFrame
        One row a run, `region` and `score`, mean over targets: `RUN_COLUMNS`, `region`
        (`top_decile`, `peaks`, or `whole` for the detection of peaks among all tiled inputs),
        `score`, `scaling` (empty where it changes nothing), `value` with its 95 % interval over
        loci `low` and `high`, `chance` (of average precision: the share of inputs with a peak),
        `targets`, `test_set`. Regions are scored at the run's own bin size.

    Raises
    ------
    InputError
        When the rows do not fit together.
    """
    parts = [*_of_regions(tables["high_activity"]), *_of_detection(tables["classification"])]
    rows = pd.concat(parts, ignore_index=True)
    rows["windows"] = pd.Categorical(rows["windows"], in_order(rows["windows"]), ordered=True)
    order = ["model", "loss", "augmentation", "bin_size", "windows", "seed"]
    rows = rows.sort_values(order, ignore_index=True, kind="stable").astype({"windows": str})
    columns = ["region", "score", "scaling", "value", "low", "high", "chance", "targets"]
    return rows[[*RUN_COLUMNS, *columns, "test_set"]]


def _of_regions(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """Give a table a region, score and scaling."""
    key = ["target", "region", "evaluated_bin_size", "scaling"]
    means = target_means(rows, "high_activity", key=key, scores=list(HEIGHTS))
    means = means[means["evaluated_bin_size"] == means["bin_size"]]
    parts = []
    for region in REGIONS:
        for score in HEIGHTS:
            for scaling in means["scaling"].unique() if score in _SCALED else ["raw"]:
                part = means[(means["region"] == region) & (means["scaling"] == scaling)]
                name = scaling if score in _SCALED else ""
                parts.append(_tidy(part, score).assign(region=region, scaling=name))
    return parts


def _of_detection(rows: pd.DataFrame) -> list[pd.DataFrame]:
    """Give a table a score of the detection of peaks, of all tiled inputs."""
    rows = rows[rows["inputs"] == "tiled"]
    needed = [*DETECTION, "positives", "negatives"]
    means = target_means(rows, "high_activity", key=["target"], scores=needed)
    # A mean over the same targets as that of average precision.
    known = rows[(rows["target"] != "mean") & rows["average_precision"].notna()]
    share = known["positives"] / (known["positives"] + known["negatives"])
    chance = share.groupby(known["run"]).mean()
    parts = []
    for score in DETECTION:
        part = _tidy(means, score).assign(region=WHOLE, scaling="")
        if score == "average_precision":
            part["chance"] = part["run"].map(chance)
        parts.append(part)
    return parts


def _tidy(part: pd.DataFrame, score: str) -> pd.DataFrame:
    """Give one score and its interval under the names that all share."""
    names = {score: "value", f"{score}_low": "low", f"{score}_high": "high"}
    part = part[[*RUN_COLUMNS, *names, "targets", "test_set"]].rename(columns=names)
    return part.assign(score=score, chance=np.nan)


def figure(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw the table of the tables."""
    return draw(table(tables))


@styled
def draw(table: pd.DataFrame) -> Figure:
    """Draw a row of panels per model and bin size: scores as predicted, a colour a window set."""
    shown = table[table["scaling"].isin(["", "raw"]) & (table["score"] != "aupr")]
    parts = panels(shown, ["model", "bin_size"], ["loss", "augmentation"])
    sets = styles_of(in_order(table["windows"]))
    chart = Figure(figsize=(FULL_WIDTH, 0.5 + 2.1 * len(parts)), layout="constrained")
    chart.get_layout_engine().set(h_pad=0.08, w_pad=0.05)
    for figure, (name, part) in zip(
        np.ravel(chart.subfigures(len(parts), 1, squeeze=False)), parts, strict=True
    ):
        figure.suptitle(name, x=0.01, ha="left", fontsize=8, fontweight="bold")
        *grid, last = figure.subplots(1, len(HEIGHTS) + 1)
        grid[2].axhline(1, color=MUTED, linestyle=":", zorder=0)
        for axes, (score, label) in zip(grid, HEIGHTS.items(), strict=True):
            _draw(axes, part[part["score"] == score], "region", REGIONS, sets)
            axes.set_title(label, fontweight="normal")
        _draw_detection(last, part[part["region"] == WHOLE], sets)
    chart.legend(
        handles=[
            Line2D([], [], **style, linestyle="none", label=name) for name, style in sets.items()
        ],
        loc="outside upper left",
        ncols=6,
    )
    return chart


def _draw(axes: Axes, part: pd.DataFrame, across: str, places: dict, sets: dict) -> None:
    """Draw a score of each window set at each place: seeds small, their mean large."""
    names = [name for name in sets if name in set(part["windows"])]
    for at, place in enumerate(places):
        for i, name in enumerate(names):
            runs = part[(part[across] == place) & (part["windows"] == name)]
            x = at + 0.6 * ((i + 0.5) / len(names) - 0.5)
            low, value, high = runs[["low", "value", "high"]].mean()
            axes.vlines(x, low, high, color=sets[name]["color"], lw=0.8, alpha=0.7)
            (mark,) = axes.plot(x, value, **sets[name], linestyle="none")
            link_run(mark, only_run(runs["run"]))
            if len(runs) > 1:
                shape = {"marker": "_", "markersize": 5, "color": sets[name]["color"]}
                for run, y in runs[["run", "value"]].itertuples(index=False):
                    (mark,) = axes.plot(x, y, **shape)
                    link_run(mark, run)
    axes.set_xticks(range(len(places)), places.values())
    axes.set_xlim(-0.5, len(places) - 0.5)
    axes.margins(y=0.12)
    widen(axes, y=0.05)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    axes.grid(True, axis="y")
    if part["value"].isna().any():
        note_below(axes, "Undefined for some runs", width=14)


def _draw_detection(axes: Axes, part: pd.DataFrame, sets: dict) -> None:
    """Draw average precision and AUROC, with what a prediction without information gets."""
    places = {score: label for score, label in DETECTION.items() if score != "aupr"}
    for at, chance in enumerate((part["chance"].mean(), 0.5)):
        axes.hlines(chance, at - 0.4, at + 0.4, color=MUTED, linestyle=":", zorder=0)
    _draw(axes, part, "score", places, sets)
    axes.set_title("Peak detection", fontweight="normal")
