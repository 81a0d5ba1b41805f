"""Pearson's r within inputs by the coverage they must exceed (Toneyan et al. 2022, Fig. 2e)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epibench.experiments.metrics import RUN_COLUMNS, panels, target_means
from epibench.style import FULL_WIDTH, INK, MUTED, SEQUENTIAL, SHAPES, note_below, styled, widen

SCORE = "pearson_r_per_sequence"
SCORES = [SCORE, f"{SCORE}_low", f"{SCORE}_high", "spearman_r_per_sequence"]
FEWEST_BINS = 8
"""A correlation over fewer bins says little: over two it is 1 or -1."""
FEWEST_INPUTS = 20
HOLLOW = {"markerfacecolor": "white"}
"""How markers of r over fewer than `FEWEST_BINS` are drawn."""


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Give r of each run on the inputs above each threshold, mean over targets.

    Parameters
    ----------
    rows : DataFrame
        The `thresholds.tsv` of the runs, with the axes of each run in front.

    Returns
    -------
    DataFrame
        One row a run and threshold: `RUN_COLUMNS`, `threshold`, `bins` (of an input, at the run's
        own bin size), `inputs` (above the threshold in some target), `pearson_r_per_sequence` with
        its 95 % interval over loci (`_low`, `_high`), `spearman_r_per_sequence`, `few_bins` (r is
        over fewer than 8), `few_inputs` (fewer than 20), `targets`, `test_set`.

    Raises
    ------
    InputError
        When the rows do not fit together.
    """
    key = ["target", "threshold"]
    means = target_means(rows, "test_set", key=key, scores=[*SCORES, "bins", "inputs"])
    # Inputs are chosen by all targets together, so the rows of every target have the same count.
    inputs = rows[rows["target"] != "mean"].groupby(["run", "threshold"])["inputs"].max()
    means = means.drop(columns="inputs").merge(inputs.reset_index(), on=["run", "threshold"])
    means["few_bins"] = means["bins"] < FEWEST_BINS
    means["few_inputs"] = means["inputs"] < FEWEST_INPUTS
    order = ["model", "windows", "loss", "augmentation", "bin_size", "seed", "threshold"]
    columns = ["threshold", "bins", "inputs", *SCORES, "few_bins", "few_inputs", "targets"]
    return means.sort_values(order, ignore_index=True)[[*RUN_COLUMNS, *columns, "test_set"]]


def figure(rows: pd.DataFrame) -> Figure:
    """Draw the table of the rows."""
    return draw(table(rows))


@styled
def draw(table: pd.DataFrame) -> Figure:
    """Draw r against the threshold, a line a trained bin size, a panel per model and window set."""
    parts = panels(table, where_several=("loss", "augmentation"))
    styles = _styles(sorted(table.loc[table[SCORE].notna(), "bin_size"].unique()))
    columns = min(2, len(parts))
    rows = -(-len(parts) // columns)
    chart = Figure(figsize=(FULL_WIDTH, 0.6 + 2.8 * rows), layout="constrained")
    chart.get_layout_engine().set(h_pad=0.06, w_pad=0.06)
    grid = chart.subplots(rows, columns, squeeze=False, sharey=True).ravel()
    for axes in grid[len(parts) :]:
        axes.remove()
    for axes, (name, part) in zip(grid, parts, strict=False):
        axes.set_title(name)
        _draw(axes, part, styles)
    widen(grid[0], y=0.05)  # of all: limits that are set would hide what is drawn later
    chart.legend(handles=_legend(table, styles), loc="outside right upper")
    return chart


def _styles(sizes: list[int]) -> dict[int, dict]:
    """Give bin sizes shades from light to dark, and markers that tell neighbours apart."""
    shades = np.linspace(0.28, 1, len(sizes)) if len(sizes) > 1 else [0.7]
    return {
        size: {"color": SEQUENTIAL(shade), "marker": SHAPES[i % len(SHAPES)]}
        for i, (size, shade) in enumerate(zip(sizes, shades, strict=False))
    }


def _draw(axes: Axes, part: pd.DataFrame, styles: dict[int, dict]) -> None:
    """Draw a line a bin size through the means over seeds."""
    sizes = [size for size in styles if size in set(part["bin_size"])]
    for i, size in enumerate(sizes):
        runs = part[part["bin_size"] == size]
        aside = 0.3 * ((i + 0.5) / len(sizes) - 0.5)  # so that intervals do not hide each other
        means = runs.groupby("threshold")[SCORES[:3]].mean()
        few = runs.groupby("threshold")["few_inputs"].any().to_numpy()
        x, r = means.index.to_numpy() + aside, means[SCORE].to_numpy()
        colour = styles[size]["color"]
        hollow = HOLLOW if runs["few_bins"].any() else {}
        style = styles[size] | {"linestyle": "none"} | hollow
        axes.vlines(x, *means[SCORES[1:3]].to_numpy().T, color=colour, lw=0.6, alpha=0.5)
        axes.plot(x, r, color=colour, linestyle="--" if hollow else "-")
        axes.plot(x[~few], r[~few], **style, markersize=3.6)
        axes.plot(x[few], r[few], **style, markersize=1.8)
        if runs["seed"].nunique() > 1:
            axes.plot(runs["threshold"] + aside, runs[SCORE], "_", color=colour, markersize=3)
    trained = part["windows"].iloc[0].removeprefix("threshold")
    if trained != part["windows"].iloc[0]:
        axes.axvline(float(trained), color=MUTED, linestyle=":", zorder=0)
    axes.margins(y=0.08)
    axes.set_xlim(part["threshold"].min() - 0.8, part["threshold"].max() + 0.8)
    axes.grid(True, axis="y")
    axes.set_xlabel("Inputs with coverage above")
    axes.set_ylabel("Pearson's r within inputs")
    axes.tick_params(axis="y", labelleft=True)
    undefined = part[part[SCORE].isna()]
    if len(undefined):
        names = sorted(undefined["bin_size"].unique())
        text = f"Undefined at one or more thresholds: {', '.join(map(str, names))} bp."
        note_below(axes, text, width=60)


def _legend(table: pd.DataFrame, styles: dict[int, dict]) -> list[Line2D]:
    """Give an entry a bin size, and one a mark that occurs."""

    def entry(label: str, **style) -> Line2D:
        return Line2D([], [], **{"color": INK, "markersize": 3.6} | style, label=label)

    few_bins = set(table.loc[table["few_bins"], "bin_size"]) & set(styles)
    entries = [entry("Trained bin size", linestyle="none")]
    entries += [
        entry(f"{size} bp", **style | (HOLLOW | {"linestyle": "--"} if size in few_bins else {}))
        for size, style in styles.items()
    ]
    entries.append(entry("", linestyle="none"))
    if few_bins:
        text = f"r of fewer than\n{FEWEST_BINS} bins"
        entries.append(entry(text, marker="o", **HOLLOW, linestyle="--"))
    if table["few_inputs"].any():
        text = f"fewer than\n{FEWEST_INPUTS} inputs"
        entries.append(entry(text, marker="o", markersize=1.8, linestyle="none"))
    if table["seed"].nunique() > 1:
        entries.append(entry("each seed", marker="_", linestyle="none"))
    if table["windows"].str.startswith("threshold").any():
        entries.append(entry("trained above", color=MUTED, linestyle=":"))
    return entries
