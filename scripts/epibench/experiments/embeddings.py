"""Test sequences as models see them (Toneyan et al. 2022, Supp. Note 3)."""

import numpy as np
import pandas as pd
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from scipy.stats import spearmanr
from sklearn.neighbors import NearestNeighbors

from epibench.experiments.effects import SETTINGS, checked, name_runs
from epibench.style import FULL_WIDTH, SEQUENTIAL, note_below, styled

NEEDED = ["sequence", "x", "y", "target", "measured", "predicted"]
RUNS, TARGETS = 4, 5
"""Rows and columns of the figure, at most."""

NEAREST = 10


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """Give how far sequences that lie together in the picture have similar coverage.

    Parameters
    ----------
    rows : DataFrame
        The `embedding.tsv` of the runs, with the axes of each run in front.

    Returns
    -------
    DataFrame
        One row a run and target: `sequences`, `rho`, Spearman's of measured and predicted values,
        and `neighbour_spread`: variance of ln(1 + measured) among the ten nearest neighbours in
        the picture over that of all sequences (1: no order, 0: neighbours are alike).

    Raises
    ------
    InputError
        When there are no rows, or a column is missing.
    """
    rows = checked(rows, NEEDED, "embeddings")
    found = []
    for key, part in rows.groupby(["run", *SETTINGS, "seed", "target"], sort=False):
        value = np.log1p(part["measured"].clip(lower=0).to_numpy())
        places = part[["x", "y"]].to_numpy()
        count = min(NEAREST, len(part) - 1)
        near = NearestNeighbors(n_neighbors=count).fit(places).kneighbors(return_distance=False)
        spread = value[near].var(axis=1).mean() / value.var() if value.var() else np.nan
        known = part[["measured", "predicted"]].dropna()
        rho = spearmanr(*known.to_numpy().T)[0] if len(known) > 2 else np.nan
        names = dict(zip(["run", *SETTINGS, "seed", "target"], key, strict=True))
        scores = {"sequences": len(part), "rho": rho, "neighbour_spread": spread}
        found.append(names | scores)
    return pd.DataFrame(found)


def figure(rows: pd.DataFrame) -> Figure:
    """Draw the layout of each run, coloured by measured coverage."""
    return draw(checked(rows, NEEDED, "embeddings"))


@styled
def draw(rows: pd.DataFrame) -> Figure:
    """Draw a row a run, a column a target."""
    runs = rows.drop_duplicates("run")
    names = name_runs(runs)
    shown = runs["run"].tolist()[:RUNS]
    targets = rows["target"].drop_duplicates().tolist()
    columns = targets[:TARGETS]
    chart = Figure(figsize=(FULL_WIDTH, 0.7 + 1.5 * len(shown)), layout="constrained")
    grid = chart.subplots(len(shown), len(columns), squeeze=False)
    top = np.log1p(rows.loc[rows["target"].isin(columns), "measured"].max())
    norm = Normalize(0, max(float(top), 1e-6))
    for panel, target in zip(grid[0], columns, strict=True):
        panel.set_title(target)
    for axes, run, name in zip(grid, shown, names, strict=False):
        own = rows[rows["run"] == run]
        for panel, target in zip(axes, columns, strict=True):
            part = own[own["target"] == target].sort_values("measured")  # the highest on top
            value = np.log1p(part["measured"].clip(lower=0))
            points = panel.scatter(
                part["x"], part["y"], c=value, cmap=SEQUENTIAL, norm=norm, s=6, linewidths=0
            )
            panel.set_xticks([])
            panel.set_yticks([])
        axes[0].set_ylabel(name.replace(", ", "\n", 1), fontsize=6)
    bar = chart.colorbar(points, ax=grid.ravel().tolist(), shrink=0.6, aspect=30)
    bar.set_label("ln(1 + mean measured coverage)")
    bar.outline.set_visible(False)
    left_out = [
        f"{len(given) - most} more {what}"
        for given, most, what in ((runs, RUNS, "runs"), (targets, TARGETS, "targets"))
        if len(given) > most
    ]
    if left_out:
        note_below(grid[-1][0], f"{' and '.join(left_out)} have no panel.")
    return chart
