"""Draw filters above the motifs that they match."""

from collections.abc import Sequence

import logomaker
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from epibench.interpret.clip import frequencies, information
from epibench.interpret.filters import Filters
from epibench.interpret.jaspar import JasparMotif
from epibench.style import FULL_WIDTH, MUTED, styled
from epibench.words import BASES

MOST = 24
"""Filters on a sheet."""

COLUMNS = 4
INVISIBLE = 0.01
"""Bits under which a letter is not drawn."""
BASE_COLOURS = dict(zip(BASES, ("#009E73", "#0072B2", "#E69F00", "#D55E00"), strict=True))


@styled
def draw_logos(table: pd.DataFrame, filters: Filters, motifs: Sequence[JasparMotif]) -> Figure:
    """Draw each filter with a match above that motif, aligned, the lowest q-values first.

    Letters are as high as their share of the column's information (0 to 2 bits). Filters are drawn
    whole: what was cut off, and not compared, is pale. At most 24 are drawn.

    Parameters
    ----------
    table : DataFrame
        As of `epibench.interpret.match_motifs.match_filters`.
    filters : Filters
        Of the same model.
    motifs : sequence of JasparMotif
        That the filters were compared with.
    """
    matched = table[table["matches"] > 0].sort_values("best_q", kind="stable")
    shown = matched.head(MOST)
    rows = -(-len(shown) // COLUMNS)
    chart = Figure(figsize=(FULL_WIDTH, 0.5 + 1.15 * rows), layout="constrained")
    chart.get_layout_engine().set(h_pad=0.02, w_pad=0.05, hspace=0.02, wspace=0.02)
    chart.suptitle(_title(table, matched, shown), fontsize=7.5, x=0.01, ha="left")
    by_id = {motif.id: motif for motif in motifs}
    cells = chart.subfigures(rows, COLUMNS, squeeze=False).ravel() if rows else []
    for cell, row in zip(cells, shown.itertuples(), strict=False):
        *panels, gap = cell.subplots(3, 1, sharex=True, height_ratios=[1, 1, 0.15])
        gap.set_visible(False)  # keeps a pair apart from the next one
        _draw_pair(panels, row, filters, by_id[row.best_motif])
    return chart


def _title(table: pd.DataFrame, matched: pd.DataFrame, shown: pd.DataFrame) -> str:
    """Say how many filters match, and how many of them are drawn."""
    threshold = table["hit_threshold"].iloc[0]
    title = f"{len(matched)} of {len(table)} filters match a motif (q < {threshold:g})"
    if not len(shown):
        return title
    if len(shown) < len(matched):
        title += f"; the {len(shown)} with the lowest q"
    return f"{title}. Above: filter, below: motif (\N{MINUS SIGN}: reverse complement)"


def _draw_pair(panels: Sequence[Axes], row, filters: Filters, motif: JasparMotif) -> None:
    """Draw a filter and its motif on an axis of the filter's columns."""
    counts = motif.counts if row.strand == "+" else motif.counts[::-1, ::-1]
    left = row.start - row.offset  # the filter's column under which the motif begins
    _draw_logo(panels[0], filters.counts[row.filter], 0, (row.start, row.end))
    _draw_logo(panels[1], counts, left, (left, left + len(counts)))
    ends = (min(0, left), max(filters.counts.shape[1], left + len(counts)))
    panels[0].set_xlim(ends[0] - 0.5, ends[1] - 0.5)
    name = row.best_name if len(row.best_name) < 16 else f"{row.best_name[:14]}..."
    sign = "\N{MINUS SIGN}" if row.strand == "-" else "+"
    small = {"fontsize": 6, "fontweight": "normal", "pad": 2}
    panels[0].set_title(f"filter {row.filter}, {row.sites:,} sites", **small)
    panels[1].set_title(f"{name} {sign}, {_spoken_q(row.best_q)}", color=MUTED, **small)


def _spoken_q(q: float) -> str:
    """Write a q-value with one or two digits."""
    if q < 1e-99:
        return "q < 1e\N{MINUS SIGN}99"
    return f"q {q:.1g}".replace("e-", "e\N{MINUS SIGN}")


def _draw_logo(axes: Axes, counts: np.ndarray, left: int, bold: tuple[int, int]) -> None:
    """Draw a logo whose first column is at `left`; columns outside of `bold` are pale."""
    ppm = frequencies(counts)
    heights = pd.DataFrame(ppm * information(ppm)[:, None], columns=list(BASES))
    heights.index = np.arange(left, left + len(counts))
    heights = heights.where(heights > INVISIBLE, 0)  # letters of no height take no time
    logo = logomaker.Logo(heights, ax=axes, color_scheme=BASE_COLOURS, font_name="DejaVu Sans")
    for glyph in logo.glyph_list:
        if glyph.patch is not None and not bold[0] <= glyph.p < bold[1]:
            glyph.patch.set_alpha(0.25)
    axes.set_ylim(0, 2)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.axhline(0, color=MUTED, lw=0.5)
