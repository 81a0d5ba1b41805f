"""The inputs that every predictor is scored on, and what is known of them before any prediction."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from epibench.data.peaks import label_windows
from epibench.data.settings import WindowSettings
from epibench.data.store import Store
from epibench.data.windows import Tiles, fingerprint, select, tile_inputs
from epibench.evaluate.predictors import READ_AT_ONCE

LONGEST_BLOCK = 1_000_000
FEWEST_WINDOWS = 5
BLOCKS = 50


@dataclass(frozen=True)
class InputSet:
    """Hold the inputs of one test set, in genome order.

    Attributes
    ----------
    store : Store
        Where they lie.
    tiles : Tiles
        Place of each input.
    length : int
        Of an input, in bp.
    labels : int8, shape (inputs, targets)
        1 where a peak of the target overlaps the input by half of either, 0, or -1 without peaks.
    block : int64, shape (inputs,)
        Number of the block of the genome that each input lies in, from 0.
    blocks : int
        Number of blocks with an input.
    """

    store: Store
    tiles: Tiles
    length: int
    labels: np.ndarray
    block: np.ndarray
    blocks: int

    def __len__(self) -> int:
        return len(self.tiles)

    @cached_property
    def test_set(self) -> str:
        """Checksum of what is scored: scores that differ in it must not share a table."""
        return fingerprint(self.store, self.tiles, self.length)

    @cached_property
    def mean(self) -> np.ndarray:
        """Mean measured coverage, float32, shape (inputs, targets)."""
        return self._measured[0]

    @cached_property
    def maximum(self) -> np.ndarray:
        """Maximum of the measured coverage at base resolution, float32, (inputs, targets)."""
        return self._measured[1]

    @cached_property
    def gc(self) -> np.ndarray:
        """Share of G and C among the known bases, float64, shape (inputs,)."""
        parts = [self.sequence(slice(at, at + 4096)) for at in range(0, len(self), 4096)]
        strong = [((codes == 1) | (codes == 2)).sum(axis=1) for codes in parts]
        known = [(codes < 4).sum(axis=1) for codes in parts]
        return np.concatenate(strong) / np.maximum(np.concatenate(known), 1)

    @cached_property
    def follows(self) -> np.ndarray:
        """Whether an input starts where the one before it ends, bool (inputs + 1,).

        The first does not, nor would one after the last.
        """
        chrom, start = self.tiles.chrom, self.tiles.start
        joined = (chrom[1:] == chrom[:-1]) & (start[1:] == start[:-1] + self.length)
        return np.concatenate([[False], joined, [False]])

    @cached_property
    def groups(self) -> dict[str, np.ndarray]:
        """Inputs of high activity, bool (inputs, targets) each, for each kind of them.

        `top_decile`: mean measured coverage of the target in the top decile of all inputs;
        `peaks`: with a peak of the target.
        """
        most = np.quantile(self.mean, 0.9, axis=0)
        return {"top_decile": self.mean >= np.maximum(most, 0), "peaks": self.labels == 1}

    def rows(self, part: slice | np.ndarray) -> np.ndarray:
        """Give the places of inputs in the store's arrays, int64, shape (inputs, length)."""
        return self.tiles.offset[part, None] + np.arange(self.length)

    def sequence(self, part: slice | np.ndarray) -> np.ndarray:
        """Read base codes, uint8, shape (inputs, length)."""
        return self.store.sequence[self.rows(part)]

    def coverage(self, part: slice | np.ndarray) -> np.ndarray:
        """Read measured coverage, float32, shape (inputs, length, targets)."""
        return self.store.coverage[self.rows(part)].astype(np.float32)

    @cached_property
    def _measured(self) -> tuple[np.ndarray, np.ndarray]:
        parts = []
        for at in range(0, len(self), READ_AT_ONCE):
            values = self.coverage(slice(at, at + READ_AT_ONCE))
            parts.append((values.mean(axis=1), values.max(axis=1)))
        return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def tiled_inputs(store: Store, split: str = "test", block_length: int | None = None) -> InputSet:
    """Give the non-overlapping inputs that tile the whole chromosomes of a split.

    Parameters
    ----------
    store : Store
        The coverage store.
    split : str
        `test` (default) or `valid`.
    block_length : int or None
        Length in bp of the blocks that intervals resample; None: see `default_block_length`.
    """
    length = store.summary["settings"]["windows"]["input_length"]
    return make_inputs(store, tile_inputs(store, split, length), length, block_length)


def peak_inputs(store: Store, block_length: int | None = None) -> InputSet:
    """Give the central inputs of the peak-centred test windows, see `tiled_inputs`."""
    windows = WindowSettings(**store.summary["settings"]["windows"])
    chosen = select(store, "peaks", "test")
    central = (windows.length - windows.input_length) // 2
    tiles = Tiles(chosen.chrom, chosen.start + central, chosen.offset + central)
    return make_inputs(store, tiles, windows.input_length, block_length)


def make_inputs(store: Store, tiles: Tiles, length: int, block_length: int | None) -> InputSet:
    """Sort inputs into genome order, label them, and assign each to a block of the genome."""
    order = np.lexsort((tiles.start, tiles.chrom))
    tiles = Tiles(tiles.chrom[order], tiles.start[order], tiles.offset[order])
    block, blocks = assign_blocks(store, tiles, block_length or default_block_length(store))
    return InputSet(store, tiles, length, label_inputs(store, tiles, length), block, blocks)


def default_block_length(store: Store) -> int:
    """Give min(1 Mb, a fiftieth of the test chromosomes), never under 5 windows, in bp.

    Coverage is correlated over kilobases (domains, neighbouring peaks), so blocks must be much
    longer than that to be independent, and many enough for the spread between them to be known.
    """
    total = sum(c["length"] for c in store.summary["chromosomes"] if c["split"] == "test")
    shortest = FEWEST_WINDOWS * store.summary["settings"]["windows"]["length"]
    return max(min(LONGEST_BLOCK, total // BLOCKS), shortest)


def assign_blocks(store: Store, tiles: Tiles, block_length: int) -> tuple[np.ndarray, int]:
    """Cut each chromosome into equal blocks of about `block_length` bp.

    An input belongs to the block of its first base. Blocks without an input are left out.

    Returns
    -------
    block : int64, shape (inputs,)
        From 0.
    blocks : int
    """
    sizes = np.array(list(store.chromosomes.values()))[tiles.chrom]
    pieces = np.maximum(np.rint(sizes / block_length), 1)
    piece = np.floor(tiles.start / sizes * pieces).astype(np.int64)
    _, block = np.unique(np.stack([tiles.chrom, piece]), axis=1, return_inverse=True)
    block = block.reshape(-1)
    return block, int(block.max()) + 1


def label_inputs(store: Store, tiles: Tiles, length: int) -> np.ndarray:
    """Label inputs by the peaks of each target, int8, shape (inputs, targets)."""
    peaks = store.table("peaks")
    labels = np.full((len(tiles), len(store.targets)), -1, np.int8)
    for t, name in enumerate(store.targets):
        if store.summary["peaks"][name] is None:
            continue
        labels[:, t] = 0
        for chrom in np.unique(tiles.chrom):
            here = np.flatnonzero(tiles.chrom == chrom)
            mine = (peaks["target"] == t) & (peaks["chrom"] == chrom)
            labels[here, t] = label_windows(
                tiles.start[here], length, peaks["start"][mine], peaks["end"][mine]
            )
    return labels
