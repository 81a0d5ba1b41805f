"""Which choices matter: what changing one of the study's defaults does to Pearson's r."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from epibench.report.shown import HEADINGS, shown_as
from epibench.words import AXES

COMPARED = [axis for axis in AXES if axis != "seed"]


def choices_part(folders: Mapping[str, Path], defaults: Mapping[str, Any]) -> dict[str, Any] | None:
    """Gather the comparisons whose reference is the study's default setting, largest effect first.

    Differences from one starting point can stand in one list; those from several cannot, because
    what a choice changes depends on all others.

    Parameters
    ----------
    folders : mapping of str to path
        Of the compared experiments by name, each with `comparisons.tsv`.
    defaults : mapping
        The study's default of every axis.

    Returns
    -------
    dict or None
        `rows`: for each change `experiment`, `change` (text), `difference` of r with `low` and
        `high`, `p_holm`, `verdict`, `seeds`, `evaluated_bin_size`; `span`, the largest absolute
        value that a strip must hold; `default` (text). None where nothing starts from the defaults.
    """
    parts = [
        _from_default(path / "comparisons.tsv", defaults).assign(experiment=name)
        for name, path in folders.items()
    ]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    if table.empty:
        return None
    changed = [f"a_{axis}" for axis in COMPARED]
    table = table.drop_duplicates([*changed, "evaluated_bin_size"])
    order = table["difference"].abs().sort_values(ascending=False, kind="stable").index
    keys = ["experiment", "difference", "low", "high", "p_holm", "verdict", "seeds"]
    keys += ["evaluated_bin_size"]
    rows = [
        {key: row[key] for key in keys} | {"change": _change(row)}
        for row in table.loc[order].to_dict("records")
    ]
    return {
        "rows": rows,
        "span": float(np.nanmax(table[["difference", "low", "high"]].abs().to_numpy())),
        "default": ", ".join(_named(axis, defaults[axis]) for axis in COMPARED),
    }


def _from_default(path: Path, defaults: Mapping[str, Any]) -> pd.DataFrame:
    """Keep the comparisons of Pearson's r with the default setting that have a difference."""
    table = pd.read_csv(path, sep="\t")
    if table.empty:
        return table
    kept = (table["score"] == "pearson_r") & table["difference"].notna()
    for axis in COMPARED:
        kept &= table[f"b_{axis}"].astype(str) == str(defaults[axis])
    return table[kept]


def _change(row: Mapping[str, Any]) -> str:
    """Say what differs, such as `loss: Poisson to MSE`."""
    return "; ".join(
        f"{HEADINGS[axis]}: {_value(axis, row[f'b_{axis}'])} → {_value(axis, row[f'a_{axis}'])}"
        for axis in COMPARED
        if row[f"a_{axis}"] != row[f"b_{axis}"]
    )


def _named(axis: str, value: Any) -> str:
    """Write a default with the name of its axis where the value does not say it."""
    text = _value(axis, value)
    return f"trained at {text} bp" if axis == "bin_size" else text


def _value(axis: str, value: Any) -> str:
    return shown_as(value, axis)
