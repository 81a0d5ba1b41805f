"""Score what every model is held against: replicate 2, baselines, a known truth."""

from typing import Any

import numpy as np

from epibench.data.loader import Batches
from epibench.data.store import Store
from epibench.data.windows import select, tile_inputs, training_means
from epibench.evaluate.baselines import (
    SMALLEST_BIN,
    LinearPredictor,
    MeanPredictor,
    fit_linear,
    gc_content,
    kmer_counts,
)
from epibench.evaluate.evaluate import coarsen, evaluate
from epibench.evaluate.predictors import READ_AT_ONCE, BigWigPredictor, ReplicatePredictor

BASELINES = {
    "gc": (gc_content, False),
    "ridge": (kmer_counts, False),
    "ridge_log1p": (kmer_counts, True),
}
"""Features of each linear baseline, and whether log1p of the coverage is fitted."""


def evaluate_references(store: Store, settings: dict[str, Any]) -> list[dict]:
    """Score all references of a study.

    Parameters
    ----------
    store : Store
        The study's coverage store.
    settings : dict
        `bin_sizes`, `windows` (the set that baselines are fitted on), `seed`, and
        `truth` (bigWig of each target, empty for real data).

    Returns
    -------
    list of dict
        Rows as of `evaluate` of `truth`, `replicate2`, `mean_coverage` and `BASELINES`.
    """
    length = store.summary["settings"]["windows"]["input_length"]
    sizes = sorted(settings["bin_sizes"])
    common = {
        "store": store,
        "tiles": tile_inputs(store, "test", length),
        "input_length": length,
        "batch_size": READ_AT_ONCE,
        "bin_sizes": sizes,
    }
    rows = []
    if settings["truth"]:
        print("truth")
        rows += evaluate("truth", BigWigPredictor(store, settings["truth"]), **common)
    if store.has_replicate2.any():
        print("replicate 2")
        rows += evaluate("replicate2", ReplicatePredictor(store), **common)
    mean = training_means(store, select(store, settings["windows"], "train"))
    constant = evaluate("mean_coverage", MeanPredictor(sizes[0], mean), **common)
    # It is constant by construction, so its r and rho within inputs say nothing either.
    undefined = dict.fromkeys(("pearson_r_per_sequence", "spearman_r_per_sequence"), float("nan"))
    rows += [row | undefined for row in constant]
    for name in BASELINES:
        rows += _evaluate_baseline(name, store, settings, common)
    return [row for row in rows if row["evaluated_bin_size"] in sizes]


def _evaluate_baseline(
    name: str, store: Store, settings: dict[str, Any], common: dict[str, Any]
) -> list[dict]:
    """Fit a baseline at every bin size and score the fit that validates best at each.

    Averaging a fit at finer bins is often better than a fit at wider ones, and runs profit from it
    as well: a baseline that could not would be too easy to beat.
    """
    sizes = [size for size in common["bin_sizes"] if size >= SMALLEST_BIN]
    features, log = BASELINES[name]
    fits, errors = {}, {}
    for size in sizes:
        print(f"{name} at {size} bp")
        train, valid = (_central(store, settings, split, size) for split in ("train", "valid"))
        fits[size] = fit_linear(
            features, train, valid, bin_size=size, seed=settings["seed"], log=log
        )
        errors[size] = _validation_errors(fits[size], valid, sizes)
    rows = []
    for size in sizes:
        best = min((fit for fit in sizes if size % fit == 0), key=lambda fit: errors[fit][size])
        print(f"{name} evaluated at {size} bp: fitted at {best} bp")
        found = evaluate(name, fits[best], **common | {"bin_sizes": [size]})
        rows += [row for row in found if row["evaluated_bin_size"] == size]
    return rows


def _validation_errors(fit: LinearPredictor, valid: Batches, sizes: list[int]) -> dict[int, float]:
    """Give the mean squared error on the validation windows at every bin size of the fit.

    It is that of what was fitted: of log1p of the coverage for a fit of that.
    """
    pairs = [(coverage, fit.at(sequence)) for sequence, coverage in valid.epoch(0)]
    both = [np.concatenate(parts) for parts in zip(*pairs, strict=True)]
    errors = {}
    for size in sizes:
        if size % fit.bin_size == 0:
            coarse = [coarsen(values, size // fit.bin_size) for values in both]
            truth, prediction = map(np.log1p, coarse) if fit.log else coarse
            errors[size] = float(np.square(truth - prediction).mean())
    return errors


def _central(store: Store, settings: dict[str, Any], split: str, bin_size: int) -> Batches:
    """Read the central inputs of a split's windows."""
    windows = store.summary["settings"]["windows"]
    return Batches(
        store,
        select(store, settings["windows"], split).offset,
        window_length=windows["length"],
        input_length=windows["input_length"],
        bin_size=bin_size,
        batch_size=READ_AT_ONCE,
    )
