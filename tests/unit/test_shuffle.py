"""Dinucleotide shuffles keep what they must, and are uniform over what is left."""

from collections import Counter

import numpy as np
import pytest
from scipy.stats import chisquare

from epibench.errors import InputError
from epibench.interpret.shuffle import dinucleotide_shuffle


def pairs_of(codes):
    return Counter(zip(codes[:-1].tolist(), codes[1:].tolist(), strict=True))


def euler_paths(codes):
    """Find every sequence with the same pairs by trying all (the second implementation)."""

    def walk(path, left):
        if not left:
            yield tuple(path)
        for pair in list(left):
            if pair[0] == path[-1]:
                yield from walk([*path, pair[1]], left - Counter([pair]))

    return set(walk([int(codes[0])], pairs_of(codes)))


def test_keeps_every_count_of_neighbours_and_both_ends():
    codes = np.random.default_rng(1).integers(0, 4, (40, 300)).astype(np.uint8)
    shuffled = dinucleotide_shuffle(codes, 5)
    for before, after in zip(codes, shuffled, strict=True):
        assert pairs_of(before) == pairs_of(after)
        assert (before[0], before[-1]) == (after[0], after[-1])
    assert (codes != shuffled).mean() > 0.5


@pytest.mark.parametrize("text", ["ACAGCGAC", "AACCAACA", "ACGTACAGTA", "GATTACAGATT"])
def test_is_uniform_over_euler_paths(text):
    codes = np.array(["ACGT".index(letter) for letter in text], np.uint8)
    possible = euler_paths(codes)
    draws = 4000 * len(possible)
    shuffled = dinucleotide_shuffle(np.tile(codes, (draws, 1)), 3)
    counts = Counter(map(tuple, shuffled.tolist()))
    assert set(counts) == possible
    assert chisquare(list(counts.values())).pvalue > 1e-3


def test_the_seed_decides():
    codes = np.random.default_rng(2).integers(0, 4, (3, 100)).astype(np.uint8)
    assert np.array_equal(dinucleotide_shuffle(codes, 1), dinucleotide_shuffle(codes, 1))
    assert not np.array_equal(dinucleotide_shuffle(codes, 1), dinucleotide_shuffle(codes, 2))
    same = np.tile(codes[:1], (2, 1))
    assert not np.array_equal(*dinucleotide_shuffle(same, 1))  # rows have draws of their own


def test_n_stays_and_its_sides_are_shuffled_apart():
    codes = np.random.default_rng(3).integers(0, 4, (5, 200)).astype(np.uint8)
    codes[:, 80:90] = 4
    codes[0] = 4
    codes[1, [0, 199]] = 4
    shuffled = dinucleotide_shuffle(codes, 1)
    assert np.array_equal(codes == 4, shuffled == 4)
    for before, after in zip(codes[2:], shuffled[2:], strict=True):
        assert pairs_of(before[:80]) == pairs_of(after[:80])
        assert pairs_of(before[90:]) == pairs_of(after[90:])


def test_short_and_uniform_sequences_stay():
    for codes in (np.zeros((2, 50), np.uint8), np.array([[0, 1, 2]], np.uint8)):
        assert np.array_equal(dinucleotide_shuffle(codes, 1), codes)
    assert dinucleotide_shuffle(np.empty((0, 10), np.uint8), 1).shape == (0, 10)


def test_other_types_are_refused():
    with pytest.raises(InputError, match="must be uint8 base codes"):
        dinucleotide_shuffle(np.zeros((2, 5)), 1)
