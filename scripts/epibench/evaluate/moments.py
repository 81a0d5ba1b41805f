"""Correlation from central sums, and when a value counts as constant."""

import numpy as np

TINY = 1e-6
"""Smallest prediction that a logarithm is taken of."""

_CONSTANT = 1e-14
"""Variance over squared mean below which values count as constant (float32 rounding is 4e-15)."""


def is_constant(squares: np.ndarray, mean: np.ndarray, count: np.ndarray | int) -> np.ndarray:
    """Tell where central sums of squares are zero up to float32 rounding of the values."""
    return squares <= _CONSTANT * count * np.square(mean)


def correlation(cross: np.ndarray, squares_a: np.ndarray, squares_b: np.ndarray) -> np.ndarray:
    """Give Pearson's r from central sums, NaN where either side does not vary."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.clip(cross / np.sqrt(squares_a * squares_b), -1.0, 1.0)


def pearson_r(truth: np.ndarray, prediction: np.ndarray) -> float:
    """Give Pearson's r of two vectors, NaN where either is constant."""
    pair = np.stack([truth, prediction]).astype(np.float64)
    mean = pair.mean(axis=1)
    centred = pair - mean[:, None]
    squares = (centred**2).sum(axis=1)
    if is_constant(squares, mean, pair.shape[1]).any():
        return float("nan")
    return float(correlation(centred[0] @ centred[1], *squares))
