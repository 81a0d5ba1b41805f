"""What figures of global importance share: seeds averaged, a row a setting, units of its own."""

from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from epibench.errors import InputError
from epibench.experiments.metrics import RUN_COLUMNS
from epibench.experiments.variants import name_settings
from epibench.experiments.whole_r import is_binary
from epibench.style import FULL_WIDTH, MUTED, note_below

SETTINGS = RUN_COLUMNS[1:-1]
MOST = 9
"""Rows of panels in a figure."""


class Row(NamedTuple):
    """A setting and target of the figure: its name, the unit of its effects, its rows."""

    name: str
    unit: str
    rows: pd.DataFrame


def name_runs(runs: pd.DataFrame) -> list[str]:
    """Name each run like its setting, and by its seed where the setting has several."""
    several = runs.groupby(SETTINGS)["seed"].transform("nunique") > 1
    seeds = [
        f", seed {seed}" if more else "" for seed, more in zip(runs["seed"], several, strict=True)
    ]
    return [name + seed for name, seed in zip(name_settings(runs), seeds, strict=True)]


def checked(rows: pd.DataFrame, needed: list[str], experiment: str) -> pd.DataFrame:
    """Refuse tables without rows or columns.

    Raises
    ------
    InputError
        Names the experiment and what is missing.
    """
    missing = [column for column in [*RUN_COLUMNS, *needed] if column not in rows]
    if missing:
        raise InputError(f"{experiment}: the effects lack the columns {', '.join(missing)}")
    if rows.empty:
        raise InputError(f"{experiment}: no effects were given; its grid must have a run")
    return rows


def over_seeds(rows: pd.DataFrame, keys: list[str], values: list[str]) -> pd.DataFrame:
    """Average effects over the seeds of each setting, in the order of the rows.

    Returns
    -------
    DataFrame
        `SETTINGS`, `keys`, `values`, `seeds`.
    """
    groups = rows.groupby([*SETTINGS, *keys], sort=False, dropna=False)
    return groups[values].mean().assign(seeds=groups["run"].nunique()).reset_index()


def shown(means: pd.DataFrame) -> tuple[list[Row], int]:
    """Choose the rows of the figure: all settings for the first target, then for the next.

    Returns
    -------
    list of Row
    int
        How many are left out.
    """
    settings = means[SETTINGS].drop_duplicates()
    names = name_settings(settings)
    several = means["target"].nunique() > 1
    found = []
    for target, of_target in means.groupby("target", sort=False):
        for (_, setting), name in zip(settings.iterrows(), names, strict=True):
            part = of_target[(of_target[SETTINGS] == setting).all(axis=1)]
            if len(part):
                unit = "logit" if is_binary(part).all() else "coverage"
                found.append(Row(f"{name}: {target}" if several else name, unit, part))
    return found[:MOST], max(0, len(found) - MOST)


def panels(rows: int, columns: int, height: float = 1.35) -> tuple[Figure, list[list[Axes]]]:
    """Make a figure with a grid of panels that share nothing."""
    width = FULL_WIDTH if columns > 2 else FULL_WIDTH * (0.5 + 0.2 * columns)
    chart = Figure(figsize=(width, 0.75 + height * rows), layout="constrained")
    return chart, chart.subplots(rows, columns, squeeze=False).tolist()


def name_panels(grid: list[list[Axes]], rows: list[Row], columns: list[str]) -> None:
    """Write the unit beside each row and its name above it, and above all the names of columns."""
    for axes, row in zip(grid, rows, strict=True):
        axes[0].set_ylabel(f"Effect ({row.unit})")
        axes[0].set_title(" ", fontsize=6.5)  # keeps room
        name = axes[0].annotate(
            row.name,
            (0, 1),
            xycoords="axes fraction",
            xytext=(-26, 5),
            textcoords="offset points",
            fontsize=6.5,
            color=MUTED,
        )
        name.set_in_layout(False)  # or its length would widen the first column
    for axes, column in zip(grid[0], columns, strict=True):
        axes.set_title(f"{column}\n", fontsize=8)


def note_left_out(axes: Axes, count: int) -> None:
    """Say how many settings and targets have no row."""
    if count:
        note_below(axes, f"{count} more settings or targets are in the table only.")
