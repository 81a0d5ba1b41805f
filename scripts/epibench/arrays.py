"""Read arrays that other jobs wrote; damaged ones are refused in one sentence."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from epibench.errors import InputError

DAMAGE = (
    *(OSError, ValueError, EOFError, LookupError, RuntimeError, MemoryError),
    *(zipfile.BadZipFile, zlib.error),
)
"""What NumPy and zipfile raise for damaged files: RuntimeError where a bit says that a member is
encrypted, MemoryError where a header says that an array is huge, or where memory is short."""


def load_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Read all arrays of an `.npz` file, by name.

    Nothing in it is run: pickled objects are refused.

    Parameters
    ----------
    path : path

    Returns
    -------
    dict of str to ndarray

    Raises
    ------
    InputError
        When the file is missing or damaged.
    """
    with _named(path), np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def map_array(path: str | Path) -> np.ndarray:
    """Open an `.npy` file as a memory map, read-only, of which only what is touched is read.

    Parameters
    ----------
    path : path

    Returns
    -------
    ndarray

    Raises
    ------
    InputError
        When the file is missing, or shorter than its header says.
    """
    with _named(path):
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))  # slices faster


@contextmanager
def _named(path: str | Path) -> Iterator[None]:
    """Turn what NumPy says of a damaged file into a sentence that names it."""
    try:
        yield
    except MemoryError as error:
        raise InputError(
            f"{path} does not fit into memory, or is damaged ({error}); give the job more memory, "
            "or delete the file, and snakemake makes it again"
        ) from None
    except DAMAGE as error:
        raise InputError(
            f"{path} cannot be read ({error}); delete it, and snakemake makes it again"
        ) from None
