"""Tell a whole bgzip file from one that was cut between two blocks."""

from pathlib import Path

from epibench.errors import InputError

_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
_FLAGS, _FIELD = slice(0, 4), slice(12, 14)  # gzip with an extra field, which is called BC


def check_end(path: str | Path) -> bool:
    """Refuse a cut bgzip file, and tell whether a file is compressed with gzip at all.

    Every block of a bgzip file is a whole gzip file, so gzip itself reads a file that ends too
    early without a complaint; the last block of a whole one is an empty block.

    Raises
    ------
    InputError
        When the empty last block is missing.
    """
    with open(path, "rb") as file:
        head = file.read(2)
        file.seek(0, 2)
        file.seek(max(0, file.tell() - len(_END)))
        if is_bgzip(path) and file.read() != _END:
            raise InputError(
                f"{path}: the bgzip end marker is missing; it is truncated, fetch it again"
            )
    return head == _END[:2]


def is_bgzip(path: str | Path) -> bool:
    """Tell whether a file is made of bgzip's blocks, so that it can be read from any place."""
    with open(path, "rb") as file:
        head = file.read(14)
    return head[_FLAGS] == _END[_FLAGS] and head[_FIELD] == _END[_FIELD]
