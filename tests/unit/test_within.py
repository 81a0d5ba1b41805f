"""Scores within inputs against SciPy, input by input."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import pearsonr, spearmanr

from epibench.evaluate.within import WithinInputs, jensen_shannon


def pair(shape, seed=0):
    """Give coverage with ties at zero, and predictions without."""
    rng = np.random.default_rng(seed)
    truth = np.maximum(rng.gamma(2.0, 3.0, shape) - 3, 0)
    return truth, 0.5 * truth + rng.gamma(2.0, 1.0, shape)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("bins", [2, 16, 300])
def test_each_score_equals_scipy(dtype, bins):
    truth, prediction = (values.astype(dtype) for values in pair((20, bins, 2)))
    prediction[:, ::3] = 1.5
    within = WithinInputs(2)
    for part in (slice(0, 7), slice(7, 20)):
        within.add(truth[part], prediction[part])
    for t in range(2):
        scores = []
        for x, y in zip(truth[..., t].astype(float), prediction[..., t].astype(float), strict=True):
            if np.ptp(x) > 0:
                scores.append(
                    (pearsonr(x, y).statistic, spearmanr(x, y).statistic, jensenshannon(x, y))
                )
        assert within.inputs[t] == len(scores)
        found = [means[t] for means in within.means()]
        np.testing.assert_allclose(found, np.mean(scores, axis=0), atol=1e-9)


def test_inputs_are_selected_by_the_truth_and_flat_predictions_score_zero():
    truth, prediction = pair((4, 16, 1))
    truth[0] = 3.0
    prediction[1] = 0.7
    within = WithinInputs(1)
    within.add(truth, prediction)
    r, rho, distance = (means[0] for means in within.means())
    rest = [(truth[i, :, 0], prediction[i, :, 0]) for i in (2, 3)]
    assert r == pytest.approx(sum(pearsonr(x, y).statistic for x, y in rest) / 3)
    assert rho == pytest.approx(sum(spearmanr(x, y).statistic for x, y in rest) / 3)
    of_flat = jensenshannon(truth[1, :, 0], np.ones(16))
    assert distance == pytest.approx((of_flat + sum(jensenshannon(x, y) for x, y in rest)) / 3)
    assert (within.constant_truth[0], within.constant_prediction[0]) == (1, 1)


def test_one_bin_an_input_says_nothing_of_its_profile():
    truth, prediction = pair((5, 1, 2))
    within = WithinInputs(2)
    within.add(truth, prediction)
    assert np.isnan(within.means()).all()


def test_an_unknown_target_is_undefined_and_harms_no_other():
    truth, prediction = pair((6, 16, 2))
    known, unknown = WithinInputs(2), WithinInputs(2)
    known.add(truth, prediction)
    prediction[..., 0] = np.nan
    unknown.add(truth, prediction)
    assert np.isnan(np.array(unknown.means())[:, 0]).all()
    np.testing.assert_array_equal(np.array(unknown.means())[:, 1], np.array(known.means())[:, 1])


def test_profiles_that_share_no_place_are_furthest_apart():
    assert jensen_shannon(np.array([1.0, 0, 3]), np.array([0, 2.0, 0])) == np.sqrt(np.log(2))
    profile = pair((1, 500, 1))[0].reshape(-1)
    assert jensen_shannon(profile, 7 * profile) == pytest.approx(0, abs=1e-7)


def test_negative_predictions_are_cut_and_zeros_say_nothing_of_places():
    truth = np.array([3.0, 1, 0, 0])
    cut = jensen_shannon(truth, np.array([2.0, 2, -5, 0]))
    assert cut == pytest.approx(jensenshannon(truth, [2, 2, 0, 0]))
    for nothing in (np.zeros(4), np.full(4, -1.0)):
        uniform = jensenshannon(truth, np.ones(4))
        assert jensen_shannon(truth, nothing) == pytest.approx(uniform)
