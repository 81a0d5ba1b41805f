"""Basset: three convolutions and two dense layers that tell peaks from the rest."""

import keras
from keras import layers

from epibench.models.parts import probability

WIDTHS, POOLS = (10, 11, 7), (3, 4, 4)
INITIALISER = "glorot_normal"
NAMES = ("first_filters", "first_norm", "first_activation")


def basset(
    *,
    input_length: int,
    bin_size: int,
    targets: int,
    activation: str,
    first_filters: int,
    hidden: int,
    dropout: bool,
    batch_norm_momentum: float,
) -> keras.Model:
    """Build Basset (Kelley et al. 2016, as in Toneyan et al. 2022, Methods).

    Parameters are those of the registry; shapes are those of `registry.build`.
    """
    sequence = keras.Input((input_length, 4), name="sequence")
    x = sequence
    later = first_filters * 2 // 3
    for i, filters in enumerate((first_filters, later, later)):
        conv, norm, act = (
            ("first_filters", "first_norm", "first_activation") if i == 0 else [None] * 3
        )
        x = layers.Conv1D(
            filters, WIDTHS[i], padding="same", kernel_initializer=INITIALISER, name=conv
        )(x)
        x = layers.BatchNormalization(momentum=batch_norm_momentum, name=norm)(x)
        x = layers.Activation(activation if i == 0 else "relu", name=act)(x)
        x = layers.MaxPooling1D(POOLS[i])(x)
    x = layers.Flatten()(x)
    for _ in range(2):
        x = layers.Dense(hidden, activation="relu", kernel_initializer=INITIALISER)(x)
        x = layers.Dropout(0.3)(x) if dropout else x
    return keras.Model(
        sequence, probability(x, targets, kernel_initializer=INITIALISER), name="basset"
    )
