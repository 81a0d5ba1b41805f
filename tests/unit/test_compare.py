"""Paired comparisons, ranks, verdicts."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy import stats

from epibench.errors import InputError
from epibench.evaluate import compare
from epibench.evaluate.bootstrap import block_weights

SHARED = np.random.default_rng(0).normal(0, 0.2, 60)


@dataclass
class Fake:
    """An evaluation whose score is the mean of a value a block and target."""

    predictor: str
    of_blocks: np.ndarray
    test_set: str = "3f9a"
    targets: list = field(default_factory=lambda: ["a", "b"])
    bin_sizes: tuple = (128,)

    @property
    def blocks(self):
        return len(self.of_blocks)

    def score(self, name, bin_size, scaling="raw", weights=None):
        weights = np.ones((1, self.blocks)) if weights is None else weights
        found = weights @ self.of_blocks / self.blocks
        return found[0] if len(found) == 1 else found


def fake(name, level, seed=1, blocks=60, noise=0.02, **more):
    own = np.random.default_rng(seed).normal(0, noise, (blocks, 2))
    return Fake(name, level + SHARED[:blocks, None] + own, **more)


def test_holm_is_the_step_down_procedure():
    p = np.array([0.01, np.nan, 0.04, 0.03, 0.005, 0.9])
    np.testing.assert_allclose(compare.holm(p), [0.04, np.nan, 0.09, 0.09, 0.025, 0.9])
    p = np.random.default_rng(0).uniform(0, 0.2, 12)
    running, expected = 0.0, {}
    for step, i in enumerate(sorted(range(12), key=lambda i: p[i])):
        running = max(running, min(1, (12 - step) * p[i]))
        expected[i] = running
    np.testing.assert_allclose(compare.holm(p), [expected[i] for i in range(12)])
    assert compare.holm(np.array([])).size == 0


def test_a_paired_difference_has_the_p_of_a_paired_t_test():
    a, b = fake("a", 0.52, 1), fake("b", 0.51, 2)
    row = compare.paired_table([a, b], "pearson_r", 128, replicates=20_000).iloc[0]
    known = stats.ttest_rel(a.of_blocks.mean(axis=1), b.of_blocks.mean(axis=1))
    ends = known.confidence_interval(0.95)
    assert row["difference"] == pytest.approx((a.of_blocks - b.of_blocks).mean())
    assert (row["low"], row["high"]) == pytest.approx((ends.low, ends.high), rel=0.03)
    assert row["p"] == pytest.approx(known.pvalue, rel=0.1)
    assert (row["verdict"], row["targets"], row["test_set"]) == ("better", 2, "3f9a")
    # Unpaired, the spread between blocks would hide it.
    assert stats.ttest_ind(a.of_blocks.mean(axis=1), b.of_blocks.mean(axis=1)).pvalue > 0.5


def test_less_error_is_better_and_a_copy_is_no_different():
    three = [fake("a", 0.5, 1), fake("copy", 0.5, 1), fake("c", 0.6, 2)]
    for score, word in (("mse", "better"), ("pearson_r", "worse"), ("r2", "worse")):
        table = compare.paired_table(three, score, 128)
        assert table["verdict"].tolist() == ["no difference shown", word, word]
        assert table["p"][0] == 1
    matrix = compare.win_tie_loss(table)
    assert matrix.loc["c", ["a", "copy", "c"]].tolist() == ["win", "win", ""]
    assert matrix.loc["a", ["wins", "ties", "losses"]].tolist() == [0, 1, 1]
    assert compare.win_tie_loss(table.iloc[:0]).shape == (0, 3)
    unknown = compare.win_tie_loss(table.assign(verdict="not available"))
    assert set(unknown[["a", "c"]].to_numpy().ravel()) == {""}


def test_few_blocks_and_missing_targets():
    few = compare.paired_table(
        [fake("a", 0.5, 1, 19), fake("b", 0.6, 2, 19)], "pearson_r", 128
    ).iloc[0]
    assert few["verdict"] == "not available"
    assert np.isnan(few["p_holm"])
    half = fake("half", 0.9, 3)
    half.of_blocks[:, 1] = np.nan
    all_of_it = fake("a", 0.5, 1)
    row = compare.paired_table([all_of_it, half], "pearson_r", 128).iloc[0]
    assert row["targets"] == 1
    assert row["score_a"] == pytest.approx(all_of_it.of_blocks[:, 0].mean())
    ranks = compare.rank_table([all_of_it, half, fake("b", 0.3, 4)], "pearson_r", 128)
    assert ranks["predictor"].tolist() == ["a", "b"]
    coarse = fake("coarse", 0.9, 3, bin_sizes=(2048,))
    assert len(compare.paired_table([all_of_it, coarse], "pearson_r", 128)) == 0


def test_ranks_follow_the_direction_and_overlap_where_predictors_are_alike():
    levels = [fake("low", 0.1, 1), fake("x", 0.5, 2), fake("y", 0.5005, 3), fake("top", 0.9, 4)]
    ranks = compare.rank_table(levels, "pearson_r", 128).set_index("predictor")
    assert ranks.loc["top", ["rank", "rank_low", "rank_high"]].tolist() == [1, 1, 1]
    assert ranks.loc["low", ["rank", "rank_low", "rank_high"]].tolist() == [4, 4, 4]
    assert ranks.loc["x", ["rank_low", "rank_high"]].tolist() == [2, 3]
    assert compare.rank_table(levels, "mse", 128)["predictor"].iloc[0] == "low"


def test_what_must_not_be_compared_is_refused():
    with pytest.raises(InputError, match="2 different values of test_set"):
        compare.paired_table([fake("a", 0.5), fake("b", 0.5, test_set="no")], "mse", 128)
    with pytest.raises(InputError, match="2 different values of targets"):
        compare.rank_table([fake("a", 0.5), fake("b", 0.5, targets=["b", "a"])], "mse", 128)


def grid(seeds):
    return [
        {"run": f"{loss}{seed}", "model": "m", "loss": loss, "seed": seed}
        for loss in ("poisson", "mse")
        for seed in seeds
    ]


def test_an_experiment_is_compared_with_its_reference_by_matched_seeds():
    runs = grid([1, 2, 3])
    levels = {"poisson1": 0.50, "poisson2": 0.52, "poisson3": 0.51}
    levels |= {"mse1": 0.60, "mse2": 0.63, "mse3": 0.60}
    found = {name: fake(name, level, i) for i, (name, level) in enumerate(levels.items())}
    table = compare.compare_experiment(runs, found, {"loss": "poisson"}, "pearson_r", 128)
    row = table.iloc[0]
    assert (len(table), row["a_loss"], row["b_loss"], row["seeds"]) == (1, "mse", "poisson", 3)
    pairs = [found[f"mse{s}"].of_blocks - found[f"poisson{s}"].of_blocks for s in (1, 2, 3)]
    each = np.array([pair.mean() for pair in pairs])
    assert row["difference"] == pytest.approx(each.mean())
    assert row["standard_error_seeds"] == pytest.approx(stats.sem(each))
    drawn = block_weights(60) @ np.mean(pairs, axis=0).mean(axis=1) / 60
    loci = drawn.std(ddof=1) * np.sqrt(60 / 59)
    assert row["standard_error_loci"] == pytest.approx(loci)
    a, b = loci**2, stats.sem(each) ** 2
    degrees = (a + b) ** 2 / (a**2 / 59 + b**2 / 2)
    assert row["p"] == pytest.approx(2 * stats.t.sf(each.mean() / np.sqrt(a + b), degrees))
    assert row["verdict"] == "this choice is better"


def test_one_seed_speaks_of_this_run_and_settings_without_partner_say_so():
    runs = grid([1])
    found = {run["run"]: fake(run["run"], 0.5 + 0.1 * i, i) for i, run in enumerate(runs)}
    row = compare.compare_experiment(runs, found, {"loss": "poisson"}, "mse", 128).iloc[0]
    assert row["verdict"] == "this run is worse"
    assert np.isnan(row["standard_error_seeds"])
    row = compare.compare_experiment(runs, found, {"model": "n"}, "mse", 128)
    assert row["verdict"].tolist() == ["not available"] * 2
    with pytest.raises(InputError, match=r"'lost' is no axis .* name one of model, loss"):
        compare.compare_experiment(runs, found, {"lost": 1}, "mse", 128)
