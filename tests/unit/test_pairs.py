"""Pairs of sites in the simulator's grammar, and the grammar as a predictor."""

import math
from pathlib import Path

import numpy as np
import pytest
import yaml

from epibench.sequence import N, reverse_complement
from epibench.simulate.coverage import (
    activity,
    background,
    expected_coverage,
    fragment_rate,
    influence,
)
from epibench.simulate.genome import markov_sequence
from epibench.simulate.grammar import Grammar, Pair, read_grammar
from epibench.simulate.pairs import closeness, pair_up, reach_of
from epibench.simulate.predict import GrammarPredictor
from epibench.simulate.sites import Sites, find_sites, load_scorers

PATH = Path(__file__).parents[2] / "resources" / "demo_grammar.yaml"
GRAMMAR = read_grammar(PATH)
SCORERS = load_scorers(GRAMMAR)
LENGTH = 2_048
MIDDLE = 1_000


def plain_grammar():
    """Give the demo's grammar without flanks and GC: a best word has effect 1, a flat level."""
    content = yaml.safe_load(PATH.read_text())
    content["background"]["gc_slope"] = 0.0
    for motif in content["motifs"].values():
        motif.pop("flanks", None)
    return Grammar.model_validate(content)


PLAIN = plain_grammar()
PLAIN_SCORERS = load_scorers(PLAIN)


def written(codes, places, scorers=PLAIN_SCORERS):
    """Write best words into (..., LENGTH) codes: (motif, first base of the core, strand)."""
    codes = codes.copy()
    for name, start, strand in places:
        word = scorers[name].scores[:, :N].argmax(axis=1).astype(np.uint8)
        before, end = scorers[name].core
        if strand == "-":
            word, before = reverse_complement(word), len(word) - end
        codes[..., start - before : start - before + len(word)] = word
    return codes


def sequence(*places):
    """Write best words into A's."""
    return written(np.zeros(LENGTH, dtype=np.uint8), places)


def sites_of(codes, scorers=PLAIN_SCORERS):
    return {name: find_sites(codes, scorer) for name, scorer in scorers.items()}


def joint_effects(codes, pair):
    return pair_up(sites_of(codes), pair)[1]


def made_pair(motifs=("A", "B"), limit=50, softness=8, side="both"):
    return Pair(
        motifs=motifs, weights={"x": 1.0}, limit=limit, softness=softness, side=side, radius=500
    )


def demo_pair(*motifs):
    return next(pair for pair in PLAIN.pairs if pair.motifs == motifs)


# --- closed forms --------------------------------------------------------------------------------


def test_closeness_is_half_at_the_limit_and_nothing_out_of_reach():
    pair = made_pair()
    assert closeness(np.array([50]), pair) == pytest.approx([0.5])
    assert closeness(np.array([42, 58]), pair) == pytest.approx(
        [math.e / (1 + math.e), 1 / (1 + math.e)]
    )
    assert closeness(np.array([0]), pair)[0] > 0.99
    assert reach_of(pair) == 105  # 50 + 8 * log(999) = 105.25
    at_the_end = closeness(np.array([105, 106]), pair)
    assert at_the_end[0] == pytest.approx(1e-3, rel=0.05)
    assert at_the_end[1] == 0


@pytest.mark.parametrize(
    ("motifs", "cell"), [(("AP-1", "AP-1"), "epithelial"), (("HNF4", "CEBP"), "hepatic")]
)
@pytest.mark.parametrize("distance", [20, 45, 90, 400])
def test_two_best_sites_have_the_closed_form(motifs, cell, distance):
    pair = demo_pair(*motifs)
    codes = sequence((motifs[0], MIDDLE, "+"), (motifs[1], MIDDLE + distance, "+"))
    sites = sites_of(codes)
    assert sum(len(found.start) for found in sites.values()) == 2
    assert {float(e) for found in sites.values() for e in found.effect} == {1.0}
    one, other = sorted(int(c) for found in sites.values() for c in found.centre)
    share = 1 / (1 + math.exp((other - one - pair.limit) / pair.softness))
    first, second = (PLAIN.motifs[name] for name in motifs)
    heights = [
        (one, first.radius, first.weights[cell]),
        (other, second.radius, second.weights[cell]),
        ((one + other) // 2, pair.radius, pair.weights[cell] * share * (share >= 1e-3)),
    ]
    total = np.zeros(LENGTH)
    for centre, radius, height in heights:
        away = np.abs(np.arange(LENGTH) - centre)
        total += np.where(away < radius, height * (1 + np.cos(np.pi * away / radius)) / 2, 0)
    wanted = PLAIN.background.level * np.exp(PLAIN.ceiling * np.tanh(total / PLAIN.ceiling))
    found = fragment_rate(background(codes, PLAIN), sites, cell, PLAIN)
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


@pytest.mark.parametrize("motifs", [("AP-1", "AP-1"), ("HNF4", "CEBP")])
@pytest.mark.parametrize("strand", "+-")
def test_a_symmetric_pair_is_the_same_on_both_sides(motifs, strand):
    pair = demo_pair(*motifs)
    widths = [SCORERS[name].core[1] - SCORERS[name].core[0] for name in motifs]
    for gap in (20, 30, 60):  # bases between the cores
        behind = sequence(
            (motifs[0], MIDDLE, strand), (motifs[1], MIDDLE + widths[0] + gap, strand)
        )
        before = sequence((motifs[0], MIDDLE, strand), (motifs[1], MIDDLE - gap - widths[1], "+"))
        one, other = joint_effects(behind, pair), joint_effects(before, pair)
        assert len(one) == len(other) == 1
        # a core of even length has its centre half a base to one side of its middle
        slack = 1 / pair.softness if widths[1] % 2 == 0 else 1e-9
        assert one == pytest.approx(other, rel=slack)


@pytest.mark.parametrize("second", "+-")
def test_a_one_sided_pair_counts_behind_the_first_along_its_strand(second):
    pair = demo_pair("ETS", "RUNX")
    assert pair.side == "after"
    for first, sign in (("+", 1), ("-", -1)):
        for distance in (20, 40, 80):
            place = MIDDLE + sign * distance
            behind = sequence(("ETS", MIDDLE, first), ("RUNX", place, second))
            before = sequence(("ETS", MIDDLE, first), ("RUNX", MIDDLE - sign * distance, second))
            sites = sites_of(behind)
            apart = np.abs(sites["ETS"].centre - sites["RUNX"].centre)
            assert abs(apart[0] - distance) <= 1
            assert joint_effects(behind, pair) == pytest.approx(closeness(apart, pair))
            assert len(joint_effects(before, pair)) == 0
            for codes in (behind, before):  # the same on the other strand, to the last digit
                mirrored = reverse_complement(codes)
                assert np.array_equal(joint_effects(mirrored, pair), joint_effects(codes, pair))


def test_sites_without_partners_make_no_pair():
    for codes in (sequence(), sequence(("AP-1", MIDDLE, "+")), sequence(("ETS", MIDDLE, "+"))):
        for pair in PLAIN.pairs:
            assert [len(part) for part in pair_up(sites_of(codes), pair)] == [0, 0]


# --- against a double loop -----------------------------------------------------------------------


def drawn_sites(rng, count, length=4_000):
    centre = np.sort(rng.choice(length, count, replace=False)).astype(np.int64)
    return Sites(centre - 5, centre + 5, centre, rng.random(count) < 0.5, rng.random(count))


@pytest.mark.parametrize(
    ("motifs", "side"), [(("A", "A"), "both"), (("A", "B"), "both"), (("A", "B"), "after")]
)
@pytest.mark.parametrize(("limit", "softness"), [(50, 8), (7.5, 0.5), (300, 100)])
def test_pairs_equal_a_double_loop(motifs, side, limit, softness):
    rng = np.random.default_rng(4)
    pair = made_pair(motifs, limit, softness, side)
    sites = {"A": drawn_sites(rng, 150), "B": drawn_sites(rng, 100)}
    one, other = (sites[name] for name in motifs)
    wanted = []
    for i in range(len(one.centre)):
        for j in range(i + 1 if motifs[0] == motifs[1] else 0, len(other.centre)):
            along = int(other.centre[j] - one.centre[i])
            if side == "after" and (-along if one.reverse[i] else along) <= 0:
                continue
            share = 1 / (1 + math.exp(min(700, (abs(along) - limit) / softness)))
            if share >= 1e-3:
                middle = int(one.centre[i] + other.centre[j]) // 2
                wanted.append((middle, one.effect[i] * other.effect[j] * share))
    assert len(wanted) > 20
    middle, effect = pair_up(sites, pair)
    assert [int(place) for place in middle] == [place for place, _ in wanted]
    assert effect == pytest.approx([of for _, of in wanted])


def test_only_cell_types_with_a_weight_gain():
    codes = sequence(("ETS", MIDDLE, "+"), ("RUNX", MIDDLE + 20, "+"))
    alone = PLAIN.model_copy(update={"pairs": ()})
    for cell, weight in demo_pair("ETS", "RUNX").weights.items():
        gain = activity(LENGTH, sites_of(codes), cell, PLAIN)
        gain -= activity(LENGTH, sites_of(codes), cell, alone)
        assert gain.max() == pytest.approx(weight, rel=0.05, abs=1e-6)


# --- the demo's grammar --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def backgrounds():
    return markov_sequence(np.random.default_rng(6), np.full(60, 0.41)).reshape(30, LENGTH)


@pytest.fixture(scope="module")
def predictor():
    return GrammarPredictor(GRAMMAR, LENGTH)


def test_distance_side_and_cooperation_show_in_the_truth(predictor, backgrounds):
    def effect(cell, *places):
        change = predictor(written(backgrounds, places, SCORERS)) - predictor(backgrounds)
        return change.mean(axis=0)[predictor.targets.index(cell)]

    def two(first, second, distance, cell):
        return effect(cell, (first, MIDDLE, "+"), (second, MIDDLE + distance, "+"))

    near, far = (two("AP-1", "AP-1", distance, "epithelial") for distance in (20, 150))
    assert near > 1.4 * far
    after, before = (two("ETS", "RUNX", distance, "lymphoid") for distance in (20, -20))
    assert after > 1.4 * before
    single = [effect("hepatic", (name, MIDDLE, "+")) for name in ("HNF4", "CEBP")]
    assert min(single) > 0
    assert two("HNF4", "CEBP", 30, "hepatic") > 2 * sum(single)


# --- the predictor -------------------------------------------------------------------------------


def test_the_predictor_takes_every_input_by_itself(predictor, backgrounds):
    """In 90 inputs, more than go through at once, with sites at both ends and some N."""
    codes = np.concatenate([backgrounds] * 3)
    at_ends = [("AP-1", 4, "+"), ("RUNX", 30, "-"), ("ETS", 2_000, "-"), ("AP-1", 2_035, "+")]
    codes[30:60] = written(codes[30:60], at_ends, SCORERS)
    codes[60:90, 500:800] = N
    found = predictor(codes)
    assert found.dtype == np.float32
    assert found.shape == (90, 4)
    for number in range(0, 90, 7):
        sites = sites_of(codes[number], SCORERS)
        level, unknown = background(codes[number], GRAMMAR), codes[number] == N
        for target, cell in enumerate(predictor.targets):
            rate = fragment_rate(level, sites, cell, GRAMMAR)
            coverage = expected_coverage(rate, unknown, GRAMMAR.measurement.fragment)
            assert found[number, target] == pytest.approx(coverage.mean(dtype=float), rel=1e-6)
    np.testing.assert_allclose(predictor(codes[41:43]), found[41:43], rtol=1e-6)


def test_the_predictor_sees_both_strands_alike(predictor, backgrounds):
    mirrored = reverse_complement(backgrounds)
    np.testing.assert_allclose(predictor(mirrored), predictor(backgrounds), rtol=2e-3)


def test_the_predictor_refuses_another_length(predictor, backgrounds):
    with pytest.raises(ValueError, match=r"inputs of shape \(2047,\), not \(2048,\)"):
        predictor(backgrounds[:, 1:])


def test_nothing_acts_over_the_distance_of_influence(backgrounds):
    distance = influence(GRAMMAR)
    codes = np.concatenate([backgrounds[0], backgrounds[1]])
    changed = written(codes, [("AP-1", 100, "+"), ("AP-1", 480, "+")], SCORERS)
    coverage = [
        expected_coverage(
            fragment_rate(
                background(part, GRAMMAR), sites_of(part, SCORERS), "epithelial", GRAMMAR
            ),
            part == N,
            GRAMMAR.measurement.fragment,
        )
        for part in (codes, changed)
    ]
    differs = np.flatnonzero(np.abs(coverage[1] - coverage[0]) > 1e-6)
    assert 500 < differs.max() < 500 + distance
