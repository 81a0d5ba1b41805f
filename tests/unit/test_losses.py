"""Losses against closed forms, SciPy and NumPy, and on inputs that break careless ones."""

import keras
import numpy as np
import pytest
from gradients import gradient
from scipy import special, stats
from sklearn import metrics

from epibench.errors import InputError
from epibench.losses import get_loss
from epibench.words import LOSSES

SHAPE = (3, 16, 2)


def value(name, truth, prediction, *arguments, **settings):
    return float(get_loss(name, *arguments, **settings)(np.asarray(truth), np.asarray(prediction)))


def fit(name, truth, prediction):
    """Give truth and prediction the shapes that a loss of another head takes."""
    if LOSSES[name].head == "peaks":
        return (truth[:, 0] > 0).astype("float32"), prediction[:, 0]
    if LOSSES[name].head == "profile_counts":
        return truth[:, :-1], prediction
    return truth, prediction


@pytest.fixture
def coverage():
    rng = np.random.default_rng(1)
    truth = rng.poisson(3, SHAPE).astype(np.float32)
    return truth, (truth + rng.gamma(1, 2, SHAPE)).astype(np.float32)


def mean_pearson(truth, prediction):
    """Second implementation: SciPy, float64."""
    pairs = [(truth[..., t].ravel(), prediction[..., t].ravel()) for t in range(truth.shape[-1])]
    return np.mean([stats.pearsonr(a.astype(float), b.astype(float))[0] for a, b in pairs])


def multinomial_nll(truth, prediction):
    """Second implementation: SciPy's multinomial with its coefficient taken off again.

    Mean over sequences and targets.
    """
    total = 0.0
    for sequence, logits in zip(truth.astype(float), prediction.astype(float), strict=True):
        for counts, scores in zip(sequence.T, logits.T, strict=True):
            coefficient = special.gammaln(counts.sum() + 1) - special.gammaln(counts + 1).sum()
            log_p = stats.multinomial.logpmf(counts, counts.sum(), special.softmax(scores))
            total -= log_p - coefficient
    return total / len(truth) / truth.shape[-1]


def test_every_named_loss_exists_and_no_other():
    assert {name: get_loss(name).name for name in LOSSES} == {name: name for name in LOSSES}
    with pytest.raises(InputError, match=r"no loss 'pearsonr_poisson'; known: poisson, mse"):
        get_loss("pearsonr_poisson")


def test_poisson_takes_truth_first():
    zeros, hundreds = np.zeros(SHAPE, "float32"), np.full(SHAPE, 100, "float32")
    assert value("poisson", zeros, zeros) == 0
    assert value("poisson", zeros, hundreds) == 100
    assert value("poisson", hundreds, hundreds) == pytest.approx(100 - 100 * np.log(100))


def test_poisson_and_mse_match_numpy(coverage):
    truth, prediction = coverage
    expected = np.mean(prediction - truth * np.log(prediction + 1e-7))
    assert value("poisson", truth, prediction) == pytest.approx(expected, rel=1e-5)
    expected = np.mean((truth - prediction) ** 2)
    assert value("mse", truth, prediction) == pytest.approx(expected, rel=1e-5)


def test_poisson_can_leave_a_prediction_of_zero():
    truth = np.ones(SHAPE, "float32")
    loss = get_loss("poisson")
    slope = gradient(lambda logits: loss(truth, keras.ops.softplus(logits)), np.full(SHAPE, -14.0))
    assert (slope < 0).all()


@pytest.mark.parametrize("offset", [0, 100])
def test_pearson_matches_scipy_also_far_from_zero(coverage, offset):
    truth, prediction = (array + np.float32(offset) for array in coverage)
    expected = mean_pearson(truth, prediction)
    assert value("pearsonr", truth, prediction) == pytest.approx(-expected, abs=1e-5)
    combined = -expected + 0.001 * np.mean((truth - prediction) ** 2)
    assert value("pearsonr_mse", truth, prediction) == pytest.approx(combined, abs=1e-5)


def test_pearson_gradient_is_the_closed_form(coverage):
    truth, prediction = (array[..., :1] for array in coverage)
    loss = get_loss("pearsonr")
    found = gradient(lambda tensor: loss(truth, tensor), prediction)
    a, b = truth - truth.mean(), prediction - prediction.mean()
    norm_a, norm_b = np.linalg.norm(a), np.linalg.norm(b)
    r = np.sum(a * b) / (norm_a * norm_b)
    np.testing.assert_allclose(found, -(a / norm_a - r * b / norm_b) / norm_b, atol=1e-6)


def test_pearson_leaves_constant_truth_out_and_scores_constant_prediction_zero(coverage):
    truth, prediction = coverage
    r = mean_pearson(truth[..., :1], prediction[..., :1])
    constant_truth = np.stack([truth[..., 0], np.full(SHAPE[:2], 0.1)], -1).astype("float32")
    assert value("pearsonr", constant_truth, prediction) == pytest.approx(-r, abs=1e-6)
    constant = np.stack([prediction[..., 0], np.full(SHAPE[:2], 0.1)], -1).astype("float32")
    assert value("pearsonr", truth, constant) == pytest.approx(-r / 2, abs=1e-6)
    assert value("pearsonr", np.ones(SHAPE), np.ones(SHAPE)) == 0


def test_multinomial_matches_scipy_and_does_not_depend_on_batch_size(coverage):
    truth, prediction = coverage
    expected = 1e-7 * multinomial_nll(truth, prediction) + np.mean((truth - prediction) ** 2)
    assert value("multinomial_mse", truth, prediction) == pytest.approx(expected, rel=1e-5)
    twice = value("multinomial_mse", np.tile(truth, (2, 1, 1)), np.tile(prediction, (2, 1, 1)))
    assert twice == pytest.approx(expected, rel=1e-5)
    heavy = get_loss("multinomial_mse")
    heavy = type(heavy).from_config({**heavy.get_config(), "multinomial_weight": 1.0})
    expected = multinomial_nll(truth, prediction) + np.mean((truth - prediction) ** 2)
    assert float(heavy(truth, prediction)) == pytest.approx(expected, rel=1e-5)
    alone = multinomial_nll(truth, prediction)
    assert value("multinomial", truth, prediction) == pytest.approx(alone, rel=1e-5)


def test_profile_and_counts_are_trained_together(coverage):
    """Pitfall 7: the published loss of two heads never gets its weight and raises."""
    truth, prediction = coverage
    log_counts = np.random.default_rng(4).normal(4, 1, (SHAPE[0], 1, SHAPE[2])).astype("float32")
    both = np.concatenate([prediction, log_counts], axis=1)
    error = np.mean((np.log1p(truth.sum(axis=1)) - log_counts[:, 0]) ** 2)
    for weight in (1.0, 30.0):
        expected = multinomial_nll(truth, prediction) + weight * error
        found = value("multinomial_counts", truth, both, counts_weight=weight)
        assert found == pytest.approx(expected, rel=1e-5)
    loss = get_loss("multinomial_counts", counts_weight=2.0)
    slope = gradient(lambda tensor: loss(truth, tensor), both)
    assert (np.abs(slope).max(axis=(0, 2)) > 0).all()


def test_cross_entropy_matches_scikit_learn_and_leaves_unknown_labels_out():
    rng = np.random.default_rng(5)
    logits = rng.normal(0, 3, (40, 3)).astype("float32")
    labels = rng.integers(0, 2, (40, 3)).astype("float32")
    expected = metrics.log_loss(labels.ravel(), special.expit(logits.ravel().astype(float)))
    assert value("binary_crossentropy", labels, logits) == pytest.approx(expected, rel=1e-5)
    unknown = labels.copy()
    unknown[:, 1] = -1
    rest = metrics.log_loss(labels[:, ::2].ravel(), special.expit(logits[:, ::2].ravel()))
    assert value("binary_crossentropy", unknown, logits) == pytest.approx(rest, rel=1e-5)
    assert value("binary_crossentropy", np.full((4, 3), -1.0), logits[:4]) == 0
    assert value("binary_crossentropy", [[1.0, 0.0]], [[200.0, -200.0]]) == 0
    assert value("binary_crossentropy", [[0.0]], [[200.0]]) == 200


@pytest.mark.parametrize("name", LOSSES)
def test_targets_are_averaged_with_their_weights(name, coverage):
    truth, prediction = fit(name, *coverage)
    alone = [value(name, truth[..., t : t + 1], prediction[..., t : t + 1]) for t in (0, 1)]
    assert value(name, truth, prediction) == pytest.approx(np.mean(alone), rel=1e-5)
    weighted = (alone[0] + 3 * alone[1]) / 4
    assert value(name, truth, prediction, [2, 6]) == pytest.approx(weighted, rel=1e-5)
    assert value(name, truth, prediction, [0.2, 0.6]) == pytest.approx(weighted, rel=1e-5)


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize(
    ("truth", "prediction"),
    [(0, 0), (0, 1), (3, 0.1), ("random", 0.1), (0, "random"), (65504, 1e-30), ("wide", "wide")],
)
def test_value_and_gradient_are_finite(name, truth, prediction):
    rng = np.random.default_rng(2)
    kinds = {"random": rng.random(SHAPE), "wide": 10.0 ** rng.uniform(-30, 6, SHAPE)}
    truth, prediction = (
        np.asarray(kinds[kind] if isinstance(kind, str) else np.full(SHAPE, kind), "float32")
        for kind in (truth, prediction)
    )
    loss = get_loss(name)
    truth, prediction = fit(name, truth, prediction)
    assert np.isfinite(float(loss(truth, prediction)))
    slope = gradient(lambda tensor: loss(truth, tensor), prediction)
    assert np.isfinite(slope).all()


def test_pearson_gradient_is_small_where_r_is_undefined(coverage):
    constant = np.full(SHAPE, 0.1, "float32")
    for truth, prediction in ((coverage[0], constant), (constant, coverage[1])):
        loss = get_loss("pearsonr")
        slope = gradient(lambda tensor, truth=truth, loss=loss: loss(truth, tensor), prediction)
        assert np.abs(slope).max() <= 1


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_low_precision_is_computed_in_float32(name, precision, coverage):
    truth, prediction = (keras.ops.cast(100 * x, precision) for x in fit(name, *coverage))
    wide = [keras.ops.convert_to_numpy(keras.ops.cast(x, "float32")) for x in (truth, prediction)]
    loss = get_loss(name)
    assert float(loss(truth, prediction)) == pytest.approx(value(name, *wide), rel=1e-6)
    assert keras.backend.standardize_dtype(loss.call(truth, prediction).dtype) == "float32"


@pytest.mark.parametrize("name", LOSSES)
def test_keras_reports_the_same_number_and_can_save_the_loss(name, coverage):
    truth, prediction = fit(name, *coverage)
    inputs = keras.Input(prediction.shape[1:])
    model = keras.Model(inputs, keras.layers.Identity()(inputs))
    model.compile(loss=keras.losses.deserialize(keras.losses.serialize(get_loss(name))))
    reported = model.test_on_batch(prediction, truth, return_dict=True)["loss"]
    assert reported == pytest.approx(value(name, truth, prediction), rel=1e-5)
