"""Read peaks and excluded regions."""

import gzip
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from epibench.data.bigwig import BIGBED, check_signature, describe_missing, open_big
from epibench.errors import InputError


@dataclass(frozen=True)
class Regions:
    """Hold the intervals of one file, in file order.

    `chrom` (regions,) int64 counts the chromosomes of the FASTA file; `start` and `end` (regions,)
    int64 are half-open; `summit` (regions,) int64 is an absolute position, -1 where not asked for.
    `unknown` is the number of records on chromosomes that the FASTA file lacks.
    """

    chrom: np.ndarray
    start: np.ndarray
    end: np.ndarray
    summit: np.ndarray
    unknown: int


def read_regions(path: str | Path, sizes: Mapping[str, int], summits: bool = False) -> Regions:
    """Read a BED, narrowPeak (plain or gzip) or bigBed file.

    The format is seen from the content. Records on chromosomes that the FASTA file lacks are
    counted and left out; all of them being such is an error.

    Parameters
    ----------
    path : str or Path
        File with at least chromosome, start and end; blank, comment, `track` and `browser` lines
        are passed over.
    sizes : mapping of str to int
        Name and length of every chromosome of the FASTA file.
    summits : bool
        Whether the summit is needed: the tenth column of narrowPeak.

    Raises
    ------
    InputError
        Names file, line and value of a record that cannot be right.
    """
    index = {name: i for i, name in enumerate(sizes)}
    rows, names, unknown = [], {}, 0
    for line, (chrom, *fields) in _records(path):
        names[chrom] = 0
        if chrom not in index:
            unknown += 1
            continue
        try:
            start, end = int(fields[0]), int(fields[1])
            summit = start + int(fields[8]) if summits else -1
        except (ValueError, IndexError):
            raise InputError(
                f"{path}, {line}: {' '.join([chrom, *fields])!r} lacks a whole number for start, "
                f"end{' or summit (column 10)' if summits else ''}; correct it"
            ) from None
        if not 0 <= start < end <= sizes[chrom]:
            raise InputError(
                f"{path}, {line}: {chrom}:{start}-{end} is empty or outside the chromosome "
                f"({sizes[chrom]} bp in the FASTA file); correct it or give the same assembly"
            )
        if summits and not start <= summit < end:
            raise InputError(
                f"{path}, {line}: the summit offset {fields[8]} of {chrom}:{start}-{end} is not in "
                "the peak; correct it or set peak_anchor to midpoint"
            )
        rows.append((index[chrom], start, end, summit))
    if names and not rows:
        raise InputError(f"{path}: {describe_missing(next(iter(sizes)), names)}")
    return Regions(*np.array(rows, np.int64).reshape(-1, 4).T, unknown)


def merge_regions(regions: Iterable[Regions]) -> dict[int, np.ndarray]:
    """Merge overlapping and touching regions of several files with bedtools.

    Returns
    -------
    dict of int to ndarray
        For each chromosome that has any: sorted int64 (merged, 2), start and end.
    """
    text = "".join(
        f"{c}\t{s}\t{e}\n" for r in regions for c, s, e in zip(r.chrom, r.start, r.end, strict=True)
    )
    if not text:
        return {}
    import pybedtools  # here since it takes 0.3 s to import

    before = pybedtools.get_tempdir()
    with tempfile.TemporaryDirectory() as folder:
        pybedtools.set_tempdir(folder)
        try:
            bed = pybedtools.BedTool(text, from_string=True).sort().merge()
            merged = np.loadtxt(bed.fn, np.int64, delimiter="\t", ndmin=2)
        finally:
            pybedtools.set_tempdir(before)
    return {int(c): merged[merged[:, 0] == c, 1:] for c in np.unique(merged[:, 0])}


def _records(path: str | Path) -> Iterator[tuple[str, list[str]]]:
    """Give the place and the fields of every record."""
    if not Path(path).is_file():
        raise InputError(f"{path}: there is no such file; correct the path of the BED file")
    with open(path, "rb") as file:
        head = file.read(4)
    if int.from_bytes(head, "little") == BIGBED:
        yield from _bigbed_records(path)
        return
    try:
        with (gzip.open if head[:2] == b"\x1f\x8b" else open)(path, "rt") as file:
            for number, line in enumerate(file, 1):
                line = line.rstrip()
                if line and not line.startswith(("#", "track", "browser")):
                    yield f"line {number}", line.split("\t" if "\t" in line else None)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path}: cannot be read to its end ({error}); it is truncated or no BED file, "
            "fetch it again"
        ) from None


def _bigbed_records(path: str | Path) -> Iterator[tuple[str, list[str]]]:
    check_signature(path, BIGBED)
    with open_big(path) as file:
        for chrom, length in file.chroms().items():
            try:
                entries = file.entries(chrom, 0, length) or []
            except RuntimeError as error:
                raise InputError(
                    f"{path}: {chrom} cannot be read ({error}); the file is damaged, fetch it again"
                ) from None
            for number, (start, end, rest) in enumerate(entries, 1):
                yield f"record {number} of {chrom}", [chrom, str(start), str(end), *rest.split("\t")]
