"""Table and figure of the test sets by coverage threshold."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from tests import fake_tables
from tests.fake_study import run_rows

from epibench.errors import InputError
from epibench.experiments import test_set


def rows(sizes=(1, 128, 512), seeds=(1,), **axes):
    return fake_tables.thresholds(run_rows([("poisson", s) for s in sizes], seeds=seeds, **axes))


def lines(axes) -> dict[str, list]:
    """Give the joined lines of a panel by colour."""
    joined = [line for line in axes.lines if line.get_linestyle() in ("-", "--")]
    return {to_hex(line.get_color()): line for line in joined}


def points(axes, size: float) -> int:
    """Count the points of a panel whose markers have a size."""
    chosen = [line for line in axes.lines if line.get_linestyle() == "None"]
    return sum(len(line.get_xdata()) for line in chosen if line.get_markersize() == size)


def test_the_table_counts_inputs_once_and_flags_what_is_doubtful():
    table = test_set.table(rows(sizes=(128, 512, 2048)))
    assert len(table) == 3 * 25
    first = table[table["bin_size"] == 128]
    assert first["inputs"].tolist() == [int(1900 * 0.8**t) for t in range(25)]
    assert table.groupby("bin_size")["few_bins"].first().to_dict() == {
        128: False,
        512: True,
        2048: True,
    }
    np.testing.assert_array_equal(table["few_inputs"], table["inputs"] < 20)
    assert table["few_inputs"].any()
    assert table.loc[table["bin_size"] == 2048, "pearson_r_per_sequence"].isna().all()


def test_a_line_a_bin_size_goes_through_the_means_over_seeds():
    table = test_set.table(rows(seeds=(1, 2, 3)))
    (axes,) = test_set.draw(table).axes
    means = table.groupby(["bin_size", "threshold"])["pearson_r_per_sequence"].mean()
    drawn = list(lines(axes).values())[:3]
    for line, size in zip(drawn, (1, 128, 512), strict=True):
        np.testing.assert_allclose(line.get_ydata(), means[size])
        np.testing.assert_allclose(line.get_xdata(), np.arange(25), atol=0.2)
    assert [line.get_linestyle() for line in drawn] == ["-", "-", "--"]  # 4 bins of 512 bp


def test_points_of_few_inputs_are_small_and_the_training_threshold_is_marked():
    table = test_set.table(rows(sizes=(128,)))
    (axes,) = test_set.draw(table).axes
    few = int(table["few_inputs"].sum())
    assert 0 < few < 25
    assert points(axes, 1.8) == few
    assert points(axes, 3.6) == 25 - few
    (mark,) = [line for line in axes.lines if line.get_linestyle() == ":"]
    assert set(mark.get_xdata()) == {2.0}
    intervals = axes.collections[0].get_segments()
    np.testing.assert_allclose(
        [segment[:, 1] for segment in intervals],
        table[["pearson_r_per_sequence_low", "pearson_r_per_sequence_high"]],
    )


def test_panels_share_an_axis_that_holds_all_of_them():
    low, high = rows(sizes=(128,), windows="peaks"), rows(sizes=(128,), windows="threshold2")
    scores = [name for name in high if name.startswith("pearson_r")]
    high[scores] += 0.3
    for axes in test_set.figure(pd.concat([low, high])).axes:
        bottom, top = axes.get_ylim()
        assert bottom < low[scores].min(axis=None)
        assert top > high[scores].max(axis=None)
        assert axes.get_xlim() == (-0.8, 24.8)


def test_runs_trained_on_peaks_have_no_threshold_and_one_bin_no_line():
    (axes,) = test_set.figure(rows(sizes=(128, 2048), windows="peaks")).axes
    assert not [line for line in axes.lines if line.get_linestyle() == ":"]
    assert len(lines(axes)) == 1
    assert any("Undefined at one or more thresholds: 2048 bp" in t.get_text() for t in axes.texts)


def test_rows_that_do_not_fit_together_are_refused():
    made = rows()
    with pytest.raises(InputError, match="test_set: the metrics lack the columns inputs"):
        test_set.table(made.drop(columns="inputs"))
    made.loc[0, "test_set"] = "other"
    with pytest.raises(InputError, match="2 different test sets"):
        test_set.table(made)
