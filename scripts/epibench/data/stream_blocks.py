"""Read all tracks of a chromosome side by side, in blocks, and store what is wanted of each."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from epibench.data.bigwig import BigWig
from epibench.data.counts import Counts
from epibench.data.intervals import count_within, mark, runs
from epibench.data.plan_windows import Candidates, Place
from epibench.data.settings import CoverageSettings, WindowSettings
from epibench.data.tally import Tally, clip
from epibench.data.write_store import StoreWriter
from epibench.words import SPLITS

BLOCK = 1 << 20
"""Positions of every target that are in memory at a time: this bounds the memory of the pass."""


class Track:
    """A bigWig that is read in blocks, with what was counted in it.

    `values` float32 and `uncovered` bool hold the current block and what is read beyond it.
    """

    def __init__(self, file: BigWig):
        self.file = file
        self.tallies = {split: Tally() for split in SPLITS}
        self.rewind()

    def rewind(self) -> None:
        """Begin with another chromosome."""
        self.values, self.uncovered, self._end = np.zeros(0, np.float32), np.zeros(0, bool), 0

    def advance(self, place: Place, start: int, end: int) -> None:
        """Read on to `end`, and keep what lies behind `start`: every position is read once."""
        behind = start - self.begin
        piece = self.file.read_piece(place.name, self._end, end)
        self.tallies[place.split].add(piece, clip(piece.values))
        self.values = np.concatenate([self.values[behind:], piece.values])
        self.uncovered = np.concatenate([self.uncovered[behind:], piece.uncovered])
        self._end = end

    @property
    def begin(self) -> int:
        """Position of the first of `values` on the chromosome."""
        return self._end - len(self.values)

    def measure(self, starts: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Give maximum and mean of windows, float32 (windows,), by their starts in `values`."""
        total = _reduce(np.add, clip(self.values), starts, length)
        return _reduce(np.maximum, self.values, starts, length), total / np.float32(length)


@dataclass(frozen=True)
class Pass:
    """Hold what the pass over the tracks works with.

    `tracks` are replicate 1 of each target, `replicates` replicate 2 or None, which is read on test
    chromosomes; `pool` works on several tracks at a time.
    """

    writer: StoreWriter
    counts: Counts
    tracks: Sequence[Track]
    replicates: Sequence[Track | None]
    windows: WindowSettings
    coverage: CoverageSettings
    pool: Executor


def store_chromosome(
    work: Pass,
    place: Place,
    blocks: Iterable[tuple[int, np.ndarray]],
    candidates: dict[str, Candidates],
) -> int:
    """Measure the windows of a chromosome and store its sequence and coverage.

    Test and validation chromosomes are stored whole, of training chromosomes only the windows that
    a declared window set needs. A block decides on the windows that start in it, for which the
    tracks are read one window length further; positions are final once their block is done.

    Parameters
    ----------
    work : Pass
        Tracks, settings, and the writer that takes windows and positions.
    place : Place
        The chromosome.
    blocks : iterable of (int, ndarray)
        Start and base codes uint8 (positions,) of each block.
    candidates : dict of str to Candidates
        The chromosome's windows by the name of their table; those left out are counted here.

    Returns
    -------
    int
        Masked positions that some target does not cover; 0 where they count as 0.
    """
    length, masked = work.windows.length, 0
    kept = np.zeros((0, 2), np.int64)
    for track in [*work.tracks, *filter(None, work.replicates)]:
        track.rewind()
    for start, codes in blocks:
        end = start + len(codes)
        until = min(end + length, place.length)
        _each(work.pool, work.tracks, lambda track, a=(start, until): track.advance(place, *a))
        gaps = _gaps(work)
        for table, windows in candidates.items():
            wanted = _add_windows(work, place, table, windows.between(start, end), gaps + start)
            kept = np.concatenate([kept, np.stack([wanted, wanted + length], axis=1)])
        keep = mark(kept, start, end) if place.split == "train" else np.ones(end - start, bool)
        kept = kept[kept[:, 1] > end]
        missing = mark(gaps, 0, end - start)
        masked += int(np.count_nonzero(missing))
        work.writer.add_positions(
            place,
            start,
            keep,
            sequence=codes[keep],
            mask=(mark(place.excluded, start, end) | missing)[keep],
            coverage=_rows(work.pool, work.tracks, keep),
        )
        if place.split == "test" and any(work.replicates):
            _add_replicate2(work, place, start, end)
    return masked


def _add_windows(
    work: Pass, place: Place, table: str, windows: Candidates, gaps: np.ndarray
) -> np.ndarray:
    """Measure and store the windows of a block; give the starts of those that a set needs."""
    covered = count_within(windows.start, work.windows.length, gaps) == 0
    windows.left_out["uncovered"] = windows.left_out.get("uncovered", 0) + int(np.sum(~covered))
    starts, labels = windows.start[covered], windows.labels[covered]
    measures = _each(
        work.pool, work.tracks, lambda t: t.measure(starts - t.begin, work.windows.length)
    )
    maximum, mean = (np.stack(columns, axis=1) for columns in zip(*measures, strict=True))
    work.writer.add_windows(table, place, start=starts, maximum=maximum, mean=mean, labels=labels)
    work.counts.add_windows(table, place.split, maximum, labels)
    if table == "peak_windows":
        return starts
    lowest = min(work.windows.thresholds, default=np.inf)
    return starts[(maximum > lowest).any(axis=1)]


def _add_replicate2(work: Pass, place: Place, start: int, end: int) -> None:
    """Read and store replicate 2 of each target, NaN where it has none."""
    present = [track for track in work.replicates if track]
    _each(work.pool, present, lambda track: track.advance(place, start, end))
    rows = np.full((end - start, len(work.replicates)), np.nan, np.float16)
    columns = [t for t, track in enumerate(work.replicates) if track]
    rows[:, columns] = _rows(work.pool, present, np.ones(end - start, bool))
    work.writer.add_replicate2(rows)


def _gaps(work: Pass) -> np.ndarray:
    """Give the masked runs of positions that some target does not cover, from the block's start."""
    if work.coverage.uncovered == "zero":
        return np.zeros((0, 2), np.int64)
    return runs(np.logical_or.reduce([track.uncovered for track in work.tracks]))


def _rows(pool: Executor, tracks: Sequence[Track], keep: np.ndarray) -> np.ndarray:
    """Give the kept positions of the block of each track as float16 (positions, tracks)."""
    rows = np.empty((np.count_nonzero(keep), len(tracks)), np.float16)
    chosen = slice(len(keep)) if keep.all() else np.flatnonzero(keep)

    def fill(t: int) -> None:
        rows[:, t] = clip(tracks[t].values)[chosen]

    _each(pool, range(len(tracks)), fill)
    return rows


def _each(pool: Executor, items: Iterable, work: Callable) -> list:
    """Work on every item, several at a time; the first error is raised."""
    return list(pool.map(work, items))


def _reduce(ufunc: np.ufunc, values: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """Reduce values over windows that may overlap."""
    if not len(starts):
        return np.zeros(0, np.float32)
    edges = np.stack([starts, starts + length], axis=1).ravel()
    return ufunc.reduceat(values, edges[:-1] if edges[-1] == len(values) else edges)[::2]
