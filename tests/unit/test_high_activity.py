"""Table and figure of high activity, which read two tables of each run."""

from urllib.parse import quote

import numpy as np
import pandas as pd
import pytest
from tests import fake_tables
from tests.fake_study import TARGETS, run_rows

from epibench.errors import InputError
from epibench.experiments import ANALYSES, high_activity
from epibench.experiments.run import rows_of_runs, run_experiment

RUNS = [
    *run_rows([("poisson", 128)], windows="peaks", seeds=(1, 2)),
    *run_rows([("poisson", 128)], windows="threshold2", seeds=(1, 2)),
]


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    return fake_tables.high_activity(RUNS)


def test_the_table_has_each_score_at_the_runs_own_bin_size(tables):
    table = high_activity.table(tables)
    assert list(dict.fromkeys(table["windows"])) == ["threshold2", "peaks"]
    # 2 regions x (2 scores that scaling leaves + 2 at 2 scalings), and 3 of detection.
    assert len(table) == 4 * (2 * 6 + 3)
    heights = tables["high_activity"]
    for row in table[table["region"] != "whole"].itertuples():
        (expected,) = heights[
            (heights["run"] == row.run)
            & (heights["target"] == "mean")
            & (heights["region"] == row.region)
            & (heights["evaluated_bin_size"] == 128)
            & (heights["scaling"] == (row.scaling or "raw"))
        ][[row.score, f"{row.score}_low", f"{row.score}_high"]].to_numpy()
        assert (row.value, row.low, row.high) == tuple(expected)
    assert set(table.loc[table["scaling"] == "", "score"]) == {
        *("pearson_r", "r_height", "average_precision", "auroc", "aupr")
    }


def test_detection_is_that_of_all_tiled_inputs_with_what_chance_would_give(tables):
    table = high_activity.table(tables)
    whole = table[table["region"] == "whole"]
    assert (whole["test_set"] == "tiled1c07").all()
    chance = whole.loc[whole["score"] == "average_precision", "chance"]
    assert chance.to_numpy() == pytest.approx(114 / (114 + 1786))
    assert whole.loc[whole["score"] != "average_precision", "chance"].isna().all()


def test_chance_is_over_the_targets_that_have_an_average_precision(tables):
    rows = tables["classification"]
    unknown = (rows["target"] == TARGETS[0]) & (rows["inputs"] == "tiled")
    rows.loc[unknown, "average_precision"] = np.nan
    rows.loc[unknown, "positives"] = 0
    chance = high_activity.table(tables)["chance"].dropna()
    assert chance.to_numpy() == pytest.approx(114 / (114 + 1786))


def test_the_figure_shows_raw_scores_with_marks_at_a_slope_of_one_and_at_chance(tables):
    table = high_activity.table(tables)
    chart = high_activity.draw(table)
    panels = chart.subfigs[0].axes
    titles = [axes.get_title(loc="left") for axes in panels]
    assert titles == [*high_activity.HEIGHTS.values(), "Peak detection"]
    (mark,) = [line for line in panels[2].lines if line.get_linestyle() == ":"]
    assert set(mark.get_ydata()) == {1.0}
    raw = table.query("score == 'mse' and scaling == 'raw'")
    means = raw.groupby(["region", "windows"])["value"].mean()
    drawn = [line for line in panels[1].lines if line.get_marker() in "oD"]
    keys = [(r, w) for r in ("top_decile", "peaks") for w in ("threshold2", "peaks")]
    for line, key in zip(drawn, keys, strict=True):
        assert line.get_ydata()[0] == pytest.approx(means[key])
    dashes = [line for line in panels[1].lines if line.get_marker() == "_"]
    shown = raw.groupby(["region", "windows"]).indices
    order = [i for key in keys for i in shown[key]]
    assert [line.get_ydata()[0] for line in dashes] == raw["value"].iloc[order].tolist()
    urls = [f"../../report/runs/{quote(run)}.html" for run in raw["run"].iloc[order]]
    assert [line.get_url() for line in dashes] == urls
    assert {line.get_url() for line in drawn} == {None}
    chances = [segment[0, 1] for c in panels[4].collections[:2] for segment in c.get_segments()]
    assert chances == pytest.approx([0.06, 0.5])


def test_a_row_of_panels_a_bin_size():
    runs = [row for w in ("threshold2", "peaks") for row in run_rows(POINTS, windows=w)]
    chart = high_activity.figure(fake_tables.high_activity(runs))
    names = [figure.get_suptitle() for figure in chart.subfigs]
    assert names == [f"basenji_small, {size} bp" for size in (1, 128, 512)]


POINTS = [("poisson", 1), ("poisson", 128), ("poisson", 512)]


def test_scores_without_a_value_are_said(tables):
    tables["high_activity"]["slope"] = np.nan
    slope = high_activity.figure(tables).subfigs[0].axes[2]
    assert [text.get_text() for text in slope.texts] == ["Undefined for\nsome runs"]


def test_both_tables_are_read_from_the_folders_of_the_runs(tables, tmp_path):
    assert ANALYSES["high_activity"].files == ["high_activity.tsv", "classification.tsv"]
    paths = []
    for file, rows in tables.items():
        for run in RUNS:
            mine = rows[rows["run"] == run["run"]]
            path = tmp_path / run["run"] / f"{file}.tsv"
            path.parent.mkdir(parents=True, exist_ok=True)
            mine = mine.drop(columns=list(run)).assign(predictor=run["run"])
            mine.to_csv(path, sep="\t", index=False)
            paths.append(path)
    read = rows_of_runs("high_activity", paths, RUNS)
    assert list(read) == ["high_activity", "classification"]
    table = run_experiment("high_activity", read, tmp_path / "out")
    pd.testing.assert_frame_equal(table, high_activity.table(tables), check_dtype=False)


@pytest.mark.parametrize("file", ["high_activity", "classification"])
def test_rows_that_do_not_fit_together_are_refused(tables, file):
    rows = tables[file]
    other = (rows["run"] == RUNS[0]["run"]) & (rows["test_set"] == rows["test_set"].iloc[0])
    rows.loc[other, "test_set"] = "other"
    with pytest.raises(InputError, match="high_activity: metrics of 2 different test sets"):
        high_activity.table(tables)
