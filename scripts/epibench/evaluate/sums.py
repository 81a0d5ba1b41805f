"""Sums of truth and prediction over the inputs of each block of the genome.

Every score of coverage is a function of these sums (`epibench.evaluate.formulas`), so one pass
gives the scores, and resampling the blocks gives their intervals without another look at the data.
"""

import numpy as np

from epibench.evaluate.moments import TINY
from epibench.evaluate.within import central_sums, compare_profiles

FIELDS = (
    "bins",
    "truth",
    "prediction",
    "truth_squares",
    "prediction_squares",
    "cross",
    "truth_log",  # truth * ln(prediction)
    "clipped",
    "log_truth",  # of log1p, here and below
    "log_truth_squares",
    "log_prediction",
    "log_prediction_squares",
    "log_cross",
    "log_scaled",  # of the prediction times the factor of the validation chromosomes
    "log_scaled_squares",
    "log_scaled_cross",
    "inputs",
    "height_truth",  # maximum over the bins of an input, here and below
    "height_prediction",
    "height_truth_squares",
    "height_prediction_squares",
    "height_cross",
    "varying",  # inputs in which the truth varies; the sums below are over these
    "r",
    "rho",
    "jensen_shannon",
    "constant_prediction",
    "floored",  # prediction, of which a logarithm can be taken
)
"""What is summed, the last axis of all sums."""

AT = {name: i for i, name in enumerate(FIELDS)}
"""Place of each field on that axis."""

SMOOTHED = FIELDS[:6]
"""What is summed of smoothed coverage."""


def sums_of_inputs(
    truth: np.ndarray, prediction: np.ndarray, centre: np.ndarray, factor: np.ndarray
) -> np.ndarray:
    """Sum over the bins of each input.

    Parameters
    ----------
    truth, prediction : float64, shape (inputs, targets, bins)
        Coverage of the same bins.
    centre : float64, shape (2, targets)
        About the mean of truth and prediction: first and second moments are taken around it, so
        that an offset of the data costs no digits (pitfall 9).
    factor : float64, shape (targets,)
        What predictions are multiplied by for the r on log1p of scaled predictions.

    Returns
    -------
    float64, shape (inputs, targets, len(FIELDS))
    """
    pair = np.stack([truth, prediction])
    mean = pair.mean(axis=3)
    squares, cross = central_sums(pair - mean[..., None])
    sums = np.empty((*truth.shape[:2], len(FIELDS)))
    sums[..., :6] = around_centre(mean, squares, cross, truth.shape[2], centre)
    floored = np.maximum(prediction, TINY)
    sums[..., AT["truth_log"]] = np.einsum("itb,itb->it", truth, np.log(floored))
    sums[..., AT["clipped"]] = (prediction < TINY).sum(axis=2)
    sums[..., 8:16] = _on_log_scale(truth, prediction, factor)
    sums[..., AT["inputs"]] = 1
    sums[..., 17:22] = _heights(pair)
    scores, varies, flat = compare_profiles(pair, mean, squares, cross)
    sums[..., 22:27] = np.stack([varies, *scores, flat], axis=-1)
    sums[..., AT["floored"]] = floored.sum(axis=2)
    return sums


def around_centre(
    mean: np.ndarray, squares: np.ndarray, cross: np.ndarray, count: int, centre: np.ndarray
) -> np.ndarray:
    """Turn means and central sums of `count` values into sums around a common centre.

    Returns
    -------
    float64, shape (inputs, targets, 6)
        The fields `SMOOTHED`.
    """
    gap = mean - centre[:, None]
    moved = squares + count * gap**2
    return np.stack(
        [
            np.full(cross.shape, float(count)),
            *(count * gap),
            *moved,
            cross + count * gap[0] * gap[1],
        ],
        axis=-1,
    )


def _on_log_scale(truth: np.ndarray, prediction: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Sum log1p of truth, of prediction and of the scaled prediction; below 0 counts as 0."""
    positive = np.maximum(prediction, 0.0)
    x = np.log1p(np.maximum(truth, 0.0))
    y = np.log1p(positive)
    z = np.log1p(positive * factor[:, None])
    dot = [np.einsum("itb,itb->it", a, b) for a, b in ((x, x), (y, y), (x, y), (z, z), (x, z))]
    xx, yy, xy, zz, xz = dot
    return np.stack([x.sum(2), xx, y.sum(2), yy, xy, z.sum(2), zz, xz], axis=-1)


def _heights(pair: np.ndarray) -> np.ndarray:
    """Give maxima over the bins, their squares and product."""
    x, y = pair.max(axis=3)
    return np.stack([x, y, x * x, y * y, x * y], axis=-1)
