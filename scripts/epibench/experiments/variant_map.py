"""Measured and predicted effects of all variants of one element (Toneyan et al. 2022, Fig. 5a)."""

from dataclasses import dataclass
from textwrap import fill

import numpy as np
import pandas as pd
from matplotlib.colors import Normalize
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from epibench.errors import InputError
from epibench.experiments.metrics import RUN_COLUMNS
from epibench.experiments.variants import (
    SETTINGS,
    VARIANT,
    agreements,
    checked_variants,
    name_settings,
    over_seeds,
)
from epibench.style import CONTRAST, DIVERGING, FULL_WIDTH, INK, MUTED, styled
from epibench.words import BASES

MOST_SETTINGS = 6
MOST_POSITIONS = 300
"""Positions in a row of the map: more could not be told apart at page width."""
NOT_MEASURED = "#d5dade"
_R = ["pearson_r", "pearson_r_low", "pearson_r_high"]

_CELL, _TITLE, _PANEL = 0.062, 0.17, 1.4
"""Heights in inches: of a base in a strip, of a strip's title, of a panel with a profile."""
_PANELS = 3
"""Profiles side by side."""


def table(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Give measured and predicted effect of each variant of the shown element.

    Parameters
    ----------
    tables : dict of str to DataFrame
        `variants` and `variant_profile`: those files of the runs, with the axes of each run in
        front. The element that the profiles are of is shown.

    Returns
    -------
    DataFrame
        One row a setting and variant, of the six settings with the highest r (those that the page
        can show, since every row is in its file), the best first: `element`, `chrom`,
        `start` (0-based), `ref`, `alt` ("-" for a deletion), `split`, `measured`, `RUN_COLUMNS`
        (`run` ends in "ensemble", without `seed`, where several seeds are averaged), `seeds`,
        `predicted` (robust score), `pearson_r` within the element with the ends `pearson_r_low`
        and `pearson_r_high` of its 95 % interval, `settings` (how many were scored).

    Raises
    ------
    InputError
        When the rows do not fit together, or no run has a profile.
    """
    rows = checked_variants(tables["variants"], "variant_map", ["robust"])
    element = _shown_variant(tables["variant_profile"])["element"].item()
    rows = rows[rows["element"] == element]
    averaged = over_seeds(rows, ["robust"])
    r = agreements(averaged, ["robust"])
    best = r[r["element"] != "mean"].sort_values("pearson_r", ascending=False, kind="stable")
    best = best.assign(settings=len(best)).head(MOST_SETTINGS)
    found = best[["run", *_R, "settings"]].merge(averaged, on="run")
    found = found.rename(columns={"effect": "measured", "robust": "predicted"})
    columns = [*VARIANT, "split", "measured", *RUN_COLUMNS, "seeds", "predicted", *_R, "settings"]
    return found[columns].round(6)


def _shown_variant(profile: pd.DataFrame) -> pd.DataFrame:
    """Give the variant that all profiles are of: one row with `VARIANT`."""
    found = profile[VARIANT].drop_duplicates()
    if len(found) != 1:
        raise InputError(
            f"variant_map: the profiles of the runs are of {len(found)} variants, not of one; "
            "there must be a run that predicts coverage, and all must be scored on the same "
            "variants"
        )
    return found


def figure(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw the table of the tables, and the profiles."""
    return draw(table(tables), tables["variant_profile"])


@dataclass(frozen=True)
class _Strip:
    """A strip of the map: its title, and effects, shape (bases, positions)."""

    title: str
    effects: np.ndarray

    @property
    def scale(self) -> float:
        """Give the effect at the ends of the colours, which few variants exceed."""
        sizes = np.abs(self.effects[np.isfinite(self.effects)])
        return float(np.percentile(sizes, 99)) or 1.0


@styled
def draw(table: pd.DataFrame, profile: pd.DataFrame) -> Figure:
    """Draw the map, a strip a setting, in rows of positions; below reference and alternative."""
    single = table[(table["ref"].str.len() == 1) & (table["alt"].str.len() == 1)]
    bases = BASES + ("-" if (single["alt"] == "-").any() else "")
    positions = np.arange(single["start"].min(), single["start"].max() + 1)
    strips = _strips(single, bases, positions)
    blocks = np.array_split(positions, -(-len(positions) // MOST_POSITIONS))
    profiles = _profiles(table, profile)
    rows = -(-len(profiles) // _PANELS)
    block = len(strips) * (_TITLE + _CELL * len(bases)) + 0.3
    heights = [*(block for _ in blocks), 0.4, 0.45 + _PANEL * rows]
    chart = Figure(figsize=(FULL_WIDTH, sum(heights) + 0.2), layout="constrained")
    chart.suptitle(_heading(table), fontsize=8, fontweight="bold", x=0.01, ha="left")
    *maps, scale, below = chart.subfigures(len(heights), height_ratios=heights)
    for part, within in zip(maps, blocks, strict=True):
        _draw_block(part, strips, positions, within, bases, single)
    _draw_scale(scale, table)
    if profiles:
        variant = table.merge(_shown_variant(profile), on=VARIANT).iloc[0]
        _draw_profiles(below, profiles, variant, rows)
    return chart


def _strips(single: pd.DataFrame, bases: str, positions: np.ndarray) -> list[_Strip]:
    """Give the strip of the measured effects, then that of each setting."""

    def grid(part: pd.DataFrame, column: str) -> np.ndarray:
        cells = part.pivot_table(index="alt", columns="start", values=column)
        return cells.reindex(index=list(bases), columns=positions).to_numpy(float)

    settings = single.drop_duplicates("run")
    strips = []
    for name, row in zip(name_settings(settings), settings.to_dict("records"), strict=True):
        part = single[single["run"] == row["run"]]
        strips = strips or [_Strip("Measured", grid(part, "measured"))]
        ends = f"{row['pearson_r_low']:.2f} to {row['pearson_r_high']:.2f}"
        r = f"r {row['pearson_r']:.2f}" + ("" if "nan" in ends else f" ({ends})")
        seeds = f", mean of {row['seeds']} seeds" if row["seeds"] > 1 else ""
        title = f"{name}{seeds}: {r}".replace(" -", " \N{MINUS SIGN}")
        strips.append(_Strip(title, grid(part, "predicted")))
    return strips


def _profiles(table: pd.DataFrame, profile: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """Give name and profile of each setting that predicts one, averaged over seeds."""
    settings = table.drop_duplicates("run")
    found = []
    for name, setting in zip(name_settings(settings), settings[SETTINGS].to_numpy(), strict=True):
        part = profile[(profile[SETTINGS] == setting).all(axis=1)]
        if len(part):
            means = part.groupby("position")[["reference", "alternative"]].mean()
            found.append((name, means))
    return found


def _heading(table: pd.DataFrame) -> str:
    """Name the element, its place and whether its chromosome was trained on."""
    row, last = table.iloc[0], table["start"].max()
    split = {"train": "training", "valid": "validation", "test": "test"}.get(row["split"])
    kind = f" ({split} chromosome)" if split else ""
    return f"{row['element']}, {row['chrom']}:{row['start']:,}-{last + 1:,}{kind}"


def _draw_block(
    chart: SubFigure,
    strips: list[_Strip],
    positions: np.ndarray,
    within: np.ndarray,
    bases: str,
    single: pd.DataFrame,
) -> None:
    """Draw one row of positions of all strips."""
    reference = single.groupby("start")["ref"].first().map(bases.index)
    reference = reference[reference.index.isin(within)]
    begin = int(within[0] - positions[0])
    for axes, strip in zip(chart.subplots(len(strips), sharex=True), strips, strict=True):
        effects = strip.effects[:, begin : begin + len(within)].copy()
        effects[reference, reference.index - within[0]] = 0
        axes.imshow(
            effects,
            cmap=DIVERGING.with_extremes(bad=NOT_MEASURED),
            norm=Normalize(-strip.scale, strip.scale),
            extent=(within[0] - 0.5, within[-1] + 0.5, len(bases) - 0.5, -0.5),
            aspect="auto",
            interpolation="none",
        )
        axes.plot(reference.index, reference, "o", color=INK, markersize=1.1, markeredgewidth=0)
        axes.set_yticks(range(len(bases)), list(bases), fontsize=4.5)
        axes.tick_params(length=0, pad=1.5)
        axes.spines[:].set_visible(False)
        axes.set_title(strip.title, fontsize=6, fontweight="normal", pad=1.5)
        scale = f"\N{PLUS-MINUS SIGN}{strip.scale:.2g}"
        axes.set_title(scale, fontsize=6, fontweight="normal", loc="right", pad=1.5, color=MUTED)
    axes.set_xlim(within[0] - 0.5, within[0] + len(within) - 0.5)
    axes.tick_params(axis="x", length=2, labelsize=6)
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))


def _draw_scale(chart: SubFigure, table: pd.DataFrame) -> None:
    """Draw the colours, which go from minus to plus what each strip names, and say what is left."""
    axes, text = chart.subplots(1, 2, width_ratios=[1, 3])
    axes.imshow(np.linspace(-1, 1, 256)[None], cmap=DIVERGING, aspect="auto", extent=(-1, 1, 0, 1))
    axes.set_xticks([-1, 0, 1], ["\N{MINUS SIGN}scale", "0", "scale"], fontsize=6)
    axes.set_yticks([])
    axes.set_box_aspect(0.08)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    notes = ["Effect, on the scale at the right above each strip. Dot: reference base."]
    notes += ["Grey: not measured."]
    others = table["settings"].iloc[0] - table["run"].nunique()
    if others:
        notes.append(f"Settings with a lower r in this element, not shown: {others}.")
    variants = table[table["run"] == table["run"].iloc[0]]
    longer = ((variants["ref"].str.len() != 1) | (variants["alt"].str.len() != 1)).sum()
    if longer:
        notes.append(f"Variants of several bases, see table: {longer}.")
    text.text(0, 1, fill(" ".join(notes), 105), fontsize=6, color=MUTED, va="top")
    text.set_axis_off()


def _draw_profiles(
    chart: SubFigure, profiles: list[tuple[str, pd.DataFrame]], variant: pd.Series, rows: int
) -> None:
    """Draw the predicted coverage of both alleles of one variant, a panel a setting."""
    effect = f"{variant['measured']:.2f}".replace("-", "\N{MINUS SIGN}")
    place = f"{variant['chrom']}:{variant['start']:,}"
    title = f"Both alleles at {place}, measured effect {effect}"
    chart.suptitle(title, fontsize=8, fontweight="bold", x=0.01, ha="left")
    panels = chart.subplots(rows, _PANELS, squeeze=False, sharex=True).ravel()
    for axes in panels[len(profiles) :]:
        axes.set_axis_off()
    alleles = {"reference": ("ref", INK), "alternative": ("alt", CONTRAST)}
    for axes, (name, values) in zip(panels, profiles, strict=False):
        for allele, (column, colour) in alleles.items():
            label = f"{allele} {variant[column]}"
            axes.plot(values.index - variant["start"], values[allele], color=colour, label=label)
        axes.axvline(0, color=MUTED, linestyle=":", lw=0.7, zorder=0)
        axes.set_title(fill(name, 42), fontsize=6, fontweight="normal")
        axes.tick_params(labelsize=6)
        axes.set_ylim(min(0, axes.get_ylim()[0]), None)
    chart.supxlabel("Position from the variant (bp)", fontsize=7)
    chart.supylabel("Mean coverage", fontsize=7)
    chart.legend(*panels[0].get_legend_handles_labels(), loc="upper right", ncols=2, fontsize=6.5)
