"""Table and figure of binary beside quantitative models."""

import numpy as np
import pandas as pd
import pytest
from tests import fake_tables
from tests.fake_study import TARGETS, run_rows

from epibench.errors import InputError
from epibench.experiments import binary_vs_quantitative as analysis
from epibench.experiments.run import run_experiment

BINARY = run_rows([("binary_crossentropy", 2048)], model="basset_exp", windows="peaks")
RUNS = [*BINARY, *run_rows([("poisson", 128)], seeds=(1, 2))]


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    return fake_tables.classification(RUNS)


def test_the_table_has_a_row_a_run_and_test_set(tables):
    table = analysis.table(tables)
    assert len(table) == 2 * len(RUNS)
    assert list(table["output"]) == ["binary", "quantitative", "quantitative"] * 2
    rows = tables["classification"].set_index(["run", "inputs", "target"])
    for row in table.itertuples():
        mean = rows.loc[row.run, row.inputs, "mean"]
        for score in analysis.SCORES:
            for end in ("", "_low", "_high"):
                assert getattr(row, score + end) == mean[score + end]
        assert row.test_set == f"{row.inputs}1c07"
        assert row.targets == len(TARGETS)


def test_chance_is_the_share_of_positives(tables):
    chance = analysis.table(tables).groupby("inputs")["chance"].unique()
    assert chance["tiled"] == pytest.approx([114 / (114 + 1786)])
    assert chance["peaks"] == pytest.approx([570 / (570 + 1330)])


def test_only_quantitative_runs_have_the_r_of_a_profile_at_their_own_bin_size(tables):
    table = analysis.table(tables)
    assert table.loc[table["output"] == "binary", "profile_r"].isna().all()
    metrics = tables["metrics"]
    own = metrics[(metrics["target"] == "mean") & (metrics["evaluated_bin_size"] == 128)]
    own = own[own["scaling"] == "raw"].set_index("run")["pearson_r"]
    for row in table[table["output"] == "quantitative"].itertuples():
        assert row.profile_r == own[row.run]


def test_all_runs_are_averaged_over_the_targets_that_have_peaks(tables):
    # A quantitative run has an r for a target without peaks, which would raise its mean.
    rows = tables["classification"]
    without = rows["target"] == TARGETS[-1]
    rows.loc[without, ["positives", "negatives"]] = 0
    rows.loc[without, ["auroc", "average_precision", "aupr"]] = np.nan
    table = analysis.table(tables)
    assert (table["targets"] == len(TARGETS) - 1).all()
    for row in table.itertuples():
        mine = rows[(rows["run"] == row.run) & (rows["inputs"] == row.inputs)]
        known = mine[mine["target"].isin(TARGETS[:-1])]
        assert row.pearson_r == pytest.approx(sum(known["pearson_r"]) / 3)
        assert row.positives == known["positives"].sum()
    assert table[["pearson_r_low", "auroc_high"]].isna().all(axis=None)
    analysis.draw(table)


def test_without_peaks_of_any_target_there_is_no_table(tables):
    tables["classification"]["auroc"] = np.nan
    with pytest.raises(InputError, match="no target has test inputs with and without a peak"):
        analysis.table(tables)


def test_the_figure_shows_chance_and_numbers_every_setting(tables):
    table = analysis.table(tables)
    chart = analysis.draw(table)
    for axes, chance in zip(chart.axes, (0.5, 0.06, 0.5, 0.3), strict=True):
        low, high = axes.get_ylim()
        assert low < chance < high
        assert axes.get_lines()[0].get_ydata()[0] == pytest.approx(chance)
        assert sorted(text.get_text() for text in axes.texts) == ["1", "2"]
    names = [text.get_text() for text in chart.legends[0].get_texts()]
    assert names == ["1 basset_exp", "2 basenji_small"]


def test_a_run_without_r_is_named_under_the_panel(tables):
    rows = tables["classification"]
    rows.loc[rows["run"] == BINARY[0]["run"], "pearson_r"] = np.nan
    chart = analysis.figure(tables)
    assert all("Undefined, see table: 1." in [t.get_text() for t in a.texts] for a in chart.axes)


def test_the_files_are_written(tables, tmp_path):
    run_experiment("binary_vs_quantitative", tables, tmp_path)
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == ["figure.pdf", "figure.png", "figure.svg", "table.tsv"]
