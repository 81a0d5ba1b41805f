"""What the report shows of the data."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from epibench.report import coverage_figure
from epibench.report.cautions import cautions
from epibench.report.data_tables import (
    coverage_rows,
    file_rows,
    removed_rows,
    split_rows,
    target_rows,
    window_rows,
)
from epibench.report.inline import figure_element
from epibench.style import save


def data_part(summary: Mapping[str, Any], study: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Give what is unusual, the rows of every table, and the figure of the coverage.

    Parameters
    ----------
    summary : mapping
        The store's `summary.json`.
    study : mapping
        `accessions` (of experiments, by target) and `inputs`
        (`epibench.report.inputs.describe_inputs`).
    folder : Path
        The report's; `coverage.svg` and `coverage.png` are written there, for download.
    """
    save(coverage_figure.draw(summary), folder, "coverage")
    title, caption = coverage_figure.TITLE, coverage_figure.caption(summary)
    figure = figure_element(folder / "coverage.svg", "figure-coverage", title, caption)
    return {
        "cautions": cautions(summary),
        "splits": split_rows(summary),
        "removed": removed_rows(summary),
        "targets": target_rows(summary, study["accessions"]),
        "coverage": coverage_rows(summary),
        "windows": window_rows(summary),
        "files": file_rows(summary, study["inputs"]),
        "title": title,
        "caption": caption,
        "figure": figure,
    }
