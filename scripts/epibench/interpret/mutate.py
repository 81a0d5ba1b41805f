"""Change every base of sequences to every other, and predict what that does."""

import numpy as np

from epibench.interpret.means import ModelMeans
from epibench.sequence import N

CHECKED = 16
"""Changes of which the prediction is checked against that of whole inputs."""


def mutate(means: ModelMeans, codes: np.ndarray, targets: list[int]) -> np.ndarray:
    """Predict every substitution of a sequence (in-silico saturation mutagenesis).

    Parameters
    ----------
    means : ModelMeans
    codes : uint8, shape (n, length)
    targets : list of int
        Their numbers.

    Returns
    -------
    float32, shape (targets, n, length, 4)
        Prediction with the base less that of the sequence; 0 for the base that is there, and for
        all where that is N.
    """
    length = codes.shape[1]
    found = np.zeros((len(targets), *codes.shape, 4), np.float32)
    for row in range(len(codes)):
        kept = means.keep(codes[row : row + 1])
        bases = np.tile(np.arange(4, dtype=np.uint8), length)
        starts = np.repeat(np.arange(length), 4)
        changed = (bases != codes[row, starts]) & (codes[row, starts] != N)
        starts, bases = starts[changed], bases[changed]
        rows = np.zeros(len(starts), np.int64)
        difference = means.changes(kept, rows, bases[:, None], starts)
        found[:, row, starts, bases] = difference[:, targets].T
    return found


def largest_error(means: ModelMeans, codes: np.ndarray, found: np.ndarray, target: int) -> float:
    """Give the largest difference of some predicted changes from those of whole inputs.

    Parameters
    ----------
    means : ModelMeans
    codes : uint8, shape (n, length)
    found : float32, shape (n, length, 4)
        What `mutate` gave for the target.
    target : int
    """
    length = codes.shape[1]
    places = np.linspace(0, length - 1, CHECKED).astype(int)
    places = places[codes[0, places] != N]
    changed = np.repeat(codes[:1], len(places), axis=0)
    bases = (codes[0, places] + 1) % 4
    changed[np.arange(len(places)), places] = bases
    whole = means.means(changed)[:, target] - means.means(codes[:1])[0, target]
    return float(np.abs(whole - found[0, places, bases]).max()) if len(places) else 0.0


def importance(found: np.ndarray) -> np.ndarray:
    """Give what the base that is there adds: minus the mean change to the others, (..., length)."""
    return -found.sum(axis=-1) / 3
