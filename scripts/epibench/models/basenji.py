"""The Basenji-based model: a convolution, dilated residual units, one dense layer per bin."""

from functools import partial

import keras
from keras import layers

from epibench.models.layers import gelu_sigmoid
from epibench.models.parts import probability

FIRST_WIDTH = 15
DILATION_GROWTH = 1.5


def basenji(
    *,
    input_length: int,
    bin_size: int,
    targets: int,
    first_filters: int,
    first_pool: int,
    last_filters: int,
    residual_units: int,
    dropout: bool,
    batch_norm_momentum: float,
    output: str,
) -> keras.Model:
    """Build the Basenji-based model (Toneyan et al. 2022, Methods; after Kelley et al. 2018).

    Blocks are pre-activated: GELU, convolution without bias, batch normalisation, dropout. The
    first pooling (2 in the paper) is left out for single-base bins; averaging then goes down to the
    bins. Parameters are those of the registry; shapes are those of `registry.build`.
    """
    block = partial(_block, momentum=batch_norm_momentum)
    stem_pool = 1 if bin_size == 1 else first_pool
    sequence = keras.Input((input_length, 4), name="sequence")
    x = block(sequence, first_filters, FIRST_WIDTH, conv="first_filters", norm="first_norm")
    if stem_pool > 1:
        x = layers.MaxPooling1D(stem_pool)(x)
    x = _tower(block, x, first_filters, last_filters, residual_units, dropout, "first_activation")
    pool = bin_size // stem_pool
    last = (
        layers.AveragePooling1D(pool, name="embedding")
        if pool > 1
        else layers.Identity(name="embedding")
    )
    logits = layers.Dense(targets, kernel_initializer="he_normal", dtype="float32", name="logits")
    coverage = layers.Activation(output, dtype="float32", name="coverage")
    return keras.Model(sequence, coverage(logits(last(x))), name="basenji")


def basenji_binary(
    *,
    input_length: int,
    bin_size: int,
    targets: int,
    activation: str,
    first_filters: int,
    first_pool: int,
    last_filters: int,
    residual_units: int,
    dropout: bool,
    batch_norm_momentum: float,
) -> keras.Model:
    """Build the binary Basenji: its last convolution averaged over the input (Methods).

    The chosen activation follows the first normalisation, in front of the first GELU. Parameters
    are those of the registry; shapes are those of `registry.build`.
    """
    block = partial(_block, momentum=batch_norm_momentum)
    sequence = keras.Input((input_length, 4), name="sequence")
    x = block(sequence, first_filters, FIRST_WIDTH, conv="first_filters", norm="first_norm")
    x = layers.Activation(activation, name="first_activation")(x)
    x = layers.MaxPooling1D(first_pool)(x)
    x = _tower(block, x, first_filters, last_filters, residual_units, dropout)
    x = layers.GlobalAveragePooling1D()(x)
    output = probability(x, targets, kernel_initializer="he_normal")
    return keras.Model(sequence, output, name="basenji_binary")


def _tower(block, x, filters, last_filters, residual_units, dropout, activation=None):
    """Apply the dilated residual units and the last convolution; name the first activation."""
    unit_dropout, last_dropout = (0.3, 0.05) if dropout else (0.0, 0.0)
    for unit in range(residual_units):
        shortcut = x
        x = block(
            x,
            filters // 2,
            3,
            dilation=round(DILATION_GROWTH**unit),
            activation=None if unit else activation,
        )
        x = block(x, filters, 1, gamma="zeros", dropout=unit_dropout)
        x = layers.Add()([shortcut, x])
    return block(x, last_filters, 1, dropout=last_dropout)


def _block(
    x,
    filters,
    width,
    *,
    momentum,
    dilation=1,
    gamma="ones",
    dropout=0.0,
    activation=None,
    conv=None,
    norm=None,
):
    """Apply GELU, convolution, batch normalisation, dropout; name some of them."""
    x = layers.Activation(gelu_sigmoid, name=activation)(x)
    x = layers.Conv1D(
        filters,
        width,
        dilation_rate=dilation,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=conv,
    )(x)
    x = layers.BatchNormalization(momentum=momentum, gamma_initializer=gamma, name=norm)(x)
    return layers.Dropout(dropout)(x) if dropout else x
