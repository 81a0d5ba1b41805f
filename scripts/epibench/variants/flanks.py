"""The parts of a genome that some variants need, small enough for a file of their own."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from epibench.arrays import load_arrays
from epibench.data.fasta import read_blocks
from epibench.data.intervals import join
from epibench.errors import InputError
from epibench.files import whole

BLOCK = 1 << 20
"""Positions of the genome that are in memory at a time."""

_NOTHING = np.zeros(0, np.uint8)


class Flanks:
    """Stretches of a genome, with the lengths of all its contigs.

    Parameters
    ----------
    lengths : mapping of str to int
        Of every contig of the genome, in bp.
    stretches : mapping of str to list of (int, ndarray)
        By contig: start and uint8 base codes of each stretch, sorted; they neither overlap nor
        touch.
    """

    def __init__(
        self, lengths: Mapping[str, int], stretches: Mapping[str, list[tuple[int, np.ndarray]]]
    ):
        self._lengths = dict(lengths)
        self._stretches = {chrom: list(listed) for chrom, listed in stretches.items()}
        self._starts = {
            chrom: np.array([start for start, _ in listed], np.int64)
            for chrom, listed in self._stretches.items()
        }

    @property
    def names(self) -> list[str]:
        """Give the names of all contigs, in the order of the file."""
        return list(self._lengths)

    def length(self, chrom: str) -> int | None:
        """Give the length of a contig in bp; None where there is none of that name."""
        return self._lengths.get(chrom)

    def codes(self, chrom: str, start: int, end: int) -> np.ndarray:
        """Give base codes inside one of the stretches.

        Returns
        -------
        uint8, shape (end - start,)
            0-3 = ACGT, 4 = N.

        Raises
        ------
        IndexError
            When these positions were not kept.
        """
        at = np.searchsorted(self._starts.get(chrom, []), start, side="right") - 1
        if at >= 0:
            first, codes = self._stretches[chrom][at]
            if end <= first + len(codes):
                return codes[start - first : end - first]
        raise IndexError(f"{chrom}:{start}-{end} is not among the stretches that were kept")

    def save(self, path: str | Path) -> None:
        """Write an `.npz` file, whole or not at all."""
        flat = [
            (c, start, codes) for c, listed in self._stretches.items() for start, codes in listed
        ]
        with whole(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(
                file,
                names=np.array(self.names, str),
                lengths=np.array(list(self._lengths.values()), np.int64),
                chrom=np.array([self.names.index(chrom) for chrom, *_ in flat], np.int64),
                start=np.array([start for _, start, _ in flat], np.int64),
                length=np.array([len(codes) for *_, codes in flat], np.int64),
                codes=np.concatenate([_NOTHING, *(codes for *_, codes in flat)]),
            )

    @classmethod
    def load(cls, path: str | Path) -> "Flanks":
        """Read what `save` wrote."""
        file = load_arrays(path)
        names = file["names"].tolist()
        lengths = dict(zip(names, file["lengths"].tolist(), strict=True))
        pieces = np.split(file["codes"], np.cumsum(file["length"])[:-1])
        stretches = defaultdict(list)
        for chrom, start, codes in zip(file["chrom"], file["start"], pieces, strict=False):
            stretches[names[chrom]].append((int(start), codes))
        return cls(lengths, stretches)


def bare(chrom: str) -> str:
    """Give the name of a chromosome as tables without `chr` have it."""
    return chrom.removeprefix("chr")


def read_flanks(
    fasta: str | Path, wanted: Mapping[str, Iterable[tuple[int, int]]], block: int = BLOCK
) -> tuple[Flanks, dict[str, str]]:
    """Read stretches of a genome in one pass over its FASTA file, in constant memory.

    Parameters
    ----------
    fasta : path
        Plain, gzip or bgzip.
    wanted : mapping of str to iterable of (int, int)
        By chromosome, with or without `chr`: start and end of intervals, 0-based, half-open, which
        may overlap, touch, and leave the contig (they are cut at its ends).
    block : int, default 2**20
        Positions that are in memory at a time.

    Returns
    -------
    flanks : Flanks
        By the names of the FASTA file.
    names : dict of str to str
        Name in the FASTA file of each wanted chromosome; one that is in neither spelling is not
        there.

    Raises
    ------
    InputError
        When the file cannot be read as FASTA, or has a contig twice.
    """
    intervals = _merge(wanted)
    lengths: dict[str, int] = {}
    pieces = defaultdict(list)
    for chrom, start, codes in read_blocks(fasta, block):
        if start == 0 and chrom in lengths:
            raise InputError(f"{fasta}: chromosome {chrom} stands twice; remove one")
        lengths[chrom] = end = start + len(codes)
        here = intervals.get(bare(chrom), np.zeros((0, 2), np.int64))
        for first, last in here[(here[:, 0] < end) & (here[:, 1] > start)].tolist():
            cut = max(first, start)
            pieces[chrom].append((cut, codes[cut - start : last - start].copy()))
    names = {}
    for chrom in wanted:
        same = [name for name in lengths if bare(name) == bare(chrom)]
        if same:
            names[chrom] = chrom if chrom in same else same[0]
    return Flanks(lengths, {chrom: _join(listed) for chrom, listed in pieces.items()}), names


def _merge(wanted: Mapping[str, Iterable[tuple[int, int]]]) -> dict[str, np.ndarray]:
    """Merge the intervals of each chromosome, whichever way it is spelled."""
    listed = defaultdict(list)
    for chrom, intervals in wanted.items():
        listed[bare(chrom)] += [(max(0, start), end) for start, end in intervals]
    merged = {}
    for chrom, intervals in listed.items():
        array = np.array(sorted(intervals), np.int64).reshape(-1, 2)
        array[:, 1] = np.maximum.accumulate(array[:, 1])
        merged[chrom] = join([array])
    return merged


def _join(pieces: list[tuple[int, np.ndarray]]) -> list[tuple[int, np.ndarray]]:
    """Put together what touches, across blocks."""
    groups: list[tuple[int, list[np.ndarray]]] = []
    end = None
    for start, codes in pieces:
        if start == end:
            groups[-1][1].append(codes)
        else:
            groups.append((start, [codes]))
        end = start + len(codes)
    return [(start, np.concatenate(listed)) for start, listed in groups]
