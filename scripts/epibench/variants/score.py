"""Score what variants do to the predictions of one model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from epibench.errors import InputError
from epibench.run_predictor import ModelPredictor, load_predictor
from epibench.variants.alleles import AllelePredictor
from epibench.variants.formulas import (
    LEAST,
    aligned,
    log_ratio_of_probabilities,
    over_region,
    profile_distance,
)
from epibench.variants.score_table import SCORES
from epibench.variants.window import Window

AT_ONCE = 64 << 20
"""Bytes of predictions of one allele that are in memory at once."""

MOST = 256
"""Variants that are scored at once, to bound the memory of their inputs."""


@dataclass(frozen=True)
class ScoreSettings:
    """How variants are scored.

    Attributes
    ----------
    window : int, default 3072
        Sequence around a variant in bp, within which inputs are placed.
    shifts : int, default 20
        Inputs at random places of the window, the same for both alleles and all variants.
    seed : int, default 1
        Of these places.
    reverse_complement : bool, default False
        Whether predictions are averaged over both strands.
    peak_length : int, default 256
        Region around a variant in bp, for the score `peak`.
    """

    window: int = 3072
    shifts: int = 20
    seed: int = 1
    reverse_complement: bool = False
    peak_length: int = 256


class VariantScorer:
    """Give the scores of variants by one model, for all targets together and each by itself.

    standard     ln(alternative / reference) of the sum of coverage over the central input
    robust       log2(alternative / reference) of the mean coverage over the region that all shifted
                 inputs cover
    shape        Jensen-Shannon distance of the two profiles of the central input in that region
    peak         as robust, within `peak_length` bp around the variant
    probability  of binary models: ln(alternative / reference) of the probability of a peak, the
                 mean over the shifted inputs

    Coverage is averaged over targets before ratios. Of binary models, whose values are logits,
    `standard` and `robust` are differences; they have no shape and no peak, other models no
    probability (NaN).

    Parameters
    ----------
    predictor : ModelPredictor
    settings : ScoreSettings

    Attributes
    ----------
    targets : list of str
    window, input_length : int
        In bp.
    clipped : int
        Predictions that were raised to 1e-6 so far.

    Raises
    ------
    InputError
        When the window does not fit the model's input.
    """

    def __init__(self, predictor: ModelPredictor, settings: ScoreSettings):
        self.targets = predictor.targets
        self.input_length = predictor.model.input_shape[1]
        self.window = settings.window
        self.clipped = 0
        self._predictor = predictor
        self._peak_length = settings.peak_length
        self._alleles = AllelePredictor(
            predictor.model,
            predictor.batch_size,
            layer=predictor.layer,
            reverse_complement=settings.reverse_complement,
        )
        spare = self.window - self.input_length
        if not 0 <= spare < self.input_length:
            raise InputError(
                f"variants: a window of {self.window} bp does not fit inputs of "
                f"{self.input_length} bp, which must cover a region of it wherever they lie; give "
                f"{self.input_length} to {2 * self.input_length - 1}"
            )
        self._region = slice(spare, self.input_length)
        if settings.peak_length > self.input_length - spare:
            raise InputError(
                f"variants: a region of {settings.peak_length} bp around a variant is longer than "
                f"the {self.input_length - spare} bp that all shifted inputs cover; give a shorter "
                "peak length"
            )
        places = np.random.default_rng(settings.seed).integers(0, spare + 1, settings.shifts)
        self._offsets = np.concatenate([[spare // 2], places])  # the central input is the first

    def __call__(
        self, windows: Sequence[Window], groups: dict[str, list[str]] | None = None
    ) -> np.ndarray:
        """Score windows.

        Parameters
        ----------
        windows : sequence of Window
        groups : dict of str to list of str, or None
            Targets that are taken together, besides all of them.

        Returns
        -------
        float64, shape (variants, scores, columns)
            Columns are all targets together, each target, then the groups.
        """
        together = self._columns(groups or {})
        bins, targets = self._alleles.shape
        each = 4 * len(self._offsets) * bins * targets
        count = min(MOST, max(1, AT_ONCE // each))
        parts = [np.zeros((0, len(SCORES), len(together)))]
        for first in range(0, len(windows), count):
            parts.append(self._score(windows[first : first + count], together))
        return np.concatenate(parts)

    def _columns(self, groups: dict[str, list[str]]) -> list[np.ndarray]:
        """Give the numbers of the known targets in each column."""
        known = self._predictor.known
        each = [[number] for number in range(len(self.targets))]
        named = [[self.targets.index(name) for name in names] for names in groups.values()]
        columns = [range(len(self.targets)), *each, *named]
        return [np.array([n for n in column if known[n]], int) for column in columns]

    def profile(self, window: Window) -> tuple[np.ndarray, np.ndarray]:
        """Predict coverage of both alleles where all shifted inputs lie, the mean over targets.

        Returns
        -------
        reference, alternative : float, shape (positions,)
        """
        bin_size, known = self._predictor.bin_size, self._predictor.known
        found = []
        for side in self._alleles([window], self._offsets[1:]):
            mean = (side[0] * self._predictor.scale)[..., known].mean(axis=-1)
            found.append(aligned(mean, self._offsets[1:], bin_size, self._region))
        return tuple(found)

    @property
    def of_coverage(self) -> bool:
        """Tell whether the model predicts coverage; binary ones do not."""
        return self._predictor.of_coverage

    @property
    def region(self) -> slice:
        """Give the positions of a window that all inputs cover."""
        return self._region

    def _score(self, windows: Sequence[Window], columns: list[np.ndarray]) -> np.ndarray:
        sides = self._alleles(windows, self._offsets)
        if not self._predictor.of_coverage:
            return self._score_logits(*(side[:, :, 0] for side in sides), columns)
        for side in sides:
            side *= self._predictor.scale
            self.clipped += int(np.count_nonzero(side < LEAST))
            np.maximum(side, LEAST, out=side)
        return self._score_coverage(sides, self._peaks(windows), columns)

    def _peaks(self, windows: Sequence[Window]) -> np.ndarray:
        """Give the region around each variant, moved to where all inputs lie: (variants, 2)."""
        at = np.array([window.at for window in windows]) - self._peak_length // 2
        first = np.clip(at, self._region.start, self._region.stop - self._peak_length)
        return np.stack([first, first + self._peak_length], axis=1)

    def _score_coverage(
        self, sides: Sequence[np.ndarray], peaks: np.ndarray, columns: list[np.ndarray]
    ) -> np.ndarray:
        bin_size, offsets = self._predictor.bin_size, self._offsets
        region = np.tile([self._region.start, self._region.stop], (len(peaks), 1))
        sums = [side[:, 0].sum(axis=1, dtype=np.float64) for side in sides]
        means = [over_region(side[:, 1:], offsets[1:], bin_size, region) for side in sides]
        near = [over_region(side[:, 1:], offsets[1:], bin_size, peaks) for side in sides]
        start = offsets[0] + np.arange(sides[0].shape[2]) * bin_size
        inside = np.minimum(start + bin_size, self._region.stop)
        widths = np.maximum(inside - np.maximum(start, self._region.start), 0)
        scores = np.full((len(peaks), len(SCORES), len(columns)), np.nan)
        for number, column in enumerate(columns):
            if not len(column):
                continue
            scores[:, 0, number] = _log_ratio(sums, column)
            scores[:, 1, number] = _log_ratio(means, column) / np.log(2)
            scores[:, 3, number] = _log_ratio(near, column) / np.log(2)
            profiles = [side[:, 0, :, column].mean(axis=0) for side in sides]
            scores[:, 2, number] = profile_distance(*(p[..., None] for p in profiles), widths)[:, 0]
        return scores

    def _score_logits(
        self, reference: np.ndarray, alternative: np.ndarray, columns: list[np.ndarray]
    ) -> np.ndarray:
        scores = np.full((len(reference), len(SCORES), len(columns)), np.nan)
        for number, column in enumerate(columns):
            if not len(column):
                continue
            before, after = (side[..., column].astype(float) for side in (reference, alternative))
            change = (after - before).mean(axis=2)
            scores[:, 0, number] = change[:, 0]
            scores[:, 1, number] = change[:, 1:].mean(axis=1)
            scores[:, 4, number] = log_ratio_of_probabilities(before[:, 1:], after[:, 1:])
        return scores


def _log_ratio(sides: Sequence[np.ndarray], column: np.ndarray) -> np.ndarray:
    """Give ln(alternative / reference) of the mean over some targets: (variants,)."""
    before, after = (side[:, column].mean(axis=1) for side in sides)
    return np.log(after / before)


def load_scorer(model_file: str | Path, settings: ScoreSettings) -> VariantScorer:
    """Load a model, with what its run recorded where that lies beside it.

    Parameters
    ----------
    model_file : path
        `model.keras` of a run, or a model file by itself: its targets are numbered, its predictions
        not scaled.
    settings : ScoreSettings

    Raises
    ------
    InputError
        When there is no such file, or it is no model that predicts from sequences.
    """
    return VariantScorer(load_predictor(model_file), settings)
