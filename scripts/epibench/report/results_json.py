"""Give the results of a study in a form for other programs."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

import pandas as pd

from epibench.report.experiment import ExperimentPage
from epibench.words import AXES, describe_reference

SCHEMA_VERSION = 1
"""Of `resources/results.schema.json`; raised when a program that reads results must be changed."""

SCORES = (
    "pearson_r",
    "pearson_r_log1p",
    "spearman_r",
    "pearson_r_per_sequence",
    "jensen_shannon",
    "mse",
    "poisson_nll",
    "r2",
    "scale_factor",
)


def results_of(
    study: Mapping[str, Any],
    data: Mapping[str, Any],
    runs: pd.DataFrame,
    metrics: pd.DataFrame,
    references: pd.DataFrame,
    experiments: Sequence[ExperimentPage],
    claims: pd.DataFrame | None,
    versions: Mapping[str, str],
    jobs: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """Gather what `resources/results.schema.json` describes; undefined numbers are null.

    Scores by target are those of raw predictions alone: means have all three scalings, and every
    predictor's `metrics.tsv` has everything.

    Parameters
    ----------
    study, data, runs, metrics, references, experiments, versions, jobs
        As of `epibench.report.write.write_report`.
    claims : DataFrame or None
        The verdicts.

    Returns
    -------
    dict
        Plain values for JSON.
    """
    axes = runs.set_index("run")
    predictors = []
    for table in (metrics, references):
        for name, part in table.groupby("predictor", sort=False):
            kind, label, _ = describe_reference(name, study["labels"])
            if name in axes.index:
                kind, label = "run", axes.loc[name, "model"]
            predictors.append(
                {"predictor": name, "kind": kind, "label": label}
                | {"axes": _plain(axes.loc[name, list(AXES)]) if kind == "run" else None}
                | {"scores": _scores(part)}
            )
    everyone = pd.concat([metrics, references])
    return {
        "schema_version": SCHEMA_VERSION,
        "study": study["study"],
        "title": study["title"],
        "date": study["date"],
        "versions": dict(versions),
        "data": {
            "fingerprint": data["fingerprint"],
            "test_set": everyone["test_set"].iloc[0],
            "targets": list(data["targets"]),
            "inputs": [
                {"path": path, "used_as": file["uses"], "source": file["source"]}
                | {"checksum": file["checksum"]}
                for path, file in study["inputs"].items()
            ],
        },
        "runs": [_plain(row) for _, row in runs.iterrows()],
        "predictors": predictors,
        "experiments": [
            {"name": page.name, "title": page.analysis.title, "question": page.analysis.question}
            | {"paper": page.analysis.paper, "table": f"experiments/{page.name}/table.tsv"}
            for page in experiments
        ],
        "claims": [] if claims is None else [_plain(row) for _, row in claims.iterrows()],
        "jobs": [dict(job) for job in jobs],
    }


def _scores(part: pd.DataFrame) -> list[dict[str, Any]]:
    """Give the scores of a predictor, a record for each bin size, scaling and target."""
    kept = part[(part["target"] == "mean") | (part["scaling"] == "raw")]
    records = []
    for row in kept.to_dict("records"):
        record = {
            "target": row["target"],
            "bin_size": int(row["evaluated_bin_size"]),
            "scaling": row["scaling"],
        }
        for score in SCORES:
            ends = (row.get(f"{score}_low"), row.get(f"{score}_high"))
            value = {"value": _number(row[score])}
            if row["target"] == "mean" and any(_number(end) is not None for end in ends):
                value |= {"low": _number(ends[0]), "high": _number(ends[1])}
            record[score] = value
        records.append(record)
    return records


def _plain(row: pd.Series) -> dict[str, Any]:
    """Turn a row into values that JSON knows."""
    return {
        str(name): _number(value) if isinstance(value, float) else _builtin(value)
        for name, value in row.items()
    }


def _builtin(value: Any) -> Any:
    """Turn a number of NumPy into one of Python."""
    return value.item() if hasattr(value, "item") else value


def _number(value: Any) -> float | None:
    """Give None for what is not a finite number, and six digits of what is."""
    if value is None or not isfinite(value):
        return None
    return float(f"{value:.6g}")
