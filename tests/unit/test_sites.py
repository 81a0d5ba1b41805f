"""The simulator's sites: planted words are found, both strands are alike, N is in none."""

from pathlib import Path

import numpy as np
import pytest

from epibench.sequence import COMPLEMENT
from epibench.simulate.elements import plant_elements
from epibench.simulate.genome import draw_chromosome, draw_repeat_families
from epibench.simulate.grammar import read_grammar
from epibench.simulate.sites import find_sites, load_scorers

GRAMMAR = read_grammar(Path(__file__).parents[2] / "resources" / "demo_grammar.yaml")


@pytest.fixture(scope="module")
def scorers():
    return load_scorers(GRAMMAR)


def encode(text):
    return np.array(["ACGT".index(base) for base in text], dtype=np.uint8)


def test_every_planted_instance_is_found(scorers):
    rng = np.random.default_rng(5)
    chromosome = draw_chromosome(rng, 300_000, draw_repeat_families(rng))
    elements = plant_elements(rng, chromosome, GRAMMAR, scorers)
    assert len(elements) > 30
    for name, scorer in scorers.items():
        sites = find_sites(chromosome.codes, scorer)
        for element in elements:
            for motif, start, end in element.instances:
                if motif == name:
                    assert ((sites.start < end) & (sites.end > start)).any()


@pytest.mark.parametrize("motif", ["GATA", "ETS"])  # a core in the middle, a core to one side
def test_sites_of_both_strands_mirror_each_other(scorers, motif):
    codes = np.random.default_rng(2).integers(0, 4, 200_000).astype(np.uint8)
    forward = find_sites(codes, scorers[motif])
    mirrored = find_sites(COMPLEMENT[codes[::-1]], scorers[motif])
    assert len(forward.start) > 10
    assert np.array_equal(forward.start, (len(codes) - mirrored.end)[::-1])
    assert np.array_equal(forward.centre, (len(codes) - 1 - mirrored.centre)[::-1])
    assert np.array_equal(forward.reverse, ~mirrored.reverse[::-1])
    assert forward.effect == pytest.approx(mirrored.effect[::-1])


def test_overlapping_words_are_one_site(scorers):
    codes = np.concatenate([encode("AT" * 50), encode("GGGGCGGGGCGGGGC"), encode("AT" * 50)])
    assert len(find_sites(codes, scorers["SP/KLF"]).start) == 1


def test_unknown_bases_are_in_no_site(scorers):
    codes = encode("A" * 50 + "ATGACTCAT" + "A" * 50)
    assert len(find_sites(codes, scorers["AP-1"]).start) == 1
    codes[54] = 4
    assert len(find_sites(codes, scorers["AP-1"]).start) == 0
