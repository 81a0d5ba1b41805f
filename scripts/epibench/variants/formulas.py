"""Compare what is predicted for two alleles (Toneyan et al. 2022, Methods)."""

import numpy as np
from scipy.special import expit, rel_entr

LEAST = 1e-6
"""Predictions are raised to this before ratios, and those below it are counted."""


def over_region(
    prediction: np.ndarray, offsets: np.ndarray, bin_size: int, regions: np.ndarray
) -> np.ndarray:
    """Average predictions over the positions of a region, and over inputs.

    Each bin stands for as many positions, so this is what repeating bins to base resolution and
    aligning the inputs would give.

    Parameters
    ----------
    prediction : float, shape (variants, inputs, bins, targets)
        Of inputs that begin at `offsets` in their windows.
    offsets : int, shape (inputs,)
        In bp.
    bin_size : int
        In bp.
    regions : int, shape (variants, 2)
        First position and end in the window, which every input covers.

    Returns
    -------
    float64, shape (variants, targets)
    """
    start = offsets[:, None] + np.arange(prediction.shape[2]) * bin_size
    first, end = (column[:, None, None] for column in regions.T)
    covered = np.minimum(start + bin_size, end) - np.maximum(start, first)
    weights = np.maximum(covered, 0).astype(prediction.dtype)
    total = np.einsum("vsbt,vsb->vt", prediction, weights, optimize=True).astype(np.float64)
    return total / (len(offsets) * (regions[:, 1] - regions[:, 0]))[:, None]


def aligned(
    prediction: np.ndarray, offsets: np.ndarray, bin_size: int, region: slice
) -> np.ndarray:
    """Repeat bins to base resolution and average the inputs over each position of a region.

    Parameters
    ----------
    prediction : float, shape (inputs, bins)
    offsets : int, shape (inputs,)
        In bp.
    bin_size : int
        In bp.
    region : slice
        Positions of the window, which every input covers.

    Returns
    -------
    float, shape (positions,)
    """
    bins = (np.arange(region.start, region.stop) - offsets[:, None]) // bin_size
    return np.take_along_axis(prediction, bins, axis=1).mean(axis=0)


def profile_distance(
    reference: np.ndarray, alternative: np.ndarray, widths: np.ndarray
) -> np.ndarray:
    """Give the Jensen-Shannon distance of two profiles, each divided by its sum.

    The square root of the divergence to base 2: 0 for the same shape, whatever its height, 1 for
    two that share no position.

    Parameters
    ----------
    reference, alternative : float, shape (variants, bins, targets)
        Coverage, above 0.
    widths : float, shape (bins,)
        Positions of each bin that count.

    Returns
    -------
    float64, shape (variants, targets)
        NaN where fewer than two bins count: one bin has no shape.
    """
    used = widths > 0
    if used.sum() < 2:
        return np.full((len(reference), reference.shape[2]), np.nan)
    sides = [side[:, used] * widths[used, None] for side in (reference, alternative)]
    shapes = [side / side.sum(axis=1, keepdims=True, dtype=np.float64) for side in sides]
    mean = (shapes[0] + shapes[1]) / 2
    divergence = sum(rel_entr(shape, mean).sum(axis=1) for shape in shapes) / 2
    # Of equal shapes it is 0 but for rounding, which may be on the other side of 0.
    return np.sqrt(np.maximum(divergence, 0) / np.log(2))


def log_ratio_of_probabilities(reference: np.ndarray, alternative: np.ndarray) -> np.ndarray:
    """Give ln(alternative / reference) of the mean probability over inputs and targets.

    Parameters
    ----------
    reference, alternative : float, shape (variants, inputs, targets)
        Logits.

    Returns
    -------
    float64, shape (variants,)
    """
    means = [np.maximum(expit(side).mean(axis=(1, 2)), LEAST) for side in (reference, alternative)]
    return np.log(means[1] / means[0])
