"""A ConvNeXt for sequences: depthwise convolutions and inverted bottlenecks, bins of 32 bp."""

import keras
from keras import layers

from epibench.models.layers import gelu_sigmoid

FIRST_WIDTH = 15
POOLS = (4, 4, 2)
BIN_SIZE = 32
"""Product of the poolings: the finest bin size that the layers give."""
EXPANSION = 4
SMALL = 0.01
"""Initial variance of the last weights of a block, as a share of the usual."""


def convnext(
    *,
    input_length: int,
    bin_size: int,
    targets: int,
    first_filters: int,
    blocks: int,
    depthwise_width: int,
    dropout: bool,
    batch_norm_momentum: float,
    output: str,
) -> keras.Model:
    """Build a ConvNeXt (Liu et al. 2022) in one dimension, for sequences.

    Three stages of `blocks` ConvNeXt blocks at 4, 16 and 32 bp; features double from stage to
    stage. ConvNeXt's stem cuts the input into patches, and strided convolutions lead from stage to
    stage. Here a wide convolution at base resolution comes first, with batch normalisation, so that
    its filters can be read as motifs; and maxima lead on, since a motif may lie at any place within
    a patch. On simulated motifs both made training faster. In place of layer scale the last layer
    of each block starts with small weights, so that blocks begin near the identity: without that,
    a learning rate of 0.004 led nowhere. In place of stochastic depth there is dropout. Features
    are averaged over bins coarser than 32 bp. Parameters are those of the registry; shapes are
    those of `registry.build`.
    """
    rate = 0.1 if dropout else 0.0
    sequence = keras.Input((input_length, 4), name="sequence")
    x = layers.Conv1D(
        first_filters, FIRST_WIDTH, padding="same", use_bias=False, name="first_filters"
    )(sequence)
    x = layers.BatchNormalization(momentum=batch_norm_momentum, name="first_norm")(x)
    x = layers.Activation(gelu_sigmoid, name="first_activation")(x)
    for stage, pool in enumerate(POOLS):
        x = layers.MaxPooling1D(pool)(x)
        if stage:
            x = layers.Dense(first_filters * 2**stage)(layers.LayerNormalization()(x))
        for _ in range(blocks):
            x = _block(x, depthwise_width, rate)
    x = layers.Dropout(rate)(layers.LayerNormalization()(x))
    x = layers.AveragePooling1D(bin_size // BIN_SIZE, name="embedding")(x)
    logits = layers.Dense(targets, dtype="float32", name="logits")(x)
    coverage = layers.Activation(output, dtype="float32", name="coverage")(logits)
    return keras.Model(sequence, coverage, name="convnext")


def _block(x, width, rate):
    """Mix positions feature by feature, then features position by position; add the input."""
    features, shortcut = x.shape[-1], x
    small = keras.initializers.VarianceScaling(SMALL)
    x = layers.DepthwiseConv1D(width, padding="same")(x)
    x = layers.LayerNormalization()(x)
    x = layers.Activation(gelu_sigmoid)(layers.Dense(EXPANSION * features)(x))
    x = layers.Dropout(rate)(layers.Dense(features, kernel_initializer=small)(x))
    return layers.Add()([shortcut, x])
