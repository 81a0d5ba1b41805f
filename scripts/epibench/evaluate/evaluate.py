"""Score a predictor on the tiled test chromosomes in one pass."""

import csv
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from epibench.data.store import Store
from epibench.data.windows import Tiles, fingerprint
from epibench.evaluate.log_scale import LogScaleCorrelation
from epibench.evaluate.moments import Moments
from epibench.evaluate.predictors import Inputs, Predictor
from epibench.evaluate.ranks import FINEST_BIN_SIZE, RankCorrelation, sample_first
from epibench.evaluate.within import WithinInputs
from epibench.files import whole

COLUMNS = (
    "predictor",
    "target",
    "evaluated_bin_size",
    "scaling",
    "pearson_r",
    "pearson_r_log1p",
    "spearman_r",
    "pearson_r_per_sequence",
    "spearman_r_per_sequence",
    "jensen_shannon",
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

_OF_COVERAGE = ("pearson_r_log1p", "mse", "poisson_nll", "scale_factor", "jensen_shannon")
"""Scores that a logit has not."""

_AT_ONCE = 2**17  # values that sums are made of at once, so that they stay in the cache


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
    of_coverage: bool = True,
) -> list[dict]:
    """Score one predictor at its own resolution and every coarser one.

    Memory does not grow with the test set: what is kept are sums. A random sample of the inputs
    comes first, so that the histograms of ranks can be laid out from it.

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
    of_coverage : bool, default True
        Whether predictions are coverage. Logits of a binary model are not: only correlations are
        defined for them, all else is NaN.

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
    sums = {size: _Sums(len(store.targets), size, of_coverage) for size in sizes}
    order = sample_first(len(tiles.offset))
    for first in range(0, len(order), batch_size):
        part = order[first : first + batch_size]
        rows = tiles.offset[part, None] + np.arange(input_length)
        inputs = Inputs(tiles.chrom[part], tiles.start[part], store.sequence[rows])
        truth = coarsen(store.coverage[rows].astype(np.float32), predictor.bin_size)
        for size, pair in _at_each(sizes, truth, predictor.predict(inputs)):
            sums[size].add(*pair)
    common = {"predictor": name, "test_set": fingerprint(store, tiles, input_length)}
    rows = [
        common | {"evaluated_bin_size": size} | row
        for size in sizes
        for row in sums[size].rows(store.targets)
    ]
    return [{column: row[column] for column in COLUMNS} for row in rows]


def write_scores(rows: list[dict], path: str | Path) -> None:
    """Write rows of `evaluate` as a TSV; undefined scores stay empty."""
    with whole(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as handle:
        table = csv.DictWriter(handle, COLUMNS, delimiter="\t", lineterminator="\n")
        table.writeheader()
        for row in rows:
            table.writerow({key: "" if value != value else value for key, value in row.items()})


def _at_each(
    sizes: list[int], truth: np.ndarray, prediction: np.ndarray
) -> Iterator[tuple[int, tuple[np.ndarray, np.ndarray]]]:
    """Give truth and prediction at each bin size, from their own, which is the first, up."""
    found = {sizes[0]: (coarsen(truth, 1), coarsen(prediction, 1))}
    for size in sizes:
        finer = max(known for known in found if size % known == 0)
        if finer != size:
            found[size] = tuple(coarsen(values, size // finer) for values in found[finer])
        yield size, found[size]


class _Sums:
    """Everything that is kept of truth and prediction at one bin size."""

    def __init__(self, targets: int, bin_size: int, of_coverage: bool):
        self.of_coverage = of_coverage
        self.whole = Moments(targets)
        self.log_scale = LogScaleCorrelation(targets) if of_coverage else None
        self.ranks = RankCorrelation(targets) if bin_size >= FINEST_BIN_SIZE else None
        self.within = WithinInputs(targets)

    def add(self, truth: np.ndarray, prediction: np.ndarray) -> None:
        """Add inputs: coverage, float64, shape (inputs, bins, targets)."""
        step = max(1, _AT_ONCE // truth[0].size)
        for first in range(0, len(truth), step):
            pair = truth[first : first + step], prediction[first : first + step]
            for sums in filter(None, (self.whole, self.log_scale, self.ranks, self.within)):
                sums.add(*pair)

    def rows(self, targets: list[str]) -> list[dict]:
        """Give the rows of every target and of their mean, raw and scaled."""
        unscaled, of_both = np.ones(len(targets)), self._scale_free_scores()
        known = np.isfinite(self.whole.mse(unscaled))
        rows = []
        for scaling, factor in (("raw", unscaled), ("scaled", self.whole.scale_factor())):
            scores = of_both | self._scores(factor)
            if not self.of_coverage:
                scores |= dict.fromkeys(_OF_COVERAGE, np.full(len(targets), np.nan))
            counts = self._counts() | {"targets": known}
            common = {"scaling": scaling, "bins": self.whole.count}
            rows += [
                common
                | {"target": target}
                | {key: float(values[i]) for key, values in scores.items()}
                | {key: int(values[i]) for key, values in counts.items()}
                for i, target in enumerate(targets)
            ]
            mean = {key: _mean(values) for key, values in scores.items()}
            mean |= {key: int(values.sum()) for key, values in counts.items()}
            rows.append(common | {"target": "mean"} | mean)
        return rows

    def _scale_free_scores(self) -> dict[str, np.ndarray]:
        """Give the scores, shape (targets,), that are the same raw and scaled."""
        r = self.whole.pearson_r()
        rho = self.ranks.spearman_r() if self.ranks else np.full_like(r, np.nan)
        names = ("pearson_r_per_sequence", "spearman_r_per_sequence", "jensen_shannon")
        return {
            "pearson_r": r,
            "spearman_r": np.where(np.isnan(r), np.nan, rho),
            **dict(zip(names, self.within.means(), strict=True)),
        }

    def _scores(self, factor: np.ndarray) -> dict[str, np.ndarray]:
        """Give the scores, shape (targets,), of `factor` times the prediction."""
        return {
            "pearson_r_log1p": self.log_scale.pearson_r(factor) if self.log_scale else factor,
            "mse": self.whole.mse(factor),
            "poisson_nll": self.whole.poisson_nll(factor),
            "scale_factor": factor,
        }

    def _counts(self) -> dict[str, np.ndarray]:
        """Give the counts, shape (targets,)."""
        return {
            "targets_with_r": np.isfinite(self.whole.pearson_r()),
            "sequences": self.within.inputs,
            "constant_truth": self.within.constant_truth,
            "constant_prediction": self.within.constant_prediction,
            "clipped": self.whole.clipped,
        }


def _mean(values: np.ndarray) -> float:
    """Average over the targets for which a score is defined."""
    defined = values[np.isfinite(values)]
    return float(defined.mean()) if len(defined) else float("nan")
