"""Read coverage from bigWig files, checked against the reference sequence."""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyBigWig

from epibench.data.big_structure import check_structure
from epibench.data.settings import CoverageSettings
from epibench.errors import InputError
from epibench.files import require_file

BIGWIG, BIGBED = 0x888FFC26, 0x8789F2EB
HIGHEST = np.float32(np.finfo(np.float16).max)
"""The store keeps coverage as float16: values beyond its range are clipped and counted."""

_HEADER = struct.Struct("<IHHQQQHHQQIQ")  # Kent et al. 2010, supplementary table 5
_SUMMARY = struct.Struct("<Qdddd")


@dataclass(frozen=True)
class Summary:
    """Hold what a bigWig file says of all its values: their number, extremes, sum (and squares)."""

    covered: int
    minimum: float
    maximum: float
    total: float
    squares: float


@dataclass(frozen=True)
class Piece:
    """Hold coverage of an interval: `values` float32 and `uncovered` bool, both (positions,).

    Uncovered positions have the value 0; `stored_nan` of them are stored as NaN; `negative` is the
    number of values below 0 in the file.
    """

    values: np.ndarray
    uncovered: np.ndarray
    stored_nan: int = 0
    negative: int = 0


class BigWig:
    """A checked bigWig file.

    pyBigWig reads it: on real tracks it is as fast as pybigtools, and it gives float32.

    Parameters
    ----------
    path : str or Path
        bigWig file.
    sizes : mapping of str to int
        Name and length of every chromosome that will be read, from the FASTA file.
    settings : CoverageSettings
        What stored NaN and negative values count as; by default negative values are refused.

    Raises
    ------
    InputError
        When the file is missing, truncated or no bigWig, is empty or holds no value but 0, lacks a
        chromosome, or has one with another length.
    """

    def __init__(
        self,
        path: str | Path,
        sizes: Mapping[str, int],
        settings: CoverageSettings = CoverageSettings(),  # noqa: B008 - it is frozen
    ):
        self.path = str(path)
        self._settings = settings
        summary = check_signature(path, BIGWIG)
        self._may_store_nan = summary is not None and math.isnan(summary.total)
        _refuse_empty(path, summary)
        self._file = open_big(path)
        self._sizes = dict(self._file.chroms() or {})
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
            As `read_piece`.
        """
        return self.read_piece(chrom, start, end).values

    def read_piece(self, chrom: str, start: int, end: int) -> Piece:
        """Read coverage of [start, end) of a chromosome, and which positions are uncovered.

        Raises
        ------
        InputError
            When the interval is not on the chromosome, the file is damaged there, or a value is
            one that the settings refuse.
        """
        start, end = int(start), int(end)  # pyBigWig refuses NumPy's integers
        if not 0 <= start <= end <= self._sizes.get(chrom, -1):
            raise InputError(
                f"{self.path}: {chrom}:{start}-{end} is outside the file's chromosomes; "
                f"{chrom} has {self._sizes.get(chrom, 0)} bp there"
            )
        if start == end:
            return Piece(np.zeros(0, np.float32), np.zeros(0, bool))
        values, stored_nan = self._values(chrom, start, end)
        uncovered = np.isnan(values)
        if stored_nan and self._settings.nan == "error":
            raise InputError(
                f"{self.path}: {stored_nan} of the bases {chrom}:{start}-{end} are stored as NaN; "
                "correct the track, or set coverage.nan to uncovered"
            )
        np.copyto(values, 0, where=uncovered)
        negative = int(np.count_nonzero(values < 0)) if values.min() < 0 else 0
        if negative:
            self._treat_negative(values, chrom, start)
        return Piece(values, uncovered, stored_nan, negative)

    def _values(self, chrom: str, start: int, end: int) -> tuple[np.ndarray, int]:
        """Read values, NaN where there is none, and count the NaN that are stored."""
        try:
            values = self._file.values(chrom, start, end, numpy=True)
            if not self._may_store_nan:
                return values, 0
            (share,) = self._file.stats(chrom, start, end, type="coverage", exact=True)
        except RuntimeError as error:
            raise InputError(
                f"{self.path}: {chrom}:{start}-{end} cannot be read ({error}); "
                "the file is damaged, fetch it again"
            ) from None
        stored = round((share or 0) * (end - start))
        return values, stored - int(np.count_nonzero(~np.isnan(values)))

    def _treat_negative(self, values: np.ndarray, chrom: str, start: int) -> None:
        """Refuse negative values, set them to 0 or keep them."""
        if self._settings.negative == "error":
            first = int(np.argmax(values < 0))
            count, lowest = int(np.count_nonzero(values < 0)), values.min()
            raise InputError(
                f"{self.path}: the coverage at {chrom}:{start + first} (0-based) is "
                f"{values[first]:g}, below 0, and so are {count:,} of {len(values):,} positions "
                f"there, down to {lowest:g}; give a track of counts or fold change, or set "
                "coverage.negative to zero or keep"
            )
        if self._settings.negative == "zero":
            np.maximum(values, 0, out=values)


def _refuse_empty(path: str | Path, summary: Summary | None) -> None:
    """Refuse a file without a value other than 0."""
    if summary is None:  # as old programs write it; what is read is checked as well
        return
    if not summary.covered or summary.squares == 0:
        kind = "is 0 everywhere" if summary.covered else "has no value"
        raise InputError(f"{path}: the track {kind}; give the track of an experiment")


def check_signature(path: str | Path, kind: int) -> Summary | None:
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
    Summary or None
        What the file says of its values (NaN among them make the sum NaN); None where it does not.

    Raises
    ------
    InputError
        When the file is missing, of another kind or truncated.
    """
    name = {BIGWIG: "bigWig", BIGBED: "bigBed"}[kind]
    require_file(path, f"correct the path of the {name} file")
    with open(path, "rb") as file:
        head = file.read(_HEADER.size)
        found = int.from_bytes(head[:4], "little")
        if found != kind:
            other = " but a bigBed file" if found == BIGBED else ""
            if head[:2] == b"\x1f\x8b":
                other = " but a compressed one; unpack it with gunzip, or"
            raise InputError(f"{path}: this is not a {name} file{other}; correct the path")
        size = file.seek(0, 2)
        file.seek(max(0, size - 4))
        whole = len(head) == _HEADER.size and file.read() == head[:4]
        *_, tree, data, index, _, _, _, summary, _, _ = _HEADER.unpack(head) if whole else [0] * 12
        if not whole or max(tree, data, index, summary + _SUMMARY.size) > size:
            raise InputError(f"{path}: the {name} file is truncated ({size} bytes); fetch it again")
        file.seek(summary)
        return Summary(*_SUMMARY.unpack(file.read(_SUMMARY.size))) if summary else None


def open_big(path: str | Path):
    """Open a bigWig or bigBed file whose signature was checked, with an error that names it."""
    require_file(path, "correct the path of the bigWig or bigBed file")
    check_structure(path)
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
