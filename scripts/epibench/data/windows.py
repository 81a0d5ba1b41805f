"""Choose windows and inputs of a store: views of its tables, never copies of its data."""

import json
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from epibench.data.intervals import complement, count_within, runs, tile
from epibench.data.settings import WindowSettings
from epibench.data.store import Store
from epibench.errors import InputError
from epibench.sequence import N
from epibench.words import SPLITS


@dataclass(frozen=True)
class Tiles:
    """Hold intervals of one length.

    `chrom` int16 (n,) counts the store's chromosomes, `start` int64 (n,) is 0-based, `offset` int64
    (n,) is the index of the first position in the store's arrays.
    """

    chrom: np.ndarray
    start: np.ndarray
    offset: np.ndarray

    def __len__(self) -> int:
        return len(self.start)


@dataclass(frozen=True)
class Windows(Tiles):
    """Hold the windows of a window set.

    `maximum` and `mean` are float32 (n, targets) coverage of the whole window; `labels` int8
    (n, targets) say whether a peak overlaps the central input: 1, 0, or -1 without peaks.
    """

    maximum: np.ndarray
    mean: np.ndarray
    labels: np.ndarray


def select(store: Store, window_set: str, split: str) -> Windows:
    """Select the windows of a window set in a split.

    Parameters
    ----------
    store : Store
        The coverage store.
    window_set : str
        `threshold<t>` or `peaks`, one that the store's settings declare.
    split : str
        `train`, `valid` or `test`.

    Returns
    -------
    Windows
        In genome order.

    Raises
    ------
    InputError
        When the set was not declared or the split is unknown.
    """
    settings = WindowSettings(**store.summary["settings"]["windows"])
    _check_split(split)
    if window_set not in settings.window_sets():
        raise InputError(
            f"the window set {window_set!r} is not in the store {store.folder} (declared: "
            f"{', '.join(settings.window_sets())}); declare it under windows and make the store"
        )
    if window_set == "peaks":
        return _read(store, "peak_windows", split)
    return _read(store, "windows", split, above=float(window_set.removeprefix("threshold")))


def tiled_windows(store: Store, split: str) -> Windows:
    """Give every tiled window of a split, whatever its coverage.

    Parameters
    ----------
    store : Store
        The coverage store.
    split : str
        `test` or `valid`, whose chromosomes are stored whole.

    Returns
    -------
    Windows
        In genome order.

    Raises
    ------
    InputError
        When the split is not stored whole or unknown.
    """
    _check_stored_whole(split)
    return _read(store, "windows", split)


def tile_inputs(store: Store, split: str, length: int) -> Tiles:
    """Tile the whole chromosomes of a split with non-overlapping inputs.

    Each mappable stretch is tiled from its start, whatever the coverage; inputs rich in N are left
    out (Toneyan et al. 2022, Methods: the whole-chromosome test set).

    Parameters
    ----------
    store : Store
        The coverage store.
    split : str
        `test` or `valid`, whose chromosomes are stored whole.
    length : int
        Input length in bp.

    Returns
    -------
    Tiles
        In genome order.

    Raises
    ------
    InputError
        When the split is not stored whole or no input fits.
    """
    _check_stored_whole(split)
    most = store.summary["settings"]["windows"]["max_n_fraction"] * length
    parts = []
    for chrom, _, size, offset in store.intervals(split):
        here = slice(offset, offset + size)
        start = tile(complement(runs(store.mask[here]), size), length, length)
        start = start[count_within(start, length, runs(store.sequence[here] == N)) <= most]
        parts.append((np.full(len(start), chrom, np.int16), start, start + offset))
    chrom, start, offset = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    if not len(start):
        raise InputError(
            f"no input of {length} bp fits the mappable stretches of the {split} split; "
            "lower windows.input_length or check the excluded regions"
        )
    return Tiles(chrom, start, offset)


def fingerprint(store: Store, tiles: Tiles, length: int) -> str:
    """Give a short checksum of test inputs, the same wherever the same data are scored.

    It covers places, lengths, targets, and sequence and coverage of the test chromosomes, but not
    the training data: rows of a table that differ in it must not be compared.

    Parameters
    ----------
    store : Store
        The coverage store.
    tiles : Tiles
        Inputs of test chromosomes.
    length : int
        Input length in bp.

    Returns
    -------
    str
        12 hexadecimal digits.
    """
    used, chrom = np.unique(tiles.chrom, return_inverse=True)
    names = [list(store.chromosomes)[i] for i in used]
    data = [store.summary["sha256"][array]["test"] for array in ("sequence", "coverage")]
    content = sha256(json.dumps([names, length, store.targets, data]).encode())
    content.update(chrom.astype("<i8").tobytes())
    content.update(tiles.start.astype("<i8").tobytes())
    return content.hexdigest()[:12]


def training_means(store: Store, windows: Windows) -> np.ndarray:
    """Average the coverage of training windows per target, for `target_scale: mean`.

    Returns
    -------
    ndarray
        float64 (targets,), each above 0.

    Raises
    ------
    InputError
        When a target has no coverage there, so that it cannot be scaled by its mean.
    """
    means = windows.mean.mean(axis=0, dtype=np.float64)
    for target, mean in zip(store.targets, means, strict=True):
        if not mean > 0:
            raise InputError(
                f"target {target} has the mean coverage {mean:g} in the training windows; "
                "check its track"
            )
    return means


def _read(store: Store, kind: str, split: str, above: float = -np.inf) -> Windows:
    """Read the windows of a table in a split whose maximum coverage exceeds `above`."""
    table = store.table(kind)
    chosen = table["split"] == SPLITS.index(split)
    chosen &= table["maximum"].max(axis=1) > above
    columns = {name: table[name][chosen] for name in table if name != "split"}
    length = store.summary["settings"]["windows"]["length"]
    return Windows(**columns, offset=store.offset(columns["chrom"], columns["start"], length))


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise InputError(f"there is no split {split!r}; give one of {', '.join(SPLITS)}")


def _check_stored_whole(split: str) -> None:
    _check_split(split)
    if split == "train":
        raise InputError("training chromosomes are not stored whole; tile valid or test")
