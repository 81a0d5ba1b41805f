"""Cut the sequence around a variant out of the genome, with both alleles."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from epibench.sequence import N, reverse_complement
from epibench.variants.variant import (
    HAS_N,
    NO_BASES,
    NO_CHANGE,
    NO_CONTIG,
    OUTSIDE,
    REF_DIFFERS,
    TOO_LONG,
    Unscorable,
    Variant,
)
from epibench.words import BASES


class Sequence(Protocol):
    """A genome, or as much of it as variants need."""

    def length(self, chrom: str) -> int | None:
        """Give the length of a contig in bp; None where there is none of that name."""

    def codes(self, chrom: str, start: int, end: int) -> np.ndarray:
        """Give base codes, uint8 (end - start,)."""


@dataclass(frozen=True)
class Window:
    """The sequence around one variant, and what its alternative allele changes.

    Attributes
    ----------
    chrom : str
        Chromosome.
    start : int
        First position of the window, 0-based.
    reference, alternative : uint8, shape (window length,)
        Base codes. After an insertion or deletion all that follows it is moved.
    at : int
        First position in the window where the two may differ.
    changed : int
        How many positions from there on differ; 0: an unknown number.
    reverse : bool, default False
        Whether this is the reverse complement, so that `start` is where it ends.
    """

    chrom: str
    start: int
    reference: np.ndarray
    alternative: np.ndarray
    at: int
    changed: int
    reverse: bool = False

    def turned(self) -> "Window":
        """Give the other strand."""
        return replace(
            self,
            reference=reverse_complement(self.reference),
            alternative=reverse_complement(self.alternative),
            at=len(self.reference) - self.at - self.changed if self.changed else 0,
            reverse=not self.reverse,
        )


def make_window(
    sequence: Sequence, variant: Variant, length: int, start: int | None = None
) -> Window:
    """Cut out a window with both alleles of a variant.

    What stands before the variant stays in its place; behind an insertion or deletion the sequence
    is moved, so that a deletion lets bases in at the window's end.

    Parameters
    ----------
    sequence : Sequence
    variant : Variant
    length : int
        Of the window, in bp.
    start : int or None
        First position of the window; default: the change begins in its middle.

    Returns
    -------
    Window

    Raises
    ------
    Unscorable
        With the reason, when the variant does not belong to this genome or its window cannot be
        had.
    """
    size = sequence.length(variant.chrom)
    _check(sequence, variant, size)
    change = variant.trimmed()
    start = change.start - length // 2 if start is None else start
    at = change.start - start
    if at < 0 or at + max(len(change.ref), len(change.alt)) > length:
        raise Unscorable(TOO_LONG)
    longer = max(0, len(change.ref) - len(change.alt))
    if start < 0 or start + length + longer > size:
        raise Unscorable(OUTSIDE)
    codes = sequence.codes(variant.chrom, start, start + length + longer)
    if codes.max() >= N:
        raise Unscorable(HAS_N)
    behind = codes[at + len(change.ref) :]
    alternative = np.concatenate([codes[:at], _codes(change.alt), behind])[:length]
    changed = len(change.alt) if len(change.alt) == len(change.ref) else 0
    return Window(variant.chrom, start, codes[:length], alternative, at, changed)


def _check(sequence: Sequence, variant: Variant, size: int | None) -> None:
    """Refuse what is no change of this genome."""
    if size is None:
        raise Unscorable(NO_CONTIG)
    if set(variant.ref + variant.alt) - set(BASES):
        raise Unscorable(NO_BASES)
    if variant.ref == variant.alt:
        raise Unscorable(NO_CHANGE)
    end = variant.start + len(variant.ref)
    if variant.start < 0 or end > size:
        raise Unscorable(OUTSIDE)
    if not np.array_equal(sequence.codes(variant.chrom, variant.start, end), _codes(variant.ref)):
        raise Unscorable(REF_DIFFERS)


def _codes(letters: str) -> np.ndarray:
    return np.array([BASES.index(letter) for letter in letters], np.uint8)
