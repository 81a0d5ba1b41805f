"""First-layer filters and known motifs (Toneyan et al. 2022, Supp. Table 4, Note 2)."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from epibench.errors import InputError
from epibench.experiments.metrics import RUN_COLUMNS, setting_means
from epibench.experiments.robustness import shapes_of, spearman, spoken_rho
from epibench.experiments.whole_r import is_binary, whole_r
from epibench.interpret.hit_ratio import hit_ratio, mean_best_q
from epibench.style import COLOURS, FULL_WIDTH, INK, MUTED, link_run, note_below, styled, widen

SETTINGS = RUN_COLUMNS[1:-1]
_NEEDED = ["filter", "activation", "sites", "matches", "best_q", "hit_threshold"]
_NEEDED += ["shuffled_matches"]
_SCORES = ["hit_ratio", "shuffled_hit_ratio", "mean_best_q"]
_WHOLE = ["whole_r", "whole_r_low", "whole_r_high"]
_KNOWN = {"exponential": COLOURS[1], "relu": COLOURS[0], "gelu_sigmoid": COLOURS[2]}
_LABELS = {"relu": "ReLU", "gelu_sigmoid": "GELU"}


def table(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Give how many first-layer filters of each run match known motifs, beside its accuracy.

    Parameters
    ----------
    tables : dict of str to DataFrame
        `filters` and `metrics`: those files of the runs, with the axes of each run in front.

    Returns
    -------
    DataFrame
        One row a run: `RUN_COLUMNS`, `activation` of its first layer, `filters`, `with_sites`
        (filters that respond to something), `matched` (filters with at least one motif whose
        q-value is below `hit_threshold`), `hit_ratio` = matched / filters, `shuffled_hit_ratio`
        (the same of the filters with their columns in a random order: what chance gives),
        `mean_best_q` (over the matched filters; NaN where there are none); `whole_r`, Pearson's r
        on the whole test chromosome at `evaluated_bin_size` (none for binary runs), with
        `whole_r_low` and `whole_r_high`; the same in all rows: `rho`, Spearman's rho between hit
        ratio and r over settings (seeds averaged), with the ends `rho_low` and `rho_high` of its
        95 % interval, over `points` settings.

    Raises
    ------
    InputError
        When the rows do not fit together, or the runs share no evaluated bin size.
    """
    rows = _checked(tables["filters"])
    found = pd.DataFrame([_summary(run) for _, run in rows.groupby("run", sort=False)])
    found = found.merge(whole_r(tables["metrics"], "motifs"), on="run", how="left")
    points = found.groupby(SETTINGS)[["hit_ratio", "whole_r"]].mean().dropna()
    rho, low, high = spearman(*points.to_numpy().T)
    found = found.assign(rho=rho, rho_low=low, rho_high=high, points=len(points))
    return found.astype({"evaluated_bin_size": "Int64"})


def _checked(rows: pd.DataFrame) -> pd.DataFrame:
    """Check the filters of the runs."""
    missing = [column for column in [*RUN_COLUMNS, *_NEEDED] if column not in rows]
    if missing:
        raise InputError(f"motifs: the filters lack the columns {', '.join(missing)}")
    if rows.empty:
        raise InputError("motifs: no filters were given; its grid must have a run")
    twice = rows.duplicated(["run", "filter"])
    if twice.any():
        run = rows.loc[twice, "run"].iloc[0]
        raise InputError(f"motifs: the filters of run {run} are given twice; give them once")
    if rows["hit_threshold"].nunique() > 1:
        values = ", ".join(f"{value:g}" for value in rows["hit_threshold"].unique())
        raise InputError(
            f"motifs: the filters were matched at different q-values ({values}); match those of "
            "all runs again"
        )
    return rows


def _summary(run: pd.DataFrame) -> dict:
    """Count the filters of one run."""
    q, matched = mean_best_q(run)
    return {
        **run.iloc[0][[*RUN_COLUMNS, "activation"]],
        "filters": len(run),
        "with_sites": int((run["sites"] > 0).sum()),
        "matched": matched,
        "hit_ratio": hit_ratio(run),
        "shuffled_hit_ratio": float((run["shuffled_matches"] > 0).mean()),
        "mean_best_q": q,
        "hit_threshold": run["hit_threshold"].iloc[0],
    }


def figure(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw the table of the tables."""
    return draw(table(tables))


@styled
def draw(table: pd.DataFrame) -> Figure:
    """Draw accuracy against hit ratio, and hit ratio and mean best q-value by model."""
    settings = setting_means(table, [*SETTINGS, "activation"], [*_SCORES, *_WHOLE])
    settings["binary"] = is_binary(settings)
    heights = [3.1, 0.85 + 0.19 * settings["model"].nunique()]
    chart = Figure(figsize=(FULL_WIDTH, sum(heights)), layout="constrained")
    chart.get_layout_engine().set(h_pad=0.05, w_pad=0.05)
    above, below = chart.subfigures(2, height_ratios=heights)
    shapes, colours = shapes_of(table), _colours(settings)
    _draw_scatter(above.subplots(), table.iloc[0], settings, shapes, colours)
    above.legend(
        handles=_legend(settings, shapes, colours), loc="outside right upper", fontsize=6.5
    )
    _draw_models(below, settings, colours, table["hit_threshold"].iloc[0])
    return chart


def _colours(settings: pd.DataFrame) -> dict[str, str]:
    """Give each activation its colour, the same in every study for those of the paper."""
    names = list(dict.fromkeys(settings["activation"]))
    others = [name for name in names if name not in _KNOWN]
    return {name: _KNOWN[name] for name in _KNOWN if name in names} | {
        name: COLOURS[3 + i % 2] for i, name in enumerate(others)
    }


def _draw_scatter(axes: Axes, first: pd.Series, settings, shapes: dict, colours: dict) -> None:
    """Draw a point a setting of coverage: means over seeds."""
    points = settings[settings["whole_r"].notna()]
    for row in points.itertuples():
        colour = colours[row.activation]
        thin = {"color": colour, "lw": 0.6, "alpha": 0.45, "zorder": 1}
        axes.vlines(row.hit_ratio, row.whole_r_low, row.whole_r_high, **thin)
        point = {"marker": shapes[row.model], "markeredgecolor": "white", "markeredgewidth": 0.5}
        (mark,) = axes.plot(row.hit_ratio, row.whole_r, color=colour, markersize=5.5, **point)
        link_run(mark, row.run)
    axes.set_title(spoken_rho(first), fontsize=7.5, fontweight="normal")
    at = "" if pd.isna(first["evaluated_bin_size"]) else f" at {first['evaluated_bin_size']} bp"
    axes.set_xlabel("Hit ratio (share of filters that match a motif)")
    axes.set_ylabel(f"Pearson's r, whole chromosome{at}")
    axes.margins(0.06)
    widen(axes, x=0.1, y=0.05)
    axes.grid(True)
    binary = int(settings["binary"].sum())
    other = len(settings) - len(points) - binary
    remarks = [f"Binary settings, which predict no profile, see below: {binary}."] * (binary > 0)
    remarks += [f"Without an r, see table: {other}."] * (other > 0)
    if remarks:
        note_below(axes, " ".join(remarks))


def _legend(settings: pd.DataFrame, shapes: dict, colours: dict) -> list[Line2D]:
    """Give an entry an activation, one of shuffled filters and of binary runs, one a model."""

    def entry(label: str, **style) -> Line2D:
        return Line2D([], [], **{"linestyle": "none", "markersize": 5.5, **style}, label=label)

    entries = [
        entry(_LABELS.get(name, name), color=colour, marker="o") for name, colour in colours.items()
    ]
    entries.append(entry("columns shuffled", color=MUTED, marker="|", markersize=7))
    if settings["binary"].any():
        entries.append(entry("binary", color=INK, marker="o", markerfacecolor="white"))
    if len(set(shapes.values())) == len(shapes):
        drawn = set(settings.loc[settings["whole_r"].notna(), "model"])
        entries += [entry("")] + [
            entry(model, marker=shape, color=MUTED)
            for model, shape in shapes.items()
            if model in drawn
        ]
    return entries


def _draw_models(chart: SubFigure, settings: pd.DataFrame, colours: dict, threshold: float) -> None:
    """Draw hit ratio and mean best q-value of each setting, a row a model, the best on top."""
    order = (
        settings.groupby("model")["hit_ratio"].mean().sort_values(ascending=False, kind="stable")
    )
    places = settings["model"].map(dict(zip(order.index, np.arange(len(order)), strict=True)))
    panels = chart.subplots(1, 2, sharey=True)
    for axes, score in zip(panels, ("hit_ratio", "mean_best_q"), strict=True):
        for place, row in zip(places, settings.to_dict("records"), strict=True):
            colour = colours[row["activation"]]
            face = "white" if row["binary"] else colour
            style = {"marker": "o", "color": colour, "markerfacecolor": face, "alpha": 0.9}
            (mark,) = axes.plot(row[score], place, markersize=4.5, **style)
            link_run(mark, row["run"])
        axes.grid(True)
        axes.tick_params(axis="y", length=0)
    panels[0].plot(settings["shuffled_hit_ratio"], places, "|", color=MUTED, ms=7, zorder=1)
    panels[0].set_yticks(np.arange(len(order)), order.index, fontsize=6.5)
    panels[0].set_ylim(len(order) - 0.5, -0.5)
    panels[0].set_xlim(-0.02, 1.02)
    panels[0].set_xlabel("Hit ratio")
    panels[1].set_xlim(-0.02 * threshold, 1.02 * threshold)
    panels[1].set_xlabel(f"Mean lowest q of filters with a match (q < {threshold:g})")
