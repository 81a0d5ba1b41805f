"""Predicted against measured effects of variants (Toneyan et al. 2022, Fig. 5b, c)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from epibench.experiments.metrics import RUN_COLUMNS, only_run, setting_means
from epibench.experiments.robustness import legend_of, shapes_of, spearman, spoken_rho
from epibench.experiments.variants import (
    SCORES,
    SETTINGS,
    WITH_SHIFT,
    agreements,
    checked_variants,
    gains,
    name_settings,
    over_seeds,
)
from epibench.experiments.whole_r import WHOLE, is_binary, whole_r
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

RHO = ["rho", "rho_low", "rho_high", "points"]
TWO_COLUMNS = 26
"""Bars from which on they stand in two columns."""


def table(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Give how well each run predicts measured effects, beside its r of the whole chromosome.

    Parameters
    ----------
    tables : dict of str to DataFrame
        `variants` and `metrics`: those files of the runs, with the axes of each run in front.

    Returns
    -------
    DataFrame
        One row a run, score and element, and one with the mean over elements (element "mean"):
        `kind` (`run`; `ensemble`: the scores of a setting's seeds averaged), `RUN_COLUMNS`,
        `seeds`, `score` (see `epibench.experiments.variants.SCORES`), `element`, `split` (of the
        study: elements of "train" are not held out), `pearson_r` with the ends `pearson_r_low` and
        `pearson_r_high` of its 95 % interval, `variants`, `elements`; for ensembles `spread`: mean
        over variants (for "mean" over elements) of the standard deviation of the score over seeds.
        In rows of runs that are means over elements: `whole_r`, the run's Pearson's r on the whole
        test chromosome at `evaluated_bin_size` (none for binary runs), with `whole_r_low` and
        `whole_r_high`; `rho`, Spearman's rho between both over settings (seeds averaged), with
        the ends `rho_low` and `rho_high` of its 95 % interval, over `points` settings.

    Raises
    ------
    InputError
        When the rows do not fit together, or the runs share no evaluated bin size.
    """
    rows = checked_variants(tables["variants"], "variant_effects", SCORES)
    of_runs = agreements(rows, SCORES).assign(kind="run", seeds=1)
    averaged = over_seeds(rows, SCORES)
    averaged = averaged[averaged["seeds"] > 1]
    parts = [_beside_whole_r(of_runs, whole_r(tables["metrics"], "variant_effects"))]
    if len(averaged):
        parts.append(_with_spread(agreements(averaged, SCORES), averaged))
    found = pd.concat(parts, ignore_index=True)
    found = found.astype(dict.fromkeys(["seed", "evaluated_bin_size", "points"], "Int64"))
    if "spread" not in found:
        found["spread"] = np.nan
    r = ["score", "element", "split", *WHOLE, "variants", "elements", "spread"]
    whole = ["whole_r", "whole_r_low", "whole_r_high", "evaluated_bin_size"]
    return found[["kind", *RUN_COLUMNS, "seeds", *r, *whole, *RHO]]


def _beside_whole_r(r: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    """Add the r of the whole chromosome, and rho, to the rows that are means over elements."""
    means = r.loc[r["element"] == "mean", [*SETTINGS, "run", "score", "element", "pearson_r"]]
    means = means.merge(whole, on="run", how="left")
    rhos = []
    for score, part in means.groupby("score"):
        points = part.groupby(SETTINGS)[["whole_r", "pearson_r"]].mean().dropna()
        rho = (*spearman(*points.to_numpy().T), len(points))
        rhos.append({"score": score} | dict(zip(RHO, rho, strict=True)))
    means = means.merge(pd.DataFrame(rhos), on="score")
    return r.merge(
        means.drop(columns=[*SETTINGS, "pearson_r"]), on=["run", "score", "element"], how="left"
    )


def _with_spread(r: pd.DataFrame, averaged: pd.DataFrame) -> pd.DataFrame:
    """Add number of seeds and spread to the agreement of ensembles."""
    columns = {f"{score}_spread": score for score in SCORES}
    by_element = averaged.groupby(["run", "element"], sort=False)[list(columns)].mean()
    means = by_element.groupby("run").mean()
    means.index = pd.MultiIndex.from_product([means.index, ["mean"]], names=["run", "element"])
    spread = pd.concat([by_element, means]).rename(columns=columns)
    spread = spread.rename_axis(columns="score").stack().rename("spread").reset_index()
    seeds = averaged.groupby("run")["seeds"].first()
    r = r.assign(kind="ensemble", seeds=r["run"].map(seeds))
    return r.merge(spread, on=["run", "element", "score"], how="left")


def figure(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw the table of the tables."""
    return draw(table(tables))


@styled
def draw(table: pd.DataFrame) -> Figure:
    """Draw r of variant effects against r of the chromosome, and what robust scores gain."""
    runs = table[(table["kind"] == "run") & (table["element"] == "mean")]
    gain = _gain_of_runs(runs)
    settings = gain.groupby(SETTINGS, sort=False)["gain"].mean().dropna().reset_index()
    columns = 1 if len(settings) < TWO_COLUMNS else 2
    heights = [3.3, 0.75 + 0.135 * -(-len(settings) // columns)]
    chart = Figure(figsize=(FULL_WIDTH, sum(heights)), layout="constrained")
    chart.get_layout_engine().set(h_pad=0.05, w_pad=0.05)
    above, below = chart.subfigures(2, height_ratios=heights)
    groups = settings.groupby(settings["augmentation"].isin(WITH_SHIFT))["gain"]
    compared = groups.ngroups == 2 and groups.size().min() > 1
    panels = above.subplots(1, 1 + compared, squeeze=False)[0]
    shapes = shapes_of(runs)
    _draw_scatter(panels[0], table, shapes)
    if compared:
        _draw_distributions(panels[1], groups)
    above.legend(handles=legend_of(runs, shapes), loc="outside right upper", fontsize=6.5)
    _draw_bars(below, settings, gain, columns)
    return chart


def _gain_of_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """Give the settings of each run with what the robust score gains over the standard one."""
    return runs.drop_duplicates("run")[RUN_COLUMNS].merge(gains(runs), on="run")


def _draw_scatter(axes: Axes, table: pd.DataFrame, shapes: dict[str, str]) -> None:
    """Draw a point a setting: means over seeds of both r and of the ends of their intervals."""
    runs = table[(table["kind"] == "run") & (table["element"] == "mean")]
    robust = runs[runs["score"] == "robust"]
    whole = [name.replace("pearson", "whole") for name in WHOLE]
    points = setting_means(robust, SETTINGS, [*whole, *WHOLE])
    drawn = points[["whole_r", "pearson_r"]].notna().all(axis=1)
    for row in points[drawn].itertuples():
        colour = AUGMENTATION_COLOURS[row.augmentation]
        thin = {"color": colour, "lw": 0.6, "alpha": 0.45, "zorder": 1}
        axes.hlines(row.pearson_r, row.whole_r_low, row.whole_r_high, **thin)
        axes.vlines(row.whole_r, row.pearson_r_low, row.pearson_r_high, **thin)
        point = {"marker": shapes[row.model], "markeredgecolor": "white", "markeredgewidth": 0.5}
        (mark,) = axes.plot(row.whole_r, row.pearson_r, color=colour, markersize=5.5, **point)
        link_run(mark, row.run)
    axes.set_title(spoken_rho(robust.iloc[0]), fontsize=7.5, fontweight="normal")
    size = robust["evaluated_bin_size"].dropna()
    at = f" at {size.iloc[0]} bp" if len(size) else ""
    axes.set_xlabel(f"Pearson's r, whole chromosome{at}")
    axes.set_ylabel("Mean r within elements (robust scores)")
    axes.margins(0.06)
    widen(axes, x=0.05, y=0.05)
    axes.grid(True)
    note_below(axes, _remark(table, points, drawn), 60)


def _remark(table: pd.DataFrame, points: pd.DataFrame, drawn: pd.Series) -> str:
    """Say what the scatter leaves out, rho of standard scores, and which elements are held out."""
    rows = table[table["kind"] == "run"]
    standard = rows[(rows["element"] == "mean") & (rows["score"] == "standard")]
    remarks = [f"With standard scores: {spoken_rho(standard.iloc[0])}."]
    elements = rows[rows["element"] != "mean"].drop_duplicates("element")
    trained = int((elements["split"] == "train").sum())
    remarks.append(f"Elements: {len(elements)}, on training chromosomes: {trained}.")
    binary = is_binary(points)
    if binary.any():
        r = points.loc[binary, "pearson_r"].agg(["min", "max"]).map("{:.2f}".format)
        values = " to ".join(dict.fromkeys(r)).replace("-", "\N{MINUS SIGN}")
        remarks.append(f"Binary settings, which predict no profile: {binary.sum()}, r {values}.")
    other = int((~drawn & ~binary).sum())
    if other:
        remarks.append(f"Without an r, see table: {other}.")
    return " ".join(remarks)


def _draw_distributions(axes: Axes, groups) -> None:
    """Draw the cumulative distribution of gains with and without shift augmentation."""
    for shifted, values in groups:
        label = f"{'with' if shifted else 'without'} shift, n = {len(values)}"
        axes.ecdf(values, color=INK, linestyle="-" if shifted else "--", lw=1.2, label=label)
    axes.axvline(0, 0, 1 / 1.28, color=MUTED, linestyle=":", zorder=0)
    axes.set_title("Trained with and without shift")
    axes.set_xlabel("Robust minus standard, mean r")
    axes.set_ylabel("Share of settings")
    axes.legend(loc="upper left", fontsize=6.5, handlelength=2.4)
    axes.set_ylim(0, 1.28)
    axes.set_yticks([0, 0.5, 1])


def _draw_bars(chart: SubFigure, settings: pd.DataFrame, gain: pd.DataFrame, columns: int) -> None:
    """Draw a bar a setting, the largest gain first; dashes are its seeds."""
    settings = settings.sort_values("gain", ascending=False, kind="stable", ignore_index=True)
    names = np.array(name_settings(settings, leave_out=["augmentation"]))
    length = -(-len(settings) // columns)
    panels = chart.subplots(1, columns, squeeze=False, sharex=True)[0]
    ends = np.append(gain["gain"].dropna(), 0.0)
    for column, axes in enumerate(panels):
        part = settings.iloc[column * length : (column + 1) * length]
        colours = part["augmentation"].map(AUGMENTATION_COLOURS)
        places = np.arange(len(part))
        bars = axes.barh(places, part["gain"], 0.72, color=colours)
        settings_of_bars = part[SETTINGS].to_dict("records")
        for place, bar, setting in zip(places, bars, settings_of_bars, strict=True):
            runs = gain[(gain[SETTINGS] == pd.Series(setting)).all(axis=1)]
            link_run(bar, only_run(runs["run"]))
            if len(runs) > 1:
                axes.vlines(runs["gain"], place - 0.36, place + 0.36, color=INK, lw=0.7)
        axes.axvline(0, color=INK, lw=0.6)
        axes.set_yticks(places, names[part.index], fontsize=6)
        axes.set_ylim(length - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.grid(True, axis="x")
    margin = 0.04 * max(np.ptp(ends), 0.02)
    panels[0].set_xlim(ends.min() - margin, ends.max() + margin)
    chart.supxlabel("Robust minus standard, mean r", fontsize=7.5)
    better = f"{(settings['gain'] > 0).sum()} of {len(settings)} settings"
    panels[0].set_title(f"Robust scores have the higher mean r in {better}")
