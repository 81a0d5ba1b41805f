"""The CNNs: convolutions and poolings, with a bottleneck that sees the whole input or without."""

import keras

from epibench.models.parts import (
    BIN_SIZE_32,
    Parts,
    coverage,
    probability,
    single_head,
    task_heads,
)

POOLS, RATES = (8, 4, 4), (0.1, 0.1, 0.2)
POOLS_32 = (4, 4, 2)


def cnn_base(
    *,
    input_length: int,
    bin_size: int,
    targets: int,
    activation: str,
    task_heads: bool,
    first_filters: int,
    bottleneck: int,
    head_filters: int,
    task_filters: int,
    dropout: bool,
    batch_norm_momentum: float,
    output: str,
) -> keras.Model:
    """Build the CNN baseline (Toneyan et al. 2022, Methods, with single or task-specific heads).

    Parameters are those of the registry; shapes are those of `registry.build`.
    """
    parts = Parts(dropout, batch_norm_momentum)
    sequence = keras.Input((input_length, 4), name="sequence")
    x = _trunk(parts, sequence, first_filters, activation, POOLS)
    x = parts.bottleneck(x, bottleneck, input_length // bin_size)
    x = parts.drop(parts.later(x, head_filters), 0.2)
    logits = _head(parts, x, targets, task_filters if task_heads else None)
    return keras.Model(sequence, coverage(logits, output), name="cnn_base")


def cnn_32(
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
    """Build the CNN without a bottleneck: ResidualBind-32 without its residual blocks.

    It is not in the paper, whose baseline at 32 bp is `cnn_base`; it says what the residual blocks
    of ResidualBind-32 are worth. A coarser bin is the average of the output. Parameters are those
    of the registry; shapes are those of `registry.build`.
    """
    parts = Parts(dropout, batch_norm_momentum)
    sequence = keras.Input((input_length, 4), name="sequence")
    x = _trunk(parts, sequence, first_filters, activation, POOLS_32)
    if task_heads:
        x = parts.drop(parts.later(x, head_filters), 0.2)
    else:
        x = parts.drop(parts.dense(x, head_filters), 0.3)
    logits = _head(parts, x, targets, task_filters if task_heads else None)
    return keras.Model(sequence, coverage(logits, output, bin_size // BIN_SIZE_32), name="cnn_32")


def cnn_binary(
    *,
    input_length: int,
    bin_size: int,
    targets: int,
    activation: str,
    first_filters: int,
    bottleneck: int,
    dropout: bool,
    batch_norm_momentum: float,
) -> keras.Model:
    """Build the binary CNN: `cnn_base` up to its bottleneck (Toneyan et al. 2022, Methods).

    Parameters are those of the registry; shapes are those of `registry.build`.
    """
    parts = Parts(dropout, batch_norm_momentum)
    sequence = keras.Input((input_length, 4), name="sequence")
    x = _trunk(parts, sequence, first_filters, activation, POOLS)
    x = parts.drop(parts.dense(keras.layers.Flatten()(x), bottleneck), 0.3)
    return keras.Model(sequence, probability(x, targets), name="cnn_binary")


def _trunk(parts, sequence, first_filters, activation, pools):
    """Apply three convolutions, each with pooling and dropout; widths grow as in the paper."""
    x = parts.first(sequence, first_filters, activation)
    x = parts.stage(x, 0, pools[0], RATES[0])
    x = parts.stage(parts.later(x, first_filters * 4 // 3), 0, pools[1], RATES[1])
    return parts.stage(parts.later(x, first_filters * 8 // 3), 0, pools[2], RATES[2])


def _head(parts, x, targets, task_filters):
    """Give the logits, from heads of their own where their width is given."""
    if task_filters is None:
        return single_head(x, targets)
    return task_heads(parts, x, targets, task_filters)
