"""Predict coverage of sequences, fast and in constant memory."""

import keras
import numpy as np

from epibench.errors import InputError
from epibench.models.layers import from_codes


class CoverageFunction:
    """Predict coverage through one compiled function, reused call after call.

    The last batch is filled up to `batch_size`, so nothing is compiled a second time. Dropout is
    off and batch normalisation uses its moving moments.

    Parameters
    ----------
    model : keras.Model
        From one-hot sequences, float32 (batch, length, 4), to coverage (batch, bins, targets).
    batch_size : int, default 64
        Sequences that go through the model at once.
    """

    def __init__(self, model: keras.Model, batch_size: int = 64):
        if batch_size < 1:
            raise InputError(f"batch_size must be at least 1, not {batch_size}")
        self.batch_size = batch_size
        self._model = from_codes(model)

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
