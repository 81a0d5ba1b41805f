"""Find how far two motifs may stand apart before their joint effect is gone."""

import numpy as np
from scipy.ndimage import median_filter

SMOOTHED = 5
"""Places that the running median takes."""

NEAR = 16
"""Bp behind the nearest place over which the near level is taken; more would reach the limit."""

CLEAR = 3.0
"""Fall from near to far, in standard deviations of the far values, from which on it counts."""


def half_way(offset: np.ndarray, effect: np.ndarray) -> dict[str, float]:
    """Give the distance at which a curve has fallen half-way, on each side.

    On a side, the near level is the median over the places within 16 bp of the nearest (three at
    least), the far level that of the farthest third. The distance is where the running median
    first comes below the middle of both, having been above, between places by a straight line.

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
    close = max(3, int((distance <= distance[0] + NEAR).sum()))
    near = np.median(effect[:close])
    far_places = effect[-(len(effect) // 3) :]
    far = np.median(far_places)
    if near - far <= CLEAR * far_places.std() or near <= far:
        return float("nan")
    smooth = median_filter(effect, SMOOTHED, mode="nearest")
    middle = (near + far) / 2
    risen = int(np.argmax(smooth >= middle))  # side by side motifs may disturb each other
    below = risen + int(np.argmax(smooth[risen:] < middle))
    if below == risen:
        return float("nan")
    share = (smooth[below - 1] - middle) / (smooth[below - 1] - smooth[below])
    return float(distance[below - 1] + share * (distance[below] - distance[below - 1]))
