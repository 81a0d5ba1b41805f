"""Align what a model's first filters respond to (Toneyan et al. 2022, Supp. Note 2)."""

from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import numpy as np
from keras import ops

from epibench.arrays import load_arrays
from epibench.errors import InputError
from epibench.files import whole
from epibench.interpret.clip import clip, frequencies
from epibench.models.layers import OneHot

SHARE = 0.5
"""Share of a filter's maximum that a position must exceed to be a site."""

BATCH_SIZE = 32
"""Of 2,048 bp and 256 filters, half a gigabyte of activations."""


@dataclass(frozen=True)
class Filters:
    """What the first filters of a model respond to.

    Attributes
    ----------
    counts : float64, shape (filters, width, 4)
        Sum of the one-hot sub-sequences at the sites of each filter; N counts 0.25 for each base.
    sites : int64, shape (filters,)
    maximum : float32, shape (filters,)
        Largest activation.
    activation : str
        Name of the activation function.
    """

    counts: np.ndarray
    sites: np.ndarray
    maximum: np.ndarray
    activation: str

    def save(self, path: str | Path) -> None:
        """Write the arrays as `.npz`, whole or not at all."""
        with whole(path) as temporary:
            np.savez_compressed(temporary, **asdict(self))

    def clipped(self) -> dict[int, tuple[int, int]]:
        """Give the informative columns of each filter that has some, half-open, by its number."""
        ranges = {
            number: clip(frequencies(self.counts[number])) for number in np.flatnonzero(self.sites)
        }
        return {int(number): columns for number, columns in ranges.items() if columns != (0, 0)}


def load_filters(path: str | Path) -> Filters:
    """Read what `Filters.save` wrote."""
    arrays = load_arrays(path)
    return Filters(**arrays | {"activation": str(arrays["activation"])})


def read_filters(model: keras.Model, codes: np.ndarray, batch_size: int = BATCH_SIZE) -> Filters:
    """Count the bases of every sub-sequence that activates a filter above half of its maximum.

    A first pass over the sequences finds the maximum of each filter, a second one the sites: all
    positions above half of it, overlapping ones too. Positions whose sub-sequence would leave the
    sequence count in neither pass, the first and the last whole one do. Activations are those at
    base resolution, before any pooling, in evaluation mode and in the model's precision. They are
    never kept: memory is that of a batch.

    Parameters
    ----------
    model : keras.Model
        From one-hot sequences (batch, length, 4), with the first three layers that
        `epibench.models.layers` names; of any head.
    codes : (sequences, length) uint8
        Base codes, 4 = N.
    batch_size : int, default 32
        Sequences that go through the filters at once.

    Returns
    -------
    Filters
        A filter whose maximum is not positive, or that responds everywhere alike, has no sites.

    Raises
    ------
    InputError
        If the model lacks a layer, or the first one is no plain convolution over the sequence; if
        the sequences are none or do not fit the model.
    """
    inputs, one_hot, activation = _activations(model)
    if codes.dtype != np.uint8 or codes.ndim != 2 or codes.shape[1] != model.input_shape[1]:
        raise InputError(
            f"sequences must be uint8 base codes of shape (n, {model.input_shape[1]}), not "
            f"{codes.dtype} of shape {codes.shape}"
        )
    if not len(codes):
        raise InputError("there are no sequences to align the filters on; sample at least one")
    highest, lowest = -np.inf, np.inf
    ends = keras.Model(inputs, [ops.max(activation, axis=1), ops.min(activation, axis=1)])
    for largest, smallest in _batches(ends, codes, batch_size):
        highest = np.maximum(highest, largest.max(axis=0))
        lowest = np.minimum(lowest, smallest.min(axis=0))
    # Nothing exceeds half of a maximum that is not positive: such filters need no case.
    threshold = np.where(highest > lowest, SHARE * highest, np.inf)
    counter = _counter(inputs, one_hot, activation, threshold)
    counts, sites = 0.0, 0
    for bases, hits in _batches(counter, codes, batch_size):
        counts = counts + bases.sum(axis=0, dtype=np.float64)
        sites = sites + hits.sum(axis=0, dtype=np.float64)
    width = model.get_layer("first_filters").kernel_size[0]
    return Filters(
        counts.reshape(len(highest), width, 4),
        np.rint(sites).astype(np.int64),
        highest,
        _name_activation(model.get_layer("first_activation")),
    )


def _activations(model: keras.Model):
    """Give codes, one-hot sequences, and activations at the start of each whole sub-sequence.

    Tensors (batch, length) uint8, and (batch, length, 4) and (batch, length - width + 1, filters)
    float32.
    """
    filters, norm, activation = (
        _layer(model, name) for name in ("first_filters", "first_norm", "first_activation")
    )
    length = model.input_shape[1]
    plain = isinstance(filters, keras.layers.Conv1D) and (
        filters.padding == "same"
        and tuple(filters.strides) == tuple(filters.dilation_rate) == (1,)
        and tuple(filters.kernel.shape[:2]) == (filters.kernel_size[0], 4)
        and norm.output.shape[1] == length
    )
    if not plain:
        raise InputError(
            "the layer first_filters must be a Conv1D over the one-hot sequence with padding "
            "'same', without strides or dilation, and first_norm must keep its positions; change "
            "the model, or leave it out of the grid of motifs"
        )
    codes = keras.Input((length,), dtype="uint8", name="codes")
    one_hot = OneHot(name="one_hot")(codes)
    values = keras.Model(model.input, activation(norm.output))(one_hot)
    width = filters.kernel_size[0]
    first = (width - 1) // 2  # the position whose sub-sequence begins at base 0
    return codes, one_hot, ops.cast(values[:, first : first + length - width + 1], "float32")


def _layer(model: keras.Model, name: str) -> keras.Layer:
    try:
        return model.get_layer(name)
    except ValueError:
        raise InputError(
            f"the model has no layer named '{name}', so its first filters cannot be read; give its "
            "first convolution, normalisation and activation the names first_filters, first_norm "
            "and first_activation, or leave it out of the grid of motifs"
        ) from None


def _counter(inputs, one_hot, activation, threshold: np.ndarray) -> keras.Model:
    """Make the function from codes to counts (batch, filters, width x 4) and sites of a batch.

    Counts of one sequence are quarters up to its length, which float32 holds exactly.
    """
    hits = ops.cast(activation > ops.convert_to_tensor(threshold, "float32"), "float32")
    positions, width = activation.shape[1], one_hot.shape[1] - activation.shape[1] + 1
    words = [one_hot[:, column : column + positions] for column in range(width)]
    counts = ops.matmul(ops.transpose(hits, (0, 2, 1)), ops.concatenate(words, axis=2))
    return keras.Model(inputs, [counts, ops.sum(hits, axis=1)])


def _batches(function: keras.Model, codes: np.ndarray, batch_size: int):
    """Run a function batch by batch, the last one filled up, so that it is compiled once."""
    for start in range(0, len(codes), batch_size):
        batch = codes[start : start + batch_size]
        filled = np.pad(batch, ((0, batch_size - len(batch)), (0, 0)))
        yield [output[: len(batch)] for output in function.predict_on_batch(filled)]


def _name_activation(layer: keras.Layer) -> str:
    """Name the function of an activation layer: relu, exponential, gelu_sigmoid, ..."""
    function = getattr(layer, "activation", None)
    return getattr(function, "__name__", type(layer).__name__.lower())
