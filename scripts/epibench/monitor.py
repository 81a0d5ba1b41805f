"""Watch the predictions on the validation windows: are they constant, do they tell peaks apart?"""

from collections.abc import Sequence

import numpy as np
from keras import ops

CONSTANT = 1e-6
"""Predictions that differ by less than this share of the largest are the same everywhere."""


class Monitor:
    """Take the predictions of one validation, batch by batch.

    Parameters
    ----------
    targets : sequence of str
        Names, in the order of the last axis.
    binary : bool
        Whether predictions are logits of peaks, and truth their labels.
    """

    def __init__(self, targets: Sequence[str], binary: bool = False):
        self._targets, self._binary = list(targets), binary
        self.begin()

    def begin(self) -> None:
        """Forget what was taken."""
        self._lowest = np.full(len(self._targets), np.inf)
        self._highest = -self._lowest
        self._logits, self._labels = [], []

    def add(self, truth: np.ndarray, prediction) -> None:
        """Take a batch: truth, and predictions of the device with the targets last."""
        axes = tuple(range(prediction.ndim - 1))
        self._lowest = np.minimum(self._lowest, ops.convert_to_numpy(ops.min(prediction, axes)))
        self._highest = np.maximum(self._highest, ops.convert_to_numpy(ops.max(prediction, axes)))
        if self._binary:
            self._logits.append(ops.convert_to_numpy(prediction))
            self._labels.append(truth)

    def row(self) -> dict[str, str | float]:
        """Give the columns for the history.

        Returns
        -------
        dict
            `constant_targets`, the names of targets whose prediction is the same everywhere; of
            binary models also `valid_auroc` and `valid_aupr`, means over the targets for which they
            are defined.
        """
        largest = np.maximum(np.abs(self._lowest), np.abs(self._highest))
        constant = self._highest - self._lowest <= CONSTANT * largest
        names = [name for name, is_so in zip(self._targets, constant, strict=True) if is_so]
        row: dict[str, str | float] = {"constant_targets": ",".join(names)}
        if self._binary:
            row |= score_labels(np.concatenate(self._labels), np.concatenate(self._logits))
        return row


def score_labels(labels: np.ndarray, logits: np.ndarray) -> dict[str, float]:
    """Score logits against labels: areas under the ROC and the precision-recall curve.

    Parameters
    ----------
    labels, logits : ndarray, shape (windows, targets)
        Labels are 1, 0, or below 0 where unknown.

    Returns
    -------
    dict
        `valid_auroc` and `valid_aupr` (average precision): means over the targets that have both
        labels, NaN where none has.
    """
    from sklearn.metrics import average_precision_score, roc_auc_score

    scores = []
    for truth, logit in zip(labels.T, logits.T, strict=True):
        known = truth >= 0
        if len(np.unique(truth[known])) == 2:
            pair = truth[known], logit[known]
            scores.append((roc_auc_score(*pair), average_precision_score(*pair)))
    auroc, aupr = np.mean(scores, axis=0) if scores else (np.nan, np.nan)
    return {"valid_auroc": float(auroc), "valid_aupr": float(aupr)}
