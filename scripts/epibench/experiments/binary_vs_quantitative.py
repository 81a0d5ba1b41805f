"""Binary and quantitative models on one value an input (Toneyan et al. 2022, Fig. 4b, ED 3)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epibench.errors import InputError
from epibench.experiments.metrics import RUN_COLUMNS, means_over, only_run, spoken, target_means
from epibench.style import (
    COLOURS,
    FULL_WIDTH,
    MUTED,
    SHAPES,
    Label,
    link_run,
    note_below,
    place_labels,
    styled,
    widen,
)
from epibench.words import LOSSES

CLASSIFIED = {"auroc": "AUROC", "average_precision": "Average precision"}
"""Measures that the figure shows, and what panels call them."""

TEST_SETS = {"tiled": "whole chromosome", "peaks": "peak-centred inputs"}
KINDS = ("binary", "quantitative")
SCORES = (*CLASSIFIED, "aupr", "pearson_r", "spearman_r")
_SETTINGS = [name for name in RUN_COLUMNS if name not in ("run", "seed")]
_KEY = ["run", "inputs"]


def table(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Give how well one value an input finds peaks, and how well it measures coverage.

    Parameters
    ----------
    tables : dict of str to DataFrame
        `classification` and `metrics`: those files of the runs, with the axes of each run in front.

    Returns
    -------
    DataFrame
        One row a run and test set, mean over the targets with a peak and an input without:
        `RUN_COLUMNS`, `output` (`binary` or `quantitative`), `inputs` (`tiled`, `peaks`), `auroc`,
        `average_precision`, `aupr`, `pearson_r` and `spearman_r` of one value an input, each with
        `_low` and `_high` (95 % over loci; empty where targets without peaks were left out),
        `chance` (of average precision: the share of inputs with a peak), `profile_r` (Pearson's r
        of all bins of the tiled inputs at the run's own bin size, over all targets; empty for
        binary runs), `positives`, `negatives` (summed over targets), `targets`, `test_set`.

    Raises
    ------
    InputError
        When the rows do not fit together, or no target has both kinds of inputs.
    """
    metrics = target_means(tables["metrics"], "binary_vs_quantitative")
    rows = tables["classification"]
    parts = []
    for inputs in TEST_SETS:
        part = rows[rows["inputs"] == inputs]
        target_means(part, "binary_vs_quantitative", key=["target", "inputs"], scores=list(SCORES))
        parts.append(_of_test_set(part))
    found = pd.concat(parts, ignore_index=True)
    binary = found["loss"].map(lambda loss: LOSSES[loss].head == "peaks")
    own = metrics[(metrics["evaluated_bin_size"] == metrics["bin_size"])]
    own = own[own["scaling"] == "raw"].set_index("run")["pearson_r"]
    found = found.assign(
        output=np.where(binary, *KINDS), profile_r=found["run"].map(own).where(~binary)
    )
    scores = [f"{score}{end}" for score in SCORES for end in ("", "_low", "_high")]
    columns = ["output", "inputs", *scores, "chance", "profile_r", "positives", "negatives"]
    return found[[*RUN_COLUMNS, *columns, "targets", "test_set"]]


def _of_test_set(rows: pd.DataFrame) -> pd.DataFrame:
    """Average over the targets of which every run tells inputs with a peak from those without."""
    counts = rows[rows["target"] != "mean"].groupby("target")[["positives", "negatives", "auroc"]]
    known = counts.agg(lambda values: values.notna().all() and (values > 0).all()).all(axis=1)
    targets = known.index[known]
    if targets.empty:
        raise InputError(
            "binary_vs_quantitative: no target has test inputs with and without a peak in every "
            "run; add peaks to the samples table or leave the experiment out"
        )
    chosen = rows[rows["target"].isin(targets)]
    total = chosen["positives"] + chosen["negatives"]
    chance = (chosen["positives"] / total).groupby(chosen["run"]).mean()
    sums = chosen.groupby("run")[["positives", "negatives"]].sum()
    means = means_over(rows, targets, _KEY, SCORES)
    return means.assign(
        chance=means["run"].map(chance),
        positives=means["run"].map(sums["positives"]),
        negatives=means["run"].map(sums["negatives"]),
    )


def figure(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw the table of the tables."""
    return draw(table(tables))


@styled
def draw(table: pd.DataFrame) -> Figure:
    """Draw a panel a test set and measure; points are numbered, names stand below."""
    settings = table.drop_duplicates(_SETTINGS)[[*_SETTINGS, "output"]].to_dict("records")
    settings.sort(key=lambda row: KINDS.index(row["output"]))
    lines = -(-len(settings) // 3)
    chart = Figure(figsize=(FULL_WIDTH, 5.4 + 0.17 * lines), layout="constrained")
    chart.get_layout_engine().set(h_pad=0.06, w_pad=0.06)
    grid = chart.subplots(len(TEST_SETS), len(CLASSIFIED))
    pending = []
    for row, (inputs, where) in zip(grid, TEST_SETS.items(), strict=True):
        part = table[table["inputs"] == inputs]
        for axes, (score, label) in zip(row, CLASSIFIED.items(), strict=True):
            chance = 0.5 if score == "auroc" else part["chance"].mean()
            axes.axhline(chance, color=MUTED, linestyle=":", zorder=0)
            pending.append((axes, *_draw(axes, part, score, settings)))
            axes.set_title(f"{label}, {where}")
            axes.set_xlabel("Pearson's r, one value an input")
            axes.set_ylabel(label)
    chart.legend(handles=_legend(settings), loc="outside lower left", ncols=3, fontsize=6.5)
    chart.draw_without_rendering()
    for axes, labels, points in pending:
        place_labels(axes, labels, points)
    return chart


def _draw(
    axes: Axes, part: pd.DataFrame, score: str, settings: list[dict]
) -> tuple[list[Label], np.ndarray]:
    """Draw a point a setting, small ones for its seeds; give labels and what they may not hide."""
    labels, points, undefined = [], [], []
    for number, setting in enumerate(settings, 1):
        runs = part[(part[_SETTINGS] == pd.Series(setting)[_SETTINGS]).all(axis=1)]
        x, y = runs[["pearson_r", score]].mean()
        if not np.isfinite(runs[["pearson_r", score]]).all(axis=None):
            undefined.append(str(number))
            continue
        style = _style(setting)
        ends = runs[[f"{name}{end}" for name in ("pearson_r", score) for end in ("_low", "_high")]]
        left, right, low, high = ends.mean()
        axes.hlines(y, left, right, color=style["color"], lw=0.7, alpha=0.45, zorder=1)
        axes.vlines(x, low, high, color=style["color"], lw=0.7, alpha=0.45, zorder=1)
        (mark,) = axes.plot(x, y, **style, linestyle="none")
        link_run(mark, only_run(runs["run"]))
        if len(runs) > 1:
            small = style | {"markersize": 2, "alpha": 0.6}
            for run, *place in runs[["run", "pearson_r", score]].itertuples(index=False):
                (mark,) = axes.plot(*place, **small, linestyle="none")
                link_run(mark, run)
        labels.append(Label(x, y, str(number), style["color"]))
        points += [(x, y), *runs[["pearson_r", score]].to_numpy()]
    axes.margins(0.08)
    widen(axes, x=0.05, y=0.05)
    axes.grid(True)
    if undefined:
        note_below(axes, f"Undefined, see table: {', '.join(undefined)}.")
    return labels, np.array(points).reshape(-1, 2)


def _style(setting: dict) -> dict:
    """Give binary runs circles, quantitative ones squares; trained on peaks filled, else hollow."""
    kind = KINDS.index(setting["output"])
    style = {"color": COLOURS[1 - kind], "marker": SHAPES[kind], "markersize": 4.5}
    filled = setting["windows"] == "peaks"
    return style | {"markerfacecolor": COLOURS[1 - kind] if filled else "white"}


def _legend(settings: list[dict]) -> list[Line2D]:
    """Give an entry a setting: its number, model, and the axes that differ within its output."""
    entries = []
    for number, setting in enumerate(settings, 1):
        alike = [other for other in settings if other["output"] == setting["output"]]
        named = [axis for axis in _SETTINGS[1:] if len({other[axis] for other in alike}) > 1]
        words = [setting["model"], *(spoken(axis, setting[axis]) for axis in named)]
        label = f"{number} {', '.join(words)}"
        entries.append(Line2D([], [], **_style(setting), linestyle="none", label=label))
    return entries
