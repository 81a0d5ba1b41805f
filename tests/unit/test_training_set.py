"""Table and figure of the training sets."""

from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from tests.fake_study import BIN_SIZES, metrics, run_rows

from epibench.errors import InputError
from epibench.experiments import training_set
from epibench.experiments.metrics import panels
from epibench.style import CONTRAST

SETS = ["peaks", "threshold8", "threshold0.5", "threshold16", "threshold2"]
IN_ORDER = ["threshold0.5", "threshold2", "threshold8", "threshold16", "peaks"]


def scores(sizes=(32, 128), sets=SETS, seeds=(1,), bin_sizes=BIN_SIZES) -> pd.DataFrame:
    runs = [
        row
        for windows in sets
        for row in run_rows([("poisson", size) for size in sizes], windows=windows, seeds=seeds)
    ]
    return metrics(runs, bin_sizes)


def test_the_table_has_each_run_at_its_own_and_at_the_common_bin_size():
    rows = scores()
    table = training_set.table(rows)
    assert len(table) == 2 * rows["run"].nunique()
    assert list(dict.fromkeys(table["windows"])) == IN_ORDER
    for run in table.itertuples():
        assert run.evaluated_bin_size in (run.bin_size, 2048)
        (expected,) = rows.query(
            "run == @run.run and target == 'mean' and scaling == 'raw' "
            "and evaluated_bin_size == @run.evaluated_bin_size"
        )["pearson_r"]
        assert run.pearson_r == expected


def test_the_common_bin_size_is_the_coarsest_that_every_run_has():
    rows = scores(sizes=(32, 128), bin_sizes=[32, 128, 512])
    only_128 = (rows["bin_size"] == 128) & (rows["evaluated_bin_size"] == 512)
    assert training_set.common_bin_size(rows) == 512
    assert training_set.common_bin_size(rows[~only_128]) == 128
    apart = rows[rows["evaluated_bin_size"] == rows["bin_size"]]
    assert training_set.common_bin_size(apart) is None
    assert len(training_set.table(apart)) == apart["run"].nunique()
    assert len(training_set.figure(apart).axes) == 1


def test_a_run_whose_own_bin_size_is_the_common_one_stands_once():
    table = training_set.table(scores(sizes=(2048,)))
    assert len(table) == len(SETS)
    assert len(training_set.draw(table).axes) == 1


def test_r_on_the_log_scale_is_that_of_scaled_predictions():
    rows = scores()
    rows["pearson_r_log1p"] = np.where(rows["scaling"] == "scaled", 0.5, 0.1)
    assert (training_set.table(rows)["pearson_r_log1p"] == 0.5).all()


def test_the_lines_are_means_over_seeds_at_bin_sizes_as_categories():
    rows = scores(sizes=BIN_SIZES, sets=["threshold2", "peaks"], seeds=(1, 2, 3))
    table = training_set.table(rows)
    own, common = training_set.draw(table).axes
    for axes, chosen in (
        (own, table["evaluated_bin_size"] == table["bin_size"]),
        (common, table["evaluated_bin_size"] == 2048),
    ):
        assert [label.get_text() for label in axes.get_xticklabels()] == list(map(str, BIN_SIZES))
        lines = [line for line in axes.lines if line.get_linestyle() == "-"]
        for line, windows in zip(lines, ("threshold2", "peaks"), strict=True):
            means = table[chosen & (table["windows"] == windows)].groupby("bin_size")["pearson_r"]
            np.testing.assert_array_equal(line.get_xdata(), range(8))
            np.testing.assert_allclose(line.get_ydata(), means.mean())
        points = [line for line in axes.lines if line.get_linestyle() == "None"]
        urls = [f"../../report/runs/{quote(run)}.html" for run in table[chosen]["run"]]
        assert sorted(line.get_url() for line in points) == sorted(urls)


def test_thresholds_go_from_light_to_dark_and_peaks_stand_out():
    styles = training_set.styles_of(IN_ORDER)
    brightness = [sum(styles[name]["color"][:3]) for name in IN_ORDER[:-1]]
    assert brightness == sorted(brightness, reverse=True)
    assert len(set(brightness)) == 4
    assert styles["peaks"]["color"] == CONTRAST
    assert styles["peaks"]["marker"] not in {styles[name]["marker"] for name in IN_ORDER[:-1]}


def test_a_row_of_panels_per_model_and_loss_and_an_undefined_r_is_named():
    runs = run_rows([("poisson", 32), ("mse", 32)]) + run_rows([("mse", 32)], model="bpnet")
    rows = metrics(runs)
    rows.loc[(rows["model"] == "bpnet"), "pearson_r"] = np.nan
    chart = training_set.figure(rows)
    titles = [axes.get_title(loc="left") for axes in chart.axes]
    assert sorted(title.partition(":")[0] for title in titles[::2]) == [
        "basenji_small, MSE",
        "basenji_small, Poisson",
        "bpnet, MSE",
    ]
    notes = {axes.get_title(loc="left"): [n.get_text() for n in axes.texts] for axes in chart.axes}
    assert notes["bpnet, MSE: all at 2048 bp"] == ["Undefined, see table: threshold2 at 32 bp"]
    assert notes["basenji_small, MSE: all at 2048 bp"] == []


def test_an_r_that_hardly_differs_does_not_fill_the_panel():
    rows = scores(sizes=(128,), sets=["threshold2", "peaks"])
    rows["pearson_r"] = np.where(rows["windows"] == "peaks", 0.6001, 0.6)
    low, high = training_set.figure(rows).axes[0].get_ylim()
    assert high - low == pytest.approx(0.05)
    assert low < 0.6 < high


def test_panels_name_only_the_axes_that_differ():
    table = pd.DataFrame(run_rows([("poisson", 32), ("mse", 128)]))
    assert [name for name, _ in panels(table)] == ["basenji_small, threshold2"]
    assert [name for name, _ in panels(table, ["bin_size"], ["loss", "augmentation"])] == [
        "32 bp, Poisson",
        "128 bp, MSE",
    ]


def test_runs_of_different_test_sets_are_refused():
    rows = scores()
    rows.loc[rows["windows"] == "peaks", "test_set"] = "other"
    with pytest.raises(InputError, match="training_set: metrics of 2 different test sets"):
        training_set.table(rows)
