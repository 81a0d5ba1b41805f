"""Compute the global importance that the grammar of a simulation gives motifs."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from epibench.interpret.find_cooperativity import find_cooperativity
from epibench.interpret.find_distances import (
    best_pairs,
    find_copies,
    find_distances,
    find_positions,
)
from epibench.interpret.find_flanks import best_words, find_flanks
from epibench.interpret.importance import Means
from epibench.interpret.pattern import Pattern

NAME = "truth"


def find_true_effects(
    means: Means, backgrounds: np.ndarray, patterns: Sequence[Pattern], settings: Mapping
) -> dict[str, pd.DataFrame]:
    """Compute all tables of global importance in the order of the chain.

    Parameters
    ----------
    means : Means
        The grammar.
    backgrounds : uint8, shape (backgrounds, length)
    patterns : sequence of Pattern
    settings : mapping
        Those of `find_flanks` and `find_distances`, with `targets`.

    Returns
    -------
    dict of str to DataFrame
        `flanks`, `distances`, `positions`, `copies`, `cooperativity`; the predictor is "truth".
    """
    flanks = find_flanks(NAME, means, backgrounds, patterns, settings)
    words = best_words(flanks, settings["targets"])
    given = NAME, means, backgrounds, words
    distances = find_distances(*given, settings)
    pairs = best_pairs(distances, settings["targets"])
    return {
        "flanks": flanks,
        "distances": distances,
        "positions": find_positions(*given, settings),
        "copies": find_copies(*given, settings),
        "cooperativity": find_cooperativity(*given, pairs, settings),
    }
