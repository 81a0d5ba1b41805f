"""Table and figure of accuracy against robustness."""

import numpy as np
import pytest
from scipy.stats import spearmanr
from tests import fake_tables
from tests.fake_study import run_rows

from epibench.errors import InputError
from epibench.experiments import robustness
from epibench.style import SHAPES

AUGMENTATIONS = ("none", "rc", "shift", "rc+shift")


def runs(sizes=(1, 128, 512), seeds=(1, 2), models=("a", "b")) -> list[dict]:
    points = [("poisson", size) for size in sizes]
    return [
        row
        for model in models
        for name in AUGMENTATIONS
        for row in run_rows(points, model=model, augmentation=name, seeds=seeds)
    ]


@pytest.fixture
def tables():
    return fake_tables.robustness(runs())


def pair(table, robust="variation_score_common", accurate="pearson_r"):
    return table[(table["robustness"] == robust) & (table["accuracy"] == accurate)]


def test_rho_is_over_settings_at_the_bin_size_of_the_common_grid(tables):
    table = robustness.table(tables)
    assert len(table) == 4 * len(runs())
    assert (table["evaluated_bin_size"] == 256).all()
    for _, part in table.groupby(["robustness", "accuracy"]):
        scored = part.dropna(subset=["robustness_score"])
        means = scored.groupby(["model", "bin_size", "augmentation"])[
            ["robustness_score", "accuracy_score"]
        ].mean()
        assert (part["points"] == 16).all()  # 2 models x 2 bin sizes x 4 augmentations
        expected = spearmanr(means).statistic
        assert part["rho"].unique() == pytest.approx([expected])
        assert (part["rho_low"] < expected).all()
        assert (part["rho_high"] > expected).all()


def test_runs_whose_bins_do_not_fit_the_grid_stay_in_the_table_without_a_score(tables):
    part = pair(robustness.table(tables))
    coarse = part[part["bin_size"] == 512]
    assert len(coarse) == 16
    assert coarse["robustness_score"].isna().all()
    axes = robustness.draw(robustness.table(tables)).axes[0]
    notes = [text.get_text() for text in axes.texts]
    assert notes == ["Points off scale or without a score, see table: 8."]


def test_accuracy_falls_back_to_the_coarsest_bin_size_that_all_runs_have(tables):
    metrics = tables["metrics"]
    tables["metrics"] = metrics[metrics["evaluated_bin_size"] != 256]
    assert pair(robustness.table(tables))["evaluated_bin_size"].unique() == [128]
    own = metrics["evaluated_bin_size"] == metrics["bin_size"]
    tables["metrics"] = metrics[own]
    with pytest.raises(InputError, match=r"share no bin size up to 256 .* add 256 to evaluation"):
        robustness.table(tables)


def test_a_grid_of_coarse_runs_only_is_refused():
    with pytest.raises(InputError, match="no run has a variation score on the common grid of 256"):
        robustness.table(fake_tables.robustness(runs(sizes=(512,))))


@pytest.mark.parametrize("rho", [0.0, 0.6])
def test_the_interval_covers_the_true_rho_in_95_of_100_draws(rho):
    rng = np.random.default_rng(1)
    r = 2 * np.sin(np.pi * rho / 6)  # of a normal pair with this Spearman's rho
    inside = 0
    for _ in range(1000):
        x = rng.standard_normal(20)
        y = r * x + np.sqrt(1 - r**2) * rng.standard_normal(20)
        found, low, high = robustness.spearman(x, y)
        assert found == pytest.approx(spearmanr(x, y).statistic)
        inside += low <= rho <= high
    assert 925 <= inside <= 975


def test_rho_is_not_given_for_few_points_or_a_constant():
    x = np.arange(7.0)
    assert np.isnan(robustness.spearman(x, x)).all()
    assert np.isnan(robustness.spearman(np.arange(9.0), np.ones(9))).all()
    assert robustness.spearman(np.arange(8.0), np.arange(8.0))[0] == pytest.approx(1)
    few = robustness.figure(fake_tables.robustness(runs(sizes=(128,), models=("a",))))
    assert few.axes[0].get_title(loc="left") == "too few runs for rho, n = 4"


def test_a_panel_a_pair_with_a_point_a_setting(tables):
    table = robustness.table(tables)
    chart = robustness.draw(table)
    assert len(chart.axes) == 4
    row = pair(table).iloc[0]
    minus = "\N{MINUS SIGN}"
    expected = f"rho {row.rho:.2f} ({row.rho_low:.2f} to {row.rho_high:.2f}), n = 16"
    assert chart.axes[0].get_title(loc="left") == expected.replace("-", minus)
    means = pair(table).groupby(["model", "bin_size", "augmentation"])["accuracy_score"].mean()
    drawn = sorted(line.get_ydata()[0] for line in chart.axes[0].lines)
    assert drawn == pytest.approx(sorted(means.drop(512, level="bin_size")))


def test_more_models_than_markers_are_not_told_apart():
    models = [f"m{i}" for i in range(len(SHAPES) + 1)]
    tables = fake_tables.robustness(runs(sizes=(128,), seeds=(1,), models=models))
    chart = robustness.figure(tables)
    assert {line.get_marker() for line in chart.axes[0].lines} == {"o"}
    names = [text.get_text() for text in chart.legends[0].get_texts()]
    assert names == list(AUGMENTATIONS)


@pytest.mark.parametrize("file", ["variation", "metrics"])
def test_rows_of_different_test_sets_are_refused(tables, file):
    tables[file].loc[0, "test_set"] = "other"
    with pytest.raises(InputError, match="robustness: metrics of 2 different test sets"):
        robustness.table(tables)
