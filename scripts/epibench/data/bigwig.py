"""Read coverage from bigWig files, checked against the reference sequence."""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyBigWig

from epibench.errors import InputError

BIGWIG, BIGBED = 0x888FFC26, 0x8789F2EB
HIGHEST = np.float32(np.finfo(np.float16).max)
"""The store keeps coverage as float16: values beyond its range are clipped and counted."""

_HEADER = struct.Struct("<IHHQQQHHQQIQ")  # Kent et al. 2010, supplementary table 5
_SUMMARY = struct.Struct("<Qdddd")


@dataclass
class Counts:
    """Count what was read from a track, in positions.

    `uncovered` includes the stored NaN; `beyond_float16` are clipped in the store; `total` is the
    sum of the clipped values.
    """

    bases: int = 0
    uncovered: int = 0
    stored_nan: int = 0
    negative: int = 0
    beyond_float16: int = 0
    total: float = 0.0


class BigWig:
    """A checked bigWig file that counts what it reads.

    Positions that the file does not cover are 0, and so are stored NaN.

    Parameters
    ----------
    path : str or Path
        bigWig file.
    sizes : mapping of str to int
        Name and length of every chromosome that will be read, from the FASTA file.

    Raises
    ------
    InputError
        When the file is missing, truncated or no bigWig, lacks a chromosome, or has one with
        another length.
    """

    def __init__(self, path: str | Path, sizes: Mapping[str, int]):
        self.path = str(path)
        self.counts = Counts()
        self._may_store_nan = check_signature(path, BIGWIG)
        self._file = open_big(path)
        self._sizes = dict(self._file.chroms())
        check_chromosomes(self.path, self._sizes, sizes)

    def __enter__(self) -> "BigWig":
        return self

    def __exit__(self, *_) -> None:
        self._file.close()

    def read(self, chrom: str, start: int, end: int) -> np.ndarray:
        """Read coverage of [start, end) of a chromosome as float32 (positions,), uncovered as 0.

        Raises
        ------
        InputError
            When the interval is not on the chromosome, or the file is damaged there.
        """
        start, end = int(start), int(end)  # pyBigWig refuses NumPy's integers
        if not 0 <= start <= end <= self._sizes.get(chrom, -1):
            raise InputError(
                f"{self.path}: {chrom}:{start}-{end} is outside the file's chromosomes; "
                f"{chrom} has {self._sizes.get(chrom, 0)} bp there"
            )
        if start == end:
            return np.zeros(0, np.float32)
        try:
            values = self._file.values(chrom, start, end, numpy=True)
            gaps = np.isnan(values)
            if self._may_store_nan:
                self.counts.stored_nan += self._count_stored(chrom, start, end) - int(np.sum(~gaps))
        except RuntimeError as error:
            raise InputError(
                f"{self.path}: {chrom}:{start}-{end} cannot be read ({error}); "
                "the file is damaged, fetch it again"
            ) from None
        values[gaps] = 0
        self._count(values, int(np.count_nonzero(gaps)))
        return values

    def describe(self) -> dict[str, int | float]:
        """Give the counts, with mean and uncovered share of the positions that were read."""
        counts = self.counts
        return {
            "mean_coverage": counts.total / max(counts.bases, 1),
            "uncovered": counts.uncovered / max(counts.bases, 1),
            "stored_nan": counts.stored_nan,
            "negative": counts.negative,
            "beyond_float16": counts.beyond_float16,
        }

    def _count_stored(self, chrom: str, start: int, end: int) -> int:
        """Count the positions for which the file stores a value, be it NaN."""
        (share,) = self._file.stats(chrom, start, end, type="coverage", exact=True)
        return round((share or 0) * (end - start))

    def _count(self, values: np.ndarray, uncovered: int) -> None:
        clipped = np.clip(values, -HIGHEST, HIGHEST)
        self.counts.bases += len(values)
        self.counts.uncovered += uncovered
        self.counts.negative += int(np.count_nonzero(values < 0))
        self.counts.beyond_float16 += int(np.count_nonzero(values != clipped))
        self.counts.total += float(clipped.sum(dtype=np.float64))


def check_signature(path: str | Path, kind: int) -> bool:
    """Check that a file starts and ends as a whole bigWig or bigBed file.

    pyBigWig may crash or return nothing on a truncated file, so this comes before it.

    Parameters
    ----------
    path : str or Path
        File to check.
    kind : int
        The signature to expect: BIGWIG or BIGBED. Both formats repeat it in their last four bytes.

    Returns
    -------
    bool
        Whether the file may store NaN: its sum over all bases is then NaN.

    Raises
    ------
    InputError
        When the file is missing, of another kind or truncated.
    """
    name = {BIGWIG: "bigWig", BIGBED: "bigBed"}[kind]
    if not Path(path).is_file():
        raise InputError(f"{path}: there is no such file; correct the path of the {name} file")
    with open(path, "rb") as file:
        head = file.read(_HEADER.size)
        found = int.from_bytes(head[:4], "little")
        if found != kind:
            other = " but a bigBed file" if found == BIGBED else ""
            raise InputError(f"{path}: this is not a {name} file{other}; correct the path")
        size = file.seek(0, 2)
        file.seek(max(0, size - 4))
        whole = len(head) == _HEADER.size and file.read() == head[:4]
        *_, tree, data, index, _, _, _, summary, _, _ = _HEADER.unpack(head) if whole else [0] * 12
        if not whole or max(tree, data, index, summary + _SUMMARY.size) > size:
            raise InputError(f"{path}: the {name} file is truncated ({size} bytes); fetch it again")
        file.seek(summary)
        return bool(summary) and math.isnan(_SUMMARY.unpack(file.read(_SUMMARY.size))[3])


def open_big(path: str | Path):
    """Open a bigWig or bigBed file whose signature was checked, with an error that names it."""
    try:
        return pyBigWig.open(str(path))
    except RuntimeError as error:
        raise InputError(f"{path}: cannot be opened ({error}); fetch it again") from None


def check_chromosomes(path: str, found: Mapping[str, int], sizes: Mapping[str, int]) -> None:
    """Check that a file has the chromosomes of the FASTA file, with the same lengths.

    Raises
    ------
    InputError
        Shows both spellings where names differ by `chr` alone, and both lengths.
    """
    for chrom, length in sizes.items():
        if chrom not in found:
            raise InputError(f"{path}: {describe_missing(chrom, found)}")
        if found[chrom] != length:
            raise InputError(
                f"{path}: {chrom} has {found[chrom]} bp, but {length} bp in the FASTA file; "
                "the two are of different assemblies, give files of the same one"
            )


def describe_missing(chrom: str, found: Mapping[str, int]) -> str:
    """Say that a chromosome of the FASTA file is missing among `found`, and what to do."""
    twin = chrom.removeprefix("chr") if chrom.startswith("chr") else f"chr{chrom}"
    if twin in found:
        return (
            f"chromosome {chrom} of the FASTA file is called {twin} here; "
            "rename the chromosomes of one of the two files"
        )
    names = ", ".join(list(found)[:5]) + (", ..." if len(found) > 5 else "")
    return (
        f"chromosome {chrom} of the FASTA file is missing here (found: {names or 'none'}); "
        "give a file of the same assembly, or leave the chromosome out with splits.exclude"
    )
