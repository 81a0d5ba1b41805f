"""Score variants by several models at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from epibench.errors import InputError
from epibench.variants.window import Window


@dataclass(frozen=True)
class Column:
    """What one value of a variant is.

    Attributes
    ----------
    score : str
        Name of the score.
    target : str or None
        None: all targets together.
    is_spread : bool
        Whether it is the standard deviation over models, not the mean.
    """

    score: str
    target: str | None
    is_spread: bool


class Ensemble:
    """Give the mean of the scores of several models, such as those of several seeds.

    Parameters
    ----------
    scorers : sequence of VariantScorer
    files : sequence of path
        Their models, for messages.
    scores : sequence of str
        Names of the scores that they give.

    Attributes
    ----------
    columns : list of Column
        Scores that these models do not have are left out, such as the probability of models of
        coverage. The score of all targets has its spread behind it if there are several models.

    Raises
    ------
    InputError
        When the models do not have the same targets, input length and scores.
    """

    def __init__(self, scorers: Sequence, files: Sequence[Path], scores: Sequence[str]):
        self._scorers = scorers
        for what in ("targets", "input_length"):
            _require_same([getattr(each, what) for each in scorers], files, what.replace("_", " "))
        defined = [~np.isnan(each([_probe(each.window)])[0]) for each in scorers]
        _require_same([each.tolist() for each in defined], files, "kinds of scores")
        self._clipped_before = self._count_clipped()
        targets = [None, *scorers[0].targets]
        self.columns, self._places = [], np.argwhere(defined[0])
        for score, target in self._places:
            self.columns.append(Column(scores[score], targets[target], is_spread=False))
            if target == 0 and len(scorers) > 1:
                self.columns.append(Column(scores[score], None, is_spread=True))

    @property
    def clipped(self) -> int:
        """Count the predictions that were raised to the least value that ratios are made of."""
        return self._count_clipped() - self._clipped_before

    def __call__(self, windows: Sequence[Window]) -> np.ndarray:
        """Score windows: float64 (variants, columns).

        Values are means over models, spreads their standard deviation (of a sample).
        """
        values = np.stack([each(windows) for each in self._scorers])
        mean = values.mean(axis=0)
        columns = []
        for score, target in self._places:
            columns.append(mean[:, score, target])
            if target == 0 and len(self._scorers) > 1:
                columns.append(values[:, :, score, 0].std(axis=0, ddof=1))
        return np.stack(columns, axis=1)

    def _count_clipped(self) -> int:
        return sum(each.clipped for each in self._scorers)


def _probe(length: int) -> Window:
    """Make a window for which every score that a model has is a number."""
    reference, other = np.random.default_rng(0).integers(0, 4, (2, length), dtype=np.uint8)
    middle = length // 2
    alternative = np.concatenate([reference[:middle], other[middle:]])
    return Window("", 0, reference, alternative, middle, 0)


def _require_same(values: list, files: Sequence[Path], what: str) -> None:
    for file, value in zip(files, values, strict=True):
        if value != values[0]:
            raise InputError(
                f"{file}: its {what} differ from those of {files[0]}; models that are scored "
                "together must agree in them"
            )
