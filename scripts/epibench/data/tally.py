"""Count what the coverage of a track holds, split by split."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from epibench.data.bigwig import HIGHEST, Piece

_LOWEST, _HIGHEST = -4, 15
LEVELS = [base * 2.0**power for power in range(_LOWEST, _HIGHEST + 1) for base in (1, 1.5)]
"""Levels of coverage whose share of positions is counted: 1/16, 3/32, 1/8, ..., 49,152."""

_CLASSES = 1 << 10
"""Classes of a float32 by its first ten bits: sign, exponent and half of the octave."""


@dataclass
class Tally:
    """Count the positions of a track in one split.

    `uncovered` includes the stored NaN; `beyond_float16` are clipped in the store; `total` is the
    sum of the clipped values; `classes` counts positions by the first ten bits of their value.
    """

    bases: int = 0
    uncovered: int = 0
    stored_nan: int = 0
    negative: int = 0
    beyond_float16: int = 0
    total: float = 0.0
    classes: np.ndarray = field(default_factory=lambda: np.zeros(_CLASSES, np.int64))

    def add(self, piece: Piece, clipped: np.ndarray) -> None:
        """Count a piece, whose values in the range of float16 are `clipped`."""
        self.bases += len(clipped)
        self.uncovered += int(np.count_nonzero(piece.uncovered))
        self.stored_nan += piece.stored_nan
        self.total += float(clipped.sum(dtype=np.float64))
        self.negative += piece.negative
        if clipped is not piece.values:
            self.beyond_float16 += int(np.count_nonzero(piece.values != clipped))
        self.classes += np.bincount(piece.values.view(np.uint32) >> 22, minlength=_CLASSES)

    def describe(self) -> dict[str, Any]:
        """Give the counts, the mean, and the share of positions at each of `LEVELS` or above."""
        first = np.float32(LEVELS[0]).view(np.uint32) >> 22
        at_least = self.classes[: _CLASSES // 2][::-1].cumsum()[::-1][first:][: len(LEVELS)]
        return {
            "bases": self.bases,
            "mean": self.total / max(self.bases, 1),
            "uncovered": self.uncovered,
            "stored_nan": self.stored_nan,
            "negative": self.negative,
            "beyond_float16": self.beyond_float16,
            "at_least": (at_least / max(self.bases, 1)).round(9).tolist(),
        }


def clip(values: np.ndarray) -> np.ndarray:
    """Clip float32 coverage to the range of float16, and copy only where something is clipped."""
    if not len(values) or (values.max() <= HIGHEST and values.min() >= -HIGHEST):
        return values
    return np.clip(values, -HIGHEST, HIGHEST)
