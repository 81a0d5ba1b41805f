"""Cut a model into stages, so that where an input changes a little only a little is computed."""

from dataclasses import dataclass
from itertools import pairwise

import keras
import numpy as np
from keras import layers

from epibench.models.reach import Reach, reach_of
from epibench.models.some_bins import SomeBins

SHORTEST_FIELD = 32
"""Field in positions under which layers share a stage, since the result of each is stored."""

_LIGHT = (
    *(layers.MaxPooling1D, layers.AveragePooling1D, layers.BatchNormalization, layers.Identity),
    *(layers.Activation, layers.ReLU, layers.LeakyReLU, layers.Dropout, layers.SpatialDropout1D),
)


@dataclass(frozen=True)
class Stage:
    """A part of a model that ends in a tensor through which everything flows.

    `model` goes from (batch, positions, features) to the same with other sizes, the last one to the
    output; `reach` is None where a position of the result may see all.
    """

    model: keras.Model
    reach: Reach | None


def cut(model: keras.Model) -> list[Stage]:
    """Cut a model where all that follows depends on one tensor.

    Parameters
    ----------
    model : keras.Model
        From sequences (batch, length, 4), with one output.

    Returns
    -------
    list of Stage
        In order; together they are the model, with its weights. One where there is no place to cut.
    """
    stages, start = [], model.input
    for tensor in _cuts(model):
        part = keras.Model(start, tensor)
        reach = _whole_reach(part)
        if reach is None or reach.field < SHORTEST_FIELD:
            continue
        stages.append(Stage(part, reach))
        start = tensor
    last = keras.Model(start, model.output)
    return [*stages, Stage(last, _whole_reach(last))]


def _whole_reach(part: keras.Model) -> Reach | None:
    """Give what positions of the result see, None where they do not fill the input."""
    if len(part.output.shape) != 3:
        return None
    reach = reach_of(part)
    filled = reach and reach.stride * part.output.shape[1] == part.input.shape[1]
    return reach if filled else None


def _cuts(model: keras.Model) -> list:
    """Find the tensors (batch, positions, features) that everything after them depends on alone.

    Layers without weights that follow belong to the same stage: a pooled tensor is smaller.
    """
    nodes = [
        node
        for depth in sorted(model._nodes_by_depth, reverse=True)
        for node in model._nodes_by_depth[depth]
        if not node.is_input
    ]
    waiting: dict[int, int] = {}
    for node in nodes:
        for tensor in node.input_tensors:
            waiting[id(tensor)] = waiting.get(id(tensor), 0) + 1
    live, found = {id(model.input)}, []
    for node, following in pairwise(nodes):
        for tensor in node.input_tensors:
            waiting[id(tensor)] -= 1
            if not waiting[id(tensor)]:
                live.discard(id(tensor))
        live |= {id(tensor) for tensor in node.outputs}
        result = node.outputs[0]
        if live != {id(result)} or len(result.shape) != 3:
            continue
        if waiting[id(result)] > 1 or not isinstance(following.operation, _LIGHT):
            found.append(result)
    return found


class ChangedStage:
    """Compute a stage anew where a few neighbouring positions of what it takes have changed.

    Parameters
    ----------
    stage : Stage
    changed : int
        Positions that may have changed at once.
    batch_size : int
    """

    def __init__(self, stage: Stage, changed: int, batch_size: int):
        positions = stage.model.output_shape[1] if stage.reach else 0
        reach = stage.reach
        seen_by = (reach.left + reach.right + changed - 1) // reach.stride + 1 if reach else 0
        self.whole = not reach or seen_by >= positions
        self._reach, self._batch_size = reach, batch_size
        self.results = positions if self.whole else seen_by
        self._some = None if self.whole else SomeBins(stage.model, seen_by)
        self._model = stage.model if self.whole else self._some.model
        self._positions = positions

    def first(self, start: np.ndarray) -> np.ndarray:
        """Give where the results begin that can see changes from `start` (n,) on."""
        if self.whole:
            return np.zeros_like(start)
        reach = self._reach
        first = -((reach.right - start) // reach.stride)
        return np.clip(first, 0, self._positions - self.results)

    def __call__(self, given: np.ndarray, first: np.ndarray) -> np.ndarray:
        """Compute the results from `first` (n,) on: float32 (n, results, features)."""
        if self.whole:
            return predict(self._model, given, self._batch_size)
        crops, shift = self._some.crop(given, first)
        found = predict(self._model, crops, self._batch_size)
        if found.shape[1] == self.results:
            return found
        rows = (shift[:, None] + np.arange(self.results))[..., None]
        return np.take_along_axis(found, rows, axis=1)


def predict(model: keras.Model, given: np.ndarray, batch_size: int) -> np.ndarray:
    """Apply a model in batches of one size, so that nothing is compiled a second time."""
    parts = []
    for at in range(0, len(given), batch_size):
        batch = given[at : at + batch_size]
        filled = np.pad(batch, [(0, batch_size - len(batch)), *[(0, 0)] * (given.ndim - 1)])
        parts.append(np.asarray(model.predict_on_batch(filled), np.float32)[: len(batch)])
    return np.concatenate(parts)
