"""Table and figure of filters and known motifs."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr
from tests import fake_filters, fake_tables
from tests.fake_study import run_rows

from epibench.errors import InputError
from epibench.experiments import motifs

ACTIVATIONS = {
    "cnn_exp": "exponential",
    "cnn_relu": "relu",
    "residualbind_exp": "exponential",
    "basenji": "gelu_sigmoid",
    "cnn_binary": "relu",
}
COVERAGE = [
    row
    for model in list(ACTIVATIONS)[:4]
    for row in run_rows([("poisson", 32), ("poisson", 128)], model=model, seeds=(1, 2))
]
BINARY = run_rows([("binary_crossentropy", 2048)], model="cnn_binary", seeds=(1, 2))
SETTINGS = ["model", "windows", "loss", "bin_size", "augmentation"]


@pytest.fixture(scope="module")
def tables():
    whole = fake_tables.robustness(BINARY, sizes=[2048])["metrics"]
    return {
        "filters": fake_filters.filter_rows([*COVERAGE, *BINARY], ACTIVATIONS),
        "metrics": pd.concat(
            [fake_tables.robustness(COVERAGE)["metrics"], whole], ignore_index=True
        ),
    }


@pytest.fixture(scope="module")
def table(tables):
    return motifs.table(tables)


def test_counts_of_a_run_are_over_all_its_filters(tables, table):
    assert list(table["run"]) == [run["run"] for run in [*COVERAGE, *BINARY]]
    for row in table.to_dict("records"):
        rows = tables["filters"][tables["filters"]["run"] == row["run"]].to_dict("records")
        matched = [each for each in rows if each["matches"] > 0]
        assert row["filters"] == len(rows) == 64
        assert row["with_sites"] == sum(each["sites"] > 0 for each in rows) == 62
        assert row["matched"] == len(matched)
        assert row["hit_ratio"] == pytest.approx(len(matched) / 64)
        shuffled = sum(each["shuffled_matches"] > 0 for each in rows)
        assert row["shuffled_hit_ratio"] == pytest.approx(shuffled / 64)
        assert row["mean_best_q"] == pytest.approx(np.mean([each["best_q"] for each in matched]))
        assert row["activation"] == ACTIVATIONS[row["model"]]


def test_r_is_of_coverage_runs_and_rho_over_settings(tables, table):
    binary = table["loss"] == "binary_crossentropy"
    assert table.loc[binary, "whole_r"].isna().all()
    metrics = tables["metrics"].query("target == 'mean' and scaling == 'raw'")
    metrics = metrics[metrics["evaluated_bin_size"] == 128].set_index("run")
    coverage = table[~binary]
    assert (coverage["evaluated_bin_size"] == 128).all()
    assert list(coverage["whole_r"]) == list(metrics.loc[coverage["run"], "pearson_r"])
    points = coverage.groupby(SETTINGS)[["hit_ratio", "whole_r"]].mean()
    assert list(table["points"].unique()) == [8]
    assert list(table["rho"].unique()) == pytest.approx([spearmanr(points).statistic])


def test_a_run_without_a_match_has_no_mean_q(tables):
    rows = tables["filters"].copy()
    first = rows["run"] == COVERAGE[0]["run"]
    rows.loc[first, "matches"] = 0
    found = motifs.table(tables | {"filters": rows}).iloc[0]
    assert (found["hit_ratio"], found["matched"]) == (0, 0)
    assert np.isnan(found["mean_best_q"])


def test_rows_that_do_not_fit_are_refused(tables):
    rows = tables["filters"]
    other = rows.copy()
    other.loc[0, "hit_threshold"] = 0.05
    for wrong, message in (
        (rows.drop(columns="matches"), "lack the columns matches"),
        (rows.iloc[:0], "no filters were given"),
        (pd.concat([rows, rows.iloc[:1]]), "run cnn_exp/.*/seed1 are given twice"),
        (other, r"different q-values \(0.05, 0.1\)"),
    ):
        with pytest.raises(InputError, match=message):
            motifs.table(tables | {"filters": wrong})


def test_scatter_has_a_point_a_setting_of_coverage(table):
    chart = motifs.draw(table)
    points = table.groupby(SETTINGS)[["hit_ratio", "whole_r"]].mean().dropna()
    lines = chart.axes[0].lines
    drawn = sorted((line.get_xdata()[0], line.get_ydata()[0]) for line in lines)
    assert np.array(drawn) == pytest.approx(np.array(sorted(map(tuple, points.to_numpy()))))
    assert "Binary settings, which predict no profile, see below: 1." in (
        chart.axes[0].texts[0].get_text().replace("\n", " ")
    )


def test_models_stand_in_the_order_of_their_hit_ratio(table):
    chart = motifs.draw(table)
    names = [label.get_text() for label in chart.axes[1].get_yticklabels()]
    settings = table.groupby(SETTINGS)["hit_ratio"].mean()
    expected = settings.groupby("model").mean().sort_values(ascending=False)
    assert names == list(expected.index)
    binary = [line for line in chart.axes[1].lines if line.get_markerfacecolor() == "white"]
    assert [line.get_ydata()[0] for line in binary] == [names.index("cnn_binary")]


def test_with_binary_runs_only_models_are_still_drawn(tables):
    only = {name: rows[rows["loss"] == "binary_crossentropy"] for name, rows in tables.items()}
    chart = motifs.figure(only)
    assert not chart.axes[0].lines
    assert chart.axes[1].lines


def test_an_unknown_activation_has_a_colour_of_its_own(tables):
    rows = tables["filters"].copy()
    rows["activation"] = rows["activation"].replace("gelu_sigmoid", "swish")
    chart = motifs.figure(tables | {"filters": rows})
    colours = {line.get_color() for line in chart.axes[0].lines}
    assert len(colours) == 3
