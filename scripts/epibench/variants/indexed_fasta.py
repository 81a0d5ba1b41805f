"""Read the genome at any place."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pysam

from epibench.data.bgzip import check_end, is_bgzip
from epibench.errors import InputError
from epibench.files import require_file
from epibench.sequence import N
from epibench.variants.htslib import silent
from epibench.words import BASES

_CODES = np.full(256, N, np.uint8)
for _code, _base in enumerate(BASES):
    _CODES[[ord(_base), ord(_base.lower())]] = _code


class IndexedFasta:
    """A FASTA file of which any part can be read; use as a context.

    The indices `.fai` and, of a bgzip file, `.gzi` are taken where they lie beside the file and are
    not older than it. Otherwise they are made in a temporary folder, since the file's own may be
    read-only: seconds for a plain human genome.

    Parameters
    ----------
    path : path
        FASTA file, plain or bgzip.

    Raises
    ------
    InputError
        When the file is missing, truncated, compressed in another way or not FASTA.
    """

    def __init__(self, path: str | Path):
        self._path = Path(path)
        self._stack = ExitStack()
        self._file = self._open()
        self._lengths = dict(zip(self._file.references, self._file.lengths, strict=True))

    def __enter__(self) -> "IndexedFasta":
        return self

    def __exit__(self, *error) -> None:
        self._stack.close()

    @property
    def names(self) -> list[str]:
        """Give the names of the contigs, in the order of the file."""
        return list(self._lengths)

    def length(self, chrom: str) -> int | None:
        """Give the length of a contig in bp; None where there is none of that name."""
        return self._lengths.get(chrom)

    def codes(self, chrom: str, start: int, end: int) -> np.ndarray:
        """Read base codes of a known contig, 0 <= start <= end <= length.

        Returns
        -------
        uint8, shape (end - start,)
            0-3 = ACGT, in lower case as well; 4 for every other letter.

        Raises
        ------
        InputError
            When the file holds less than its index says.
        """
        try:
            letters = self._file.fetch(chrom, start, end).encode()
        except (OSError, ValueError):
            letters = b""
        if len(letters) != end - start:
            raise InputError(
                f"{self._path}: {chrom}:{start + 1}-{end} cannot be read; the file is damaged or "
                "does not belong to its index, fetch it again and remove its .fai and .gzi"
            )
        return _CODES[np.frombuffer(letters, np.uint8)]

    def _open(self) -> pysam.FastaFile:
        require_file(self._path, "correct --fasta")
        compressed = check_end(self._path)
        if compressed and not is_bgzip(self._path):
            raise InputError(
                f"{self._path}: is compressed with gzip, which cannot be read at any place; unpack "
                "it, or compress it with bgzip instead"
            )
        path = self._path.absolute()
        if not _has_indices(path, [".fai", ".gzi"] if compressed else [".fai"]):
            folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="epibench-"))
            path = Path(folder) / self._path.name
            path.symlink_to(self._path.absolute())
        try:
            with silent():
                return self._stack.enter_context(pysam.FastaFile(str(path)))
        except (OSError, ValueError) as error:
            self._stack.close()
            raise InputError(
                f"{self._path}: cannot be indexed as FASTA; it needs `>name` lines, and all lines "
                "of a sequence but the last must be equally long"
            ) from error


def _has_indices(path: Path, suffixes: list[str]) -> bool:
    """Tell whether all indices lie beside a file, made after it."""
    made = path.stat().st_mtime
    indices = [path.with_name(path.name + suffix) for suffix in suffixes]
    return all(index.is_file() and index.stat().st_mtime >= made for index in indices)
