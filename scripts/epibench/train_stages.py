"""Train a run's model in the stages that its augmentation asks for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras

from epibench import device
from epibench.losses import get_loss
from epibench.models.evoaug import EvoAug
from epibench.models.layers import from_codes
from epibench.monitor import Monitor
from epibench.prepare_training import TrainingData
from epibench.recipe import Recipe
from epibench.step import Devices, Steps
from epibench.train import TrainingResult, train
from epibench.words import HEADS, LOSSES


def train_stages(
    model: keras.Model,
    data: TrainingData,
    settings: dict[str, Any],
    *,
    devices: Devices,
    checkpoint: Path,
    fingerprint: str,
    report: Callable[[dict], None] = lambda row: None,
    **options: Any,
) -> TrainingResult:
    """Train a model, with `evoaug` in two stages.

    The second goes on from the best weights of the first, on unperturbed sequences and with a small
    learning rate; its best epoch is the model's (Lee et al. 2023).

    Parameters
    ----------
    model : keras.Model
        With fresh weights; left with the best ones.
    data : TrainingData
        From `prepare_training`.
    settings : dict
        Of the run.
    devices : Devices
        That share every batch.
    checkpoint, fingerprint, report, options
        As `epibench.train.train` takes them; the second stage has a checkpoint of its own.
    """
    recipe = Recipe(**settings["recipe"])
    loss = LOSSES[settings["loss"]]
    weights = [settings["target_weights"].get(name, 1.0) for name in data.targets]
    measure = get_loss(settings["loss"], weights, **data.loss_settings)
    monitor = Monitor(data.targets, binary=loss.head == "peaks")

    def stage(
        recipe: Recipe, augment: keras.Layer | None, checkpoint: Path, done: int = 0
    ) -> TrainingResult:
        with devices.scope():
            trained = from_codes(model, HEADS[loss.head], augment)
            optimizer = keras.optimizers.Adam(recipe.learning_rate)
            if settings["precision"] == "mixed_float16":
                optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        steps = Steps(trained, measure, optimizer, xla=uses_xla(settings), devices=devices)
        return train(
            model,
            steps,
            data.batches["train"],
            data.batches["valid"],
            monitor=monitor,
            recipe=recipe,
            checkpoint=checkpoint,
            fingerprint=fingerprint,
            report=lambda row: report(row | {"epoch": row["epoch"] + done}),
            **options,
        )

    perturbed = "evoaug" in settings["augmentation"]
    first = stage(recipe, EvoAug(seed=settings["seed"]) if perturbed else None, checkpoint)
    if not perturbed or not recipe.fine_tune_epochs:
        return first
    print(f"fine-tuning on unperturbed sequences from epoch {first.best_epoch}")
    calm = {
        "epochs": recipe.fine_tune_epochs,
        "patience": recipe.fine_tune_epochs,
        "learning_rate": recipe.fine_tune_learning_rate,
        "decay_factor": 1.0,
    }
    done = len(first.history)
    second = stage(recipe.model_copy(update=calm), None, checkpoint_of_second(checkpoint), done)
    rows = [row | {"epoch": row["epoch"] + done} for row in second.history]
    history = [*first.history, *rows]
    return TrainingResult(history, done + second.best_epoch, first.resumed + second.resumed)


def checkpoint_of_second(checkpoint: Path) -> Path:
    """Name the checkpoint of the second stage."""
    return checkpoint.with_name(f"{checkpoint.stem}.fine_tune{checkpoint.suffix}")


def uses_xla(settings: dict[str, Any]) -> bool:
    """Say whether TensorFlow compiles with XLA: by default on a GPU.

    Not by default where every operation must be deterministic: XLA refuses some that TensorFlow has
    a deterministic kernel of (the gradient of max pooling).
    """
    if settings["xla"] is None:
        return bool(device.gpus()) and not settings.get("deterministic", False)
    return settings["xla"]
