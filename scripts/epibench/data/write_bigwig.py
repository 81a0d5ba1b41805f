"""Write coverage as bigWig files that are whole or absent."""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
import pyBigWig

from epibench.data.intervals import runs
from epibench.files import whole

_MAGIC = bytes.fromhex("26fc8f88")


@contextmanager
def new_bigwig(
    path: str | Path, chromosomes: Mapping[str, int], *, zooms: bool = True
) -> Iterator["pyBigWig.pyBigWig"]:
    """Open a bigWig file for writing; it appears under its name when the block ends well.

    Parameters
    ----------
    path : path
        File to write.
    chromosomes : mapping of str to int
        Name and length of every chromosome, in the order in which values will be added.
    zooms : bool, default True
        Whether summaries are stored with which a genome browser shows whole chromosomes quickly.
        They are made when the file is closed and then take 14 bytes of memory a value (2 GB for
        145 Mb at base resolution); files that only programs read do without.

    Raises
    ------
    OSError
        When the file could not be completed: the library itself ends without an error on a full
        disk.
    """
    with whole(path) as temporary:
        with closing(pyBigWig.open(str(temporary), "w")) as file:
            file.addHeader(list(chromosomes.items()), maxZooms=10 if zooms else 0)
            yield file
        _check_end(temporary, path)


def _check_end(temporary: Path, path: str | Path) -> None:
    """Raise OSError unless a closed file ends as the format asks: with its magic number."""
    with open(temporary, "rb") as file:
        file.seek(-len(_MAGIC), os.SEEK_END)
        if file.read() != _MAGIC:
            raise OSError(f"{path} could not be written to its end; is the disk full?")


def add_bins(
    file: "pyBigWig.pyBigWig", chrom: str, start: int, values: np.ndarray, bin_size: int
) -> None:
    """Add neighbouring bins of one width to an open bigWig file, which stores float32.

    Parameters
    ----------
    file : pyBigWig file
        Open for writing; what is added must come in the order of the genome.
    chrom : str
        Chromosome.
    start : int
        First position of the first bin, 0-based.
    values : float, shape (bins,)
        One value a bin; NaN is left out.
    bin_size : int
        Width of a bin in bp.
    """
    values = values.astype(np.float32)
    for first, last in runs(~np.isnan(values)).tolist():
        file.addEntries(
            chrom,
            int(start) + first * bin_size,
            values=values[first:last],
            span=bin_size,
            step=bin_size,
        )
