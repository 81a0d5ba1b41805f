"""ResidualBind-32: convolutions with dilated residual blocks, pooled to bins of 32 bp."""

from dataclasses import dataclass

import keras
from keras import layers

FIRST_WIDTH, LATER_WIDTH = 19, 7
POOLS = (4, 4, 2)
BIN_SIZE = 32
"""Product of the poolings: the bin size that the layers give."""


@dataclass(frozen=True)
class _Parts:
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
        """Apply a residual block, max pooling and dropout."""
        return self.drop(layers.MaxPooling1D(pool)(self.residual(x, convolutions)), rate)


def residualbind_32(
    *,
    input_length: int,
    bin_size: int,
    targets: int,
    activation: str,
    task_heads: bool,
    first_filters: int,
    head_filters: int,
    task_filters: int,
    dropout: bool,
    batch_norm_momentum: float,
    output: str,
) -> keras.Model:
    """Build ResidualBind-32 (Toneyan et al. 2022, Methods, with single or task-specific heads).

    It has no bottleneck: three poolings lead to bins of 32 bp. A coarser bin is the average of the
    output. Parameters are those of the registry; shapes are those of `registry.build`.
    """
    parts = _Parts(dropout, batch_norm_momentum)
    sequence = keras.Input((input_length, 4), name="sequence")
    x = parts.conv(sequence, first_filters, FIRST_WIDTH, names=("first_filters", "first_norm"))
    x = layers.Activation(activation, name="first_activation")(x)
    x = parts.stage(x, 5, POOLS[0], 0.2)
    x = layers.ReLU()(parts.conv(x, 2 * first_filters, LATER_WIDTH))
    x = parts.stage(x, 5, POOLS[1], 0.2)
    x = layers.ReLU()(parts.conv(x, 4 * first_filters, LATER_WIDTH))
    x = parts.stage(x, 3, POOLS[2], 0.5)

    head = _task_heads if task_heads else _single_head
    logits = head(parts, x, targets, head_filters, task_filters)
    factor = bin_size // BIN_SIZE
    if factor == 1:
        coverage = layers.Activation(output, dtype="float32", name="coverage")(logits)
    else:
        fine = layers.Activation(output, dtype="float32")(logits)
        coverage = layers.AveragePooling1D(factor, dtype="float32", name="coverage")(fine)
    return keras.Model(sequence, coverage, name="residualbind_32")


def _single_head(parts, x, targets, head_filters, _):
    """Give the logits of all targets from one dense layer at every position."""
    x = layers.ReLU()(parts.norm(layers.Dense(head_filters)(x)))
    x = layers.Identity(name="embedding")(parts.drop(x, 0.3))
    return layers.Dense(targets, dtype="float32", name="logits")(x)


def _task_heads(parts, x, targets, head_filters, task_filters):
    """Give the logits of each target from a convolution of its own."""
    x = layers.ReLU()(parts.conv(x, head_filters, LATER_WIDTH))
    x = layers.Identity(name="embedding")(parts.drop(x, 0.2))
    heads = []
    for _ in range(targets):
        own = parts.drop(layers.ReLU()(parts.conv(x, task_filters, LATER_WIDTH)), 0.1)
        heads.append(layers.Dense(1, dtype="float32")(own))
    if targets == 1:
        return layers.Identity(dtype="float32", name="logits")(heads[0])
    return layers.Concatenate(dtype="float32", name="logits")(heads)
