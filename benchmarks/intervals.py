"""Print how often the intervals over loci hold the true score, by simulation.

Run as `python benchmarks/intervals.py [trials]`. Values within a block share a random effect on
truth, prediction and spread, as neighbouring inputs of a chromosome do. The true score is that of
one long draw. Beside each interval the table has the percentiles of the same draws.
"""

import sys

import numpy as np

from epibench.evaluate.bootstrap import block_weights, interval
from epibench.evaluate.classification import LEVELS, classify_counts
from epibench.evaluate.moments import correlation
from epibench.evaluate.ranks import COARSE, rho_of_counts

VALUES = 40  # of a block
TAILS = (0.5, 1.0)
"""Moderately skewed, and so heavy-tailed that few values make up most of an error."""

SCORES = ("pearson_r", "mse", "auroc", "spearman_r")
EDGES = {levels: np.quantile(np.random.default_rng(5).gamma(1.5, 1, 100_000),
         np.arange(1, levels) / levels) for levels in (LEVELS, COARSE)}  # fmt: skip


def draw(rng: np.random.Generator, blocks: int, tail: float) -> tuple[np.ndarray, np.ndarray]:
    """Draw positive, skewed, correlated truth and prediction, each (blocks, VALUES).

    Both are log-normal; the logarithm of the truth has a standard deviation of about `tail`.
    """
    effect = rng.normal(0, 0.5, (2, blocks, 1))
    noise = rng.normal(0, 0.6, (3, blocks, VALUES))
    shared = effect[0] + noise[0]
    truth, prediction = shared + noise[1], shared + 0.5 * effect[1] + noise[2]
    return np.exp(tail * truth), np.exp(tail * prediction)


def sums(truth: np.ndarray, prediction: np.ndarray) -> dict[str, np.ndarray]:
    """Give what each score is made of, by block."""
    x, y = truth, prediction
    powers = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=-1).sum(axis=1)
    blocks = len(x)
    block = np.arange(blocks)[:, None]
    classes = np.zeros((blocks, 2, LEVELS))
    np.add.at(classes, (block, (x > 2).astype(int), np.searchsorted(EDGES[LEVELS], y)), 1)
    ranks = np.zeros((blocks, COARSE, COARSE))
    np.add.at(ranks, (block, *(np.searchsorted(EDGES[COARSE], side) for side in (x, y))), 1)
    return {"moments": powers, "classes": classes, "ranks": ranks}


def scores(parts: dict[str, np.ndarray], weights: np.ndarray) -> dict[str, np.ndarray]:
    """Give each score in each draw of blocks, (draws,)."""
    weights = weights.astype(np.float64)
    n, x, y, xx, yy, xy = np.moveaxis(weights @ parts["moments"], -1, 0)
    return {
        "pearson_r": correlation(xy - x * y / n, xx - x * x / n, yy - y * y / n),
        "mse": (xx - 2 * xy + yy) / n,
        "auroc": classify_counts(np.tensordot(weights, parts["classes"], 1))[..., 0],
        "spearman_r": rho_of_counts(np.tensordot(weights, parts["ranks"], 1)),
    }


def coverage(
    blocks: int, trials: int, replicates: int, seed: int, tail: float
) -> dict[str, np.ndarray]:
    """Give for each score the share of trials that hold the truth.

    Returns
    -------
    dict of str to float64, shape (2,)
        Of the interval, and of the percentiles of the draws.
    """
    rng = np.random.default_rng(seed)
    long = sums(*draw(np.random.default_rng(1), 20_000, tail))
    true = scores(long, np.ones((1, 20_000)))
    weights = block_weights(blocks, replicates=replicates, seed=seed)
    held = {name: [] for name in SCORES}
    for _ in range(trials):
        parts = sums(*draw(rng, blocks, tail))
        value, drawn = scores(parts, np.ones((1, blocks))), scores(parts, weights)
        for name in SCORES:
            low, high, _ = interval(name, value[name][0], drawn[name], blocks)
            ends = np.quantile(drawn[name], [0.025, 0.975])
            truth = true[name][0]
            held[name].append([low <= truth <= high, ends[0] <= truth <= ends[1]])
    return {name: np.mean(each, axis=0) for name, each in held.items()}


def main(trials: int) -> None:
    """Print the table."""
    error = 100 * np.sqrt(0.95 * 0.05 / trials)
    print(f"per cent of {trials} trials; Monte-Carlo error of 95 %: {error:.1f}")
    print("tail  blocks  score        interval  percentiles")
    for tail in TAILS:
        for blocks in (20, 50, 145):
            for name, share in coverage(blocks, trials, 1000, blocks, tail).items():
                first, second = 100 * share
                print(f"{tail:4}  {blocks:6}  {name:11} {first:9.1f}  {second:11.1f}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
