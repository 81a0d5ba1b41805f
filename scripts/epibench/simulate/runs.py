"""Write coverage as bigWig intervals of equal values."""

import numpy as np

DIGITS = 3  # significant digits of bigWig values
PIECE = 1 << 20  # positions handled at once, to bound memory
NOT_COVERED = -1.0


def write_runs(bigwig, chromosome: str, values: np.ndarray, covered: np.ndarray) -> None:
    """Add a chromosome to an open bigWig file, one interval for each run of equal values.

    Values are rounded to three significant digits first, which halves the file.

    Parameters
    ----------
    bigwig : pyBigWig file open for writing
    chromosome : str
    values : (positions,) float32
        Not negative.
    covered : (positions,) bool
        Other positions get no interval.
    """
    for first in range(0, len(values), PIECE):
        part = slice(first, first + PIECE)
        rounded = np.where(covered[part], round_significant(values[part]), NOT_COVERED)
        starts = np.concatenate([[0], np.flatnonzero(np.diff(rounded)) + 1])
        ends = np.append(starts[1:], len(rounded))
        kept = rounded[starts] != NOT_COVERED
        if kept.any():
            bigwig.addEntries(
                np.full(kept.sum(), chromosome),
                first + starts[kept],
                ends=first + ends[kept],
                values=rounded[starts[kept]].astype(np.float64),
            )


def round_significant(values: np.ndarray) -> np.ndarray:
    """Round non-negative values to three significant digits: (positions,) float32."""
    magnitude = np.floor(np.log10(values, out=np.zeros_like(values), where=values > 0))
    scale = 10.0 ** (DIGITS - 1 - magnitude)
    return (np.round(values * scale) / scale).astype(np.float32)
