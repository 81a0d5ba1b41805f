"""The tables of global importance, against a model whose effects are known in closed form."""

import numpy as np
import pytest

from epibench.interpret.find_cooperativity import find_cooperativity
from epibench.interpret.find_distances import (
    Pair,
    best_pairs,
    find_copies,
    find_distances,
    find_positions,
)
from epibench.interpret.find_flanks import best_words, find_flanks
from epibench.interpret.means import Kept
from epibench.interpret.occlude import find_instances, occlude
from epibench.interpret.pattern import Pattern
from epibench.interpret.true_effects import find_true_effects
from epibench.sequence import reverse_complement

LENGTH = 200
SETTINGS = {
    "position": 100,
    "flanks": 1,
    "replicates": 200,
    "seed": 1,
    "targets": ["a"],
    "pairs": [("GC", "GC"), ("GC", "AT"), ("GC", "GA")],
    "distance": {"step": 3, "farthest": None},
    "position_step": 50,
    "copies": 3,
    "copy_spacing": 10,
}
PATTERNS = [Pattern("GC", "GC", "AGCT", None), Pattern("AT", "AT", None, None)]


class Counts:
    """Target a: sites of AGCT, and of pairs of them under 20 bp; target b: G in the sequence."""

    targets = ("a", "b")
    length = LENGTH
    bytes_kept = 1000

    def __call__(self, codes):
        return np.array([[self.count(row), (row == 2).sum()] for row in codes], float)

    def count(self, row):
        word = np.array([0, 2, 1, 3])
        windows = np.lib.stride_tricks.sliding_window_view(row, 4)
        places = np.flatnonzero((windows == word).all(axis=1))
        near = sum(1 for i in places for j in places if 0 < j - i < 20)
        return len(places) + 10 * near

    def means(self, codes):
        return self(codes)

    def keep(self, codes):
        return Kept(codes, self(codes), [])

    def changes(self, kept, rows, words, starts):
        changed = kept.codes[rows].copy()
        changed[np.arange(len(rows))[:, None], starts[:, None] + np.arange(words.shape[1])] = words
        return self(changed) - kept.means[rows]


@pytest.fixture(scope="module")
def backgrounds():
    return np.random.default_rng(2).choice([1, 3], (6, LENGTH)).astype(np.uint8)  # C and T only


def test_flanks_rank_the_word_that_the_model_counts(backgrounds):
    table = find_flanks("run", Counts(), backgrounds, PATTERNS[:1], SETTINGS)
    flanks = table[(table["kind"] == "flank") & (table["target"] == "a")]
    assert len(flanks) == 16
    assert dict(zip(flanks["sequence"], flanks["effect"], strict=True))["AGCT"] == 1
    assert (flanks["effect"] == 1).sum() == 1
    noted = table[table["kind"] == "noted"]
    assert noted["sequence"].unique().tolist() == ["AGCT"]
    core = table[table["kind"] == "core"].set_index("target")
    assert core.loc["a", "sequence"] == ".GC."
    assert core.loc["a", "effect"] == 0  # backgrounds have no A
    assert core.loc["b", "effect"] == 1
    assert best_words(table, ["a"]) == {"GC": "AGCT"}
    assert (table["low"] <= table["effect"]).all()
    assert (table["effect"] <= table["high"]).all()


def test_distances_cover_every_place_without_overlap(backgrounds):
    words = {"GC": "AGCT", "AT": "CATG", "GA": "CGAT"}
    table = find_distances(
        "run", Counts(), backgrounds, words, SETTINGS | {"distance": {"step": 1, "farthest": None}}
    )
    own = table[(table["target"] == "a") & (table["second"] == "GC")]
    assert own["orientation"].unique().tolist() == ["same"]  # a palindrome
    assert own["offset"].tolist() == [*range(-99, -3), *range(4, 98)]
    expected = 2 + 10 * (own["offset"].abs() < 20)
    assert np.allclose(own["effect"], expected)
    other = table[(table["target"] == "a") & (table["second"] == "GA")]
    assert set(other["orientation"]) == {"same", "turned"}
    assert np.allclose(other["effect"], 1)
    best = best_pairs(table, ["a"])
    assert best[0][:3] == ("GC", "GC", "same")
    assert abs(best[0].offset) < 20


def test_steps_and_the_farthest_offset(backgrounds):
    words = {"GC": "AGCT", "AT": "CATG", "GA": "CGAT"}
    settings = SETTINGS | {"pairs": [("GC", "GC")], "distance": {"step": 5, "farthest": 30}}
    table = find_distances("run", Counts(), backgrounds, words, settings)
    offsets = sorted(set(table["offset"]))
    assert offsets == [-29, -24, -19, -14, -9, -4, 4, 9, 14, 19, 24, 29]


def test_positions_and_copies(backgrounds):
    words = {"GC": "AGCT"}
    places = find_positions("run", Counts(), backgrounds, words, SETTINGS)
    assert sorted(set(places["position"])) == [0, 50, 100, 150]
    assert np.allclose(places.loc[places["target"] == "a", "effect"], 1)
    copies = find_copies("run", Counts(), backgrounds, words, SETTINGS)
    found = copies[copies["target"] == "a"].set_index("copies")["effect"]
    # starts 99, 109, 89: neighbours are 10 bp apart, the outer two 20
    assert found.to_dict() == {1: 1, 2: 12, 3: 23}


def test_cooperativity_is_of_each_background(backgrounds):
    pair = Pair("GC", "GC", "same", 12)
    table = find_cooperativity("run", Counts(), backgrounds, {"GC": "AGCT"}, [pair], SETTINGS)
    own = table[table["target"] == "a"]
    assert own["background"].tolist() == list(range(6))
    assert np.allclose(own["first_effect"], 1)
    assert np.allclose(own["second_effect"], 1)
    assert np.allclose(own["both_effect"], 12)


def test_occlusion_groups_sequences_by_their_instances():
    rng = np.random.default_rng(3)
    codes = rng.choice([1, 3], (12, LENGTH)).astype(np.uint8)
    word = np.array([0, 2, 1, 3], np.uint8)
    for row, count in enumerate([0, 0, 1, 1, 1, 2, 2, 3, 3, 3, 3, 5]):
        for place in range(count):
            codes[row, 10 + 30 * place : 14 + 30 * place] = word
    assert len(find_instances(codes[11], "AGCT")) == 5
    assert np.array_equal(reverse_complement(word), word)
    pattern = Pattern("motif", "AGCT", None, None)
    settings = SETTINGS | {"replacements": 4}
    table = occlude("run", Counts(), codes, [pattern], settings)
    own = table[table["target"] == "a"].set_index("instances")
    assert own["sequences"].to_dict() == {"1": 3, "2": 2, "3+": 5}
    assert own["effect"].to_dict() == {"1": 1, "2": 2, "3+": 17 / 5}
    assert own["prediction"].to_dict() == {"1": 1, "2": 2, "3+": 17 / 5}


def test_the_chain_of_a_known_truth(backgrounds):
    settings = SETTINGS | {"pairs": [("GC", "AT"), ("GC", "GC")]}
    tables = find_true_effects(Counts(), backgrounds, PATTERNS, settings)
    assert set(tables) == {"flanks", "distances", "positions", "copies", "cooperativity"}
    assert {name for table in tables.values() for name in table["predictor"]} == {"truth"}
    both = tables["cooperativity"].query("second == 'GC' and target == 'a'")
    assert np.allclose(both["both_effect"], 12)
