"""Scores as functions of the sums of `epibench.evaluate.sums`.

All take sums of any leading shape (..., targets, fields): those of one block, of all, or of
thousands of resampled genomes at once.
"""

import numpy as np

from epibench.evaluate.moments import correlation, is_constant
from epibench.evaluate.sums import AT

OF_SUMS = (
    "pearson_r",
    "pearson_r_log1p",
    "pearson_r_per_sequence",
    "spearman_r_per_sequence",
    "jensen_shannon",
    "mse",
    "r2",
    "poisson_nll",
)
"""Scores that `scores_of` gives."""


def moments(sums: np.ndarray, first: str = "truth") -> tuple[np.ndarray, ...]:
    """Give means and central sums of squares and products around the centre that was summed at.

    Returns
    -------
    mean_x, mean_y, squares_x, squares_y, cross : float64, shape (..., targets)
    """
    count = sums[..., AT["bins"]] if first == "truth" else sums[..., AT["inputs"]]
    at = AT[first]
    x, y, xx, yy, xy = (sums[..., at + i] for i in range(5))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_x, mean_y = x / count, y / count
    return mean_x, mean_y, xx - x * mean_x, yy - y * mean_y, xy - x * mean_y


def pearson_r(sums: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Give Pearson's r over all bins, NaN where truth or prediction is constant."""
    mean_x, mean_y, xx, yy, xy = moments(sums)
    count = sums[..., AT["bins"]]
    constant = is_constant(xx, mean_x + centre[0], count)
    constant |= is_constant(yy, mean_y + centre[1], count)
    return np.where(constant, np.nan, correlation(xy, xx, yy))


def scale_factor(sums: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Give mean(truth) / mean(prediction), NaN for a prediction whose mean is not above 0."""
    mean_x, mean_y, *_ = moments(sums)
    x, y = mean_x + centre[0], mean_y + centre[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(y > 0, x / y, np.nan)


def mse(sums: np.ndarray, centre: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Give the mean squared error of `factor` times the prediction."""
    mean_x, mean_y, xx, yy, xy = moments(sums)
    bias = mean_x + centre[0] - factor * (mean_y + centre[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        spread = (xx - 2 * factor * xy + np.square(factor) * yy) / sums[..., AT["bins"]]
    return spread + bias**2


def r2(sums: np.ndarray, centre: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Give 1 - MSE / variance of the truth: below 0 for worse than the mean of the truth."""
    mean_x, _, xx, *_ = moments(sums)
    count = sums[..., AT["bins"]]
    constant = is_constant(xx, mean_x + centre[0], count)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(constant, np.nan, 1 - mse(sums, centre, factor) / (xx / count))


def poisson_nll(sums: np.ndarray, centre: np.ndarray, factor: np.ndarray) -> np.ndarray:
    """Give mean(prediction - truth * ln prediction) of the scaled prediction.

    The constant ln(truth!) is left out, as in the loss of the same name. Predictions are floored at
    1e-6 in both terms, so that one below 0 wins nothing.
    """
    mean_x, *_ = moments(sums)
    with np.errstate(invalid="ignore", divide="ignore"):
        log = sums[..., AT["truth_log"]] / sums[..., AT["bins"]]
        log = log + (mean_x + centre[0]) * np.log(factor)
        floored = sums[..., AT["floored"]] / sums[..., AT["bins"]]
    return factor * floored - log


def pearson_r_log1p(sums: np.ndarray, scaled: bool) -> np.ndarray:
    """Give Pearson's r between log1p of truth and of the raw or `scaled` prediction."""
    count = sums[..., AT["bins"]]
    names = ("log_scaled", "log_scaled_squares", "log_scaled_cross")
    if not scaled:
        names = ("log_prediction", "log_prediction_squares", "log_cross")
    x, xx = sums[..., AT["log_truth"]], sums[..., AT["log_truth_squares"]]
    y, yy, xy = (sums[..., AT[name]] for name in names)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_x, mean_y = x / count, y / count
    xx, yy, xy = xx - x * mean_x, yy - y * mean_y, xy - x * mean_y
    constant = is_constant(xx, mean_x, count) | is_constant(yy, mean_y, count)
    return np.where(constant, np.nan, correlation(xy, xx, yy))


def per_sequence(sums: np.ndarray, name: str) -> np.ndarray:
    """Average `r`, `rho` or `jensen_shannon` over the inputs whose truth varies."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return sums[..., AT[name]] / np.where(
            sums[..., AT["varying"]] > 0, sums[..., AT["varying"]], np.nan
        )


def heights(sums: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give slope and r of predicted on measured heights, the maxima over the bins of inputs."""
    mean_x, mean_y, xx, yy, xy = moments(sums, "height_truth")
    count = sums[..., AT["inputs"]]
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.where(is_constant(xx, mean_x, count), np.nan, xy / xx)
    flat = np.isnan(slope) | is_constant(yy, mean_y, count)
    return slope, np.where(flat, np.nan, correlation(xy, xx, yy))
