"""Predict some bins of an input from the part of it that they can see."""

import keras
import numpy as np

from epibench.models.reach import Reach, reach_of


class SomeBins:
    """Predict the same number of neighbouring bins of every input, wherever they lie.

    Where the model's receptive field allows it, only a crop of the input goes through the model:
    one that holds all that the bins can see, begins with a bin, and where it would leave the input
    is moved to its end, so that the padding of the convolutions is the same. Predictions are those
    of whole inputs up to rounding. Other models take the whole input.

    Parameters
    ----------
    model : keras.Model
        From one-hot sequences, float32 (batch, length, 4), to coverage (batch, bins, targets).
    bins : int
        How many bins are asked for at once, up to all.
    """

    def __init__(self, model: keras.Model, bins: int):
        self.bins = bins
        self.length = model.input_shape[1]
        reach = reach_of(model)
        if reach and reach.stride * model.output_shape[1] != self.length:
            reach = None  # a crop that ends with a bin would not end where the input does
        self._before, cropped = _crop(reach, bins, self.length) if reach else (0, self.length)
        self._size = reach.stride if reach else self.length // model.output_shape[1]
        self.model = model if cropped == self.length else _shorter(model, cropped)
        self.cropped = cropped

    def crop(self, sequences: np.ndarray, first: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cut out what the bins from `first` (n,) on can see.

        Returns
        -------
        crops : uint8, shape (n, cropped)
        shift : int, shape (n,)
            The first bin asked for among those that the crop gives.
        """
        start = np.clip(first - self._before, 0, (self.length - self.cropped) // self._size)
        columns = start[:, None] * self._size + np.arange(self.cropped)
        columns = columns.reshape(*columns.shape, *[1] * (sequences.ndim - 2))
        return np.take_along_axis(sequences, columns, axis=1), first - start


def _crop(reach: Reach, bins: int, length: int) -> tuple[int, int]:
    """Give how many bins a crop begins before those asked for, and its length in bp."""
    before = -(-reach.left // reach.stride)
    after = max(0, -(-(reach.right + 1 - reach.stride) // reach.stride))
    cropped = (before + bins + after) * reach.stride
    return (before, cropped) if cropped < length else (0, length)


def _shorter(model: keras.Model, length: int) -> keras.Model:
    """Give the same layers, with their weights, for a shorter input."""
    sequence = keras.Input((length, *model.input_shape[2:]), dtype=model.inputs[0].dtype)
    return keras.models.clone_model(
        model, input_tensors=sequence, clone_function=lambda layer: layer
    )
