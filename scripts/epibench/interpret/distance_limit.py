"""Find how far two motifs may stand apart before their joint effect is gone."""

import numpy as np
from scipy.ndimage import median_filter

SMOOTHED = 5
"""Places that the running median takes."""

CLEAR = 3.0
"""Fall from near to far, in standard deviations of the far values, from which on it counts."""


def half_way(offset: np.ndarray, effect: np.ndarray) -> dict[str, float]:
    """Give the distance at which a curve has fallen half-way, on each side.

    On a side, the near level is the maximum of the running median, since motifs right beside each
    other may disturb each other, and the far level the median of the farthest third of the places.
    The distance is where the running median, beyond its maximum, first comes below the middle of
    both, between places by a straight line.

    Parameters
    ----------
    offset : int, shape (places,)
        Start of the second motif less that of the first, bp.
    effect : float, shape (places,)

    Returns
    -------
    dict of str to float
        `upstream` (negative offsets) and `downstream`, in bp; NaN where a side has fewer than 9
        places, or falls by less than three standard deviations of its far places.
    """
    offset, effect = np.asarray(offset, float), np.asarray(effect, float)
    return {
        "upstream": _half_way(-offset[offset < 0], effect[offset < 0]),
        "downstream": _half_way(offset[offset > 0], effect[offset > 0]),
    }


def _half_way(distance: np.ndarray, effect: np.ndarray) -> float:
    if len(distance) < 9 or not np.isfinite(effect).all():
        return float("nan")
    order = np.argsort(distance)
    distance, effect = distance[order], effect[order]
    smooth = median_filter(effect, SMOOTHED, mode="nearest")
    best = int(np.argmax(smooth))
    far_places = effect[-(len(effect) // 3) :]
    near, far = smooth[best], np.median(far_places)
    if near - far <= CLEAR * far_places.std() or near <= far:
        return float("nan")
    middle = (near + far) / 2
    below = best + int(np.argmax(smooth[best:] < middle))
    if below == best:
        return float("nan")
    share = (smooth[below - 1] - middle) / (smooth[below - 1] - smooth[below])
    return float(distance[below - 1] + share * (distance[below] - distance[below - 1]))
