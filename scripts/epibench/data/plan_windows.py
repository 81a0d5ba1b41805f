"""Decide where the windows of a chromosome are, before any track is read."""

from dataclasses import dataclass

import numpy as np

from epibench.data.bed import Regions
from epibench.data.fasta import N
from epibench.data.intervals import complement, count_within, runs, tile
from epibench.data.peaks import label_windows, merge_peaks
from epibench.data.settings import WindowSettings


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
    codes: np.ndarray,
    excluded: np.ndarray,
    peaks: list[np.ndarray | None],
    settings: WindowSettings,
    step: int,
) -> tuple[Candidates, Candidates]:
    """Place the tiled and the peak-centred windows of one chromosome.

    Each mappable stretch is tiled from its start. Windows that touch an excluded region or are rich
    in N are left out of both kinds.

    Parameters
    ----------
    codes : ndarray
        uint8 (positions,), the chromosome's base codes.
    excluded : ndarray
        int64 (regions, 2), its merged excluded regions.
    peaks : list of (ndarray or None)
        For each target the int64 (peaks, 3) start, end and anchor; None for a target without peaks.
    settings : WindowSettings
        Lengths, the N limit, and whether peak-centred windows are wanted.
    step : int
        Distance between the tiled windows in bp.

    Returns
    -------
    (Candidates, Candidates)
        Tiled and peak-centred windows; the latter are empty where they are not declared.
    """
    unknown = runs(codes == N)
    tiled = tile(complement(excluded, len(codes)), settings.length, step)
    poor = _poor_in_n(tiled, unknown, settings)
    around_peaks, left_out = np.zeros(0, np.int64), {}
    if settings.peaks:
        around_peaks, left_out = _peak_windows(len(codes), excluded, unknown, peaks, settings)
    return (
        Candidates(
            tiled[poor],
            _labels(tiled[poor], peaks, settings),
            {"n_rich": int(np.count_nonzero(~poor))},
        ),
        Candidates(around_peaks, _labels(around_peaks, peaks, settings), left_out),
    )


def _peak_windows(length, excluded, unknown, peaks, settings) -> tuple[np.ndarray, dict[str, int]]:
    """Merge all targets' peaks; give the windows that may be used, and why others were dropped."""
    listed = [(p[:, 2], np.full(len(p), t)) for t, p in enumerate(peaks) if p is not None]
    anchors, targets = (np.concatenate(parts) for parts in zip(*listed, strict=True))
    start = merge_peaks(anchors, targets, settings.length, settings.peak_merge_overlap)
    checks = {
        "chromosome_end": lambda s: (s >= 0) & (s + settings.length <= length),
        "excluded": lambda s: count_within(s, settings.length, excluded) == 0,
        "n_rich": lambda s: _poor_in_n(s, unknown, settings),
    }
    left_out = {}
    for reason, passes in checks.items():
        kept = passes(start)
        left_out[reason] = int(np.count_nonzero(~kept))
        start = start[kept]
    return start, left_out


def _poor_in_n(start: np.ndarray, unknown: np.ndarray, settings: WindowSettings) -> np.ndarray:
    """Tell which windows have few enough N."""
    share = count_within(start, settings.length, unknown) / settings.length
    return share <= settings.max_n_fraction


def _labels(start: np.ndarray, peaks: list, settings: WindowSettings) -> np.ndarray:
    """Label the central inputs of windows, -1 for targets without peaks."""
    labels = np.full((len(start), len(peaks)), -1, np.int8)
    inputs = start + (settings.length - settings.input_length) // 2
    for t, listed in enumerate(peaks):
        if listed is not None:
            labels[:, t] = label_windows(
                inputs, settings.input_length, listed[:, 0], listed[:, 1]
            )
    return labels
