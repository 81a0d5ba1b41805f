"""Outputs that appear whole or not at all."""

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    host = socket.gethostname()
    _remove_leftovers(path, host)
    temporary = path.with_name(f".{host}-{os.getpid()}.{path.name}")
    try:
        yield temporary
        if path.is_dir():
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
