"""Intervals over loci: blocks of the test chromosomes are drawn again and again."""

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t

FEWEST_BLOCKS = 20
"""Under so many blocks there is no interval: their spread is known too badly."""

LEVEL = 0.95

MOST_UNDEFINED = 0.05
"""Share of draws in which a score may be undefined and still have an interval."""

_CORRELATIONS = (
    "pearson_r",
    "pearson_r_log1p",
    "spearman_r",
    "pearson_r_per_sequence",
    "spearman_r_per_sequence",
    "r_height",
)
_ERRORS = ("mse", "jensen_shannon")
_SHARES = ("auroc", "average_precision", "aupr")
_LEAST = 1e-12  # how close to the end of its range a score is taken to be


def block_weights(blocks: int, replicates: int = 1000, seed: int = 0) -> np.ndarray:
    """Draw as many blocks as there are, with replacement, many times.

    The same arguments give the same draws, whatever the predictor: differences between predictors
    of one test set are paired.

    Parameters
    ----------
    blocks : int
        Number of blocks, at least 1.
    replicates : int, default 1000
        Number of draws.
    seed : int, default 0

    Returns
    -------
    int32, shape (replicates, blocks)
        How often each block was drawn; each row sums to `blocks`.
    """
    rng = np.random.default_rng(seed)
    return rng.multinomial(blocks, np.full(blocks, 1 / blocks), size=replicates).astype(np.int32)


def standard_error(replicates: np.ndarray, blocks: int) -> np.ndarray:
    """Give the standard deviation over the draws, corrected for the number of blocks.

    Drawn blocks vary around the mean of those at hand, so their variance is too small by
    (blocks - 1) / blocks.

    Parameters
    ----------
    replicates : float64, shape (replicates, ...)
        A score in each draw; NaN where it is undefined.
    blocks : int
        Number of blocks.

    Returns
    -------
    float64, shape (...)
        NaN under 20 blocks, and where over 5 % of the draws are undefined.
    """
    if blocks < FEWEST_BLOCKS:
        return np.full(replicates.shape[1:], np.nan)
    defined = np.isfinite(replicates)
    count = defined.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(defined, replicates, 0.0).sum(axis=0) / count
        squares = np.where(defined, replicates - mean, 0.0) ** 2
        spread = np.sqrt(squares.sum(axis=0) / (count - 1) * blocks / (blocks - 1))
    return np.where(count >= (1 - MOST_UNDEFINED) * len(replicates), spread, np.nan)


def interval(
    score: str, value: np.ndarray, replicates: np.ndarray, blocks: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give the 95 % interval of a score over loci.

    Value plus and minus Student's t (blocks - 1 degrees of freedom) times the bootstrap standard
    error, on a scale where the score is nearly normal: arctanh for correlations, log for errors
    that are positive, log of 1 - R2, logit for areas under curves; other scores as they are.
    Percentiles of the draws cover less. Where a few loci make up most of a score, as of an error in
    very heavy-tailed coverage, 50 blocks are too few and the interval is too short: in simulation
    it held 88 % for the MSE and 91 % for r (`benchmarks/intervals.py`).

    Parameters
    ----------
    score : str
        Its name, for the scale.
    value : float64, shape (...)
        The score.
    replicates : float64, shape (replicates, ...)
        The score in each draw.
    blocks : int
        Number of blocks.

    Returns
    -------
    low, high, standard_error : float64, shape (...)
        The last on the score's own scale. NaN under 20 blocks, and where the value or over 5 % of
        the draws are undefined.
    """
    value, replicates = np.asarray(value, np.float64), np.asarray(replicates, np.float64)
    undefined = np.isnan(value)
    spread = np.where(undefined, np.nan, standard_error(replicates, blocks))
    to, back = _scale(score)
    middle = to(value)
    half = t.ppf((1 + LEVEL) / 2, blocks - 1) * standard_error(to(replicates), blocks)
    ends = np.sort([back(middle - half), back(middle + half)], axis=0)
    return *np.where(undefined | np.isnan(half), np.nan, ends), spread


def _scale(score: str):
    """Give the function to the scale on which a score is nearly normal, and its inverse."""
    if score in _CORRELATIONS:
        return lambda x: np.arctanh(np.clip(x, _LEAST - 1, 1 - _LEAST)), np.tanh
    if score in _ERRORS:
        return lambda x: np.log(np.maximum(x, _LEAST)), np.exp
    if score == "r2":
        return lambda x: np.log(np.maximum(1 - x, _LEAST)), lambda y: 1 - np.exp(y)
    if score in _SHARES:
        return lambda x: logit(np.clip(x, _LEAST, 1 - _LEAST)), expit
    return lambda x: x, lambda y: y
