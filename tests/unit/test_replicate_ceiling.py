"""Table and figure of runs beside replicate 2."""

import numpy as np
import pandas as pd
import pytest
from tests import fake_tables
from tests.fake_study import TARGETS, run_rows

from epibench.experiments import replicate_ceiling
from epibench.experiments.run import run_experiment

RUNS = [run | {"kind": "run"} for run in run_rows([("poisson", 32), ("poisson", 128)])]
CEILING = fake_tables.reference("replicate2", "replicate 2", "ceiling")
OTHER = fake_tables.reference("gc", "GC content", "baseline")


@pytest.fixture
def rows() -> pd.DataFrame:
    return fake_tables.scores([*RUNS, CEILING, OTHER])


def without(rows, targets):
    rows = rows.copy()
    chosen = (rows["run"] == "replicate2") & rows["target"].isin(targets)
    rows.loc[chosen, [name for name in rows if name.startswith("pearson_r")]] = np.nan
    return rows


def test_each_r_is_divided_by_that_of_replicate_2_and_by_its_root(rows):
    table = replicate_ceiling.table(rows)
    assert set(table["kind"]) == {"ceiling", "run"}
    r = rows[rows["scaling"] == "scaled"].set_index(["run", "target", "evaluated_bin_size"])
    for row in table[table["target"] != "mean"].itertuples():
        ceiling = r.loc[("replicate2", row.target, row.evaluated_bin_size), "pearson_r"]
        own = r.loc[(row.run, row.target, row.evaluated_bin_size), "pearson_r"]
        assert row.ceiling_r == ceiling
        assert row.relative_r == pytest.approx(own / ceiling)
        assert row.relative_to_root == pytest.approx(own / ceiling**0.5)
    assert (table.loc[table["kind"] == "ceiling", "relative_r"] == 1).all()
    assert (table["note"] == "").all()


def test_the_mean_counts_every_target_alike(rows):
    table = replicate_ceiling.table(rows)
    for _, part in table.groupby(["run", "evaluated_bin_size"]):
        mean, targets = part[part["target"] == "mean"].iloc[0], part[part["target"] != "mean"]
        for name in ("ceiling_r", "root_ceiling_r", "relative_r", "relative_to_root"):
            assert mean[name] == pytest.approx(targets[name].mean())


def test_targets_without_replicate_2_are_said_and_not_averaged(rows):
    table = replicate_ceiling.table(without(rows, TARGETS[-1:]))
    left_out = table[table["target"] == TARGETS[-1]]
    assert set(left_out["kind"]) == {"run"}
    assert set(left_out["note"]) == {"no replicate 2"}
    assert left_out["relative_r"].isna().all()
    means = table[(table["target"] == "mean") & (table["evaluated_bin_size"] == 128)]
    for row in means.itertuples():
        known = table[(table["run"] == row.run) & table["target"].isin(TARGETS[:-1])]
        known = known[known["evaluated_bin_size"] == 128]
        assert row.pearson_r == pytest.approx(known["pearson_r"].mean())
        assert row.relative_r == pytest.approx(known["relative_r"].mean())
        assert row.targets == len(TARGETS) - 1
        assert np.isnan(row.pearson_r_low)
    chart = replicate_ceiling.draw(table)
    assert f"Without replicate 2, not shown: {TARGETS[-1]}." in chart.axes[0].texts[0].get_text()
    labels = [label.get_text() for label in chart.axes[0].get_yticklabels()]
    assert labels == [*TARGETS[:-1], "mean of 3 targets"]


@pytest.mark.parametrize("given", [False, True])
def test_without_any_replicate_the_runs_stand_alone(rows, given):
    rows = without(rows, [*TARGETS, "mean"]) if given else rows[rows["kind"] != "ceiling"]
    table = replicate_ceiling.table(rows)
    assert set(table["kind"]) == {"run"}
    assert set(table["note"]) == {"no replicate 2"}
    assert table["relative_r"].isna().all()
    assert table["pearson_r_low"].notna().all()
    chart = replicate_ceiling.draw(table)
    names = [text.get_text() for text in chart.legends[0].get_texts()]
    assert names == ["basenji_small, 32 bp", "basenji_small, 128 bp"]


def test_a_ceiling_of_no_correlation_measures_nothing(rows):
    chosen = (rows["run"] == "replicate2") & (rows["target"] == TARGETS[0])
    rows.loc[chosen, "pearson_r"] = -0.1
    table = replicate_ceiling.table(rows)
    first = table[table["target"] == TARGETS[0]]
    assert first[["root_ceiling_r", "relative_r"]].isna().all(axis=None)
    assert table.loc[table["target"] == "mean", "relative_r"].isna().all()
    replicate_ceiling.draw(table)


def test_panels_are_at_the_finest_shared_and_the_coarsest_bin_size(rows):
    chart = replicate_ceiling.figure(rows)
    titles = [axes.get_title(loc="left") for axes in chart.axes]
    assert titles == ["Evaluated at 128 bp", "Evaluated at 2048 bp"]


def test_the_files_are_written(rows, tmp_path):
    table = run_experiment("replicate_ceiling", rows, tmp_path)
    assert len(pd.read_csv(tmp_path / "table.tsv", sep="\t")) == len(table)
