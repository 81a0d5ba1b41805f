"""Make frequencies of counted bases, and cut off the columns that say little."""

import numpy as np

PSEUDOCOUNT = 0.25
"""Per base and column: one count a column, so that a filter with few sites is not certain."""

LEAST_BITS = 0.5
"""Information of a column at which a motif may begin or end."""


def frequencies(counts: np.ndarray) -> np.ndarray:
    """Give the frequencies of the bases from counts, with a pseudocount of 0.25 a base.

    Parameters
    ----------
    counts : float, shape (..., width, 4)
        Counted bases in the order ACGT.

    Returns
    -------
    float64, shape (..., width, 4)
        Positive; the sum over the bases of a column is 1.
    """
    raised = np.asarray(counts, dtype=np.float64) + PSEUDOCOUNT
    return raised / raised.sum(axis=-1, keepdims=True)


def information(ppm: np.ndarray) -> np.ndarray:
    """Give the information of each column against equally frequent bases, in bits, 0 to 2.

    Parameters
    ----------
    ppm : float, shape (..., width, 4)
        Positive frequencies, as of `frequencies`.

    Returns
    -------
    float64, shape (..., width)
    """
    return 2 + (ppm * np.log2(ppm)).sum(axis=-1)


def clip(ppm: np.ndarray, least: float = LEAST_BITS) -> tuple[int, int]:
    """Find the columns that are left when both ends with little information are cut off.

    Columns between the first and the last informative one stay, whatever they say (Toneyan et al.
    2022 clip low-information ends; they name no threshold).

    Parameters
    ----------
    ppm : float, shape (width, 4)
        Positive frequencies, as of `frequencies`.
    least : float, default 0.5
        Bits that the first and the last column must exceed.

    Returns
    -------
    start, end : int
        Half-open range of columns; (0, 0) where no column is informative.
    """
    informative = np.flatnonzero(information(ppm) > least)
    if not len(informative):
        return 0, 0
    return int(informative[0]), int(informative[-1]) + 1
