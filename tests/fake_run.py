"""The folder of a run that never ran, with tables of a usual size."""

from pathlib import Path

import pandas as pd

from . import fake_tables
from .fake_study import TARGETS, run_rows
from .fake_tables import INPUT_LENGTH

AXES = ("model", "windows", "loss", "bin_size", "augmentation", "seed")
COVERAGE = run_rows([("poisson", 128)])[0]
BINARY = run_rows([("binary_crossentropy", INPUT_LENGTH)], model="binary", windows="peaks")[0]
HOSTILE = "</code><img src=x onerror=alert(1)>"
LOG = [
    "job: host=node1",
    *(f"epoch {i}/90: train 0.5" for i in range(1, 90)),
    "\x1b[1;31mred\x1b[0m and \x1b]0;title\x07plain",
    "10 %\r50 %\r100 %",
    HOSTILE,
]


def strata(run: dict) -> pd.DataFrame:
    """Give a stratum with an empty part."""
    rows = []
    for value, inputs in (("specific", 40), ("shared", 0)):
        for target in [*TARGETS, "mean"]:
            r = 0.5 if inputs else float("nan")
            row = {"predictor": run["run"], "target": target, "stratum": "specificity"}
            row |= {"value": value, "pearson_r": r, "pearson_r_per_sequence": r, "bias": r}
            row |= {"pearson_r_per_sequence_low": 0.4, "pearson_r_per_sequence_high": 0.6}
            rows.append(row | {"inputs": inputs, "targets": 4, "test_set": "3f9a1c07"})
    return pd.DataFrame(rows)


def tables(run: dict) -> dict[str, pd.DataFrame]:
    """Give the tables of an evaluation, as files have them; a binary model has no errors."""
    metrics = fake_tables.scores([run], sizes=(128, 512, INPUT_LENGTH))
    metrics = metrics.assign(bins=64, scale_factor=1.0)
    if run["loss"] == "binary_crossentropy":
        kept = ("pearson_r", "spearman_r")
        scores = [name for name in metrics if name.endswith(("_low", "_high"))]
        scores = [name.removesuffix("_low") for name in scores if name.endswith("_low")]
        gone = [name for name in metrics if _score_of(name, scores) not in (None, *kept)]
        metrics[[*gone, "scale_factor"]] = float("nan")
    found = {
        "metrics": metrics,
        "peak_metrics": metrics.assign(test_set="77aa"),
        "thresholds": fake_tables.thresholds([run]),
        "strata": strata(run),
        **fake_tables.high_activity([run]),
        "classification": fake_tables.classification([run])["classification"],
    }
    return {
        name: rows.rename(columns={"run": "predictor"}).drop(columns=list(AXES), errors="ignore")
        for name, rows in found.items()
    }


def _score_of(column: str, scores: list[str]) -> str | None:
    """Give the score that a column is of, None where it is of none."""
    name = column.removesuffix("_low").removesuffix("_high")
    return name if name in scores else None


def write_fake_run(results: Path, run: dict = COVERAGE, without: tuple[str, ...] = ()) -> Path:
    """Write the files of a run into a study's folder, and give the run's folder."""
    folder = results / "runs" / run["run"]
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}")
    (folder / "model.keras").write_bytes(b"weights")
    for name, rows in tables(run).items():
        if name not in without:
            rows.to_csv(folder / f"{name}.tsv", sep="\t", index=False)
    log = results / "logs" / "train_run" / f"{run['run']}.log"
    log.parent.mkdir(parents=True)
    log.write_text("\n".join(LOG) + "\n", newline="")
    return folder
