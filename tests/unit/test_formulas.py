"""Scores from sums over blocks against closed forms and SciPy."""

import numpy as np
import pytest
from scipy.stats import pearsonr

from epibench.evaluate import formulas
from epibench.evaluate.moments import TINY, pearson_r
from epibench.evaluate.sums import AT, sums_of_inputs


def pair(shape, seed=0, offset=0.0):
    rng = np.random.default_rng(seed)
    truth = rng.gamma(2.0, 3.0, shape)
    prediction = 0.5 * truth + rng.gamma(2.0, 1.0, shape)
    return truth + offset, prediction + offset


class Merged:
    """Scores of the sums over blocks, one block a part."""

    def __init__(self, truth, prediction, parts=7):
        self.centre = np.array([truth[:3].mean(axis=(0, 1)), prediction[:3].mean(axis=(0, 1))])
        self.centre = np.where(np.isfinite(self.centre), self.centre, 0)
        targets = truth.shape[-1]
        blocks = []
        for part in np.array_split(np.arange(len(truth)), parts):
            x, y = (side[part].astype(float).swapaxes(1, 2) for side in (truth, prediction))
            blocks.append(sums_of_inputs(x, y, self.centre, np.ones(targets)).sum(axis=0))
        self.sums = np.sum(blocks, axis=0)

    def __getattr__(self, name):
        if name == "clipped":
            return self.sums[:, AT["clipped"]]
        if name in ("pearson_r", "scale_factor"):
            return lambda: getattr(formulas, name)(self.sums, self.centre)
        return lambda factor=1.0: getattr(formulas, name)(self.sums, self.centre, factor)


def merged(truth, prediction, parts=7):
    """Take values (..., targets) as inputs of as many bins as there are, or of one."""
    shape = (len(truth), -1, truth.shape[-1])
    return Merged(truth.reshape(shape), prediction.reshape(shape), parts)


@pytest.mark.parametrize("offset", [0.0, 100.0, 1e6])
def test_pearson_r_equals_scipy_whatever_the_offset(offset):
    # Pitfall 9: the one-pass float32 variance gave r = 2.245 for data offset by 100.
    truth, prediction = pair((500, 3), offset=offset)
    expected = [pearsonr(truth[:, t], prediction[:, t]).statistic for t in range(3)]
    np.testing.assert_allclose(merged(truth, prediction).pearson_r(), expected, atol=1e-9)


def test_float32_input_with_an_offset_keeps_its_digits():
    truth, prediction = (values.astype(np.float32) for values in pair((4000, 1), offset=100.0))
    expected = pearsonr(truth[:, 0].astype(float), prediction[:, 0].astype(float)).statistic
    assert merged(truth, prediction).pearson_r()[0] == pytest.approx(expected, abs=1e-9)


def test_batches_and_their_order_do_not_matter():
    truth, prediction = pair((300, 8, 2))
    order = np.random.default_rng(1).permutation(300)
    whole = merged(truth, prediction, parts=1)
    for other in (merged(truth, prediction, 50), merged(truth[order], prediction[order], 13)):
        for score in ("pearson_r", "mse", "r2", "poisson_nll", "scale_factor"):
            np.testing.assert_allclose(getattr(other, score)(), getattr(whole, score)(), rtol=1e-9)


def test_errors_equal_their_definitions_raw_and_scaled():
    truth, prediction = pair((400, 3))
    moments = merged(truth, prediction)
    factor = truth.mean(axis=0) / prediction.mean(axis=0)
    np.testing.assert_allclose(moments.scale_factor(), factor)
    for scale in (1.0, factor):
        scaled = scale * prediction
        np.testing.assert_allclose(moments.mse(scale), ((truth - scaled) ** 2).mean(axis=0))
        nll = (scaled - truth * np.log(scaled)).mean(axis=0)
        np.testing.assert_allclose(moments.poisson_nll(scale), nll)


def test_poisson_nll_has_truth_and_prediction_the_right_way_round():
    # Pitfall 5: with the two swapped, truth 0 scored 1.0 for predictions of 0 and of 100 alike.
    truth = np.zeros((1, 1))
    assert merged(truth, truth + 100.0, 1).poisson_nll()[0] == pytest.approx(100.0)
    assert merged(truth, truth, 1).poisson_nll()[0] == pytest.approx(TINY)


def test_predictions_at_zero_are_floored_and_counted():
    truth, prediction = np.ones((4, 1)), np.array([[0.0], [-1.0], [1.0], [1.0]])
    moments = merged(truth, prediction, 2)
    assert moments.clipped.tolist() == [2]
    assert moments.poisson_nll()[0] == pytest.approx(0.5 + TINY / 2 - np.log(TINY) / 2)


def test_a_prediction_below_zero_wins_nothing():
    truth = np.zeros((2, 1))
    at_zero, below = (merged(truth, truth - size, 1).poisson_nll()[0] for size in (0.0, 10.0))
    assert at_zero == below == pytest.approx(TINY)


@pytest.mark.parametrize("value", [0.0, 0.1, 1e5])
def test_a_constant_has_no_r(value):
    # Pitfall 9: undefined, not NaN by accident, and not 0/0 rounded to some number.
    varied, constant = pair((300, 1))[0], np.full((300, 1), value, np.float32)
    assert np.isnan(merged(varied, constant).pearson_r()[0])
    assert np.isnan(merged(constant, varied).pearson_r()[0])


def test_an_unknown_target_is_undefined_and_harms_no_other():
    truth, prediction = pair((100, 2))
    unknown = prediction.copy()
    unknown[:, 0] = np.nan
    moments = merged(truth, unknown)
    for score in ("pearson_r", "mse", "poisson_nll", "scale_factor"):
        values, expected = getattr(moments, score)(), getattr(merged(truth, prediction), score)()
        assert np.isnan(values[0])
        assert values[1] == pytest.approx(expected[1])


def test_pearson_r_of_two_vectors():
    truth, prediction = (values[:, 0] for values in pair((300, 1), offset=1e4))
    assert pearson_r(truth, prediction) == pytest.approx(pearsonr(truth, prediction).statistic)
    assert np.isnan(pearson_r(truth, np.full(300, 0.1, np.float32)))
