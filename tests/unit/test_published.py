"""Published numbers stand beside runs that repeat the paper's experiment, and beside no others."""

import csv
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.lines import Line2D
from tests import fake_study

from epibench.experiments import ANALYSES, loss_by_bin_size
from epibench.experiments.published import PUBLISHED, beside_published
from epibench.make_plan import make_plan
from epibench.plan_published import CELL_LINES
from epibench.typed import read_yaml
from epibench.words import LOSSES

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "resources" / "published_bpnet.tsv"
SOURCE = (
    Path(os.environ.get("EPIBENCH_SHARED", ROOT.parent / "shared"))
    / "reference"
    / "bpnet_loss_by_bin_published.csv"
)
THEIR_LOSSES = {
    "poisson": "poisson",
    "mse": "mse",
    "basenjipearsonr": "pearsonr",
    "multinomialnll_mse_reg": "multinomial_mse",
    "pearsonr_mse": "pearsonr_mse",
}


@pytest.fixture(autouse=True)
def _at_root(monkeypatch):
    monkeypatch.chdir(ROOT)


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return pd.read_csv(TABLE, sep="\t", comment="#")


def repeats(file="config/config.yaml", experiment="loss_by_bin_size", **changes) -> list[str]:
    """Plan a study after changes: values by dotted key."""
    config = read_yaml(ROOT / file)
    for key, value in changes.items():
        *sections, last = key.split(".")
        part = config
        for name in sections:
            part = part.setdefault(name, {})
        part[last] = value
    plan = make_plan(config, [file])
    assert plan.experiment_settings(experiment)["published"] == plan.repeats_of_published(
        experiment
    )
    return plan.repeats_of_published(experiment)


def test_the_table_is_complete_and_has_the_known_means(published):
    assert set(published["target"]) == CELL_LINES
    assert set(published["loss"]) == set(THEIR_LOSSES.values()) <= set(LOSSES)
    assert len(published) == len(published.drop_duplicates(["loss", "bin_size", "target"])) == 600
    means = published.groupby(["loss", "bin_size"])["pearson_r"].mean().round(2)
    assert (means["poisson", 1], means["poisson", 128], means["mse", 1]) == (0.60, 0.59, 0.55)
    assert (means["poisson"] > means["mse"]).all()


def test_the_numbers_are_those_of_the_published_table(published):
    if not SOURCE.is_file():
        pytest.skip(f"there is no {SOURCE}; EPIBENCH_SHARED names the folder of test data")
    known = published.set_index(["loss", "bin_size", "target"])
    with SOURCE.open() as lines:
        rows = [row for row in csv.DictReader(lines) if row["eval type"] == "whole"]
    for row in rows:
        key = (THEIR_LOSSES[row["loss_fn"]], int(row["bin_size"]), row["targets"])
        r, raw = float(row["pr_corr"]), row["pred type"] == "raw"
        if raw:
            assert known.loc[key, "pearson_r"] == pytest.approx(r, abs=1e-6)
            assert known.loc[key, "mse"] == pytest.approx(float(row["mse"]), rel=1e-5)
        else:  # as the head of the table says
            assert abs(r) == pytest.approx(known.loc[key, "pearson_r"], abs=1e-6)
            assert r > 0 or key[0] == "pearsonr"


def test_runs_of_the_papers_study_repeat_it():
    found = repeats()
    assert len(found) == 39
    assert all(run.startswith("bpnet/peaks/") and "/rc+shift/" in run for run in found)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("splits.test", ["chr7"]),
        ("splits.valid", ["chr10"]),
        ("splits.train", ["chr1"]),
        ("windows.peak_anchor", "summit"),
        ("windows.length", 3584),
        ("genome", {"fasta": "https://example.org/mm10.fa.gz"}),
        ("models.bpnet.options", {"filters": 128}),
        ("models.bpnet.builder", "basenji"),
        ("models.bpnet.target_scale", "mean"),
        ("models.bpnet.target_weights", {"K562": 2.0}),
        ("models.bpnet.recipe", "decay"),
        ("recipes.basenji", {"epochs": 20, "patience": 6}),
        ("losses.mse_weight", 0.1),
        ("defaults.augmentation", "rc"),
    ],
)
def test_one_difference_is_enough_to_show_nothing(key, value):
    assert repeats(**{key: value}) == []


def test_options_written_out_are_the_same_model():
    assert len(repeats(**{"models.bpnet.options": {"filters": 256}})) == 39


def test_fewer_targets_are_compared_and_others_are_not(tmp_path):
    header, *rows = (ROOT / "config" / "samples.tsv").read_text().splitlines()
    few = tmp_path / "few.tsv"
    few.write_text("\n".join([header, *(row for row in rows if row.startswith(("K562", "PC-3")))]))
    only = {"samples": str(few), "variants.matched": {}}
    assert len(repeats(**only)) == 39
    few.write_text(few.read_text().replace("K562", "K562b"))
    assert repeats(**only) == []


def test_other_studies_and_experiments_show_nothing():
    assert repeats("config/demo.yaml") == []
    assert repeats(experiment="resolution") == []
    assert [name for name, one in ANALYSES.items() if one.published] == ["loss_by_bin_size"]


def rows_of(points=(("poisson", 1), ("poisson", 128), ("pearsonr", 128)), windows="peaks"):
    """Give made-up metrics for two of the paper's targets."""
    rows = fake_study.metrics(fake_study.run_rows(points, model="bpnet", windows=windows))
    names = dict(zip(fake_study.TARGETS, ["K562", "PC-3"], strict=False)) | {"mean": "mean"}
    return rows.assign(target=rows["target"].map(names)).dropna(subset="target")


def test_means_are_over_the_targets_of_the_study_and_stand_at_the_own_bin_size(published):
    rows = rows_of()
    run = rows["run"].iloc[0]
    found = beside_published(rows, [run], TABLE)
    with_scores = found.dropna(subset=PUBLISHED)
    assert set(with_scores["run"]) == {run}
    assert set(with_scores["target"]) == {"mean"}
    assert set(with_scores["evaluated_bin_size"]) == {1}
    two = published[published["target"].isin(["K562", "PC-3"])]
    expected = two.query("loss == 'poisson' and bin_size == 1")[["pearson_r", "mse"]].mean()
    np.testing.assert_allclose(with_scores[PUBLISHED].drop_duplicates().iloc[0], expected)
    pd.testing.assert_frame_equal(found.drop(columns=PUBLISHED), rows)


def hollow(axes) -> list[Line2D]:
    return [line for line in axes.lines if line.get_markerfacecolor() == "white"]


def test_the_figure_has_a_hollow_marker_beside_each_run_that_repeats():
    rows = beside_published(rows := rows_of(), list(rows["run"].unique()), TABLE)
    table = loss_by_bin_size.table(rows)
    chart = loss_by_bin_size.draw(table)
    scaled, raw = chart.axes
    assert not hollow(scaled)
    shown = table[table["loss"] == "poisson"]  # the other's unscaled error is off every scale
    places = [(line.get_xdata()[0], line.get_ydata()[0]) for line in hollow(raw)]
    assert places == list(shown[PUBLISHED[::-1]].itertuples(index=False, name=None))
    joined = [line for line in raw.lines if line.get_linestyle() == ":"]
    ends = [(line.get_xdata()[1], line.get_ydata()[1]) for line in joined]
    assert ends == list(shown[["mse_raw", "pearson_r"]].itertuples(index=False, name=None))
    labels = [text.get_text() for text in chart.legends[0].get_texts()]
    assert labels[-1] == "published, Toneyan et al. 2022"


def test_a_study_without_repeats_has_neither_columns_nor_markers():
    table = loss_by_bin_size.table(rows_of())
    assert not set(PUBLISHED) & set(table)
    chart = loss_by_bin_size.draw(table)
    assert not any(hollow(axes) for axes in chart.axes)
    assert len(chart.legends[0].get_texts()) == 3
