"""Find the pairs of sites that act on each other, and how strongly."""

import numpy as np

from epibench.simulate.grammar import Pair
from epibench.simulate.sites import Sites

NEGLIGIBLE = 1e-3
"""Closeness from which down a pair counts for nothing."""


def reach_of(pair: Pair) -> int:
    """Give the largest distance of two centres, in bp, at which a pair still counts."""
    return int(pair.limit + pair.softness * np.log(1 / NEGLIGIBLE - 1))


def closeness(distance: np.ndarray, pair: Pair) -> np.ndarray:
    """Compute the share of a pair's weight that is left at a distance.

    A falling logistic function: near 1 side by side, 0.5 at `limit`; 0 beyond `reach_of`, where it
    would be below `NEGLIGIBLE`.

    Parameters
    ----------
    distance : (pairs,) int64
        Between the centres, bp, not negative.
    pair : Pair

    Returns
    -------
    (pairs,) float64
    """
    share = 1 / (1 + np.exp((distance - pair.limit) / pair.softness))
    return np.where(distance <= reach_of(pair), share, 0)


def pair_up(sites: dict[str, Sites], pair: Pair) -> tuple[np.ndarray, np.ndarray]:
    """Find all pairs of sites of two motifs that are close enough to count.

    Two sites of one motif are one pair, not two. With the side "after", the second motif counts
    only where it lies behind the centre of the first, read along the strand of the first.

    Parameters
    ----------
    sites : dict of str to Sites
        By motif name.
    pair : Pair

    Returns
    -------
    middle : (pairs,) int64
        Middle between the two centres, rounded down.
    effect : (pairs,) float64
        Product of both sites' effects and their closeness.
    """
    first, second = (sites[name] for name in pair.motifs)
    reach = reach_of(pair)
    low = np.searchsorted(second.centre, first.centre - reach, side="left")
    high = np.searchsorted(second.centre, first.centre + reach, side="right")
    one = np.repeat(np.arange(len(low)), high - low)
    ranks = np.arange(len(one)) - np.repeat(np.cumsum(high - low) - (high - low), high - low)
    other = low[one] + ranks
    along = second.centre[other] - first.centre[one]
    if pair.motifs[0] == pair.motifs[1]:
        chosen = other > one
    elif pair.side == "after":
        chosen = np.where(first.reverse[one], -along, along) > 0
    else:
        chosen = np.ones(len(one), dtype=bool)
    one, other, distance = one[chosen], other[chosen], np.abs(along[chosen])
    effect = first.effect[one] * second.effect[other] * closeness(distance, pair)
    return (first.centre[one] + second.centre[other]) // 2, effect
