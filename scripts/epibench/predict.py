"""Predict coverage of sequences, fast and in constant memory."""

import keras
import numpy as np

from epibench import device
from epibench.errors import InputError
from epibench.models.layers import from_codes

BATCH_SIZE = 64
LARGEST_BATCH = 512


class CoverageFunction:
    """Predict coverage through one compiled function, reused call after call.

    The last batch is filled up to `batch_size`, so nothing is compiled a second time. Dropout is
    off and batch normalisation uses its moving moments.

    Parameters
    ----------
    model : keras.Model
        From one-hot sequences, float32 (batch, length, 4), to coverage (batch, bins, targets), or
        of a binary model (batch, targets).
    batch_size : int, default 64
        Sequences that go through the model at once.
    layer : str or None
        A layer whose output is given in place of the model's: `logits`, `embedding`; default None.
    """

    def __init__(
        self, model: keras.Model, batch_size: int = BATCH_SIZE, *, layer: str | None = None
    ):
        if batch_size < 1:
            raise InputError(f"batch_size must be at least 1, not {batch_size}")
        self.batch_size = batch_size
        self._model = from_codes(model, [layer] if layer else None)

    def __call__(self, sequences: np.ndarray) -> np.ndarray:
        """Predict uint8 base codes (n, length): float32 (n, bins, targets); n may be 0."""
        length = self._model.input_shape[1]
        if sequences.dtype != np.uint8 or sequences.ndim != 2 or sequences.shape[1] != length:
            raise InputError(
                f"sequences must be uint8 base codes of shape (n, {length}), not "
                f"{sequences.dtype} of shape {sequences.shape}"
            )
        coverage = np.empty((len(sequences), *self._model.output_shape[1:]), np.float32)
        for start in range(0, len(sequences), self.batch_size):
            batch = sequences[start : start + self.batch_size]
            filled = np.pad(batch, ((0, self.batch_size - len(batch)), (0, 0)))
            coverage[start : start + len(batch)] = self._model.predict_on_batch(filled)[
                : len(batch)
            ]
        return coverage


def find_batch_size(model: keras.Model) -> int:
    """Find how many sequences to predict at once on this machine.

    A CPU gains nothing from more than 64. On a GPU the batch is doubled, up to 512, until it no
    longer fits the memory.
    """
    if not device.gpus():
        return BATCH_SIZE
    return largest_batch(lambda size: _try(model, size))


def largest_batch(fits) -> int:
    """Give the largest of 64, 128, 256, 512 for which `fits(size)` holds, at least 64."""
    size = BATCH_SIZE
    while size < LARGEST_BATCH and fits(2 * size):
        size *= 2
    return size


def _try(model: keras.Model, size: int) -> bool:
    """Tell whether a batch fits the device; what runs out of memory raises an error of its own."""
    try:
        CoverageFunction(model, size)(np.zeros((size, model.input_shape[1]), np.uint8))
    except Exception as error:
        if "RESOURCE_EXHAUSTED" in str(error) or "ResourceExhausted" in type(error).__name__:
            return False
        raise
    return True
