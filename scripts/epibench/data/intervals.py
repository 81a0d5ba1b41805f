"""Arithmetic on sorted, disjoint intervals: int64 (intervals, 2), start and end, half-open."""

import numpy as np


def runs(mask: np.ndarray) -> np.ndarray:
    """Give the intervals in which a bool mask (positions,) is True."""
    inner = np.flatnonzero(mask[1:] != mask[:-1]) + 1
    first, last = [[0]] * bool(mask[:1].any()), [[len(mask)]] * bool(mask[-1:].any())
    return np.concatenate([*first, inner, *last]).astype(np.int64).reshape(-1, 2)


def join(parts: list[np.ndarray]) -> np.ndarray:
    """Concatenate intervals that follow each other, merging those that touch."""
    intervals = np.concatenate([np.zeros((0, 2), np.int64), *parts])
    apart = intervals[1:, 0] > intervals[:-1, 1]
    first = np.concatenate([[True], apart])[: len(intervals)]
    last = np.concatenate([apart, [True]])[: len(intervals)]
    return np.stack([intervals[first, 0], intervals[last, 1]], axis=1)


def complement(intervals: np.ndarray, length: int) -> np.ndarray:
    """Give what the intervals leave of [0, length)."""
    edges = np.concatenate([[0], intervals.ravel(), [length]]).reshape(-1, 2)
    return edges[edges[:, 0] < edges[:, 1]]


def count_within(starts: np.ndarray, length: int, intervals: np.ndarray) -> np.ndarray:
    """Count the positions of each window [start, start + length) that lie in the intervals."""
    before = np.concatenate([[0], np.cumsum(intervals[:, 1] - intervals[:, 0])])

    def positions_before(x: np.ndarray) -> np.ndarray:
        i = np.searchsorted(intervals[:, 0], x)
        overhang = intervals[i - 1, 1] - x if len(intervals) else 0
        return before[i] - np.where(i > 0, np.maximum(overhang, 0), 0)

    return positions_before(starts + length) - positions_before(starts)


def tile(stretches: np.ndarray, length: int, step: int) -> np.ndarray:
    """Cut each stretch into windows from its start; give the int64 starts, sorted.

    A window lies whole in its stretch; `step` below `length` makes windows overlap.
    """
    pieces = [np.arange(start, end - length + 1, step) for start, end in stretches.tolist()]
    return np.concatenate([np.zeros(0, np.int64), *pieces])


def mark(intervals: np.ndarray, start: int, end: int) -> np.ndarray:
    """Give a bool mask of [start, end), True inside the intervals, which may overlap."""
    mask = np.zeros(end - start, bool)
    near = intervals[(intervals[:, 0] < end) & (intervals[:, 1] > start)] - start
    for first, last in near.tolist():
        mask[max(first, 0) : last] = True
    return mask
