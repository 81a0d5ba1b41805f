"""Words of patterns: letters, flanks, scores of a matrix, instances and their replacement."""

import numpy as np
import pytest

from epibench.errors import InputError
from epibench.interpret.importance import KEEP
from epibench.interpret.iupac import combinations, pattern_problem
from epibench.interpret.jaspar import load_matrix, load_motifs, read_motifs, save_motifs
from epibench.interpret.occlude import find_instances, replace
from epibench.interpret.pattern import (
    bare,
    best_word,
    encode,
    load_patterns,
    log_odds,
    make_patterns,
    matrix_score,
    save_patterns,
    words_of,
)


def codes_of(text):
    return np.array(["ACGTN".index(letter) for letter in text], np.uint8)


def test_words_are_all_combinations_of_free_bases():
    words = words_of("TGA.TCA", 2)
    assert len(words) == len(set(words)) == combinations("TGA.TCA", 2) == 1024
    assert {word[2:5] + word[6:9] for word in words} == {"TGATCA"}
    assert words_of("AR", 0) == ["AA", "AG"]
    assert combinations("GATA", 2) == 256


def test_a_bare_core_leaves_free_bases_to_the_background():
    assert bare("TGA.TCA", 2) == ["..TGA.TCA.."]
    assert bare("SN", 1) == [".C..", ".G.."]
    assert encode("..AN").tolist() == [KEEP, KEEP, 0, KEEP]


def test_letters_outside_iupac_are_named():
    assert "the letter 'X' of the pattern 'TGAX'" in pattern_problem("TGAX")
    assert "the letter 'a'" in pattern_problem("aTG")
    assert "fixes no base" in pattern_problem("N.N")
    assert pattern_problem("TGASTCA") is None


def test_the_published_score_of_a_word():
    """Extended Data Fig. 4 gives 12.800 for this word and matrix."""
    matrix = log_odds(load_matrix("JASPAR2022", "MA0491.1").counts)
    assert matrix_score("TGTGATTCATG", matrix) == pytest.approx(12.800, abs=1e-3)


def test_scores_take_the_best_place_on_either_strand():
    matrix = np.array([[1.0, 0, 0, -1], [0, 2.0, 0, 0]])  # AC
    assert matrix_score("TTACTT", matrix) == 3
    assert matrix_score("AAGTAA", matrix) == 3  # GT is AC on the other strand
    assert matrix_score("C", matrix) == 2


def test_matrices_become_words_and_unknown_ones_are_refused():
    counts = np.array([[3, 3, 3, 3], [90, 1, 1, 1], [1, 1, 1, 90], [2, 3, 3, 3]], float)
    assert best_word(counts) == "AT"
    motif = {"pattern": None, "matrix": "MA0139.1", "noted": None}
    (pattern,) = make_patterns({"CTCF": motif}, "JASPAR2022")
    assert "AGGGGGC" in pattern.core
    with pytest.raises(InputError, match=r"'MA9999\.1' is not in JASPAR2022"):
        make_patterns({"x": motif | {"matrix": "MA9999.1"}}, "JASPAR2022")


def test_patterns_and_motifs_come_back_from_their_files(tmp_path):
    motif = {"pattern": "TGA.TCA", "matrix": "MA0491.1", "noted": "TGTGATTCATG"}
    patterns = make_patterns({"a": motif, "b": motif | {"matrix": None}}, "JASPAR2022")
    save_patterns(patterns, tmp_path / "p.json")
    one, two = load_patterns(tmp_path / "p.json")
    assert (one.name, one.core, one.noted) == ("a", "TGA.TCA", "TGTGATTCATG")
    assert np.allclose(one.matrix, patterns[0].matrix)
    assert two.matrix is None
    motifs = load_motifs("JASPAR2022", "fungi")[:3]
    save_motifs(motifs, tmp_path / "m.json")
    for before, after in zip(motifs, read_motifs(tmp_path / "m.json"), strict=True):
        assert (before.id, before.name) == (after.id, after.name)
        assert np.array_equal(before.counts, after.counts)


def test_instances_are_found_on_both_strands_without_overlap():
    """Pitfall 17: instances of one motif, not of its characters."""
    codes = codes_of("TGAATCA" + "CC" + "TGACTCANTGAGTCATGACTCA")
    assert find_instances(codes, "TGA.TCA").tolist() == [0, 9, 17, 24]
    assert find_instances(codes_of("GATAACCTATCNGATA"), "GATA").tolist() == [0, 7, 12]
    assert find_instances(codes_of("TGANTCA"), "TGA.TCA").tolist() == []
    assert find_instances(codes_of("AAAAA"), "AA").tolist() == [0, 2]


def test_replacements_leave_no_instance_and_nothing_else_changes():
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 4, 300).astype(np.uint8)
    for start in (0, 100, 107, 293):
        codes[start : start + 7] = codes_of("TGACTCA")
    places = find_instances(codes, "TGA.TCA")
    assert {0, 100, 107, 293} <= set(places.tolist())
    inside = np.zeros(300, bool)
    inside[(places[:, None] + np.arange(7)).ravel()] = True
    for _ in range(50):
        changed = replace(rng, codes, places, "TGA.TCA")
        assert not len(find_instances(changed, "TGA.TCA"))
        assert np.array_equal(changed[~inside], codes[~inside])
        assert changed.max() < 4
