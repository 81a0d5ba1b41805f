"""Whatever gives coverage for a region: the one interface that evaluation knows."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from epibench.data.store import Store

READ_AT_ONCE = 64
"""Inputs that are read and predicted at once, where no model asks for more."""


@dataclass(frozen=True)
class Inputs:
    """A batch of inputs: what a predictor may look at.

    Attributes
    ----------
    chrom : int, shape (batch,)
        Index of the chromosome in the store.
    start : int64, shape (batch,)
        First position on the chromosome, 0-based.
    sequence : uint8, shape (batch, input length)
        Base codes 0-3 = ACGT, 4 = N.
    """

    chrom: np.ndarray
    start: np.ndarray
    sequence: np.ndarray


class Predictor(Protocol):
    """Gives coverage in unscaled units at its own bin size."""

    bin_size: int

    def predict(self, inputs: Inputs) -> np.ndarray:
        """Give coverage, float, shape (batch, bins, targets); NaN for targets it does not know."""
        ...


class ReplicatePredictor:
    """Replicate 2 as if it were a prediction: the experimental ceiling (replicate concordance).

    Targets without replicate 2 are NaN, so their scores are undefined.
    """

    bin_size = 1

    def __init__(self, store: Store):
        self.store = store

    def predict(self, inputs: Inputs) -> np.ndarray:
        """Read replicate 2 at base resolution."""
        first = self.store.replicate2_offset(inputs.chrom, inputs.start)
        rows = first[:, None] + np.arange(inputs.sequence.shape[1])
        return self.store.replicate2[rows].astype(np.float32)


class BigWigPredictor:
    """Coverage that somebody wrote to bigWig files, one a target.

    Parameters
    ----------
    store : Store
        Gives chromosome names and lengths, and the order of the targets.
    paths : dict of str to str
        bigWig of each target; a target without a file is NaN.
    """

    bin_size = 1

    def __init__(self, store: Store, paths: dict[str, str]):
        from epibench.data.bigwig import BigWig

        self.names = list(store.chromosomes)
        sizes = store.chromosomes
        self.tracks = [
            BigWig(paths[target], sizes) if target in paths else None for target in store.targets
        ]

    def predict(self, inputs: Inputs) -> np.ndarray:
        """Read every file at base resolution."""
        batch, length = inputs.sequence.shape
        coverage = np.full((batch, length, len(self.tracks)), np.nan, np.float32)
        for i, (chrom, start) in enumerate(zip(inputs.chrom, inputs.start, strict=True)):
            for t, track in enumerate(self.tracks):
                if track:
                    coverage[i, :, t] = track.read(self.names[chrom], start, start + length)
        return coverage
