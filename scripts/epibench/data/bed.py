"""Read peaks and excluded regions."""

import math
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from epibench.data.big_structure import count_records
from epibench.data.bigwig import BIGBED, BIGWIG, check_chromosomes, check_signature, open_big
from epibench.data.lines import read_lines
from epibench.errors import InputError
from epibench.files import require_file

_WHOLE = re.compile("-?[0-9]+")  # int() also takes 1_000, +5 and blanks
_DIGIT = re.compile("[0-9]")
_NEVER_EMPTY = (".gz", ".bgz", ".bb", ".bigbed")
_QUOTED = 60  # characters of a wrong line that the message shows


@dataclass(frozen=True)
class Regions:
    """Hold the intervals of one file.

    `rows` has, for each chromosome of the file, int64 (regions, 3): start, end and anchor (midpoint
    or summit), sorted, each once. `unknown` counts the records on each chromosome that the FASTA
    file lacks, `duplicates` records that say again what another one says.
    """

    rows: dict[str, np.ndarray]
    unknown: dict[str, int]
    duplicates: int = 0

    def on(self, chrom: str) -> np.ndarray:
        """Return the regions of a chromosome, none where the file has none."""
        return self.rows.get(chrom, np.zeros((0, 3), np.int64))


def read_regions(path: str | Path, sizes: Mapping[str, int], summits: bool = False) -> Regions:
    """Read a BED, narrowPeak or UCSC table (plain, gzip or bgzip) or bigBed file.

    The format is seen from the content; a table of the UCSC database, such as `gap.txt.gz`, has a
    whole number (its bin) before the chromosome. Records may stand in any order. Those on
    chromosomes that the FASTA file lacks are counted and left out; all of them being such is an
    error. Records with the same chromosome, start, end and anchor are one region; so are, with
    midpoints as anchors, the several summits of a peak. A file may have no record, but a compressed
    one has some bytes.

    A plain text file that was cut where a line or its last column ends cannot be told from a whole
    one; a checksum in the samples table finds it.

    Parameters
    ----------
    path : str or Path
        File with at least chromosome, start and end, between tabs or blanks; blank lines, comments,
        a line of column names, `track` and `browser` lines are passed over.
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
    for place, (chrom, *fields) in _records(path, sizes):
        try:
            row = _check(chrom, fields, sizes.get(chrom, math.inf), summits)
        except InputError as error:
            raise InputError(f"{path}, {place}: {error}") from None
        if chrom in sizes:
            rows[chrom].append(row)
        else:
            strangers[chrom] += 1
    if strangers and not rows:
        raise InputError(f"{path}: {_compare_names(sizes, strangers)}")
    arrays = {chrom: _sort(listed) for chrom, listed in rows.items()}
    duplicates = sum(len(rows[chrom]) - len(arrays[chrom]) for chrom in rows)
    return Regions(arrays, dict(strangers), duplicates)


def read_peaks(path: str | Path, sizes: Mapping[str, int], summits: bool = False) -> Regions:
    """Read the peaks of a target: as `read_regions`, but a file without a record is an error.

    Raises
    ------
    InputError
        As `read_regions`, and for a file without peaks, which would label every window 0.
    """
    peaks = read_regions(path, sizes, summits)
    if not peaks.rows:
        raise InputError(
            f"{path}: there is no peak in this file; give the peaks of the experiment, or leave "
            "the cell in the column peaks empty"
        )
    return peaks


def merge_regions(regions: Iterable[Regions]) -> dict[str, np.ndarray]:
    """Merge overlapping and touching regions of several files with bedtools.

    Returns
    -------
    dict of str to ndarray
        For each chromosome that has any: sorted int64 (merged, 2), start and end.
    """
    listed = [(chrom, rows) for each in regions for chrom, rows in each.rows.items()]
    if not listed:
        return {}
    names = list(dict.fromkeys(chrom for chrom, _ in listed))
    number = {chrom: f"c{i}" for i, chrom in enumerate(names)}  # bedtools skips names like track1
    lines = "".join(
        f"{number[chrom]}\t{start}\t{end}\n"
        for chrom, rows in listed
        for start, end, _ in rows.tolist()
    )
    import pybedtools  # here since it takes 0.3 s

    merged, before = defaultdict(list), pybedtools.get_tempdir()
    with tempfile.TemporaryDirectory() as folder:
        pybedtools.set_tempdir(folder)
        try:
            for region in pybedtools.BedTool(lines, from_string=True).sort().merge():
                merged[region.chrom].append((region.start, region.end))
        finally:
            pybedtools.set_tempdir(before)
    return {chrom: np.array(merged[number[chrom]], np.int64) for chrom in names}


def _sort(rows: list[tuple[int, int, int]]) -> np.ndarray:
    """Sort regions and keep each once."""
    array = np.array(rows, np.int64)
    array = array[np.lexsort(array.T[::-1])]
    return array[np.append(True, (array[1:] != array[:-1]).any(axis=1))]


def _check(chrom: str, fields: list[str], length: float, summits: bool) -> tuple[int, int, int]:
    """Give start, end and anchor of a record that is right."""
    try:
        start, end = _number(fields[0]), _number(fields[1])
        anchor = start + _number(fields[8]) if summits else (start + end) // 2
    except (ValueError, IndexError):
        shown = " ".join([chrom, *fields])
        shown = shown if len(shown) <= _QUOTED else f"{shown[:_QUOTED]}..."
        raise InputError(
            f"{shown!r} lacks a whole number for start, end"
            f"{' or summit (column 10)' if summits else ''}; correct it or give a BED file"
        ) from None
    if not 0 <= start < end <= length:
        where = f" ({length} bp in the FASTA file)" if length < math.inf else ""
        raise InputError(
            f"{chrom}:{start}-{end} is empty or outside the chromosome{where}; correct it or give "
            "files of the same assembly"
        )
    if not start <= anchor < end:
        raise InputError(
            f"the summit offset {fields[8]} of {chrom}:{start}-{end} is not inside the peak; "
            "correct it or set peak_anchor to midpoint"
        )
    return start, end, anchor


def _number(text: str) -> int:
    """Read a whole number and nothing else."""
    if not _WHOLE.fullmatch(text):
        raise ValueError
    return int(text)


def _compare_names(sizes: Mapping[str, int], strangers: Iterable[str]) -> str:
    """Say that no chromosome of a file is in the FASTA file, and what to do."""
    known = {name.removeprefix("chr"): name for name in sizes}
    for stranger in strangers:
        if name := known.get(stranger.removeprefix("chr")):
            return (
                f"chromosome {name} of the FASTA file is called {stranger} here; "
                "rename the chromosomes of one of the two files"
            )
    here, there = (
        ", ".join(list(names)[:5]) + (", ..." if len(names) > 5 else "")
        for names in (list(strangers), list(sizes))
    )
    return (
        f"none of its chromosomes ({here}) is in the FASTA file ({there}); "
        "give files of the same assembly"
    )


def _records(path: str | Path, sizes: Mapping[str, int]) -> Iterator[tuple[str, list[str]]]:
    """Give the place and the fields of every record."""
    require_file(path, "correct the path of the BED file")
    with open(path, "rb") as file:
        kind = int.from_bytes(file.read(4), "little")
    if not kind and Path(path).suffix.lower() in _NEVER_EMPTY and not Path(path).stat().st_size:
        raise InputError(f"{path}: the file has 0 bytes; it is truncated, fetch it again")
    if kind == BIGWIG:
        raise InputError(
            f"{path}: this is a bigWig file, which has coverage and no regions; "
            "give a BED, narrowPeak or bigBed file"
        )
    yield from read_bigbed(path, sizes) if kind == BIGBED else _text_records(path, sizes)


def _text_records(path: str | Path, sizes: Mapping[str, int]) -> Iterator[tuple[str, list[str]]]:
    """Give the records of a text file: BED and its kin, or a UCSC table without its bin."""
    column_names, has_bin, columns = False, None, 0
    for number, line in enumerate(read_lines(path, "BED file"), 1):
        text = line.strip()
        if not text or _is_remark(text):
            continue
        fields = text.split("\t" if "\t" in text else None)
        if has_bin is None and not column_names and _are_column_names(fields, sizes):
            column_names = True
            continue
        if has_bin is None:
            has_bin = _begins_with_bin(fields)
        if not line.endswith("\n") and len(fields) < columns:
            raise InputError(
                f"{path}, line {number}: the last line has {len(fields)} columns, the one before "
                f"{columns}, and it does not end; the file is truncated, fetch it again"
            )
        columns = len(fields)
        yield f"line {number}", fields[has_bin:]


def _is_remark(text: str) -> bool:
    """Tell comments, `track` and `browser` lines from records of a chromosome called `track1`."""
    if not text.startswith(("#", "track", "browser")):
        return False
    first, *rest = text.split(maxsplit=2)
    is_record = bool(rest and _WHOLE.fullmatch(rest[0]))
    return first[0] == "#" or (first in ("track", "browser") and not is_record)


def _are_column_names(fields: list[str], sizes: Mapping[str, int]) -> bool:
    """Tell a line such as `chrom start end`."""
    return (
        len(fields) > 2
        and fields[0] not in sizes
        and not any(_DIGIT.search(field) for field in fields[1:3])
    )


def _begins_with_bin(fields: list[str]) -> bool:
    """Tell bin, chromosome, start, end from a BED record of a chromosome called 1."""
    found = [bool(_WHOLE.fullmatch(field)) for field in fields[:4]]
    return found == [True, False, True, True]


def read_bigbed(path: str | Path, sizes: Mapping[str, int]) -> Iterator[tuple[str, list[str]]]:
    """Give place and fields of every record of a bigBed file, by chromosome.

    Those of its chromosomes that are among `sizes` must be as long as there.
    """
    check_signature(path, BIGBED)
    expected, read = count_records(path), 0
    with open_big(path) as file:
        found = file.chroms() or {}
        check_chromosomes(str(path), found, {name: sizes[name] for name in found if name in sizes})
        for chrom, length in found.items():
            try:
                entries = file.entries(chrom, 0, length) or []
            except (RuntimeError, UnicodeDecodeError) as error:
                raise InputError(
                    f"{path}: {chrom} cannot be read ({error}); the file is damaged, fetch it again"
                ) from None
            for number, (start, end, rest) in enumerate(entries, 1):
                yield (
                    f"record {number} of {chrom}",
                    [chrom, str(start), str(end), *rest.split("\t")],
                )
            read += len(entries)
    if read != expected:
        raise InputError(
            f"{path}: {read} of {expected} records could be read; the file is damaged, fetch it "
            "again"
        )
