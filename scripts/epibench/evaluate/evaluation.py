"""What one pass over the test inputs leaves of a predictor: every score comes from it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from epibench.arrays import DAMAGE
from epibench.errors import InputError
from epibench.evaluate import formulas
from epibench.evaluate.ranks import rho_of_counts
from epibench.files import whole

SCALINGS = ("raw", "scaled", "scaled_valid")
"""As predicted; times mean(truth) / mean(prediction) of the test chromosomes (the paper's); times
that of the validation chromosomes, which uses no test truth."""

SCORES = (
    "pearson_r",
    "pearson_r_log1p",
    "spearman_r",
    "pearson_r_per_sequence",
    "spearman_r_per_sequence",
    "jensen_shannon",
    "mse",
    "r2",
    "poisson_nll",
)

OF_LOGITS = ("pearson_r", "spearman_r", "pearson_r_per_sequence", "spearman_r_per_sequence")
"""Scores that a logit has as well: the others need coverage."""

_ALMOST_1 = 1 - 1e-12
_BETWEEN = "/"  # the parts of a key in the file


@dataclass(frozen=True)
class Evaluation:
    """Hold the sums of one predictor over the blocks of a test set.

    Attributes
    ----------
    predictor : str
        Its name.
    targets : list of str
    test_set : str
        Checksum of the inputs: evaluations that differ in it must not be compared.
    of_coverage : bool
        Whether predictions are coverage; else they are logits.
    input_length : int
        In bp.
    bin_sizes : list of int
        In bp, finest first.
    centre : dict of bin size to float64 (2, targets)
        What moments are summed around.
    factor : dict of bin size to float64 (targets,)
        Of the validation chromosomes.
    block : int64, shape (inputs,)
        Block of each input.
    sums : dict of (group, bin size) to float64 (blocks, targets, fields)
        Group `all`, or inputs of high activity (`InputSet.groups`).
    smoothed : dict of width to float64 (blocks, targets, 6)
    ranks : dict of bin size to int32 (blocks, targets, 32, 32)
        Joint histograms, for the spread of rho.
    rho : dict of bin size to float64 (targets,)
    log_scaled : dict of bin size to float64 (targets,)
        r on log1p of predictions scaled by the test chromosomes.
    of_inputs : float32, shape (3, inputs, targets)
        Mean prediction, and r and rho within the input at the predictor's own bin size, NaN where
        the truth does not vary.
    """

    predictor: str
    targets: list[str]
    test_set: str
    of_coverage: bool
    input_length: int
    bin_sizes: list[int]
    centre: dict[int, np.ndarray]
    factor: dict[int, np.ndarray]
    block: np.ndarray
    sums: dict[tuple[str, int], np.ndarray]
    smoothed: dict[int, np.ndarray]
    ranks: dict[int, np.ndarray]
    rho: dict[int, np.ndarray]
    log_scaled: dict[int, np.ndarray]
    of_inputs: np.ndarray

    @property
    def blocks(self) -> int:
        """Number of blocks."""
        return int(self.block.max()) + 1

    def totals(
        self, bin_size: int, weights: np.ndarray | None = None, group: str = "all"
    ) -> np.ndarray:
        """Sum over the blocks, or over each resampling of them.

        Parameters
        ----------
        bin_size : int
            In bp.
        weights : int, shape (replicates, blocks), or None
            How often each block was drawn.
        group : str
            Default `all`.

        Returns
        -------
        float64, shape (targets, fields) or (replicates, targets, fields)
        """
        return weighted(self.sums[group, bin_size], weights)

    def factor_of(self, scaling: str, bin_size: int, totals: np.ndarray) -> np.ndarray:
        """Give what predictions are multiplied by, shape as `totals` without fields."""
        if scaling == "raw":
            return np.ones(totals.shape[:-1])
        if scaling == "scaled":
            return formulas.scale_factor(totals, self.centre[bin_size])
        return np.broadcast_to(self.factor[bin_size], totals.shape[:-1])

    def score(
        self,
        name: str,
        bin_size: int,
        scaling: str = "raw",
        weights: np.ndarray | None = None,
        group: str = "all",
    ) -> np.ndarray:
        """Give a score of each target, or of each target and resampled genome.

        Parameters
        ----------
        name : str
            One of `SCORES`, or `slope` or `r_height`.
        bin_size : int
            In bp.
        scaling : str
            One of `SCALINGS`, default `raw`.
        weights : int, shape (replicates, blocks), or None
            How often each block was drawn.
        group : str
            Default `all`.

        Returns
        -------
        float64, shape (targets,) or (replicates, targets)
            NaN where the score is not defined.
        """
        totals, centre = self.totals(bin_size, weights, group), self.centre[bin_size]
        undefined = np.full(totals.shape[:-1], np.nan)
        if not self.of_coverage and name not in OF_LOGITS:
            return undefined
        if name == "pearson_r":
            return formulas.pearson_r(totals, centre)
        if name == "spearman_r":
            return self._spearman(bin_size, weights, undefined) if group == "all" else undefined
        if name == "pearson_r_log1p":
            return self._log1p(totals, bin_size, scaling, weights, group)
        if name in _PER_SEQUENCE:
            return formulas.per_sequence(totals, _PER_SEQUENCE[name])
        factor = self.factor_of(scaling, bin_size, totals)
        if name in ("slope", "r_height"):
            slope, r = formulas.heights(totals)
            return slope * factor if name == "slope" else r
        return getattr(formulas, name)(totals, centre, factor)

    def smoothed_score(
        self, name: str, width: int, scaling: str, weights: np.ndarray | None = None
    ) -> np.ndarray:
        """Give `pearson_r` or `mse` after smoothing, see `score`."""
        totals, own = weighted(self.smoothed[width], weights), self.bin_sizes[0]
        if name == "pearson_r":
            return formulas.pearson_r(totals, self.centre[own])
        if not self.of_coverage:
            return np.full(totals.shape[:-1], np.nan)
        return formulas.mse(totals, self.centre[own], self.factor_of(scaling, own, totals))

    def _spearman(
        self, bin_size: int, weights: np.ndarray | None, undefined: np.ndarray
    ) -> np.ndarray:
        if bin_size not in self.rho:
            return undefined
        counts = self.ranks[bin_size]
        rho = self.rho[bin_size] if weights is None else draw_rho(counts, weights)
        constant = np.isnan(formulas.pearson_r(self.totals(bin_size), self.centre[bin_size]))
        return np.where(constant, np.nan, rho)

    def _log1p(
        self,
        totals: np.ndarray,
        bin_size: int,
        scaling: str,
        weights: np.ndarray | None,
        group: str,
    ) -> np.ndarray:
        if scaling != "scaled":
            return formulas.pearson_r_log1p(totals, scaled=scaling == "scaled_valid")
        if group != "all":
            return np.full(totals.shape[:-1], np.nan)
        value = self.log_scaled[bin_size]
        if weights is None:
            return value
        # Sums on log1p need the factor before the pass, and that of the test chromosomes is known
        # after it: the spread is that of a factor which was known.
        known = np.isfinite(self.factor[bin_size])
        drawn, at_known = (
            np.where(
                known,
                formulas.pearson_r_log1p(sums, scaled=True),
                formulas.pearson_r_log1p(sums, scaled=False),
            )
            for sums in (totals, self.totals(bin_size))
        )
        z = [np.arctanh(np.clip(r, -_ALMOST_1, _ALMOST_1)) for r in (drawn, at_known, value)]
        return np.tanh(z[0] - z[1] + z[2])

    def joined(self, at: Mapping[int, "Evaluation"]) -> "Evaluation":
        """Take the scores at each bin size from the evaluation given for it.

        For predictors that are fitted anew at each bin size. Smoothing and the scores within inputs
        stay those of this evaluation, the value an input becomes that of the coarsest bin size.
        """
        merged = {
            name: {
                key: value
                for size, other in at.items()
                for key, value in getattr(other, name).items()
                if (key[1] if isinstance(key, tuple) else key) == size
            }
            for name in ("centre", "factor", "sums", "ranks", "rho", "log_scaled")
        }
        coarsest = at[max(at)]
        of_inputs = np.concatenate([coarsest.of_inputs[:1], self.of_inputs[1:]])
        return replace(self, **merged, bin_sizes=sorted(at), of_inputs=of_inputs)

    def save(self, path: str | Path) -> None:
        """Write everything into one .npz."""
        arrays: dict[str, np.ndarray] = {}
        plain = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, dict):
                for key, array in value.items():
                    parts = key if isinstance(key, tuple) else (key,)
                    arrays[_BETWEEN.join([field.name, *map(str, parts)])] = smallest(array)
            elif isinstance(value, np.ndarray):
                arrays[field.name] = smallest(value)
            else:
                plain[field.name] = value
        arrays["plain"] = np.array(json.dumps(plain))
        with whole(path) as temporary, open(temporary, "wb") as handle:
            np.savez_compressed(handle, **arrays)

    @classmethod
    def load(cls, path: str | Path, bin_size: int | None = None) -> "Evaluation":
        """Read what `save` wrote.

        Parameters
        ----------
        path : path
            The file.
        bin_size : int or None
            Read the scores at this bin size alone, without smoothing and inputs, which are a
            fraction of the file: for comparing hundreds of predictors. `bin_sizes` still has all.

        Raises
        ------
        InputError
            When the file is not such a file.
        """
        content: dict[str, Any] = {
            field.name: {} for field in fields(cls) if str(field.type).startswith("dict")
        }
        try:
            with np.load(path, allow_pickle=False) as arrays:
                content |= json.loads(str(arrays["plain"]))
                for key in arrays.files:
                    name, *parts = key.split(_BETWEEN)
                    if name == "of_inputs" and bin_size is not None:
                        content[name] = np.empty((3, 0, len(content["targets"])), np.float32)
                    elif not parts and name != "plain":
                        content[name] = arrays[key]
                    elif parts and (bin_size is None or _is_at(bin_size, name, parts)):
                        place = (parts[0], int(parts[1])) if len(parts) == 2 else int(parts[0])
                        content[name][place] = arrays[key]
            return cls(**content)
        except (*DAMAGE, TypeError) as error:
            raise InputError(f"{path} has no evaluation ({error}); evaluate again") from None


def _is_at(bin_size: int, name: str, parts: list[str]) -> bool:
    """Tell whether an array of the file belongs to a bin size."""
    return name != "smoothed" and int(parts[-1]) == bin_size


_PER_SEQUENCE = {
    "pearson_r_per_sequence": "r",
    "spearman_r_per_sequence": "rho",
    "jensen_shannon": "jensen_shannon",
}


def draw_rho(counts: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Give rho of resampled genomes from the joint histograms of blocks.

    Parameters
    ----------
    counts : int, shape (blocks, targets, bins, bins)
    weights : int, shape (replicates, blocks)

    Returns
    -------
    float64, shape (replicates, targets)
    """
    rho = [
        rho_of_counts(
            np.tensordot(weights.astype(np.float32), of_target.astype(np.float32), axes=1)
        )
        for of_target in counts.swapaxes(0, 1)
    ]
    return np.stack(rho, axis=1)


def weighted(sums: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Sum over the blocks (axis 0), or over each resampling of them."""
    if weights is None:
        return sums.sum(axis=0)
    return np.tensordot(weights.astype(np.float64), sums, axes=1)


def smallest(array: np.ndarray) -> np.ndarray:
    """Store counts in the narrowest integers that hold them."""
    if array.dtype.kind != "i":
        return array
    return array.astype(np.min_scalar_type(int(array.max(initial=0))))
