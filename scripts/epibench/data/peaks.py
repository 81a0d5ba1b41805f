"""Peak-centred windows and the labels that peaks give to windows."""

import heapq

import numpy as np


def merge_peaks(
    anchors: np.ndarray, targets: np.ndarray, length: int, max_overlap: int
) -> np.ndarray:
    """Merge the peaks of all targets into windows, the Basset way.

    Each peak becomes a window of `length` around its anchor. While two neighbours overlap by more
    than `max_overlap`, the two that overlap most become one, centred on the mean of their centres
    weighted by 1 + the number of targets in each (Kelley et al. 2016, preprocess_features.py; there
    also at equality, here strictly more, as in the study). Windows may reach beyond the
    chromosome: the caller leaves them out.

    Parameters
    ----------
    anchors : ndarray
        int64 (peaks,), midpoint or summit of each peak of one chromosome, in any order.
    targets : ndarray
        int64 (peaks,), index of the target that each peak is of.
    length : int
        Window length in bp.
    max_overlap : int
        Overlap in bp up to which two windows stay apart.

    Returns
    -------
    ndarray
        int64 (windows,), window starts, sorted.
    """
    order = np.lexsort((targets, anchors))
    centres = anchors[order].tolist()
    members = [1 << t for t in targets[order].tolist()]  # targets of each window, one bit each
    count = len(centres)
    after, before = list(range(1, count + 1)), list(range(-1, count - 1))
    reach = length - max_overlap
    gaps = np.diff(anchors[order])
    pairs = [(int(gaps[i]), i, i + 1) for i in np.flatnonzero(gaps < reach)]
    heapq.heapify(pairs)
    alive = [True] * count
    while pairs:
        gap, left, right = heapq.heappop(pairs)
        if not (alive[left] and alive[right]) or centres[right] - centres[left] != gap:
            continue  # one of the two was merged since
        weights = 1 + members[left].bit_count(), 1 + members[right].bit_count()
        total = centres[left] * weights[0] + centres[right] * weights[1]
        centres[left] = (2 * total + sum(weights)) // (2 * sum(weights))  # rounds halves up
        members[left] |= members[right]
        alive[right] = False
        after[left] = after[right]
        if after[left] < count:
            before[after[left]] = left
        for a, b in ((before[left], left), (left, after[left])):
            if a >= 0 and b < count and centres[b] - centres[a] < reach:
                heapq.heappush(pairs, (centres[b] - centres[a], a, b))
    return np.array(centres, np.int64)[np.array(alive, bool)] - length // 2


def label_windows(
    starts: np.ndarray, input_length: int, peak_starts: np.ndarray, peak_ends: np.ndarray
) -> np.ndarray:
    """Label inputs that a peak overlaps by at least half of the peak or of the input.

    A peak that needs an overlap of h bp labels exactly the inputs that start in
    [start + h - input_length, end - h], so all peaks are done with two searches.

    Parameters
    ----------
    starts : ndarray
        int64 (windows,), sorted starts of the scored inputs (not of the windows around them).
    input_length : int
        Length of the scored input in bp.
    peak_starts, peak_ends : ndarray
        int64 (peaks,), peaks of one target on the same chromosome; they may overlap.

    Returns
    -------
    ndarray
        int8 (windows,), 1 or 0.
    """
    need = (np.minimum(peak_ends - peak_starts, input_length) + 1) // 2
    first = np.searchsorted(starts, peak_starts + need - input_length, "left")
    last = np.searchsorted(starts, peak_ends - need, "right")
    change = np.bincount(first, minlength=len(starts) + 1)
    change -= np.bincount(last, minlength=len(starts) + 1)
    return (np.cumsum(change[:-1]) > 0).astype(np.int8)
