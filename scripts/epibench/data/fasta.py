"""Read the reference sequence as base codes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pysam

from epibench.errors import InputError
from epibench.sequence import N
from epibench.words import BASES

_CODES = bytes(BASES.index(c) if (c := chr(i).upper()) in BASES else N for i in range(256))
_BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")


@dataclass(frozen=True)
class Chromosome:
    """Hold a chromosome: uint8 base codes (positions,), 0-3 = ACGT, 4 = N.

    `ambiguous` is the number of letters that are neither A, C, G, T nor N and became N.
    """

    name: str
    codes: np.ndarray
    ambiguous: int


def read_fasta(path: str | Path) -> Iterator[Chromosome]:
    """Stream the chromosomes of a FASTA file as base codes.

    One chromosome is in memory at a time, and no index is written beside the file, so it may be
    plain, gzip or bgzip and lie in a read-only folder. Lower case (soft masking) is the same base;
    every letter but A, C, G, T becomes N.

    Parameters
    ----------
    path : str or Path
        FASTA file.

    Yields
    ------
    Chromosome
        Name and base codes, in the order of the file.

    Raises
    ------
    InputError
        When the file is missing, empty, truncated or not FASTA, has a chromosome twice or one
        without sequence.
    """
    _check_end(path)
    seen = set()
    try:
        with pysam.FastxFile(str(path), persist=False) as records:
            for record in records:
                if record.name in seen:
                    raise InputError(f"{path}: chromosome {record.name} stands twice; remove one")
                seen.add(record.name)
                yield _encode(path, record)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path}: cannot be read to its end ({error}); it seems truncated, fetch it again"
        ) from None
    if not seen:
        raise InputError(f"{path}: no chromosome found; give a FASTA file with `>name` lines")


def read_sizes(path: str | Path) -> dict[str, int]:
    """Read names and lengths of all chromosomes, in the order of the FASTA file.

    This reads the whole file once, which also proves it whole before any work starts.
    """
    return {chromosome.name: len(chromosome.codes) for chromosome in read_fasta(path)}


def _encode(path: str | Path, record) -> Chromosome:
    """Turn the letters of a record into codes, in a function so that the text is freed early."""
    letters = (record.sequence or "").encode().rstrip(b"\r")
    if not letters:
        raise InputError(f"{path}: chromosome {record.name} has no sequence; remove it")
    codes = np.frombuffer(letters.translate(_CODES), np.uint8)
    return Chromosome(record.name, codes, len(letters.translate(None, b"ACGTNacgtn")))


def _check_end(path: str | Path) -> None:
    """Refuse a missing file, and a bgzip file cut between two blocks: pysam only warns of it."""
    if not Path(path).is_file():
        raise InputError(f"{path}: there is no such file; correct the path of the FASTA file")
    with open(path, "rb") as file:
        head = file.read(14)
        is_bgzip = head[:4] == _BGZF_END[:4] and head[12:] == _BGZF_END[12:14]
        file.seek(0, 2)
        file.seek(max(0, file.tell() - len(_BGZF_END)))
        if is_bgzip and file.read() != _BGZF_END:
            raise InputError(
                f"{path}: the bgzip end marker is missing; it is truncated, fetch it again"
            )
