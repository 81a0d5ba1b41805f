"""Runs against replicate 2 as a ceiling (Toneyan et al. 2022, Supp. Table 5)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from epibench.experiments.architectures import SCORES
from epibench.experiments.metrics import (
    KEY,
    RUN_COLUMNS,
    means_over,
    only_run,
    spoken,
    target_means,
)
from epibench.style import (
    COLOURS,
    FULL_WIDTH,
    GRID,
    INK,
    MUTED,
    SHAPES,
    link_run,
    note_below,
    styled,
    widen,
)

NONE = "no replicate 2"
_SETTINGS = [name for name in RUN_COLUMNS if name not in ("run", "seed")]
_PLACE = ["target", "evaluated_bin_size"]


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the scores of replicate 2 and of every run, and r relative to that of replicate 2.

    Parameters
    ----------
    rows : DataFrame
        The `metrics.tsv` of the runs, with their axes and `kind`, and of all other predictors.

    Returns
    -------
    DataFrame
        Replicate 2, then the runs, a row a target and evaluated bin size, of predictions scaled to
        the mean of the truth: `RUN_COLUMNS`, `kind` (`ceiling` or `run`), `target`,
        `evaluated_bin_size`, `ceiling_r` (Pearson's r of replicate 2), `root_ceiling_r` (its square
        root), `relative_r` and `relative_to_root` (the run's r divided by these), every score with
        its 95 % interval over loci, `note`, `targets`, `test_set`. The rows of target `mean` are
        over the targets with a replicate 2 (`relative_r` is the mean of theirs), or over all where
        none has one; intervals of means that leave targets out are empty. Targets without one are
        said to be so in `note`.

    Raises
    ------
    InputError
        When the rows do not fit together.
    """
    target_means(rows, "replicate_ceiling", scores=[*SCORES, "kind"])
    rows = rows[rows["kind"].isin(["run", "ceiling"]) & (rows["scaling"] == "scaled")]
    names = [name for name in dict.fromkeys(rows["target"]) if name != "mean"]
    ceiling = rows[(rows["kind"] == "ceiling") & (rows["target"] != "mean")]
    known = [name for name in names if name in set(ceiling.dropna(subset="pearson_r")["target"])]
    means = means_over(rows, known or names, ["run", *KEY[1:]], SCORES)
    found = pd.concat([rows[rows["target"] != "mean"], means], ignore_index=True)
    found = found[(found["kind"] == "run") | found["target"].isin([*known, "mean"])]
    found = _relative(found[(found["kind"] == "run") | bool(known)])
    found["note"] = np.where(found["target"].isin([*known, "mean"] if known else []), "", NONE)
    order = {name: i for i, name in enumerate([*names, "mean"])}
    found = found.sort_values("evaluated_bin_size", kind="stable")
    found = found.sort_values("target", key=lambda column: column.map(order), kind="stable")
    found = found.sort_values("kind", kind="stable", ignore_index=True)
    columns = ["ceiling_r", "root_ceiling_r", "relative_r", "relative_to_root"]
    scores = [f"{score}{end}" for score in SCORES for end in ("", "_low", "_high")]
    scores = [name for name in scores if name in found]
    columns = ["kind", *_PLACE, *columns, *scores, "note", "targets", "test_set"]
    return found[[*RUN_COLUMNS, *columns]]


def _relative(found: pd.DataFrame) -> pd.DataFrame:
    """Add r relative to the ceiling and its square root; a ceiling of 0 or less is no measure."""
    ceiling = found[found["kind"] == "ceiling"].set_index(_PLACE)["pearson_r"]
    found = found.join(ceiling.rename("ceiling_r"), on=_PLACE)
    positive = found["ceiling_r"].where(found["ceiling_r"] > 0)
    roots = np.sqrt(positive)
    found = found.assign(
        root_ceiling_r=roots,
        relative_r=found["pearson_r"] / positive,
        relative_to_root=found["pearson_r"] / roots,
    )
    mean = found["target"] == "mean"
    has = found[~mean & found["ceiling_r"].notna()].groupby(["run", "evaluated_bin_size"])
    for name in ("root_ceiling_r", "relative_r", "relative_to_root"):
        # The mean of ratios, not the ratio of means: each target counts alike.
        over = has[name].agg(pd.Series.mean, skipna=False)
        keys = pd.MultiIndex.from_frame(found.loc[mean, ["run", "evaluated_bin_size"]])
        found.loc[mean, name] = over.reindex(keys).to_numpy()
    return found


def figure(rows: pd.DataFrame) -> Figure:
    """Draw the table of the rows."""
    return draw(table(rows))


@styled
def draw(table: pd.DataFrame) -> Figure:
    """Draw r by target at the finest bin size that all runs share and at the coarsest."""
    runs = table[table["kind"] == "run"]
    shared = set.intersection(*runs.groupby("run")["evaluated_bin_size"].agg(set))
    sizes = sorted({min(shared, default=0), max(shared, default=0)} - {0})
    sizes = sizes or [int(runs["evaluated_bin_size"].max())]
    shown = table[table["note"] == ""] if (table["kind"] == "ceiling").any() else table
    targets = list(dict.fromkeys(shown["target"]))
    styles = _styles(runs)
    height = len(targets) * (0.14 + 0.07 * len(styles))
    lines = -(-(len(styles) + 2) // 3)
    chart = Figure(figsize=(FULL_WIDTH, 1.0 + height + 0.17 * lines), layout="constrained")
    chart.get_layout_engine().set(w_pad=0.06)
    grid = chart.subplots(1, len(sizes), squeeze=False, sharey=True)[0]
    for axes, size in zip(grid, sizes, strict=True):
        _draw(axes, shown[shown["evaluated_bin_size"] == size], targets, styles)
        axes.set_title(f"Evaluated at {size} bp")
        axes.set_xlabel("Pearson's r, whole chromosome")
    grid[0].set_yticks(range(len(targets)), [_label(name, shown) for name in targets])
    grid[0].set_ylim(len(targets) - 0.5, -0.5)
    left_out = [name for name in dict.fromkeys(table["target"]) if name not in targets]
    if left_out:
        note_below(grid[0], f"Without replicate 2, not shown: {', '.join(left_out)}.")
    chart.legend(handles=_legend(shown, styles), loc="outside upper left", ncols=3, fontsize=7)
    return chart


def _label(name: str, shown: pd.DataFrame) -> str:
    """Name a target, and say of what the mean is."""
    return f"mean of {shown['target'].nunique() - 1} targets" if name == "mean" else name


def _styles(runs: pd.DataFrame) -> dict[tuple, dict]:
    """Give each setting a colour and marker."""
    settings = list(dict.fromkeys(runs[_SETTINGS].itertuples(index=False, name=None)))
    return {
        setting: {"color": COLOURS[i % len(COLOURS)], "marker": SHAPES[i % len(SHAPES)]}
        for i, setting in enumerate(settings)
    }


def _draw(axes: Axes, part: pd.DataFrame, targets: list[str], styles: dict) -> None:
    """Draw replicate 2 as a line with a band, and each setting below the other at its target."""
    for y, target in enumerate(targets):
        rows = part[part["target"] == target]
        axes.axhline(y + 0.5, color=GRID, lw=0.6, zorder=0)
        for row in rows[rows["kind"] == "ceiling"].itertuples():
            if np.isfinite(row.pearson_r_low):
                axes.barh(
                    y,
                    row.pearson_r_high - row.pearson_r_low,
                    left=row.pearson_r_low,
                    height=0.86,
                    color=MUTED,
                    alpha=0.18,
                )
            axes.vlines(row.ceiling_r, y - 0.43, y + 0.43, color=INK, lw=1.2)
            axes.vlines(row.root_ceiling_r, y - 0.43, y + 0.43, color=INK, lw=1, linestyle=":")
        for i, (setting, style) in enumerate(styles.items()):
            runs = rows[(rows[_SETTINGS] == pd.Series(setting, _SETTINGS)).all(axis=1)]
            at = y + 0.8 * ((i + 0.5) / len(styles) - 0.5)
            low, value, high = runs[["pearson_r_low", "pearson_r", "pearson_r_high"]].mean()
            axes.hlines(at, low, high, color=style["color"], lw=1, alpha=0.7)
            (mark,) = axes.plot(value, at, **style, markersize=3.6, linestyle="none")
            link_run(mark, only_run(runs["run"]))
            if len(runs) > 1:
                small = {"marker": "|", "markersize": 4, "color": style["color"]}
                for run, x in runs[["run", "pearson_r"]].itertuples(index=False):
                    (mark,) = axes.plot(x, at, **small)
                    link_run(mark, run)
    axes.margins(x=0.05)
    widen(axes, x=0.1)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.grid(True, axis="x")
    axes.tick_params(axis="y", length=0)


def _legend(shown: pd.DataFrame, styles: dict) -> list[Line2D]:
    """Give an entry a setting, named by model and the axes that differ, and the ceiling's."""
    named = [i for i in range(1, len(_SETTINGS)) if len({setting[i] for setting in styles}) > 1]
    entries = []
    for setting, style in styles.items():
        words = [setting[0], *(spoken(_SETTINGS[i], _whole(setting[i])) for i in named)]
        entries.append(Line2D([], [], **style, linestyle="none", label=", ".join(words)))
    if (shown["kind"] == "ceiling").any():
        entries.append(Line2D([], [], color=INK, lw=1.2, label="replicate 2"))
        entries.append(Line2D([], [], color=INK, lw=1, linestyle=":", label="√r of replicate 2"))
    return entries


def _whole(value: str | float) -> str | int:
    """Give a number as an integer: beside rows without one, pandas keeps floats."""
    return value if isinstance(value, str) else int(value)
