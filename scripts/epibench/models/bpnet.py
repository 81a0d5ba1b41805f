"""The BPNet-based model: dilated convolutions at base resolution, one narrow head a target."""

import keras
from keras import layers


def bpnet(
    *,
    input_length: int,
    bin_size: int,
    targets: int,
    filters: int,
    first_width: int,
    head_width: int,
    dilated_layers: int,
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
    x = layers.Conv1D(filters, first_width, padding="same", name="first_filters")(sequence)
    x = layers.Identity(name="first_norm")(x)
    x = layers.ReLU(name="first_activation")(x)
    for i in range(1, dilated_layers + 1):
        dilated = layers.Conv1D(filters, 3, dilation_rate=2**i, padding="same", activation="relu")(
            x
        )
        x = layers.Add(name="embedding" if i == dilated_layers else None)([x, dilated])
    profile = layers.Conv1DTranspose(
        targets, head_width, padding="same", dtype="float32", name="heads"
    )(x)
    logits = (
        layers.AveragePooling1D(bin_size, dtype="float32", name="logits")
        if bin_size > 1
        else layers.Identity(dtype="float32", name="logits")
    )
    coverage = layers.Activation(output, dtype="float32", name="coverage")
    return keras.Model(sequence, coverage(logits(profile)), name="bpnet")
