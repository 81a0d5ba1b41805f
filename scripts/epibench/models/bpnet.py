"""The BPNet-based models: dilated convolutions at base resolution, one narrow head a target."""

import keras
from keras import layers

from epibench.models.layers import ProfileCoverage


def bpnet(
    *,
    input_length: int,
    bin_size: int,
    targets: int,
    filters: int,
    first_width: int,
    head_width: int,
    dilated_layers: int,
    initializer: str,
    output: str,
) -> keras.Model:
    """Build the BPNet-based model (Toneyan et al. 2022, Methods; after Avsec et al. 2021).

    The first layer is an ordinary convolution, layer i after it has the dilation 2^i and adds its
    input; neither batch normalisation nor dropout. The head of a target is a transposed convolution
    with one filter, averaged over the bins; the heads of all targets are the filters of one layer,
    which is the same function and faster. Parameters are those of the registry; shapes are those of
    `registry.build`.
    """
    sequence = keras.Input((input_length, 4), name="sequence")
    x = tower(sequence, filters, first_width, dilated_layers, initializer)
    logits = _profile(x, targets, head_width, initializer, bin_size)
    coverage = layers.Activation(output, dtype="float32", name="coverage")
    return keras.Model(sequence, coverage(logits), name="bpnet")


def bpnet_original(
    *,
    input_length: int,
    bin_size: int,
    targets: int,
    filters: int,
    first_width: int,
    head_width: int,
    dilated_layers: int,
    initializer: str,
) -> keras.Model:
    """Build BPNet with its two heads, profile and counts (Avsec et al. 2021).

    The counts are a dense layer on the average over the positions. Parameters are those of the
    registry; shapes are those of `registry.build`.
    """
    sequence = keras.Input((input_length, 4), name="sequence")
    x = tower(sequence, filters, first_width, dilated_layers, initializer)
    logits = _profile(x, targets, head_width, initializer, bin_size)
    pooled = layers.GlobalAveragePooling1D(keepdims=True)(x)
    log_counts = layers.Dense(
        targets, kernel_initializer=initializer, dtype="float32", name="log_counts"
    )(pooled)
    coverage = ProfileCoverage(name="coverage")(logits, log_counts)
    return keras.Model(sequence, coverage, name="bpnet_original")


def tower(sequence, filters, first_width, dilated_layers, initializer, last="embedding"):
    """Apply the first convolution and the dilated ones, each added to its input; name the last."""
    x = layers.Conv1D(
        filters,
        first_width,
        padding="same",
        kernel_initializer=initializer,
        name="first_filters",
    )(sequence)
    x = layers.Identity(name="first_norm")(x)
    x = layers.ReLU(name="first_activation")(x)
    for i in range(1, dilated_layers + 1):
        dilated = layers.Conv1D(
            filters,
            3,
            dilation_rate=2**i,
            padding="same",
            activation="relu",
            kernel_initializer=initializer,
        )(x)
        x = layers.Add(name=last if i == dilated_layers else None)([x, dilated])
    return x


def _profile(x, targets, head_width, initializer, bin_size):
    """Give the logits of every bin."""
    profile = layers.Conv1DTranspose(
        targets,
        head_width,
        padding="same",
        kernel_initializer=initializer,
        dtype="float32",
        name="heads",
    )(x)
    if bin_size == 1:
        return layers.Identity(dtype="float32", name="logits")(profile)
    return layers.AveragePooling1D(bin_size, dtype="float32", name="logits")(profile)
