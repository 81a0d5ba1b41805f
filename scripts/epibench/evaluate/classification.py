"""How well one value an input tells inputs with a peak from those without."""

import numpy as np

from epibench.evaluate.ranks import bin_edges

SCORES = ("auroc", "average_precision", "aupr")

LEVELS = 384
"""Bins of the values whose counts the spread is computed from."""


def classify(value: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Give AUROC, average precision and trapezoidal area under the precision-recall curve.

    Average precision is the sum of precision over the steps of recall; the trapezoidal area, which
    the paper gives, interpolates between thresholds and is too high where few are positive (Davis &
    Goadrich 2006).

    Parameters
    ----------
    value : float, shape (inputs,)
        Coverage or logit.
    label : int, shape (inputs,)
        1 with a peak, else 0.

    Returns
    -------
    float64, shape (3,)
        NaN where a class is missing, or a value.
    """
    from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_auc_score

    if not 0 < label.sum() < len(label) or np.isnan(value).any():
        return np.full(3, np.nan)
    precision, recall, _ = precision_recall_curve(label, value)
    return np.array(
        [
            roc_auc_score(label, value),
            average_precision_score(label, value),
            auc(recall, precision),
        ]
    )


def count_by_value(
    value: np.ndarray, label: np.ndarray, block: np.ndarray, blocks: int
) -> np.ndarray:
    """Count inputs of each block by label and by bin of the value.

    Returns
    -------
    int64, shape (blocks, 2, 384)
        Bins hold about as many inputs each, in ascending order.
    """
    which = np.searchsorted(bin_edges(value), value, side="right")
    counts = np.zeros((blocks, 2, LEVELS), np.int64)
    np.add.at(counts, (block, label, which), 1)
    return counts


def classify_counts(counts: np.ndarray) -> np.ndarray:
    """Give the scores of `classify` from counts; values of a bin count as equal.

    Parameters
    ----------
    counts : float or int, shape (..., 2, bins)
        Negatives and positives by bin, ascending.

    Returns
    -------
    float64, shape (..., 3)
    """
    counts = np.asarray(counts, np.float64)[..., ::-1]
    found = counts.cumsum(axis=-1)
    total = found[..., -1]
    negative, positive = counts[..., 0, :], counts[..., 1, :]
    with np.errstate(invalid="ignore", divide="ignore"):
        below = total[..., 0, None] - found[..., 0, :] + negative / 2
        auroc = (positive * below).sum(axis=-1) / (total[..., 0] * total[..., 1])
        precision = found[..., 1, :] / found.sum(axis=-2)
        step = positive / total[..., 1, None]
        average = np.where(step > 0, step * precision, 0.0).sum(axis=-1)
        before = np.concatenate([np.ones_like(precision[..., :1]), precision[..., :-1]], axis=-1)
        before = np.where(np.isnan(before), 1.0, before)
        area = np.where(step > 0, step * (precision + before) / 2, 0.0).sum(axis=-1)
    scores = np.stack([auroc, average, area], axis=-1)
    return np.where((total > 0).all(axis=-1)[..., None], scores, np.nan)
