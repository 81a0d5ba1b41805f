"""What every model is held against: replicate 2, baselines, a known truth, outside predictions."""

from typing import Any

import numpy as np

from epibench.data.loader import Batches
from epibench.data.store import Store
from epibench.data.windows import select, training_means
from epibench.evaluate.baselines import (
    SMALLEST_BIN,
    LinearPredictor,
    MeanPredictor,
    OtherTargetsPredictor,
    fit_linear,
    gc_content,
    kmer_counts,
)
from epibench.evaluate.evaluate import coarsen
from epibench.evaluate.outside import open_prediction
from epibench.evaluate.predictors import (
    READ_AT_ONCE,
    BigWigPredictor,
    Predictor,
    ReplicatePredictor,
)

BASELINES = {
    "gc": (gc_content, False),
    "ridge": (kmer_counts, False),
    "ridge_log1p": (kmer_counts, True),
}
"""Features of each linear baseline, and whether log1p of the coverage is fitted."""


def open_reference(
    name: str, store: Store, settings: dict[str, Any]
) -> Predictor | dict[int, Predictor]:
    """Give a reference of a study as a predictor.

    Parameters
    ----------
    name : str
        `truth`, `replicate2`, `mean_coverage`, `other_targets`, a key of `BASELINES`, or the name
        of an outside prediction.
    store : Store
        The study's coverage store.
    settings : dict
        `evaluation` (section of the config), `windows` (the set that baselines are fitted on),
        `seed`, `truth` (bigWig of each target) and `prediction` (entry of the config, of an outside
        prediction, or None).

    Returns
    -------
    Predictor, or dict of int to Predictor
        The linear baselines are fitted at every bin size: for each evaluated bin size the fit that
        validates best there.
    """
    sizes = sorted(settings["evaluation"]["bin_sizes"])
    if settings["prediction"]:
        return open_prediction(name, settings["prediction"], store)
    if name == "truth":
        return BigWigPredictor(store, settings["truth"])
    if name == "replicate2":
        return ReplicatePredictor(store)
    mean = training_means(store, select(store, settings["windows"], "train"))
    if name == "mean_coverage":
        return MeanPredictor(sizes[0], mean)
    if name == "other_targets":
        return OtherTargetsPredictor(store, mean)
    return _best_fits(name, store, settings, sizes)


def _best_fits(
    name: str, store: Store, settings: dict[str, Any], sizes: list[int]
) -> dict[int, Predictor]:
    """Fit a baseline at every bin size and choose the fit that validates best at each.

    Averaging a fit at finer bins is often better than a fit at wider ones, and runs profit from it
    as well: a baseline that could not would be too easy to beat.
    """
    sizes = [size for size in sizes if size >= SMALLEST_BIN] or sizes[-1:]
    features, log = BASELINES[name]
    fits, errors = {}, {}
    for size in sizes:
        train, valid = (_central(store, settings, split, size) for split in ("train", "valid"))
        fits[size] = fit_linear(
            features, train, valid, bin_size=size, seed=settings["seed"], log=log
        )
        errors[size] = _validation_errors(fits[size], valid, sizes)
    chosen = {}
    for size in sizes:
        best = min((fit for fit in sizes if size % fit == 0), key=lambda fit: errors[fit][size])
        print(f"{name} evaluated at {size} bp: fitted at {best} bp")
        chosen[size] = fits[best]
    return chosen


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
