"""The scores on the page of a run: what is comparable stands in one table, and nothing else."""

import pandas as pd
from tests.fake_run import BINARY, write_fake_run
from tests.fake_study import TARGETS

from epibench.report.run_scores import score_groups


def test_a_score_stands_once_where_scaling_leaves_it_as_it_is(tmp_path):
    folder = write_fake_run(tmp_path)
    whole = score_groups(folder, 128)[0]
    assert [table["caption"].partition(":")[0] for table in whole["tables"]] == [
        "At 128 bp, the run's own bin size",
        "At 512 bp",
        "At 2048 bp",
    ]
    (first, *_), rows = whole["tables"], {}
    assert first["columns"] == ["score", "raw", "scaled on test", "scaled on validation"]
    rows = {row["name"]: row["cells"] for row in first["rows"]}
    metrics = pd.read_csv(folder / "metrics.tsv", sep="\t")
    means = metrics[(metrics["target"] == "mean") & (metrics["evaluated_bin_size"] == 128)]
    means = means.set_index("scaling")
    (r,) = rows["Pearson's r"]
    assert (r["text"], r["width"]) == (f"{means.loc['raw', 'pearson_r']:.3f}", 3)
    low, high = means.loc["raw", ["pearson_r_low", "pearson_r_high"]]
    assert r["span"] == f"({low:.3f} to {high:.3f})"
    expected = [f"{means.loc[name, 'mse']:#.4g}" for name in ("raw", "scaled", "scaled_valid")]
    assert [cell["text"] for cell in rows["MSE"]] == expected
    assert len(set(expected)) == 3


def test_every_target_has_its_scores(tmp_path):
    folder = write_fake_run(tmp_path)
    whole = score_groups(folder, 128)[0]
    same, raw, scaled, valid = whole["more"][0]["tables"]
    assert same["columns"][:2] == ["target", "Pearson's r"]
    assert "MSE" not in same["columns"]
    assert [row["name"] for row in same["rows"]] == TARGETS
    metrics = pd.read_csv(folder / "metrics.tsv", sep="\t")
    metrics = metrics[metrics["evaluated_bin_size"] == 128]
    for table, scaling in ((raw, "raw"), (scaled, "scaled"), (valid, "scaled_valid")):
        column = table["columns"].index("MSE") - 1
        shown = [row["cells"][column]["text"] for row in table["rows"]]
        part = metrics[(metrics["scaling"] == scaling) & (metrics["target"] != "mean")]
        assert shown == [f"{value:#.4g}" for value in part["mse"]]


def test_bin_sizes_regions_and_sets_of_inputs_have_tables_of_their_own(tmp_path):
    groups = {group["file"]: group for group in score_groups(write_fake_run(tmp_path), 128)}
    assert list(groups) == [
        *("metrics.tsv", "peak_metrics.tsv", "classification.tsv", "high_activity.tsv"),
        *("thresholds.tsv", "strata.tsv"),
    ]
    captions = [table["caption"] for table in groups["high_activity.tsv"]["tables"]]
    assert captions == [
        "At 128 bp, the run's own bin size, inputs in the top decile of measured coverage.",
        "At 128 bp, the run's own bin size, inputs at peaks.",
    ]
    assert [one["summary"] for one in groups["high_activity.tsv"]["more"]] == ["At 256 bp"]
    assert len(groups["classification.tsv"]["tables"]) == 2
    (above,) = groups["thresholds.tsv"]["more"]
    assert [row["name"] for row in above["tables"][0]["rows"]][:3] == [
        *("above 0", "above 1", "above 2"),
    ]
    (parts,) = groups["strata.tsv"]["tables"]
    assert [row["name"] for row in parts["rows"]] == ["specific"]  # the other has no input


def test_a_binary_model_has_no_coverage_scores(tmp_path):
    folder = write_fake_run(tmp_path, BINARY)
    whole = score_groups(folder, 2048)[0]
    (table,) = whole["tables"]
    assert table["columns"] == ["score", "in every scaling"]
    assert [row["name"] for row in table["rows"]] == ["Pearson's r", "Spearman's ρ"]


def test_tables_that_are_not_there_or_empty_give_nothing(tmp_path):
    others = ("thresholds", "strata", "high_activity", "classification")
    folder = write_fake_run(tmp_path, without=others)
    metrics = pd.read_csv(folder / "metrics.tsv", sep="\t")
    metrics.head(0).to_csv(folder / "peak_metrics.tsv", sep="\t", index=False)
    assert [group["file"] for group in score_groups(folder, 128)] == ["metrics.tsv"]


def test_robustness_is_a_mean_over_targets(tmp_path):
    folder = write_fake_run(tmp_path)
    names = [*TARGETS, "mean"]
    rows = pd.DataFrame({"predictor": "x", "target": names, "variation_score": [0.1] * 4 + [0.25]})
    rows.assign(test_windows=9).to_csv(folder / "variation.tsv", sep="\t", index=False)
    group = score_groups(folder, 128)[-1]
    (row,) = group["tables"][0]["rows"]
    assert [cell["text"] for cell in row["cells"]] == ["0.250", "9"]
    assert [row["name"] for row in group["more"][0]["tables"][0]["rows"]] == TARGETS
