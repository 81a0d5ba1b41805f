"""Figures of one run: how it trained, and what its experiments show of it alone."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from epibench.errors import InputError
from epibench.experiments import ANALYSES
from epibench.experiments.run import rows_of_runs
from epibench.report.inline import data_uri
from epibench.style import COLOURS, FULL_WIDTH, MUTED, png_bytes, styled

DPI = 150
"""Of figures in a page: sharp on a screen, and small."""


MONITORED = {"valid_auroc": "AUROC", "valid_aupr": "AUPR"}
"""What the history of a binary model has besides: how it finds peaks in the validation windows."""


@styled
def draw_curves(history: pd.DataFrame, best_epoch: int) -> Figure:
    """Draw training and validation loss and the learning rate by epoch.

    Parameters
    ----------
    history : DataFrame
        `history.csv` of the run: epoch, loss, valid_loss, learning_rate, and of binary models
        `MONITORED`.
    best_epoch : int
        The epoch whose weights are kept, from 1.
    """
    areas = {name: label for name, label in MONITORED.items() if name in history}
    widths = (2, 1, 1) if areas else (2, 1)
    chart = Figure(figsize=(FULL_WIDTH * (1 if areas else 0.75), 2.2), layout="constrained")
    losses, rates, *monitored = chart.subplots(1, len(widths), width_ratios=widths)
    for column, label, colour in (
        ("loss", "training", COLOURS[0]),
        ("valid_loss", "validation", COLOURS[1]),
    ):
        losses.plot(history["epoch"], history[column], color=colour, label=label, marker=".")
    losses.axvline(best_epoch, color=MUTED, lw=0.8, ls=":")
    losses.set(xlabel="Epoch", ylabel="Loss", title="Loss (dotted: kept epoch)")
    losses.legend()
    rates.step(history["epoch"], history["learning_rate"], where="mid", color=COLOURS[2])
    rates.set(xlabel="Epoch", title="Learning rate", yscale="log")
    for axes in monitored:
        for (name, label), colour in zip(areas.items(), COLOURS[3:], strict=False):
            axes.plot(history["epoch"], history[name], color=colour, label=label)
        axes.axvline(best_epoch, color=MUTED, lw=0.8, ls=":")
        axes.set(xlabel="Epoch", title="Area, validation")
        axes.legend()
    return chart


def curves(path: Path, best_epoch: int) -> str:
    """Give the figure of a history as an address for a page."""
    return png_uri(draw_curves(pd.read_csv(path), best_epoch))


def figures_of_run(
    settings: Mapping[str, Any], analyses: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """Draw what the experiments of a run show of it alone.

    Parameters
    ----------
    settings : mapping
        `run`, `axes`, `experiments` (with the analysis and shown targets of each).
    analyses : mapping
        Files of the run that each experiment reads, by its name.

    Returns
    -------
    list of dict
        For each analysis once: `analysis` and `image`, an address, or `reason` where it cannot be
        drawn for this run.
    """
    run = {"run": settings["run"]} | settings["axes"]
    figures, seen = [], set()
    for name, paths in analyses.items():
        experiment = settings["experiments"][name]
        kind = experiment["analysis"]
        if kind in seen:
            continue
        seen.add(kind)
        figure = {"analysis": ANALYSES[kind], "image": None, "reason": None}
        try:
            rows = rows_of_runs(kind, list(paths), [run], targets=experiment["targets"])
            figure["image"] = png_uri(import_module(ANALYSES[kind].module).figure(rows))
        except InputError as error:
            figure["reason"] = str(error)
        figures.append(figure)
    return figures


def filters_of_run(folder: Path) -> str:
    """Give the picture of the run's first-layer filters as an address."""
    return data_uri((folder / "filters.png").read_bytes(), "image/png")


def png_uri(chart: Figure) -> str:
    """Give a figure as an address of a PNG."""
    return data_uri(png_bytes(chart, DPI), "image/png")
