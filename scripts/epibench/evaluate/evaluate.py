"""Score a predictor on the tiled test chromosomes in one pass."""

import csv
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from epibench.data.store import Store
from epibench.data.windows import Tiles, fingerprint
from epibench.evaluate.moments import Moments, SequenceCorrelation
from epibench.evaluate.predictors import Inputs, Predictor
from epibench.files import whole

COLUMNS = (
    "predictor",
    "target",
    "evaluated_bin_size",
    "scaling",
    "pearson_r",
    "pearson_r_per_sequence",
    "mse",
    "poisson_nll",
    "scale_factor",
    "targets",
    "targets_with_r",
    "bins",
    "sequences",
    "constant_truth",
    "constant_prediction",
    "clipped",
    "test_set",
)


def coarsen(values: np.ndarray, factor: int) -> np.ndarray:
    """Average each `factor` neighbouring bins.

    Parameters
    ----------
    values : float, shape (batch, bins, targets)
        Coverage; the number of bins is a multiple of `factor`.
    factor : int
        Finer bins in one coarser bin.

    Returns
    -------
    float64, shape (batch, bins / factor, targets)
    """
    batch, bins, targets = values.shape
    grouped = values.reshape(batch, bins // factor, factor, targets)
    return grouped.mean(axis=2, dtype=np.float64)


def resolutions(own: int, bin_sizes: Iterable[int]) -> list[int]:
    """Give the bin sizes that a predictor of bin size `own` can be scored at, finest first."""
    return sorted({own, *(size for size in bin_sizes if size % own == 0)})


def evaluate(
    name: str,
    predictor: Predictor,
    store: Store,
    tiles: Tiles,
    *,
    input_length: int,
    bin_sizes: Iterable[int],
    batch_size: int,
) -> list[dict]:
    """Score one predictor at its own resolution and every coarser one.

    Memory does not grow with the test set: what is kept are sums.

    Parameters
    ----------
    name : str
        What the rows call the predictor.
    predictor : Predictor
        Anything that gives coverage for inputs.
    store : Store
        Holds sequence and measured coverage.
    tiles : Tiles
        The non-overlapping inputs of the test chromosomes.
    input_length : int
        Length of an input in bp.
    bin_sizes : iterable of int
        Resolutions of the study in bp; those that the predictor cannot give are left out.
    batch_size : int
        Inputs that are predicted at once.

    Returns
    -------
    list of dict
        One row a target (and their mean), bin size and scaling, with the keys of `COLUMNS`.
        `test_set` is the checksum of what was evaluated: rows that differ must not share a table.

    References
    ----------
    Toneyan et al. 2022, Methods, "Evaluation": whole-chromosome and per-sequence Pearson's r, MSE,
    scaling by the ratio of the means.
    """
    sizes = resolutions(predictor.bin_size, bin_sizes)
    test_set = fingerprint(store, tiles, input_length)
    targets = len(store.targets)
    whole = {size: Moments(targets) for size in sizes}
    within = {size: SequenceCorrelation(targets) for size in sizes}
    for first in range(0, len(tiles.offset), batch_size):
        part = slice(first, first + batch_size)
        rows = tiles.offset[part, None] + np.arange(input_length)
        sequence = store.sequence[rows]
        prediction = predictor.predict(Inputs(tiles.chrom[part], tiles.start[part], sequence))
        truth = coarsen(store.coverage[rows].astype(np.float32), predictor.bin_size)
        for size in sizes:
            factor = size // predictor.bin_size
            pair = coarsen(truth, factor), coarsen(prediction, factor)
            whole[size].add(*pair)
            within[size].add(*pair)
    rows = []
    for size in sizes:
        for scaling in ("raw", "scaled"):
            rows += _rows(store.targets, whole[size], within[size], scaling)
            for row in rows[-targets - 1 :]:
                row |= {"predictor": name, "evaluated_bin_size": size, "test_set": test_set}
    return [{column: row[column] for column in COLUMNS} for row in rows]


def write_scores(rows: list[dict], path: str | Path) -> None:
    """Write rows of `evaluate` as a TSV; undefined scores stay empty."""
    with whole(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as handle:
        table = csv.DictWriter(handle, COLUMNS, delimiter="\t", lineterminator="\n")
        table.writeheader()
        for row in rows:
            table.writerow({key: "" if value != value else value for key, value in row.items()})


def _rows(
    targets: list[str], whole: Moments, within: SequenceCorrelation, scaling: str
) -> list[dict]:
    """Give the rows of every target and of their mean at one resolution."""
    factor = whole.scale_factor() if scaling == "scaled" else np.ones(len(targets))
    scores = {
        "pearson_r": whole.pearson_r(),
        "pearson_r_per_sequence": within.mean(),
        "mse": whole.mse(factor),
        "poisson_nll": whole.poisson_nll(factor),
        "scale_factor": factor,
    }
    counts = {
        "sequences": within.inputs,
        "constant_truth": within.constant_truth,
        "constant_prediction": within.constant_prediction,
        "clipped": whole.clipped,
        "targets": np.isfinite(scores["mse"]),
        "targets_with_r": np.isfinite(scores["pearson_r"]),
    }
    common = {"scaling": scaling, "bins": whole.count}
    rows = [
        common
        | {"target": target}
        | {key: float(values[i]) for key, values in scores.items()}
        | {key: int(values[i]) for key, values in counts.items()}
        for i, target in enumerate(targets)
    ]
    mean = {key: _mean(values) for key, values in scores.items()}
    mean |= {key: int(values.sum()) for key, values in counts.items()}
    return [*rows, common | {"target": "mean"} | mean]


def _mean(values: np.ndarray) -> float:
    """Average over the targets for which a score is defined."""
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if len(defined) else float("nan")
