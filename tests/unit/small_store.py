"""A store of 2,000 positions in memory, for tests of what reads batches."""

from types import SimpleNamespace

import numpy as np

from epibench.data.loader import Batches

LENGTH, INPUT = 40, 24


def small_store() -> SimpleNamespace:
    """Random bases with some N, coverage that names its position, three targets.

    Target 0 is the position; targets 1 and 2 are a strand pair and hold the position and minus it.
    """
    rng = np.random.default_rng(0)
    position = np.arange(2000)
    return SimpleNamespace(
        sequence=rng.integers(0, 5, 2000).astype(np.uint8),
        coverage=np.stack([position, position, -position], axis=1).astype(np.float16),
        targets=["a", "forward", "reverse"],
        strand_pairs=np.array([0, 2, 1]),
    )


def load(store: SimpleNamespace, offsets: np.ndarray | None = None, **keys) -> Batches:
    """Give batches of 8 of the 49 windows that tile the store; `keys` change the settings."""
    offsets = np.arange(0, 1960, LENGTH) if offsets is None else offsets
    settings = {
        "window_length": LENGTH,
        "input_length": INPUT,
        "bin_size": 1,
        "batch_size": 8,
    }
    return Batches(store, offsets, **(settings | keys))
