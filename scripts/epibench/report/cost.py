"""What the report shows of cost."""

from pathlib import Path
from typing import Any

import pandas as pd

from epibench.report import cost_figure
from epibench.report.inline import figure_element
from epibench.style import save


def cost_part(
    folder: Path, runs: pd.DataFrame, metrics: pd.DataFrame, bin_size: int
) -> dict[str, Any]:
    """Draw accuracy against cost, and give the figure with its title and caption.

    Parameters
    ----------
    folder : Path
        The report's; `figures/cost.svg`, `.pdf` and `.png` are written there: as deep as the
        figures of experiments, so that links to the pages of runs lead there too.
    runs : DataFrame
        The run table with `device`.
    metrics : DataFrame
        Metrics of all predictors.
    bin_size : int
        Evaluated bin size, bp.
    """
    kept = metrics[
        (metrics["target"] == "mean")
        & (metrics["evaluated_bin_size"] == bin_size)
        & (metrics["scaling"] == "raw")
    ]
    scores = ["pearson_r", "pearson_r_low", "pearson_r_high"]
    costs = ["run", "model", "seconds", "parameters", "device"]
    table = runs[costs].merge(kept[["predictor", *scores]], left_on="run", right_on="predictor")
    table = table[table["pearson_r"].notna()]
    by_name = kept.set_index("predictor")["pearson_r"].dropna()
    marks = {name: by_name[name] for name in ("replicate2", "ridge_log1p") if name in by_name}
    chart = cost_figure.draw(table, marks)
    save(chart, folder / "figures", "cost")
    devices = sorted(set(runs["device"]))
    title, caption = cost_figure.TITLE, cost_figure.caption(bin_size, devices)
    return {
        "title": title,
        "caption": caption,
        "figure": figure_element(folder / "figures" / "cost.svg", "figure-cost", title, caption),
    }
