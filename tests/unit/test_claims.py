"""Claims: each statistic and the judge, where the answer is known, in both directions."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from epibench.claims import of_motifs, of_robustness, of_scores
from epibench.claims.evidence import Evidence, apart
from epibench.claims.judge import (
    NOT_SUPPORTED,
    SUPPORTED,
    UNDECIDED,
    Contrast,
    UndecidableError,
    judge,
)
from epibench.claims.judge_claims import STATISTICS, judge_claims
from epibench.claims.read_claims import Claim, read_claims
from epibench.errors import InputError
from epibench.evaluate.evaluation import Evaluation
from epibench.experiments import ANALYSES
from epibench.report.claims import claims_part

FILE = Path(__file__).parents[2] / "resources" / "claims.tsv"
NAN = float("nan")


def contrast(effect, half=0.1):
    return Contrast("x", effect, effect - half, effect + half)


@pytest.mark.parametrize(
    ("effects", "direction", "threshold", "expected"),
    [
        ([0.2, 0.3], "greater", [0], SUPPORTED),
        ([0.2, 0.05], "greater", [0], UNDECIDED),
        ([0.2, -0.3], "greater", [0], NOT_SUPPORTED),
        ([-0.2, -0.3], "less", [0], SUPPORTED),
        ([0.2], "less", [0], NOT_SUPPORTED),
        ([0.05], "less", [0], UNDECIDED),
        ([0.5, 0.7], "between", [0.3, 0.9], SUPPORTED),
        ([0.35], "between", [0.3, 0.9], UNDECIDED),
        ([1.2], "between", [0.3, 0.9], NOT_SUPPORTED),
        ([0.1], "between", [0.3, 0.9], NOT_SUPPORTED),
        ([], "greater", [0], UNDECIDED),
    ],
)
def test_a_verdict_follows_from_intervals(effects, direction, threshold, expected):
    assert judge([contrast(each) for each in effects], direction, threshold).verdict == expected


def test_many_contrasts_do_not_refute_by_chance():
    assert judge([contrast(-0.11)], "greater", [0]).verdict == NOT_SUPPORTED
    many = [contrast(-0.11)] + [contrast(0.5)] * 40
    assert judge(many, "greater", [0]).verdict == UNDECIDED
    assert judge([contrast(-0.2)] + [contrast(0.5)] * 40, "greater", [0]).verdict == NOT_SUPPORTED


def test_few_seeds_are_widened_more():
    one = Contrast("x", -0.3, -0.58, -0.02, 6, 3)
    assert judge([one], "greater", [0]).verdict == NOT_SUPPORTED
    assert judge([one, contrast(0.5)], "greater", [0]).verdict == UNDECIDED
    assert judge([one._replace(high=-0.2), contrast(0.5)], "greater", [0]).verdict == NOT_SUPPORTED


def test_a_run_without_r_leaves_a_claim_undecided(made, monkeypatch):
    runs = [a_run(loss=loss) for loss in ("poisson", "mse", "pearsonr")]
    made.add("loss_by_bin_size", runs)
    r = {"poisson": 0.7, "mse": 0.5, "pearsonr": NAN}
    evidence = scored(made, monkeypatch, lambda run, _: r[run["loss"]])
    assert verdict(evidence, "poisson_less_others") == UNDECIDED


def test_without_an_interval_nothing_is_decided():
    found = judge([Contrast("x", 0.5, NAN, NAN), contrast(0.5)], "greater", [0])
    assert found.verdict == UNDECIDED
    assert "1 of 2 effects have no interval" in found.reason


def test_the_effect_shown_is_the_one_worst_for_the_claim():
    found = judge([contrast(0.5), contrast(0.2), contrast(0.9)], "greater", [0])
    assert (found.effect, found.contrasts, found.supporting) == (0.2, 3, 3)
    assert judge([contrast(-0.5), contrast(-0.2)], "less", [0]).effect == -0.2


def test_independent_values_have_the_interval_of_their_difference():
    found = apart("x", (1.0, 0.7, 1.4), (0.2, 0.1, 0.6))
    assert found.effect == pytest.approx(0.8)
    assert found.low == pytest.approx(0.8 - np.hypot(0.3, 0.4))
    assert found.high == pytest.approx(0.8 + np.hypot(0.4, 0.1))


def test_the_shipped_claims_can_all_be_judged():
    claims = read_claims(FILE)
    assert len(claims) == 30
    assert {claim.statistic for claim in claims} == set(STATISTICS)
    assert {claim.analysis for claim in claims} <= set(ANALYSES)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (("greater", "more"), "'more' is no direction"),
        (("\t0\t", "\tmuch\t"), "'much' does not fit"),
        (("\t0\t", "\t\t"), "empty or a surplus cell"),
    ],
)
def test_a_broken_row_is_refused(tmp_path, change, part):
    head, row = FILE.read_text().splitlines()[:2]
    (tmp_path / "claims.tsv").write_text(f"{head}\n{row.replace(*change)}\n")
    with pytest.raises(InputError, match=re.escape(part)):
        read_claims(tmp_path / "claims.tsv")


def a_run(model="m", **axes):
    plain = {"windows": "threshold2", "loss": "poisson", "bin_size": 128}
    plain |= {"augmentation": "rc+shift", "seed": 1} | axes
    name = "{model}/{windows}/{loss}/bin{bin_size}/{augmentation}/seed{seed}"
    return {
        "run": name.format(model=model, **plain),
        "model": model,
        "builder": "basenji",
        "options": {},
    } | plain


class Made:
    """A study of made-up tables."""

    def __init__(self, folder: Path):
        self.folder, self.runs, self.experiments = folder, [], {}

    def add(self, analysis: str, runs=(), table=None) -> "Made":
        self.runs += [run for run in runs if run not in self.runs]
        names = [run["run"] for run in runs]
        self.experiments[f"my_{analysis}"] = {"analysis": analysis, "runs": names}
        if table is not None:
            path = self.folder / "experiments" / f"my_{analysis}" / "table.tsv"
            path.parent.mkdir(parents=True)
            pd.DataFrame(table).to_csv(path, sep="\t", index=False)
        return self

    def rows(self, run: dict, file: str, rows) -> None:
        path = self.folder / "runs" / run["run"] / file
        path.parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame(rows).to_csv(path, sep="\t", index=False)

    @property
    def evidence(self) -> Evidence:
        settings = {"runs": self.runs, "experiments": self.experiments}
        return Evidence(self.folder, settings | {"replicates": 200, "seed": 0})


@pytest.fixture
def made(tmp_path) -> Made:
    return Made(tmp_path)


class Scored(Evaluation):
    """Sums whose r is what the test says, a little different in every block."""

    def __init__(self, name: str, r: dict[int, float]):
        self._name, self._r = name, r

    predictor = property(lambda self: self._name)
    bin_sizes = property(lambda self: list(self._r))
    blocks = property(lambda self: 40)
    targets = property(lambda self: ["a"])
    test_set = property(lambda self: "t")

    def score(self, score, bin_size, scaling="raw", weights=None):
        by_block = self._r[bin_size] + 0.01 * np.sin(np.arange(40) + len(self._name))
        if weights is None:
            return np.array([by_block.mean()])
        return (weights @ by_block / weights.sum(axis=1))[:, None]


def scored(made: Made, monkeypatch, r_of) -> Evidence:
    """Give the evidence in which r of each run is `r_of(run, bin_size)`, or None."""

    def evaluation(self, run, bin_size):
        known = self._by_name[run["run"]]
        sizes = (1, 32, 128, 512, 1024, 2048)
        found = {size: r_of(known, size) for size in sizes if size % known["bin_size"] == 0}
        return Scored(run["run"], found)

    monkeypatch.setattr(Evidence, "evaluation", evaluation)
    return made.evidence


def verdict(evidence: Evidence, name: str) -> str:
    """Judge the first shipped claim of a statistic."""
    claim = next(claim for claim in read_claims(FILE) if claim.statistic == name)
    try:
        return judge(STATISTICS[name](evidence), claim.direction, claim.threshold).verdict
    except UndecidableError:
        return UNDECIDED


@pytest.mark.parametrize(
    ("statistic", "better"),
    [("poisson_less_others", "poisson"), ("pearson_mse_less_others", "pearsonr_mse")],
)
def test_losses(made, monkeypatch, statistic, better):
    losses = ("poisson", "mse", "pearsonr", "pearsonr_mse")
    runs = [a_run(loss=loss, bin_size=size) for loss in losses for size in (32, 128)]
    made.add("loss_by_bin_size", runs)
    best = {better: 0.6, "poisson": 0.7}
    evidence = scored(made, monkeypatch, lambda run, _: best.get(run["loss"], 0.5))
    assert verdict(evidence, statistic) == SUPPORTED
    evidence = scored(
        made,
        monkeypatch,
        lambda run, _: 0.65 if run["loss"] == "mse" else best.get(run["loss"], 0.5),
    )
    assert verdict(evidence, "pearson_mse_less_others") == NOT_SUPPORTED
    evidence = scored(made, monkeypatch, lambda run, _: 0.8 if run["loss"] == "mse" else 0.5)
    assert verdict(evidence, statistic) == NOT_SUPPORTED


def test_bin_sizes(made, monkeypatch):
    runs = [a_run(bin_size=size) for size in (1, 128, 1024, 2048)]
    runs += [a_run("b", bin_size=size) | {"builder": "bpnet"} for size in (1, 128)]
    made.add("resolution", runs)

    def best_at(basenji, bpnet):
        best = {"basenji": basenji, "bpnet": bpnet}
        return scored(
            made,
            monkeypatch,
            lambda run, size: (
                0.4 + 0.02 * np.log2(size) + 0.1 * (run["bin_size"] == best[run["builder"]])
            ),
        )

    evidence = best_at(1024, 1)
    for statistic in ("basenji_near_1kb", "bpnet_at_1bp", "coarser_less_finer"):
        assert verdict(evidence, statistic) == SUPPORTED
    evidence = best_at(128, 128)
    assert verdict(evidence, "basenji_near_1kb") == NOT_SUPPORTED
    assert verdict(evidence, "bpnet_at_1bp") == NOT_SUPPORTED
    evidence = scored(made, monkeypatch, lambda run, size: 0.9 - 0.02 * np.log2(size))
    assert verdict(evidence, "coarser_less_finer") == NOT_SUPPORTED


def test_bin_sizes_are_compared_at_one_that_all_share(made, monkeypatch):
    made.add("resolution", [a_run(bin_size=size) for size in (128, 1024)])
    # At its own bin size the coarse run has the higher r, at the shared one the lower.
    evidence = scored(
        made,
        monkeypatch,
        lambda run, size: 0.2 if size == 128 else 0.5 + (run["bin_size"] < 500) / 5,
    )
    (found,) = of_scores.basenji_near_1kb(evidence)
    assert found.effect < 0
    assert "evaluated at 1024 bp" in found.name


def test_training_sets(made, monkeypatch):
    sets = ("threshold0.5", "threshold2", "threshold10", "peaks")
    made.add("training_set", [a_run(windows=each) for each in sets])
    falling = dict(zip(sets, (0.7, 0.6, 0.55, 0.4), strict=True))
    evidence = scored(made, monkeypatch, lambda run, _: falling[run["windows"]])
    assert verdict(evidence, "lowest_threshold_less_others") == SUPPORTED
    assert len(of_scores.lowest_threshold_less_others(evidence)) == 2
    assert verdict(evidence, "thresholds_less_peaks") == SUPPORTED
    evidence = scored(made, monkeypatch, lambda run, _: 1 - falling[run["windows"]])
    assert verdict(evidence, "lowest_threshold_less_others") == NOT_SUPPORTED
    assert verdict(evidence, "thresholds_less_peaks") == NOT_SUPPORTED


def test_the_test_set(made):
    def rows(last):
        return [
            {"run": "r", "threshold": threshold, "few_bins": False, "inputs": inputs}
            | {"pearson_r_per_sequence": r}
            | {"pearson_r_per_sequence_low": r - 0.02, "pearson_r_per_sequence_high": r + 0.02}
            for threshold, r, inputs in ((0, 0.3, 400), (8, last, 50), (24, 0.0, 3))
        ]

    made.add("test_set", table=rows(0.5))
    assert verdict(made.evidence, "highest_test_threshold_less_none") == SUPPORTED
    again = Made(made.folder / "again").add("test_set", table=rows(0.1))
    assert verdict(again.evidence, "highest_test_threshold_less_none") == NOT_SUPPORTED


@pytest.mark.parametrize(
    ("slope", "auroc", "heights", "detection"),
    [(0.9, 0.7, SUPPORTED, SUPPORTED), (0.2, 0.95, NOT_SUPPORTED, NOT_SUPPORTED)],
)
def test_training_on_peaks(made, slope, auroc, heights, detection):
    def row(windows, region, score, value, scaling="raw"):
        axes = {"model": "m", "bin_size": 128, "windows": windows, "region": region}
        ends = {"low": value - 0.03, "high": value + 0.03}
        return axes | {"score": score, "scaling": scaling, "value": value} | ends

    table = [row("threshold2", "peaks", "slope", 0.5), row("peaks", "peaks", "slope", slope)]
    table += [row("peaks", "peaks", "slope", 99, "scaled")]
    table += [
        row(w, "whole", "auroc", v, None) for w, v in (("threshold2", 0.85), ("peaks", auroc))
    ]
    made.add("high_activity", table=table)
    assert verdict(made.evidence, "heights_on_peaks") == heights
    assert verdict(made.evidence, "detection_on_thresholds") == detection


def test_a_slope_beyond_one_is_no_better_than_one_below(made):
    found = of_scores._nearer_to_one((1.6, 1.55, 1.65), (0.5, 0.45, 0.55))
    assert found[0][0] == pytest.approx(0.5)
    assert found[1][0] == pytest.approx(0.6)


def test_architectures(made, monkeypatch):
    def model(name, builder, heads):
        options = {"activation": "relu", "task_heads": heads}
        return a_run(name) | {"builder": builder, "options": options}

    runs = [model("cnn", "cnn_base", False), model("cnn_heads", "cnn_base", True)]
    runs += [
        model("res", "residualbind_base", False),
        model("res_heads", "residualbind_base", True),
    ]
    made.add("architectures", runs)
    r = {"cnn": 0.5, "cnn_heads": 0.55, "res": 0.57, "res_heads": 0.6}
    evidence = scored(made, monkeypatch, lambda run, _: r[run["model"]])
    assert len(of_scores.residual_less_plain(evidence)) == 2
    assert len(of_scores.task_heads_less_single(evidence)) == 2
    for statistic in ("residual_less_plain", "task_heads_less_single"):
        assert verdict(evidence, statistic) == SUPPORTED
    assert of_scores.cnn_less_best(evidence)[0].effect == pytest.approx(-0.02, abs=0.01)
    r |= {"cnn_heads": 0.58}
    evidence = scored(made, monkeypatch, lambda run, _: r[run["model"]])
    assert verdict(evidence, "cnn_less_best") == SUPPORTED
    r = {"cnn": 0.4, "cnn_heads": 0.42, "res": 0.57, "res_heads": 0.5}
    evidence = scored(made, monkeypatch, lambda run, _: r[run["model"]])
    assert verdict(evidence, "cnn_less_best") == NOT_SUPPORTED
    r = {"cnn": 0.6, "cnn_heads": 0.5, "res": 0.3, "res_heads": 0.2}
    evidence = scored(made, monkeypatch, lambda run, _: r[run["model"]])
    for statistic in ("residual_less_plain", "task_heads_less_single"):
        assert verdict(evidence, statistic) == NOT_SUPPORTED


def varied(made: Made, scores: dict) -> Evidence:
    runs = []
    for (windows, augmentation), values in scores.items():
        for seed, value in enumerate(values):
            run = a_run(windows=windows, augmentation=augmentation, seed=seed)
            runs.append(run)
            made.rows(run, "variation.tsv", [{"target": "mean", "variation_score": value}])
    return made.add("augmentation", runs).evidence


def test_augmentation(made):
    evidence = varied(
        made,
        {
            ("peaks", "none"): (0.50, 0.52, 0.51),
            ("peaks", "rc+shift"): (0.20, 0.21, 0.22),
            ("threshold2", "none"): (0.30, 0.31, 0.32),
            ("threshold2", "rc"): (0.205, 0.206, 0.204),
            ("threshold2", "rc+shift"): (0.20, 0.201, 0.202),
        },
    )
    for statistic in (
        "unaugmented_less_augmented",
        "gain_on_peaks_less_thresholds",
        "rc_over_rc_and_shift",
    ):
        assert verdict(evidence, statistic) == SUPPORTED
    (found,) = of_robustness.rc_over_rc_and_shift(evidence)
    assert found.effect == pytest.approx(0.205 / 0.201 - 1)


def test_augmentation_that_does_harm(made):
    evidence = varied(
        made,
        {
            ("peaks", "none"): (0.20, 0.21, 0.22),
            ("peaks", "rc+shift"): (0.50, 0.52, 0.51),
            ("threshold2", "none"): (0.30, 0.31, 0.32),
            ("threshold2", "rc"): (0.40, 0.41, 0.42),
            ("threshold2", "rc+shift"): (0.20, 0.201, 0.202),
        },
    )
    for statistic in (
        "unaugmented_less_augmented",
        "gain_on_peaks_less_thresholds",
        "rc_over_rc_and_shift",
    ):
        assert verdict(evidence, statistic) == NOT_SUPPORTED


def test_one_seed_gives_no_interval(made):
    evidence = varied(made, {("peaks", "none"): (0.5,), ("peaks", "rc+shift"): (0.2,)})
    assert verdict(evidence, "unaugmented_less_augmented") == UNDECIDED


def test_welch_is_that_of_scipy():
    from scipy.stats import ttest_ind

    a, b = (0.5, 0.7, 0.9, 0.4), (0.1, 0.3, 0.2)
    found = of_robustness._between_seeds("x", a, b)
    expected = ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize(
    ("ends", "expected"), [((0.3, 0.7), SUPPORTED), ((0.5, 0.95), UNDECIDED), (None, UNDECIDED)]
)
def test_correlations(made, ends, expected):
    low, high = ends or (NAN, NAN)
    rho = {"rho": np.mean([low, high]), "rho_low": low, "rho_high": high, "points": 12}
    made.add(
        "robustness", table=[{"robustness": "variation_score_common", "accuracy": "r"} | rho]
    ).add("motifs", table=[{"evaluated_bin_size": 128} | rho])
    assert verdict(made.evidence, "rho_of_robustness") == expected
    assert verdict(made.evidence, "rho_of_filters") == expected


@pytest.mark.parametrize(
    ("on_peaks", "on_all", "rival", "lose"),
    [(0.90, 0.70, SUPPORTED, SUPPORTED), (0.70, 0.99, NOT_SUPPORTED, NOT_SUPPORTED)],
)
def test_binary_models(made, on_peaks, on_all, rival, lose):
    def row(model, output, inputs, value):
        scores = {}
        for score in ("auroc", "pearson_r"):
            scores |= {score: value, f"{score}_low": value - 0.01, f"{score}_high": value + 0.01}
        return {"model": model, "output": output, "inputs": inputs} | scores

    made.add(
        "binary_vs_quantitative",
        table=[
            row("q", "quantitative", "peaks", 0.85),
            row("worse", "binary", "peaks", 0.1),
            row("b", "binary", "peaks", on_peaks),
            row("q", "quantitative", "tiled", 0.85),
            row("b", "binary", "tiled", on_all),
        ],
    )
    assert verdict(made.evidence, "binary_less_quantitative_on_peaks") == rival
    assert verdict(made.evidence, "quantitative_less_binary_on_all") == lose


def variant_rows(gain_with, gain_without, settings=12):
    rows = []
    for number in range(settings):
        augmentation = ("rc", "rc+shift")[number % 2]
        gain = (gain_without, gain_with)[number % 2] + 0.001 * number
        axes = {"kind": "run", "model": f"m{number}", "windows": "peaks", "loss": "poisson"}
        axes |= {"bin_size": 128, "augmentation": augmentation, "element": "mean"}
        for score, r in (("standard", 0.4), ("robust", 0.4 + gain)):
            rho = {"rho": 0.8, "rho_low": 0.5, "rho_high": 0.9, "points": settings}
            rows.append(axes | {"score": score, "pearson_r": r} | rho)
    return rows


def test_variants(made):
    made.add("variant_effects", table=variant_rows(0.01, 0.05))
    for statistic in ("share_better_by_robust", "gain_without_shift_less_with", "rho_of_variants"):
        assert verdict(made.evidence, statistic) == SUPPORTED
    (share,) = of_robustness.share_better_by_robust(made.evidence)
    assert share.effect == 1
    assert share.low == pytest.approx(0.025 ** (1 / 12))  # Clopper and Pearson, all of 12


def test_variants_the_other_way(made):
    made.add("variant_effects", table=variant_rows(-0.05, -0.09))
    for statistic in ("share_better_by_robust", "gain_without_shift_less_with"):
        assert verdict(made.evidence, statistic) == NOT_SUPPORTED


def test_too_few_models_for_robust_scores(made):
    made.add("variant_effects", table=variant_rows(0.01, 0.05, settings=4))
    assert verdict(made.evidence, "share_better_by_robust") == UNDECIDED


@pytest.mark.parametrize(("matched", "expected"), [(60, SUPPORTED), (2, NOT_SUPPORTED)])
def test_filters(made, matched, expected):
    runs = [
        a_run(model) | {"options": {"activation": model, "filters": 9}}
        for model in ("relu", "exponential")
    ]
    rows = [
        {key: run[key] for key in ("model", "windows", "loss", "bin_size", "augmentation", "seed")}
        | {"activation": run["model"], "filters": 100}
        | {"matched": matched if run["model"] == "exponential" else 25}
        for run in runs
    ]
    made.add("motifs", runs, table=rows)
    assert verdict(made.evidence, "exponential_less_relu") == expected
    (found,) = of_motifs.exponential_less_relu(made.evidence)
    assert found.effect == pytest.approx(matched / 100 - 0.25)


@pytest.mark.parametrize(
    ("effect", "limit", "flanks", "plateau"),
    [(0.9, 50, SUPPORTED, SUPPORTED), (0.4, 300, NOT_SUPPORTED, NOT_SUPPORTED)],
)
def test_motifs_in_shuffled_sequences(made, effect, limit, flanks, plateau):
    run = a_run()
    made.rows(
        run,
        "flanks.tsv",
        [
            {"motif": "AP-1", "kind": kind, "target": target, "effect": e}
            | {"low": e - 0.02, "high": e + 0.02}
            for kind, e in (("core", 0.3), ("flank", 0.1), ("flank", effect))
            for target in ("a", "not shown")
        ],
    )
    setting = {"windows": "threshold2", "loss": "poisson", "bin_size": 128, "augmentation": "rc"}
    distance = [
        setting
        | {"model": "m", "first": "AP-1", "second": "AP-1", "target": "a", "seeds": 1}
        | {"limit_upstream": limit - shift, "limit_downstream": limit + shift}
        for shift in (1, 2)
    ]
    made.add("gia_flanks", [run], table=[{"target": "a"}]).add("gia_distance", table=distance)
    assert verdict(made.evidence, "best_flank_over_core") == flanks
    assert verdict(made.evidence, "half_way_of_ap1") == plateau


@pytest.mark.parametrize(("behind", "expected"), [(0.9, SUPPORTED), (0.1, NOT_SUPPORTED)])
def test_one_side(made, behind, expected):
    run = a_run()
    made.add("gia_distance", [run], table=[{"target": "a"}])
    made.rows(
        run,
        "distances.tsv",
        [
            {"first": "AP-1", "second": "ATAAA", "orientation": "same", "target": target}
            | {"offset": offset, "effect": e, "low": e - 0.1, "high": e + 0.1}
            for offset, e in ((-20, 0.5), (-30, 0.1), (20, behind), (30, 0.0), (90, 5.0))
            for target in ("a", "not shown")
        ],
    )
    assert verdict(made.evidence, "ataaa_behind_less_before") == expected


@pytest.mark.parametrize(
    ("share", "quantitative", "binary"),
    [(0.5, SUPPORTED, NOT_SUPPORTED), (-0.5, NOT_SUPPORTED, SUPPORTED)],
)
def test_cooperativity(made, share, quantitative, binary):
    rows = []
    for model, loss in (("q", "poisson"), ("b", "binary_crossentropy")):
        rows.append(
            {"model": model, "loss": loss, "first": "AP-1", "second": "GATA", "target": "a"}
            | {"sum_effect": 2.0, "both_effect": 2 + 2 * share, "interaction": 2 * share}
            | {"interaction_low": 2 * share - 0.1, "interaction_high": 2 * share + 0.1, "seeds": 1}
        )
    blind = rows[1] | {"model": "blind", "both_effect": 0.01, "interaction": 9}
    made.add("gia_cooperativity", table=[*rows, blind])
    assert verdict(made.evidence, "interaction_of_quantitative") == quantitative
    assert verdict(made.evidence, "interaction_of_binary") == binary
    assert len(of_motifs.interaction_of_binary(made.evidence)) == 1


@pytest.mark.parametrize(("many", "expected"), [(0.9, SUPPORTED), (0.1, NOT_SUPPORTED)])
def test_occlusion(made, many, expected):
    axes = {"model": "m", "windows": "threshold2", "loss": "poisson", "bin_size": 128}
    rows = [
        axes
        | {"augmentation": augmentation}
        | {"target": "a", "motif": "AP-1", "instances": n, "seeds": 1}
        | {"effect": e, "low": e - 0.1, "high": e + 0.1}
        for n, e in (("1", 0.5), ("2", 0.6), ("3+", many))
        for augmentation in ("none", "rc")
    ]
    made.add("occlusion", table=rows)
    assert verdict(made.evidence, "many_less_one") == expected


def test_every_statistic_says_why_an_empty_study_decides_nothing(made, tmp_path):
    table = judge_claims(read_claims(FILE), made.evidence, tmp_path / "claims")
    assert set(table["verdict"]) == {UNDECIDED}
    assert table["reason"].str.startswith("this study has no experiment").all()
    part = claims_part(tmp_path / "claims")
    assert part["counts"] == {SUPPORTED: 0, NOT_SUPPORTED: 0, UNDECIDED: 30}


def test_tables_and_page_part(made, tmp_path):
    made.add("occlusion", table=[])
    (made.folder / "experiments" / "my_occlusion" / "table.tsv").write_text(
        "model\twindows\tloss\tbin_size\taugmentation\ttarget\tmotif\tinstances\tseeds\teffect\tlow\thigh\n"
        "m\tpeaks\tmse\t32\trc\ta\tAP-1\t1\t1\t0.1\t0.0\t0.2\n"
        "m\tpeaks\tmse\t32\trc\ta\tAP-1\t3+\t1\t0.9\t0.8\t1.0\n"
    )
    table = judge_claims(read_claims(FILE), made.evidence, tmp_path / "claims")
    part = claims_part(tmp_path / "claims")
    first = part["rows"][0]
    assert (first["id"], first["verdict"]) == ("occlusion_grows", SUPPORTED)
    assert first["start"] < 0 < first["end"]
    assert [each["name"] for each in first["details"]] == ["m, a"]
    assert table.set_index("id").loc["occlusion_grows", "supporting"] == 1


def test_an_unknown_statistic_is_refused(made, tmp_path):
    claim = Claim("x", "X.", "Fig. 1", "motifs", "magic", "greater", (0,), "r", "None.")
    with pytest.raises(InputError, match="there is no statistic 'magic'"):
        judge_claims([claim], made.evidence, tmp_path)
