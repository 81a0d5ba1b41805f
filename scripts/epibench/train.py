"""Train a model: early stopping, learning-rate decay, best weights, resuming.

The loop is written out instead of `model.fit`. Each epoch's batches must depend on seed and epoch
alone, while `fit`'s hooks run one epoch early and draw some batches twice; and a checkpoint must
hold everything (dropout's random states too), so that a resumed run repeats an undisturbed one.
"""

import json
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import keras
import numpy as np

from epibench.errors import InputError
from epibench.files import whole
from epibench.losses import get_loss
from epibench.models.layers import from_codes
from epibench.recipe import Recipe

HEARTBEAT_SECONDS = 60

Batch = tuple[np.ndarray, np.ndarray]
Log = Callable[[str], None]


class Batches(Protocol):
    """What training reads: `epoch(e)` gives the batches of epoch e, counted from 0.

    A batch is (uint8 base codes (batch, length), float32 coverage (batch, bins, targets)). Making
    batches ahead, while the device computes, is the loader's business.
    """

    def __len__(self) -> int: ...

    def epoch(self, epoch: int) -> Iterator[Batch]: ...


@dataclass(frozen=True)
class TrainingResult:
    """Tell how a training went.

    `history` has one row an epoch: epoch (from 1), loss, valid_loss, learning_rate, seconds (with
    validation), examples_per_second (of training). `best_epoch` is the row whose weights are kept;
    `examples_per_second` is the median over epochs, not moved by compilation in the first.
    """

    history: list[dict]
    best_epoch: int
    examples_per_second: float


def seed_everything(seed: int) -> None:
    """Seed initial weights and dropout (and Python's and NumPy's global generators).

    Call before a model is built. With the same number of threads on the same machine two trainings
    then give the same losses, on CPU. The order of the data has its own seed, in the loader.
    """
    keras.utils.set_random_seed(seed)


def train(
    model: keras.Model,
    train_batches: Batches,
    valid_batches: Batches,
    *,
    loss: str,
    recipe: Recipe,
    checkpoint: Path,
    fingerprint: str,
    log: Log = print,
) -> TrainingResult:
    """Train `model` in place and leave it with the weights of the lowest validation loss.

    Adam with Keras's defaults; losses are averages over batches weighted by their size
    (Toneyan et al. 2022, Methods). A checkpoint is written after every epoch; if `checkpoint`
    exists with this `fingerprint` the training goes on from it and gives the same history as one
    never disturbed.

    Parameters
    ----------
    model : keras.Model
        From one-hot sequences, float32 (batch, length, 4), to coverage (batch, bins, targets).
    train_batches, valid_batches : Batches
        Validation always reads epoch 0.
    loss : str
        Key of `epibench.words.LOSSES`.
    recipe : Recipe
        Settings; the batch size is the loader's business.
    checkpoint : path
        `.npz` file outside declared outputs; the caller deletes it when all is saved. A process
        killed while writing can leave a hidden temporary file beside it.
    fingerprint : str
        Names everything that the training depends on.
    log : callable, default print
        Takes one line at a time.

    Returns
    -------
    TrainingResult

    Raises
    ------
    InputError
        For a split without batches, or an unknown loss.
        For a loss that is not finite; names epoch and step.
    """
    for split, batches in (("training", train_batches), ("validation", valid_batches)):
        if not len(batches):
            raise InputError(f"the {split} split gives no batch; add windows or lower batch_size")
    trainer = _compiled(model, loss, recipe)
    history, best_weights = _resume(checkpoint, trainer, fingerprint, log)
    while not finished(history, recipe):
        trainer.optimizer.learning_rate = next_learning_rate(history, recipe)
        history.append(_epoch(trainer, train_batches, valid_batches, history, recipe, log))
        if best_epoch(history) == len(history):
            best_weights = model.get_weights()
        _save(checkpoint, trainer, fingerprint, history, best_weights)
    model.set_weights(best_weights)
    best = best_epoch(history)
    log(f"best epoch {best} of {len(history)}: valid {history[best - 1]['valid_loss']:.6g}")
    speed = float(np.median([row["examples_per_second"] for row in history]))
    return TrainingResult(history, best, speed)


def best_epoch(history: list[dict]) -> int:
    """Return the epoch (from 1) of the lowest validation loss, the earliest of equals."""
    return 1 + min(range(len(history)), key=lambda index: history[index]["valid_loss"])


def finished(history: list[dict], recipe: Recipe) -> bool:
    """Say if the epochs or the patience are used up."""
    if not history:
        return False
    return len(history) >= recipe.epochs or len(history) - best_epoch(history) >= recipe.patience


def next_learning_rate(history: list[dict], recipe: Recipe) -> float:
    """Return the next epoch's learning rate: Keras's ReduceLROnPlateau with min_delta 0."""
    rate, lowest, waited = recipe.learning_rate, math.inf, 0
    for row in history:
        if row["valid_loss"] < lowest:
            lowest, waited = row["valid_loss"], 0
            continue
        waited += 1
        if waited >= recipe.decay_patience:
            rate, waited = rate * recipe.decay_factor, 0
    return rate


def _compiled(model, loss, recipe):
    """Return a model that trains `model` from base codes, its optimizer's variables in place."""
    trainer = from_codes(model)
    trainer.compile(optimizer=keras.optimizers.Adam(recipe.learning_rate), loss=get_loss(loss))
    trainer.optimizer.build(trainer.trainable_variables)
    return trainer


def _epoch(trainer, train_batches, valid_batches, history, recipe, log):
    """Train and validate once; log and return the history's next row."""
    number = len(history) + 1
    started = time.monotonic()
    loss, examples = _mean_loss(
        trainer.train_on_batch, train_batches, number - 1, f"epoch {number}", log
    )
    trained = time.monotonic()
    valid_loss, _ = _mean_loss(
        trainer.test_on_batch, valid_batches, 0, f"validation of epoch {number}", log
    )
    row = {
        "epoch": number,
        "loss": loss,
        "valid_loss": valid_loss,
        "learning_rate": next_learning_rate(history, recipe),
        "seconds": time.monotonic() - started,
        "examples_per_second": examples / (trained - started),
    }
    best = " *" if best_epoch([*history, row]) == number else ""
    log(
        f"epoch {number}/{recipe.epochs}: train {loss:.6g}, valid {valid_loss:.6g}, "
        f"learning rate {row['learning_rate']:.3g}, {row['examples_per_second']:.1f} examples/s, "
        f"{row['seconds']:.1f} s{best}"
    )
    return row


def _mean_loss(step_on_batch, batches, epoch, phase, log):
    """Go through one epoch; return the loss averaged by batch size, and the examples."""
    total, examples = 0.0, 0
    started = reported = time.monotonic()
    for step, (sequences, coverage) in enumerate(batches.epoch(epoch), 1):
        loss = step_on_batch(sequences, coverage, return_dict=True)["loss"]
        if not math.isfinite(loss):
            raise InputError(
                f"the loss is {loss} in {phase}, step {step} of {len(batches)}; lower the recipe's "
                "learning_rate, or use the precision float32"
            )
        total += loss * len(sequences)
        examples += len(sequences)
        now = time.monotonic()
        if now - reported >= HEARTBEAT_SECONDS:
            reported = now
            log(
                f"{phase}: step {step} of {len(batches)}, loss so far {total / examples:.6g}, "
                f"{examples / (now - started):.1f} examples/s"
            )
    return total / examples, examples


def _variables(trainer):
    """Everything that training changes: weights, batch-norm moments, dropout's seeds, optimizer."""
    return [*trainer.variables, *trainer.optimizer.variables]


def _save(path, trainer, fingerprint, history, best_weights):
    """Write a checkpoint, whole or not at all."""
    arrays = {
        f"variable{i}": keras.ops.convert_to_numpy(v) for i, v in enumerate(_variables(trainer))
    }
    arrays |= {f"best{i}": weight for i, weight in enumerate(best_weights)}
    record = json.dumps({"fingerprint": fingerprint, "history": history})
    with whole(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, record=np.array(record), **arrays)
        file.flush()
        os.fsync(file.fileno())


def _resume(path, trainer, fingerprint, log):
    """Restore a matching checkpoint; return its history and best weights."""
    if not Path(path).exists():
        return [], None
    with np.load(path, allow_pickle=False) as stored:
        record = json.loads(str(stored["record"]))
        if record["fingerprint"] != fingerprint:
            log(f"{path} belongs to other settings; training starts anew")
            return [], None
        for i, variable in enumerate(_variables(trainer)):
            variable.assign(stored[f"variable{i}"])
        best_weights = [stored[f"best{i}"] for i in range(len(trainer.weights))]
    log(f"resuming after epoch {len(record['history'])} from {path}")
    return record["history"], best_weights
