"""Monitors of a validation against scikit-learn, and on constant predictions."""

import numpy as np
import pytest
from sklearn import metrics

from epibench.monitor import Monitor, score_labels


def test_constant_predictions_are_named_over_all_batches():
    monitor = Monitor(["a", "b", "c"])
    rng = np.random.default_rng(0)
    for value in (1.0, 1.0 + 1e-8):
        batch = rng.random((4, 5, 3)).astype(np.float32)
        batch[..., 1] = value
        monitor.add(batch, batch)
    assert monitor.row() == {"constant_targets": "b"}
    monitor.begin()
    monitor.add(batch, np.zeros((4, 5, 3), np.float32))
    assert monitor.row() == {"constant_targets": "a,b,c"}


def test_areas_are_those_of_scikit_learn_over_known_labels():
    rng = np.random.default_rng(1)
    labels, logits = rng.integers(0, 2, (60, 3)).astype(np.float32), rng.normal(size=(60, 3))
    monitor = Monitor(["a", "b", "c"], binary=True)
    labels[:20, 1] = -1
    labels[:, 2] = 1
    for part in (slice(0, 25), slice(25, 60)):
        monitor.add(labels[part], logits[part].astype(np.float32))
    pairs = [(labels[:, 0], logits[:, 0]), (labels[20:, 1], logits[20:, 1])]
    row = monitor.row()
    for name, score in (
        ("valid_auroc", metrics.roc_auc_score),
        ("valid_aupr", metrics.average_precision_score),
    ):
        assert row[name] == pytest.approx(np.mean([score(*pair) for pair in pairs]))
    alone = score_labels(np.ones((4, 1)), np.zeros((4, 1)))
    assert all(np.isnan(value) for value in alone.values())
