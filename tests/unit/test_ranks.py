"""Spearman's rho in constant memory against SciPy on everything at once."""

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from epibench.evaluate.ranks import (
    RankCorrelation,
    bin_edges,
    mid_ranks,
    rho_of_counts,
    sample_inputs,
)

INPUTS, BINS = 5000, 20  # more values than are kept, so that they are counted in a histogram


def independent(rng, n):
    return rng.gamma(0.5, 2, n), rng.gamma(1, 1, n)


def strong(rng, n):
    truth = rng.gamma(0.5, 2, n)
    return truth, truth * np.exp(0.01 * rng.normal(size=n))


def opposed(rng, n):
    truth = rng.gamma(0.5, 2, n)
    return truth, 0.3 * rng.normal(size=n) - truth


def half_zero(rng, n):
    truth = np.where(rng.random(n) < 0.5, 0, rng.gamma(0.5, 2, n))
    return truth, np.where(rng.random(n) < 0.5, 0, truth + rng.gamma(1, 1, n))


def integers(rng, n):
    truth = rng.poisson(3, n).astype(float)
    return truth, rng.poisson(truth + 1).astype(float)


def many_integers(rng, n):
    truth = rng.poisson(300, n).astype(float)
    return truth, rng.poisson(truth).astype(float)


def narrow(rng, n):
    truth = rng.gamma(0.5, 2, n)
    return truth, 5 * (1 + 0.008 * rng.random(n) + 0.002 * np.minimum(truth, 1))


def heavy_tails(rng, n):
    truth = np.abs(rng.standard_cauchy(n))
    return truth, truth + np.abs(rng.standard_cauchy(n))


CASES = (independent, strong, opposed, half_zero, integers, many_integers, narrow, heavy_tails)


def ranked(truth, prediction, inputs):
    """Add values (values, targets) in batches, as an evaluation does."""
    targets = truth.shape[1]
    pair = [v.reshape(inputs, -1, targets).swapaxes(1, 2) for v in (truth, prediction)]
    ranks = RankCorrelation(targets, 10, len(truth))
    if not ranks.exact:
        sample = sample_inputs(inputs)
        ranks.lay_out(*(values[sample] for values in pair))
    block = np.arange(inputs) * 10 // inputs
    for part in np.array_split(np.arange(inputs), 9):
        ranks.add(*(values[part] for values in pair), block[part])
    return ranks


def found(truth, prediction, inputs):
    """Give rho of two vectors."""
    return ranked(truth[:, None], prediction[:, None], inputs).spearman_r()[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_many_values_are_close_to_scipy(case):
    truth, prediction = case(np.random.default_rng(0), INPUTS * BINS)
    expected = spearmanr(truth, prediction).statistic
    assert found(truth, prediction, INPUTS) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_few_values_are_exact(case):
    truth, prediction = case(np.random.default_rng(0), 300)
    expected = spearmanr(truth, prediction).statistic
    assert found(truth, prediction, 300) == pytest.approx(expected, abs=1e-12)


def test_a_chromosome_whose_ends_differ_is_sampled_all_over():
    rng = np.random.default_rng(0)
    truth, prediction = half_zero(rng, INPUTS * BINS)
    truth[: len(truth) // 4] += 50
    prediction[: len(truth) // 4] += 9
    expected = spearmanr(truth, prediction).statistic
    assert found(truth, prediction, INPUTS) == pytest.approx(expected, abs=1e-4)


def test_a_chromosome_that_is_amplified_in_one_half():
    truth, prediction = half_zero(np.random.default_rng(1), 20_000 * 64)
    truth[len(truth) // 2 :] *= 3
    prediction[: len(truth) // 4] *= 0.3
    expected = spearmanr(truth, prediction).statistic
    assert found(truth, prediction, 20_000) == pytest.approx(expected, abs=1e-4)


def test_a_million_values():
    truth, prediction = half_zero(np.random.default_rng(0), 1_000_000)
    expected = spearmanr(truth, prediction).statistic
    assert found(truth, prediction, 10_000) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("inputs", [300, INPUTS])
def test_a_constant_or_unknown_prediction_has_no_rho_and_harms_no_other(inputs):
    truth, prediction = independent(np.random.default_rng(0), inputs * BINS)
    alone = found(truth, prediction, inputs)
    stacked = np.stack([prediction, np.full_like(truth, 0.1), np.full_like(truth, np.nan)], axis=1)
    rho = ranked(np.repeat(truth[:, None], 3, axis=1), stacked, inputs).spearman_r()
    assert rho[0] == alone
    assert np.isnan(rho[1:]).all()


@pytest.mark.parametrize("inputs", [300, INPUTS])
def test_the_counts_of_blocks_give_rho_of_any_of_them(inputs):
    truth, prediction = half_zero(np.random.default_rng(0), inputs * BINS)
    counts = ranked(truth[:, None], prediction[:, None], inputs).counts_of_blocks()
    assert counts.shape == (10, 1, 32, 32)
    assert counts.sum() == len(truth)
    third = slice(3 * len(truth) // 10, 4 * len(truth) // 10)
    for chosen, values in (([3], third), (slice(None), slice(None))):
        expected = spearmanr(truth[values], prediction[values]).statistic
        rho = rho_of_counts(counts[chosen, 0].sum(axis=0))
        assert rho == pytest.approx(expected, abs=0.005)


def test_rho_is_that_of_scaled_predictions():
    truth, prediction = half_zero(np.random.default_rng(0), INPUTS * BINS)
    scaled = found(truth, 0.01 * prediction, INPUTS)
    assert scaled == pytest.approx(found(truth, prediction, INPUTS), abs=1e-9)


def test_a_frequent_value_has_a_bin_of_its_own():
    values = np.concatenate([np.zeros(500), np.linspace(-1, 1, 500)])
    edges = bin_edges(values)
    assert len(edges) < 384
    which = np.searchsorted(edges, [-1e-300, 0.0, 1e-300], side="right")
    assert which.tolist() == [which[1] - 1, which[1], which[1] + 1]


@pytest.mark.parametrize("digits", [0, 1, 12])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_mid_ranks_equal_scipy(digits, dtype):
    values = np.random.default_rng(0).normal(size=(3, 4, 50)).round(digits).astype(dtype)
    values[0, 0, :9] = [-0.0, 0.0, 1e-300, -1e30, 1e30, np.inf, -np.inf, 5e-324, 0.0]
    expected = rankdata(values.astype(float), axis=-1) - 25.5
    np.testing.assert_array_equal(mid_ranks(values.astype(float)), expected)


def test_the_sample_stands_for_the_whole():
    sample = sample_inputs(10_000)
    assert len(np.unique(sample)) == 625
    share = np.histogram(sample, 10, (0, 10_000))[0] / 625
    assert 0.06 < share.min() < share.max() < 0.14
    assert sample_inputs(5).tolist() == [0, 1, 2, 3, 4]
    assert len(sample_inputs(100_000)) == 1024
