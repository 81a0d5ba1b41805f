"""What the report says of targets that are alike."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from epibench.report.inline import figure_element, relative

TITLE = "Correlation between targets"


def selection_part(
    settings: Mapping[str, Any], folder: str | Path, base: str | Path
) -> dict[str, Any]:
    """Give what the template shows of the comparison of targets.

    Parameters
    ----------
    settings : mapping
        `missing` (why targets were not compared, or None), `max_correlation`, and `selected` (the
        samples table of the kept targets, or None).
    folder : path
        What `epibench.data.write_selection.write_selection` wrote; not read where it is missing.
    base : path
        The folder of the report.
    """
    if settings["missing"]:
        return {"missing": settings["missing"]}
    folder, base = Path(folder), Path(base)
    pairs, verdicts = (
        pd.read_csv(
            folder / f"{name}.tsv",
            sep="\t",
            dtype={"target": str, "most_like": str},
            keep_default_na=False,  # a target may be called NA
            na_values={"highest_r": "", "pearson_r": ""},
        )
        for name in ("correlation", "selection")
    )
    figure = figure_element(
        folder / "figure.svg",
        "figure-selection",
        TITLE,
        "Heatmap of Pearson's r between every two targets; the values stand in the table of pairs.",
    )
    return {
        "missing": None,
        "title": TITLE,
        "limit": settings["max_correlation"],
        "selected": settings["selected"],
        "regions": int(pairs["regions"].iloc[0]),
        "kept": int(verdicts["kept"].sum()),
        "rows": verdicts.to_dict("records"),
        "figure": figure,
        "svg": relative(folder / "figure.svg", base),
        "png": relative(folder / "figure.png", base),
        "downloads": {
            name: relative(folder / f"{name}.tsv", base) for name in ("selection", "correlation")
        },
    }
