"""Find whether two motifs together do more than the sum of what each does."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from epibench.interpret.find_distances import Pair, orientations
from epibench.interpret.importance import Means, effects, embed
from epibench.interpret.pattern import encode


def find_cooperativity(
    name: str,
    means: Means,
    backgrounds: np.ndarray,
    words: Mapping[str, str],
    pairs: Sequence[Pair],
    settings: Mapping,
) -> pd.DataFrame:
    """Compute the effects of two motifs, each alone and both (Toneyan et al. 2022, Fig. 6c).

    Parameters
    ----------
    name : str
        Of the predictor.
    means : Means
    backgrounds : uint8, shape (backgrounds, length)
    words : mapping of str to str
        The word of each motif.
    pairs : sequence of Pair
    settings : mapping
        `position` (start of the first core) and `flanks`.

    Returns
    -------
    DataFrame
        A row a pair, background and target: `predictor`, `first`, `second`, `orientation`,
        `offset`, `target`, `background` (number), `first_effect`, `second_effect`, `both_effect`.
    """
    start = settings["position"] - settings["flanks"]
    parts = []
    for pair in pairs:
        one = encode(words[pair.first])
        two = orientations(encode(words[pair.second]))[pair.orientation]
        places = np.array([start]), np.array([start + pair.offset])
        first = next(effects(means, backgrounds, one[None], places[0]))
        second = next(effects(means, backgrounds, two[None], places[1]))
        with_first = embed(backgrounds, one, start)
        both = first + next(effects(means, with_first, two[None], places[1]))
        for t, target in enumerate(means.targets):
            columns = {"target": target, "background": np.arange(len(backgrounds))}
            found = {"first_effect": first, "second_effect": second, "both_effect": both}
            values = {key: value[:, t] for key, value in found.items()}
            parts.append(pd.DataFrame({"predictor": name} | pair._asdict() | columns | values))
    return pd.concat(parts, ignore_index=True)
