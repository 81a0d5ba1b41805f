"""Convolutions that pool the sequence to tokens, and self-attention among the tokens."""

import keras
from keras import layers

from epibench.models.layers import RelativeAttention, gelu_sigmoid

FIRST_WIDTH, TOWER_WIDTH, UP_WIDTH = 15, 5, 3


def conv_attention(
    *,
    input_length: int,
    bin_size: int,
    targets: int,
    first_filters: int,
    poolings: int,
    heads: int,
    head_features: int,
    blocks: int,
    dropout: bool,
    batch_norm_momentum: float,
    output: str,
) -> keras.Model:
    """Build a small relative of Enformer (Avsec et al. 2021) and Borzoi (Linder et al. 2025).

    As there: a tower of convolutions, each halving the sequence while the features grow, then
    transformer blocks that normalise first. The tokens are 32 bp where `poolings` is 5. Bins finer
    than a token are reached as in Borzoi, by doubling the positions step by step and adding what
    the tower had at that resolution. For an input of 2 kb instead of 200 to 500 kb the model is
    smaller, pools by maxima, and learns one attention bias a distance in place of Enformer's basis
    functions. Features are averaged over bins coarser than a token. Parameters are those of the
    registry; shapes are those of `registry.build`.
    """
    features = heads * head_features
    rate = 0.2 if dropout else 0.0
    sequence = keras.Input((input_length, 4), name="sequence")
    x = _conv(
        sequence,
        first_filters,
        FIRST_WIDTH,
        batch_norm_momentum,
        names=("first_filters", "first_norm", "first_activation"),
    )
    skips = [x]
    for i in range(1, poolings):
        x = layers.MaxPooling1D(2, padding="same")(x)
        grown = round(first_filters * (features / first_filters) ** (i / (poolings - 1)))
        x = _conv(x, grown, TOWER_WIDTH, batch_norm_momentum)
        skips.append(x)
    x = layers.MaxPooling1D(2, padding="same")(x)
    for _ in range(blocks):
        x = _transformer_block(x, heads, rate)
    x = layers.LayerNormalization()(x)
    position = 2**poolings
    while position > bin_size:
        x = _finer(x, skips.pop(), batch_norm_momentum)
        position //= 2
    x = layers.Activation(gelu_sigmoid)(layers.Dense(2 * features)(x))
    x = layers.Dropout(rate / 2)(x)
    x = layers.AveragePooling1D(bin_size // position, name="embedding")(x)
    logits = layers.Dense(targets, dtype="float32", name="logits")(x)
    coverage = layers.Activation(output, dtype="float32", name="coverage")(logits)
    return keras.Model(sequence, coverage, name="conv_attention")


def _conv(x, filters, width, momentum, names=(None, None, None)):
    """Apply a convolution without bias, batch normalisation, GELU."""
    x = layers.Conv1D(filters, width, padding="same", use_bias=False, name=names[0])(x)
    x = layers.BatchNormalization(momentum=momentum, name=names[1])(x)
    return layers.Activation(gelu_sigmoid, name=names[2])(x)


def _transformer_block(x, heads, rate):
    """Add self-attention, then two dense layers, each on the normalised input."""
    features, shortcut = x.shape[-1], x
    x = layers.Dense(3 * features, use_bias=False)(layers.LayerNormalization()(x))
    x = layers.Dense(features)(RelativeAttention(heads)(x))
    x = shortcut = layers.Add()([shortcut, layers.Dropout(rate)(x)])
    x = layers.Dense(2 * features, activation="relu")(layers.LayerNormalization()(x))
    x = layers.Dropout(rate)(layers.Dense(features)(x))
    return layers.Add()([shortcut, x])


def _finer(x, skip, momentum):
    """Double the positions of `x`, and add what the tower had there before its pooling."""
    filters = skip.shape[-1]
    x = layers.UpSampling1D(2)(layers.Dense(filters)(x))
    if surplus := x.shape[1] - skip.shape[1]:
        x = layers.Cropping1D((0, surplus))(x)
    return _conv(layers.Add()([x, skip]), filters, UP_WIDTH, momentum)
