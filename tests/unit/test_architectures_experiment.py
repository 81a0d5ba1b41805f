"""Table and figure of architectures."""

from urllib.parse import quote

import numpy as np
import pytest
from tests import fake_tables
from tests.fake_study import run_rows

from epibench.errors import InputError
from epibench.experiments import architectures
from epibench.experiments.run import run_experiment

RUNS = [
    *run_rows([("poisson", 1), ("poisson", 32)], model="cnn_relu", seeds=(1, 2)),
    *run_rows([("poisson", 32)], model="residualbind_exp_heads"),
]


def test_the_table_has_shared_bin_sizes_and_each_runs_own():
    rows = fake_tables.scores(RUNS)
    table = architectures.table(rows)
    sizes = table.groupby("run")["evaluated_bin_size"].agg(set)
    for run in RUNS:
        assert sizes[run["run"]] == {32, 128, 2048} | {run["bin_size"]}
    assert set(table["scaling"]) == {"raw", "scaled_valid", "scaled"}
    keys = ["run", "evaluated_bin_size", "scaling"]
    means = rows[rows["target"] == "mean"].set_index(keys)
    for row in table.set_index(keys).itertuples():
        expected = means.loc[row.Index]
        assert row.mse == expected["mse"]
        assert (row.pearson_r_low, row.pearson_r_high) == tuple(
            expected[["pearson_r_low", "pearson_r_high"]]
        )


def test_runs_stand_in_one_group_for_each_trained_bin_size():
    chart = architectures.figure(fake_tables.scores(RUNS))
    titles = [axes.get_title(loc="left") for axes in chart.axes[::3]]
    assert titles == ["Evaluated at 1 bp", "Evaluated at 32 bp"]
    names = [[label.get_text() for label in axes.get_yticklabels()] for axes in chart.axes[::3]]
    assert names == [["cnn_relu"], ["cnn_relu", "cnn_relu", "residualbind_exp_heads"]]


def test_points_are_means_over_seeds_and_dashes_are_seeds():
    rows = fake_tables.scores(RUNS)
    chart = architectures.figure(rows)
    table = architectures.table(rows)
    own = table[(table["evaluated_bin_size"] == 1) & (table["scaling"] == "raw")]
    point, *dashes = chart.axes[0].get_lines()
    assert point.get_xdata() == pytest.approx(own["pearson_r"].mean())
    assert [line.get_xdata()[0] for line in dashes] == pytest.approx(own["pearson_r"].tolist())
    assert point.get_url() is None
    for line, run in zip(dashes, own["run"], strict=True):
        assert line.get_url() == f"../../report/runs/{quote(run)}.html"


def test_an_error_beyond_the_scale_is_counted_and_not_drawn():
    rows = fake_tables.scores(RUNS)
    rows.loc[rows["run"] == RUNS[-1]["run"], "mse"] *= 50
    rows.loc[rows["run"] == RUNS[-1]["run"], "pearson_r"] = np.nan
    chart = architectures.figure(rows)
    notes = ["".join(text.get_text() for text in axes.texts) for axes in chart.axes[3:]]
    assert notes == ["Off scale or undefined, see table: 1.", "", notes[0]]
    assert chart.axes[5].get_xlim()[1] < 5


def test_different_test_sets_are_refused():
    rows = fake_tables.scores(RUNS)
    rows.loc[0, "test_set"] = "other"
    with pytest.raises(InputError, match="architectures: metrics of 2 different test sets"):
        architectures.table(rows)


def test_the_files_are_written(tmp_path):
    run_experiment("architectures", fake_tables.scores(RUNS), tmp_path)
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == ["figure.pdf", "figure.png", "figure.svg", "table.tsv"]
