"""Effects of variants against robustness to shifts, and what training with shift changes."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import ttest_ind

from epibench.experiments.metrics import RUN_COLUMNS, setting_means, target_means
from epibench.experiments.robustness import (
    OFF_SCALE,
    legend_of,
    shapes_of,
    spearman,
    spoken_rho,
)
from epibench.experiments.variants import (
    SETTINGS,
    WITH_SHIFT,
    agreements,
    checked_variants,
    gains,
)
from epibench.style import (
    AUGMENTATION_COLOURS,
    FULL_WIDTH,
    INK,
    MUTED,
    link_run,
    note_below,
    styled,
    widen,
)
from epibench.words import AUGMENTATIONS

SCORES = {"robust": "robust scores", "standard": "standard scores"}
ACROSS = "variation_score_common"
FEWEST = 3
"""Settings with and without shift from which their difference gets an interval."""


def table(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Give each run's robustness and how well it predicts effects, and their relation.

    Seeds of one setting are no independent runs, so their mean counts once.

    Parameters
    ----------
    tables : dict of str to DataFrame
        `variants` and `variation`: those files of the runs, with the axes of each run in front.

    Returns
    -------
    DataFrame
        One row a run and `score` (`robust`, `standard`): `RUN_COLUMNS`, `score`,
        `variation_score_common` (low is robust; NaN where the run's bins do not fit the common
        grid), `pearson_r` (mean over elements) with the ends `pearson_r_low` and `pearson_r_high`
        of its 95 % interval, `elements`, `shift` (whether inputs were moved in training), `gain`
        (r of robust less that of standard scores). The same in all rows of a score: `rho` of
        Spearman, the ends `rho_low` and `rho_high` of its 95 % interval, `points` (settings). The
        same in all rows: `gain_difference`, mean gain of settings without shift less that of
        settings with it, with the ends `gain_difference_low` and `gain_difference_high` of its
        95 % interval (Welch; none under 3 settings on a side). `test_set` of the variation scores.

    Raises
    ------
    InputError
        When the rows do not fit together.
    """
    variation = target_means(
        tables["variation"], "variant_robustness", key=["target"], scores=[ACROSS]
    )
    rows = checked_variants(tables["variants"], "variant_robustness", list(SCORES))
    means = agreements(rows, list(SCORES))
    means = means[means["element"] == "mean"]
    means = means.merge(variation[["run", ACROSS, "test_set"]], on="run", how="left")
    means = means.merge(gains(means), on="run")
    means["shift"] = means["augmentation"].isin(WITH_SHIFT)
    parts = [_with_rho(means[means["score"] == score]) for score in SCORES]
    found = pd.concat(parts, ignore_index=True)
    difference = dict(zip(("", "_low", "_high"), without_less_with(_gains(found)), strict=True))
    found = found.assign(**{f"gain_difference{end}": value for end, value in difference.items()})
    columns = ["score", ACROSS, "pearson_r", "pearson_r_low", "pearson_r_high", "elements"]
    columns += ["shift", "gain", "rho", "rho_low", "rho_high", "points"]
    columns += [f"gain_difference{end}" for end in difference]
    return found[[*RUN_COLUMNS, *columns, "test_set"]]


def _with_rho(part: pd.DataFrame) -> pd.DataFrame:
    """Add rho over settings to the rows of a score."""
    points = part.groupby(SETTINGS)[[ACROSS, "pearson_r"]].mean().dropna()
    rho, low, high = spearman(*points.to_numpy().T)
    return part.assign(rho=rho, rho_low=low, rho_high=high, points=len(points))


def _gains(table: pd.DataFrame) -> pd.DataFrame:
    """Give the gain of each setting, mean over its seeds."""
    runs = table.drop_duplicates("run").dropna(subset="gain")
    return setting_means(runs, [*SETTINGS, "shift"], ["gain"])


def without_less_with(settings: pd.DataFrame) -> tuple[float, float, float]:
    """Give the mean gain without shift less that with shift, and its 95 % interval after Welch.

    Parameters
    ----------
    settings : DataFrame
        One row a setting: `gain`, `shift` (bool).

    Returns
    -------
    difference, low, high : float
        NaN under `FEWEST` settings on a side.
    """
    without = settings.loc[~settings["shift"], "gain"]
    shifted = settings.loc[settings["shift"], "gain"]
    if min(len(without), len(shifted)) < FEWEST:
        return (float("nan"),) * 3
    interval = ttest_ind(without, shifted, equal_var=False).confidence_interval(0.95)
    return without.mean() - shifted.mean(), float(interval.low), float(interval.high)


def figure(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw the table of the tables."""
    return draw(table(tables))


@styled
def draw(table: pd.DataFrame) -> Figure:
    """Draw r against robustness for both scores, and the gain by augmentation."""
    shapes = shapes_of(table)
    chart = Figure(figsize=(FULL_WIDTH, 5.6), layout="constrained")
    chart.get_layout_engine().set(h_pad=0.06, w_pad=0.06)
    panels = chart.subplot_mosaic([list(SCORES), ["gain", "gain"]])
    for score, name in SCORES.items():
        _draw(panels[score], table[table["score"] == score], shapes)
        panels[score].set_ylabel(f"Mean r within elements, {name}")
    panels["standard"].sharey(panels["robust"])
    panels["robust"].autoscale(axis="y")
    widen(panels["robust"], y=0.05)
    _draw_gains(panels["gain"], table, shapes)
    chart.legend(handles=legend_of(table, shapes), loc="outside right upper")
    return chart


def _draw(axes: Axes, part: pd.DataFrame, shapes: dict[str, str]) -> None:
    """Draw a point a setting, the mean over its seeds."""
    ends = ["pearson_r_low", "pearson_r_high"]
    points = setting_means(part, SETTINGS, [ACROSS, "pearson_r", *ends])
    x = points[ACROSS]
    drawn = points["pearson_r"].notna() & (x <= max(1.0, OFF_SCALE * x.median()))
    for row in points[drawn].itertuples():
        colour = AUGMENTATION_COLOURS[row.augmentation]
        place = getattr(row, ACROSS)
        thin = {"color": colour, "lw": 0.6, "alpha": 0.45, "zorder": 1}
        axes.vlines(place, row.pearson_r_low, row.pearson_r_high, **thin)
        (mark,) = axes.plot(place, row.pearson_r, **_point(row, shapes))
        link_run(mark, row.run)
    axes.set_title(spoken_rho(part.iloc[0]), fontsize=7.5, fontweight="normal")
    axes.set_xlabel("Variation with place (low is robust)")
    axes.margins(0.08)
    widen(axes, x=0.05)
    axes.grid(True)
    if not drawn.all():
        note_below(axes, f"Off scale or without a score, see table: {(~drawn).sum()}.")


def _point(row, shapes: dict[str, str]) -> dict:
    """Give the look of a setting's point."""
    style = {"color": AUGMENTATION_COLOURS[row.augmentation], "marker": shapes[row.model]}
    return style | {"markersize": 5.5, "markeredgecolor": "white", "markeredgewidth": 0.5}


def _draw_gains(axes: Axes, table: pd.DataFrame, shapes: dict[str, str]) -> None:
    """Draw the gain of each setting, a column an augmentation, those without shift first."""
    settings = _gains(table)
    used = [name for name in AUGMENTATIONS if name in set(settings["augmentation"])]
    used.sort(key=lambda name: name in WITH_SHIFT)
    for place, name in enumerate(used):
        part = settings[settings["augmentation"] == name]
        spread = 0.3 * (np.arange(len(part)) - (len(part) - 1) / 2) / max(len(part) - 1, 1)
        for aside, row in zip(spread, part.itertuples(), strict=True):
            (mark,) = axes.plot(place + aside, row.gain, **_point(row, shapes))
            link_run(mark, row.run)
        if len(part) > 1:
            axes.hlines(part["gain"].mean(), place - 0.3, place + 0.3, color=INK, lw=1)
    axes.axhline(0, color=MUTED, linestyle=":", zorder=0)
    without = sum(name not in WITH_SHIFT for name in used)
    if 0 < without < len(used):
        axes.axvline(without - 0.5, color=MUTED, lw=0.6)
    labels = [f"{name}\n{'with' if name in WITH_SHIFT else 'without'} shift" for name in used]
    axes.set_xticks(range(len(used)), labels)
    axes.set_xlim(-0.6, len(used) - 0.4)
    axes.tick_params(axis="x", length=0)
    axes.set_ylabel("Robust minus standard, mean r")
    axes.margins(y=0.08)
    widen(axes, y=0.02)
    axes.grid(True, axis="y")
    axes.set_title(_spoken_difference(table.iloc[0]), fontsize=7.5, fontweight="normal")


def _spoken_difference(row: pd.Series) -> str:
    """Say how much more settings without shift gain, or why it is not known."""
    if np.isnan(row["gain_difference"]):
        return "too few settings with or without shift to compare"
    ends = ("gain_difference", "gain_difference_low", "gain_difference_high")
    value, low, high = (f"{row[end]:.3f}".replace("-", "\N{MINUS SIGN}") for end in ends)
    return f"gain without shift less gain with shift: {value} ({low} to {high})"
