"""What each stage of a study took: jobs, hours, memory, disk."""

import os
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

from epibench.report.costs import measured

STAGES = {
    "data": ("fetch", "write_peaks", "simulate", "select_targets", "store"),
    "train": ("train_run",),
    "evaluate": (
        *("evaluate_run", "evaluate_reference", "score_variation", "compare_runs"),
        *("rank_predictors", "run_experiment", "write_tracks", "write_measured"),
        *("choose_loci", "read_loci"),
    ),
    "variants": ("read_variants", "score_variants", "read_out_variants"),
    "interpret": (
        *("sample_sequences", "read_patterns", "read_jaspar", "read_filters", "match_filters"),
        *("attribute", "find_motifs", "embed_inputs", "find_flanks", "find_distances"),
        *("find_cooperativity", "occlude_motifs", "find_true_effects", "score_grammar"),
    ),
    "report": ("manifest", "judge_claims", "write_run_page", "write_report"),
}
"""Rules of each stage; all tables and figures of experiments count as evaluation."""

ON_GPU = (
    *("train_run", "evaluate_run", "score_variation", "score_variants", "write_tracks"),
    *("read_filters", "attribute", "embed_inputs", "find_flanks", "find_distances"),
    *("find_cooperativity", "occlude_motifs"),
)
"""Rules that ask for a GPU."""

_FOLDERS = {"simulation": "data", "store": "data", "targets": "data", "peaks": "data"}
_FOLDERS |= {"checkpoints": "train", "tensorboard": "train", "variants": "variants"}
_FOLDERS |= {"references": "evaluate", "predictors": "evaluate", "experiments": "evaluate"}
_FOLDERS |= {"measured": "evaluate", "interpret": "interpret", "truth": "interpret"}
_FOLDERS |= {"report": "report", "claims": "report"}
_TRAINED = ("model.keras", "history.csv", "run.json")
_EXPLAINED = (
    *("attribution", "filters", "embedding", "flanks", "distances", "positions", "copies"),
    *("cooperativity", "occlusion", "grammar", "modisco"),
)


def costs_of_stages(
    results: str | Path, names: Container[str], gpus: dict[str, int]
) -> list[dict[str, Any]]:
    """Add up time, memory and disk of each stage.

    Parameters
    ----------
    results : path
        The study's folder.
    names : container of str
        What its jobs are named by, see `epibench.report.costs.costs_of_rules`.
    gpus : dict of str to int
        How many GPUs each run was trained on; its other jobs that ask for one are counted with one
        where that is not 0.

    Returns
    -------
    list of dict
        For each stage `stage`, `jobs`, `hours` (of all jobs), `cpu_hours`, `gpu_hours`, `memory`
        (MB, of the largest job) and `bytes`. Hours and memory are None where nothing was sampled.
    """
    sizes = disk_of_stages(Path(results))
    folder = Path(results) / "benchmarks"
    jobs = [job for path in sorted(folder.rglob("*.tsv")) if (job := _job(path, folder, names))]
    rows = []
    for stage, rules in STAGES.items():
        of_stage = [job for job in jobs if job["rule"] in rules]
        on_gpu = [
            (job["s"] or 0) * (gpus.get(job["name"], 0) if job["rule"] == "train_run" else 1)
            for job in of_stage
            if job["rule"] in ON_GPU and gpus.get(job["name"], 0)
        ]
        rows.append(
            {
                "stage": stage,
                "jobs": len(of_stage),
                "hours": _hours(job["s"] for job in of_stage),
                "cpu_hours": _hours(job["cpu_time"] for job in of_stage),
                "gpu_hours": sum(on_gpu) / 3600,
                "memory": max((job["max_rss"] or 0 for job in of_stage), default=0) or None,
                "bytes": sizes.get(stage, 0),
            }
        )
    return rows


def disk_of_stages(results: Path) -> dict[str, int]:
    """Give the bytes of a study's files by stage; links count where they point to nothing.

    Parameters
    ----------
    results : Path
        The study's folder. Downloads that studies share lie beside it and are not counted.
    """
    sizes: dict[str, int] = {}
    for path in _files(results):
        stage = _stage_of(path.relative_to(results).parts)
        sizes[stage] = sizes.get(stage, 0) + path.lstat().st_size
    return sizes


def _stage_of(parts: tuple[str, ...]) -> str:
    """Tell which stage made a file, by its place."""
    if parts[0] != "runs":
        return _FOLDERS.get(parts[0], "other")
    name = parts[7] if len(parts) > 7 else ""
    if name in _TRAINED:
        return "train"
    if name.startswith("variant") and not name.startswith("variation"):
        return "variants"
    return "interpret" if name.startswith(_EXPLAINED) else "evaluate"


def _files(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
            else:
                yield Path(entry.path)


def _job(path: Path, folder: Path, names: Container[str]) -> dict[str, Any] | None:
    """Read the benchmark of a job of this study."""
    rule, *name = path.relative_to(folder).with_suffix("").parts
    if name and "/".join(name) not in names:
        return None
    found = measured(path)
    return found and {"rule": rule, "name": "/".join(name)} | found


def _hours(seconds: Any) -> float | None:
    known = [value for value in seconds if value is not None]
    return sum(known) / 3600 if known else None
