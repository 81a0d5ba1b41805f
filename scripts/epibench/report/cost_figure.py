"""Accuracy against what a training took."""

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from epibench.style import COLOURS, FULL_WIDTH, MUTED, SHAPES, link_run, styled

TITLE = "Accuracy against cost"
MOST_MODELS = len(SHAPES) * len(COLOURS)


def caption(bin_size: int, devices: list[str]) -> str:
    """Say what the figure shows."""
    return (
        f"Pearson's r on the whole test chromosomes at {bin_size} bp, mean over targets, of every "
        "run that can be evaluated there, with its 95 % interval over loci; left against the time "
        "of its training, right against its number of parameters, both axes logarithmic. Dashed: "
        "replicate 2; dotted: ridge regression on 5-mers, fitted to log1p. Trained on "
        f"{', '.join(devices) or 'unknown devices'}: times of another device do not compare. "
        "A run that took longer may only have been stopped later."
    )


@styled
def draw(runs: pd.DataFrame, marks: dict[str, float]) -> Figure:
    """Draw r against hours and against parameters, a point a run.

    Parameters
    ----------
    runs : DataFrame
        `run`, `model`, `seconds`, `parameters`, `pearson_r`, `pearson_r_low`, `pearson_r_high`.
    marks : dict of str to float
        r of `replicate2` and `ridge_log1p`, where known.
    """
    chart = Figure(figsize=(FULL_WIDTH, 2.7), layout="constrained")
    models = list(dict.fromkeys(runs["model"]))
    styles = {
        model: {"color": COLOURS[i % len(COLOURS)], "marker": SHAPES[i % len(SHAPES)]}
        for i, model in enumerate(models)
    }
    left, right = chart.subplots(1, 2, sharey=True)
    _draw(left, runs.assign(x=runs["seconds"] / 3600), styles, marks)
    _draw(right, runs.assign(x=runs["parameters"]), styles, marks)
    left.set(xlabel="Training (hours)", ylabel="Pearson's r, whole chromosome")
    right.set(xlabel="Parameters")
    handles = [Line2D([], [], linestyle="none", label=model, **styles[model]) for model in models]
    chart.legend(handles=handles[:MOST_MODELS], loc="outside upper left", ncols=4)
    return chart


def _draw(axes: Axes, runs: pd.DataFrame, styles: dict, marks: dict[str, float]) -> None:
    for name, line in (("replicate2", "--"), ("ridge_log1p", ":")):
        if name in marks:
            axes.axhline(marks[name], color=MUTED, ls=line, lw=0.8)
    for row in runs.itertuples():
        axes.plot(
            [row.x, row.x],
            [row.pearson_r_low, row.pearson_r_high],
            color=styles[row.model]["color"],
            lw=0.8,
            alpha=0.5,
        )
        (point,) = axes.plot(row.x, row.pearson_r, linestyle="none", **styles[row.model])
        link_run(point, row.run)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(True)
