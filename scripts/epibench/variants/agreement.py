"""Correlate predicted with measured effects within elements, with intervals."""

import numpy as np
import pandas as pd

from epibench.evaluate.bootstrap import FEWEST_BLOCKS, block_weights, interval

LONGEST_BLOCK, SHORTEST_BLOCK = 10, 5
"""Positions that are drawn together, in bp: about a binding site."""


def agreement(
    x: np.ndarray,
    y: np.ndarray,
    element: np.ndarray,
    start: np.ndarray,
    *,
    replicates: int = 1000,
    seed: int = 1,
) -> pd.DataFrame:
    """Give Pearson's r of predicted and measured effects within each element, and its mean.

    A prediction that is the same for all variants of an element scores 0 there and is counted: it
    says nothing of them. Alternatives of one position, and neighbouring positions of one binding
    site, have effects that go together, so blocks of neighbouring positions are drawn for the 95 %
    intervals. Those of the mean are over the positions of these elements, not over elements that
    could have been chosen in their place.

    Parameters
    ----------
    x, y : float, shape (variants,)
        Predicted and measured effects, finite.
    element : str, shape (variants,)
    start : int, shape (variants,)
        Positions.
    replicates : int, default 1000
        How often the blocks of each element are drawn.
    seed : int, default 1
        Of the draws, which are the same for all predictions of the same variants.

    Returns
    -------
    DataFrame
        A row an element, by first appearance, then "mean": `element`, `variants`, `pearson_r`,
        `pearson_r_low`, `pearson_r_high`, `elements` (those of the mean: where effects vary). r is
        NaN where measured effects are constant. No interval under 20 blocks or for a constant
        prediction, nor for a mean over an element with so few.
    """
    x, y, start = np.asarray(x, np.float64), np.asarray(y, np.float64), np.asarray(start)
    rows, drawn, blocks = [], [], []
    for name in pd.unique(np.asarray(element)):
        here = np.flatnonzero(np.asarray(element) == name)
        sums = _block_sums(x[here], y[here], start[here])
        # By place, so that two experiments on one element see the same draws.
        weights = block_weights(len(sums), replicates, [seed, int(np.min(start[here]))])
        r, draws = float(_r(sums.sum(axis=0))), _r(weights @ sums)
        low, high, _ = interval("pearson_r", r, draws, len(sums))
        if np.isnan(r) and np.ptp(y[here]) > 0:
            r, draws = 0.0, np.zeros(replicates)
        rows.append([name, len(here), r, float(low), float(high), int(np.isfinite(r))])
        if np.isfinite(r):
            drawn.append(draws)
            blocks.append(len(sums))
    columns = ["element", "variants", "pearson_r", "pearson_r_low", "pearson_r_high", "elements"]
    table = pd.DataFrame(rows, columns=columns)
    return pd.concat([table, _mean(table, drawn, blocks)], ignore_index=True)


def _mean(table: pd.DataFrame, drawn: list[np.ndarray], blocks: list[int]) -> pd.DataFrame:
    """Average r over the elements that have one; the element with the fewest blocks sets t."""
    defined = table[table["elements"] == 1]
    r, low, high = defined["pearson_r"].mean(), np.nan, np.nan
    if drawn:
        low, high, _ = interval("pearson_r", r, np.mean(drawn, axis=0), min(blocks))
    row = ["mean", int(defined["variants"].sum()), r, float(low), float(high), len(defined)]
    return pd.DataFrame([row], columns=table.columns)


def blocks_of(start: np.ndarray) -> np.ndarray:
    """Give the block of each position of an element: 10 bp, fewer where that leaves few blocks.

    Parameters
    ----------
    start : int, shape (variants,)

    Returns
    -------
    int, shape (variants,)
        Numbers from 0 on; none is left out.
    """
    place = np.asarray(start) - np.min(start)
    length = np.clip((place.max() + 1) // FEWEST_BLOCKS, SHORTEST_BLOCK, LONGEST_BLOCK)
    return np.unique(place // length, return_inverse=True)[1]


def _block_sums(x: np.ndarray, y: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Sum what r is made of over each block: (blocks, 6)."""
    x, y = x - x.mean(), y - y.mean()  # smaller numbers lose less
    terms = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=1)
    block = blocks_of(start)
    sums = np.zeros((block.max() + 1, terms.shape[1]))
    np.add.at(sums, block, terms)
    return sums


def _r(sums: np.ndarray) -> np.ndarray:
    """Give Pearson's r from sums (..., 6); NaN where a side does not vary."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    spread_x, spread_y = xx - x * x / n, yy - y * y / n
    varies = (spread_x > 1e-12 * np.abs(xx)) & (spread_y > 1e-12 * np.abs(yy))
    with np.errstate(invalid="ignore", divide="ignore"):
        r = (xy - x * y / n) / np.sqrt(spread_x * spread_y)
    return np.where(varies, np.clip(r, -1, 1), np.nan)
