"""Base codes: 0-3 in base order, and one for everything that is not a base."""

import numpy as np

from epibench.words import BASES

N = len(BASES)
"""The code of N and of every other letter that is not a base."""

COMPLEMENT = np.array([3, 2, 1, 0, N], np.uint8)
"""Code of the opposite strand: A-T and C-G swap, N stays N."""


def reverse_complement(codes: np.ndarray) -> np.ndarray:
    """Give the opposite strand of uint8 base codes (..., positions), read in its direction."""
    return COMPLEMENT[codes[..., ::-1]]
