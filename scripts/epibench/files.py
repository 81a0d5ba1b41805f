"""Files: inputs that can be read at all, and outputs that appear whole or not at all."""

import json
import os
import shutil
import socket
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from epibench.errors import InputError

LARGEST_TEXT = 32 << 20
"""Bytes of the largest config or samples table that is read, which is read at once."""


def require_file(path: str | Path, remedy: str) -> None:
    """Refuse what is no file: to open a pipe, or to read a device, may never end.

    Parameters
    ----------
    path : path
    remedy : str
        Ends the message, like "correct the path of the BED file".

    Raises
    ------
    InputError
    """
    try:
        mode = Path(path).stat().st_mode
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; {remedy}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {remedy}") from None
    except ValueError as error:  # a NUL in its name
        raise InputError(f"{str(path)!r} is no path ({error}); {remedy}") from None
    if stat.S_ISDIR(mode):
        raise InputError(f"{path}: this is a folder; {remedy}")
    if not stat.S_ISREG(mode):
        raise InputError(f"{path}: this is a pipe or a device and no file; {remedy}")


def read_text(path: str | Path, remedy: str) -> str:
    """Read a text that somebody wrote by hand, such as a config or a samples table.

    Raises
    ------
    InputError
        When it is no file, not in UTF-8, or so large that it cannot be meant.
    """
    require_file(path, remedy)
    try:
        if (size := Path(path).stat().st_size) > LARGEST_TEXT:
            raise InputError(
                f"{path}: has {size:,} bytes, more than the {LARGEST_TEXT:,} that are read; "
                f"{remedy}"
            )
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); {remedy}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not a text file in UTF-8; save it as one") from None


def read_json(
    path: str | Path,
    keys: Collection[str] = (),
    remedy: str = "delete it, and snakemake makes it again",
) -> Any:
    """Read JSON that an earlier job wrote.

    Parameters
    ----------
    path : path
    keys : collection of str
        Where there are any, the file must hold an object that has them.
    remedy : str
        Ends the message.

    Raises
    ------
    InputError
        When the file is missing, damaged, or another one.
    """
    require_file(path, remedy)
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read ({error}); {remedy}") from None
    lacking = [key for key in keys if not isinstance(found, dict) or key not in found]
    if lacking:
        raise InputError(f"{path} has no {lacking[0]!r}; {remedy}")
    return found


@contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`, and rename it to `path` when the block ends well.

    A reader never sees half a file, and two writers of the same file leave one whole result: the
    temporary name carries host and process. On an exception the temporary file or folder is
    removed; what a killed process of this host left is removed by the next one that writes the
    same output. The name keeps the suffixes of `path`, since libraries choose a format by them.

    Parameters
    ----------
    path : path
        File or folder to make; its parent folders are made, and one that is there is replaced.

    Raises
    ------
    InputError
        When a file would replace a folder, which may hold anything.
    """
    path = Path(path)
    if not path.name:
        raise InputError(f"{path}: this is a folder; give the name of a file to write")
    path.parent.mkdir(parents=True, exist_ok=True)
    host = socket.gethostname()
    _remove_leftovers(path, host)
    temporary = path.with_name(f".{host}-{os.getpid()}.{path.name}")
    try:
        yield temporary
        if path.is_dir():
            if not temporary.is_dir():
                raise InputError(f"{path}: this is a folder; give the name of a file to write")
            old = path.with_name(f".{host}-{os.getpid()}.old.{path.name}")
            os.rename(path, old)
            os.rename(temporary, path)
            shutil.rmtree(old)
        else:
            os.replace(temporary, path)
    finally:
        _remove(temporary)


def _remove_leftovers(path: Path, host: str) -> None:
    """Remove temporary files of `path` whose process on this host has ended."""
    for leftover in path.parent.glob(f".{host}-*.{path.name}"):
        pid = leftover.name.removeprefix(f".{host}-").partition(".")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists() and Path("/proc/self").exists():
            _remove(leftover)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
