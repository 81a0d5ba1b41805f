"""Call peaks in a replicate by a simple rule, as narrowPeak records."""

import numpy as np

from epibench.data.intervals import runs

EDGE = 2.0  # fold change that a peak's every stretch reaches
SUMMIT = 3.0  # fold change that a peak's highest base reaches
JOIN = 100  # bp: stretches closer than this are one peak
SHORTEST = 150  # bp


def call_peaks(coverage: np.ndarray) -> list[tuple[int, int, int, float]]:
    """Find enriched stretches of a replicate.

    Parameters
    ----------
    coverage : (positions,) float32
        Fold change over control.

    Returns
    -------
    list of (start, end, summit, fold)
        By position; `summit` is the middle of the first highest stretch, 0-based on the chromosome.
    """
    stretches = runs(coverage >= EDGE)
    if len(stretches) == 0:
        return []
    apart = stretches[1:, 0] - stretches[:-1, 1] >= JOIN
    starts = stretches[np.concatenate([[True], apart]), 0]
    ends = stretches[np.concatenate([apart, [True]]), 1]
    peaks = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        inside = coverage[start:end]
        if end - start >= SHORTEST and inside.max() >= SUMMIT:
            first, last = runs(inside == inside.max())[0]
            peaks.append((start, end, start + int(first + last) // 2, float(inside.max())))
    return peaks


def narrow_peak_line(chromosome: str, name: str, peak: tuple[int, int, int, float]) -> str:
    """Format a peak as a narrowPeak line.

    Ten columns as in the ENCODE format; -1 where no p-value and q-value are computed; the last
    column is the summit's offset from the start.
    """
    start, end, summit, fold = peak
    score = min(1000, round(20 * fold))
    fields = (chromosome, start, end, name, score, ".", f"{fold:.4g}", -1, -1, summit - start)
    return "\t".join(map(str, fields)) + "\n"
