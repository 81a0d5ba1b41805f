"""Alignments of what first-layer filters respond to, clipping and MEME files."""

import keras
import numpy as np
import pytest
from keras import layers
from memelite.io import read_meme as memelite_read
from scipy.stats import entropy
from tests.unit import small_models

from epibench.errors import InputError
from epibench.interpret.clip import clip, frequencies, information
from epibench.interpret.filters import Filters, load_filters, read_filters
from epibench.interpret.meme_file import read_meme, write_meme
from epibench.models.layers import gelu_sigmoid

ONE_HOT = np.array([*np.eye(4), np.full(4, 0.25)])


def model_of(kernel, bias, activation="relu", length=60, **conv):
    """Build a model whose first filters are given: kernel (width, 4, filters), bias (filters,)."""
    width, _, filters = kernel.shape
    sequence = keras.Input((length, 4))
    conv = {"padding": "same", **conv}
    x = layers.Conv1D(filters, width, name="first_filters", **conv)(sequence)
    x = layers.Identity(name="first_norm")(x)
    pooled = layers.MaxPooling1D(2)(x)
    pooled = layers.Activation(activation, name="first_activation")(pooled)
    model = keras.Model(sequence, layers.Dense(1)(layers.Flatten()(pooled)))
    model.get_layer("first_filters").set_weights([kernel, bias])
    return model


def exact_words(words, length=60):
    """Build a model with a filter a word, 1 where the word stands and at most 0 elsewhere."""
    kernel = np.stack([[ONE_HOT["ACGT".index(base)] for base in word] for word in words], axis=-1)
    return model_of(kernel, np.full(len(words), 1.0 - len(words[0])), length=length)


def align(activation, codes, width):
    """Align sub-sequences with explicit loops; activation (sequences, starts, filters)."""
    filters = activation.shape[2]
    counts, sites = np.zeros((filters, width, 4)), np.zeros(filters, int)
    for f in range(filters):
        highest = max(values.max() for values in activation[:, :, f])
        if highest <= 0 or highest == activation[:, :, f].min():
            continue
        for sequence, values in zip(codes, activation[:, :, f], strict=True):
            for start, value in enumerate(values):
                if value > highest / 2:
                    sites[f] += 1
                    for column in range(width):
                        counts[f, column] += ONE_HOT[sequence[start + column]]
    return counts, sites


FUNCTIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "exponential": np.exp,
    "gelu": lambda x: x / (1 + np.exp(-1.702 * x)),
}


@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("width", [1, 4, 5, 8])
def test_alignments_are_those_of_loops_over_sequences(activation, width):
    rng = np.random.default_rng(width)
    kernel = rng.normal(size=(width, 4, 6)).astype(np.float32)
    bias = rng.normal(size=6).astype(np.float32)
    codes = small_models.random_codes(23, 60)
    function = gelu_sigmoid if activation == "gelu" else activation
    found = read_filters(model_of(kernel, bias, function), codes, batch_size=4)
    values = np.empty((23, 60 - width + 1, 6))
    for n, sequence in enumerate(codes):
        for start in range(60 - width + 1):
            word = ONE_HOT[sequence[start : start + width]]
            for f in range(6):
                values[n, start, f] = (word * kernel[:, :, f]).sum() + bias[f]
    values = FUNCTIONS[activation](values)
    counts, sites = align(values, codes, width)
    assert list(found.sites) == list(sites)
    assert np.array_equal(found.counts, counts)
    assert found.maximum == pytest.approx(values.max(axis=(0, 1)), rel=1e-5)
    assert found.activation == {"gelu": "gelu_sigmoid"}.get(activation, activation)
    assert sites.sum() > 20


@pytest.mark.parametrize(
    "name", ["basenji", "bpnet", "residualbind_32", "basset", "convnext", "conv_attention"]
)
def test_models_of_the_registry_are_read_before_they_pool(name):
    model = small_models.small(name)
    codes = small_models.random_codes(5)
    values = keras.Model(
        model.input, model.get_layer("first_activation")(model.get_layer("first_norm").output)
    ).predict(ONE_HOT[codes].astype(np.float32), verbose=0)
    width = model.get_layer("first_filters").kernel_size[0]
    values = values[:, (width - 1) // 2 : 256 - width // 2]
    counts, sites = align(values, codes, width)
    found = read_filters(model, codes, batch_size=2)
    assert list(found.sites) == list(sites)
    assert np.array_equal(found.counts, counts)


def test_every_hit_counts_also_at_the_edges_and_after_them():
    words, planted = ["ACGTA", "CCATG", "GATTC", "TTGCA"], [40, 297, 408, 80]
    rng = np.random.default_rng(3)
    slots = [(n, start) for n in range(80) for start in range(0, 60, 5)]
    order = [slots[i] for i in rng.permutation(len(slots))]
    codes = np.full((80, 60), 4, np.uint8)
    edges = 0
    for word, count in zip(words, planted, strict=True):
        for _ in range(count):
            n, start = order.pop()
            codes[n, start : start + 5] = ["ACGT".index(base) for base in word]
            edges += start in (0, 55)
    found = read_filters(exact_words(words), codes)
    assert edges > 100
    assert list(found.sites) == planted
    for counts, word, count in zip(found.counts, words, planted, strict=True):
        expected = [[count * (base == letter) for base in "ACGT"] for letter in word]
        assert np.array_equal(counts, expected)


def test_overlapping_hits_all_count_and_n_counts_a_quarter():
    codes = np.array([[0] * 7 + [4] * 3], np.uint8)
    found = read_filters(exact_words(["AAAA"], length=10), codes)
    assert list(found.sites) == [4]
    kernel = np.zeros((3, 4, 1), np.float32)
    kernel[0, 2] = 1
    codes = np.array([[2, 4, 1, 0, 0, 0]], np.uint8)
    found = read_filters(model_of(kernel, np.zeros(1), length=6), codes)
    assert found.counts[0].tolist() == [[0, 0, 1, 0], [0.25] * 4, [0, 1, 0, 0]]


def test_half_of_the_maximum_is_not_above_it():
    kernel = np.array([[[1.0], [0.5], [0.501], [-1.0]]], np.float32)
    codes = np.array([[0, 1, 2, 3, 1, 2]], np.uint8)
    found = read_filters(model_of(kernel, np.zeros(1), length=6), codes)
    assert found.counts[0].tolist() == [[1, 0, 2, 0]]


def test_what_would_leave_the_sequence_neither_sets_the_maximum_nor_counts():
    # The largest activation lies where half of the filter hangs over the end.
    kernel = np.zeros((4, 4, 1), np.float32)
    kernel[1, 0], kernel[2:] = 1, -5
    codes = np.array([[1, 0, 1, 0, 1, 1, 1, 0]], np.uint8)
    found = read_filters(model_of(kernel, np.full(1, 10.2), length=8), codes)
    assert found.maximum[0] == pytest.approx(1.2)
    assert list(found.sites) == [2]


def test_filters_that_never_respond_or_always_alike_have_no_sites():
    kernel = np.zeros((3, 4, 4), np.float32)
    kernel[0, :, 3] = [1, 2, 3, 4]
    bias = np.array([0, -1, 2, 0], np.float32)
    negative = model_of(kernel, bias - 20, "linear")
    codes = small_models.random_codes(6, 60)
    found = read_filters(model_of(kernel, bias), codes)
    assert list(found.sites[:3]) == [0, 0, 0]
    assert not found.counts[:3].any()
    assert found.sites[3] > 0
    assert not read_filters(negative, codes).sites.any()
    always = read_filters(model_of(kernel, bias, "exponential"), codes)
    assert list(always.sites[:3]) == [0, 0, 0]
    assert always.sites[3] > 0


def test_batches_make_no_difference():
    model = small_models.small("residualbind_32")
    codes = small_models.random_codes(11)
    one, other = (read_filters(model, codes, batch_size=size) for size in (3, 64))
    assert np.array_equal(one.counts, other.counts)
    assert np.array_equal(one.sites, other.sites)


def test_filters_survive_being_saved(tmp_path):
    found = read_filters(exact_words(["ACGTA"]), small_models.random_codes(40, 60))
    found.save(tmp_path / "filters.npz")
    again = load_filters(tmp_path / "filters.npz")
    assert np.array_equal(again.counts, found.counts)
    assert again.counts.dtype == np.float64
    assert list(again.sites) == list(found.sites)
    assert again.maximum.dtype == np.float32
    assert again.activation == "relu"


def test_models_and_sequences_that_cannot_be_read_are_refused():
    kernel, bias = np.zeros((3, 4, 1), np.float32), np.zeros(1)
    codes = small_models.random_codes(2, 60)
    sequence = keras.Input((60, 4))
    bare = keras.Model(sequence, layers.Conv1D(1, 3, padding="same")(sequence))
    for model, sequences, message in (
        (bare, codes, "no layer named 'first_filters'"),
        (model_of(kernel, bias, padding="valid"), codes, "must be a Conv1D"),
        (model_of(kernel, bias, strides=2), codes, "must be a Conv1D"),
        (model_of(kernel, bias, dilation_rate=2), codes, "must be a Conv1D"),
        (model_of(kernel, bias), codes[:, :50], r"of shape \(n, 60\), not uint8 of shape \(2, 50"),
        (model_of(kernel, bias), codes[:0], "there are no sequences"),
    ):
        with pytest.raises(InputError, match=message):
            read_filters(model, sequences)


def test_frequencies_and_information_are_those_of_scipy():
    counts = np.random.default_rng(1).integers(0, 50, (9, 4)).astype(float)
    ppm = frequencies(counts)
    for row, count in zip(ppm, counts, strict=True):
        assert list(row) == pytest.approx([(c + 0.25) / (count.sum() + 1) for c in count])
    assert list(information(ppm)) == pytest.approx([2 - entropy(row, base=2) for row in ppm])
    assert (frequencies(np.zeros((1, 4))) == 0.25).all()


@pytest.mark.parametrize(
    ("informative", "expected"),
    [([0], (0, 1)), ([7], (7, 8)), ([2, 5], (2, 6)), ([0, 7], (0, 8)), ([], (0, 0))],
)
def test_ends_with_little_information_are_clipped(informative, expected):
    counts = np.full((8, 4), 100.0)
    counts[informative, 1] = 2000
    assert clip(frequencies(counts)) == expected


def test_filters_give_the_columns_of_those_with_some():
    counts = np.full((4, 6, 4), 50.0)
    counts[0, 2:5, 3] = 1000
    counts[1, 0, 0] = 1000
    counts[3] = 0
    found = Filters(counts, np.array([9, 9, 9, 0]), np.ones(4, np.float32), "relu")
    assert found.clipped() == {0: (2, 5), 1: (0, 1)}


def test_meme_files_are_read_by_others(tmp_path):
    rng = np.random.default_rng(2)
    motifs = {f"filter{i}": rng.integers(0, 90, (3 + i, 4)).astype(float) for i in range(3)}
    write_meme(tmp_path / "filters.meme", motifs)
    ours, others = read_meme(tmp_path / "filters.meme"), memelite_read(tmp_path / "filters.meme")
    assert list(ours) == list(others) == list(motifs)
    for name, counts in motifs.items():
        assert ours[name] == pytest.approx(frequencies(counts), abs=1e-8)
        assert np.allclose(np.asarray(others[name]).T, ours[name])
    text = (tmp_path / "filters.meme").read_text()
    assert f"w= 5 nsites= {round(motifs['filter2'].sum(axis=1).max())}" in text
    write_meme(tmp_path / "none.meme", {})
    assert read_meme(tmp_path / "none.meme") == {}
