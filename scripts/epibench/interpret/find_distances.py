"""Find where motifs are most important: their place, their number, their distance."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from epibench.errors import InputError
from epibench.interpret.bootstrap_mean import Bootstrap
from epibench.interpret.find_flanks import table_of
from epibench.interpret.importance import Means, effects, embed
from epibench.interpret.pattern import encode

TURNED = {"same": False, "turned": True}
"""Whether the second motif stands on the other strand."""


class Pair(NamedTuple):
    """Two motifs by name, the strand of the second, and the bp from one start to the other."""

    first: str
    second: str
    orientation: str
    offset: int


def find_distances(
    name: str,
    means: Means,
    backgrounds: np.ndarray,
    words: Mapping[str, str],
    settings: Mapping,
) -> pd.DataFrame:
    """Compute the global importance of two motifs by their distance (Toneyan et al. 2022, Fig. 6b).

    The first motif stays at its place; the second moves over all places of a grid that do not
    overlap it, in both orientations where they differ.

    Parameters
    ----------
    name : str
        Of the predictor.
    means : Means
    backgrounds : uint8, shape (backgrounds, length)
    words : mapping of str to str
        The word of each motif.
    settings : mapping
        `pairs` (of names), `position` (start of the first core), `flanks`, `distance`
        (`step`: bp between places, `farthest`: largest offset, bp, or None), `replicates`, `seed`.

    Returns
    -------
    DataFrame
        A row a place and target: `predictor`, `first`, `second`, `orientation`, `offset` (start of
        the second less start of the first), `target`, `effect` of both, `low`, `high`.
    """
    bootstrap = Bootstrap(len(backgrounds), settings["replicates"], settings["seed"])
    start = settings["position"] - settings["flanks"]
    rows = []
    for first, second in settings["pairs"]:
        one = encode(words[first])
        alone = next(effects(means, backgrounds, one[None], np.array([start])))
        with_first = embed(backgrounds, one, start)
        for orientation, word in orientations(encode(words[second])).items():
            offsets = places(len(one), len(word), start, backgrounds.shape[1], settings)
            if not len(offsets):
                raise InputError(
                    f"interpret.distance leaves {second} no place beside {first}; raise `farthest`"
                )
            both = effects(means, with_first, _repeated(word, offsets), start + offsets)
            for offset, effect in zip(offsets.tolist(), both, strict=True):
                estimate = bootstrap(alone + effect)
                rows.append((first, second, orientation, offset, estimate))
    return table_of(name, means.targets, ["first", "second", "orientation", "offset"], rows)


def places(first: int, second: int, start: int, length: int, settings: Mapping) -> np.ndarray:
    """Give the offsets of the second word, on a grid that touches the first on both sides."""
    step, farthest = settings["distance"]["step"], settings["distance"]["farthest"] or length
    before = np.arange(-second, -min(start, farthest) - 1, -step)[::-1]
    after = np.arange(first, min(length - start - second, farthest) + 1, step)
    return np.concatenate([before, after])


def orientations(word: np.ndarray) -> dict[str, np.ndarray]:
    """Give a word on the strand of the first motif and on the other, where that differs."""
    turned = 3 - word[::-1]
    same = np.array_equal(turned, word)
    return {"same": word} if same else {"same": word, "turned": turned}


def best_pairs(distances: pd.DataFrame, targets: Sequence[str]) -> list[Pair]:
    """Give each pair where it has the largest effect, mean over some targets."""
    rows = distances[distances["target"].isin(targets)]
    means = rows.groupby(list(Pair._fields), sort=False)["effect"].mean().reset_index()
    best = means.loc[means.groupby(["first", "second"], sort=False)["effect"].idxmax()]
    return [Pair(*row) for row in best[list(Pair._fields)].itertuples(index=False)]


def find_positions(
    name: str,
    means: Means,
    backgrounds: np.ndarray,
    words: Mapping[str, str],
    settings: Mapping,
) -> pd.DataFrame:
    """Compute the global importance of each motif by its place in the input.

    Parameters and result are those of `find_distances`, with `position_step` in the settings, and
    `motif` and `position` (start of the word, 0-based) in the table.
    """
    bootstrap = Bootstrap(len(backgrounds), settings["replicates"], settings["seed"])
    rows = []
    for motif, text in words.items():
        word = encode(text)
        starts = np.arange(0, backgrounds.shape[1] - len(word) + 1, settings["position_step"])
        found = effects(means, backgrounds, _repeated(word, starts), starts)
        for start, effect in zip(starts.tolist(), found, strict=True):
            rows.append((motif, start, bootstrap(effect)))
    return table_of(name, means.targets, ["motif", "position"], rows)


def find_copies(
    name: str,
    means: Means,
    backgrounds: np.ndarray,
    words: Mapping[str, str],
    settings: Mapping,
) -> pd.DataFrame:
    """Compute the global importance of a motif by its number, in copies at equal distances.

    The first is where single motifs are; others follow on its right and left by turns. Parameters
    and result are those of `find_distances`, with `copies` (most) and `copy_spacing` (bp from start
    to start) in the settings, and `motif` and `copies` in the table.
    """
    bootstrap = Bootstrap(len(backgrounds), settings["replicates"], settings["seed"])
    middle = settings["position"] - settings["flanks"]
    rows = []
    for motif, text in words.items():
        word, so_far, total = encode(text), backgrounds, 0.0
        if settings["copies"] > 1 and settings["copy_spacing"] < len(word):
            raise InputError(
                f"interpret.copy_spacing = {settings['copy_spacing']}: copies of {motif} with "
                f"{len(word)} bp would overlap; raise it"
            )
        for copy in range(settings["copies"]):
            step = (copy + 1) // 2 * (1 if copy % 2 else -1)
            start = middle + step * settings["copy_spacing"]
            total = total + next(effects(means, so_far, word[None], np.array([start])))
            so_far = embed(so_far, word, start)
            rows.append((motif, copy + 1, bootstrap(total)))
    return table_of(name, means.targets, ["motif", "copies"], rows)


def _repeated(word: np.ndarray, places: Sequence[int]) -> np.ndarray:
    return np.broadcast_to(word, (len(places), len(word)))
