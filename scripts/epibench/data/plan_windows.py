"""Decide where the windows of a chromosome are, before any track is read."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from epibench.data.fasta import Chromosome
from epibench.data.intervals import complement, count_within, runs, tile
from epibench.data.peaks import label_windows, merge_peaks
from epibench.data.settings import WindowSettings
from epibench.sequence import N


@dataclass(frozen=True)
class Place:
    """Hold a chromosome of the store, and int64 (regions, 2) its merged excluded regions.

    `index` is its place among the store's chromosomes.
    """

    chromosome: Chromosome
    index: int
    split: str
    excluded: np.ndarray

    @property
    def name(self) -> str:
        """Name of the chromosome."""
        return self.chromosome.name

    @property
    def codes(self) -> np.ndarray:
        """Base codes of the chromosome."""
        return self.chromosome.codes

    def describe(self) -> dict[str, str | int]:
        """Describe the chromosome for the summary."""
        return {
            "name": self.name,
            "length": len(self.codes),
            "split": self.split,
            "n": int(np.count_nonzero(self.codes == N)),
            "ambiguous_letters": self.chromosome.ambiguous,
        }


@dataclass(frozen=True)
class Candidates:
    """Hold the possible windows of one kind on one chromosome.

    `start` (windows,) int64, sorted; `labels` (windows, targets) int8: 1, 0, or -1 for targets
    without peaks; `left_out` counts the windows that were dropped, by reason.
    """

    start: np.ndarray
    labels: np.ndarray
    left_out: dict[str, int]


def plan_windows(
    place: Place, peaks: list[np.ndarray | None], settings: WindowSettings
) -> tuple[Candidates, Candidates]:
    """Place the tiled and the peak-centred windows of one chromosome.

    Each mappable stretch is tiled from its start. Windows that touch an excluded region or are rich
    in N are left out of both kinds.

    Parameters
    ----------
    place : Place
        The chromosome.
    peaks : list of (ndarray or None)
        For each target its int64 (peaks, 3) start, end and anchor; None for a target without peaks.
    settings : WindowSettings
        Lengths, the N limit, and whether peak-centred windows are wanted.

    Returns
    -------
    (Candidates, Candidates)
        Tiled and peak-centred windows; the latter are empty where they are not declared.
    """
    unknown = runs(place.codes == N)
    stretches = complement(place.excluded, len(place.codes))
    tiled = tile(stretches, settings.length, settings.step(place.split))
    tiled, left_out = _sift(tiled, {"n_rich": _poor_in_n(unknown, settings)})
    around_peaks, peaks_left_out = np.zeros(0, np.int64), {}
    if settings.peaks:
        checks = {
            "chromosome_end": lambda s: (s >= 0) & (s + settings.length <= len(place.codes)),
            "excluded": lambda s: count_within(s, settings.length, place.excluded) == 0,
            "n_rich": _poor_in_n(unknown, settings),
        }
        around_peaks, peaks_left_out = _sift(_merge(peaks, settings), checks)
    return (
        Candidates(tiled, _labels(tiled, peaks, settings), left_out),
        Candidates(around_peaks, _labels(around_peaks, peaks, settings), peaks_left_out),
    )


def _merge(peaks: list[np.ndarray | None], settings: WindowSettings) -> np.ndarray:
    """Merge the peaks of all targets into window starts."""
    listed = [(p[:, 2], np.full(len(p), t)) for t, p in enumerate(peaks) if p is not None]
    anchors, targets = (np.concatenate(parts) for parts in zip(*listed, strict=True))
    return merge_peaks(anchors, targets, settings.length, settings.peak_merge_overlap)


def _sift(
    start: np.ndarray, checks: dict[str, Callable[[np.ndarray], np.ndarray]]
) -> tuple[np.ndarray, dict[str, int]]:
    """Keep the windows that pass every check, and count those that fail each one first."""
    left_out = {}
    for reason, passes in checks.items():
        kept = passes(start)
        left_out[reason] = int(np.count_nonzero(~kept))
        start = start[kept]
    return start, left_out


def _poor_in_n(unknown: np.ndarray, settings: WindowSettings) -> Callable[[np.ndarray], np.ndarray]:
    """Give the check that windows have few enough N."""
    most = settings.max_n_fraction * settings.length
    return lambda start: count_within(start, settings.length, unknown) <= most


def _labels(start: np.ndarray, peaks: list, settings: WindowSettings) -> np.ndarray:
    """Label the central inputs of windows, -1 for targets without peaks."""
    labels = np.full((len(start), len(peaks)), -1, np.int8)
    inputs = start + (settings.length - settings.input_length) // 2
    for t, listed in enumerate(peaks):
        if listed is not None:
            labels[:, t] = label_windows(inputs, settings.input_length, listed[:, 0], listed[:, 1])
    return labels
