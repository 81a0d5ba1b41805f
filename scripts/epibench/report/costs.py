"""Add up what the jobs of a study took, from Snakemake's benchmark files."""

import csv
from collections.abc import Container
from pathlib import Path
from typing import Any

KEYS = ("s", "cpu_time", "max_rss")
"""Columns of Snakemake's benchmark files: wall seconds, CPU-seconds, MB."""


def costs_of_rules(folder: str | Path, names: Container[str]) -> list[dict[str, Any]]:
    """Give time and memory of each rule, in the order of the time taken.

    Parameters
    ----------
    folder : path
        Holds `<rule>.tsv` and `<rule>/<name>.tsv`; may be missing.
    names : container of str
        The study's runs, experiments, bin sizes and downloads, as jobs are named by them: jobs that
        only a former config had are left out.

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
        if name and "/".join(name) not in names:
            continue
        if job := measured(path):
            found.setdefault(rule, []).append(job)
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


def measured(path: Path) -> dict[str, float | None] | None:
    """Read the last line of a benchmark file, if it has one; `NA` and `-`: was not sampled."""
    with open(path, newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    if not rows:
        return None
    return {key: None if rows[-1][key] in ("NA", "-") else float(rows[-1][key]) for key in KEYS}


def _over(function, jobs: list[dict[str, float | None]], key: str) -> float | None:
    """Apply a function to what was sampled, None where nothing was."""
    values = [job[key] for job in jobs if job[key] is not None]
    return function(values) if values else None
