"""Check the parts of bigWig and bigBed files that pyBigWig trusts without a look.

Data blocks carry checksums, but a wrong number in the header, the tree of chromosomes or the index
makes pyBigWig leave out data without a word, or ends the process (Kent et al. 2010, supplement, has
the format).
"""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from epibench.errors import InputError

HEADER = struct.Struct("<IHHQQQHHQQIQ")
_ZOOM = struct.Struct("<IIQQ")  # reduction, nothing, offsets of data and index
_TREE = struct.Struct("<IIIIQQ")  # signature, children a node, bytes of key and value, entries
_INDEX = struct.Struct("<IIQIIIIQII")  # signature, children a node, blocks, then their bounds
_NODE = struct.Struct("<BBH")  # leaf or not, nothing, entries
_TREE_SIGNATURE, _INDEX_SIGNATURE = 0x78CA8C91, 0x2468ACE0
_BOUNDS = [("chrom", "<u4"), ("start", "<u4"), ("last_chrom", "<u4"), ("end", "<u4")]
_BRANCH = np.dtype([*_BOUNDS, ("child", "<u8")])
_LEAF = np.dtype([*_BOUNDS, ("offset", "<u8"), ("size", "<u8")])


def count_records(path: str | Path) -> int:
    """Give the number of records that a bigBed file says it has (of a bigWig file: of blocks)."""
    with open(path, "rb") as file:
        data = HEADER.unpack(file.read(HEADER.size))[4]
        file.seek(data)
        return int.from_bytes(file.read(8), "little")


class _Damage(ValueError):
    """Say what is wrong in a file."""


def check_structure(path: str | Path) -> None:
    """Check zoom levels, tree of chromosomes and index of a whole bigWig or bigBed file.

    A few percent of the file are read. Wrong bounds of a block in the index that still lie within
    those of the level above are not found; a checksum of the file finds them.

    Raises
    ------
    InputError
        When one of them is damaged.
    """
    try:
        with (
            open(path, "rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        ):
            _, _, zooms, tree, data, index, *_, plain, _ = HEADER.unpack_from(content)
            _check_zooms(content, zooms)
            chromosomes = _count_chromosomes(content, tree)
            blocks = _read_index(content, index)
            _check_blocks(content, blocks, chromosomes, data, compressed=plain > 0)
    except (ValueError, OverflowError, struct.error) as error:  # of an empty file: ValueError
        what = error if isinstance(error, _Damage) else "an offset lies outside the file"
        raise InputError(f"{path}: the file is damaged ({what}); fetch it again") from None


def _require(right: bool, wrong: str) -> None:
    if not right:
        raise _Damage(wrong)


def _check_zooms(content: mmap.mmap, count: int) -> None:
    """Check that the data and the index of every zoom level are in the file."""
    for number in range(count):
        _, _, data, index = _ZOOM.unpack_from(content, HEADER.size + number * _ZOOM.size)
        _require(0 < data <= index < len(content), "a zoom level lies outside the file")


def _nodes(
    content: mmap.mmap, root: int, leaf: np.dtype, branch: np.dtype
) -> Iterator[tuple[np.ndarray, bool]]:
    """Give the entries of every node of a tree, from the root, and whether it is a leaf."""
    waiting, seen = [root], {root}
    while waiting:
        at = waiting.pop()
        is_leaf, _, count = _NODE.unpack_from(content, at)
        _require(is_leaf in (0, 1), "a node of a tree is of no known kind")
        dtype = leaf if is_leaf else branch
        entries = np.frombuffer(content, dtype, count, at + _NODE.size).copy()
        yield entries, bool(is_leaf)
        if not is_leaf:
            children = entries["child"].tolist()
            _require(seen.isdisjoint(children), "a tree comes back to one of its nodes")
            seen.update(children)
            waiting += reversed(children)


def _count_chromosomes(content: mmap.mmap, at: int) -> int:
    """Count the chromosomes in their tree; they are numbered from 0."""
    signature, _, key, value, count, _ = _TREE.unpack_from(content, at)
    _require(signature == _TREE_SIGNATURE, "the tree of chromosomes is not where it should be")
    _require(0 < key < 1 << 16 and value == 8, "the tree of chromosomes has keys of no known kind")
    leaf = np.dtype([("name", f"S{key}"), ("number", "<u4"), ("length", "<u4")])
    branch = np.dtype([("name", f"S{key}"), ("child", "<u8")])
    nodes = list(_nodes(content, at + _TREE.size, leaf, branch))
    entries = np.concatenate([entries for entries, is_leaf in nodes if is_leaf])
    numbers = np.sort(entries["number"])
    right = np.array_equal(numbers, np.arange(len(numbers))) and len(numbers) == count
    _require(right, "chromosomes are missing or numbered wrong")
    try:
        names = {name.decode() for name in entries["name"].tolist()}
    except UnicodeDecodeError:
        names = set()
    _require(len(names) == count, "the name of a chromosome is wrong")
    return count


def _read_index(content: mmap.mmap, at: int) -> np.ndarray:
    """Give the blocks in the index, all of which lie within the bounds of the nodes above."""
    signature, _, count, *_ = _INDEX.unpack_from(content, at)
    _require(signature == _INDEX_SIGNATURE, "the index is not where it should be")
    bounds, leaves = {at + _INDEX.size: (0, (1 << 64) - 1)}, [np.zeros(0, _LEAF)]
    order = [at + _INDEX.size]
    for entries, is_leaf in _nodes(content, order[0], _LEAF, _BRANCH):
        low, high = bounds[order.pop()]
        first = entries["chrom"].astype(np.uint64) << 32 | entries["start"]
        last = entries["last_chrom"].astype(np.uint64) << 32 | entries["end"]
        inside = (first >= low) & (last <= high) & (first < last)
        _require(bool(inside.all()), "bounds in the index contradict each other")
        if is_leaf:
            leaves.append(entries)
        else:
            children = entries["child"].tolist()
            bounds.update(zip(children, zip(first, last, strict=True), strict=True))
            order += reversed(children)
    blocks = np.concatenate(leaves)
    _require(len(blocks) == count, f"the index has {len(blocks)} of {count} blocks")
    return blocks


def _check_blocks(
    content: mmap.mmap, blocks: np.ndarray, chromosomes: int, data: int, compressed: bool
) -> None:
    """Check that blocks are of known chromosomes and in the file, and how they are stored."""
    if not len(blocks):
        return
    _require(int(blocks["last_chrom"].max()) < chromosomes, "the index has an unknown chromosome")
    ends = blocks["offset"] + blocks["size"]
    inside = (blocks["offset"] >= data) & (ends > blocks["offset"]) & (ends <= len(content))
    _require(bool(inside.all()), "a block lies outside the file")
    (chrom,) = struct.unpack_from("<I", content, int(blocks["offset"][0]))
    plain = chrom == blocks["chrom"][0]  # every block begins with the number of its chromosome
    _require(compressed or plain, "blocks are compressed, but the header does not say so")
