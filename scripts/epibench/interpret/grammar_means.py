"""The grammar of a simulation in place of a model."""

import numpy as np

from epibench.interpret.means import Kept
from epibench.simulate.grammar import Grammar
from epibench.simulate.predict import GrammarPredictor

AT_ONCE = 512


class GrammarMeans:
    """Give noise-free mean coverage of inputs, and how it changes where bases do.

    Has the methods of `epibench.interpret.means.ModelMeans` that global importance needs.

    Parameters
    ----------
    grammar : Grammar
    length : int
        Of inputs, bp.
    """

    def __init__(self, grammar: Grammar, length: int):
        self._predict = GrammarPredictor(grammar, length)
        self.targets = list(self._predict.targets)
        self.length = length
        self.bytes_kept = length + 8 * len(self.targets)

    def keep(self, codes: np.ndarray) -> Kept:
        """Compute whole inputs, uint8 (n, length)."""
        return Kept(codes, self._predict(codes).astype(np.float64), [])

    def changes(
        self, kept: Kept, rows: np.ndarray, words: np.ndarray, starts: np.ndarray
    ) -> np.ndarray:
        """Compute what replacing a word of an input does: float64 (n, targets)."""
        columns = starts[:, None] + np.arange(words.shape[1])
        found = np.empty((len(rows), len(self.targets)))
        for at in range(0, len(rows), AT_ONCE):
            part = slice(at, at + AT_ONCE)
            changed = kept.codes[rows[part]]
            changed[np.arange(len(changed))[:, None], columns[part]] = words[part]
            found[part] = self._predict(changed) - kept.means[rows[part]]
        return found
