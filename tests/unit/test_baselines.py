"""Baselines against scikit-learn and slow counting."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from epibench.evaluate.baselines import (
    LinearPredictor,
    MeanPredictor,
    fit_linear,
    gc_content,
    kmer_counts,
    ridge_weights,
)
from epibench.evaluate.predictors import Inputs

COMPLEMENT = str.maketrans("ACGT", "TGCA")


def sequences(count, length, seed=0, codes=4):
    return np.random.default_rng(seed).integers(0, codes, (count, length), np.uint8)


class FakeBatches:
    """Sequences and coverage in batches of 8."""

    def __init__(self, sequence, coverage):
        self.sequence, self.coverage = sequence, coverage
        self.offsets = range(len(sequence))

    def epoch(self, epoch):
        for first in range(0, len(self.sequence), 8):
            yield self.sequence[first : first + 8], self.coverage[first : first + 8]


def test_gc_content_is_the_share_of_c_and_g_and_that_of_cpg():
    sequence = np.array([[0, 1, 2, 1, 2, 1, 2, 4]], np.uint8)
    features = gc_content(sequence, 4)
    assert features[0, :, 0].tolist() == [0.75, 0.75]
    assert features[0, :, 1].tolist() == [0.5, 0.25]  # a CpG lies across the border
    assert gc_content(np.array([[2, 1, 1, 3]], np.uint8), 2)[0, :, 1].tolist() == [0, 0]


def test_kmers_count_in_the_bin_of_their_centre_with_their_reverse_complement():
    bin_size, bins = 16, 4
    sequence = sequences(3, bin_size * bins, codes=5)
    counts = kmer_counts(sequence, bin_size).reshape(3, bins, 5, 512)
    for row, codes in enumerate(sequence):
        text = "".join("ACGTN"[code] for code in codes)
        expected = [{} for _ in range(bins)]
        for i in range(len(text) - 4):
            word = text[i : i + 5]
            if "N" not in word:
                key = min(word, word.translate(COMPLEMENT)[::-1])
                here = expected[(i + 2) // bin_size]
                here[key] = here.get(key, 0) + 1
        for b in range(bins):
            # The middle of the five neighbours is the bin itself.
            found = counts[row, b, 2]
            assert sorted(found[found > 0]) == sorted(expected[b].values())
            for shift in range(-2, 3):
                inside = 0 <= b + shift < bins
                neighbour = counts[row, b + shift, 2] if inside else np.zeros(512)
                np.testing.assert_array_equal(counts[row, b, 2 + shift], neighbour)


def test_kmers_are_the_same_on_both_strands():
    sequence = sequences(1, 64)
    forward = kmer_counts(sequence, 64)
    backward = kmer_counts(3 - sequence[:, ::-1], 64)
    np.testing.assert_array_equal(forward, backward)
    assert forward.sum() == 60


def test_ridge_weights_equal_scikit_learn():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(80, 12)), rng.normal(size=(80, 3))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    expected = Ridge(alpha=3.0, fit_intercept=False).fit(x, y).coef_.T
    np.testing.assert_allclose(ridge_weights(x.T @ x, x.T @ y, 3.0), expected, rtol=1e-9)


def test_a_fit_recovers_a_linear_truth():
    sequence = sequences(1500, 256)
    coverage = np.stack([5 * gc_content(sequence, 32)[..., 0] + 1] * 2, axis=2)
    batches = FakeBatches(sequence, coverage)
    fitted = fit_linear(gc_content, batches, batches, bin_size=32, seed=0)
    np.testing.assert_allclose(fitted.weights, [[5, 5], [0, 0]], rtol=0.02, atol=0.2)
    np.testing.assert_allclose(fitted.intercept, [1, 1], rtol=0.05)


def test_a_fit_of_log1p_recovers_an_exponential_truth():
    sequence = sequences(1500, 256)
    coverage = np.expm1(np.stack([5 * gc_content(sequence, 32)[..., 0] + 1] * 2, axis=2))
    batches = FakeBatches(sequence, coverage)
    fitted = fit_linear(gc_content, batches, batches, bin_size=32, seed=0, log=True)
    np.testing.assert_allclose(fitted.weights, [[5, 5], [0, 0]], rtol=0.02, atol=0.2)
    np.testing.assert_allclose(fitted.at(sequence[:9]), coverage[:9], rtol=0.1)
    plain = fit_linear(gc_content, batches, batches, bin_size=32, seed=0)
    assert (
        np.abs(plain.at(sequence) - coverage).max()
        > 5 * np.abs(fitted.at(sequence) - coverage).max()
    )


def test_the_penalty_is_chosen_per_target_on_the_validation_windows():
    rng = np.random.default_rng(0)
    train, valid = sequences(96, 256, 1), sequences(96, 256, 2)
    batches = []
    for sequence in (train, valid):
        coverage = rng.normal(10, 1, (96, 8, 2)).astype(np.float32)  # the first target is noise
        coverage[..., 1] = 20 + 30 * gc_content(sequence, 32)[..., 0]
        batches.append(FakeBatches(sequence, coverage))
    fitted = fit_linear(kmer_counts, *batches, bin_size=32, seed=0)
    size = np.abs(fitted.weights).mean(axis=0)
    assert size[0] < 0.2 * size[1]


@pytest.mark.parametrize("bin_size", [8, 32])
def test_predictions_have_the_shape_of_the_bins_and_are_never_negative(bin_size):
    sequence = sequences(3, 64)
    inputs = Inputs(*(np.zeros(3, int) for _ in range(2)), sequence)
    mean = MeanPredictor(bin_size, np.array([1.0, 2.0]))
    assert mean.predict(inputs).shape == (3, 64 // bin_size, 2)
    falling = LinearPredictor(bin_size, gc_content, np.array([[-9.0], [0.0]]), np.array([1.0]))
    predicted = falling.predict(inputs)
    assert predicted.shape == (3, 64 // bin_size, 1)
    assert predicted.min() == 0.0
