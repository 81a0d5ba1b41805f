"""All predictors in one table (Toneyan et al. 2022, Supplementary Data 1 and 3)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epibench.experiments.metrics import RUN_COLUMNS, target_means
from epibench.style import COLOURS, FULL_WIDTH, MUTED, link_run, note_below, styled, widen

OF_SHAPE = (
    "pearson_r",
    "spearman_r",
    "pearson_r_per_sequence",
    "spearman_r_per_sequence",
    "jensen_shannon",
)
OF_SCALE = ("pearson_r_log1p", "mse", "r2", "poisson_nll")
"""Scores that scaling changes."""

SCALINGS = ("raw", "scaled_valid", "scaled")
ENDS = ("", "_low", "_high")
KINDS = {
    "truth": (COLOURS[2], "D", "noise-free truth"),
    "ceiling": (COLOURS[1], "s", "replicate 2"),
    "run": (COLOURS[0], "o", "run"),
    "outside": (COLOURS[3], "^", "outside prediction"),
    "baseline": ("#7d8890", "v", "baseline"),
}
"""Colour, marker and name of each kind of predictor."""


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Give one row a predictor, mean over targets, at one evaluated bin size.

    That is the finest at which all predictors of coverage are evaluated, or else the coarsest of
    all; who is not evaluated there is left out.

    Parameters
    ----------
    rows : DataFrame
        The `metrics.tsv` of all runs, with their axes and `kind`, and of all other predictors.

    Returns
    -------
    DataFrame
        Best Pearson's r first, those of fewer targets and without r last: `RUN_COLUMNS`, `kind`,
        `evaluated_bin_size`, `targets`, `targets_with_r`, each score of `OF_SHAPE`, each of
        `OF_SCALE` as predicted (`_raw`) and scaled by the validation (`_scaled_valid`) and the test
        chromosomes (`_scaled`), each with `_low` and `_high` (95 % over loci), `left_out` (number
        of predictors without this bin size), `test_set`.

    Raises
    ------
    InputError
        When the rows do not fit together.
    """
    needed = [f"{name}{end}" for name in (*OF_SHAPE, *OF_SCALE) for end in ENDS]
    means = target_means(rows, "leaderboard", scores=[*needed, "targets_with_r", "kind"])
    size = _bin_size(means)
    means = means[means["evaluated_bin_size"] == size]
    raw = means[means["scaling"] == "raw"]
    shape = [f"{name}{end}" for name in OF_SHAPE for end in ENDS]
    front = [*RUN_COLUMNS, "kind", "evaluated_bin_size", "targets", "targets_with_r"]
    found = raw[[*front, *shape, "test_set"]]
    for scaling in SCALINGS:
        part = means[means["scaling"] == scaling].set_index("run")
        for name in OF_SCALE:
            for end in ENDS:
                found = found.assign(
                    **{f"{name}_{scaling}{end}": found["run"].map(part[f"{name}{end}"])}
                )
    found = found.assign(left_out=rows["run"].nunique() - len(found))
    found = found[[*(name for name in found if name != "test_set"), "test_set"]]
    fewer = found["targets_with_r"] < found["targets_with_r"].max()
    found = found.assign(fewer=fewer).sort_values(
        ["fewer", "pearson_r"], ascending=[True, False], na_position="last", kind="stable"
    )
    return found.drop(columns="fewer").reset_index(drop=True)


def _bin_size(means: pd.DataFrame) -> int:
    """Give the finest bin size of all predictors of coverage, or else the coarsest of any.

    Binary models have one value an input, at which finer predictions would not show.
    """
    of_coverage = means[means["mse"].notna()]
    means = of_coverage if len(of_coverage) else means
    sizes = means.groupby("run")["evaluated_bin_size"].agg(set)
    return min(set.intersection(*sizes), default=means["evaluated_bin_size"].max())


def figure(rows: pd.DataFrame) -> Figure:
    """Draw the table of the rows."""
    return draw(table(rows))


@styled
def draw(table: pd.DataFrame) -> Figure:
    """Draw r and the error of each predictor, best r on top."""
    n = len(table)
    chart = Figure(figsize=(FULL_WIDTH, 1.3 + 0.15 * max(n, 8)), layout="constrained")
    left, right = chart.subplots(1, 2, sharey=True)
    size = int(table["evaluated_bin_size"].iloc[0])
    _dots(left, table, "pearson_r")
    left.set_xlabel(f"Pearson's r at {size} bp")
    _dots(right, table, "mse_scaled_valid")
    right.set_xlabel(f"Mean squared error at {size} bp,\nscaled by the validation chromosomes")
    left.set_yticks(range(n), _labels(table), fontsize=6.5)
    widen(left, x=0.05)
    left.set_ylim(n - 0.4, -0.6)  # after `widen`, which takes axes to ascend
    used = [kind for kind in KINDS if kind in set(table["kind"])]
    marks = [
        Line2D([], [], color=KINDS[kind][0], marker=KINDS[kind][1], lw=0, label=KINDS[kind][2])
        for kind in used
    ]
    chart.legend(handles=marks, loc="outside upper center", ncols=len(marks))
    left_out = int(table["left_out"].iloc[0])
    if left_out:
        note_below(right, f"Not evaluated at {size} bp: {left_out} predictors.", width=60)
        right.texts[-1].set_position((0, -46))
    return chart


def _dots(axes: Axes, table: pd.DataFrame, score: str) -> None:
    """Draw a score of each predictor with its interval, and replicate 2 as a line."""
    for y, row in enumerate(table.to_dict("records")):
        colour, marker, _ = KINDS[row["kind"]]
        if np.isnan(row[score]):
            text = "undefined"
            if not score.startswith("pearson"):
                text = "test chromosomes alone" if np.isfinite(row["mse_raw"]) else "not coverage"
            axes.annotate(
                text,
                (0.02, y),
                xycoords=axes.get_yaxis_transform(),
                va="center",
                fontsize=6,
                color=MUTED,
            )
            continue
        axes.hlines(y, row[f"{score}_low"], row[f"{score}_high"], color=colour, lw=1.1, alpha=0.6)
        (mark,) = axes.plot(row[score], y, marker, color=colour, markersize=3.8)
        link_run(mark, row["run"] if row["kind"] == "run" else "")
    # A mean over fewer targets is no mark for means over all.
    whole = table["targets_with_r"] == table["targets_with_r"].max()
    ceiling = table.loc[(table["kind"] == "ceiling") & whole, score].dropna()
    for value in ceiling:
        axes.axvline(value, color=KINDS["ceiling"][0], lw=0.8, linestyle="--", zorder=0)
    axes.grid(True)
    axes.tick_params(axis="y", length=0)


def _labels(table: pd.DataFrame) -> list[str]:
    """Name each predictor by its model and the axes that differ between the runs."""
    runs = table[table["kind"] == "run"]
    differ = [axis for axis in RUN_COLUMNS[2:] if runs[axis].nunique() > 1]
    most = table["targets_with_r"].max()
    labels = []
    for row in table.to_dict("records"):
        parts = [row["model"]]
        if row["kind"] == "run":
            parts += [_spoken(axis, row[axis]) for axis in differ]
        if 0 < row["targets_with_r"] < most:
            parts.append(f"r of {int(row['targets_with_r'])} of {int(most)} targets")
        labels.append(", ".join(parts))
    return labels


def _spoken(axis: str, value: str | float) -> str:
    """Name a value of an axis in a label."""
    if axis == "bin_size":
        return f"{int(value)} bp"
    return f"seed {int(value)}" if axis == "seed" else str(value)
