"""Train a model: early stopping, learning-rate decay, best weights, resuming.

The loop is written out instead of `model.fit`. Each epoch's batches must depend on seed and epoch
alone, while `fit`'s hooks run one epoch early and draw some batches twice; and a checkpoint must
hold everything (dropout's random states too), so that a resumed run repeats an undisturbed one.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import keras
import numpy as np

from epibench.checkpoint import Progress, load_checkpoint, save_checkpoint
from epibench.errors import InputError
from epibench.interrupt import Interrupt, interrupts
from epibench.monitor import Monitor
from epibench.recipe import Recipe
from epibench.step import Steps

HEARTBEAT_SECONDS = 60
LOOK_EVERY = 16
"""Steps after which their losses are fetched: fetching waits for the device."""

Batch = tuple[np.ndarray, np.ndarray]
Log = Callable[[str], None]


class Batches(Protocol):
    """What training reads: `epoch(e, start)` gives the batches of epoch e, counted from 0.

    A batch is (uint8 base codes (batch, length), what the loss compares with). `describe(e, i)`
    names the windows of batch i. Making batches ahead, while the device computes, is the loader's
    business.
    """

    def __len__(self) -> int: ...

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]: ...

    def describe(self, number: int, index: int) -> list[str]: ...


@dataclass(frozen=True)
class TrainingResult:
    """Tell how a training went.

    `history` has one row an epoch: epoch (from 1), loss, valid_loss, learning_rate, seconds (with
    validation), examples_per_second (of training), waited (share of the training time in which no
    batch was ready), and what the monitor adds. `best_epoch` is the row whose weights are kept;
    `resumed` counts how often the training was taken up from a checkpoint.
    """

    history: list[dict]
    best_epoch: int
    resumed: int


def seed_everything(seed: int) -> None:
    """Seed initial weights and dropout (and Python's and NumPy's global generators).

    Call before a model is built. With the same number of threads on the same machine two trainings
    then give the same losses, on CPU. The order of the data has its own seed, in the loader.
    """
    keras.utils.set_random_seed(seed)


def train(
    model: keras.Model,
    steps: Steps,
    train_batches: Batches,
    valid_batches: Batches,
    *,
    monitor: Monitor,
    recipe: Recipe,
    checkpoint: Path,
    fingerprint: str,
    checkpoint_minutes: float = 15,
    log: Log = print,
    report: Callable[[dict], None] = lambda row: None,
) -> TrainingResult:
    """Train `model` in place and leave it with the weights of the lowest validation loss.

    Losses are averages over batches weighted by their size (Toneyan et al. 2022, Methods). A
    checkpoint is written after every epoch, every `checkpoint_minutes` within one, and on SIGTERM
    and SIGUSR1, which end the process; if `checkpoint` exists with this `fingerprint` the training
    goes on from it and gives the same history as one never disturbed.

    Parameters
    ----------
    model : keras.Model
        The model whose best weights are kept.
    steps : Steps
        Change and score the weights that the model has.
    train_batches, valid_batches : Batches
        Validation always reads epoch 0.
    monitor : Monitor
        Takes the predictions of every validation and gives columns of the history.
    recipe : Recipe
        Settings; the batch size is the loader's business.
    checkpoint : path
        `.npz` file outside declared outputs; the caller deletes it when all is saved. A process
        killed while writing can leave a hidden temporary file beside it.
    fingerprint : str
        Names everything that the training depends on.
    checkpoint_minutes : float, default 15
        Longest time between two checkpoints.
    log : callable, default print
        Takes one line at a time.
    report : callable
        Takes each row of the history as it is made; one is given again where the process was killed
        between this and the checkpoint.

    Returns
    -------
    TrainingResult

    Raises
    ------
    InputError
        For a split without batches.
        For a loss that is not finite; names epoch, step and windows.
    SystemExit
        After a signal, when the checkpoint is written.
    """
    for split, batches in (("training", train_batches), ("validation", valid_batches)):
        if not len(batches):
            raise InputError(f"the {split} split gives no batch; add windows or lower batch_size")
    found = load_checkpoint(checkpoint, fingerprint, log)
    progress, best_weights = Progress(), None
    if found:
        progress, state, best_weights = found
        steps.set_state(state)

    def save() -> None:
        save_checkpoint(checkpoint, fingerprint, progress, steps.get_state(), best_weights)

    history = progress.history
    with interrupts() as heard:
        keep = _Keeper(save, checkpoint_minutes * 60, heard, checkpoint, log)
        while not finished(history, recipe, len(train_batches)):
            steps.set_learning_rate(next_learning_rate(history, recipe))
            _train_epoch(steps, train_batches, progress, keep, log)
            row = _end_epoch(steps, valid_batches, monitor, progress, recipe, keep, log)
            progress.end_epoch(row)
            if best_epoch(history) == len(history):
                best_weights = steps.get_weights(model)
            report(row)
            keep.save()
    model.set_weights(best_weights)
    best = best_epoch(history)
    log(f"best epoch {best} of {len(history)}: valid {history[best - 1]['valid_loss']:.6g}")
    return TrainingResult(history, best, progress.resumed)


def best_epoch(history: list[dict]) -> int:
    """Return the epoch (from 1) of the lowest validation loss, the earliest of equals."""
    return 1 + min(range(len(history)), key=lambda index: history[index]["valid_loss"])


def finished(history: list[dict], recipe: Recipe, steps: int = 1) -> bool:
    """Say if the epochs, of so many steps each, or the patience are used up."""
    if not history:
        return False
    patient_from = max(best_epoch(history), recipe.patience_from_step // steps)
    return len(history) >= recipe.epochs or len(history) - patient_from >= recipe.patience


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


class _Keeper:
    """Writes checkpoints when it is time, and ends the process when it is asked to."""

    def __init__(
        self, save: Callable[[], None], every: float, heard: Interrupt, path: Path, log: Log
    ):
        self._save, self._every, self._heard, self._path, self._log = save, every, heard, path, log
        self._saved = time.monotonic()

    def is_due(self) -> bool:
        """Tell whether to stop here for a checkpoint."""
        return bool(self._heard) or time.monotonic() - self._saved >= self._every

    def save(self) -> None:
        """Write a checkpoint; after a signal, end the process."""
        self._save()
        self._saved = time.monotonic()
        if self._heard:
            self._log(f"{self._heard.signal}: stopping; training will go on from {self._path}")
            raise SystemExit(1)


def _train_epoch(steps, batches, progress, keep, log):
    """Train on the batches of an epoch that are left."""
    number = len(progress.history)
    phase = f"epoch {number + 1}"
    losses = _Losses(batches, number, progress, phase, log)
    clock = time.monotonic()
    for sequences, truth in batches.epoch(number, progress.step):
        ready = time.monotonic()
        progress.waited += ready - clock
        losses.add(steps.train(sequences, truth), len(sequences))
        if keep.is_due():
            losses.fetch()
            progress.seconds += time.monotonic() - clock
            keep.save()
            clock = time.monotonic()
            continue
        now = time.monotonic()
        progress.seconds += now - clock
        clock = now
    losses.fetch()
    progress.seconds += time.monotonic() - clock


def _end_epoch(steps, valid_batches, monitor, progress, recipe, keep, log):
    """Validate; log and return the history's next row."""
    history, number = progress.history, len(progress.history) + 1
    started = time.monotonic()
    scored = Progress()
    losses = _Losses(valid_batches, 0, scored, f"validation of epoch {number}", log)
    monitor.begin()
    for sequences, truth in valid_batches.epoch(0):
        loss, prediction = steps.test(sequences, truth)
        monitor.add(truth, prediction)
        losses.add(loss, len(sequences))
        if keep.is_due():
            keep.save()
    losses.fetch()
    row = {
        "epoch": number,
        "loss": progress.loss / progress.examples,
        "valid_loss": scored.loss / scored.examples,
        "learning_rate": next_learning_rate(history, recipe),
        "seconds": progress.seconds + time.monotonic() - started,
        "examples_per_second": progress.examples / progress.seconds,
        "waited": progress.waited / progress.seconds,
    } | monitor.row()
    best = " *" if best_epoch([*history, row]) == number else ""
    log(
        f"epoch {number}/{recipe.epochs}: train {row['loss']:.6g}, valid {row['valid_loss']:.6g}, "
        f"learning rate {row['learning_rate']:.3g}, {row['examples_per_second']:.1f} examples/s, "
        f"{row['seconds']:.1f} s{best}"
    )
    return row


class _Losses:
    """Sums losses that are still being computed, in the order of the batches."""

    def __init__(self, batches: Batches, number: int, progress: Progress, phase: str, log: Log):
        self._batches, self._number, self._progress = batches, number, progress
        self._phase, self._log, self._waiting = phase, log, []
        self._reported = time.monotonic()

    def add(self, loss, size: int) -> None:
        """Add the loss of the next batch."""
        self._waiting.append((loss, size))
        if len(self._waiting) >= LOOK_EVERY or self._is_time():
            self.fetch()
        if self._is_time():
            self._reported, done = time.monotonic(), self._progress
            self._log(
                f"{self._phase}: step {done.step} of {len(self._batches)}, loss so far "
                f"{done.loss / done.examples:.6g}"
            )

    def fetch(self) -> None:
        """Wait for the losses and add them up."""
        for loss, size in self._waiting:
            loss = float(loss)
            self._progress.step += 1
            if not math.isfinite(loss):
                self._refuse(loss, self._progress.step)
            self._progress.loss += loss * size
            self._progress.examples += size
        self._waiting.clear()

    def _is_time(self) -> bool:
        return time.monotonic() - self._reported >= HEARTBEAT_SECONDS

    def _refuse(self, loss: float, step: int) -> None:
        windows = self._batches.describe(self._number, step - 1)
        self._log(f"windows of the batch: {' '.join(windows)}")
        shown = ", ".join(windows[:3]) + (", ... (all in the log)" if len(windows) > 3 else "")
        raise InputError(
            f"the loss is {loss} in {self._phase}, step {step} of {len(self._batches)}, on the "
            f"windows {shown}; check the coverage there, lower the recipe's learning_rate, or use "
            "the precision float32"
        )
