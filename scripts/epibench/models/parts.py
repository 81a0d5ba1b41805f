"""Make the parts that CNN, ResidualBind and their binary versions are built of."""

from dataclasses import dataclass

from keras import layers

FIRST_WIDTH, LATER_WIDTH = 19, 7
BIN_SIZE_32 = 32
"""Bins of the models without a bottleneck: the product of their poolings."""


@dataclass(frozen=True)
class Parts:
    """Make the layers of one model: whether there is dropout, momentum of the normalisation."""

    dropout: bool
    momentum: float

    def conv(self, x, filters, width, *, dilation=1, names=(None, None)):
        """Apply a convolution with bias, and batch normalisation."""
        x = layers.Conv1D(filters, width, dilation_rate=dilation, padding="same", name=names[0])(x)
        return self.norm(x, names[1])

    def norm(self, x, name=None):
        """Apply batch normalisation."""
        return layers.BatchNormalization(momentum=self.momentum, name=name)(x)

    def drop(self, x, rate):
        """Apply dropout, if the model has it."""
        return layers.Dropout(rate)(x) if self.dropout else x

    def first(self, sequence, filters, activation):
        """Apply the first convolution with its activation."""
        x = self.conv(sequence, filters, FIRST_WIDTH, names=("first_filters", "first_norm"))
        return layers.Activation(activation, name="first_activation")(x)

    def later(self, x, filters):
        """Apply a later convolution with its activation."""
        return layers.ReLU()(self.conv(x, filters, LATER_WIDTH))

    def dense(self, x, units):
        """Apply a dense layer with batch normalisation and activation."""
        return layers.ReLU()(self.norm(layers.Dense(units)(x)))

    def residual(self, x, convolutions):
        """Apply a residual block: convolutions of width 3, the i-th with dilation 2^i, summed."""
        filters = x.shape[-1]
        shortcut = x
        x = self.conv(x, filters, 3)
        for i in range(1, convolutions):
            x = self.drop(layers.ReLU()(x), 0.1)
            x = self.conv(x, filters, 3, dilation=2**i)
        return layers.ReLU()(layers.Add()([shortcut, x]))

    def stage(self, x, convolutions, pool, rate):
        """Apply a residual block (none of 0 convolutions), max pooling and dropout."""
        if convolutions:
            x = self.residual(x, convolutions)
        return self.drop(layers.MaxPooling1D(pool)(x), rate)

    def bottleneck(self, x, units, bins):
        """Flatten, and give every bin 8 values that depend on the whole input."""
        x = self.drop(self.dense(layers.Flatten()(x), units), 0.3)
        return self.drop(layers.Reshape((bins, 8))(self.dense(x, bins * 8)), 0.1)


def single_head(x, targets):
    """Give the logits of all targets from one dense layer at every position."""
    x = layers.Identity(name="embedding")(x)
    return layers.Dense(targets, dtype="float32", name="logits")(x)


def task_heads(parts, x, targets, filters):
    """Give the logits of each target from a convolution of its own."""
    x = layers.Identity(name="embedding")(x)
    heads = []
    for _ in range(targets):
        own = parts.drop(parts.later(x, filters), 0.1)
        heads.append(layers.Dense(1, dtype="float32")(own))
    if targets == 1:
        return layers.Identity(dtype="float32", name="logits")(heads[0])
    return layers.Concatenate(dtype="float32", name="logits")(heads)


def coverage(logits, output, factor=1):
    """Apply the output's activation, and average `factor` positions to a bin."""
    if factor == 1:
        return layers.Activation(output, dtype="float32", name="coverage")(logits)
    fine = layers.Activation(output, dtype="float32")(logits)
    return layers.AveragePooling1D(factor, dtype="float32", name="coverage")(fine)


def probability(x, targets, **dense):
    """Give the probability of a peak from the features of an input."""
    x = layers.Identity(name="embedding")(x)
    logits = layers.Dense(targets, dtype="float32", name="logits", **dense)(x)
    return layers.Activation("sigmoid", dtype="float32", name="probability")(logits)
