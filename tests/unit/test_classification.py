"""Detection of peaks against scikit-learn and small cases by hand."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from epibench.evaluate.classification import classify, classify_counts, count_by_value


def test_a_case_by_hand():
    # In order of value: 1, 0, 1, 0. Precision at the positives: 1 and 2/3.
    value, label = np.array([4.0, 3.0, 2.0, 1.0]), np.array([1, 0, 1, 0])
    auroc, average, area = classify(value, label)
    assert auroc == pytest.approx(3 / 4)
    assert average == pytest.approx((1 + 2 / 3) / 2)
    assert area == pytest.approx(1 / 2 + (1 / 2 + 2 / 3) / 2 / 2)


@pytest.mark.parametrize("label", [[1, 1, 1], [0, 0, 0]])
def test_one_class_alone_has_no_scores(label):
    assert np.isnan(classify(np.arange(3.0), np.array(label))).all()
    counts = count_by_value(np.arange(3.0), np.array(label), np.zeros(3, int), 1)
    assert np.isnan(classify_counts(counts[0])).all()


def test_counts_give_the_scores_of_each_resampled_genome():
    rng = np.random.default_rng(0)
    value = rng.normal(size=4000)
    label = (rng.random(4000) < 1 / (1 + np.exp(3 - 2 * value))).astype(int)
    value[value < -0.5] = -0.5  # ties
    block = np.arange(4000) // 400
    counts = count_by_value(value, label, block, 10)
    assert counts.sum() == 4000
    drawn = np.array([0, 0, 3, 5, 5, 5, 6, 7, 8, 9])
    chosen = np.concatenate([np.flatnonzero(block == b) for b in drawn])
    weights = np.bincount(drawn, minlength=10)
    found = classify_counts(np.tensordot(weights, counts, axes=1))
    assert found[0] == pytest.approx(roc_auc_score(label[chosen], value[chosen]), abs=1e-3)
    expected = average_precision_score(label[chosen], value[chosen])
    assert found[1] == pytest.approx(expected, abs=5e-3)
    assert found[2] == pytest.approx(classify(value[chosen], label[chosen])[2], abs=5e-3)


def test_values_without_a_bin_of_their_own_are_exact():
    rng = np.random.default_rng(1)
    value = rng.integers(0, 9, 300).astype(float)
    label = rng.integers(0, 2, 300)
    counts = count_by_value(value, label, np.zeros(300, int), 1)
    np.testing.assert_allclose(classify_counts(counts[0]), classify(value, label), atol=1e-12)
