"""What explanations find, held against the grammar of a simulation."""

import numpy as np
import pandas as pd
import pytest
from memelite import tomtom
from scipy.stats import false_discovery_control, rankdata

from epibench.interpret.clip import frequencies
from epibench.interpret.filters import Filters
from epibench.interpret.jaspar import load_matrix, load_motifs
from epibench.interpret.score_grammar import score_grammar
from epibench.interpret.true_sites import true_sites
from epibench.sequence import reverse_complement
from epibench.simulate.grammar import read_grammar
from epibench.simulate.sites import load_scorers

GRAMMAR = read_grammar("resources/demo_grammar.yaml")
TARGETS = ["epithelial", "erythroid"]  # GATA has no weight in the first
OFFSETS = np.concatenate([np.arange(-1000, -10), np.arange(11, 1001)])


@pytest.fixture(scope="module")
def scorers():
    return load_scorers(GRAMMAR)


@pytest.fixture(scope="module")
def motifs():
    return load_motifs("JASPAR2022", "fungi")  # without a matrix of the grammar


def filters_of(names) -> Filters:
    """Give filters made of motifs of the grammar, every second turned, and one that is dead."""
    counts = np.full((len(names) + 1, 24, 4), 25.0)
    for row, name in enumerate(names):
        matrix = load_matrix(GRAMMAR.jaspar, GRAMMAR.motifs[name].matrix).counts
        matrix = 100 * matrix / matrix.sum(axis=1, keepdims=True)
        counts[row, 2 : 2 + len(matrix)] = matrix[::-1, ::-1] if row % 2 else matrix
    sites = np.array([100] * len(names) + [0])
    return Filters(counts, sites, np.ones(len(sites), np.float32), "relu")


def attribution_of(scorers, seed=0) -> dict[str, np.ndarray]:
    """Give scores that are the truth, constant, and random with a sign."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 4, (5, 700)).astype(np.uint8)
    for row in codes:
        row[300:311] = scorers["GATA"].scores[:, :4].argmax(axis=1)
    truth = np.stack([true_sites(codes, GRAMMAR, scorers, target) for target in TARGETS])
    scores = np.stack([-1.0 * truth, np.full(truth.shape, 0.5), rng.normal(size=truth.shape)])
    return {
        "codes": codes,
        "targets": np.array(TARGETS),
        "methods": np.array(["mutagenesis", "saliency", "gradient_x_input"]),
        "scores": scores.astype(np.float32),
    }


def flanks_of(effects: dict[str, np.ndarray]) -> pd.DataFrame:
    rows = [
        {"motif": motif, "sequence": f"word{n}", "kind": "flank", "target": t, "effect": effect}
        for motif, values in effects.items()
        for t in TARGETS
        for n, effect in enumerate(values)
    ]
    core = {"motif": "AP-1", "sequence": ".", "kind": "core", "target": TARGETS[0], "effect": 9.0}
    return pd.DataFrame([*rows, core])


def distances_of(curves: dict[tuple[str, str], np.ndarray]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"first": first, "second": second, "offset": OFFSETS, "effect": effect})
        for (first, second), effect in curves.items()
    ]
    return pd.concat(parts).assign(orientation="same", target=TARGETS[0])


def logistic(limit: float, side: str = "both") -> np.ndarray:
    near = 1 / (1 + np.exp((np.abs(OFFSETS) - limit) / 4))
    return 1 + 3 * near * ((OFFSETS > 0) | (side == "both"))


def cooperativity_of(effects: dict[tuple[str, str], tuple[float, float, float]]) -> pd.DataFrame:
    columns = ["first_effect", "second_effect", "both_effect"]
    rows = [
        {"first": first, "second": second, "target": TARGETS[1], "background": n}
        | dict(zip(columns, np.array(values) + spread, strict=True))
        for (first, second), values in effects.items()
        for n, spread in enumerate((-0.2, 0.0, 0.2))
    ]
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def given(scorers):
    """Give truth and outputs of a run that agree but for what a test replaces."""
    rng = np.random.default_rng(1)
    effects = {name: rng.gamma(2, 1, 256) for name in ("AP-1", "GATA", "ATAAA")}
    pairs = {("AP-1", "AP-1"): logistic(50), ("AP-1", "ETS"): logistic(300)}
    both = {("AP-1", "GATA"): (1, 1, 3), ("ETS", "RUNX"): (1, 2, 6), ("AP-1", "ETS"): (1, 1, 1)}
    truth = {
        "flanks": flanks_of(effects),
        "distances": distances_of(pairs),
        "cooperativity": cooperativity_of(both),
    }
    more = {"filters": filters_of(["CTCF", "GATA", "HNF4"]), "attribution": attribution_of(scorers)}
    return truth, truth | more | {"modisco": None, "of_coverage": True}


@pytest.fixture(scope="module")
def found(given, motifs):
    return score_grammar("a_run", GRAMMAR, *given, motifs, 0.1)


def scored(given, motifs, **replaced) -> pd.DataFrame:
    truth, run = given
    # Queries and attributions are not compared anew in every test.
    rest = {"filters": filters_of([])}
    rest["attribution"] = {"targets": [], "methods": []}
    return score_grammar("a_run", GRAMMAR, truth, run | rest | replaced, motifs, 0.1)[0]


def value(table: pd.DataFrame, column="value", **keys) -> float:
    rows = table[np.logical_and.reduce([table[name] == key for name, key in keys.items()])]
    assert len(rows) == 1
    return rows[column].iloc[0]


@pytest.mark.parametrize("turned", [False, True])
def test_true_sites_are_the_cores_of_motifs_with_weight(scorers, turned):
    word = scorers["GATA"].scores[:, :4].argmax(axis=1).astype(np.uint8)
    codes = np.zeros((1, 200), np.uint8)  # only A: no site
    codes[0, 60 : 60 + len(word)] = reverse_complement(word) if turned else word
    first, last = GRAMMAR.motifs["GATA"].core
    start = 60 + (len(word) - last if turned else first)
    expected = np.zeros((1, 200), bool)
    expected[0, start : start + last - first] = True
    assert np.array_equal(true_sites(codes, GRAMMAR, scorers, "erythroid"), expected)
    assert not true_sites(codes, GRAMMAR, scorers, "epithelial").any()


def test_the_truth_as_attribution_has_aupr_1_and_a_constant_one_its_share(found, given, scorers):
    codes = given[1]["attribution"]["codes"]
    for target in TARGETS:
        share = true_sites(codes, GRAMMAR, scorers, target).mean()
        assert 0 < share < 0.5
        keys = {"question": "attribution", "target": target}
        for method, aupr, auroc in (("mutagenesis", 1, 1), ("saliency", share, 0.5)):
            assert value(found[0], method=method, score="aupr", **keys) == pytest.approx(aupr)
            assert value(found[0], method=method, score="auroc", **keys) == pytest.approx(auroc)
        chance = value(found[0], "chance", method="saliency", score="aupr", **keys)
        assert chance == pytest.approx(share)


def test_areas_are_those_of_absolute_scores(found, given, scorers):
    attribution = given[1]["attribution"]
    for t, target in enumerate(TARGETS):
        sites = true_sites(attribution["codes"], GRAMMAR, scorers, target).ravel()
        score = np.abs(attribution["scores"][2, t]).ravel()
        hits = sites[np.argsort(-score)]
        precision = np.cumsum(hits) / (1 + np.arange(len(hits)))
        ranks = rankdata(score)[sites]
        wins = ranks.sum() - len(ranks) * (len(ranks) + 1) / 2
        keys = {"method": "gradient_x_input", "target": target}
        aupr, auroc = (value(found[0], score=score, **keys) for score in ("aupr", "auroc"))
        assert aupr == pytest.approx(precision[hits].mean())
        assert auroc == pytest.approx(wins / (sites.sum() * (~sites).sum()))


def test_motifs_that_a_filter_shows_are_found(found, given, motifs):
    rows = found[0][found[0]["question"] == "filters"]
    is_found = rows[rows["score"] == "found"].set_index("subject")["value"]
    assert is_found[["CTCF", "GATA", "HNF4"]].all()
    assert not is_found[["SP/KLF", "CEBP", "RUNX"]].any()
    assert list(is_found.index) == list(GRAMMAR.motifs)
    assert value(rows, score="recall") == pytest.approx(is_found.mean())
    known = [frequencies(m.counts).T for m in motifs]
    known += [
        frequencies(load_matrix(GRAMMAR.jaspar, motif.matrix).counts).T
        for motif in GRAMMAR.motifs.values()
    ]
    filters = given[1]["filters"]
    ppms = [frequencies(filters.counts[n, a:b]).T for n, (a, b) in filters.clipped().items()]
    q = [false_discovery_control(p) for p in tomtom(ppms, known)[0]]
    for place, name in enumerate(GRAMMAR.motifs):
        lowest = min(values[len(motifs) + place] for values in q)
        assert value(rows, subject=name, score="q") == pytest.approx(lowest)


def test_without_queries_nothing_is_found_and_patterns_count_where_there_are_some(given, motifs):
    matrix = load_matrix(GRAMMAR.jaspar, GRAMMAR.motifs["CTCF"].matrix).counts
    table = scored(given, motifs, modisco={"pattern0": frequencies(matrix)})
    assert value(table, question="filters", score="recall") == 0
    assert (table.loc[table["question"] == "filters", "value"].isin([0, 1])).all()
    assert value(table, question="modisco", score="found", subject="CTCF") == 1
    assert value(table, question="modisco", score="found", subject="SP/KLF") == 0
    assert "modisco" not in set(scored(given, motifs)["question"])


def test_flanks_like_the_truth_have_rho_1(given, motifs):
    flanks = given[0]["flanks"]
    for change, rho in ((lambda x: x, 1), (np.log, 1), (lambda x: -x, -1), (lambda x: 0 * x, None)):
        changed = flanks.assign(effect=change(flanks["effect"]))
        table = scored(given, motifs, flanks=changed)
        rows = table[table["question"] == "flanks"]
        pairs = list(zip(rows["subject"], rows["target"], strict=True))
        # ATAAA is no motif of the grammar, and GATA has no weight in epithelia.
        assert pairs == [("AP-1", "epithelial"), ("AP-1", "erythroid"), ("GATA", "erythroid")]
        assert rows["value"].isna().all() if rho is None else np.allclose(rows["value"], rho)


def test_limits_are_those_of_the_curves(given, motifs):
    truth = given[0]["distances"]
    table = scored(given, motifs, distances=truth.assign(effect=0.5 * np.tile(logistic(62), 2)))
    pair = {"question": "distance", "subject": "AP-1+AP-1"}
    for side in ("upstream", "downstream"):
        assert value(table, score=f"limit_{side}", **pair) == pytest.approx(62, abs=1)
        assert value(table, "truth", score=f"limit_{side}", **pair) == pytest.approx(50, abs=1)
    assert value(table, score="limit_error", **pair) == pytest.approx(12, abs=1)
    r = np.corrcoef(logistic(62), logistic(50))[0, 1]
    assert value(table, score="r", **pair) == pytest.approx(r)
    # AP-1 and ETS are no pair of the grammar: only the curve is compared.
    assert set(table.loc[table["subject"] == "AP-1+ETS", "score"]) == {"r", "ratio"} | {
        "sign_agreement"
    }


def test_a_one_sided_pair_has_a_limit_on_its_side(given, motifs):
    truth, run = given
    one_sided = distances_of({("AP-1", "AP-1"): logistic(50, "after")})
    changed = one_sided.assign(effect=logistic(55, "after"))
    table = scored((truth | {"distances": one_sided}, run), motifs, distances=changed)
    limits = table[table["score"].str.startswith("limit")]
    assert list(limits["score"]) == ["limit_downstream", "limit_error"]
    assert value(limits, score="limit_error") == pytest.approx(5, abs=1)


def test_cooperativity_is_the_effect_of_both_by_the_sum(given, motifs):
    changed = {("AP-1", "GATA"): (2, 2, 5), ("ETS", "RUNX"): (1, 1, 1), ("AP-1", "ETS"): (-2, 1, 3)}
    table = scored(given, motifs, cooperativity=cooperativity_of(changed))
    table = table[table["question"] == "cooperativity"]
    expected = {"AP-1+GATA": (5 / 4, 3 / 2, 1), "ETS+RUNX": (1 / 2, 2, 0)}
    for pair, (ratio, truth, sign) in expected.items():
        assert value(table, subject=pair, score="ratio") == pytest.approx(ratio)
        assert value(table, "truth", subject=pair, score="ratio") == pytest.approx(truth)
        assert value(table, subject=pair, score="sign_agreement") == sign
    assert np.isnan(value(table, subject="AP-1+ETS", score="ratio"))
    assert np.isnan(value(table, subject="AP-1+ETS", score="sign_agreement"))


def test_ratios_of_logits_have_no_truth(given, motifs):
    table = scored(given, motifs, of_coverage=False)
    table = table[table["question"] == "cooperativity"]
    assert table.loc[table["score"] == "ratio", "truth"].isna().all()
    signs = table[table["score"] == "sign_agreement"]
    assert list(signs["subject"]) == ["ETS+RUNX"]  # the only one that is a pair of the grammar
    assert value(signs, score="sign_agreement") == 1


def test_curves_have_truth_and_estimate_side_by_side(found, given):
    curves = found[1]
    flanks = curves[(curves["question"] == "flanks") & (curves["subject"] == "GATA")]
    assert np.array_equal(flanks["x"], np.arange(256))
    assert flanks["truth"].is_monotonic_decreasing
    assert np.array_equal(flanks["truth"], flanks["estimate"])
    distance = curves[(curves["question"] == "distance") & (curves["subject"] == "AP-1+AP-1")]
    assert np.array_equal(distance["x"], OFFSETS)
    assert np.array_equal(distance["estimate"], logistic(50))
    bars = curves[(curves["question"] == "cooperativity") & (curves["subject"] == "ETS+RUNX")]
    assert list(bars["label"]) == ["first", "second", "both", "sum"]
    assert list(bars["truth"]) == pytest.approx([1, 2, 6, 3])
    assert (curves["predictor"] == "a_run").all()
