"""Spearman's rank correlation, exactly in memory and closely over more values than memory holds."""

import numpy as np

from epibench.evaluate.moments import correlation

FINEST_BIN_SIZE = 32
"""Bin size in bp from which ranks over whole chromosomes are computed."""

_SAMPLE = 4096  # inputs
_EXACT = 65_536  # values of a target: 1,024 inputs at 32 bp
_QUANTILES = 384


def sample_first(inputs: int, seed: int = 0) -> np.ndarray:
    """Order inputs so that a random sample comes first, itself in random order.

    `RankCorrelation` chooses its bins from what it is given first, wherever it stops looking, so
    any beginning of the sample must stand for the whole. No input is predicted twice for it, and
    all but the sample are still read one after the other.

    Parameters
    ----------
    inputs : int
        Number of inputs.
    seed : int
        Draws the sample of at most 4,096 inputs, default 0.

    Returns
    -------
    int64, shape (inputs,)
        Each index once.
    """
    sample, rest = np.split(np.random.default_rng(seed).permutation(inputs), [_SAMPLE])
    return np.concatenate([sample, np.sort(rest)])


def mid_ranks(values: np.ndarray) -> np.ndarray:
    """Rank values along the last axis, less the mean rank; equal values share their mean rank.

    The same as `scipy.stats.rankdata` but for the mean, in about half its time for values
    that float32 can hold.

    Parameters
    ----------
    values : float64, shape (..., n)
        What is ranked. NaN ranks last, each by itself.

    Returns
    -------
    float64, shape (..., n)
        From -(n - 1) / 2 to (n - 1) / 2.
    """
    rows = values.reshape(-1, values.shape[-1])
    order, ordered = _sorted(rows)
    new = np.ones(rows.shape, bool)
    np.not_equal(ordered[:, 1:], ordered[:, :-1], out=new[:, 1:])
    first = np.flatnonzero(new)
    times = np.diff(first, append=new.size)
    begin = np.arange(len(rows))[:, None] * rows.shape[1]
    order += begin
    ranks = np.empty(rows.shape)
    ranks.reshape(-1)[order.ravel()] = np.repeat(first + (times - 1) / 2, times)
    ranks -= begin + (rows.shape[1] - 1) / 2
    return ranks.reshape(values.shape)


def _sorted(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give for each row the order of its values, int64, and keys in that order, equal at ties."""
    single = rows.astype(np.float32)
    if not np.array_equal(single, rows):
        order = rows.argsort(axis=1, kind="stable")  # the default is slow where many are equal
        return order, np.take_along_axis(rows, order, axis=1)
    # Value and place in one integer: sorting these is faster than sorting places by their values.
    bits = (single + np.float32(0)).view(np.int32)  # -0 + 0 is 0
    bits ^= (bits >> 31) & np.int32(0x7FFFFFFF)  # integers in the order of the floats
    keys = bits.astype(np.int64)
    keys <<= 32
    keys |= np.arange(rows.shape[1])
    keys.sort(axis=1)
    return keys & 0xFFFFFFFF, keys >> 32


class RankCorrelation:
    """Spearman's rho per target over all bins of all inputs, in constant memory.

    Up to 65,536 values a target it is exact. From there on truth and prediction are counted in a
    joint histogram, whose bins held about as many of the values so far each; a value that filled a
    bin by itself, such as an exact zero, has its own. Rho is then Pearson's r of the bins' mean
    ranks, and differs from the exact one by about 1 / 384² in the limit.

    A histogram has 384 x 384 counts of 4 bytes: 62 MB for 15 targets at 7 bin sizes; the values
    before it take at most 16 MB a bin size.

    Parameters
    ----------
    targets : int
        Number of targets.
    """

    def __init__(self, targets: int):
        self._kept: list[np.ndarray] = []  # (2, targets, values) of each batch, or else:
        self._edges: list[list[np.ndarray]] = []  # of truth and prediction, per target
        self._counts = np.empty((targets, 0, 0), np.int32)
        self._unknown = np.zeros(targets, bool)

    def add(self, truth: np.ndarray, prediction: np.ndarray) -> None:
        """Add inputs, in an order as of `sample_first`.

        Parameters
        ----------
        truth, prediction : float, shape (inputs, bins, targets)
            Coverage of the same bins.
        """
        self._unknown |= np.isnan(prediction).any(axis=(0, 1))
        pair = np.stack([truth, prediction]).reshape(2, -1, truth.shape[-1]).transpose(0, 2, 1)
        if self._edges:
            self._count(pair)
            return
        self._kept.append(pair)
        if sum(part.shape[2] for part in self._kept) > _EXACT:
            pair = np.concatenate(self._kept, axis=2)
            self._kept = []
            self._edges = [[bin_edges(values) for values in side] for side in pair]
            self._counts = np.zeros((len(self._counts), _QUANTILES, _QUANTILES), np.int32)
            self._count(pair)

    def spearman_r(self) -> np.ndarray:
        """Give rho per target, NaN where truth or prediction does not vary or is not known."""
        if self._edges:
            rho = [_binned_rho(counts) for counts in self._counts]
        else:
            x, y = np.concatenate(self._kept, axis=2)
            rho = [_rho(*map(mid_ranks, pair)) for pair in zip(x, y, strict=True)]
        return np.where(self._unknown, np.nan, rho)

    def _count(self, pair: np.ndarray) -> None:
        """Count values of shape (2, targets, values)."""
        for target, counts in enumerate(self._counts):
            i, j = (
                np.searchsorted(edges[target], side[target], side="right")
                for edges, side in zip(self._edges, pair, strict=True)
            )
            np.add.at(counts.reshape(-1), i * _QUANTILES + j, 1)


def bin_edges(values: np.ndarray) -> np.ndarray:
    """Give edges between bins that hold about as many of the values each.

    A value at two quantiles or more gets a bin of its own, up to the next larger number.

    Parameters
    ----------
    values : float64, shape (n,)
        The sample.

    Returns
    -------
    float64, shape (at most 383,)
        Ascending; bin i holds values from edge i - 1, included, to edge i, excluded.
    """
    levels = np.arange(1, _QUANTILES) / _QUANTILES
    found = np.quantile(values, levels, method="inverted_cdf")
    edges, times = np.unique(found, return_counts=True)
    return np.union1d(edges, np.nextafter(edges[times > 1], np.inf))


def _rho(x: np.ndarray, y: np.ndarray) -> float:
    """Give Pearson's r of ranks around 0."""
    return float(correlation(x @ y, x @ x, y @ y))


def _binned_rho(counts: np.ndarray) -> float:
    """Give rho from a joint histogram: each value has the mean rank of its bin."""
    of_x, of_y = counts.sum(axis=1), counts.sum(axis=0)
    x, y = (margin.cumsum() - (margin + counts.sum()) / 2 for margin in (of_x, of_y))
    return float(correlation(x @ counts @ y, of_x @ x**2, of_y @ y**2))
