"""Compute expected coverage from sequence, and measure it in noisy replicates."""

from functools import cache

import numpy as np

from epibench.sequence import N
from epibench.simulate.grammar import Grammar, Measurement
from epibench.simulate.pairs import pair_up, reach_of
from epibench.simulate.sites import Sites

MEAN_GC = 0.41  # of the human genome: where the background's GC factor is 1
PIECE = 1 << 20  # positions whose fragments are drawn at once, to bound memory


def influence(grammar: Grammar) -> int:
    """Give the distance in bp from which on no site, base or fragment changes expected coverage."""
    radii = [motif.radius for motif in grammar.motifs.values()]
    radii += [pair.radius + reach_of(pair) for pair in grammar.pairs]
    return max(*radii, grammar.background.gc_window) + grammar.measurement.fragment


def background(codes: np.ndarray, grammar: Grammar) -> np.ndarray:
    """Compute coverage without motifs, from local GC content.

    Parameters
    ----------
    codes : (positions,) uint8
    grammar : Grammar

    Returns
    -------
    (positions,) float32
        Fold change over control; 0 where the base is N.
    """
    settings = grammar.background
    known = _window_sum(codes != N, settings.gc_window)
    gc = _window_sum((codes == 1) | (codes == 2), settings.gc_window) / np.maximum(known, 1)
    level = settings.level * np.exp(settings.gc_slope * (gc - MEAN_GC))
    level[codes == N] = 0
    return level


def activity(length: int, sites: dict[str, Sites], cell_type: str, grammar: Grammar) -> np.ndarray:
    """Sum what the sites of all motifs, and pairs of them, contribute to one cell type.

    Parameters
    ----------
    length : int
        Positions.
    sites : dict of str to Sites
        By motif name.
    cell_type : str
    grammar : Grammar

    Returns
    -------
    (positions,) float32
        Natural log of fold change, before saturation.
    """
    total = np.zeros(length, dtype=np.float32)
    for name, motif in grammar.motifs.items():
        if motif.weights[cell_type] != 0:
            effect = motif.weights[cell_type] * sites[name].effect
            _spread(total, sites[name].centre, effect, motif.radius)
    for pair in grammar.pairs:
        if pair.weights[cell_type] != 0:
            middle, effect = pair_up(sites, pair)
            _spread(total, middle, pair.weights[cell_type] * effect, pair.radius)
    return total


def _spread(total: np.ndarray, centres: np.ndarray, heights: np.ndarray, radius: int) -> None:
    """Add a kernel of each height around each centre to (positions,) float32, in place."""
    kernel = kernel_of(radius)
    for centre, height in zip(centres.tolist(), heights.tolist(), strict=True):
        start, end = max(0, centre - radius), min(len(total), centre + radius + 1)
        offset = start - (centre - radius)
        total[start:end] += height * kernel[offset : offset + end - start]


@cache
def kernel_of(radius: int) -> np.ndarray:
    """Return the raised cosine that spreads a site's effect: (2 * radius + 1,) float32."""
    distance = np.arange(-radius, radius + 1)
    return ((1 + np.cos(np.pi * distance / radius)) / 2).astype(np.float32)


def fragment_rate(
    level: np.ndarray, sites: dict[str, Sites], cell_type: str, grammar: Grammar
) -> np.ndarray:
    """Compute how many fragments are centred on each base, relative to the control.

    Parameters
    ----------
    level : (positions,) float32
        As `background` gives it, the same for all cell types.
    sites : dict of str to Sites
        Sites of every motif in the same sequence.
    cell_type : str
    grammar : Grammar

    Returns
    -------
    (positions,) float32
        Fold change over control; 0 where the base is N.
    """
    log_fold = activity(len(level), sites, cell_type, grammar)
    return level * np.exp(grammar.ceiling * np.tanh(log_fold / grammar.ceiling))


def expected_coverage(rate: np.ndarray, unknown: np.ndarray, fragment: int) -> np.ndarray:
    """Compute noise-free coverage: the rate averaged over the fragments that cover a base.

    Parameters
    ----------
    rate : (positions,) float32
        As `fragment_rate` gives it.
    unknown : (positions,) bool
        Where the base is N.
    fragment : int
        Length of a fragment, bp.

    Returns
    -------
    (positions,) float32
        Fold change over control; 0 where the base is N.
    """
    coverage = _window_sum(rate, fragment) / fragment
    coverage[unknown] = 0
    return coverage


def measure(
    rng: np.random.Generator,
    rate: np.ndarray,
    unmapped: np.ndarray,
    depth: float,
    measurement: Measurement,
) -> np.ndarray:
    """Draw one replicate: its own variation, then fragments, then their pile-up.

    The variation is a log-normal field, linear in logs between knots.

    Parameters
    ----------
    rng : numpy.random.Generator
    rate : (positions,) float32
        As `fragment_rate` gives it.
    unmapped : (positions,) bool
        Where no read maps.
    depth : float
        Fragments over a base at fold change 1.
    measurement : Measurement

    Returns
    -------
    (positions,) float32
        Fold change over control: a whole number of fragments divided by the depth.
    """
    sd, spacing = measurement.noise.sd, measurement.noise.length
    knots = rng.normal(0, sd, len(rate) // spacing + 2)
    counts = np.empty(len(rate), dtype=np.int32)
    for start in range(0, len(rate), PIECE):
        part = slice(start, start + PIECE)
        place = np.arange(start, start + len(rate[part])) / spacing
        variation = np.exp(np.interp(place, np.arange(len(knots)), knots) - sd**2 / 2)
        mean = rate[part] * ~unmapped[part] * variation * (depth / measurement.fragment)
        counts[part] = rng.poisson(mean)
    pileup = _window_sum(counts, measurement.fragment)
    pileup[unmapped] = 0
    return pileup / depth


def _window_sum(values: np.ndarray, window: int) -> np.ndarray:
    """Sum over the `window` positions around each (one more before it if even); ends are short."""
    padded = np.pad(values, (window // 2 + 1, (window - 1) // 2))  # the 1: a sum of nothing first
    sums = np.empty(len(values), dtype=np.float32)
    for start in range(0, len(values), PIECE):
        total = np.cumsum(padded[start : start + PIECE + window], dtype=np.float64)
        sums[start : start + PIECE] = total[window:] - total[:-window]
    return sums
