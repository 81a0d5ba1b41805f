"""Measured and predicted coverage at loci of the test set (Toneyan et al. 2022, Fig. 2a)."""

import textwrap
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.textpath import TextPath
from matplotlib.ticker import MaxNLocator

from epibench.errors import InputError
from epibench.evaluate.moments import pearson_r
from epibench.experiments.metrics import RUN_COLUMNS, require_one_test_set, spoken
from epibench.style import COLOURS, FULL_WIDTH, MUTED, darker, styled
from epibench.words import AXES

LOCUS = ["locus", "chrom", "locus_start", "locus_end"]
BIN = ["target", "start", "end", "measured", "predicted", "test_set"]

MOST_ROWS = 30
"""Rows that one page can hold."""

MOST_STEPS = 512
"""Bins drawn in a panel; finer ones are averaged, since a printed panel resolves no more."""

HEADROOM = 3
"""Predictions beyond this many times the highest measured value are cut off and written down: the
scale of a model that ignores magnitude is arbitrary and would flatten everything else."""

MEASURED = "#c3c9ce"

# Inches.
_PAGE, _PITCH, _TOP, _BOTTOM, _GAP, _GROUP_GAP, _COLUMN_GAP = 10.9, 0.6, 0.62, 0.4, 0.08, 0.1, 0.4
_TEXT, _SMALL = 7, 6.5  # points


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Give means and Pearson's r of each run and target within each locus.

    Parameters
    ----------
    rows : DataFrame
        Rows of `epibench.evaluate.loci.read_loci` of all runs, with `RUN_COLUMNS`.

    Returns
    -------
    DataFrame
        One row a locus, target and run: `locus`, `chrom`, `start`, `end`, `target`, `RUN_COLUMNS`,
        `measured_mean`, `predicted_mean`, `pearson_r` (over the bins of the locus; NaN where
        measured or predicted coverage is constant), `test_set`.

    Raises
    ------
    InputError
        When the rows do not fit together.
    """
    rows = _checked(rows)
    found = []
    for names, part in rows.groupby([*LOCUS, "target", *RUN_COLUMNS, "test_set"], sort=False):
        cell = dict(zip([*LOCUS, "target", *RUN_COLUMNS, "test_set"], names, strict=True))
        cell["measured_mean"] = part["measured"].mean()
        cell["predicted_mean"] = part["predicted"].mean()
        cell["pearson_r"] = _pearson_r(part.dropna(subset="predicted"))
        found.append(cell)
    cells = pd.DataFrame(found).rename(columns={"locus_start": "start", "locus_end": "end"})
    rank = {key: list(dict.fromkeys(cells[key])) for key in ("locus", "target", "run")}
    cells = cells.sort_values(
        list(rank), key=lambda column: column.map(rank[column.name].index), ignore_index=True
    )
    first = ["locus", "chrom", "start", "end", "target", *RUN_COLUMNS]
    return cells[[*first, "measured_mean", "predicted_mean", "pearson_r", "test_set"]]


@styled
def figure(rows: pd.DataFrame) -> Figure:
    """Draw a column a locus and a row a target and run; what finds no room is named below."""
    rows = _checked(rows)
    content = _content(rows)
    page = _lay_out(content)
    chart = Figure(figsize=(FULL_WIDTH, page.height))
    _write_labels(chart, page, content)
    drawn = rows[rows["run"].isin(content.runs)]
    for column, locus in enumerate(content.loci):
        at_locus = drawn[drawn["locus"] == locus["locus"]]
        panels = []
        for group, target in enumerate(content.targets):
            of_target = at_locus[at_locus["target"] == target]
            parts = {run: _thinned(part) for run, part in of_target.groupby("run")}
            top = _top(list(parts.values()))
            for i, run in enumerate(content.runs):
                axes = chart.add_axes(page.panel(column, group, i))
                if run in parts:
                    _draw(axes, parts[run], content.colours[run], top)
                _dress(axes, locus, top, page.width)
                panels.append(axes)
        _title(chart, panels[0], locus, page)
        _show_positions(panels[-1], locus)
    return chart


@dataclass(frozen=True)
class _Content:
    """What the page shows: loci with their places, targets, runs with label and colour, a note."""

    loci: list[dict]
    targets: list[str]
    runs: dict[str, str]
    colours: dict[str, str]
    note: str


@dataclass(frozen=True)
class _Page:
    """Where panels stand, in inches from the left and from the top."""

    height: float
    left: float
    width: float
    pitch: float
    runs: int
    run_label: float

    def above(self, group: int, run: int) -> float:
        """Give the distance of a panel's upper edge from the top of the page."""
        gap = _GROUP_GAP if self.runs > 1 else 0
        return _TOP + (group * self.runs + run) * self.pitch + group * gap

    def panel(self, column: int, group: int, run: int) -> tuple[float, float, float, float]:
        """Give left, bottom, width and height of a panel as parts of the page."""
        height = self.pitch - _GAP
        x = self.left + column * (self.width + _COLUMN_GAP)
        y = self.height - self.above(group, run) - height
        return x / FULL_WIDTH, y / self.height, self.width / FULL_WIDTH, height / self.height


def _checked(rows: pd.DataFrame) -> pd.DataFrame:
    """Refuse rows that do not fit together."""
    missing = [name for name in [*RUN_COLUMNS, *LOCUS, *BIN] if name not in rows]
    if missing:
        raise InputError(f"tracks: the loci lack the columns {', '.join(missing)}")
    if rows.empty:
        raise InputError("tracks: no loci were given; the grid must have a run")
    require_one_test_set(rows, "tracks")
    if rows.duplicated(["run", "locus", "target", "start"]).any():
        raise InputError("tracks: the loci of a run are given twice; give them once")
    # Names like 1 or X are read as numbers where all of them look like one.
    return rows.astype({"locus": str, "chrom": str, "target": str})


def _pearson_r(part: pd.DataFrame) -> float:
    """Correlate the bins of one cell, NaN where there is nothing to correlate."""
    if len(part) < 2:
        return float("nan")
    return pearson_r(part["measured"].to_numpy(), part["predicted"].to_numpy())


def _content(rows: pd.DataFrame) -> _Content:
    """Choose the targets and runs that find room, in their order, and say which do not."""
    runs = rows[RUN_COLUMNS].drop_duplicates()
    varying = [axis for axis in AXES if runs[axis].nunique() > 1]
    labels = {
        row["run"]: ", ".join(_named(axis, row[axis]) for axis in varying)
        for row in runs.to_dict("records")
    }
    shown = dict(list(labels.items())[:MOST_ROWS])
    targets = list(dict.fromkeys(rows["target"]))
    kept = max(1, MOST_ROWS // len(shown))
    notes = []
    if targets[kept:]:
        notes.append(
            f"Not drawn for lack of room: {', '.join(targets[kept:])}. Choose what is drawn with "
            "tracks.targets in the config."
        )
    if len(shown) < len(labels):
        notes.append(
            f"{len(labels) - len(shown)} of {len(labels)} runs are not drawn; narrow the grid."
        )
    colours = {run: COLOURS[i % len(COLOURS)] for i, run in enumerate(shown)}
    loci = rows[LOCUS].drop_duplicates().to_dict("records")
    return _Content(loci, targets[:kept], shown, colours, "\n".join(notes))


def _named(axis: str, value: str | int) -> str:
    """Name the value of an axis so that a line never breaks within it."""
    text = f"seed {value}" if axis == "seed" else spoken(axis, value)
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _lay_out(content: _Content) -> _Page:
    """Measure labels, and share what they leave among the panels."""
    targets = max(_inches(target, _TEXT, "bold") for target in content.targets)
    runs = max(_inches(line, _SMALL) for label in content.runs.values() for line in _lines(label))
    left = 0.08 + targets + (runs + 0.12 if runs else 0) + 0.36
    columns = len(content.loci)
    width = (FULL_WIDTH - left - 0.1 - (columns - 1) * _COLUMN_GAP) / columns
    rows = len(content.targets) * len(content.runs)
    gaps = (len(content.targets) - 1) * _GROUP_GAP if len(content.runs) > 1 else 0
    below = _BOTTOM + 0.13 * len(_note_lines(content.note))
    pitch = min(_PITCH, (_PAGE - _TOP - below - gaps) / rows)
    height = _TOP + rows * pitch + gaps + below
    return _Page(height, left, width, pitch, len(content.runs), left - 0.36)


def _inches(text: str, size: float, weight: str = "normal") -> float:
    """Measure a line of text."""
    if not text:
        return 0.0
    path = TextPath((0, 0), text, prop=FontProperties(size=size, weight=weight))
    return path.get_extents().x1 / 72


def _lines(label: str) -> list[str]:
    """Break a run's label into short lines."""
    return textwrap.wrap(label, 18, break_long_words=False, break_on_hyphens=False) or [""]


def _note_lines(note: str) -> list[str]:
    return [line for part in note.splitlines() for line in textwrap.wrap(part, 125)]


def _write_labels(chart: Figure, page: _Page, content: _Content) -> None:
    """Write targets, runs, legend and note around the panels."""
    panel = page.pitch - _GAP

    def write(x: float, below_top: float, text: str, **style) -> None:
        chart.text(x / FULL_WIDTH, 1 - below_top / page.height, text, **style)

    for group, target in enumerate(content.targets):
        first, last = page.above(group, 0), page.above(group, page.runs - 1) + panel
        write(0.08, (first + last) / 2, target, fontsize=_TEXT, fontweight="bold", va="center")
        for i, (run, label) in enumerate(content.runs.items()):
            middle = page.above(group, i) + panel / 2
            style = {"color": darker(content.colours[run]), "va": "center", "ha": "right"}
            write(page.run_label, middle, "\n".join(_lines(label)), fontsize=_SMALL, **style)
    lines = _note_lines(content.note)
    write(0.08, page.height - 0.07, "\n".join(lines), fontsize=_SMALL, color=MUTED, va="bottom")
    colours = list(content.colours.values())[:3]
    handles = [Patch(color=MEASURED), tuple(Line2D([], [], color=c, lw=1.2) for c in colours)]
    chart.legend(
        handles,
        ["measured", "predicted" + (", a colour a run" if len(colours) > 1 else "")],
        handler_map={tuple: HandlerTuple(ndivide=None, pad=0.3)},
        loc="upper left",
        bbox_to_anchor=(page.left / FULL_WIDTH, 1 - 0.05 / page.height),
        borderaxespad=0,
        borderpad=0,
        ncols=2,
        handlelength=2.2 if len(colours) > 1 else 1.4,
    )


def _title(chart: Figure, axes: Axes, locus: dict, page: _Page) -> None:
    """Write name and place of a locus above its first panel."""
    place = f"{locus['chrom']}:{locus['locus_start']:,}-{locus['locus_end']:,}"
    if _inches(place, _SMALL) > page.width + 0.6 * _COLUMN_GAP:
        place = place.replace("-", "-\n", 1)
    x, y = axes.get_position().x0, axes.get_position().y1
    chart.text(x, y + 0.06 / page.height, place, fontsize=_SMALL, va="bottom", linespacing=1.1)
    if locus["locus"] != place.replace(",", "").replace("\n", ""):
        up = 0.18 + 0.1 * place.count("\n")
        chart.text(x, y + up / page.height, locus["locus"], fontsize=8, fontweight="bold")


def _thinned(part: pd.DataFrame) -> pd.DataFrame:
    """Sort the bins of a cell, and average neighbours where there are more than can be seen."""
    part = part.sort_values("start")
    factor = -(-len(part) // MOST_STEPS)
    block = (part["start"] != part["end"].shift()).cumsum()
    step = part.groupby(block).cumcount() // factor
    return part.groupby([block, step]).agg(
        start=("start", "min"),
        end=("end", "max"),
        measured=("measured", "mean"),
        predicted=("predicted", "mean"),
    )


def _top(parts: list[pd.DataFrame]) -> float:
    """Give the upper end of the y axis that the panels of a target share at a locus."""
    if not parts:
        return 1.0
    measured = max(part["measured"].max() for part in parts)
    predicted = [part["predicted"].max() for part in parts]
    within = [value for value in predicted if value <= HEADROOM * measured]
    highest = max([measured, *within])
    if not highest > 0:
        return 1.0
    unit = 10.0 ** (np.floor(np.log10(highest)) - 1)
    return float(np.ceil(highest / unit - 1e-6) * unit)


def _draw(axes: Axes, part: pd.DataFrame, colour: str, top: float) -> None:
    """Draw measured coverage as a silhouette and the prediction as a line of steps."""
    start, end = part["start"].to_numpy(), part["end"].to_numpy()
    gaps = np.flatnonzero(start[1:] != end[:-1]) + 1
    # Every bin ends where the next starts, but for gaps, which become steps without a value.
    edges = np.append(np.insert(start, gaps, end[gaps - 1]), end[-1])
    values = part[["measured", "predicted"]].to_numpy(float)
    measured, predicted = np.insert(values, gaps, np.nan, axis=0).T
    axes.stairs(measured, edges, fill=True, color=MEASURED, linewidth=0)
    axes.stairs(predicted, edges, baseline=None, color=colour, linewidth=0.9)
    highest = part["predicted"].max()
    if highest > top:
        text = f"up to {highest:,.0f}" if highest >= 100 else f"up to {highest:.3g}"
        style = {"fontsize": 6, "color": darker(colour), "ha": "right", "va": "top"}
        box = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.2}
        axes.text(0.99, 0.97, text, transform=axes.transAxes, bbox=box, **style)


def _dress(axes: Axes, locus: dict, top: float, width: float) -> None:
    """Set limits and ticks: 0 and the top, written within the panel's height."""
    axes.set_xlim(locus["locus_start"], locus["locus_end"])
    axes.set_ylim(0, top)
    axes.set_yticks([0, top], ["0", f"{top:,.10g}"], fontsize=6)
    for label, place in zip(axes.get_yticklabels(), ("bottom", "top"), strict=True):
        label.set_verticalalignment(place)
    axes.tick_params(axis="y", length=2, pad=1.5)
    axes.xaxis.set_major_locator(MaxNLocator(int(width / 0.5), steps=[1, 2, 4, 5, 8, 10]))
    axes.tick_params(axis="x", length=0, labelbottom=False)


def _show_positions(axes: Axes, locus: dict) -> None:
    """Write positions in kb below the last panel of a column."""
    axes.tick_params(axis="x", length=2, labelbottom=True, labelsize=6.5, pad=1.5)
    axes.xaxis.set_major_formatter(lambda position, _: f"{position / 1000:,.10g}")
    axes.set_xlabel(f"{locus['chrom']} (kb)", fontsize=_SMALL, labelpad=1.5)
