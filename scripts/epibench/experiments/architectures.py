"""Architectures at the bin sizes that they share (Toneyan et al. 2022, Supp. Table 3, Note 1)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from epibench.experiments.metrics import RUN_COLUMNS, only_run, spoken, target_means
from epibench.style import COLOURS, FULL_WIDTH, SHAPES, link_run, note_below, styled, widen

SCORES = (
    "pearson_r",
    "pearson_r_log1p",
    "spearman_r",
    "pearson_r_per_sequence",
    "spearman_r_per_sequence",
    "jensen_shannon",
    "mse",
    "poisson_nll",
    "r2",
)
SHOWN = {
    "pearson_r": "Pearson's r",
    "pearson_r_per_sequence": "Pearson's r within inputs",
    "mse": "MSE (coverage²)",
}
"""Scores of the figure, as predicted, and what panels call them."""

OFF_SCALE = 3
"""An error beyond this many times the median is named, not drawn."""

_SETTINGS = [name for name in RUN_COLUMNS if name not in ("run", "seed")]


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Give every score of each run at the bin sizes that all share, and at the run's own.

    Parameters
    ----------
    rows : DataFrame
        The `metrics.tsv` of the runs, with the axes of each run in front.

    Returns
    -------
    DataFrame
        One row a run, evaluated bin size and scaling, mean over targets: `RUN_COLUMNS`,
        `evaluated_bin_size`, `scaling`, each score with its 95 % interval over loci (`_low`,
        `_high`), `targets_with_r`, `targets` (with errors), `test_set`.

    Raises
    ------
    InputError
        When the rows do not fit together.
    """
    columns = [f"{score}{end}" for score in SCORES for end in ("", "_low", "_high")]
    means = target_means(rows, "architectures", scores=[*columns, "targets_with_r"])
    sizes = means.groupby("run")["evaluated_bin_size"].agg(set)
    own = means["evaluated_bin_size"] == means["bin_size"]
    means = means[own | means["evaluated_bin_size"].isin(set.intersection(*sizes))]
    columns = ["evaluated_bin_size", "scaling", *columns, "targets_with_r", "targets", "test_set"]
    order = ["evaluated_bin_size", "bin_size"]
    found = means[[*RUN_COLUMNS, *columns]].sort_values(order, kind="stable")
    return found.reset_index(drop=True)


def figure(rows: pd.DataFrame) -> Figure:
    """Draw the table of the rows."""
    return draw(table(rows))


@styled
def draw(table: pd.DataFrame) -> Figure:
    """Draw a row of panels for each bin size that runs were trained at, a line a setting."""
    raw = table[table["scaling"] == "raw"]
    trained = sorted(table["bin_size"].unique())
    groups = {size: raw[raw["evaluated_bin_size"] == size] for size in trained}
    lines = [len(part.drop_duplicates(_SETTINGS)) for part in groups.values()]
    heights = [max(0.5, 0.16 * n) + 0.75 for n in lines]
    chart = Figure(figsize=(FULL_WIDTH, 0.4 + sum(heights)), layout="constrained")
    chart.get_layout_engine().set(h_pad=0.05, w_pad=0.05)
    grid = chart.subplots(
        len(groups), len(SHOWN), squeeze=False, sharey="row", height_ratios=heights
    )
    styles = {
        size: {"color": COLOURS[i % len(COLOURS)], "marker": SHAPES[i % len(SHAPES)]}
        for i, size in enumerate(trained)
    }
    named = [axis for axis in _SETTINGS[1:] if axis != "bin_size" and table[axis].nunique() > 1]
    for row, (size, part) in zip(grid, groups.items(), strict=True):
        settings = list(part.groupby(_SETTINGS, sort=False))
        for axes, (score, label) in zip(row, SHOWN.items(), strict=True):
            _draw(axes, settings, score, styles)
            axes.set_xlabel(label)
        labels = [
            ", ".join([runs["model"].iloc[0], *(spoken(a, runs[a].iloc[0]) for a in named)])
            for _, runs in settings
        ]
        row[0].set_yticks(range(len(labels)), labels, fontsize=6.5)
        row[0].set_ylim(len(labels) - 0.4, -0.6)
        row[0].set_title(f"Evaluated at {size} bp")
    marks = [
        Line2D([], [], **style, linestyle="none", label=f"trained at {size} bp")
        for size, style in styles.items()
    ]
    chart.legend(handles=marks, loc="outside upper left", ncols=min(5, len(marks)))
    return chart


def _draw(axes: Axes, settings: list, score: str, styles: dict[int, dict]) -> None:
    """Draw a score of each setting: its seeds as dashes, their mean large, the interval a bar."""
    means = np.array([runs[score].mean() for _, runs in settings])
    limit = OFF_SCALE * np.nanmedian(means) if score == "mse" and len(means) > 2 else np.inf
    for y, (_, runs) in enumerate(settings):
        style = styles[runs["bin_size"].iloc[0]]
        low, value, high = runs[[f"{score}_low", score, f"{score}_high"]].mean()
        if not value <= limit:
            continue
        axes.hlines(y, low, high, color=style["color"], lw=1, alpha=0.6)
        edge = {"markeredgecolor": "white", "markeredgewidth": 0.4}
        (mark,) = axes.plot(value, y, **style, **edge, markersize=4)
        link_run(mark, only_run(runs["run"]))
        if len(runs) > 1:
            seeds = {"marker": "|", "markersize": 6, "color": style["color"]}
            for run, x in runs[["run", score]].itertuples(index=False):
                (mark,) = axes.plot(x, y, **seeds)
                link_run(mark, run)
    axes.margins(x=0.08)
    widen(axes, x=0.05)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.grid(True)
    axes.tick_params(axis="y", length=0)
    if not (means <= limit).all():
        count = int((~(means <= limit)).sum())
        note_below(axes, f"Off scale or undefined, see table: {count}.", width=40)
