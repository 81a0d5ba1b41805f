"""Models beyond the paper: parameters, bin sizes, what bins see, attention, profile and counts."""

from itertools import pairwise

import keras
import numpy as np
import pytest
from gradients import gradient
from small_models import random_codes, small

from epibench.errors import InputError
from epibench.models import registry
from epibench.models.layers import OneHot, ProfileCoverage, RelativeAttention
from epibench.predict import CoverageFunction

BIN_SIZES = (1, 32, 64, 128, 256, 512, 1024, 2048)


def built(builder, bin_size, targets=15, **options):
    return registry.build(
        builder, input_length=2048, bin_size=bin_size, targets=targets, options=options
    )


def output_of(model, layer, codes):
    inner = keras.Model(model.input, model.get_layer(layer).output)
    return keras.ops.convert_to_numpy(inner(OneHot()(codes), training=False))


# Parameter counts, summed layer by layer from the description


def affine(inputs, outputs):
    """Count a dense layer's weights and biases; also those of a convolution, with width x inputs"""
    return inputs * outputs + outputs


def trainable(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


@pytest.mark.parametrize(("bin_size", "targets"), [(1, 15), (32, 15), (2048, 5)])
def test_dilated_profile_counts_parameters(bin_size, targets):
    trunk = affine(21 * 4, 256) + 8 * affine(3 * 256, 256)
    heads = affine(75 * 256, targets) + affine(256, targets)
    model = built("dilated_profile_counts", bin_size, targets)
    assert trainable(model) == model.count_params() == trunk + heads


@pytest.mark.parametrize(("bin_size", "targets"), [(32, 15), (2048, 5)])
def test_convnext_parameters(bin_size, targets):
    total = 15 * 4 * 128 + 2 * 128
    for features in (128, 256, 512):
        block = 7 * features + features + 2 * features
        block += affine(features, 4 * features) + affine(4 * features, features)
        total += 2 * block
    for before in (128, 256):
        total += 2 * before + affine(before, 2 * before)
    total += 2 * 512 + affine(512, targets)
    model = built("convnext", bin_size, targets)
    assert (trainable(model), model.count_params()) == (total, total + 2 * 128)


@pytest.mark.parametrize(("bin_size", "targets"), [(1, 15), (8, 15), (32, 15), (2048, 5)])
def test_conv_attention_parameters(bin_size, targets):
    tower = [128, 152, 181, 215, 256]  # 128 to 256 in four equal ratios
    total = 15 * 4 * 128 + 2 * 128
    for before, after in pairwise(tower):
        total += 5 * before * after + 2 * after
    norms = 2 * 128 + 2 * (152 + 181 + 215 + 256)

    attention = 256 * 3 * 256 + 8 * (2 * 64 - 1) + affine(256, 256)
    total += 4 * (2 * 256 + attention + 2 * 256 + affine(256, 512) + affine(512, 256)) + 2 * 256

    up = {1: [256, 215, 181, 152, 128], 8: [256, 215]}.get(bin_size, [])
    last = 256
    for skip in up:
        total += affine(last, skip) + 3 * skip * skip + 2 * skip
        norms += 2 * skip
        last = skip
    total += affine(last, 512) + affine(512, targets)
    model = built("conv_attention", bin_size, targets)
    assert (trainable(model), model.count_params()) == (total, total + norms)


# Bin sizes


def problems(builder, sizes, length=2048, **options):
    entry = registry.BUILDERS[builder]
    complete = registry.check_options(builder, options)
    return [entry.bin_size_problem(size, length, complete) for size in sizes]


def test_bin_sizes():
    assert problems("dilated_profile_counts", BIN_SIZES) == [None] * 8
    assert problems("conv_attention", BIN_SIZES) == [None] * 8
    assert problems("convnext", BIN_SIZES)[1:] == [None] * 7
    assert problems("convnext", [96], 3072) == problems("conv_attention", [96], 3072) == [None]
    assert problems("conv_attention", [32, 64], poolings=6) == [None, None]
    with pytest.raises(InputError, match=r"bin size 1: its layers give bins of 32 bp; choose 32"):
        built("convnext", 1)
    for length, bin_size in ((2040, 24), (2040, 40), (2040, 3)):
        (problem,) = problems("conv_attention", [bin_size], length)
        assert problem == ("with 5 poolings it must be a power of 2 up to 32 or a multiple of 32")


@pytest.mark.parametrize("builder", ["dilated_profile_counts", "conv_attention"])
@pytest.mark.parametrize("bin_size", [1, 2, 16, 64])
def test_bins_of_every_size_have_a_value_of_their_own(builder, bin_size):
    model = small(builder, bin_size)
    assert model.output_shape == (None, 256 // bin_size, 3)
    logits = output_of(model, "logits", random_codes(2))
    assert logits.shape == (2, 256 // bin_size, 3)
    assert (np.diff(logits, axis=1) != 0).all()


@pytest.mark.parametrize(("length", "bin_size"), [(250, 2), (250, 1), (8 * 7, 8), (96, 4)])
def test_attention_takes_inputs_that_are_no_multiple_of_its_tokens(length, bin_size):
    model = small("conv_attention", bin_size, input_length=length)
    coverage = CoverageFunction(model)(random_codes(2, length))
    assert coverage.shape == (2, length // bin_size, 3)


@pytest.mark.parametrize(
    ("builder", "fine_size"),
    [("convnext", 32), ("conv_attention", 32), ("dilated_profile_counts", 1)],
)
def test_the_logits_of_coarser_bins_are_averages(builder, fine_size):
    fine, coarse = small(builder, fine_size), small(builder, 64)
    coarse.set_weights(fine.get_weights())
    expected = output_of(fine, "logits", random_codes(2)).reshape(2, 4, -1, 3).mean(axis=2)
    found = output_of(coarse, "logits", random_codes(2))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


# What a bin sees


def touched(model, layer, position):
    """Give the bases that move a layer's output at one position, in any of some sequences."""
    inner = keras.Model(model.input, model.get_layer(layer).output)
    sequences = np.random.default_rng(3).random((8, model.input_shape[1], 4), dtype=np.float32)
    slope = gradient(lambda x: keras.ops.sum(inner(x, training=False)[:, position, 0]), sequences)
    return np.flatnonzero(np.abs(slope).max(axis=(0, 2)))


@pytest.mark.parametrize(("bin_size", "expected"), [(1, 1115), (32, 1146)])
def test_the_profile_sees_its_receptive_field_and_the_counts_see_everything(bin_size, expected):
    # 21 + 2 (2 + 4 + ... + 256) + 75 - 1, and the other bases of the bin
    model = built("dilated_profile_counts", bin_size, 1, filters=4)
    model.set_weights([np.abs(weight) for weight in model.get_weights()])  # no unit is silent
    seen = touched(model, "logits", 1024 // bin_size)
    assert seen[-1] - seen[0] + 1 == expected
    assert len(touched(model, "log_counts", 0)) == 2048


@pytest.mark.parametrize(("blocks", "expected"), [(1, 358), (2, 670)])
def test_convnext_sees_its_receptive_field(blocks, expected):
    # 15 + 3 + 12 + 16 by convolution and poolings, 6 (4 + 16 + 32) by a block in each stage
    model = built("convnext", 32, 1, first_filters=4, blocks=blocks)
    seen = touched(model, "logits", 32)
    assert seen[-1] - seen[0] + 1 == expected


def test_every_bin_of_attention_sees_every_token():
    model = built("conv_attention", 32, 1, first_filters=4, heads=2, head_features=4, blocks=1)
    for position in (0, 40):
        assert set(touched(model, "logits", position) // 32) == set(range(64))


def shifted_logits(model, length=1024):
    """Give logits of a sequence and, moved by one bin, those of the sequence moved by one bin."""
    codes = random_codes(1, length + 32)
    first, second = (output_of(model, "logits", codes[:, i : i + length])[0] for i in (0, 32))
    return first[1:], second[:-1]


@pytest.mark.parametrize(
    ("builder", "ends"), [("dilated_profile_counts", 2), ("convnext", 7), ("conv_attention", 6)]
)
def test_a_shift_by_one_bin_shifts_the_logits_away_from_the_ends(builder, ends):
    model = small(builder, 32, input_length=1024)
    reach_one_token(model)
    expected, found = shifted_logits(model)
    np.testing.assert_allclose(found[ends:-ends], expected[ends:-ends], rtol=1e-4, atol=1e-5)
    assert np.ptp(found[ends:-ends], axis=0).min() > 1e-3


def test_attention_to_all_tokens_notices_which_are_there():
    expected, found = shifted_logits(small("conv_attention", 32, input_length=1024))
    assert np.abs(expected - found)[6:-6].max() > 1e-4


def reach_one_token(model):
    """Let the attention of a model, if it has any, reach no further than the next token."""
    for layer in model.layers:
        if isinstance(layer, RelativeAttention):
            positions = (layer.bias.shape[1] + 1) // 2
            far = np.abs(np.arange(1 - positions, positions)) > 1
            layer.set_weights([np.where(far, -1e9, 0.5) + 0 * layer.get_weights()[0]])


# Attention


def attention(heads=2, positions=5, features=6, bias=None):
    """Give a layer with random biases, and its input (2, positions, 3 * features)."""
    rng = np.random.default_rng(4)
    values = rng.normal(size=(2, positions, 3 * features)).astype(np.float32)
    layer = RelativeAttention(heads)
    layer.build(values.shape)
    shape = (heads, 2 * positions - 1)
    layer.set_weights([rng.normal(size=shape) if bias is None else np.full(shape, bias)])
    return layer, values


def apply(layer, values):
    return keras.ops.convert_to_numpy(layer(values))


def test_attention_is_that_of_its_formula():
    layer, inputs = attention()
    (bias,) = layer.get_weights()
    expected = np.zeros((2, 5, 6))
    for b, i, head in np.ndindex(2, 5, 2):
        of_head = slice(3 * head, 3 * head + 3)
        query, keys, values = (inputs[b, :, 6 * k : 6 * k + 6][:, of_head] for k in range(3))
        scores = [query[i] @ keys[j] / np.sqrt(3) + bias[head, j - i + 4] for j in range(5)]
        weights = np.exp(scores) / np.exp(scores).sum()
        expected[b, i, of_head] = weights @ values
    np.testing.assert_allclose(apply(layer, inputs), expected, rtol=1e-4, atol=1e-6)


def test_without_biases_attention_knows_no_order_and_with_them_it_does():
    order = [3, 0, 4, 1, 2]
    layer, inputs = attention(bias=0.0)
    np.testing.assert_allclose(
        apply(layer, inputs[:, order]), apply(layer, inputs)[:, order], rtol=1e-4, atol=1e-6
    )
    layer, inputs = attention()
    difference = apply(layer, inputs[:, order]) - apply(layer, inputs)[:, order]
    assert np.abs(difference).max() > 0.1


def test_attention_starts_alike_on_both_sides_with_a_reach_for_each_head():
    layer = RelativeAttention(4)
    layer.build((None, 3, 24))
    slopes = np.array([[2**-2], [2**-4], [2**-6], [2**-8]])
    np.testing.assert_allclose(layer.get_weights()[0], -slopes * [2, 1, 0, 1, 2])
    inputs = np.random.default_rng(5).normal(size=(1, 3, 24)).astype(np.float32)
    backwards = apply(layer, inputs[:, ::-1])[:, ::-1]
    np.testing.assert_allclose(backwards, apply(layer, inputs), rtol=1e-4, atol=1e-6)


# Profile and counts


def test_coverage_is_the_softmax_of_the_profile_times_the_counts():
    rng = np.random.default_rng(6)
    logits = rng.normal(0, 3, (2, 7, 3)).astype(np.float32)
    logits[0, :, 0] += 1e4  # no overflow
    log_counts = rng.uniform(0.5, 6, (2, 1, 3)).astype(np.float32)
    log_counts[1, 0, 2] = -0.5  # fewer counts than none are none
    found = keras.ops.convert_to_numpy(ProfileCoverage()(logits, log_counts))
    profile = np.exp(logits.astype(float) - logits.max(axis=1, keepdims=True))
    profile /= profile.sum(axis=1, keepdims=True)
    counts = np.maximum(np.exp(log_counts.astype(float)) - 1, 0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, profile * counts, rtol=1e-4)
    np.testing.assert_allclose(np.log1p(found.sum(axis=1))[0], log_counts[0, 0], rtol=1e-4)


def test_the_output_of_dilated_profile_counts_follows_its_heads():
    model, codes = small("dilated_profile_counts", 16), random_codes(3)
    # a fresh count head can be negative, which coverage cannot follow
    model.get_layer("log_counts").bias.assign([2.0, 3.0, 4.0])
    coverage = CoverageFunction(model)(codes)
    log_counts = output_of(model, "log_counts", codes)
    assert log_counts.shape == (3, 1, 3)
    np.testing.assert_allclose(np.log1p(coverage.sum(axis=1)), log_counts[:, 0], rtol=1e-4)
    logits = output_of(model, "logits", codes)
    differences = np.diff(np.log(coverage), axis=1)
    np.testing.assert_allclose(differences, np.diff(logits, axis=1), rtol=1e-3, atol=1e-5)


# Options


@pytest.mark.parametrize(
    ("builder", "rates"),
    [("dilated_profile_counts", {0.2}), ("convnext", {0.1}), ("conv_attention", {0.2, 0.1})],
)
def test_dropout_can_be_left_out(builder, rates):
    def found(dropout):
        model = small(builder, dropout=dropout)
        return {layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)}

    assert found(True) == rates
    assert found(False) == {0}
