"""Motifs replaced in natural sequences (Toneyan et al. 2022, Supp. Fig. 2)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from epibench.experiments.effects import (
    checked,
    name_panels,
    note_left_out,
    over_seeds,
    panels,
    shown,
)
from epibench.experiments.whole_r import is_binary
from epibench.style import CONTRAST, MUTED, SEQUENTIAL, styled

KEYS = ["motif", "instances", "target", "sequences"]
VALUES = ["effect", "low", "high", "prediction"]
GROUPS = {"1": SEQUENTIAL(0.3), "2": SEQUENTIAL(0.6), "3+": SEQUENTIAL(0.9)}


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the effect of a motif in natural sequences by its number of instances.

    Parameters
    ----------
    rows : DataFrame
        The `occlusion.tsv` of the runs, with the axes of each run in front.

    Returns
    -------
    DataFrame
        One row a setting, motif, number of instances and target, means over seeds: `sequences`,
        `effect` (unchanged less replaced) with its 95 % interval over sequences, `prediction` of
        the unchanged, `share` (effect over prediction; missing for logits).

    Raises
    ------
    InputError
        When there are no rows, or a column is missing.
    """
    means = _means(rows)
    share = means["effect"] / means["prediction"].where(~is_binary(means))
    return means.assign(share=share)


def _means(rows: pd.DataFrame) -> pd.DataFrame:
    rows = checked(rows, [*KEYS, *VALUES], "occlusion")
    rows = rows.assign(instances=rows["instances"].astype(str))
    return over_seeds(rows, KEYS, VALUES).dropna(subset="effect")  # targets not learned


def figure(rows: pd.DataFrame) -> Figure:
    """Draw the effects of each group of sequences."""
    return draw(_means(rows))


@styled
def draw(means: pd.DataFrame) -> Figure:
    """Draw a row a setting, a column a motif, and bars side by side for each target."""
    rows, left_out = shown(means.assign(target="", own_target=means["target"]))
    motifs = means["motif"].drop_duplicates().tolist()
    targets = means["target"].drop_duplicates().tolist()
    chart, grid = panels(len(rows), len(motifs), 1.4)
    for axes, row in zip(grid, rows, strict=True):
        for panel, motif in zip(axes, motifs, strict=True):
            _draw(panel, row.rows[row.rows["motif"] == motif], targets)
            panel.tick_params(labelbottom=axes is grid[-1])
    name_panels(grid, rows, motifs)
    marks = [Patch(color=colour, label=name) for name, colour in GROUPS.items()]
    chart.legend(
        handles=marks,
        title="Instances in a sequence",
        loc="outside upper right",
        ncols=3,
        fontsize=6.5,
        title_fontsize=6.5,
    )
    note_left_out(grid[-1][0], left_out)
    return chart


def _draw(axes: Axes, part: pd.DataFrame, targets: list[str]) -> None:
    """Draw the bars of one motif, with the number of sequences above each group."""
    width = 0.8 / len(GROUPS)
    for number, (group, colour) in enumerate(GROUPS.items()):
        own = part[part["instances"] == group].set_index("own_target").reindex(targets)
        place = np.arange(len(targets)) + (number - 1) * width
        ends = np.abs(own[["low", "high"]].to_numpy().T - own["effect"].to_numpy())
        axes.bar(place, own["effect"], width, color=colour)
        axes.errorbar(place, own["effect"], ends, fmt="none", ecolor=CONTRAST, elinewidth=0.9)
    counts = part.drop_duplicates("instances").set_index("instances")["sequences"]
    spoken = ", ".join(f"{name}: {int(counts[name])}" for name in GROUPS if name in counts.index)
    axes.text(0.02, 0.98, f"sequences {spoken}", transform=axes.transAxes, va="top", fontsize=5.5)
    axes.axhline(0, color=MUTED, linewidth=0.5)
    turned = len(targets) > 4
    axes.set_xticks(range(len(targets)), targets, rotation=60 if turned else 0)
    axes.margins(y=0.2)
