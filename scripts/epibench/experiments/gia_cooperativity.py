"""Two motifs together against the sum of both (Toneyan et al. 2022, Fig. 6c)."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from epibench.experiments.effects import (
    SETTINGS,
    checked,
    name_panels,
    note_left_out,
    over_seeds,
    panels,
    shown,
)
from epibench.interpret.bootstrap_mean import Bootstrap
from epibench.style import COLOURS, INK, styled

PAIR = ["first", "second", "orientation", "offset"]
KEYS = [*PAIR, "target", "background"]
VALUES = ["first_effect", "second_effect", "both_effect"]
REPLICATES, SEED = 1000, 1


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Give what two motifs do together beyond what they do alone.

    Parameters
    ----------
    rows : DataFrame
        The `cooperativity.tsv` of the runs, with the axes of each run in front.

    Returns
    -------
    DataFrame
        One row a setting, pair and target, means over seeds and backgrounds: `first_effect`,
        `second_effect`, `both_effect`, `sum_effect` and `interaction` (both less the sum), each
        with the ends `..._low` and `..._high` of its 95 % interval over backgrounds, `ratio` (both
        over the sum; NaN where that is not positive), `backgrounds`, `seeds`. With several
        seeds a pair may stand at a distance of its own in each, in a row of its own. Targets that
        a binary run has not learned have no row.

    Raises
    ------
    InputError
        When there are no rows, or a column is missing.
    """
    means = _summed(rows)
    keys = [*SETTINGS, *PAIR, "target"]
    groups = means.groupby(keys, sort=False)
    return pd.DataFrame(
        [dict(zip(keys, key, strict=True)) | _summary(part) for key, part in groups]
    )


def _summed(rows: pd.DataFrame) -> pd.DataFrame:
    means = over_seeds(checked(rows, [*KEYS, *VALUES], "gia_cooperativity"), KEYS, VALUES)
    means = means.dropna(subset=VALUES)
    total = means["first_effect"] + means["second_effect"]
    return means.assign(sum_effect=total, interaction=means["both_effect"] - total)


def _summary(part: pd.DataFrame) -> dict:
    columns = [*VALUES, "sum_effect", "interaction"]
    mean, low, high = Bootstrap(len(part), REPLICATES, SEED)(part[columns].to_numpy())
    found = {}
    for name, *ends in zip(columns, mean, low, high, strict=True):
        found |= dict(zip([name, f"{name}_low", f"{name}_high"], ends, strict=True))
    total = found["sum_effect"]
    ratio = found["both_effect"] / total if total > 0 else float("nan")
    return found | {
        "ratio": ratio,
        "backgrounds": len(part),
        "seeds": int(part["seeds"].max()),
    }


def figure(rows: pd.DataFrame) -> Figure:
    """Draw the spread over backgrounds of each motif, both and the sum."""
    return draw(_summed(rows))


@styled
def draw(means: pd.DataFrame) -> Figure:
    """Draw the effects of `_summed`: a row a setting and target, a column a pair."""
    rows, left_out = shown(means)
    pairs = list(means[["first", "second"]].drop_duplicates().itertuples(index=False, name=None))
    chart, grid = panels(len(rows), len(pairs))
    for axes, row in zip(grid, rows, strict=True):
        for panel, (first, second) in zip(axes, pairs, strict=True):
            own = row.rows[(row.rows["first"] == first) & (row.rows["second"] == second)]
            _draw(panel, own, first, second)
    name_panels(grid, rows, [f"{first} + {second}" for first, second in pairs])
    note_left_out(grid[-1][0], left_out)
    return chart


def _draw(axes: Axes, part: pd.DataFrame, first: str, second: str) -> None:
    """Draw the four boxes of a pair; those of the sum are what no interaction would give."""
    columns = ["first_effect", "second_effect", "both_effect", "sum_effect"]
    boxes = axes.boxplot(
        [part[column].dropna() for column in columns],
        showfliers=False,
        widths=0.6,
        patch_artist=True,
        medianprops={"color": INK, "linewidth": 1},
        boxprops={"linewidth": 0.6},
        whiskerprops={"linewidth": 0.6},
        capprops={"linewidth": 0.6},
    )
    for box, colour in zip(boxes["boxes"], COLOURS, strict=False):
        box.set_facecolor(colour)
        box.set_alpha(0.7)
    second = f"{second} (2nd)" if first == second else second
    axes.set_xticks(range(1, 5), [first, second, "both", "sum"])
    places = part[["offset", "orientation"]].drop_duplicates().itertuples(index=False, name=None)
    turned = {"same": "", "turned": " turned"}
    # several where the best place differs between seeds, whose backgrounds a box then pools
    spoken = ", ".join(f"{offset}{turned[orientation]}" for offset, orientation in places)
    axes.set_xlabel(f"offset {spoken}".replace("-", "\N{MINUS SIGN}"), fontsize=6)
    axes.margins(y=0.15)
