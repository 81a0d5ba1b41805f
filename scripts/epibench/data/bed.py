"""Read peaks and excluded regions."""

import gzip
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from epibench.data.bigwig import BIGBED, check_signature, describe_missing, open_big
from epibench.errors import InputError


@dataclass(frozen=True)
class Regions:
    """Hold the intervals of one file.

    `rows` has, for each chromosome of the file, int64 (regions, 3): start, end and anchor (midpoint
    or summit), in file order. `unknown` counts records on chromosomes that the FASTA file lacks.
    """

    rows: dict[str, np.ndarray]
    unknown: int

    def on(self, chrom: str) -> np.ndarray:
        """Return the regions of a chromosome, none where the file has none."""
        return self.rows.get(chrom, np.zeros((0, 3), np.int64))


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
        Whether the anchor is the summit (tenth column of narrowPeak) instead of the midpoint.

    Raises
    ------
    InputError
        Names file, line and value of a record that cannot be right.
    """
    rows, strangers = defaultdict(list), defaultdict(int)
    for place, (chrom, *fields) in _records(path):
        if chrom in sizes:
            try:
                rows[chrom].append(_check(chrom, fields, sizes[chrom], summits))
            except InputError as error:
                raise InputError(f"{path}, {place}: {error}") from None
        else:
            strangers[chrom] += 1
    if strangers and not rows:
        raise InputError(f"{path}: {describe_missing(next(iter(sizes)), strangers)}")
    arrays = {chrom: np.array(listed, np.int64) for chrom, listed in rows.items()}
    return Regions(arrays, sum(strangers.values()))


def merge_regions(regions: Iterable[Regions]) -> dict[str, np.ndarray]:
    """Merge overlapping and touching regions of several files with bedtools.

    Returns
    -------
    dict of str to ndarray
        For each chromosome that has any: sorted int64 (merged, 2), start and end.
    """
    lines = [
        f"{chrom}\t{start}\t{end}\n"
        for each in regions
        for chrom, rows in each.rows.items()
        for start, end, _ in rows.tolist()
    ]
    if not lines:
        return {}
    import pybedtools  # here since it takes 0.3 s

    merged, before = defaultdict(list), pybedtools.get_tempdir()
    with tempfile.TemporaryDirectory() as folder:
        pybedtools.set_tempdir(folder)
        try:
            for region in pybedtools.BedTool("".join(lines), from_string=True).sort().merge():
                merged[region.chrom].append((region.start, region.end))
        finally:
            pybedtools.set_tempdir(before)
    return {chrom: np.array(listed, np.int64) for chrom, listed in merged.items()}


def _check(chrom: str, fields: list[str], length: int, summits: bool) -> tuple[int, int, int]:
    """Give start, end and anchor of a record that is right."""
    try:
        start, end = int(fields[0]), int(fields[1])
        anchor = start + int(fields[8]) if summits else (start + end) // 2
    except (ValueError, IndexError):
        raise InputError(
            f"{' '.join([chrom, *fields])!r} lacks a whole number for start, end"
            f"{' or summit (column 10)' if summits else ''}; correct it"
        ) from None
    if not 0 <= start < end <= length:
        raise InputError(
            f"{chrom}:{start}-{end} is empty or outside the chromosome ({length} bp in the FASTA "
            "file); correct it or give files of the same assembly"
        )
    if not start <= anchor < end:
        raise InputError(
            f"the summit offset {fields[8]} of {chrom}:{start}-{end} is not inside the peak; "
            "correct it or set peak_anchor to midpoint"
        )
    return start, end, anchor


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
                yield (
                    f"record {number} of {chrom}",
                    [chrom, str(start), str(end), *rest.split("\t")],
                )
