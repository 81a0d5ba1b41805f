"""Read all tracks of a chromosome side by side, in blocks, and store what is wanted of each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from epibench.data.bigwig import BigWig
from epibench.data.intervals import mark
from epibench.data.plan_windows import Candidates
from epibench.data.settings import WindowSettings
from epibench.data.write_store import StoreWriter

BLOCK = 1 << 20
"""Positions of every target that are in memory at a time: this bounds the memory of the pass."""

HIGHEST = np.float32(np.finfo(np.float16).max)
"""Coverage is stored as float16; what lies beyond its range is clipped and counted."""


@dataclass(frozen=True)
class Place:
    """Name a chromosome, with its index in the store, its split and its base codes."""

    name: str
    index: int
    split: str
    codes: np.ndarray
    excluded: np.ndarray


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
            starts, edges = table.start[part], _edges(table.start[part] - start, settings.length)
            maximum = _reduce(np.maximum, values, edges)
            mean = _reduce(np.add, clipped, edges) / np.float32(settings.length)
            writer.add_windows(kind, place, starts, maximum, mean, table.labels[part])
            wanted = starts if kind == "peak_windows" else starts[(maximum > lowest).any(axis=1)]
            kept = np.concatenate([kept, np.stack([wanted, wanted + settings.length], axis=1)])
        keep = mark(kept, start, end) if place.split == "train" else np.ones(end - start, bool)
        kept = kept[kept[:, 1] > end]
        size = end - start
        replicate2 = None
        if place.split == "test" and any(replicates):
            replicate2 = [r and r.read(place.name, start, end) for r in replicates]
        writer.add_block(
            place, start, keep, [c[:size] for c in clipped], [v[:size] for v in values], replicate2
        )


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
        ahead = [v[end - start :] for v in values]
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
