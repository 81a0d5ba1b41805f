"""Read a VCF file record by record."""

import gzip
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pysam

from epibench.data.bgzip import check_end, is_bgzip
from epibench.errors import InputError
from epibench.files import require_file
from epibench.variants.htslib import silent

_HEAD, _BEGINNINGS = 16, (b"##fileformat", b"BCF")


@dataclass(frozen=True)
class Record:
    """One record of a VCF file.

    Attributes
    ----------
    chrom : str
        Contig.
    start : int
        First position of REF, 0-based.
    name : str
        ID; "." without.
    ref : str
        REF as it stands there.
    alts : tuple of str
        Every ALT as it stands there; empty without.
    line : str
        The whole record.
    """

    chrom: str
    start: int
    name: str
    ref: str
    alts: tuple[str, ...]
    line: str


class VcfFile:
    """A VCF (or BCF) file that can be read several times; use as a context.

    htslib reads gzip only where it is bgzip; a file of plain gzip is packed again in a temporary
    folder.

    Parameters
    ----------
    path : path
        VCF file, plain, gzip or bgzip, or BCF.
    say : callable
        Gets notices, a sentence each.

    Attributes
    ----------
    header : list of str
        Lines of the header, but for that of column names. After `records` has come to its end they
        also declare what records use undeclared.
    columns : str
        The line of column names.
    info : list of str
        Names of the INFO fields that the header declares.

    Raises
    ------
    InputError
        When the file is missing, truncated or no VCF.
    """

    def __init__(self, path: str | Path, say: Callable[[str], None]):
        self.path = Path(path)
        require_file(path, "correct the path of the VCF")
        self._stack = ExitStack()
        self._readable = self.path
        if check_end(self.path) and not is_bgzip(self.path):
            say(f"{path} is compressed with gzip, not bgzip; packed again in a temporary folder")
            self._readable = self._pack_again()
        elif not is_bgzip(self.path) and not _ends_with_line(self.path):
            say(f"{path}: the last line has no end; the file may be cut")
        with self._open() as file:
            self._describe(file.header)

    def __enter__(self) -> "VcfFile":
        return self

    def __exit__(self, *error) -> None:
        self._stack.close()

    def records(self) -> Iterator[Record]:
        """Read all records from the first one, one at a time.

        Raises
        ------
        InputError
            Where a record cannot be read, naming the one before it.
        """
        last = None
        with self._open() as file:
            while True:
                try:
                    with silent():
                        found = next(file, None)
                    record = found and _record(found)
                except (OSError, ValueError) as error:
                    place = f"{last.chrom}:{last.start + 1}" if last else "the header"
                    raise InputError(
                        f"{self.path}: the record after {place} cannot be read; the file is "
                        "truncated or malformed, fetch it again or correct that line"
                    ) from error
                if record is None:
                    break
                last = record
                yield record
            self._describe(file.header)

    def _open(self) -> pysam.VariantFile:
        try:
            with silent():
                file = pysam.VariantFile(str(self._readable))
                str(file.header)  # fails where the text is not UTF-8
        except (OSError, ValueError) as error:
            raise InputError(
                f"{self.path}: is no VCF; the first line must be ##fileformat=VCFv4.x, the header "
                "must end with a line that begins with #CHROM, and the text must be UTF-8"
            ) from error
        return file

    def _describe(self, header: pysam.VariantHeader) -> None:
        *lines, columns = str(header).splitlines()
        self.header, self.columns = lines, columns
        self.info = list(header.info)

    def _pack_again(self) -> Path:
        """Pack the file with bgzip, which also proves that it is whole."""
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="epibench-"))
        packed = Path(folder) / "variants.vcf.gz"
        try:
            with gzip.open(self.path) as file, pysam.BGZFile(str(packed), "wb") as out:
                head = file.read(_HEAD)
                out.write(head)
                if head.startswith(_BEGINNINGS):  # what is no VCF may be endless; htslib refuses it
                    shutil.copyfileobj(file, out)
        except (OSError, EOFError, zlib.error) as error:
            self._stack.close()
            raise InputError(
                f"{self.path}: cannot be unpacked to its end ({error}); it seems truncated, fetch "
                "it again"
            ) from error
        return packed


def _record(found: pysam.VariantRecord) -> Record:
    """Take what is needed out of pysam's record."""
    return Record(
        found.contig,
        found.start,
        found.id or ".",
        found.ref or ".",
        found.alts or (),
        str(found).rstrip("\n"),
    )


def _ends_with_line(path: Path) -> bool:
    """Tell whether a text file ends with the end of a line."""
    with open(path, "rb") as file:
        file.seek(max(0, path.stat().st_size - 1))
        return file.read() in (b"\n", b"")
