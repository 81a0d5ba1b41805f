"""Which bases predictions rest on, by several methods (Toneyan et al. 2022, Supp. Note 3)."""

import warnings
from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from scipy.stats import spearmanr

from epibench.experiments.effects import SETTINGS, checked, name_runs
from epibench.style import FULL_WIDTH, MUTED, note_below, styled
from epibench.words import BASES

NEEDED = ["locus", "target", "method", "position", "base", "score"]
CHECKS = ["target", "method", "check", "value"]
STRETCH = 80
"""Bases that a logo shows."""

RUNS, LOCI = 3, 2
"""Drawn at most."""

METHODS = {
    "saliency": "saliency",
    "gradient_x_input": "gradient x input",
    "gradient_x_input_corrected": "gradient x input, corrected",
    "integrated_gradients": "integrated gradients",
    "mutagenesis": "mutagenesis",
}
SPOKEN = {
    "off_simplex": "off the simplex",
    "completeness_error": "incomplete by",
    "reference_error": "error",
}
_COLOURS = {"A": "#009E73", "C": "#0072B2", "G": "#E69F00", "T": "#D55E00"}


def table(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Give the check value of each method, and how far methods agree.

    Parameters
    ----------
    tables : dict of str to DataFrame
        `attribution` and `attribution_checks`: those files of the runs, with their axes in front.

    Returns
    -------
    DataFrame
        One row a run, target and check: `method`, `check`, `value` as of
        `epibench.interpret.attribute`; and one a run, target, locus and pair of methods
        (`method` "a / b"): `check` "spearman_rho" of their scores at the locus.

    Raises
    ------
    InputError
        When there are no rows, or a column is missing.
    """
    rows = checked(tables["attribution"], NEEDED, "attribution")
    checks = checked(tables["attribution_checks"], CHECKS, "attribution")
    axes = ["run", *SETTINGS, "seed"]
    found = [checks.assign(locus="")[[*axes, "locus", *CHECKS]]]
    for key, part in rows.groupby([*axes, "target", "locus"], sort=False):
        scores = part.pivot(index="position", columns="method", values="score")
        names = dict(zip([*axes, "target", "locus"], key, strict=True))
        agreed = [
            names
            | {"method": f"{one} / {other}", "check": "spearman_rho"}
            | {"value": spearmanr(scores[one], scores[other])[0]}
            for one, other in combinations(part["method"].drop_duplicates(), 2)
        ]
        found.append(pd.DataFrame(agreed, columns=[*axes, "locus", *CHECKS]))
    return pd.concat(found, ignore_index=True)


def figure(tables: dict[str, pd.DataFrame]) -> Figure:
    """Draw the logos of the stretch of each locus on which the predictions rest most."""
    rows = checked(tables["attribution"], NEEDED, "attribution")
    return draw(rows, checked(tables["attribution_checks"], CHECKS, "attribution"))


@styled
def draw(rows: pd.DataFrame, checks: pd.DataFrame) -> Figure:
    """Draw a block a locus, a panel a run and method; of the first target."""
    target = rows["target"].iloc[0]
    rows, checks = rows[rows["target"] == target], checks[checks["target"] == target]
    runs = rows.drop_duplicates("run")
    names = dict(zip(runs["run"], name_runs(runs), strict=True))
    shown = list(names)[:RUNS]
    loci = rows["locus"].drop_duplicates().tolist()[:LOCI]
    methods = [name for name in METHODS if name in set(rows["method"])]
    lines = len(shown) * len(methods)
    height = 0.62 * lines + 0.5
    chart = Figure(figsize=(FULL_WIDTH, height * len(loci) + 0.2), layout="constrained")
    blocks = np.atleast_1d(chart.subfigures(len(loci), 1))
    for block, locus in zip(blocks, loci, strict=True):
        own = rows[(rows["locus"] == locus) & rows["run"].isin(shown)]
        block.suptitle(f"{locus}, {target}", x=0.01, ha="left", fontsize=8, fontweight="bold")
        _draw_locus(block, own, checks, {run: names[run] for run in shown}, methods)
    if len(names) > len(shown):
        axes = blocks[-1].axes[-1]
        note_below(axes, f"{len(names) - len(shown)} more runs are in the table only.")
    return chart


def _draw_locus(
    block: SubFigure, rows: pd.DataFrame, checks: pd.DataFrame, runs: dict, methods: list[str]
) -> None:
    start = best_stretch(rows)
    panels = block.subplots(len(runs) * len(methods), 1, sharex=True, squeeze=False)[:, 0]
    places = [(run, method) for run in runs for method in methods]
    for axes, (run, method) in zip(panels, places, strict=True):
        part = rows[(rows["run"] == run) & (rows["method"] == method)].sort_values("position")
        part = part[(part["position"] >= start) & (part["position"] < start + STRETCH)]
        draw_logo(axes, part)
        check = checks[(checks["run"] == run) & (checks["method"] == method)]
        value = ", ".join(
            f"{SPOKEN.get(row.check, row.check)} {row.value:.2g}" for row in check.itertuples()
        )
        axes.text(0, 1.06, f"{runs[run]}: {METHODS[method]}", transform=axes.transAxes, fontsize=6)
        axes.text(1, 1.06, value, transform=axes.transAxes, fontsize=6, color=MUTED, ha="right")
    panels[-1].set_xlabel("Position on the chromosome (0-based)")
    panels[-1].ticklabel_format(axis="x", style="plain", useOffset=False)


def draw_logo(axes: Axes, part: pd.DataFrame) -> None:
    """Draw letters as high as their scores: rows with `position`, `base` and `score`."""
    import logomaker

    heights = pd.DataFrame(0.0, index=part["position"].to_numpy(), columns=list(BASES))
    for position, base, score in part[["position", "base", "score"]].itertuples(index=False):
        if base in BASES:
            heights.loc[position, base] = score
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logomaker.Logo(heights, ax=axes, color_scheme=_COLOURS, show_spines=False)
    axes.axhline(0, color=MUTED, linewidth=0.4)
    axes.set_xlim(heights.index[0] - 0.5, heights.index[-1] + 0.5)
    axes.tick_params(labelsize=5.5)
    axes.set_yticks([0, float(heights.to_numpy().max()) or 1.0])
    axes.set_yticklabels(["0", f"{heights.to_numpy().max():.2g}"])


def best_stretch(rows: pd.DataFrame) -> int:
    """Find the stretch on which the runs and methods together put the largest scores.

    Each run and method counts alike: absolute scores are divided by their mean at the locus.

    Returns
    -------
    int
        Its first position.
    """
    size = rows["score"].abs()
    means = size.groupby([rows["run"], rows["method"]]).transform("mean")
    share = (size / means.where(means > 0)).groupby(rows["position"]).mean().sort_index()
    sums = share.fillna(0).rolling(min(STRETCH, len(share))).sum().to_numpy()
    return int(share.index[int(np.nanargmax(sums)) - min(STRETCH, len(share)) + 1])
