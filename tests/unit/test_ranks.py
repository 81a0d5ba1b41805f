"""Spearman's rho in constant memory against SciPy on everything at once."""

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from epibench.evaluate.ranks import RankCorrelation, bin_edges, mid_ranks, sample_first

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


def found(truth, prediction, inputs):
    """Add two vectors in batches, in the order of an evaluation."""
    ranks = RankCorrelation(1)
    pair = [values.reshape(inputs, -1, 1) for values in (truth, prediction)]
    for part in np.array_split(sample_first(inputs), 9):
        ranks.add(*(values[part] for values in pair))
    return ranks.spearman_r()[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_many_values_are_close_to_scipy(case):
    truth, prediction = case(np.random.default_rng(0), INPUTS * BINS)
    expected = spearmanr(truth, prediction).statistic
    assert found(truth, prediction, INPUTS) == pytest.approx(expected, abs=5e-5)


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
    assert found(truth, prediction, INPUTS) == pytest.approx(expected, abs=5e-5)


def test_a_chromosome_that_is_amplified_in_one_half():
    truth, prediction = half_zero(np.random.default_rng(1), 20_000 * 64)
    truth[len(truth) // 2 :] *= 3
    prediction[: len(truth) // 4] *= 0.3
    expected = spearmanr(truth, prediction).statistic
    assert found(truth, prediction, 20_000) == pytest.approx(expected, abs=5e-5)


def test_a_million_values():
    truth, prediction = half_zero(np.random.default_rng(0), 1_000_000)
    expected = spearmanr(truth, prediction).statistic
    assert found(truth, prediction, 10_000) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("inputs", [300, INPUTS])
def test_a_constant_or_unknown_prediction_has_no_rho_and_harms_no_other(inputs):
    truth, prediction = independent(np.random.default_rng(0), inputs * BINS)
    alone = found(truth, prediction, inputs)
    ranks = RankCorrelation(3)
    stacked = np.stack([prediction, np.full_like(truth, 0.1), np.full_like(truth, np.nan)], axis=1)
    repeated = np.repeat(truth, 3).reshape(inputs, BINS, 3)
    for part in np.array_split(sample_first(inputs), 9):
        ranks.add(repeated[part], stacked.reshape(repeated.shape)[part])
    rho = ranks.spearman_r()
    assert rho[0] == alone
    assert np.isnan(rho[1:]).all()


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


def test_the_sample_comes_first_and_nothing_is_lost():
    order = sample_first(10_000)
    assert sorted(order) == list(range(10_000))
    assert (np.diff(order[4096:]) > 0).all()
    for beginning in (500, 4096):
        share = np.histogram(order[:beginning], 10, (0, 10_000))[0] / beginning
        assert 0.06 < share.min() < share.max() < 0.14
    assert sorted(sample_first(5)) == [0, 1, 2, 3, 4]
