"""Custom layers, and the names of the layers that other code looks up.

Every model of the registry names these layers, so that nothing guesses by index:

first_filters     first convolution over the sequence; its kernel (width, 4, filters) aligned with
                  'same' padding, so output position i covers bases i - (width - 1) // 2 up to and
                  including i + width // 2
first_norm        its batch normalisation, one position per base; the identity in models without
first_activation  the first activation after it. A model may pool before (`basenji` does, for bins
                  above 1 bp). The layer holds no weights, so who needs the activation of the first
                  filters at every base calls it on the output of first_norm:
                  `model.get_layer("first_activation")(model.get_layer("first_norm").output)`
embedding         penultimate layer, (batch, positions, features): positions are bins, or finer
                  where the model averages after it
logits            values before the output's activation, (batch, positions, targets), always
                  float32; positions are finer than bins where `residualbind_32` averages its output
coverage          the output, (batch, bins, targets), always float32

Models of profile and counts (head `profile_counts`) have besides:

logits            the profile before its softmax over the bins, (batch, bins, targets)
log_counts        log(1 + sum of the coverage of all bins), (batch, 1, targets), always float32;
                  `coverage` is made of both by `ProfileCoverage`

Binary models (head `peaks`) have `embedding` (batch, features), `logits` (batch, targets) and in
place of `coverage`:

probability       the output, (batch, targets), always float32
"""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from epibench.errors import InputError
from epibench.files import require_file


@keras.saving.register_keras_serializable(package="epibench")
def gelu_sigmoid(x):
    """Apply GELU in its sigmoid approximation, x * sigmoid(1.702 x) (Hendrycks & Gimpel 2016)."""
    return x * ops.sigmoid(1.702 * x)


@keras.saving.register_keras_serializable(package="epibench")
class OneHot(layers.Layer):
    """Turn base codes into one-hot sequences on the device, a quarter of the bytes to move there.

    uint8 codes (batch, length), 0-3 = ACGT and 4 = N, become float32 (batch, length, 4); N is 0.25
    in each channel. The output stays float32 under mixed precision.
    """

    def __init__(self, **settings):
        super().__init__(**{**settings, "dtype": "float32"})

    def call(self, codes):
        table = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0.25] * 4]
        return ops.take(ops.convert_to_tensor(table, "float32"), ops.cast(codes, "int32"), axis=0)

    def compute_output_shape(self, input_shape):
        return (*input_shape, 4)


@keras.saving.register_keras_serializable(package="epibench")
class ProfileCoverage(layers.Layer):
    """Make coverage of the logits of its profile and the logarithm of its sum.

    `logits` (batch, bins, targets) and `log_counts` (batch, 1, targets), the logarithm of 1 + the
    sum over the bins, become float32 coverage (batch, bins, targets), not negative.
    """

    def __init__(self, **settings):
        super().__init__(**{**settings, "dtype": "float32"})

    def call(self, logits, log_counts):
        counts = ops.expm1(ops.relu(log_counts))
        return ops.softmax(logits, axis=1) * counts

    def compute_output_shape(self, logits_shape, log_counts_shape):
        return logits_shape


@keras.saving.register_keras_serializable(package="epibench")
class RelativeAttention(layers.Layer):
    """Let every position attend to all, by content and by how far away and on which side it lies.

    Takes queries, keys and values side by side, (batch, positions, 3 * features), and gives (batch,
    positions, features); projections are left to dense layers around it. In each head, position i
    weighs the value at j by the softmax over j of

        query_i . key_j / sqrt(features of a head) + bias[head, j - i + positions - 1].

    Absolute positions are not known. The biases (Shaw et al. 2018, as simplified by Raffel et al.
    2020) are learned and start with ALiBi's linear slopes (Press et al. 2022), so that heads begin
    with a reach of their own, from the neighbours to the whole input. The softmax is computed in
    float32.

    Parameters
    ----------
    heads : int
        Attention heads; must divide the features.
    """

    def __init__(self, heads: int, **settings):
        super().__init__(**settings)
        self.heads = heads

    def build(self, input_shape):
        positions = input_shape[1]
        slopes = 2.0 ** (-8 * np.arange(1, self.heads + 1) / self.heads)
        distances = np.abs(np.arange(1 - positions, positions))
        self.bias = self.add_weight(
            shape=(self.heads, 2 * positions - 1),
            initializer=lambda shape, dtype: ops.convert_to_tensor(
                -slopes[:, None] * distances, dtype
            ),
            name="bias",
        )

    def call(self, queries_keys_values):
        positions, features = queries_keys_values.shape[1], queries_keys_values.shape[2] // 3
        parts = ops.reshape(
            queries_keys_values, (-1, positions, 3, self.heads, features // self.heads)
        )
        queries, keys, values = parts[:, :, 0], parts[:, :, 1], parts[:, :, 2]
        place = np.arange(positions)
        offsets = place[None, :] - place[:, None] + positions - 1
        scores = ops.einsum("bihf,bjhf->bhij", queries * (features // self.heads) ** -0.5, keys)
        scores = ops.cast(scores, "float32") + ops.cast(
            ops.take(self.bias, offsets, axis=1), "float32"
        )
        weights = ops.cast(ops.softmax(scores, axis=-1), self.compute_dtype)
        return ops.reshape(
            ops.einsum("bhij,bjhf->bihf", weights, values), (-1, positions, features)
        )

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], input_shape[-1] // 3)

    def get_config(self):
        return {**super().get_config(), "heads": self.heads}


def from_codes(
    model: keras.Model,
    outputs: Sequence[str] | None = None,
    augment: layers.Layer | None = None,
) -> keras.Model:
    """Wrap `model` so that it takes uint8 base codes (batch, length); the weights are shared.

    Parameters
    ----------
    model : keras.Model
        From one-hot sequences.
    outputs : sequence of str or None
        Layers whose outputs are given in place of the model's, joined along the positions; default
        None.
    augment : Layer or None
        Changes the one-hot sequences while training; default None.
    """
    codes = keras.Input((model.input_shape[1],), dtype="uint8", name="codes")
    one_hot = OneHot(name="one_hot")(codes)
    if augment is not None:
        one_hot = augment(one_hot)
    if outputs:
        found = [model.get_layer(name).output for name in outputs]
        joined = layers.Concatenate(axis=1, dtype="float32")(found) if found[1:] else found[0]
        model = keras.Model(model.input, joined)
    return keras.Model(codes, model(one_hot))


def load_model(path: str | Path) -> keras.Model:
    """Load a saved `.keras` model in safe mode, on whichever backend runs.

    Importing this module registers what the file refers to; safe mode refuses any code in it.

    Raises
    ------
    InputError
        For a missing file, or one that is not a model this version can read.
    """
    require_file(path, "give a .keras file")
    if Path(path).suffix != ".keras":
        raise InputError(f"{path}: the name of a model ends in .keras; give such a file")
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # a file from outside makes Keras and TensorFlow raise anything
        if isinstance(error, MemoryError) or "Exhausted" in type(error).__name__:
            raise  # no fault of the file
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise InputError(
            f"{path} cannot be loaded as a Keras model ({reason}); train the run again, or give a "
            "whole model without Lambda layers"
        ) from error
