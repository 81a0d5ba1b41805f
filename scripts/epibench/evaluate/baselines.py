"""Predictors that know almost nothing: what a model must beat to have learned anything."""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from epibench.data.loader import Batches
from epibench.data.store import Store
from epibench.evaluate.predictors import Inputs

KMER = 5
NEIGHBOURS = 2
SMALLEST_BIN = 32
"""Bins below this hold too few 5-mers to say anything, so baselines from sequence start here."""

_ROWS = 60_000
_PENALTIES = 10.0 ** np.arange(0, 6)


@dataclass(frozen=True)
class MeanPredictor:
    """The mean training coverage everywhere. It has no r; its errors show what a constant costs."""

    bin_size: int
    mean: np.ndarray

    def predict(self, inputs: Inputs) -> np.ndarray:
        """Repeat the mean."""
        batch, length = inputs.sequence.shape
        return np.broadcast_to(self.mean, (batch, length // self.bin_size, len(self.mean)))


class OtherTargetsPredictor:
    """The mean measured coverage of all other targets, scaled to this one.

    What a model must beat before its predictions say anything of one cell type alone. It reads the
    measured coverage of the input, which no model sees. With one target it is undefined, NaN.

    Parameters
    ----------
    store : Store
        Holds the coverage.
    mean : float64, shape (targets,)
        Mean training coverage; its ratio to the mean of the other targets is the scale.
    """

    bin_size = 1

    def __init__(self, store: Store, mean: np.ndarray):
        self.store = store
        others = mean.sum() - mean
        self._ratio = np.divide(mean, others, out=np.full(len(mean), np.nan), where=others > 0)

    def predict(self, inputs: Inputs) -> np.ndarray:
        """Read coverage at base resolution, float32, shape (batch, length, targets)."""
        length = inputs.sequence.shape[1]
        first = self.store.offset(inputs.chrom, inputs.start, length)
        coverage = self.store.coverage[first[:, None] + np.arange(length)].astype(np.float32)
        others = coverage.sum(axis=2, keepdims=True, dtype=np.float64) - coverage
        return (others * self._ratio).astype(np.float32)


@dataclass(frozen=True)
class LinearPredictor:
    """A linear function of features of the sequence; coverage below zero is cut off.

    `features` maps uint8 (batch, length) and a bin size to float32 (batch, bins, features). With
    `log` the function gives log1p of the coverage.
    """

    bin_size: int
    features: object
    weights: np.ndarray
    intercept: np.ndarray
    log: bool = False

    def at(self, sequence: np.ndarray) -> np.ndarray:
        """Apply the weights to the features of every bin of uint8 (batch, length)."""
        linear = self.features(sequence, self.bin_size) @ self.weights + self.intercept
        positive = np.maximum(linear, 0.0)
        return np.expm1(positive) if self.log else positive

    def predict(self, inputs: Inputs) -> np.ndarray:
        """Predict from the sequence alone."""
        return self.at(inputs.sequence)


def gc_content(sequence: np.ndarray, bin_size: int) -> np.ndarray:
    """Give the share of G and C in each bin, and that of CpG: C with G after it on its strand.

    A CpG counts in the bin of its C; the G may be the first base of the next bin. CpG has a weight
    of its own because accessible promoters are rich in it beyond what their G and C make likely.

    Parameters
    ----------
    sequence : uint8, shape (batch, length)
        Base codes.
    bin_size : int
        In bp.

    Returns
    -------
    float32, shape (batch, bins, 2)
        Shares of the positions of a bin: G and C, CpG.
    """
    strong = (sequence == 1) | (sequence == 2)
    cpg = np.zeros_like(strong)
    cpg[:, :-1] = (sequence[:, :-1] == 1) & (sequence[:, 1:] == 2)
    grouped = np.stack([strong, cpg], axis=2).reshape(len(sequence), -1, bin_size, 2)
    return grouped.mean(axis=2, dtype=np.float32)


def kmer_counts(sequence: np.ndarray, bin_size: int) -> np.ndarray:
    """Count the 5-mers of each bin and of two neighbouring bins on each side.

    A 5-mer counts in the bin of its central base, together with its reverse complement (512 kinds).
    5-mers with N do not count. Bins outside the input are empty: like a model, the baseline sees
    the input alone.

    Parameters
    ----------
    sequence : uint8, shape (batch, length)
        Base codes.
    bin_size : int
        In bp.

    Returns
    -------
    float32, shape (batch, bins, 5 * 512)
    """
    batch, length = sequence.shape
    bins = length // bin_size
    words = length - KMER + 1
    code = np.zeros((batch, words), np.int64)
    for i in range(KMER):
        code = 4 * code + sequence[:, i : i + words]
    known = np.ones((batch, words), bool)
    for i in range(KMER):
        known &= sequence[:, i : i + words] < 4
    kind, kinds = _canonical()
    at = (np.arange(words) + KMER // 2) // bin_size
    cell = (np.arange(batch)[:, None] * bins + at) * kinds
    flat = (cell + kind[np.where(known, code, 0)])[known]
    counts = np.bincount(flat, minlength=batch * bins * kinds).reshape(batch, bins, kinds)
    padded = np.pad(counts, ((0, 0), (NEIGHBOURS, NEIGHBOURS), (0, 0)))
    around = [padded[:, shift : shift + bins] for shift in range(2 * NEIGHBOURS + 1)]
    return np.concatenate(around, axis=2).astype(np.float32)


def fit_linear(
    features, train: Batches, valid: Batches, *, bin_size: int, seed: int, log: bool = False
) -> LinearPredictor:
    """Fit a ridge regression per target, its penalty chosen on the validation windows.

    Parameters
    ----------
    features : callable
        `gc_content` or `kmer_counts`.
    train, valid : Batches
        Central inputs of the training and validation windows, binned at `bin_size`.
    bin_size : int
        In bp.
    seed : int
        Draws at most 60,000 bins of each.
    log : bool, default False
        Fit log1p of the coverage, so that the highest bins do not rule the fit.

    Returns
    -------
    LinearPredictor
    """
    x, y = _sample(features, train, bin_size, seed)
    x_valid, y_valid = _sample(features, valid, bin_size, seed)
    if log:
        y, y_valid = np.log1p(y), np.log1p(y_valid)
    mean_x, mean_y = x.mean(axis=0, dtype=np.float64), y.mean(axis=0, dtype=np.float64)
    x -= mean_x.astype(np.float32)
    gram = (x.T @ x).astype(np.float64)
    cross = (x.T @ (y - mean_y).astype(np.float32)).astype(np.float64)
    lowest = np.full(y.shape[1], np.inf)
    best = np.zeros(cross.shape, np.float32), np.zeros(y.shape[1], np.float32)
    for penalty in _PENALTIES:
        weights = ridge_weights(gram, cross, penalty).astype(np.float32)
        intercept = (mean_y - mean_x @ weights).astype(np.float32)
        error = np.square(np.maximum(x_valid @ weights + intercept, 0) - y_valid).mean(axis=0)
        better = error < lowest
        lowest = np.where(better, error, lowest)
        best = np.where(better, weights, best[0]), np.where(better, intercept, best[1])
    return LinearPredictor(bin_size, features, *best, log)


def ridge_weights(gram: np.ndarray, cross: np.ndarray, penalty: float) -> np.ndarray:
    """Solve (X'X + penalty I) w = X'y for centred X and y.

    Parameters
    ----------
    gram : float64, shape (features, features)
        X'X.
    cross : float64, shape (features, targets)
        X'y.
    penalty : float
        Added to the diagonal.

    Returns
    -------
    float64, shape (features, targets)
    """
    factor = cho_factor(gram + penalty * np.eye(len(gram)), overwrite_a=True, check_finite=False)
    return cho_solve(factor, cross, check_finite=False)


def _canonical() -> tuple[np.ndarray, int]:
    """Map each 5-mer code to the number of the pair that it forms with its reverse complement."""
    codes = np.arange(4**KMER)
    reverse = np.zeros_like(codes)
    rest = codes.copy()
    for _ in range(KMER):
        reverse = 4 * reverse + (3 - rest % 4)
        rest //= 4
    pairs, kind = np.unique(np.minimum(codes, reverse), return_inverse=True)
    return kind, len(pairs)


def _sample(features, batches: Batches, bin_size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw bins at random over all windows: features (rows, features), coverage (rows, targets)."""
    rng = np.random.default_rng(seed)
    x, y = [], []
    for sequence, coverage in batches.epoch(0):
        bins = len(batches.offsets) * coverage.shape[1]
        kept = rng.random(coverage.shape[:2]) < _ROWS / bins
        x.append(features(sequence, bin_size)[kept])
        y.append(coverage[kept])
    return np.concatenate(x), np.concatenate(y)
