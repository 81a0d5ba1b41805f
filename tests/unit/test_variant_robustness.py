"""Table and figure of variant effects against robustness."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr, t
from tests import fake_variants
from tests.fake_study import run_rows

from epibench.errors import InputError
from epibench.experiments import variant_robustness
from epibench.experiments.variants import WITH_SHIFT

ELEMENTS = {"F9": 60, "HBB": 80}
AUGMENTATIONS = ("none", "rc", "shift", "as_published", "evoaug")
SETTINGS = ["model", "windows", "loss", "bin_size", "augmentation"]


def runs(augmentations=AUGMENTATIONS, sizes=(32, 128, 512), seeds=(1, 2)) -> list[dict]:
    points = [("poisson", size) for size in sizes]
    return [
        row for name in augmentations for row in run_rows(points, augmentation=name, seeds=seeds)
    ]


@pytest.fixture(scope="module")
def table():
    return variant_robustness.table(fake_variants.tables(runs(), ELEMENTS))


def test_r_and_gain_are_the_planted_ones(table):
    assert len(table) == 2 * len(runs())
    planted = {run["run"]: fake_variants.planted_r(run) for run in runs()}
    for row in table.to_dict("records"):
        r = planted[row["run"]]
        assert row["pearson_r"] == pytest.approx(r[row["score"]])
        assert row["gain"] == pytest.approx(r["robust"] - r["standard"])
        assert row["shift"] == (row["augmentation"] in WITH_SHIFT)


def test_rho_is_over_settings_that_have_a_variation_score(table):
    assert table.loc[table["bin_size"] == 512, "variation_score_common"].isna().all()
    for score in ("robust", "standard"):
        part = table[table["score"] == score]
        points = part.groupby(SETTINGS)[["variation_score_common", "pearson_r"]].mean().dropna()
        assert (part["points"] == len(points)).all()
        assert len(points) == 10
        assert list(part["rho"].unique()) == pytest.approx([spearmanr(points).statistic])


def test_difference_of_gains_is_that_of_settings_with_welchs_interval(table):
    gain = table[table["score"] == "robust"].groupby([*SETTINGS, "shift"])["gain"].mean()
    gain = gain.reset_index("shift")
    groups = [gain.loc[gain["shift"] == shift, "gain"].to_numpy() for shift in (False, True)]
    assert [len(values) for values in groups] == [9, 6]
    squares = [values.var(ddof=1) / len(values) for values in groups]
    freedom = sum(squares) ** 2 / sum(
        s**2 / (len(values) - 1) for s, values in zip(squares, groups, strict=True)
    )
    difference = groups[0].mean() - groups[1].mean()
    half = t.ppf(0.975, freedom) * np.sqrt(sum(squares))
    names = [f"gain_difference{end}" for end in ("", "_low", "_high")]
    expected = [difference, difference - half, difference + half]
    for name, value in zip(names, expected, strict=True):
        assert list(table[name].unique()) == pytest.approx([value])


def test_few_settings_have_no_interval():
    settings = pd.DataFrame({"gain": [0.1, 0.2, 0.1, 0.2, 0.4], "shift": [True] * 3 + [False] * 2})
    assert np.isnan(variant_robustness.without_less_with(settings)).all()
    few = fake_variants.tables(runs(("none",), (128,), (1,)), ELEMENTS)
    chart = variant_robustness.figure(few)
    assert chart.axes[0].get_title(loc="left") == "too few runs for rho, n = 1"
    title = chart.axes[2].get_title(loc="left")
    assert title == "too few settings with or without shift to compare"


def test_points_are_means_over_seeds_and_scoreless_ones_are_counted(table):
    chart = variant_robustness.draw(table)
    for axes, score in zip(chart.axes, ("robust", "standard"), strict=False):
        part = table[table["score"] == score].groupby(SETTINGS)
        points = part[["variation_score_common", "pearson_r"]].mean().dropna()
        drawn = sorted((line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines)
        expected = sorted(map(tuple, points.to_numpy()))
        assert np.array(drawn) == pytest.approx(np.array(expected))
        assert axes.texts[0].get_text() == "Off scale or without a score, see table: 5."
    assert chart.axes[0].get_ylim() == chart.axes[1].get_ylim()


def test_augmentations_with_shift_stand_right_of_the_line(table):
    axes = variant_robustness.draw(table).axes[2]
    names = [label.get_text().split("\n") for label in axes.get_xticklabels()]
    assert [name for name, _ in names] == ["none", "rc", "evoaug", "shift", "as_published"]
    assert [word for _, word in names] == ["without shift"] * 3 + ["with shift"] * 2
    ends = [list(line.get_xdata()) for line in axes.lines]
    assert [2.5, 2.5] in ends


def test_variation_scores_of_two_test_sets_are_refused():
    tables = fake_variants.tables(runs(("none",)), ELEMENTS)
    tables["variation"].loc[0, "test_set"] = "other"
    with pytest.raises(InputError, match="variant_robustness: metrics of 2 different test sets"):
        variant_robustness.table(tables)
