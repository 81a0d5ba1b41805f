"""ResidualBind: convolutions with dilated residual blocks, with a bottleneck or without."""

import keras

from epibench.models import parts as shared
from epibench.models.parts import BIN_SIZE_32, Parts, coverage, probability

POOLS_32 = (4, 4, 2)


def residualbind_base(
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
    """Build ResidualBind with a bottleneck (Toneyan et al. 2022, Methods).

    With a single head it is the text's, with task-specific heads the published one, which differs
    in a pooling, in dropout and in the length of two residual blocks. Parameters are those of the
    registry; shapes are those of `registry.build`.
    """
    parts = Parts(dropout, batch_norm_momentum)
    sequence = keras.Input((input_length, 4), name="sequence")
    first_pool, third_block = (8, 3) if task_heads else (4, 4)
    x = _trunk(parts, sequence, first_filters, activation, first_pool, third_block)
    x = parts.bottleneck(x, bottleneck, input_length // bin_size)
    x = parts.drop(parts.later(x, head_filters), 0.2 if task_heads else 0.1)
    x = parts.residual(x, 6 if task_heads else 5)
    if task_heads:
        logits = shared.task_heads(parts, x, targets, task_filters)
    else:
        logits = shared.single_head(x, targets)
    return keras.Model(sequence, coverage(logits, output), name="residualbind_base")


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
    parts = Parts(dropout, batch_norm_momentum)
    sequence = keras.Input((input_length, 4), name="sequence")
    x = parts.stage(parts.first(sequence, first_filters, activation), 5, POOLS_32[0], 0.2)
    x = parts.stage(parts.later(x, 2 * first_filters), 5, POOLS_32[1], 0.2)
    x = parts.stage(parts.later(x, 4 * first_filters), 3, POOLS_32[2], 0.5)
    if task_heads:
        x = parts.drop(parts.later(x, head_filters), 0.2)
        logits = shared.task_heads(parts, x, targets, task_filters)
    else:
        x = parts.drop(parts.dense(x, head_filters), 0.3)
        logits = shared.single_head(x, targets)
    factor = bin_size // BIN_SIZE_32
    return keras.Model(sequence, coverage(logits, output, factor), name="residualbind_32")


def residualbind_binary(
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
    """Build the binary ResidualBind: `residualbind_base`, single head, up to its bottleneck.

    Toneyan et al. 2022, Methods. Parameters are those of the registry; shapes are those of
    `registry.build`.
    """
    parts = Parts(dropout, batch_norm_momentum)
    sequence = keras.Input((input_length, 4), name="sequence")
    x = _trunk(parts, sequence, first_filters, activation, 4, 4)
    x = parts.drop(parts.dense(keras.layers.Flatten()(x), bottleneck), 0.3)
    return keras.Model(sequence, probability(x, targets), name="residualbind_binary")


def _trunk(parts, sequence, first_filters, activation, first_pool, third_block):
    """Apply three convolutions, each with a residual block; widths grow as in the paper."""
    x = parts.stage(parts.first(sequence, first_filters, activation), 5, first_pool, 0.1)
    x = parts.stage(parts.later(x, first_filters * 4 // 3), 5, 4, 0.1)
    return parts.stage(parts.later(x, first_filters * 8 // 3), third_block, 4, 0.2)
