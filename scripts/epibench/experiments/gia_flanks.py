"""Flanks of motifs, ranked by global importance (Toneyan et al. 2022, Fig. 6a)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from epibench.experiments.effects import (
    SETTINGS,
    checked,
    name_panels,
    note_left_out,
    over_seeds,
    panels,
    shown,
)
from epibench.style import INK, MUTED, SEQUENTIAL, styled

KEYS = ["motif", "sequence", "kind", "target", "score"]
VALUES = ["effect", "low", "high"]


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the best and the worst word of each motif beside its core.

    Parameters
    ----------
    rows : DataFrame
        The `flanks.tsv` of the runs, with the axes of each run in front.

    Returns
    -------
    DataFrame
        One row a setting, motif and target, means over seeds: `best` (word), `effect` with its
        95 % interval over backgrounds (`low`, `high`), `core_effect` (the core between the bases
        of the backgrounds), `best_over_core`, `worst`, `worst_effect`, `rho_score` (Spearman's,
        of effects and scores of the motif's matrix; NaN without one), `noted`, `noted_effect`,
        `noted_rank` (1 is the largest effect; missing where no word is noted). Targets that a
        binary run has not learned have no row.

    Raises
    ------
    InputError
        When there are no rows, or a column is missing.
    """
    groups = _means(rows).groupby([*SETTINGS, "motif", "target"], sort=False)
    found = [
        dict(zip([*SETTINGS, "motif", "target"], key, strict=True)) | _summary(part)
        for key, part in groups
    ]
    return pd.DataFrame(found)


def _means(rows: pd.DataFrame) -> pd.DataFrame:
    means = over_seeds(checked(rows, [*KEYS, *VALUES], "gia_flanks"), KEYS, VALUES)
    return means.dropna(subset="effect")


def _summary(part: pd.DataFrame) -> dict:
    words = part[part["kind"] == "flank"].sort_values("effect", ascending=False, kind="stable")
    best, worst = words.iloc[0], words.iloc[-1]
    core = part.loc[part["kind"] == "core", "effect"].mean()
    noted = part[part["kind"] == "noted"]
    scored = min(words["score"].nunique(), words["effect"].nunique()) > 1
    return {
        "best": best["sequence"],
        "effect": best["effect"],
        "low": best["low"],
        "high": best["high"],
        "core_effect": core,
        "best_over_core": best["effect"] / core if core > 0 else np.nan,
        "worst": worst["sequence"],
        "worst_effect": worst["effect"],
        "rho_score": spearmanr(words["effect"], words["score"])[0] if scored else np.nan,
        "noted": noted["sequence"].iloc[0] if len(noted) else "",
        "noted_effect": noted["effect"].mean() if len(noted) else np.nan,
        "noted_rank": 1 + (words["effect"] > noted["effect"].iloc[0]).sum()
        if len(noted)
        else pd.NA,
        "seeds": int(part["seeds"].max()),
    }


def figure(rows: pd.DataFrame) -> Figure:
    """Draw all words of each motif by rank."""
    return draw(_means(rows))


@styled
def draw(means: pd.DataFrame) -> Figure:
    """Draw the effects of `over_seeds`: a row a setting and target, a column a motif."""
    rows, left_out = shown(means)
    motifs = means["motif"].drop_duplicates().tolist()
    chart, grid = panels(len(rows), len(motifs))
    for axes, row in zip(grid, rows, strict=True):
        for panel, motif in zip(axes, motifs, strict=True):
            points = _draw(panel, row.rows[row.rows["motif"] == motif])
            if axes is grid[-1]:
                panel.set_xlabel("Rank")
                _add_bar(chart, panel, points, [line[motifs.index(motif)] for line in grid])
    name_panels(grid, rows, motifs)
    note_left_out(grid[-1][0], left_out)
    return chart


def _draw(axes: Axes, part: pd.DataFrame):
    """Draw one motif of one setting; give the coloured points, or None."""
    words = part[part["kind"] == "flank"].sort_values("effect", ascending=False, kind="stable")
    rank = np.arange(1, len(words) + 1)
    core = part.loc[part["kind"] == "core", "effect"].mean()
    axes.axhline(core, color=INK, linewidth=0.7, linestyle=(0, (4, 2)))
    points = None
    if words["score"].notna().all():
        limits = Normalize(words["score"].min(), words["score"].max())
        points = axes.scatter(
            rank, words["effect"], c=words["score"], cmap=SEQUENTIAL, norm=limits, s=7, linewidths=0
        )
    else:
        axes.scatter(rank, words["effect"], color=MUTED, s=7, linewidths=0)
    best = words["sequence"].iloc[0]
    corner = {"xycoords": "axes fraction", "ha": "right", "va": "top"}
    axes.annotate(f"best {best}", (1, 1), **corner, fontsize=5.5)
    noted = part[part["kind"] == "noted"]
    if len(noted):
        place = 1 + int((words["effect"] > noted["effect"].iloc[0]).sum())
        axes.plot(place, noted["effect"].iloc[0], "o", color="black", markersize=4)
        if noted["sequence"].iloc[0] != best:
            late = place > len(words) / 2
            name = axes.annotate(
                noted["sequence"].iloc[0],
                (place, noted["effect"].iloc[0]),
                xytext=(-3 if late else 4, 4),
                textcoords="offset points",
                ha="right" if late else "left",
                fontsize=5.5,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5, "alpha": 0.8},
            )
            name.set_in_layout(False)
    axes.margins(x=0.04, y=0.12)
    return points


def _add_bar(chart: Figure, axes: Axes, points, column: list[Axes]) -> None:
    """Say what the colours of a column mean."""
    if points is None:
        return
    bar = chart.colorbar(points, ax=column, location="bottom", shrink=0.8, aspect=25, pad=0.02)
    bar.set_label("Matrix score (bits)", fontsize=6.5)
    bar.ax.tick_params(labelsize=6)
    bar.outline.set_visible(False)
