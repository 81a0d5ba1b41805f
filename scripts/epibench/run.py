"""Train one run from its settings, and record how it went."""

import csv
import json
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from epibench import device
from epibench.checkpoint import is_of
from epibench.data.store import Store
from epibench.files import whole
from epibench.models.registry import build
from epibench.predict import find_batch_size
from epibench.prepare_training import prepare_training
from epibench.software import software
from epibench.step import Devices
from epibench.train import TrainingResult, seed_everything
from epibench.train_stages import checkpoint_of_second, train_stages, uses_xla
from epibench.watch import Watch


def train_run(
    store: Store,
    settings: dict[str, Any],
    *,
    name: str,
    folder: Path,
    checkpoint: Path,
    tensorboard: Path,
    job: dict[str, Any],
) -> None:
    """Train one run and write `model.keras`, `history.csv` and `run.json`.

    Parameters
    ----------
    store : Store
        The study's coverage store.
    settings : dict
        All settings of the run (`epibench.plan.Plan.run_settings`).
    name : str
        The run's name.
    folder : path
        Where the files go, each whole or not at all.
    checkpoint : path
        Resumed from, and removed at the end; lies outside the workflow's outputs, which are removed
        when a job is interrupted.
    tensorboard : path
        Folder of TensorBoard's event files.
    job : dict
        What does not change the result (`epibench.plan.Plan.training_job`).

    Raises
    ------
    InputError
        For a GPU that is not there, a split without windows, or labels that are all alike.
    """
    began = time.monotonic()
    hardware = device.start(
        settings["threads"], job["require_gpu"], settings.get("deterministic", False)
    )
    device.set_precision(settings["precision"])
    devices = Devices(device.choose_gpus(settings["gpus"]))
    data = prepare_training(store, settings)
    seed_everything(settings["seed"])
    with devices.scope():
        model = build(
            settings["builder"],
            input_length=store.summary["settings"]["windows"]["input_length"],
            bin_size=settings["bin_size"],
            targets=len(store.targets),
            options=settings["options"],
        )
    fingerprint = json.dumps([settings, store.fingerprint], sort_keys=True)
    events = tensorboard if job["tensorboard"] else None
    with Watch(events, job["wandb"], name, settings, is_of(checkpoint, fingerprint)) as watch:
        result = train_stages(
            model,
            data,
            settings,
            devices=devices,
            checkpoint=checkpoint,
            fingerprint=fingerprint,
            checkpoint_minutes=job["checkpoint_minutes"],
            report=watch,
        )
    best = result.history[result.best_epoch - 1]
    if best["constant_targets"]:
        print(f"WARNING: the prediction is the same everywhere for {best['constant_targets']}")
    record = {
        "settings": settings,
        "targets": store.targets,
        "scale": data.scale.tolist(),
        "known": data.known,
        "loss_settings": data.loss_settings,
        "store": store.fingerprint,
        "data_files": store.summary["files"],
        "config": job["config"],
        "samples": job["samples"],
        "parameters": _count(model.trainable_weights),
        "other_parameters": _count(model.non_trainable_weights),
        "epochs": len(result.history),
        "best_epoch": result.best_epoch,
        "best_valid_loss": best["valid_loss"],
        "monitors": {key: value for key, value in best.items() if key.startswith("valid_au")},
        "constant_targets": [name for name in best["constant_targets"].split(",") if name],
        "seconds": sum(row["seconds"] for row in result.history),
        "wall_seconds_of_last_job": time.monotonic() - began,
        "examples_per_second": _median(result.history, "examples_per_second"),
        "waited": _median(result.history, "waited"),
        "resumed": result.resumed,
        "xla": uses_xla(settings),
        "precision": model.dtype_policy.name,
        "deterministic": settings.get("deterministic", False),
        "predict_batch_size": find_batch_size(model),
        "peak_memory_mb": device.peak_memory(),
        "device": hardware,
        "software": software(),
    }
    _write(folder, model, result, record)
    for path in (checkpoint, checkpoint_of_second(checkpoint)):
        path.unlink(missing_ok=True)


def _count(weights: list) -> int:
    return int(sum(np.prod(weight.shape) for weight in weights))


def _median(history: list[dict], column: str) -> float:
    """Give the median over epochs, which compilation in the first does not move."""
    return float(np.median([row[column] for row in history]))


def _write(folder: Path, model: keras.Model, result: TrainingResult, record: dict) -> None:
    with whole(folder / "model.keras") as path:
        model.save(path)
    with whole(folder / "history.csv") as path, open(path, "w", newline="") as handle:
        table = csv.DictWriter(handle, result.history[0])
        table.writeheader()
        table.writerows(result.history)
    with whole(folder / "run.json") as path:
        path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
