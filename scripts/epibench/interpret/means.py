"""Predict one value of an input and target, and how it changes where a few bases do."""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np

from epibench.models.stages import ChangedStage, cut, predict
from epibench.predict import BATCH_SIZE, CoverageFunction
from epibench.run_predictor import ModelPredictor

ONE_HOT = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0.25] * 4], np.float32)


class Kept(NamedTuple):
    """Inputs with what a predictor computed of them.

    `codes` uint8 (n, length); `means` float64 (n, targets); `activations`: what each stage gives.
    """

    codes: np.ndarray
    means: np.ndarray
    activations: list[np.ndarray]


class ModelMeans:
    """Predict mean coverage over an input, or of a binary model the logit of a peak.

    Where a few neighbouring bases of an input are changed, only what can see them is computed anew,
    stage by stage; the rest is taken from the activations of the unchanged input. Results are those
    of whole inputs up to rounding.

    Parameters
    ----------
    predictor : ModelPredictor
    batch_size : int, default 64
        Inputs that go through a stage at once.
    """

    def __init__(self, predictor: ModelPredictor, batch_size: int = BATCH_SIZE):
        model = predictor.model
        if predictor.layer:
            model = keras.Model(model.input, model.get_layer(predictor.layer).output)
        self.targets = list(predictor.targets)
        self.length = model.input_shape[1]
        scale = predictor.scale.astype(np.float64) if predictor.of_coverage else 1.0
        self._factor = np.where(predictor.known, scale, np.nan)
        self._bins = model.output_shape[1] if predictor.of_coverage else 1
        self._batch_size = batch_size
        self._stages = cut(model)
        self._whole = CoverageFunction(model, batch_size)
        self._changed: dict[int, list[ChangedStage]] = {}

    @property
    def bytes_kept(self) -> int:
        """Give the memory of one input with all that is kept of it."""
        shapes = [stage.model.output_shape[1:] for stage in self._stages]
        return self.length + 4 * sum(int(np.prod(shape)) for shape in shapes)

    def keep(self, codes: np.ndarray) -> Kept:
        """Predict whole inputs, uint8 (n, length), and keep what each stage gives."""
        given, activations = ONE_HOT[codes], []
        for stage in self._stages:
            given = predict(stage.model, given, self._batch_size)
            activations.append(given)
        return Kept(codes, self._means(self._sums(given)), activations)

    def means(self, codes: np.ndarray) -> np.ndarray:
        """Predict whole inputs, uint8 (n, length): float64 (n, targets)."""
        return self._means(self._sums(self._whole(codes)))

    def changes(
        self, kept: Kept, rows: np.ndarray, words: np.ndarray, starts: np.ndarray
    ) -> np.ndarray:
        """Predict what replacing a word of an input does to its mean.

        Parameters
        ----------
        kept : Kept
        rows : int, shape (n,)
            Which of the kept inputs.
        words : uint8, shape (n, width)
            Base codes that stand at `starts` in their place.
        starts : int, shape (n,)

        Returns
        -------
        float64, shape (n, targets)
            The changed input less the unchanged one.
        """
        return self._means(
            np.concatenate(
                [
                    self._difference(kept, rows[part], words[part], starts[part])
                    for part in _parts(len(rows), self._batch_size)
                ]
            )
        )

    def _difference(
        self, kept: Kept, rows: np.ndarray, words: np.ndarray, starts: np.ndarray
    ) -> np.ndarray:
        """Give the difference of the sums over the bins of one batch: float64 (n, targets)."""
        stages = self._changed_stages(words.shape[1])
        given = put(kept.codes[rows], words, starts)
        first = starts
        for stage, before in zip(stages, kept.activations, strict=True):
            start = stage.first(first)
            found = stage(ONE_HOT[given] if given.dtype == np.uint8 else given, start)
            if stage is stages[-1]:
                break
            given, first = put(before[rows], found, start), start
        unchanged = kept.activations[-1][rows]
        if unchanged.ndim == 3 and not stages[-1].whole:
            columns = (start[:, None] + np.arange(found.shape[1]))[..., None]
            unchanged = np.take_along_axis(unchanged, columns, axis=1)
        return self._sums(found) - self._sums(unchanged)

    def _changed_stages(self, width: int) -> list[ChangedStage]:
        """Give the stages for words of a width, compiled once."""
        if width not in self._changed:
            stages, changed = [], width
            for stage in self._stages:
                stages.append(ChangedStage(stage, changed, self._batch_size))
                changed = stages[-1].results
            self._changed[width] = stages
        return self._changed[width]

    def _sums(self, output: np.ndarray) -> np.ndarray:
        return output.astype(np.float64).sum(axis=1) if output.ndim == 3 else output.astype(float)

    def _means(self, sums: np.ndarray) -> np.ndarray:
        return sums * (self._factor / self._bins)


def put(before: np.ndarray, found: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Write what was found from `starts` (n,) on over rows (n, positions, ...), in place."""
    if found.shape[:2] == before.shape[:2]:
        return found
    columns = starts[:, None] + np.arange(found.shape[1])
    before[np.arange(len(before))[:, None], columns] = found
    return before


def _parts(count: int, size: int) -> Sequence[slice]:
    return [slice(at, at + size) for at in range(0, count, size)]
