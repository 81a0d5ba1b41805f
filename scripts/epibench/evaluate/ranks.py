"""Spearman's rank correlation, exactly in memory and closely over more values than memory holds."""

import numpy as np

from epibench.evaluate.moments import correlation

FINEST_BIN_SIZE = 32
"""Bin size in bp from which ranks over whole chromosomes are computed."""

_EXACT = 65_536  # values of a target: 1,024 inputs at 32 bp
_QUANTILES = 384
COARSE = 32


def sample_inputs(inputs: int, seed: int = 0) -> np.ndarray:
    """Draw the inputs that histograms of ranks are laid out from.

    They are predicted once more for it: a sixteenth of all, at least 256 and at most 1,024.

    Parameters
    ----------
    inputs : int
        Number of inputs.
    seed : int
        Default 0.

    Returns
    -------
    int64, ascending
    """
    size = min(inputs, int(np.clip(inputs // 16, 256, 1024)))
    return np.sort(np.random.default_rng(seed).choice(inputs, size, replace=False))


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

    Up to 65,536 values a target it is exact. Beyond, truth and prediction are counted in a joint
    histogram of 384 x 384 bins that hold about as many values of a sample each; a value that
    fills a bin by itself, such as an exact zero, has its own. Rho is then Pearson's r of the bins'
    mean ranks, and differs from the exact one by about 1 / 384² in the limit.

    For intervals the values of each block are counted in a coarser histogram of 32 x 32 bins: a
    resampled genome is ranked anew, which fixed ranks would miss.

    Parameters
    ----------
    targets, blocks : int
        Numbers of both.
    values : int
        How many values of a target will be added in all.
    """

    def __init__(self, targets: int, blocks: int, values: int):
        self.exact = values <= _EXACT
        self._kept: list[tuple[np.ndarray, np.ndarray]] = []
        self._edges: list[list[np.ndarray]] = []  # of truth and prediction, per target
        self._coarse: list[list[np.ndarray]] = []  # the coarser bin of each bin
        self._unknown = np.zeros(targets, bool)
        self._counts = np.zeros((0 if self.exact else targets, _QUANTILES, _QUANTILES), np.int32)
        self._of_blocks = np.zeros((blocks, targets, COARSE, COARSE), np.int32)

    def lay_out(self, truth: np.ndarray, prediction: np.ndarray) -> None:
        """Choose the bins from a sample: float64, each (inputs, targets, bins)."""
        for side in (truth, prediction):
            values = [of_target.ravel() for of_target in side.swapaxes(0, 1)]
            edges = [bin_edges(each) for each in values]
            # The edges of the coarser bins are some of these.
            coarse = [
                np.searchsorted(bin_edges(each, COARSE), [-np.inf, *fine], side="right")
                for each, fine in zip(values, edges, strict=True)
            ]
            self._edges.append(edges)
            self._coarse.append(coarse)

    def add(self, truth: np.ndarray, prediction: np.ndarray, block: np.ndarray) -> None:
        """Add inputs.

        Parameters
        ----------
        truth, prediction : float64, shape (inputs, targets, bins)
            Coverage of the same bins.
        block : int, shape (inputs,)
            Block of each input.
        """
        self._unknown |= np.isnan(prediction).any(axis=(0, 2))
        if self.exact:
            self._kept.append((np.stack([truth, prediction]), block))
        else:
            self._count(np.stack([truth, prediction]), block)

    def spearman_r(self) -> np.ndarray:
        """Give rho per target, NaN where truth or prediction does not vary or is not known."""
        if not self.exact:
            rho = rho_of_counts(self._counts)
            return np.where(self._unknown, np.nan, rho)
        pair, _ = self._all_kept()
        ranks = mid_ranks(pair.swapaxes(1, 2).reshape(2, pair.shape[2], -1))
        rho = [_rho(x, y) for x, y in zip(*ranks, strict=True)]
        return np.where(self._unknown, np.nan, rho)

    def counts_of_blocks(self) -> np.ndarray:
        """Give the coarse joint histograms, int32, shape (blocks, targets, 32, 32)."""
        if self.exact and not self._edges:
            pair, block = self._all_kept()
            self.lay_out(*pair)
            self._count(pair, block)
        return self._of_blocks

    def _all_kept(self) -> tuple[np.ndarray, np.ndarray]:
        """Give all values, (2, inputs, targets, bins), and the block of each input."""
        pairs, blocks = zip(*self._kept, strict=True)
        return np.concatenate(pairs, axis=1), np.concatenate(blocks)

    def _count(self, pair: np.ndarray, block: np.ndarray) -> None:
        """Count values of shape (2, inputs, targets, bins)."""
        for target in range(pair.shape[2]):
            edges = [side[target] for side in self._edges]
            i, j = (
                np.searchsorted(limits, values[:, target], side="right")
                for limits, values in zip(edges, pair, strict=True)
            )
            if not self.exact:
                np.add.at(self._counts[target].reshape(-1), (i * _QUANTILES + j).ravel(), 1)
            i, j = (coarse[target][k] for coarse, k in zip(self._coarse, (i, j), strict=True))
            np.add.at(self._of_blocks, (block[:, None], target, i, j), 1)


def bin_edges(values: np.ndarray, bins: int = _QUANTILES) -> np.ndarray:
    """Give edges between bins that hold about as many of the values each.

    A value at two quantiles or more gets a bin of its own, up to the next larger number.

    Parameters
    ----------
    values : float64, shape (n,)
        The sample.
    bins : int
        At most so many, default 384.

    Returns
    -------
    float64, shape (at most bins - 1,)
        Ascending; bin i holds values from edge i - 1, included, to edge i, excluded.
    """
    levels = np.arange(1, bins) / bins
    found = np.quantile(values, levels, method="inverted_cdf")
    edges, times = np.unique(found, return_counts=True)
    return np.union1d(edges, np.nextafter(edges[times > 1], np.inf))


def _rho(x: np.ndarray, y: np.ndarray) -> float:
    """Give Pearson's r of ranks around 0."""
    return float(correlation(x @ y, x @ x, y @ y))


def rho_of_counts(counts: np.ndarray) -> np.ndarray:
    """Give rho from joint histograms: each value has the mean rank of its bin.

    Parameters
    ----------
    counts : float or int, shape (..., bins, bins)
        Values by bin of truth and bin of prediction.

    Returns
    -------
    float64, shape (...)
    """
    counts = np.asarray(counts, np.float64)
    of_x, of_y = counts.sum(axis=-1), counts.sum(axis=-2)
    x, y = (
        margin.cumsum(axis=-1) - (margin + margin.sum(axis=-1, keepdims=True)) / 2
        for margin in (of_x, of_y)
    )
    cross = np.einsum("...i,...ij,...j->...", x, counts, y)
    return correlation(cross, (of_x * x**2).sum(axis=-1), (of_y * y**2).sum(axis=-1))
