"""Turn bigBed peaks into narrowPeak."""

import re
from pathlib import Path

from epibench.data.bed import read_bigbed
from epibench.data.bigwig import BIGBED, BIGWIG, check_signature, open_big
from epibench.errors import InputError
from epibench.files import whole

_MISSING = [".", "0", ".", "0", "-1", "-1", "-1"]
"""Name, score, strand, signal, p, q and summit of a region of which nothing more is known."""
_COLUMNS = 3 + len(_MISSING)
_STRANDS = ("+", "-", ".")
_WHOLE = re.compile("-?[0-9]+")


def write_peaks(bigbed: str | Path, track: str | Path, out: str | Path) -> None:
    """Write the peaks of a bigBed file as narrowPeak, sorted by chromosome, start and end.

    Records of ten columns are those of ENCODE's narrowPeak (bed6+4) and are kept whole. Of others
    chromosome, start and end are kept, with name, score and strand where the fourth to sixth column
    can be that; the rest becomes `.`, 0 or -1 as the format says, the summit -1 (not known).

    Parameters
    ----------
    bigbed : path
        bigBed file of peaks.
    track : path
        bigWig of the same target. Text has no lengths of chromosomes, so this is the last place
        where peaks of another assembly are seen for sure.
    out : path
        narrowPeak file to write: ten columns, 0-based half-open, summit as offset from start.

    Raises
    ------
    InputError
        When a file is damaged, the two are of different assemblies, there is no peak, or a record
        of ten columns is no narrowPeak.
    """
    _check_assembly(bigbed, track)
    rows = [(place, _complete(fields)) for place, fields in read_bigbed(bigbed, {})]
    if not rows:
        raise InputError(
            f"{bigbed}: there is no peak in this file; give the peaks of the experiment, or leave "
            "the cell in the column peaks empty"
        )
    for place, fields in rows:
        if problem := _problem(fields):
            raise InputError(f"{bigbed}, {place}: {problem}; give a bigBed file of narrowPeak")
    lines = sorted((fields for _, fields in rows), key=lambda f: (f[0], int(f[1]), int(f[2])))
    with whole(out) as path, open(path, "w", encoding="utf-8") as file:
        file.writelines("\t".join(fields) + "\n" for fields in lines)
    print(f"{out}: {len(lines):,} peaks")


def _check_assembly(bigbed: str | Path, track: str | Path) -> None:
    """Refuse peaks whose chromosomes have another length than those of the track."""
    check_signature(track, BIGWIG)
    check_signature(bigbed, BIGBED)
    with open_big(track) as file:
        lengths = dict(file.chroms() or {})
    # read_bigbed compares as well, but it would call the track a FASTA file.
    with open_big(bigbed) as file:
        found = dict(file.chroms() or {})
    for chrom, length in found.items():
        if lengths.get(chrom, length) != length:
            raise InputError(
                f"{bigbed}: {chrom} has {length} bp, but {lengths[chrom]} bp in {track}; "
                "the two are of different assemblies, give files of the same one"
            )


def _complete(fields: list[str]) -> list[str]:
    """Give ten columns."""
    if len(fields) == _COLUMNS:
        return fields
    known = fields[3:6] if len(fields) >= 6 and fields[5] in _STRANDS else []
    return [*fields[:3], *known, *_MISSING[len(known) :]]


def _problem(fields: list[str]) -> str | None:
    """Say why ten columns are no narrowPeak, or None."""
    *_, strand, signal, p, q, summit = fields
    try:
        _ = float(signal), float(p), float(q)
    except ValueError:
        return f"signal, p and q are {signal}, {p} and {q}, not numbers"
    if strand not in _STRANDS:
        return f"the strand is {strand}"
    length = int(fields[2]) - int(fields[1])
    if not _WHOLE.fullmatch(summit) or not -1 <= int(summit) < length:
        return f"the summit offset is {summit}, not -1 or inside the {length} bp of the peak"
    return None
