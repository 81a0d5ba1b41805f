"""Motifs from attributions, and the files they are written to."""

import base64
import re
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from epibench.errors import InputError
from epibench.interpret.jaspar import load_motifs
from epibench.interpret.meme_file import read_meme, write_meme
from epibench.interpret.modisco import Motifs, find_motifs
from epibench.interpret.modisco_page import write_page
from epibench.words import BASES

WORDS = ("TGACTCATT", "AGATAAGAA")


def attribution(sequences=60, length=200, planted=WORDS, noise=0.02) -> dict[str, np.ndarray]:
    """Give gradients that are noise but for words that stand in each sequence four times."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (sequences, length)).astype(np.uint8)
    gradient = rng.normal(0, noise, (1, sequences, length, 4)) if noise else np.zeros(())
    gradient = np.broadcast_to(gradient, (1, sequences, length, 4)).astype(np.float16)
    for word in planted:
        bases = np.array([BASES.index(base) for base in word])
        for row in range(sequences):
            for start in 15 + 45 * rng.permutation(4) + rng.integers(0, 20, 4):
                codes[row, start : start + 9] = bases
                own = np.where(np.arange(4) == bases[:, None], 1, -1 / 3)
                gradient[0, row, start : start + 9] += own * rng.uniform(0.5, 1)
    return {"codes": codes, "gradient": gradient, "targets": np.array(["liver"])}


def seqlets_of(ppm, contributions, seqlets=40) -> SimpleNamespace:
    return SimpleNamespace(sequence=ppm, contrib_scores=contributions, seqlets=[None] * seqlets)


@pytest.fixture(scope="module")
def motifs():
    return load_motifs("JASPAR2022", "vertebrates")


@pytest.fixture(scope="module")
def found(motifs):
    """Give one pattern: GATA2 between columns that contribute under 0.3 of the most."""
    matrix = next(motif for motif in motifs if motif.id == "MA0036.3").counts
    ppm = np.full((31, 4), 0.25)
    ppm[9:20] = matrix / matrix.sum(axis=1, keepdims=True)
    contributions = 0.29 * np.eye(4)[np.zeros(31, int)]
    contributions[9:20] = ppm[9:20] * np.linspace(0.31, 1, 11)[:, None]
    return Motifs([seqlets_of(ppm, contributions)], [], "", 200)


def test_patterns_are_trimmed_to_where_they_contribute(found):
    pattern = found.patterns()["pattern0"]
    assert pattern.ppm == pytest.approx(found.positive[0].sequence[9:20])
    assert np.array_equal(pattern.contributions, found.positive[0].contrib_scores[9:20])
    assert pattern.seqlets == 40


def test_columns_with_an_n_are_frequencies_too():
    ppm = np.array([[0.5, 0.3, 0.0, 0.0], [0.1, 0.2, 0.3, 0.4]])
    pattern = Motifs([seqlets_of(ppm, np.ones((2, 4)))], [], "", 200).patterns()["pattern0"]
    assert pattern.ppm[0] == pytest.approx([0.55, 0.35, 0.05, 0.05])
    assert pattern.ppm[1] == pytest.approx(ppm[1])


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (attribution(20, planted=()), "only [0-9]+ stretches stand out .* more than 100 are"),
        (attribution(20, planted=(), noise=0), "have the same sign, or are 0"),
    ],
)
def test_without_motifs_the_files_are_empty_and_say_why(given, reason, tmp_path, motifs):
    found = find_motifs(given, "liver", 500)
    assert not found.positive
    assert not found.negative
    assert found.patterns() == {}
    assert re.search(reason, found.reason)
    found.save(tmp_path / "modisco.h5")
    with h5py.File(tmp_path / "modisco.h5") as file:
        assert {name: len(group) for name, group in file.items()} == {
            "pos_patterns": 0,
            "neg_patterns": 0,
        }
        assert file.attrs["window_size"] == 200
    write_meme(tmp_path / "modisco.meme", {})
    assert read_meme(tmp_path / "modisco.meme") == {}
    write_page(tmp_path / "page.html", "a_run", "liver", {}, found.reason, motifs, 0.1)
    assert f"No motif found: {found.reason}." in (tmp_path / "page.html").read_text()


def test_where_seqlets_are_not_alike_their_number_is_told(monkeypatch):
    counted = []

    def cluster(seqlets, track_signs, **_):
        counted.append((track_signs, len(seqlets)))

    monkeypatch.setattr("modiscolite.tfmodisco.seqlets_to_patterns", cluster)
    found = find_motifs(attribution(), "liver", 5000)
    ((sign, number),) = counted
    assert sign == 1
    assert found.reason == (
        f"{number} stretches stand out by a positive attribution, but too few are alike"
    )


def test_the_page_has_a_row_a_pattern_with_its_match(found, tmp_path, motifs):
    path = tmp_path / "page.html"
    write_page(path, "<run>", "liver", found.patterns(), "", motifs, 0.1)
    text = path.read_text()
    assert text.count("<tr>") == 2
    assert "GATA2 (MA0036.3)" in text
    assert "<td>40</td>" in text
    assert "<h1>TF-MoDISco: liver, &lt;run&gt;</h1>" in text
    picture = base64.b64decode(re.search('base64,([^"]*)', text)[1])
    assert picture.startswith(b"\x89PNG")


def test_an_unknown_target_is_refused():
    with pytest.raises(InputError, match="attributions of liver only, not of 'lung'; add it to"):
        find_motifs(attribution(5), "lung", 500)
