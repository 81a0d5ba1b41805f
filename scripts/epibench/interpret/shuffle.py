"""Shuffle sequences so that every count of two neighbouring bases stays as it is."""

import numpy as np
from numba import njit

from epibench.errors import InputError
from epibench.sequence import N


def dinucleotide_shuffle(codes: np.ndarray, seed: int) -> np.ndarray:
    """Shuffle each sequence into a random one with the same dinucleotides.

    A sequence is a path through the graph of its bases that uses each pair of neighbours once (an
    Euler path); another is drawn uniformly from all of them. Each stretch without N is shuffled by
    itself: N, and the first and last base of every stretch, stay where they are.

    Parameters
    ----------
    codes : uint8, shape (sequences, length)
        Base codes, 0-3 = ACGT, 4 = N.
    seed : int
        The same seed gives the same sequences, on every machine.

    Returns
    -------
    uint8, shape (sequences, length)

    Raises
    ------
    InputError
        When the codes are not uint8 of two dimensions.

    References
    ----------
    The last edges out of the bases are a random tree (Wilson 1996), the order of all others is
    arbitrary (Kandel, Matias, Unger & Winkler 1996, Shuffling biological sequences).
    """
    if codes.dtype != np.uint8 or codes.ndim != 2:
        raise InputError(
            f"sequences must be uint8 base codes (sequences, length), not {codes.dtype} of shape "
            f"{codes.shape}"
        )
    seeds = np.random.SeedSequence(seed).generate_state(len(codes), np.uint64)
    shuffled = codes.copy()
    _shuffle_all(shuffled, seeds)
    return shuffled


@njit(cache=True)
def _shuffle_all(codes, seeds):
    """Shuffle the rows in place."""
    length = codes.shape[1]
    edges = np.empty(length, np.uint8)
    for row in range(len(codes)):
        state = seeds[row : row + 1]
        start = 0
        while start < length:
            end = start
            while end < length and codes[row, end] < N:
                end += 1
            if end - start > 3:  # of three bases or fewer there is one path
                _shuffle_stretch(codes[row, start:end], edges, state)
            start = end + 1


@njit(cache=True)
def _shuffle_stretch(bases, edges, state):
    """Shuffle a stretch without N in place; `edges` is space for its pairs."""
    length = len(bases)
    first = np.zeros(5, np.int64)  # where the edges out of each base begin
    for i in range(length - 1):
        first[bases[i] + 1] += 1
    for base in range(4):
        first[base + 1] += first[base]
    used = first[:4].copy()
    for i in range(length - 1):
        edges[used[bases[i]]] = bases[i + 1]
        used[bases[i]] += 1
    last = bases[length - 1]
    tree = _random_tree(edges, first, last, state)
    for base in range(4):
        end = first[base + 1]
        if base != last and first[base] < end:
            end -= 1
            for i in range(first[base], end + 1):  # the tree's edge is the last one out
                if edges[i] == tree[base]:
                    edges[i], edges[end] = edges[end], edges[i]
                    break
        for i in range(end - 1, first[base], -1):
            j = first[base] + _below(i - first[base] + 1, state)
            edges[i], edges[j] = edges[j], edges[i]
    used[:] = first[:4]
    base = bases[0]
    for i in range(1, length):
        used[base] += 1
        base = edges[used[base] - 1]
        bases[i] = base


@njit(cache=True)
def _random_tree(edges, first, root, state):
    """Draw a tree of edges that lead every base to the root, by walks without their loops."""
    following = np.zeros(4, np.uint8)
    inside = np.zeros(4, np.bool_)
    inside[root] = True
    for start in range(4):
        if first[start] == first[start + 1]:
            continue
        base = start
        while not inside[base]:
            choice = first[base] + _below(first[base + 1] - first[base], state)
            following[base] = edges[choice]
            base = following[base]
        base = start
        while not inside[base]:
            inside[base] = True
            base = following[base]
    return following


@njit(cache=True)
def _below(limit, state):
    """Draw an integer in 0 ... limit - 1, a few in 2^32 of them more often (SplitMix64)."""
    state[0] += np.uint64(0x9E3779B97F4A7C15)
    mixed = state[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    return np.int64(((mixed >> np.uint64(32)) * np.uint64(limit)) >> np.uint64(32))
