"""Score what every model is held against: replicate 2, baselines, a known truth."""

from typing import Any

from epibench.data.loader import Batches
from epibench.data.store import Store
from epibench.data.windows import select, tile_inputs, training_means
from epibench.evaluate.baselines import (
    SMALLEST_BIN,
    MeanPredictor,
    fit_linear,
    gc_content,
    kmer_counts,
)
from epibench.evaluate.evaluate import evaluate
from epibench.evaluate.predictors import BigWigPredictor, ReplicatePredictor


def evaluate_references(store: Store, settings: dict[str, Any]) -> list[dict]:
    """Score all references of a study.

    Baselines from sequence are fitted anew for each bin size and scored at that one only: a bin of
    their own is what they are best at.

    Parameters
    ----------
    store : Store
        The study's coverage store.
    settings : dict
        `bin_sizes`, `batch_size`, `windows` (the set that baselines are fitted on), `seed`, and
        `truth` (bigWig of each target, empty for real data).

    Returns
    -------
    list of dict
        Rows as of `evaluate` of `truth`, `replicate2`, `mean_coverage`, `gc` and `ridge`.
    """
    length = store.summary["settings"]["windows"]["input_length"]
    tiles = tile_inputs(store, "test", length)
    common = {
        "store": store,
        "tiles": tiles,
        "input_length": length,
        "batch_size": settings["batch_size"],
    }
    sizes = settings["bin_sizes"]
    rows = []
    if settings["truth"]:
        print("truth")
        truth = BigWigPredictor(store, settings["truth"])
        rows += evaluate("truth", truth, bin_sizes=sizes, **common)
    if store.has_replicate2.any():
        print("replicate 2")
        rows += evaluate("replicate2", ReplicatePredictor(store), bin_sizes=sizes, **common)
    mean = training_means(store, select(store, settings["windows"], "train"))
    rows += evaluate("mean_coverage", MeanPredictor(min(sizes), mean), bin_sizes=sizes, **common)
    for size in sorted(sizes):
        if size < SMALLEST_BIN:
            continue
        for name, features in (("gc", gc_content), ("ridge", kmer_counts)):
            print(f"{name} at {size} bp")
            train, valid = (_central(store, settings, split, size) for split in ("train", "valid"))
            fitted = fit_linear(features, train, valid, bin_size=size, seed=settings["seed"])
            rows += evaluate(name, fitted, bin_sizes=[], **common)
    wanted = set(sizes)
    return [row for row in rows if row["evaluated_bin_size"] in wanted]


def _central(store: Store, settings: dict[str, Any], split: str, bin_size: int) -> Batches:
    """Read the central inputs of a split's windows."""
    windows = store.summary["settings"]["windows"]
    return Batches(
        store,
        select(store, settings["windows"], split).offset,
        window_length=windows["length"],
        input_length=windows["input_length"],
        bin_size=bin_size,
        batch_size=settings["batch_size"],
    )
