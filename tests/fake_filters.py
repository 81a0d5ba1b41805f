"""Tables of filters of runs that never ran."""

import numpy as np
import pandas as pd

FILTERS = 64
ACTIVATIONS = {"exponential": 0.75, "relu": 0.4, "gelu_sigmoid": 0.45}
"""Activations of the first layer with a usual hit ratio."""


def filter_rows(runs: list[dict], activations: dict[str, str], seed: int = 0) -> pd.DataFrame:
    """Give the rows of `filters.tsv` of runs, with the runs' axes; two filters are dead.

    `activations` has that of the first layer by the name of the model.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for run in runs:
        activation = activations[run["model"]]
        wanted = ACTIVATIONS[activation] + rng.normal(0, 0.04)
        dead = np.arange(FILTERS) >= FILTERS - 2
        matched = (rng.random(FILTERS) < wanted) & ~dead
        part = pd.DataFrame(run | {"predictor": run["run"], "filter": np.arange(FILTERS)})
        part["activation"] = activation
        part["sites"] = np.where(dead, 0, rng.integers(20, 3000, FILTERS))
        part["maximum"] = np.where(dead, 0, rng.uniform(0.5, 4, FILTERS))
        part["information"] = np.where(dead, np.nan, rng.uniform(4, 14, FILTERS))
        part["matches"] = np.where(matched, rng.integers(1, 9, FILTERS), 0)
        q = np.where(matched, 0.1 * rng.random(FILTERS) ** 3, rng.uniform(0.1, 1, FILTERS))
        part["best_q"] = np.where(dead, np.nan, q)
        part["hit_threshold"] = 0.1
        part["shuffled_matches"] = np.where(rng.random(FILTERS) < 0.06, 1, 0) * ~dead
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
