"""Variation scores of runs that never ran, with numbers of a usual size."""

import numpy as np
import pandas as pd

from .fake_study import TARGETS

_ROBUST = {
    "none": 0.34,
    "rc": 0.29,
    "shift": 0.20,
    "rc+shift": 0.17,
    "evoaug": 0.25,
    "rc+shift+evoaug": 0.14,
    "as_published": 0.22,
}


def variation_rows(runs: list[dict], seed=0) -> pd.DataFrame:
    """Give the rows of `variation.tsv` of runs, with the runs' axes; one target has no peaks."""
    rng = np.random.default_rng(seed)
    rows = []
    for run in runs:
        base = _ROBUST[run["augmentation"]] * (1.25 if run["windows"] == "peaks" else 1.0)
        base *= 1.15 if run["model"].startswith("bpnet") else 1.0
        score = base + rng.normal(0, 0.008) + rng.normal(0, 0.01, len(TARGETS) - 1)
        r = 0.62 - 0.15 * base + rng.normal(0, 0.004) + rng.normal(0, 0.01, len(score))
        for target, values in zip(
            [*TARGETS[:-1], "mean"],
            [*zip(score, r, strict=True), (score.mean(), r.mean())],
            strict=True,
        ):
            several = len(score) if target == "mean" else 1
            rows.append(
                run
                | {"target": target, "evaluated_bin_size": run["bin_size"]}
                | {"variation_score": values[0], "pearson_r_per_sequence": values[1]}
                | {"targets": several, "test_windows": 120 * several, "windows_without_score": 0}
                | {"constant_truth": 0, "constant_prediction": 0, "test_set": "5d2e77a1c0de"}
            )
    return pd.DataFrame(rows)
