"""Two motifs by their distance (Toneyan et al. 2022, Fig. 6b)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epibench.experiments.effects import (
    SETTINGS,
    checked,
    name_panels,
    note_left_out,
    over_seeds,
    panels,
    shown,
)
from epibench.interpret.distance_limit import half_way
from epibench.style import COLOURS, CONTRAST, styled

KEYS = ["first", "second", "orientation", "offset", "target"]
VALUES = ["effect", "low", "high"]
_COLOURS = {"same": COLOURS[0], "turned": COLOURS[2]}
_WIDTHS = {"same": 1.8, "turned": 0.7}  # both are seen where they agree
_LABELS = {"same": "same strand", "turned": "second motif on the other strand"}


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the best distance of each pair, and how far its effect reaches.

    Parameters
    ----------
    rows : DataFrame
        The `distances.tsv` of the runs, with the axes of each run in front.

    Returns
    -------
    DataFrame
        One row a setting, pair, orientation and target, means over seeds: `best_offset`, `effect`
        there with its 95 % interval over backgrounds, `far_effect` (median over the farthest third
        of the places), `limit_upstream` and `limit_downstream` (bp at which the curve has fallen
        half-way, see `epibench.interpret.distance_limit`; NaN where it does not clearly fall).
        Targets that a binary run has not learned have no row.

    Raises
    ------
    InputError
        When there are no rows, or a column is missing.
    """
    keys = [*SETTINGS, "first", "second", "orientation", "target"]
    groups = _means(rows).groupby(keys, sort=False)
    return pd.DataFrame(
        [dict(zip(keys, key, strict=True)) | _summary(part) for key, part in groups]
    )


def _means(rows: pd.DataFrame) -> pd.DataFrame:
    means = over_seeds(checked(rows, [*KEYS, *VALUES], "gia_distance"), KEYS, VALUES)
    return means.dropna(subset="effect")


def _summary(part: pd.DataFrame) -> dict:
    best = part.loc[part["effect"].idxmax()]
    distance = part["offset"].abs()
    limits = half_way(part["offset"].to_numpy(), part["effect"].to_numpy())
    return {
        "best_offset": int(best["offset"]),
        "effect": best["effect"],
        "low": best["low"],
        "high": best["high"],
        "far_effect": part.loc[distance >= distance.quantile(2 / 3), "effect"].median(),
        **{f"limit_{side}": value for side, value in limits.items()},
        "seeds": int(part["seeds"].max()),
    }


def figure(rows: pd.DataFrame) -> Figure:
    """Draw the effect of each pair against the offset of the second motif."""
    return draw(_means(rows))


@styled
def draw(means: pd.DataFrame) -> Figure:
    """Draw the effects of `over_seeds`: a row a setting and target, a column a pair."""
    rows, left_out = shown(means)
    pairs = means[["first", "second"]].drop_duplicates().itertuples(index=False, name=None)
    pairs = list(pairs)
    chart, grid = panels(len(rows), len(pairs))
    for axes, row in zip(grid, rows, strict=True):
        for panel, (first, second) in zip(axes, pairs, strict=True):
            own = row.rows[(row.rows["first"] == first) & (row.rows["second"] == second)]
            _draw(panel, own)
    for panel, (first, second) in zip(grid[-1], pairs, strict=True):
        panel.set_xlabel(f"Offset of {second} to {first} (bp)")
    name_panels(grid, rows, [f"{first} + {second}" for first, second in pairs])
    orientations = means["orientation"].drop_duplicates()
    marks = [
        Line2D([], [], color=_COLOURS[name], lw=_WIDTHS[name], label=_LABELS[name])
        for name in orientations
    ]
    chart.legend(handles=marks, loc="outside upper right", ncols=2, fontsize=6.5)
    note_left_out(grid[-1][0], left_out)
    return chart


def _draw(axes: Axes, part: pd.DataFrame) -> None:
    """Draw one pair: a line an orientation, broken where the motifs would overlap."""
    for orientation, own in part.groupby("orientation", sort=False):
        for side in (own[own["offset"] < 0], own[own["offset"] > 0]):
            side = side.sort_values("offset")
            colour = _COLOURS[orientation]
            axes.fill_between(
                side["offset"], side["low"], side["high"], color=colour, alpha=0.15, linewidth=0
            )
            axes.plot(side["offset"], side["effect"], color=colour, lw=_WIDTHS[orientation])
    axes.axvline(0, color=CONTRAST, linewidth=0.8, linestyle=(0, (3, 2)))
    axes.margins(x=0.02)
    axes.set_xlim(*np.array([-1, 1]) * part["offset"].abs().max() * 1.03)
