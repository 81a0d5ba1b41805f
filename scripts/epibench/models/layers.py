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
"""

import zipfile
from pathlib import Path

import keras
from keras import layers, ops

from epibench.errors import InputError


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


def from_codes(model: keras.Model) -> keras.Model:
    """Wrap `model` so that it takes uint8 base codes (batch, length); the weights are shared."""
    codes = keras.Input((model.input_shape[1],), dtype="uint8", name="codes")
    return keras.Model(codes, model(OneHot(name="one_hot")(codes)))


def load_model(path: str | Path) -> keras.Model:
    """Load a saved `.keras` model in safe mode, on whichever backend runs.

    Importing this module registers what the file refers to; safe mode refuses any code in it.

    Raises
    ------
    InputError
        For a missing file, or one that is not a model this version can read.
    """
    try:
        return keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, OSError, KeyError, zipfile.BadZipFile) as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"{path} cannot be loaded as a Keras model ({reason}); train the run again"
        ) from error
