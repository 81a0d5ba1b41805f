"""Global importance: what patterns in random sequences do to predictions."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from epibench.errors import InputError
from epibench.interpret.means import Kept

KEEP = 255
"""Code in a word: the base of the background stays."""

MEMORY = 512 << 20
"""Largest size in bytes of the activations that are kept at once."""

PATTERNS = 256
"""Patterns whose effects are held at once."""


class Means(Protocol):
    """What gives one value an input and target: a model or the grammar of a simulation."""

    targets: list[str]
    length: int
    bytes_kept: int

    def keep(self, codes: np.ndarray) -> Kept: ...

    def changes(
        self, kept: Kept, rows: np.ndarray, words: np.ndarray, starts: np.ndarray
    ) -> np.ndarray: ...


def effects(
    means: Means, backgrounds: np.ndarray, words: np.ndarray, starts: np.ndarray
) -> Iterator[np.ndarray]:
    """Compute what each pattern does to each background sequence, for all targets at once.

    The global importance of a pattern is the mean of its effects (Koo et al. 2021; Toneyan et al.
    2022, Methods). Memory depends neither on the number of patterns nor on that of backgrounds,
    but for the effects of `PATTERNS` patterns.

    Parameters
    ----------
    means : Means
    backgrounds : uint8, shape (backgrounds, length)
        Base codes.
    words : uint8, shape (patterns, width)
        Base codes of each pattern; `KEEP` leaves the base of the background.
    starts : int, shape (patterns,)
        Where each pattern begins, 0-based.

    Yields
    ------
    float32, shape (backgrounds, targets)
        A pattern at a time: prediction with the pattern less prediction without.

    Raises
    ------
    InputError
        When a pattern does not lie within the input, or backgrounds are of another length.
    """
    check_places(backgrounds, words.shape[1], starts, means.length)
    at_once = max(1, min(len(backgrounds), MEMORY // means.bytes_kept))
    for first in range(0, len(words), PATTERNS):
        some, places = words[first : first + PATTERNS], starts[first : first + PATTERNS]
        found = np.empty((len(some), len(backgrounds), len(means.targets)), np.float32)
        for at in range(0, len(backgrounds), at_once):
            kept = means.keep(backgrounds[at : at + at_once])
            found[:, at : at + at_once] = _of_kept(means, kept, some, places)
        yield from found


def _of_kept(means: Means, kept: Kept, words: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Compute the effects of patterns on kept backgrounds: (patterns, backgrounds, targets)."""
    count = len(kept.codes)
    rows = np.tile(np.arange(count), len(words))
    pattern = np.repeat(np.arange(len(words)), count)
    changed = embedded(kept.codes, rows, words[pattern], starts[pattern])
    found = means.changes(kept, rows, changed, starts[pattern])
    return found.reshape(len(words), count, -1)


def embedded(
    codes: np.ndarray, rows: np.ndarray, words: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """Give what stands in the sequences once words are embedded: `KEEP` becomes their base."""
    columns = starts[:, None] + np.arange(words.shape[1])
    return np.where(words == KEEP, codes[rows[:, None], columns], words)


def embed(codes: np.ndarray, word: np.ndarray, start: int) -> np.ndarray:
    """Embed one word in all sequences (n, length), which are copied.

    Raises
    ------
    InputError
        When it does not lie within them.
    """
    check_places(codes, len(word), np.array([start]), codes.shape[1])
    changed = codes.copy()
    place = changed[:, start : start + len(word)]
    place[:, word != KEEP] = word[word != KEEP]
    return changed


def check_places(codes: np.ndarray, width: int, starts: np.ndarray, length: int) -> None:
    """Refuse backgrounds of another length, and patterns that are too long or lie outside."""
    if codes.shape[1] != length:
        raise InputError(
            f"background sequences have {codes.shape[1]} bp, but the model's input has {length}; "
            "draw them for this model"
        )
    if width > length:
        raise InputError(
            f"a pattern of {width} bp is longer than the input of {length} bp; shorten it"
        )
    outside = (starts < 0) | (starts + width > length)
    if outside.any():
        start = int(starts[np.argmax(outside)])
        raise InputError(
            f"a pattern of {width} bp at position {start} does not lie within the input of "
            f"{length} bp; give a position from 0 to {length - width}"
        )
