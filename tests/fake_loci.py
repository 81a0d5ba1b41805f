"""Measured and predicted coverage at loci of a study that never ran."""

import numpy as np
import pandas as pd

LENGTH = 16_384
PLACES = {"highest": 128_743_424, "90th percentile": 22_016_000, "median": 2048}
GAP = (6144, 8192)
"""Part of the locus `median` that no input covers."""


def loci_rows(
    runs: list[dict], targets: list[str], places: dict[str, int] = PLACES, seed: int = 0
) -> pd.DataFrame:
    """Give the rows of `loci.tsv` of runs with the runs' axes; predictions are smooth and late."""
    rng = np.random.default_rng(seed)
    parts = []
    for locus, start in places.items():
        for target in targets:
            truth = _peaks(rng)
            noisy = truth * rng.gamma(8, 1 / 8, LENGTH)
            for run in runs:
                parts.append(_cell(run, target, locus, start, noisy, 0.7 * np.roll(truth, 200)))
    return pd.concat(parts, ignore_index=True)


def _peaks(rng) -> np.ndarray:
    """Draw a background with a few peaks."""
    x = np.arange(LENGTH)
    truth = np.full(LENGTH, 0.5)
    for centre in rng.integers(0, LENGTH, rng.integers(1, 5)):
        truth += rng.gamma(2, 3) * np.exp(-(((x - centre) / 250) ** 2))
    return truth


def _cell(run, target, locus, start, measured, predicted) -> pd.DataFrame:
    size = run["bin_size"]
    first = np.arange(0, LENGTH, size)
    covered = (locus != "median") | (first < GAP[0]) | (first >= GAP[1])
    columns = {
        "target": target,
        "locus": locus,
        "chrom": "chr8",
        "locus_start": start,
        "locus_end": start + LENGTH,
        "start": start + first,
        "end": start + first + size,
        "measured": measured.reshape(-1, size).mean(axis=1),
        "predicted": predicted.reshape(-1, size).mean(axis=1),
        "evaluated_bin_size": size,
        "test_set": "3f9a1c07",
    }
    return pd.DataFrame({name: run[name] for name in run} | columns)[covered]
