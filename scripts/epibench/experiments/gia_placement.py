"""One motif by its place in the input and by its number of copies."""

import numpy as np
import pandas as pd
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
from epibench.style import COLOURS, MUTED, SHAPES, styled

VALUES = ["effect", "low", "high"]
_PALETTE = (*COLOURS, "#56B4E9", "#7d8890", "#8c564b")


def table(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Give how much place and number of a motif matter.

    Parameters
    ----------
    tables : dict of str to DataFrame
        `positions` and `copies`: those files of the runs, with the axes of each run in front.

    Returns
    -------
    DataFrame
        One row a setting, motif and target, means over seeds: `mean_effect` over positions,
        `lowest_effect` and `highest_effect` with their positions, then `copies_<n>` (effect of n
        copies) and `last_over_single`: the effect of the most copies over that of one, divided by
        their number (1: additive, below: saturating). Targets that a binary run has not learned
        have no row.

    Raises
    ------
    InputError
        When there are no rows, or a column is missing.
    """
    keys = [*SETTINGS, "motif", "target"]
    positions, copies = _means(tables)
    found = []
    by_copies = dict(list(copies.groupby(keys, sort=False)))
    for key, part in positions.groupby(keys, sort=False):
        low, high = (part.loc[part["effect"].agg(end)] for end in ("idxmin", "idxmax"))
        row = dict(zip(keys, key, strict=True)) | {
            "mean_effect": part["effect"].mean(),
            "lowest_effect": low["effect"],
            "lowest_position": int(low["position"]),
            "highest_effect": high["effect"],
            "highest_position": int(high["position"]),
        }
        effects = by_copies[key].set_index("copies")["effect"]
        row |= {f"copies_{count}": value for count, value in effects.items()}
        single, most = effects.loc[1], effects.index.max()
        row["last_over_single"] = effects[most] / single / most if single > 0 else np.nan
        found.append(row)
    return pd.DataFrame(found)


def _means(tables: dict[str, pd.DataFrame]) -> tuple[pd.DataFrame, pd.DataFrame]:
    found = []
    for name, column in (("positions", "position"), ("copies", "copies")):
        keys = ["motif", column, "target"]
        rows = checked(tables[name], [*keys, *VALUES], "gia_placement")
        found.append(over_seeds(rows, keys, VALUES).dropna(subset="effect"))
    return tuple(found)


def figure(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw effects by position, and by number of copies."""
    return draw(*_means(tables))


@styled
def draw(positions: pd.DataFrame, copies: pd.DataFrame) -> Figure:
    """Draw a row a setting and target; a line a motif."""
    rows, left_out = shown(positions)
    counted, _ = shown(copies)
    motifs = positions["motif"].drop_duplicates().tolist()
    colours = {name: _PALETTE[i % len(_PALETTE)] for i, name in enumerate(motifs)}
    shapes = {name: SHAPES[i % len(SHAPES)] for i, name in enumerate(motifs)}
    chart, grid = panels(len(rows), 2, 1.4)
    for (left, right), row, others in zip(grid, rows, counted, strict=True):
        for motif in motifs:
            own = row.rows[row.rows["motif"] == motif]
            left.plot(own["position"], own["effect"], color=colours[motif])
            own = others.rows[others.rows["motif"] == motif].sort_values("copies")
            right.plot(
                own["copies"], own["effect"], color=colours[motif], marker=shapes[motif], ms=3
            )
            additive = own["copies"] * own["effect"].iloc[0]
            right.plot(own["copies"], additive, color=colours[motif], lw=0.6, ls=(0, (1, 2)))
        left.axhline(0, color=MUTED, linewidth=0.5)
        right.set_xticks(sorted(copies["copies"].unique()))
    grid[-1][0].set_xlabel("Position of one copy in the input (bp)")
    grid[-1][1].set_xlabel("Copies side by side\n(dotted: as many single effects)")
    name_panels(grid, rows, ["Place", "Number"])
    marks = [
        Line2D([], [], color=colours[name], marker=shapes[name], ms=3, label=name)
        for name in motifs
    ]
    chart.legend(handles=marks, loc="outside upper right", ncols=6, fontsize=6.5)
    note_left_out(grid[-1][0], left_out)
    return chart
