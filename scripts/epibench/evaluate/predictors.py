"""Whatever gives coverage for a region: the one interface that evaluation knows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from epibench.data.bigwig import BigWig
from epibench.data.settings import CoverageSettings
from epibench.data.store import Store
from epibench.errors import InputError

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
    """Gives coverage in unscaled units at its own bin size.

    It may have `of_coverage`, False for logits; `test_only`, True where it knows no other split
    than the test chromosomes; and `batch_size`, the inputs that it wants at once.
    """

    bin_size: int

    def predict(self, inputs: Inputs) -> np.ndarray:
        """Give coverage, float, shape (batch, bins, targets); NaN for targets it does not know."""
        ...


class ReplicatePredictor:
    """Replicate 2 as if it were a prediction: the experimental ceiling (replicate concordance).

    Targets without replicate 2 are NaN, so their scores are undefined. Only the test chromosomes
    are stored.
    """

    bin_size = 1
    test_only = True

    def __init__(self, store: Store):
        self.store = store

    def predict(self, inputs: Inputs) -> np.ndarray:
        """Read replicate 2 at base resolution."""
        first = self.store.replicate2_offset(inputs.chrom, inputs.start)
        rows = first[:, None] + np.arange(inputs.sequence.shape[1])
        return self.store.replicate2[rows].astype(np.float32)


class BigWigPredictor:
    """Coverage that somebody wrote to bigWig files, one a target.

    Bases without a value are 0, as most programs leave zeros out. A stored NaN is an error.

    Parameters
    ----------
    store : Store
        Gives chromosome names and lengths, and the order of the targets.
    paths : mapping of str to str
        bigWig of each target; a target without a file is NaN.
    bin_size : int, default 1
        In bp: values are averaged over bins of this size, counted from the start of an input.
    settings : CoverageSettings
        What negative values count as; by default they are refused.
    chromosomes : collection of str, optional
        Those that every file must have; all of the store where left out.
    """

    def __init__(
        self,
        store: Store,
        paths: Mapping[str, str],
        bin_size: int = 1,
        settings: CoverageSettings = CoverageSettings(),  # noqa: B008 - it is frozen
        chromosomes: Collection[str] | None = None,
    ):
        self.bin_size = bin_size
        self.names = list(store.chromosomes)
        needed = self.names if chromosomes is None else chromosomes
        sizes = {name: store.chromosomes[name] for name in needed}
        self.tracks = [
            BigWig(paths[target], sizes, settings) if target in paths else None
            for target in store.targets
        ]

    def predict(self, inputs: Inputs) -> np.ndarray:
        """Read every file at base resolution and average it, float32, (batch, bins, targets)."""
        batch, length = inputs.sequence.shape
        bins = length // self.bin_size
        coverage = np.full((batch, bins, len(self.tracks)), np.nan, np.float32)
        for i, (chrom, start) in enumerate(zip(inputs.chrom, inputs.start, strict=True)):
            for t, track in enumerate(self.tracks):
                if track:
                    values = _read_numbers(track, self.names[chrom], int(start), length)
                    binned = values.reshape(bins, self.bin_size)
                    coverage[i, :, t] = binned.mean(axis=1, dtype=np.float64)
        return coverage


def _read_numbers(track: BigWig, chrom: str, start: int, length: int) -> np.ndarray:
    """Read float32 (length,), refusing stored NaN by its first position."""
    piece = track.read_piece(chrom, start, start + length)
    if not piece.stored_nan:
        return piece.values
    end = start + length
    while end - start > 1:  # halve the interval that holds the first
        middle = (start + end) // 2
        if track.read_piece(chrom, start, middle).stored_nan:
            end = middle
        else:
            start = middle
    raise InputError(
        f"{track.path}: the value at {chrom}:{start} (0-based) is NaN; write a number there, or "
        "leave the base out, which counts as 0"
    )
