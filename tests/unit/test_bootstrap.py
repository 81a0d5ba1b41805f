"""Draws of blocks and the intervals made from them."""

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from epibench.evaluate.bootstrap import block_weights, interval, standard_error

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))
import intervals


def test_each_draw_has_as_many_blocks_as_there_are_and_is_the_same_again():
    weights = block_weights(50, replicates=2000, seed=3)
    assert weights.shape == (2000, 50)
    assert (weights.sum(axis=1) == 50).all()
    np.testing.assert_array_equal(weights, block_weights(50, replicates=2000, seed=3))
    assert (weights != block_weights(50, replicates=2000, seed=4)).any()
    assert abs(weights.mean(axis=0) - 1).max() < 0.15
    assert weights.var() == pytest.approx(1 - 1 / 50, rel=0.03)


def test_the_interval_of_a_mean_is_that_of_students_t():
    values = np.random.default_rng(0).normal(2, 1, 40)
    drawn = block_weights(40, replicates=40_000) @ values / 40
    low, high, error = interval("bias", values.mean(), drawn, 40)
    known = stats.t.interval(0.95, 39, values.mean(), stats.sem(values))
    assert (low, high) == pytest.approx(known, rel=0.01)
    assert error == pytest.approx(stats.sem(values), rel=0.02)


@pytest.mark.parametrize(
    ("score", "to", "back"),
    [
        ("pearson_r", np.arctanh, np.tanh),
        ("mse", np.log, np.exp),
        ("auroc", lambda p: np.log(p / (1 - p)), lambda x: 1 / (1 + np.exp(-x))),
        ("r2", lambda r: np.log(1 - r), lambda x: 1 - np.exp(x)),
        ("poisson_nll", lambda x: x, lambda x: x),
    ],
)
def test_the_interval_is_symmetric_on_the_scale_of_the_score(score, to, back):
    drawn = np.random.default_rng(1).uniform(0.7, 0.9, 500)
    low, high, error = interval(score, 0.8, drawn, 30)
    half = stats.t.ppf(0.975, 29) * to(drawn).std(ddof=1) * np.sqrt(30 / 29)
    ends = sorted([back(to(0.8) - half), back(to(0.8) + half)])
    assert (low, high) == pytest.approx(ends, rel=1e-9)
    assert error == pytest.approx(drawn.std(ddof=1) * np.sqrt(30 / 29))


def test_there_is_no_interval_where_too_little_is_known():
    drawn = np.random.default_rng(2).normal(0.5, 0.01, (100, 4))
    drawn[:6, 1] = drawn[:5, 2] = np.nan
    value = np.array([0.5, 0.5, 0.5, np.nan])
    low, high, error = interval("pearson_r", value, drawn, 20)
    for found in (low, high, error):
        assert np.isfinite(found).tolist() == [True, False, True, False]
    assert np.isnan(interval("pearson_r", value, drawn, 19)).all()
    assert standard_error(drawn, 20)[2] == pytest.approx(
        drawn[5:, 2].std(ddof=1) * (20 / 19) ** 0.5
    )


def test_perfect_and_constant_scores_have_an_interval_of_no_width():
    for score, value in (("pearson_r", 1.0), ("mse", 0.0), ("auroc", 1.0), ("r2", 1.0)):
        low, high, error = interval(score, value, np.full(50, value), 30)
        assert (low, high, error) == pytest.approx((value, value, 0), abs=1e-9)


@pytest.mark.parametrize("blocks", [50, 145])
def test_the_intervals_hold_the_true_score_as_often_as_they_say(blocks):
    shares = intervals.coverage(blocks, trials=300, replicates=200, seed=blocks, tail=0.5)
    assert set(shares) == {"pearson_r", "mse", "auroc", "spearman_r"}
    for name, (share, _) in shares.items():
        assert 0.92 <= share <= 0.98, (name, share)
