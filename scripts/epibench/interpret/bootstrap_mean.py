"""Intervals of means over background sequences."""

import numpy as np


class Bootstrap:
    """Give means over backgrounds with 95 % intervals, from the same draws for all patterns.

    Parameters
    ----------
    backgrounds : int
    replicates : int
    seed : int
    """

    def __init__(self, backgrounds: int, replicates: int, seed: int):
        rng = np.random.default_rng(seed)
        even = np.full(backgrounds, 1 / backgrounds)
        self._weights = rng.multinomial(backgrounds, even, replicates) / backgrounds

    def __call__(self, effects: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Average (backgrounds, targets): mean, low and high end, each float64 (targets,)."""
        effects = effects.astype(np.float64)
        low, high = np.percentile(self._weights @ effects, [2.5, 97.5], axis=0)
        return effects.mean(axis=0), low, high
