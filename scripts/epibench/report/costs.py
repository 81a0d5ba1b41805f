"""Add up what the jobs of a study took, from Snakemake's benchmark files."""

import csv
from collections.abc import Container
from pathlib import Path
from typing import Any

KEYS = ("s", "cpu_time", "max_rss")
"""Columns of Snakemake's benchmark files: wall seconds, CPU-seconds, MB."""


def costs_of_rules(folder: str | Path, runs: Container[str]) -> list[dict[str, Any]]:
    """Give time and memory of each rule, in the order of the time taken.

    Parameters
    ----------
    folder : path
        Holds `<rule>.tsv` and `<rule>/<name>.tsv`; may be missing.
    runs : container of str
        The study's runs: jobs of runs that a former grid had are left out.

    Returns
    -------
    list of dict
        `rule`, `jobs`, `seconds` and `cpu_seconds` (sums), `longest` (seconds) and `memory` (MB,
        the largest resident set of a job's processes); None where a job was too short to be
        sampled.
    """
    found: dict[str, list[dict[str, float | None]]] = {}
    for path in sorted(Path(folder).rglob("*.tsv")):
        rule, *name = path.relative_to(folder).with_suffix("").parts
        if len(name) > 1 and "/".join(name) not in runs:
            continue
        found.setdefault(rule, []).append(_measured(path))
    rows = [
        {
            "rule": rule,
            "jobs": len(jobs),
            "seconds": _over(sum, jobs, "s"),
            "cpu_seconds": _over(sum, jobs, "cpu_time"),
            "longest": _over(max, jobs, "s"),
            "memory": _over(max, jobs, "max_rss"),
        }
        for rule, jobs in found.items()
    ]
    return sorted(rows, key=lambda row: -(row["seconds"] or 0))


def _measured(path: Path) -> dict[str, float | None]:
    """Read the last line of a benchmark file; `NA` and `-` stand for what was not sampled."""
    with open(path, newline="", encoding="utf-8") as handle:
        *_, row = csv.DictReader(handle, delimiter="\t")
    return {key: None if row[key] in ("NA", "-") else float(row[key]) for key in KEYS}


def _over(function, jobs: list[dict[str, float | None]], key: str) -> float | None:
    """Apply a function to what was sampled, None where nothing was."""
    values = [job[key] for job in jobs if job[key] is not None]
    return function(values) if values else None
