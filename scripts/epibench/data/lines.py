"""Read text files from outside line by line."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

from epibench.data.bgzip import check_end
from epibench.errors import InputError
from epibench.files import require_file

LONGEST_LINE = 1 << 20
"""Characters of the longest line that is read: a small file of gzip can hold one that fills all
memory."""


def read_lines(path: str | Path, kind: str) -> Iterator[str]:
    """Give the lines of a text file, plain, gzip or bgzip, each with its end.

    Parameters
    ----------
    path : path
    kind : str
        What the file should be, like "BED file", for messages.

    Raises
    ------
    InputError
        When it is no file, truncated, no text in UTF-8, or has a line that is too long.
    """
    require_file(path, f"correct the path of the {kind}")
    number = 0
    try:
        opener = gzip.open if check_end(path) else open
        with opener(path, "rt", encoding="utf-8-sig") as file:
            while line := file.readline(LONGEST_LINE):
                if "\0" in line:  # UTF-16 without a mark, or a binary file
                    raise UnicodeError
                if len(line) == LONGEST_LINE and not line.endswith("\n"):
                    raise InputError(
                        f"{path}: line {number + 1} has {LONGEST_LINE:,} characters or more; "
                        f"give a {kind}"
                    )
                number += 1
                yield line
    except UnicodeError:
        raise InputError(
            f"{path}: what follows line {number} is no text in UTF-8; give a {kind}, or save it "
            "as one"
        ) from None
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{path}: cannot be read to its end ({error}); it is truncated or no {kind}, "
            "fetch it again"
        ) from None
