"""Pearson's r on log1p, for any scale chosen afterwards, against NumPy on everything at once."""

import numpy as np
import pytest

from epibench.evaluate.log_scale import LogScaleCorrelation

N = 20_000


def cases():
    """Give truth and prediction of each kind."""
    rng = np.random.default_rng(0)
    truth, noise = rng.gamma(0.5, 2, N), rng.gamma(1, 3, N)
    normal, other = rng.normal(size=(2, N))
    zero = rng.random(N) < 0.5
    tail = np.abs(rng.standard_cauchy(N))
    return {
        "independent": (truth, noise),
        "related": (truth, truth + noise),
        "strong": (truth, truth * np.exp(0.01 * normal)),
        "perfect": (truth, truth),
        "opposed": (truth, np.maximum(5 - truth + normal, 0)),
        "half zero": (np.where(zero, 0, truth), np.where(rng.random(N) < 0.5, 0, truth + noise)),
        "half negative": (truth, truth + 0.1 - noise / 3),
        "cauchy": (tail, tail + np.abs(rng.standard_cauchy(N))),
        "lognormal": (np.exp(2 * normal), np.exp(2 * normal + 2 * other)),
        "narrow": (truth, 5 * (1 + 0.008 * rng.random(N) + 0.002 * np.minimum(truth, 1))),
        "tiny": (truth, 1e-7 * (truth + noise)),
        "huge": (truth, 1e5 * (truth + noise)),
    }


def summed(truth, prediction):
    """Add two vectors in batches."""
    log_scale = LogScaleCorrelation(1)
    for x, y in zip(np.array_split(truth, 7), np.array_split(prediction, 7), strict=True):
        log_scale.add(x[:, None], y[:, None])
    return log_scale


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", cases())
def test_r_on_log1p_equals_numpy_at_every_scale(name, dtype):
    truth, prediction = cases()[name]
    prediction = prediction.astype(dtype)
    log_scale = summed(truth, prediction)
    cut = np.maximum(prediction.astype(float), 0)
    for factor in (0.01, 1.0, 100.0, truth.mean() / cut.mean()):
        expected = np.corrcoef(np.log1p(truth), np.log1p(factor * cut))[0, 1]
        assert log_scale.pearson_r(factor)[0] == pytest.approx(expected, abs=2e-5)


def test_each_target_has_its_own_scale_and_an_unknown_one_harms_no_other():
    truth, prediction = cases()["related"]
    stacked = np.stack([prediction, prediction, np.full(N, np.nan)], axis=1)
    log_scale = LogScaleCorrelation(3)
    log_scale.add(np.repeat(truth[:, None], 3, axis=1), stacked)
    found = log_scale.pearson_r(np.array([0.01, 100.0, 1.0]))
    alone = summed(truth, prediction)
    expected = [alone.pearson_r(factor)[0] for factor in (0.01, 100.0)]
    np.testing.assert_allclose(found[:2], expected, rtol=1e-9)
    assert np.isnan(found[2])


@pytest.mark.parametrize("value", [0.0, 0.1, 1e5])
def test_a_constant_has_no_r(value):
    truth, constant = cases()["related"][0], np.full(N, value)
    assert np.isnan(summed(truth, constant).pearson_r()[0])
    assert np.isnan(summed(constant, truth).pearson_r()[0])


def test_predictions_below_zero_everywhere_have_no_r():
    truth, prediction = cases()["related"]
    assert np.isnan(summed(truth, -prediction - 1).pearson_r()[0])
