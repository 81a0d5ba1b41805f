"""One run from its settings: train it, and predict with what came out."""

import csv
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np

from epibench import device
from epibench.data.loader import Batches
from epibench.data.store import Store
from epibench.data.windows import select, training_means
from epibench.evaluate.predictors import Inputs
from epibench.files import whole
from epibench.models.layers import load_model
from epibench.models.registry import build
from epibench.predict import CoverageFunction
from epibench.recipe import Recipe
from epibench.software import software
from epibench.train import TrainingResult, seed_everything, train


def train_run(
    store: Store,
    settings: dict[str, Any],
    *,
    folder: Path,
    checkpoint: Path,
    require_gpu: bool = False,
) -> None:
    """Train one run and write `model.keras`, `history.csv` and `run.json`.

    Parameters
    ----------
    store : Store
        The study's coverage store.
    settings : dict
        All settings of the run (`epibench.plan.Plan.run_settings`).
    folder : path
        Where the files go, each whole or not at all.
    checkpoint : path
        Resumed from, and removed at the end; lies outside the workflow's outputs, which are removed
        when a job is interrupted.
    require_gpu : bool, default False
        Fail at once where no GPU is found, instead of training on the CPU for days.

    Raises
    ------
    InputError
        For a GPU that is not there, or a split without windows.
    """
    device.set_threads(settings["threads"])
    device.set_precision(settings["precision"])
    hardware = device.describe()
    print(f"device: {hardware}")
    if require_gpu:
        device.require_gpu()
    recipe = Recipe(**settings["recipe"])
    windows = store.summary["settings"]["windows"]
    scale = target_scale(store, settings)
    batches = {
        split: Batches(
            store,
            select(store, settings["windows"], split).offset,
            window_length=windows["length"],
            input_length=windows["input_length"],
            bin_size=settings["bin_size"],
            batch_size=recipe.batch_size,
            augmentation=settings["augmentation"] if split == "train" else "none",
            seed=settings["seed"],
            shuffle=split == "train",
            drop_last=split == "train",
            scale=scale,
            clip=settings["target_clip"],
            workers=settings["threads"],
        )
        for split in ("train", "valid")
    }
    seed_everything(settings["seed"])
    model = build(
        settings["builder"],
        input_length=windows["input_length"],
        bin_size=settings["bin_size"],
        targets=len(store.targets),
        options=settings["options"],
    )
    fingerprint = json.dumps([settings, store.fingerprint], sort_keys=True)
    result = train(
        model,
        batches["train"],
        batches["valid"],
        loss=settings["loss"],
        recipe=recipe,
        checkpoint=checkpoint,
        fingerprint=fingerprint,
    )
    record = {
        "settings": settings,
        "scale": scale.tolist(),
        "store": store.fingerprint,
        "parameters": int(sum(np.prod(weight.shape) for weight in model.trainable_weights)),
        "epochs": len(result.history),
        "best_epoch": result.best_epoch,
        "best_valid_loss": result.history[result.best_epoch - 1]["valid_loss"],
        "seconds": sum(row["seconds"] for row in result.history),
        "examples_per_second": result.examples_per_second,
        "device": hardware,
        "software": software(),
    }
    _write(folder, model, result, record)
    checkpoint.unlink(missing_ok=True)


def target_scale(store: Store, settings: dict[str, Any]) -> np.ndarray:
    """Give what each target is divided by while training, float32, shape (targets,)."""
    if settings["target_scale"] == "none":
        return np.ones(len(store.targets), np.float32)
    windows = select(store, settings["windows"], "train")
    return training_means(store, windows).astype(np.float32)


class RunPredictor:
    """A trained run: gives coverage for any sequence, in unscaled units.

    Parameters
    ----------
    folder : path
        Holds `model.keras` and `run.json`.
    batch_size : int
        Sequences that go through the model at once.
    """

    def __init__(self, folder: str | Path, *, batch_size: int):
        record = json.loads((Path(folder) / "run.json").read_text(encoding="utf-8"))
        self.bin_size = record["settings"]["bin_size"]
        self.scale = np.array(record["scale"], np.float32)
        self.coverage = CoverageFunction(load_model(Path(folder) / "model.keras"), batch_size)

    def predict(self, inputs: Inputs) -> np.ndarray:
        """Predict coverage, float32, shape (batch, bins, targets)."""
        return self.coverage(inputs.sequence) * self.scale


def _write(folder: Path, model: keras.Model, result: TrainingResult, record: dict) -> None:
    with whole(folder / "model.keras") as path:
        model.save(path)
    with whole(folder / "history.csv") as path, open(path, "w", newline="") as handle:
        table = csv.DictWriter(handle, result.history[0])
        table.writeheader()
        table.writerows(result.history)
    with whole(folder / "run.json") as path:
        path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
