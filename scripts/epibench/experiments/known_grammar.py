"""What methods of explanation find in models of a simulated genome, beside the truth."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from epibench.errors import InputError
from epibench.experiments.metrics import RUN_COLUMNS
from epibench.experiments.variants import SETTINGS, name_settings
from epibench.experiments.whole_r import is_binary
from epibench.style import COLOURS, FULL_WIDTH, INK, MUTED, styled

_KEY = ["question", "subject", "orientation", "method", "target", "score"]
_CURVE = ["question", "subject", "orientation", "target", "x", "label"]
MOST = 6
"""Settings that are drawn in colour."""

SUBJECTS = 3
"""Motifs, and pairs, that have a panel."""

NEAREST = 200
"""Offsets up to which distances are drawn at least, bp."""

STEPS = 20
"""Groups of words that a flank's curve is averaged over."""

_PALETTE = (*COLOURS, "#56B4E9")
_METHODS = {
    "saliency": "saliency",
    "gradient_x_input": "gradient\nx input",
    "gradient_x_input_corrected": "corrected\ngradient\nx input",
    "integrated_gradients": "integrated\ngradients",
    "mutagenesis": "mutagenesis",
}
_FINDERS = {"filters": ("filters", "o"), "modisco": ("TF-MoDISco", "D")}


def table(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Give how much of the grammar each method finds in each setting.

    Parameters
    ----------
    tables : dict of str to DataFrame
        `grammar` and `grammar_curves`: those files of the runs, with the axes of each run in front.

    Returns
    -------
    DataFrame
        One row a setting and score: the axes of the setting, `seeds`, then the columns of
        `epibench.interpret.score_grammar.score_grammar`, where `value` and `chance` are means over
        seeds (NaN where a seed has none), with the ends `lowest` and `highest` of the values.

    Raises
    ------
    InputError
        When there are no rows, a column is missing, or the truth of the runs differs.
    """
    rows = tables["grammar"]
    missing = [c for c in [*RUN_COLUMNS, *_KEY, "value", "truth", "chance"] if c not in rows]
    if missing:
        raise InputError(f"known_grammar: the scores lack the columns {', '.join(missing)}")
    if rows.empty:
        raise InputError("known_grammar: no scores were given; its grid must have a run")
    rows = _filled(rows)
    groups = rows.groupby([*SETTINGS, *_KEY], sort=False)
    if (groups["truth"].nunique() > 1).any():
        raise InputError(
            "known_grammar: the runs were held against different truths; score all of them again"
        )
    means = groups[["value", "chance"]].agg(pd.Series.mean, skipna=False)
    ends = groups["value"].agg(seeds="size", lowest="min", highest="max")
    found = means.join(ends).join(groups["truth"].first()).reset_index()
    return found[[*SETTINGS, "seeds", *_KEY, "value", "lowest", "highest", "truth", "chance"]]


def _filled(rows: pd.DataFrame) -> pd.DataFrame:
    """Write empty texts, which reading gives as missing, as such."""
    texts = ["orientation", "method", "target", "label"]
    return rows.assign(**{c: rows[c].astype(object).fillna("") for c in texts if c in rows})


def figure(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw the table of the tables and the curves."""
    return draw(table(tables), mean_curves(tables["grammar_curves"]))


def mean_curves(curves: pd.DataFrame) -> pd.DataFrame:
    """Average the curves of each setting over its seeds.

    Parameters
    ----------
    curves : DataFrame
        The `grammar_curves.tsv` of the runs, with the axes of each run in front.

    Returns
    -------
    DataFrame
        One row a setting and point, for each subject in the target where the truth varies most.
    """
    groups = _filled(curves).groupby([*SETTINGS, *_CURVE], sort=False)
    means = groups[["estimate", "truth"]].mean().reset_index()
    spread = means.groupby(["question", "subject", "target"], sort=False)["truth"].agg(np.ptp)
    best = spread.groupby(["question", "subject"], sort=False).idxmax()
    return means[pd.MultiIndex.from_frame(means[["question", "subject", "target"]]).isin(best)]


@styled
def draw(table: pd.DataFrame, curves: pd.DataFrame) -> Figure:
    """Draw what is found by method, motif, flank, distance and pair."""
    looks = _looks(table)
    table = table.merge(looks, on=SETTINGS)
    shown = table[table["shown"]]
    curves = curves.merge(looks[looks["shown"]], on=SETTINGS)
    heights = [1.8 + 0.17 * looks["shown"].sum(), 2.1, 2.1, 2.1]
    chart = Figure(figsize=(FULL_WIDTH, sum(heights) + 0.4), layout="constrained")
    chart.get_layout_engine().set(h_pad=0.06, w_pad=0.06)
    above, flanks, distance, below = chart.subfigures(4, height_ratios=heights)
    left, right = above.subplots(1, 2)
    _draw_attribution(left, table)
    _draw_motifs(right, shown)
    for place, panel in ((flanks, _draw_flanks), (distance, _draw_distance)):
        question = "flanks" if panel is _draw_flanks else "distance"
        parts = curves[curves["question"] == question].groupby("subject", sort=False)
        for axes, (subject, part) in zip(place.subplots(1, SUBJECTS), parts, strict=False):
            panel(axes, part, shown[shown["subject"] == subject])
    _draw_pairs(below.subplots(1, 3), shown, curves)
    for axes in chart.axes:
        axes.set_visible(axes.has_data())
    chart.legend(handles=_legend(looks), loc="outside upper left", ncols=2, fontsize=6.5)
    return chart


def _looks(table: pd.DataFrame) -> pd.DataFrame:
    """Give each setting its name and colour; of many, the first are shown, binary ones too."""
    looks = table[SETTINGS].drop_duplicates(ignore_index=True)
    looks["name"] = name_settings(looks)
    looks["binary"] = is_binary(looks)
    binary = looks.index[looks["binary"]][: MOST // 3]
    others = looks.index[~looks["binary"]]
    others = others[: MOST - len(binary)]
    looks["shown"] = looks.index.isin([*others, *binary])
    looks["colour"] = MUTED
    looks.loc[looks["shown"], "colour"] = _PALETTE[: looks["shown"].sum()]
    return looks


def _legend(looks: pd.DataFrame) -> list[Line2D]:
    """Give an entry a setting that is shown, and one for the truth."""
    entries = [Line2D([], [], color=INK, lw=2.6, label="truth")]
    for row in looks[looks["shown"]].itertuples():
        style = {"marker": "o", "color": row.colour, "label": row.name}
        entries.append(Line2D([], [], **style, **_face(row.binary, row.colour)))
    rest = int((~looks["shown"]).sum())
    if rest:
        style = {"linestyle": "none", "marker": "o", "color": MUTED, "markersize": 3}
        entries.append(Line2D([], [], **style, label=f"{rest} more, first panel only"))
    return entries


def _face(binary: bool, colour: str) -> dict[str, str]:
    """Tell binary models apart: open markers, dashed lines."""
    return {"markerfacecolor": "white" if binary else colour, "linestyle": "--" if binary else "-"}


def _draw_attribution(axes: Axes, table: pd.DataFrame) -> None:
    """Draw the mean AUPR over targets of each method, a point a setting."""
    rows = table[table["score"] == "aupr"]
    means = rows.groupby([*SETTINGS, "method"], sort=False)[["value", "chance"]].mean()
    means = means.reset_index().merge(_looks(table), on=SETTINGS)
    if means.empty:  # no true site in the sampled inputs
        return
    methods = [name for name in _METHODS if name in set(means["method"])]
    names = list(dict.fromkeys(means["name"]))
    for row in means.itertuples():
        aside = (names.index(row.name) - (len(names) - 1) / 2) * min(0.1, 0.6 / len(names))
        face = _face(row.binary, row.colour) | {"linestyle": "none"}
        size = 4.5 if row.shown else 2.5
        place = methods.index(row.method) + aside
        axes.plot(place, row.value, "o", color=row.colour, markersize=size, **face)
    axes.axhline(means["chance"].mean(), color=INK, lw=0.9, linestyle=":")
    axes.annotate(
        "chance",
        (1, means["chance"].mean()),
        xycoords=("axes fraction", "data"),
        ha="right",
        va="bottom",
        fontsize=6,
    )
    axes.set_xticks(range(len(methods)), [_METHODS[name] for name in methods], fontsize=6)
    axes.set_xlim(-0.5, len(methods) - 0.5)
    axes.set_ylim(0, 1.1 * means["value"].max())
    axes.set_ylabel("AUPR of bases in true sites")
    axes.set_title("Bases in sites found, by attribution method")
    axes.grid(True, axis="y")


def _draw_motifs(axes: Axes, table: pd.DataFrame) -> None:
    """Draw which motifs filters and TF-MoDISco found: a row a setting, a column a motif."""
    rows = table[table["score"] == "found"]
    recall = table[table["score"] == "recall"].set_index(["name", "method"])
    names, motifs = (list(dict.fromkeys(rows[c])) for c in ("name", "subject"))
    used = [method for method in _FINDERS if method in set(rows["method"])]
    for row in rows.itertuples():
        at = motifs.index(row.subject) + 0.22 * (2 * used.index(row.method) + 1 - len(used))
        marker = _FINDERS[row.method][1]
        size = 4.6 if marker == "o" else 3.8
        style = {"color": row.colour, "markeredgewidth": 0.6}
        axes.plot(at, names.index(row.name), marker, ms=size, markerfacecolor="white", **style)
        axes.plot(at, names.index(row.name), marker, ms=size, alpha=row.value, **style)
    for name in names:
        text = ", ".join(f"{recall.loc[(name, method), 'value']:.0%}" for method in used)
        axes.annotate(text, (len(motifs) - 0.4, names.index(name)), va="center", fontsize=6)
    axes.set_xticks(range(len(motifs)), motifs, rotation=40, ha="right", fontsize=6)
    axes.set_yticks([])
    axes.set_xlim(-0.6, len(motifs) + 1.2)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    signs = {"o": "circle", "D": "diamond"}
    text = ", ".join(f"{signs[_FINDERS[m][1]]}: {_FINDERS[m][0]}" for m in used)
    chance = ", ".join(f"{recall.xs(m, level='method')['chance'].mean():.0%}" for m in used)
    axes.set_title("Motifs found: filled markers")
    axes.set_xlabel(f"{text}; right: recall, by chance {chance}", fontsize=6.5)


def _draw_flanks(axes: Axes, part: pd.DataFrame, scores: pd.DataFrame) -> None:
    """Draw the effects of words in the order of the truth, in steps, relative to their mean."""
    first = True
    for row, curve in _of_settings(part):
        curve = curve.sort_values("truth", ascending=False, kind="stable")
        steps = np.array_split(np.arange(len(curve)), min(STEPS, len(curve)))
        x = (np.arange(len(steps)) + 0.5) / len(steps)
        heights = {c: curve[c].to_numpy() / abs(curve[c].mean()) for c in ("truth", "estimate")}
        means = {c: [values[step].mean() for step in steps] for c, values in heights.items()}
        if first:
            axes.plot(x, means["truth"], color=INK, lw=2.6, zorder=1)
            first = False
        style = {"color": row.colour, "linestyle": _face(row.binary, row.colour)["linestyle"]}
        axes.plot(x, means["estimate"], **style)
    target = part["target"].iloc[0]
    rho = scores[(scores["score"] == "rho") & (scores["target"] == target)]
    axes.set_title(f"Flanks: {part['subject'].iloc[0]}, {target}")
    axes.set_xlabel("Words, best by truth first")
    axes.set_ylabel("Effect / mean effect")
    axes.set_xticks([0, 1], ["best", "worst"])
    axes.grid(True, axis="y")
    _write_values(axes, rho, "rho ", "{:.2f}")


def _draw_distance(axes: Axes, part: pd.DataFrame, scores: pd.DataFrame) -> None:
    """Draw the effect of a pair by distance, from that of motifs far apart (0) to the best (1)."""
    part = part[part["orientation"] == part["orientation"].iloc[0]]
    target = part["target"].iloc[0]
    own = (scores["target"] == target) & (scores["orientation"] == part["orientation"].iloc[0])
    scores = scores[own]
    limits = scores[scores["score"].isin(["limit_upstream", "limit_downstream"])]
    limits = limits.drop_duplicates("score").set_index("score")["truth"].dropna()
    reach = max(NEAREST, *(2.5 * limits)) if len(limits) else NEAREST
    first = True
    for row, curve in _of_settings(part):
        curve = curve.sort_values("x")
        x = curve["x"].to_numpy()
        for side in (x < 0, x > 0):
            near = side & (np.abs(x) <= reach)
            if first:
                axes.plot(x[near], _risen(curve["truth"], x)[near], color=INK, lw=2.6, zorder=1)
            style = {"color": row.colour, "linestyle": _face(row.binary, row.colour)["linestyle"]}
            axes.plot(x[near], _risen(curve["estimate"], x)[near], **style, lw=0.8)
        first = False
    for score, limit in limits.items():
        axes.axvline(-limit if score == "limit_upstream" else limit, color=INK, lw=0.7, ls=":")
    axes.axvline(0, color=MUTED, lw=0.6)
    axes.set_ylim(-0.2, 1.1)
    axes.set_title(f"{part['subject'].iloc[0]}, {target}")
    axes.set_xlabel(f"Offset, bp ({part['orientation'].iloc[0]} strand)")
    axes.set_ylabel("Effect, far = 0, best = 1")
    axes.grid(True, axis="y")


def _risen(effect: pd.Series, x: np.ndarray) -> np.ndarray:
    """Scale a curve: 0 where motifs are farthest apart, 1 at its maximum."""
    values = effect.to_numpy()
    far = np.median(values[np.abs(x) >= np.quantile(np.abs(x), 0.75)])
    return (values - far) / max(values.max() - far, np.finfo(float).tiny)


def _of_settings(part: pd.DataFrame):
    """Give each setting of a part with its first row."""
    return [(next(curve.itertuples()), curve) for _, curve in part.groupby("name", sort=False)]


def _write_values(axes: Axes, scores: pd.DataFrame, before: str, form: str) -> None:
    """Write a score of each setting into the upper right corner, in its colour."""
    for line, row in enumerate(scores.itertuples()):
        text = f"{before}{form.format(row.value)}".replace("-", "\N{MINUS SIGN}")
        place = {"xycoords": "axes fraction", "ha": "right", "va": "top"}
        axes.annotate(text, (0.99, 0.98 - 0.1 * line), **place, fontsize=6, color=row.colour)


def _draw_pairs(panels, table: pd.DataFrame, curves: pd.DataFrame) -> None:
    """Draw limits of distances, and what pairs do beyond the sum, of coverage and of logits."""
    targets = curves.drop_duplicates(["question", "subject"]).set_index(["question", "subject"])
    own = pd.MultiIndex.from_frame(table[["question", "subject"]])
    table = table[table["target"].to_numpy() == targets["target"].reindex(own).to_numpy()]
    limits = table[table["score"].isin(["limit_upstream", "limit_downstream"])]
    limits = limits[limits["orientation"] == "same"]
    side = limits["score"].map({"limit_upstream": "upstr.", "limit_downstream": "downstr."})
    _draw_columns(panels[0], limits.assign(column=_broken(limits["subject"]) + "\n" + side))
    panels[0].set_title("Half-way distance")
    panels[0].set_ylabel("Bp")
    ratio = table[table["score"] == "ratio"]
    for axes, binary, unit in ((panels[1], False, "coverage"), (panels[2], True, "logits")):
        part = ratio[ratio["binary"] == binary]
        _draw_columns(axes, part.assign(column=_broken(part["subject"]) + "\n" + part["target"]))
        axes.set_title(f"Cooperativity ({unit})")
        axes.set_ylabel("Effect of both / sum")
        if len(part):
            axes.axhline(1, color=MUTED, lw=0.7, ls=":")


def _broken(pairs: pd.Series) -> pd.Series:
    return pairs.str.replace("+", "\n+ ", regex=False)


def _draw_columns(axes: Axes, rows: pd.DataFrame) -> None:
    """Draw a value of each setting beside the truth, a black bar."""
    columns = list(dict.fromkeys(rows["column"]))
    names = list(dict.fromkeys(rows["name"]))
    for place, column in enumerate(columns):
        part = rows[rows["column"] == column]
        truth = part["truth"].dropna()
        if len(truth):
            axes.hlines(truth.iloc[0], place - 0.36, place + 0.36, color=INK, lw=1.6)
        for row in part.itertuples():
            aside = (names.index(row.name) - (len(names) - 1) / 2) * 0.1
            face = _face(row.binary, row.colour) | {"linestyle": "none"}
            axes.plot(place + aside, row.value, "o", color=row.colour, markersize=4.5, **face)
    axes.set_xticks(range(len(columns)), columns, fontsize=5.5)
    axes.set_xlim(-0.6, len(columns) - 0.4)
    axes.set_ylim(0, 1.1 * np.nanmax([1, *rows["value"], *rows["truth"]]))
    axes.grid(True, axis="y")
