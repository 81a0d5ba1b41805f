"""A dilated network with two heads: the profile of the coverage, and its sum."""

import keras
from keras import layers

from epibench.models.bpnet import tower
from epibench.models.layers import ProfileCoverage


def dilated_profile_counts(
    *,
    input_length: int,
    bin_size: int,
    targets: int,
    filters: int,
    first_width: int,
    dilated_layers: int,
    profile_width: int,
    dropout: bool,
) -> keras.Model:
    """Build a model of profile and counts in the manner of ChromBPNet (Pampari et al. 2024).

    BPNet's dilated layers behind a wide first convolution; a wide convolution gives the profile of
    each target, the average over the input its log counts. Three things differ. ChromBPNet predicts
    the central 1,000 of 2,114 bp and needs no padding; here the output is as long as the input, so
    all layers pad with zeros and bins near the ends see less sequence. It models one target and we
    all at once. And its second network for the enzyme's sequence bias, trained on closed regions,
    is left out: it takes base-resolution cut sites, and our tracks are smoothed coverage.

    Logits are averaged over the bins before the softmax. Parameters are those of the registry;
    shapes are those of `registry.build`.
    """
    sequence = keras.Input((input_length, 4), name="sequence")
    x = tower(sequence, filters, first_width, dilated_layers, "glorot_uniform", last=None)
    x = layers.Dropout(0.2 if dropout else 0.0, name="embedding")(x)

    profile = layers.Conv1D(targets, profile_width, padding="same", dtype="float32")(x)
    binned = layers.AveragePooling1D(bin_size, dtype="float32", name="logits")(profile)
    average = layers.GlobalAveragePooling1D(keepdims=True, dtype="float32")(x)
    log_counts = layers.Dense(targets, dtype="float32", name="log_counts")(average)
    coverage = ProfileCoverage(name="coverage")(binned, log_counts)
    return keras.Model(sequence, coverage, name="dilated_profile_counts")
