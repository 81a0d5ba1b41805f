"""Turn evaluations into the tables of a predictor, with intervals."""

from pathlib import Path

import numpy as np
import pandas as pd

from epibench.evaluate.bootstrap import block_weights, interval
from epibench.evaluate.classification import SCORES as CLASSIFIED
from epibench.evaluate.classification import classify, classify_counts, count_by_value
from epibench.evaluate.evaluation import SCALINGS, SCORES, Evaluation, draw_rho
from epibench.evaluate.input_set import InputSet
from epibench.evaluate.moments import correlation, is_constant
from epibench.evaluate.ranks import RankCorrelation
from epibench.evaluate.strata import strata
from epibench.evaluate.sums import AT
from epibench.files import whole

THRESHOLDS = tuple(range(25))
"""Coverage thresholds of the test set (Toneyan et al. 2022, Fig. 2e)."""

_SCALED = ("mse", "r2", "poisson_nll", "pearson_r_log1p")
"""Scores that scaling changes."""

COUNTS = ("bins", "sequences", "constant_truth", "constant_prediction", "clipped")


class Tables:
    """Make the tables of one evaluated predictor.

    Each has a row a target and one of their mean, `target` = `mean`; a score has its 95 % interval
    over loci beside it, `<score>_low` and `<score>_high`.

    Parameters
    ----------
    evaluation : Evaluation
        Of the tiled test inputs.
    inputs : InputSet
        These inputs.
    replicates : int
        How often blocks are drawn.
    seed : int
        Of the draws; the same for every predictor, so that differences are paired.
    """

    def __init__(self, evaluation: Evaluation, inputs: InputSet, replicates: int, seed: int):
        self.evaluation, self.inputs = evaluation, inputs
        self.weights = block_weights(evaluation.blocks, replicates=replicates, seed=seed)

    def metrics(self) -> pd.DataFrame:
        """Give every score at every bin size and scaling."""
        found = self.evaluation
        frames = []
        for size in found.bin_sizes:
            totals = found.totals(size)
            same = {name: self._score(name, size, "raw") for name in SCORES if name not in _SCALED}
            known = np.isfinite(totals[:, AT["prediction"]])
            counts = self._counts(totals) | {
                "targets": known,
                "targets_with_r": np.isfinite(same["pearson_r"][0]),
            }
            for scaling in SCALINGS:
                scores = same | {name: self._score(name, size, scaling) for name in _SCALED}
                factor = found.factor_of(scaling, size, totals)
                factor = np.where(found.of_coverage, factor, np.nan)
                frames.append(
                    self._frame(
                        {"evaluated_bin_size": size, "scaling": scaling},
                        {name: scores[name] for name in SCORES} | {"scale_factor": (factor, None)},
                        counts,
                    )
                )
        return pd.concat(frames, ignore_index=True)

    def smoothing(self) -> pd.DataFrame:
        """Give r and MSE of truth and prediction after box-car filters at base resolution."""
        found = self.evaluation
        frames = [self._frame({"width": 0, "scaling": ""}, {}, {})[:0]]
        for width in found.smoothed:
            for scaling in SCALINGS:
                scores = {
                    name: (
                        found.smoothed_score(name, width, scaling),
                        found.smoothed_score(name, width, scaling, self.weights),
                    )
                    for name in ("pearson_r", "mse")
                }
                counts = {
                    "targets": np.isfinite(scores["mse"][0]),
                    "targets_with_r": np.isfinite(scores["pearson_r"][0]),
                }
                frames.append(self._frame({"width": width, "scaling": scaling}, scores, counts))
        return pd.concat(frames, ignore_index=True)

    def thresholds(self) -> pd.DataFrame:
        """Give r within inputs by the coverage that inputs must exceed in some target."""
        found = self.evaluation
        most = self.inputs.maximum.max(axis=1)
        size = found.bin_sizes[0]
        frames = []
        for threshold in THRESHOLDS:
            chosen = most > threshold
            _, r, rho = np.where(chosen[:, None], found.of_inputs, np.nan)
            scores = {
                "pearson_r_per_sequence": self._mean_of_inputs(r),
                "spearman_r_per_sequence": self._mean_of_inputs(rho),
            }
            counts = {
                "sequences": np.isfinite(r).sum(axis=0),
                "inputs": np.full(len(found.targets), chosen.sum()),
                "constant_prediction": (r == 0).sum(axis=0),
                "targets": np.isfinite(scores["pearson_r_per_sequence"][0]),
            }
            axes = {
                "threshold": threshold,
                "evaluated_bin_size": size,
                "bins": found.input_length // size,
            }
            frames.append(self._frame(axes, scores, counts))
        return pd.concat(frames, ignore_index=True)

    def high_activity(self) -> pd.DataFrame:
        """Give r, MSE, and slope and r of heights in the top decile of inputs and at peaks."""
        found = self.evaluation
        frames = []
        for region in self.inputs.groups:
            for size in found.bin_sizes:
                totals = found.totals(size, group=region)
                for scaling in SCALINGS:
                    scores = {
                        name: self._score(name, size, scaling, region)
                        for name in ("pearson_r", "mse", "slope", "r_height")
                    }
                    counts = {
                        "sequences": totals[:, AT["inputs"]],
                        "targets": np.isfinite(scores["pearson_r"][0]),
                    }
                    axes = {"region": region, "evaluated_bin_size": size, "scaling": scaling}
                    frames.append(self._frame(axes, scores, counts))
        return pd.concat(frames, ignore_index=True)

    def strata(self, promoters: str | None = None) -> pd.DataFrame:
        """Give r of one value an input, r within inputs and bias in each stratum of the tiles."""
        found = self.evaluation
        frames = []
        for stratum, value, member in strata(self.inputs, promoters):
            mean, r, _ = np.where(member, found.of_inputs, np.nan)
            truth = np.where(member & np.isfinite(mean), self.inputs.mean, np.nan)
            with np.errstate(invalid="ignore", divide="ignore"):
                bias = _nanmean(mean) / _nanmean(truth)
            scores = {
                "pearson_r": (_columns_r(truth, mean), None),
                "pearson_r_per_sequence": self._mean_of_inputs(r),
                "bias": (bias if found.of_coverage else np.full_like(bias, np.nan), None),
            }
            counts = {
                "inputs": member.sum(axis=0),
                "targets": np.isfinite(scores["pearson_r"][0]),
            }
            frames.append(self._frame({"stratum": stratum, "value": value}, scores, counts))
        return pd.concat(frames, ignore_index=True)

    def classification(self, name: str) -> pd.DataFrame:
        """Give how well one value an input finds peaks and measures coverage.

        Parameters
        ----------
        name : str
            What the column `inputs` says: `tiled` or `peaks`.
        """
        found, inputs = self.evaluation, self.inputs
        value = found.of_inputs[0].astype(np.float64)
        scores = {}
        classes = [self._classify(value[:, t], inputs.labels[:, t]) for t in range(value.shape[1])]
        for i, score in enumerate(CLASSIFIED):
            scores[score] = tuple(
                np.stack([each[k][..., i] for each in classes], axis=-1) for k in (0, 1)
            )
        scores |= self._correlate(value)
        known = inputs.labels >= 0
        counts = {
            "positives": (inputs.labels == 1).sum(axis=0),
            "negatives": (known & (inputs.labels == 0)).sum(axis=0),
            "targets": np.isfinite(scores["auroc"][0]),
        }
        return self._frame({"inputs": name}, scores, counts)

    def _classify(self, value: np.ndarray, label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the scores (3,) and those of the resampled genomes (replicates, 3)."""
        if (label < 0).all() or np.isnan(value).any():
            undefined = np.full(len(CLASSIFIED), np.nan)
            return undefined, np.tile(undefined, (len(self.weights), 1))
        counts = count_by_value(value, label, self.inputs.block, self.inputs.blocks)
        drawn = np.tensordot(self.weights.astype(np.float64), counts, axes=1)
        return classify(value, label), classify_counts(drawn)

    def _correlate(self, value: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Correlate one value an input with the mean measured coverage."""
        truth = self.inputs.mean.astype(np.float64)
        ranks = RankCorrelation(value.shape[1], self.inputs.blocks, 0)
        ranks.add(truth[..., None], value[..., None], self.inputs.block)
        rho = ranks.spearman_r()
        counts = ranks.counts_of_blocks()
        drawn = draw_rho(counts, self.weights)
        x, y = truth - truth.mean(axis=0), value - value.mean(axis=0)
        products = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=-1)
        sums = np.zeros((self.inputs.blocks, *products.shape[1:]))
        np.add.at(sums, self.inputs.block, products)
        r = _r_of_products(np.tensordot(self.weights.astype(np.float64), sums, axes=1))
        # A score of some of the inputs is none of this test set.
        known = np.isfinite(value).all(axis=0)
        value_r = np.where(known, _columns_r(truth, value), np.nan)
        return {
            "pearson_r": (value_r, r),
            "spearman_r": (np.where(np.isnan(value_r), np.nan, rho), drawn),
        }

    def _score(
        self, name: str, size: int, scaling: str, group: str = "all"
    ) -> tuple[np.ndarray, np.ndarray]:
        """Give a score (targets,) and those of the resampled genomes (replicates, targets)."""
        return tuple(
            self.evaluation.score(name, size, scaling, weights, group)
            for weights in (None, self.weights)
        )

    def _mean_of_inputs(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Average values of inputs (inputs, targets), without NaN, and for resampled genomes."""
        defined = np.isfinite(values)
        sums = np.zeros((2, self.inputs.blocks, values.shape[1]))
        np.add.at(sums[0], self.inputs.block, np.where(defined, values, 0.0))
        np.add.at(sums[1], self.inputs.block, defined)
        drawn = np.tensordot(self.weights.astype(np.float64), sums, axes=(1, 1))
        with np.errstate(invalid="ignore", divide="ignore"):
            return sums[0].sum(axis=0) / sums[1].sum(axis=0), drawn[:, 0] / drawn[:, 1]

    def _counts(self, totals: np.ndarray) -> dict[str, np.ndarray]:
        varying = totals[:, AT["varying"]]
        return {
            "bins": totals[:, AT["bins"]],
            "sequences": varying,
            "constant_truth": totals[:, AT["inputs"]] - varying,
            "constant_prediction": totals[:, AT["constant_prediction"]],
            "clipped": totals[:, AT["clipped"]],
        }

    def _frame(
        self,
        axes: dict[str, object],
        scores: dict[str, tuple[np.ndarray, np.ndarray | None]],
        counts: dict[str, np.ndarray],
    ) -> pd.DataFrame:
        """Give the rows of every target and of their mean."""
        found = self.evaluation
        columns: dict[str, object] = {"predictor": found.predictor}
        columns["target"] = [*found.targets, "mean"]
        columns |= axes
        for name, (value, drawn) in scores.items():
            columns[name] = value = with_mean(value)
            if drawn is not None:
                low, high, _ = interval(name, value, with_mean(drawn), found.blocks)
                columns[f"{name}_low"], columns[f"{name}_high"] = low, high
        for name, values in counts.items():
            total = values[0] if name == "bins" else values.sum()
            columns[name] = [*(int(value) for value in values), int(total)]
        return pd.DataFrame(columns | {"test_set": found.test_set})


def with_mean(values: np.ndarray) -> np.ndarray:
    """Append the mean over the targets (last axis) for which the score is defined."""
    return np.concatenate([values, _nanmean(values, -1)[..., None]], axis=-1)


def write_table(table: pd.DataFrame, path: str | Path) -> None:
    """Write a table as TSV; undefined scores stay empty."""
    with whole(path) as temporary:
        table.to_csv(temporary, sep="\t", index=False, float_format="%.9g")


def _nanmean(values: np.ndarray, axis: int = 0) -> np.ndarray:
    """Average what is defined, without a warning where nothing is."""
    defined = np.isfinite(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(defined, values, 0.0).sum(axis=axis) / defined.sum(axis=axis)


def _columns_r(truth: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Give Pearson's r of each column over the rows where both are defined."""
    both = np.isfinite(truth) & np.isfinite(value)
    x, y = (np.where(both, side, np.nan) for side in (truth, value))
    x, y = (np.where(both, side - _nanmean(side), 0.0) for side in (x, y))
    count = both.sum(axis=0)
    xx, yy = (x * x).sum(axis=0), (y * y).sum(axis=0)
    constant = is_constant(xx, _nanmean(truth), count) | is_constant(yy, _nanmean(value), count)
    r = correlation((x * y).sum(axis=0), xx, yy)
    return np.where((count > 2) & ~constant, r, np.nan)


def _r_of_products(sums: np.ndarray) -> np.ndarray:
    """Give r from sums (..., 6) of 1, x, y, x², y² and xy."""
    n, x, y, xx, yy, xy = np.moveaxis(sums, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return correlation(xy - x * y / n, xx - x * x / n, yy - y * y / n)
