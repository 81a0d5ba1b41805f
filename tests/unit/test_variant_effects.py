"""Table and figure of predicted against measured effects of variants."""

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from tests import fake_variants
from tests.fake_study import run_rows

from epibench.errors import InputError
from epibench.experiments import variant_effects
from epibench.experiments.variants import WITH_SHIFT

ELEMENTS = {"F9": 110, "HBB": 100, "TERT-GBM": 130}
AUGMENTATIONS = ("none", "rc", "shift", "rc+shift", "as_published")
SETTINGS = ["model", "windows", "loss", "bin_size", "augmentation"]


def runs(augmentations=AUGMENTATIONS, sizes=(32, 128), seeds=(1, 2)) -> list[dict]:
    points = [("poisson", size) for size in sizes]
    return [
        row for name in augmentations for row in run_rows(points, augmentation=name, seeds=seeds)
    ]


BINARY = run_rows([("binary_crossentropy", 2048)], model="basset", seeds=(1, 2))


@pytest.fixture(scope="module")
def tables():
    return fake_variants.tables([*runs(), *BINARY], ELEMENTS)


@pytest.fixture(scope="module")
def table(tables):
    return variant_effects.table(tables)


def means(table, score="robust", kind="run"):
    return table[(table["element"] == "mean") & (table["score"] == score) & (table["kind"] == kind)]


def test_r_of_each_element_is_the_planted_one(table):
    of_runs = table[(table["kind"] == "run") & (table["element"] != "mean")]
    for run in [*runs(), *BINARY]:
        planted = fake_variants.planted_r(run)
        part = of_runs[of_runs["run"] == run["run"]]
        for score, r in planted.items():
            found = part.loc[part["score"] == score, "pearson_r"]
            undefined = run["model"] == "basset" and score in ("shape", "peak")
            assert list(found) == ([] if undefined else pytest.approx([r] * 3))
        probability = part[part["score"] == "probability"]
        assert len(probability) == (3 if run["model"] == "basset" else 0)
    assert (of_runs["pearson_r_low"] < of_runs["pearson_r"]).all()
    assert (of_runs["pearson_r_high"] > of_runs["pearson_r"]).all()


def test_mean_is_over_elements_and_says_how_many_and_of_which_split(table, tables):
    for score, first in (("robust", 0), ("matched_robust", 1)):
        part = means(table, score)
        assert (part["elements"] == 3 - first).all()
        of_elements = table[(table["score"] == score) & (table["element"] != "mean")]
        of_elements = of_elements[of_elements["kind"] == "run"]
        expected = of_elements.groupby("run")["pearson_r"].mean()
        assert list(part["pearson_r"]) == pytest.approx(list(expected[part["run"]]))
        assert (part["split"] == ", ".join(fake_variants.SPLITS[first:3])).all()
    rows = tables["variants"].groupby(["run", "element"]).size()
    elements = table[(table["kind"] == "run") & (table["element"] == "HBB")]
    assert (elements["variants"] == rows[elements["run"].iloc[0], "HBB"]).all()
    assert (elements["split"] == "valid").all()


def test_the_size_of_the_effect_is_what_shape_is_compared_with(tables, table):
    rows, found = (
        part[(part["run"] == runs()[0]["run"]) & (part["element"] == "F9")]
        for part in (tables["variants"], table[table["score"] == "shape"])
    )
    expected = pearsonr(rows["shape"], rows["effect"].abs()).statistic
    assert found["pearson_r"].item() == pytest.approx(expected)


def test_whole_r_is_at_the_finest_bin_size_that_all_runs_of_coverage_share(table, tables):
    metrics = tables["metrics"].query("target == 'mean' and scaling == 'raw'")
    metrics = metrics[metrics["evaluated_bin_size"] == 128].set_index("run")
    part = means(table).set_index("run")
    binary = part["loss"] == "binary_crossentropy"
    assert part.loc[binary, "whole_r"].isna().all()
    coverage = part[~binary]
    assert (coverage["evaluated_bin_size"] == 128).all()
    assert list(coverage["whole_r"]) == list(metrics.loc[coverage.index, "pearson_r"])
    assert table.loc[table["element"] != "mean", "whole_r"].isna().all()


@pytest.mark.parametrize("score", ["robust", "standard"])
def test_rho_is_over_settings_with_seeds_averaged(table, score):
    part = means(table, score)
    points = part.dropna(subset="whole_r").groupby(SETTINGS)[["whole_r", "pearson_r"]].mean()
    assert len(points) == 10
    assert (part["points"] == 10).all()
    expected = spearmanr(points).statistic
    assert list(part["rho"].unique()) == pytest.approx([expected])
    assert (part["rho_low"] < expected).all()
    assert (part["rho_high"] > expected).all()


def test_an_ensemble_averages_the_scores_of_the_seeds(table, tables):
    found = table[table["kind"] == "ensemble"]
    assert found["run"].nunique() == 11
    assert found["seed"].isna().all()
    assert (found["seeds"] == 2).all()
    assert found["whole_r"].isna().all()
    chosen = "basenji_small/threshold2/poisson/bin32/rc+shift/ensemble"
    chosen = found[(found["run"] == chosen) & (found["score"] == "robust")].set_index("element")
    rows = tables["variants"].query("bin_size == 32 and augmentation == 'rc+shift'")
    spreads = []
    for element in ELEMENTS:
        one, two = (part[part["element"] == element] for _, part in rows.groupby("seed"))
        mean = (one["robust"].to_numpy() + two["robust"].to_numpy()) / 2
        expected = pearsonr(mean, one["effect"]).statistic
        assert chosen.loc[element, "pearson_r"] == pytest.approx(expected)
        assert expected > max(fake_variants.planted_r(run)["robust"] for run in run_pair())
        apart = np.abs(one["robust"].to_numpy() - two["robust"].to_numpy()) / np.sqrt(2)
        spreads.append(apart.mean())
        assert chosen.loc[element, "spread"] == pytest.approx(spreads[-1])
    assert chosen.loc["mean", "spread"] == pytest.approx(np.mean(spreads))


def run_pair() -> list[dict]:
    return run_rows([("poisson", 32)], augmentation="rc+shift", seeds=(1, 2))


def test_without_seeds_there_is_no_ensemble():
    few = fake_variants.tables(runs(("none",), seeds=(1,)), ELEMENTS)
    found = variant_effects.table(few)
    assert set(found["kind"]) == {"run"}
    assert found["spread"].isna().all()


def test_runs_scored_on_other_variants_are_refused(tables):
    rows = tables["variants"]
    swapped = rows.copy()
    swapped.loc[len(rows) - 1, "alt"] = "other"
    fewer = rows.iloc[:-1]
    for wrong in (swapped, fewer):
        with pytest.raises(InputError, match=r"runs .*seed1 and .*seed2 were scored on different"):
            variant_effects.table(tables | {"variants": wrong})


def test_tables_without_rows_or_columns_are_refused(tables):
    with pytest.raises(InputError, match="lack the columns peak"):
        variant_effects.table(tables | {"variants": tables["variants"].drop(columns="peak")})
    with pytest.raises(InputError, match="no variant scores were given"):
        variant_effects.table(tables | {"variants": tables["variants"].iloc[:0]})
    own = tables["metrics"]["evaluated_bin_size"] == tables["metrics"]["bin_size"]
    with pytest.raises(InputError, match="share no bin size"):
        variant_effects.table(tables | {"metrics": tables["metrics"][own]})


def test_scatter_has_a_point_a_setting_and_counts_binary_ones(table):
    chart = variant_effects.draw(table)
    axes = chart.axes[0]
    points = means(table).groupby(SETTINGS)[["whole_r", "pearson_r"]].mean().dropna()
    drawn = sorted((line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines)
    assert np.array(drawn) == pytest.approx(np.array(sorted(map(tuple, points.to_numpy()))))
    assert axes.get_title(loc="left").endswith("n = 10")
    note = axes.texts[0].get_text().replace("\n", " ")
    assert "Binary settings, which predict no profile: 1" in note
    assert "Elements: 3, on training chromosomes: 1." in note


def test_bars_are_ordered_by_what_robust_scores_gain(table):
    chart = variant_effects.draw(table)
    r = means(table).groupby(SETTINGS)["pearson_r"].mean()
    gain = r - means(table, "standard").groupby(SETTINGS)["pearson_r"].mean()
    widths = [bar.get_width() for bar in chart.axes[2].patches]
    assert widths == pytest.approx(sorted(gain, reverse=True))
    better = (gain > 0).sum()
    assert chart.axes[2].get_title(loc="left").endswith(f"in {better} of 11 settings")


def test_distributions_need_two_settings_with_shift_and_two_without():
    for augmentations, sizes, panels in (
        (("none", "rc+shift"), (128,), 2),
        (("none", "rc", "rc+shift"), (128,), 2),
        (("none", "rc+shift"), (32, 128), 3),
        (("shift", "rc+shift"), (32, 128), 2),
    ):
        few = runs(augmentations, sizes, seeds=(1,))
        chart = variant_effects.figure(fake_variants.tables(few, ELEMENTS))
        assert len(chart.axes) == panels
    few = fake_variants.tables(runs(("none", "as_published"), seeds=(1,)), ELEMENTS)
    labels = [text.get_text() for text in variant_effects.figure(few).axes[1].legend_.get_texts()]
    assert labels == ["without shift, n = 2", "with shift, n = 2"]


def test_many_settings_stand_in_two_columns():
    many = runs(("none", "rc", "shift"), (1, 2, 4, 8, 16, 32, 64, 128, 256), seeds=(1,))
    chart = variant_effects.figure(fake_variants.tables(many, {"F9": 60, "HBB": 60}))
    left, right = chart.axes[2:]
    assert [len(left.patches), len(right.patches)] == [14, 13]
    assert left.patches[-1].get_width() >= right.patches[0].get_width()


def test_with_binary_runs_only_there_is_no_point():
    binary = [*BINARY, *run_rows([("binary_crossentropy", 2048)], model="cnn", seeds=(1,))]
    tables = fake_variants.tables([*runs(("none",), (128,)), *binary], ELEMENTS)
    only = {name: rows[rows["loss"] == "binary_crossentropy"] for name, rows in tables.items()}
    found = variant_effects.table(only)
    assert (means(found)["points"] == 0).all()
    assert not variant_effects.draw(found).axes[0].lines


def test_shift_augmentations_are_those_that_move_the_input():
    assert set(WITH_SHIFT) == {"shift", "rc+shift", "rc+shift+evoaug", "as_published"}
