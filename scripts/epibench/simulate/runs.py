"""Find stretches of equal values, and write them as bigWig intervals."""

import numpy as np

DIGITS = 4  # significant digits of bigWig values
SLICE = 1_000_000  # intervals handed to pyBigWig at once, to bound memory


def runs(mask: np.ndarray) -> np.ndarray:
    """Find stretches of True in a (positions,) bool mask: (stretches, 2) int64, start and end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]])))
    return edges.reshape(-1, 2)


def write_runs(bigwig, chromosome: str, values: np.ndarray, covered: np.ndarray) -> None:
    """Add a chromosome to an open bigWig file, one interval for each run of equal values.

    Values are rounded to four significant digits first, which makes runs longer.

    Parameters
    ----------
    bigwig : pyBigWig file open for writing
    chromosome : str
    values : (positions,) float32
    covered : (positions,) bool
        Other positions get no interval.
    """
    values = round_significant(values)
    changes = np.flatnonzero((values[1:] != values[:-1]) | (covered[1:] != covered[:-1])) + 1
    starts = np.concatenate([[0], changes])
    ends = np.concatenate([changes, [len(values)]])
    kept = covered[starts]
    starts, ends = starts[kept], ends[kept]
    for first in range(0, len(starts), SLICE):
        part = slice(first, first + SLICE)
        bigwig.addEntries(
            np.full(len(starts[part]), chromosome),
            starts[part],
            ends=ends[part],
            values=values[starts[part]].astype(np.float64),
        )


def round_significant(values: np.ndarray) -> np.ndarray:
    """Round non-negative values to four significant digits: (positions,) float32."""
    positive = values > 0
    magnitude = np.floor(np.log10(values, out=np.zeros_like(values), where=positive))
    scale = 10.0 ** (DIGITS - 1 - magnitude)
    return (np.round(values * scale) / scale).astype(np.float32)
