"""Read all tracks of a chromosome side by side, in blocks, and store what is wanted of each."""

from collections.abc import Iterator, Sequence

import numpy as np

from epibench.data.bigwig import HIGHEST, BigWig
from epibench.data.intervals import mark
from epibench.data.plan_windows import Candidates, Place
from epibench.data.settings import WindowSettings
from epibench.data.write_store import StoreWriter

BLOCK = 1 << 20
"""Positions of every target that are in memory at a time: this bounds the memory of the pass."""


def store_chromosome(
    writer: StoreWriter,
    place: Place,
    candidates: tuple[Candidates, Candidates],
    tracks: Sequence[BigWig],
    replicates: Sequence[BigWig | None],
    settings: WindowSettings,
) -> None:
    """Measure the windows of a chromosome and store its sequence and coverage.

    Test and validation chromosomes are stored whole, of training chromosomes only the windows that
    a declared window set needs. A block decides on the windows that start in it, for which it reads
    one window length further; positions are final once their block is done.

    Parameters
    ----------
    writer : StoreWriter
        Takes windows, positions and counts.
    place : Place
        The chromosome.
    candidates : (Candidates, Candidates)
        Its tiled and peak-centred windows.
    tracks, replicates : sequence of BigWig
        Replicate 1 of each target, and replicate 2 or None, which is read on test chromosomes.
    settings : WindowSettings
        Window length and thresholds.
    """
    lowest = min(settings.thresholds, default=np.inf)
    length = len(place.codes)
    kept = np.zeros((0, 2), np.int64)
    for start, end, values in _read_blocks(tracks, place.name, length, settings.length):
        clipped = [np.clip(v, -HIGHEST, HIGHEST) for v in values]
        for kind, table in zip(("windows", "peak_windows"), candidates, strict=True):
            part = slice(*np.searchsorted(table.start, [start, end]))
            starts = table.start[part]
            edges = _edges(starts - start, settings.length)
            maximum = _reduce(np.maximum, values, edges)
            writer.add_windows(
                kind,
                place,
                start=starts,
                maximum=maximum,
                mean=_reduce(np.add, clipped, edges) / np.float32(settings.length),
                labels=table.labels[part],
            )
            wanted = starts if kind == "peak_windows" else starts[(maximum > lowest).any(axis=1)]
            kept = np.concatenate([kept, np.stack([wanted, wanted + settings.length], axis=1)])
        keep = mark(kept, start, end) if place.split == "train" else np.ones(end - start, bool)
        kept = kept[kept[:, 1] > end]
        writer.add_positions(place, start, keep, _rows(clipped, keep))
        if place.split == "test" and any(replicates):
            writer.add_replicate2(_read_replicates(replicates, place.name, start, end))


def _read_replicates(
    replicates: Sequence[BigWig | None], chrom: str, start: int, end: int
) -> np.ndarray:
    """Read replicate 2 of each target, NaN where it has none."""
    missing = np.full(end - start, np.nan, np.float32)
    values = [r.read(chrom, start, end) if r else missing for r in replicates]
    return _rows([np.clip(v, -HIGHEST, HIGHEST) for v in values], np.ones(end - start, bool))


def _rows(values: list[np.ndarray], keep: np.ndarray) -> np.ndarray:
    """Store the kept positions of each target as float16 (positions, targets)."""
    rows = np.empty((np.count_nonzero(keep), len(values)), np.float16)
    for t, track in enumerate(values):
        rows[:, t] = track[: len(keep)][keep]
    return rows


def _read_blocks(
    tracks: Sequence[BigWig], chrom: str, length: int, overlap: int
) -> Iterator[tuple[int, int, list[np.ndarray]]]:
    """Give start, end and each target's values from start to `overlap` beyond the end.

    The overlap is kept for the next block, so every position is read and counted once.
    """
    ahead = [track.read(chrom, 0, min(overlap, length)) for track in tracks]
    for start in range(0, length, BLOCK):
        end = min(start + BLOCK, length)
        new = min(start + overlap, length), min(end + overlap, length)
        values = [
            np.concatenate([tail, track.read(chrom, *new)])
            for tail, track in zip(ahead, tracks, strict=True)
        ]
        ahead = [v[end - start :].copy() for v in values]
        yield start, end, values


def _edges(starts: np.ndarray, length: int) -> np.ndarray:
    """Give start and end of each window in turn, as `reduceat` takes them."""
    return np.stack([starts, starts + length], axis=1).ravel()


def _reduce(ufunc: np.ufunc, values: list[np.ndarray], edges: np.ndarray) -> np.ndarray:
    """Reduce each target over windows that may overlap: float32 (windows, targets)."""
    reduced = np.zeros((len(edges) // 2, len(values)), np.float32)
    for t, track in enumerate(values):
        inside = edges[:-1] if len(edges) and edges[-1] == len(track) else edges
        reduced[:, t] = ufunc.reduceat(track, inside)[::2] if len(edges) else 0
    return reduced
