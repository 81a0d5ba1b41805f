"""Compare the profiles of truth and prediction within each input."""

import numpy as np

from epibench.evaluate.moments import correlation, is_constant
from epibench.evaluate.ranks import mid_ranks


class WithinInputs:
    """Scores of each input's profile, averaged over inputs per target.

    Pearson's r, Spearman's rho, and the Jensen-Shannon distance between the profiles as
    distributions over the bins. Inputs are selected by the truth alone: it must vary. A constant
    prediction there has an r and rho of 0 and is counted, so a model cannot gain by predicting flat
    profiles.

    Parameters
    ----------
    targets : int
        Number of targets.
    """

    def __init__(self, targets: int):
        self.total = np.zeros((3, targets))
        self.inputs = np.zeros(targets, int)
        self.constant_truth = np.zeros(targets, int)
        self.constant_prediction = np.zeros(targets, int)

    def add(self, truth: np.ndarray, prediction: np.ndarray) -> None:
        """Add inputs.

        Parameters
        ----------
        truth, prediction : float, shape (inputs, bins, targets)
            Coverage of the same bins.
        """
        pair = np.stack([truth, prediction]).transpose(0, 1, 3, 2).astype(np.float64, order="C")
        mean = pair.mean(axis=3)
        squares, cross = central_sums(pair - mean[..., None])
        scores, varies, flat = compare_profiles(pair, mean, squares, cross)
        self.total += scores.sum(axis=1)
        self.inputs += varies.sum(axis=0)
        self.constant_truth += (~varies).sum(axis=0)
        self.constant_prediction += flat.sum(axis=0)

    def means(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give the mean r, rho and distance per target, NaN where the truth of no input varies."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return tuple(self.total / np.where(self.inputs > 0, self.inputs, np.nan))


def compare_profiles(
    pair: np.ndarray, mean: np.ndarray, squares: np.ndarray, cross: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Compare truth and prediction within each input.

    Parameters
    ----------
    pair : float64, shape (2, inputs, targets, bins)
        Truth and prediction.
    mean, squares : float64, shape (2, inputs, targets)
        Their means and central sums of squares over the bins.
    cross : float64, shape (inputs, targets)
        Their central sums of products.

    Returns
    -------
    scores : float64, shape (3, inputs, targets)
        r, rho and distance; 0 where the truth does not vary.
    varies : bool, shape (inputs, targets)
        Whether the truth varies.
    flat : bool, shape (inputs, targets)
        Whether the prediction is constant there, though the truth varies.
    """
    constant = is_constant(squares, mean, pair.shape[3])
    r = np.where(constant[1], 0.0, correlation(cross, *squares))
    squares, cross = central_sums(mid_ranks(pair))
    rho = np.where(constant[1], 0.0, correlation(cross, *squares))
    rho[np.isnan(mean[1])] = np.nan
    varies = ~constant[0]
    scores = np.where(varies, np.stack([r, rho, jensen_shannon(*pair)]), 0.0)
    return scores, varies, varies & constant[1]


def jensen_shannon(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Give the Jensen-Shannon distance between profiles along the last axis.

    The square root of the divergence in natural logarithms, from 0 to sqrt(ln 2) = 0.833. Each
    profile is divided by its sum; negative values count as 0, and a profile of zeros, which says
    nothing of the places, as uniform.

    Parameters
    ----------
    truth, prediction : float64, shape (..., bins)
        Coverage.

    Returns
    -------
    float64, shape (...)
    """
    p, q = _distribution(truth), _distribution(prediction)
    divergence = _entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2
    return np.sqrt(np.maximum(divergence, 0.0))


def _distribution(values: np.ndarray) -> np.ndarray:
    """Divide by the sum along the last axis."""
    positive = np.maximum(values, 0.0)
    total = positive.sum(axis=-1, keepdims=True)
    empty = total == 0
    positive /= np.where(empty, 1.0, total)
    return np.where(empty, 1 / values.shape[-1], positive)


def _entropy(p: np.ndarray) -> np.ndarray:
    """Give the entropy of distributions along the last axis."""
    logs = np.log(np.maximum(p, np.finfo(float).tiny))  # 0 ln 0 is 0
    return -np.einsum("...b,...b->...", p, logs)


def central_sums(centred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give sums of squares (2, ...) and of products (...) along the last axis of (2, ..., n)."""
    return (
        np.einsum("p...b,p...b->p...", centred, centred),
        np.einsum("...b,...b->...", centred[0], centred[1]),
    )
