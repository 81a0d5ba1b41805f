"""Models with training steps and batches of the bench input, for the benchmarks."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import keras
import numpy as np

from epibench.data.loader import Batch, Batches
from epibench.data.store import Store
from epibench.data.windows import select
from epibench.losses import get_loss
from epibench.models.layers import from_codes
from epibench.models.registry import build, builder, check_options
from epibench.step import Steps
from epibench.words import HEADS, LOSSES, SPLITS

INPUT_LENGTH = 2048
USUAL_BIN_SIZE = {"basenji": 128, "bpnet": 1, "bpnet_original": 1, "dilated_profile_counts": 1}
LOSS_OF = {head: next(n for n, loss in LOSSES.items() if loss.head == head) for head in HEADS}


def usual_bin_size(name: str) -> int:
    """Give the bin size at which a model is measured: the study's, else 32 bp."""
    if builder(name).head == "peaks":
        return INPUT_LENGTH
    return USUAL_BIN_SIZE.get(name, 32)


def open_batches(
    store: Path, bin_size: int, workers: int, times: int = 1, size: int = 64, head: str = "coverage"
) -> Batches:
    """Give batches of all windows of threshold 2, each window `times` an epoch."""
    opened = Store(store)
    windows = [select(opened, "threshold2", split) for split in SPLITS]
    labels = np.tile(np.concatenate([part.labels for part in windows]), (times, 1))
    return Batches(
        opened,
        np.tile(np.concatenate([part.offset for part in windows]), times),
        window_length=3072,
        input_length=INPUT_LENGTH,
        bin_size=bin_size,
        batch_size=size,
        augmentation="rc+shift",
        seed=1,
        shuffle=True,
        drop_last=True,
        scale=np.full(len(opened.targets), 3),
        labels=labels if head == "peaks" else None,
        workers=workers,
    )


def make_steps(name: str, *, targets: int = 5, xla: bool = False) -> tuple[keras.Model, Steps]:
    """Build a model with default options at its usual bin size, ready to train."""
    kind = builder(name)
    loss = LOSS_OF[kind.head]
    model = build(
        name,
        input_length=INPUT_LENGTH,
        bin_size=usual_bin_size(name),
        targets=targets,
        options=kind.resolve(check_options(name, {}), loss),
    )
    optimizer = keras.optimizers.Adam(0.001)
    if keras.config.dtype_policy().name == "mixed_float16":
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    return model, Steps(from_codes(model, HEADS[kind.head]), get_loss(loss), optimizer, xla=xla)


def endless(batches: Batches) -> Iterator[Batch]:
    """Yield the batches of epoch after epoch."""
    for epoch in count():
        yield from batches.epoch(epoch)
