"""Best validation loss of model entries (Toneyan et al. 2022, Supplementary Fig. 1)."""

from itertools import pairwise
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator, ScalarFormatter

from epibench.experiments.metrics import RUN_COLUMNS, spoken
from epibench.style import (
    CONTRAST,
    FULL_WIDTH,
    MUTED,
    SEQUENTIAL,
    darker,
    link_run,
    note_below,
    styled,
)

RECORDED = ["parameters", "epochs", "best_epoch", "best_valid_loss", "seconds"]
SEARCHED = ("builder", "options", "recipe", "precision", "augmentation")
"""Settings that a search can vary: they leave what is validated, and how, as it is."""
WITHOUT_EFFECT = (
    *("model", "builder_checksum", "seed", "protocol"),
    *("threads", "gpus", "deterministic", "xla"),
)
"""Settings that neither define a variant nor change what a validation loss means."""

OFF_SCALE = 5
"""A loss above the median by more than this many times what the lowest is below it is drawn at the
edge and named: one diverged run would flatten all differences."""
SPREAD = (0.1, 0.6)
"""Part of the height of a value over which the lines that share it are spread; it stands above."""


def table(records: pd.DataFrame) -> pd.DataFrame:
    """Rank the model entries of each comparable group of runs by validation loss.

    Validation losses can be compared only among runs of the same loss, bin size, window set and
    target scaling, so every such group has ranks of its own. With several seeds the mean over the
    seeds of an entry decides; where it is the same, the entry with fewer parameters stands first,
    then the one that the grid names first. Augmentations of one entry are ranked like entries:
    validation uses none. No test score is read: a search must not see the test set.

    Parameters
    ----------
    records : DataFrame
        `epibench.experiments.run.records_of_runs`: `RUN_COLUMNS`, `settings`, `RECORDED`.

    Returns
    -------
    DataFrame
        One row a run, by group and rank: `group` (what its members share, in words), `rank`,
        `lowest` (bool: of the entry with rank 1), `model`, a column for each setting that differs
        within a group, named by its key below the model entry (`options.dropout`), `builder`, the
        other axes, `RECORDED`, `mean_valid_loss` (over seeds, where there are several), `run`.
    """
    rows = records.reset_index(drop=True)
    rows["group"] = _groups(rows["settings"])
    differing = _differing(rows)
    rows = rows.assign(builder=[one["builder"] for one in rows["settings"]], **differing)
    variant = ["group", "model", "augmentation"]
    rows["mean_valid_loss"] = rows.groupby(variant)["best_valid_loss"].transform("mean")
    rows["group_order"] = rows.groupby("group", sort=False).ngroup()
    rows["order"] = rows.groupby(variant, sort=False).ngroup()
    order = ["group_order", "mean_valid_loss", "parameters", "order", "seed"]
    rows = rows.sort_values(order, kind="stable", ignore_index=True)
    rows["rank"] = (~rows.duplicated(variant)).groupby(rows["group"]).cumsum()
    rows["lowest"] = rows["rank"] == 1
    run, model, *axes = RUN_COLUMNS
    mean = ["mean_valid_loss"] if rows["seed"].nunique() > 1 else []
    front = ["group", "rank", "lowest", model, *differing, "builder"]
    return rows[[*front, *axes, *RECORDED, *mean, run]]


def _groups(settings: pd.Series) -> list[str]:
    """Name what each run's validation loss depends on, besides the model and its training."""
    apart = pd.DataFrame(
        [
            {key: str(value) for key, value in one.items() if key not in SEARCHED + WITHOUT_EFFECT}
            for one in settings
        ]
    )
    first = ["loss", "bin_size", "windows"]
    several = apart.groupby(first).transform("nunique") > 1
    names = []
    for index, row in apart.iterrows():
        more = [f"{key} {row[key]}" for key in several if several.loc[index, key]]
        names.append(", ".join([*map(spoken, first, row[first]), *more]))
    return names


def _differing(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the settings that take several values within a group, a column each; object dtype."""
    searched = pd.DataFrame([_flat(one) for one in rows["settings"]], dtype=object)
    searched = searched.where(searched.notna(), None)  # not every builder has every option
    counts = searched.groupby(rows["group"]).nunique()
    return searched[[key for key in searched if (counts[key] > 1).any()]]


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Give options, recipe and precision by their keys below the model entry."""
    sections = {key: settings[key] for key in ("options", "recipe")}
    flat = {
        f"{key}.{name}": value for key, part in sections.items() for name, value in part.items()
    }
    return flat | {"precision": settings["precision"]}


def figure(records: pd.DataFrame) -> Figure:
    """Draw the table of the records."""
    return draw(table(records))


@styled
def draw(table: pd.DataFrame) -> Figure:
    """Draw parallel coordinates, a panel per group: a line a run, from its settings to its loss."""
    parts = list(table.groupby("group", sort=False))
    heights = [min(1.8 + 0.07 * len(part), 3.4) for _, part in parts]
    chart = Figure(figsize=(FULL_WIDTH, sum(heights)), layout="constrained")
    chart.get_layout_engine().set(h_pad=0.08)
    grid = chart.subplots(len(parts), squeeze=False, height_ratios=heights).ravel()
    for axes, (name, part) in zip(grid, parts, strict=True):
        axes.set_title(f"{name}: {len(part)} {'run' if len(part) == 1 else 'runs'}", pad=8)
        _draw(axes, part)
    return chart


def _draw(axes: Axes, part: pd.DataFrame) -> None:
    """Draw the runs of one group; heights are in units of the loss, the scale of the last axis."""
    part = part.sort_values("best_valid_loss", kind="stable")
    loss = part["best_valid_loss"].to_numpy(dtype=float)
    winners = part["lowest"].to_numpy()
    beyond = loss > _highest(loss)
    margin = 0.07 * (np.ptp(loss[~beyond]) or 0.1 * abs(loss[0]) or 1)
    low, high = loss[0] - margin, loss[~beyond][-1] + margin
    axes.set_ylim(low, high)
    columns = _columns(part)
    heights = [_draw_values(axes, x, part[name], winners) for x, name in enumerate(columns)]
    lines = np.column_stack([*heights, np.minimum(loss, high)])
    for run, line, wins, cut in list(zip(part["run"], lines, winners, beyond, strict=True))[::-1]:
        shade = SEQUENTIAL(1 - 0.75 * (line[-1] - low) / (high - low))
        mark = _draw_run(axes, line, CONTRAST if wins else shade, wins, "^" if cut else "o")
        link_run(mark, run)
    _name_axes(axes, columns)
    _name_winner(axes, part[winners], len(columns))
    if beyond.any():
        named = [f"{row.model} ({row.best_valid_loss:.4g})" for row in part[beyond].itertuples()]
        note_below(axes, "Beyond the scale, at its upper end: " + ", ".join(named) + ".")


def _highest(loss: np.ndarray) -> float:
    """Give the highest loss that the scale shows."""
    middle = np.median(loss)
    return middle + OFF_SCALE * max(middle - loss.min(), 0.02 * abs(middle))


def _columns(part: pd.DataFrame) -> list[str]:
    """Give the settings that differ between the runs of a group; the entry where none does."""
    settings = [name for name in part if name.startswith(("options.", "recipe."))]
    known = [name for name in ("builder", *settings, "precision", "augmentation") if name in part]
    return [name for name in known if part[name].nunique() > 1] or ["model"]


def _draw_values(axes: Axes, x: int, values: pd.Series, winners: np.ndarray) -> np.ndarray:
    """Draw the axis of a setting and give the height at which each run crosses it.

    Values stand at equal distances, each above the lines that share it; those are spread in the
    order of the rows, so that they can be told apart. None: the run has no such setting.
    """
    low, high = axes.get_ylim()
    axes.plot([x, x], [low, high], color=MUTED, linewidth=0.6, zorder=1)
    levels = sorted(
        set(values), key=lambda value: (value is not None, isinstance(value, str), value)
    )
    heights = np.empty(len(values))
    for index, level in enumerate(levels):
        share = np.array([value == level for value in values])
        count = int(share.sum())
        spread = np.linspace(*SPREAD, count + 2)[1:-1] if count < 3 else np.linspace(*SPREAD, count)
        heights[share] = low + (index + spread) / len(levels) * (high - low)
        chosen = bool((share & winners).any())
        axes.annotate(
            written(level),
            (x, heights[share].max()),
            xytext=(0, 4),
            textcoords="offset points",
            ha="center",
            fontsize=7,
            color=darker(CONTRAST) if chosen else None,
            fontweight="bold" if chosen else None,
            zorder=6,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
        )
    return heights


def written(value: Any) -> str:
    """Write the value of a setting for reading."""
    if value is None:
        return "none"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _draw_run(axes: Axes, heights: np.ndarray, colour, wins: bool, marker: str) -> Line2D:
    """Draw a run as a smooth line that crosses every axis level, and give the point at its loss."""
    vertices, codes = [(0, heights[0])], [Path.MOVETO]
    for x, (y, after) in enumerate(pairwise(heights)):
        vertices += [(x + 0.5, y), (x + 0.5, after), (x + 1, after)]
        codes += [Path.CURVE4] * 3
    style = {"linewidth": 1.8 if wins else 0.9, "zorder": 4 if wins else 2}
    axes.add_patch(PathPatch(Path(vertices, codes), facecolor="none", edgecolor=colour, **style))
    point = {"color": colour, "markersize": 5 if wins else 3.5, "zorder": 7, "clip_on": False}
    return axes.plot(len(heights) - 1, heights[-1], marker, **point)[0]


def _name_axes(axes: Axes, columns: list[str]) -> None:
    """Write below each axis what it shows; the last one has the scale of the loss."""
    names = [*(name.rpartition(".")[2] for name in columns), "best_validation_loss"]
    width = 80 // len(names)
    axes.set_xticks(range(len(names)), [fill(name.replace("_", " "), width) for name in names])
    axes.set_xlim(-0.25, len(columns))
    axes.tick_params(axis="x", length=0, pad=5)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.spines["right"].set_visible(True)
    axes.yaxis.tick_right()
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_formatter(ScalarFormatter(useOffset=False))


def _name_winner(axes: Axes, winners: pd.DataFrame, x: int) -> None:
    """Name the entry with the lowest loss to the right of the scale's numbers."""
    loss = winners["best_valid_loss"].mean()
    several = f", mean of {len(winners)} seeds" if len(winners) > 1 else ""
    numbers = axes.yaxis.get_major_formatter().format_ticks(axes.get_yticks())
    axes.annotate(
        f"lowest: {winners['model'].iloc[0]}\n{loss:.5g}{several}".replace(
            "\n-", "\n\N{MINUS SIGN}"
        ),
        (x, loss),
        xytext=(14 + 4.5 * max(map(len, numbers)), 0),
        textcoords="offset points",
        va="center",
        fontsize=7,
        color=darker(CONTRAST),
    )
