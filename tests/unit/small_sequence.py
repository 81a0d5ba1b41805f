"""A genome of one contig for tests of variants."""

import numpy as np

from epibench.words import BASES


class SmallSequence:
    """Random bases, with N from 9,000 on."""

    def __init__(self, seed=1, length=9_100):
        self.bases = np.random.default_rng(seed).integers(0, 4, length).astype(np.uint8)
        self.bases[9_000:] = 4

    def length(self, chrom):
        return len(self.bases) if chrom == "chr1" else None

    def codes(self, chrom, start, end):
        assert 0 <= start <= end <= len(self.bases)
        return self.bases[start:end]

    def letters(self, start, end):
        return "".join((BASES + "N")[code] for code in self.bases[start:end])

    def other(self, position, step=1):
        """Give a base that does not stand at a position."""
        return BASES[(int(self.bases[position]) + step) % 4]
