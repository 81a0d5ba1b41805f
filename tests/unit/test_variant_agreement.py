"""Correlations within elements, against scipy and draws by hand."""

import numpy as np
import pytest
from scipy.stats import pearsonr

from epibench.evaluate.bootstrap import block_weights, interval
from epibench.variants.agreement import agreement, blocks_of


def made_up(seed=1, length=300, noise=1.0):
    """Draw three alternatives at each position of two elements."""
    rng = np.random.default_rng(seed)
    start = np.repeat(np.arange(1_000, 1_000 + length), 3)
    y = rng.normal(size=len(start))
    x = y + noise * rng.normal(size=len(start))
    return (np.concatenate([x, -x + 3 * y]), np.tile(y, 2), np.repeat(["B", "A"], len(start)),
            np.tile(start, 2))  # fmt: skip


def test_r_is_that_of_scipy_and_the_mean_is_over_elements():
    x, y, element, start = made_up()
    found = agreement(x + 1e4, y, element, start).set_index("element")
    assert list(found.index) == ["B", "A", "mean"]
    for name in ("A", "B"):
        here = element == name
        assert found.loc[name, "pearson_r"] == pytest.approx(pearsonr(x[here], y[here])[0])
        assert found.loc[name, "variants"] == 900
    wanted = found.loc[["A", "B"], "pearson_r"].mean()
    assert found.loc["mean", "pearson_r"] == pytest.approx(wanted)
    assert found.loc["mean", ["variants", "elements"]].tolist() == [1800, 2]


def test_intervals_are_those_of_blocks_drawn_by_hand():
    x, y, element, start = made_up(length=250)
    found = agreement(x, y, element, start, replicates=200, seed=4).set_index("element")
    draws = {}
    for name in ("B", "A"):
        here = np.flatnonzero(element == name)
        weights = block_weights(25, 200, [4, 1_000])
        block = (start[here] - 1_000) // 10
        draws[name] = []
        for times in weights:
            rows = np.concatenate(
                [np.tile(here[block == i], count) for i, count in enumerate(times)]
            )
            draws[name].append(pearsonr(x[rows], y[rows])[0])
        low, high, _ = interval("pearson_r", found.loc[name, "pearson_r"], draws[name], 25)
        ends = found.loc[name, ["pearson_r_low", "pearson_r_high"]].tolist()
        assert ends == pytest.approx([low, high])
    mean = np.mean([draws["A"], draws["B"]], axis=0)
    low, high, _ = interval("pearson_r", found.loc["mean", "pearson_r"], mean, 25)
    ends = found.loc["mean", ["pearson_r_low", "pearson_r_high"]].tolist()
    assert ends == pytest.approx([low, high])


def test_intervals_hold_the_truth():
    inside = 0
    for seed in range(60):
        x, y, element, start = made_up(seed)
        row = agreement(x, y, element, start, replicates=200).iloc[0]
        inside += row["pearson_r_low"] < 1 / np.sqrt(2) < row["pearson_r_high"]
    assert 52 <= inside <= 60


def test_a_constant_prediction_scores_0_and_is_counted():
    x, y, element, start = made_up()
    x[element == "A"] = 0.1
    found = agreement(x, y, element, start).set_index("element")
    assert found.loc["A", "pearson_r"] == 0
    assert np.isnan(found.loc["A", "pearson_r_low"])
    assert found.loc["mean", "pearson_r"] == pytest.approx(found.loc["B", "pearson_r"] / 2)
    assert found.loc["mean", "elements"] == 2
    assert found.loc["mean", "pearson_r_high"] < found.loc["B", "pearson_r_low"]
    nothing = agreement(np.zeros_like(x), y, element, start).iloc[-1]
    assert nothing["pearson_r"] == 0


def test_measured_effects_that_do_not_vary_have_no_r():
    x, y, element, start = made_up()
    y[element == "A"] = 0.1
    found = agreement(x, y, element, start).set_index("element")
    assert np.isnan(found.loc["A", "pearson_r"])
    assert found.loc["mean", "pearson_r"] == found.loc["B", "pearson_r"]
    assert found.loc["mean", "elements"] == 1


def test_a_mean_over_an_element_of_few_blocks_has_no_interval():
    x, y, element, start = made_up()
    short = (element == "A") & (start >= 1_030)
    found = agreement(x[~short], y[~short], element[~short], start[~short]).set_index("element")
    assert np.isfinite(found.loc["B", "pearson_r_low"])
    assert np.isfinite(found.loc["mean", "pearson_r"])
    assert np.isnan(found.loc["mean", "pearson_r_low"])


@pytest.mark.parametrize(("length", "block"), [(600, 10), (200, 10), (187, 9), (60, 5)])
def test_blocks_are_shorter_where_that_gives_enough_of_them(length, block):
    start = np.arange(50, 50 + length)
    np.testing.assert_array_equal(blocks_of(start), (start - 50) // block)


def test_few_blocks_have_no_interval():
    start = np.arange(90)
    x = np.random.default_rng(1).normal(size=90)
    found = agreement(x, x**3, np.repeat("A", 90), start)
    assert found["pearson_r"].notna().all()
    assert found["pearson_r_low"].isna().all()
