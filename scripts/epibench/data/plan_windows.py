"""Decide where the windows of a chromosome are, before any track is read."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from epibench.data.fasta import ChromosomeIndex
from epibench.data.intervals import complement, count_within, tile
from epibench.data.peaks import label_windows, merge_peaks
from epibench.data.settings import WindowSettings


@dataclass(frozen=True)
class Place:
    """Hold what is known of a chromosome of the store before its sequence is read.

    `number` is its place among the store's chromosomes; `masks` has the excluded regions of each
    kind and `excluded` all of them, merged: int64 (regions, 2).
    """

    name: str
    number: int
    split: str
    index: ChromosomeIndex
    masks: dict[str, np.ndarray]
    excluded: np.ndarray

    @property
    def length(self) -> int:
        """Length of the chromosome in bp."""
        return self.index.length

    def describe(self) -> dict[str, str | int]:
        """Describe the chromosome for the summary."""
        return {
            "name": self.name,
            "length": self.length,
            "split": self.split,
            "n": _positions(self.index.unknown),
            "gc": self.index.gc,
            "ambiguous_letters": self.index.ambiguous,
            "excluded": _positions(self.excluded),
        }

    def describe_masks(self, settings: WindowSettings) -> dict[str, dict[str, int]]:
        """Count, for each kind of excluded region, its positions and the windows that touch it.

        The windows are those of the whole chromosome, tiled from its start.
        """
        whole = np.array([[0, self.length]])
        windows = tile(whole, settings.length, settings.step(self.split))
        return {
            name: {
                "positions": _positions(regions),
                "windows": int(np.count_nonzero(count_within(windows, settings.length, regions))),
            }
            for name, regions in self.masks.items()
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

    def between(self, start: int, end: int) -> "Candidates":
        """Give those that start in [start, end); counting on goes to the same `left_out`."""
        part = slice(*np.searchsorted(self.start, [start, end]))
        return Candidates(self.start[part], self.labels[part], self.left_out)


def plan_windows(
    place: Place, peaks: list[np.ndarray | None], settings: WindowSettings
) -> dict[str, Candidates]:
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
    dict of str to Candidates
        Tiled (`windows`) and peak-centred (`peak_windows`); the latter are empty where they are not
        declared.
    """
    enough_known = _poor_in_n(place.index.unknown, settings)
    stretches = complement(place.excluded, place.length)
    tiled = tile(stretches, settings.length, settings.step(place.split))
    tiled, left_out = _sift(tiled, {"rich in N": enough_known})
    around_peaks, peaks_left_out = np.zeros(0, np.int64), {}
    if settings.peaks:
        checks = {"beyond the chromosome": partial(_fits, settings.length, place.length)}
        for name, regions in place.masks.items():
            checks[name] = partial(_clear, settings.length, regions)
        checks["rich in N"] = enough_known
        around_peaks, peaks_left_out = _sift(_merge(peaks, settings), checks)
    return {
        "windows": Candidates(tiled, _labels(tiled, peaks, settings), left_out),
        "peak_windows": Candidates(
            around_peaks, _labels(around_peaks, peaks, settings), peaks_left_out
        ),
    }


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


def _fits(length: int, end: int, start: np.ndarray) -> np.ndarray:
    """Tell which windows lie on the chromosome."""
    return (start >= 0) & (start + length <= end)


def _clear(length: int, regions: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Tell which windows touch no region."""
    return count_within(start, length, regions) == 0


def _positions(regions: np.ndarray) -> int:
    """Count the positions of disjoint regions."""
    return int(np.sum(regions[:, 1] - regions[:, 0]))


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
