"""Stream the reference sequence as base codes."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np

from epibench.data.bgzip import check_end
from epibench.data.intervals import join, runs
from epibench.data.lines import LONGEST_LINE
from epibench.errors import InputError
from epibench.files import require_file
from epibench.sequence import N
from epibench.words import BASES

CHUNK = 1 << 20
"""Bytes of text that are in memory at a time."""

_AMBIGUOUS, _NO_BASE = N + 1, N + 2
_LONGEST_NAME = 200  # characters
_IUPAC = "URYSWKMBDHV"
_BLANKS = b"\r\n \t"


def _code(letter: str) -> int:
    """Give the code of a letter, telling apart N, the other IUPAC codes, and what is no base."""
    known = {**{base: i for i, base in enumerate(BASES)}, "N": N}
    return known.get(letter, _AMBIGUOUS if letter in _IUPAC else _NO_BASE)


_CODES = bytes(_code(chr(byte).upper()) for byte in range(256))


@dataclass(frozen=True)
class ChromosomeIndex:
    """Describe a chromosome without its sequence.

    `unknown` int64 (runs, 2) has start and end of each run of N; `gc` counts G and C, `ambiguous`
    the other IUPAC codes, which became N.
    """

    length: int
    unknown: np.ndarray
    gc: int
    ambiguous: int


def index_fasta(path: str | Path) -> dict[str, ChromosomeIndex]:
    """Index all chromosomes, in the order of the file.

    This reads the whole file once, which also proves it whole before any work starts. The index is
    kept in memory and not written beside the file, which may be compressed in any way and lie in a
    read-only folder.

    Parameters
    ----------
    path : str or Path
        FASTA file, plain, gzip or bgzip.

    Returns
    -------
    dict of str to ChromosomeIndex
        By name: the text between `>` and the first blank.

    Raises
    ------
    InputError
        When the file is missing, empty, truncated or not FASTA, has a chromosome twice or one
        without sequence, or a character that is no IUPAC code of a base.
    """
    index = {}
    for (_, name), pieces in groupby(_sequences(path), key=lambda piece: piece[:2]):
        if name in index:
            raise InputError(f"{path}: chromosome {name} stands twice; remove one")
        length, gc, ambiguous, unknown = 0, 0, 0, []
        for *_, letters in pieces:
            codes = _encode(path, name, letters)
            unknown.append(runs(codes >= N) + length)
            gc += int(np.count_nonzero((codes == 1) | (codes == 2)))
            ambiguous += int(np.count_nonzero(codes == _AMBIGUOUS))
            length += len(codes)
        if not length:
            raise InputError(f"{path}: chromosome {name} has no sequence; remove it")
        index[name] = ChromosomeIndex(length, join(unknown), gc, ambiguous)
    if not index:
        raise InputError(f"{path}: no chromosome found; give a FASTA file with `>name` lines")
    return index


def read_blocks(path: str | Path, length: int) -> Iterator[tuple[str, int, np.ndarray]]:
    """Stream the base codes of all chromosomes in blocks, for a file that was indexed.

    Lower case (soft masking) is the same base; every letter but A, C, G, T becomes N.

    Parameters
    ----------
    path : str or Path
        FASTA file, as for `index_fasta`.
    length : int
        Positions in a block; the last one of a chromosome has what is left.

    Yields
    ------
    (str, int, ndarray)
        Chromosome, start of the block, and base codes uint8 (positions,), 0-3 = ACGT, 4 = N.
    """
    for (_, name), pieces in groupby(_sequences(path), key=lambda piece: piece[:2]):
        start, waiting = 0, np.zeros(0, np.uint8)
        for *_, letters in pieces:
            codes = np.minimum(_encode(path, name, letters), N)
            waiting = np.concatenate([waiting, codes])
            while len(waiting) >= length:
                yield name, start, waiting[:length]
                start, waiting = start + length, waiting[length:]
        if len(waiting):
            yield name, start, waiting


def _encode(path: str | Path, name: str, letters: bytes) -> np.ndarray:
    """Turn letters into codes; refuse what is no base."""
    codes = np.frombuffer(letters.translate(_CODES, _BLANKS), np.uint8)
    if len(codes) and codes.max() == _NO_BASE:
        wrong = letters.translate(None, _BLANKS)[int(np.argmax(codes))]
        raise InputError(
            f"{path}: chromosome {name} has the character {chr(wrong)!r}, which is no base; give "
            "a FASTA file of DNA (IUPAC codes other than A, C, G, T count as N)"
        )
    return codes


def _sequences(path: str | Path) -> Iterator[tuple[int, str, bytes]]:
    """Give number and name of the chromosome and the text of every piece of it; one is empty."""
    number, name, header, new_line = 0, None, None, True
    for chunk in _chunks(path):
        at = 0
        while at < len(chunk):
            if header is not None:
                end = chunk.find(b"\n", at)
                header += chunk[at : end if end >= 0 else len(chunk)]
                if len(header) > LONGEST_LINE:
                    raise InputError(
                        f"{path}: a line with the name of a chromosome has over {LONGEST_LINE:,} "
                        "characters; give a FASTA file with `>name` lines"
                    )
                if end < 0:
                    break
                number, name, header = number + 1, _name(path, header), None
                at, new_line = end + 1, True
                yield number, name, b""
            elif new_line and chunk[at : at + 1] == b">":
                header, at = b"", at + 1
            else:
                end = chunk.find(b"\n>", at) + 1 or len(chunk)
                if name is not None:
                    yield number, name, chunk[at:end]
                elif chunk[at:end].strip():
                    raise InputError(
                        f"{path}: no chromosome found where the file begins; give a FASTA file "
                        "with `>name` lines"
                    )
                at, new_line = end, chunk[end - 1 : end] == b"\n"
    if header:
        raise InputError(f"{path}: chromosome {_name(path, header)} has no sequence; remove it")


def _name(path: str | Path, header: bytes) -> str:
    """Give the name in a header line."""
    words = header.split(maxsplit=1)
    if not words:
        raise InputError(f"{path}: a `>` line has no name; name the chromosome")
    name = words[0].decode("utf-8", "surrogateescape")
    if not name.isprintable() or len(name) > _LONGEST_NAME:
        raise InputError(
            f"{path}: the name of a chromosome, {name[:_LONGEST_NAME]!a}, is too long or "
            "holds what cannot be printed; rename it"
        )
    return name


def _chunks(path: str | Path) -> Iterator[bytes]:
    """Give the text in chunks, unpacked."""
    require_file(path, "correct the path of the FASTA file")
    unpack = gzip.open if check_end(path) else open
    try:
        with unpack(path, "rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{path}: cannot be read to its end ({error}); it seems truncated, fetch it again"
        ) from None
