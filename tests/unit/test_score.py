"""All tables of a predictor, on a small study with its store."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score
from small_genome import SmallStudy

from epibench.config.predictions import Prediction
from epibench.data.make_store import make_store
from epibench.data.store import Store
from epibench.evaluate.evaluate import evaluate
from epibench.evaluate.evaluation import Evaluation
from epibench.evaluate.input_set import peak_inputs, tiled_inputs
from epibench.evaluate.outside import open_prediction
from epibench.evaluate.references import open_reference
from epibench.evaluate.score import score_predictor
from epibench.evaluate.tables import Tables
from epibench.evaluate.tracks import write_tracks
from epibench.words import EVALUATED

EVALUATION = {
    "bin_sizes": [16, 32, 64],
    "smoothing": [1, 16, 64],
    "block_length": 120,  # 26 blocks of chr8
    "replicates": 200,
    "seed": 1,
    "promoters": None,
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    study = SmallStudy(tmp_path_factory.mktemp("scored"))
    make_store(study.folder / "store", **study.arguments())
    return study, Store(study.folder / "store")


@pytest.fixture(scope="module")
def scored(study, tmp_path_factory):
    """Tables of references, by name of the predictor and of the table."""
    files, store = study
    settings = {
        "evaluation": EVALUATION,
        "windows": "threshold2",
        "seed": 1,
        "truth": {"a": str(files.folder / "a.bw")},
        "prediction": None,
    }
    found = {}
    for name in ("truth", "replicate2", "mean_coverage", "gc", "ridge", "ridge_log1p"):
        folder = tmp_path_factory.mktemp(name)
        out = {table: str(folder / file) for table, file in EVALUATED.items()}
        score_predictor(name, open_reference(name, store, settings), store, EVALUATION, out)
        found[name] = {
            table: pd.read_csv(path, sep="\t") for table, path in out.items() if table != "sums"
        }
        found[name]["sums"] = Evaluation.load(out["sums"])
    return found


def metrics(scored, table="metrics"):
    rows = pd.concat([tables[table] for tables in scored.values()])
    return rows[rows["scaling"] == "raw"].set_index(["predictor", "target", "evaluated_bin_size"])


def test_references_share_their_test_set(scored):
    for table in ("metrics", "peak_metrics", "thresholds", "high_activity", "strata"):
        sets = {name for tables in scored.values() for name in tables[table]["test_set"]}
        assert len(sets) == 1
    raw = metrics(scored)
    assert raw.loc[("truth", "a", 16)].pearson_r == pytest.approx(1.0, abs=1e-6)
    assert np.isnan(raw.loc[("truth", "b", 16)].mse)
    assert raw.loc[("replicate2", "mean", 64)].targets == 2
    # Baselines from sequence are fitted for each bin size from 32 bp up.
    for name in ("gc", "ridge", "ridge_log1p"):
        assert set(raw.loc[name].index.get_level_values("evaluated_bin_size")) == {32, 64}
    constant = raw.loc[("mean_coverage", "mean", 16)]
    assert np.isnan([constant.pearson_r, constant.spearman_r_per_sequence]).all()
    assert constant.jensen_shannon > 0
    assert raw.loc[("mean_coverage", "mean", 64)].mse > 0


def test_every_score_has_its_interval(scored):
    row = metrics(scored).loc[("ridge", "mean", 32)]
    for score in ("pearson_r", "spearman_r", "mse", "r2", "jensen_shannon", "pearson_r_log1p"):
        assert row[f"{score}_low"] < row[score] < row[f"{score}_high"]
    assert np.isnan(metrics(scored).loc[("mean_coverage", "mean", 32)].pearson_r_low)


def test_validation_chromosomes_scale_what_can_be_scaled(scored):
    factors = {
        name: tables["metrics"].query("scaling == 'scaled_valid' and target == 'a'").scale_factor
        for name, tables in scored.items()
    }
    assert factors["replicate2"].isna().all()  # it is stored for the test chromosomes alone
    assert factors["truth"].tolist() == pytest.approx([1, 1, 1], rel=1e-3)
    assert factors["ridge"].notna().all()


def test_smoothing_with_one_base_changes_nothing(scored):
    rows = scored["truth"]["smoothing"].query("target == 'a' and scaling == 'raw'")
    r = rows.set_index("width").pearson_r
    assert r[1] == pytest.approx(1, abs=1e-6)
    rows = scored["gc"]["smoothing"].query("target == 'mean' and scaling == 'raw'")
    assert rows.set_index("width").pearson_r[64] > rows.set_index("width").pearson_r[1]


def test_thresholds_select_by_the_truth(study, scored):
    _, store = study
    inputs = tiled_inputs(store, block_length=120)
    rows = scored["replicate2"]["thresholds"].query("target == 'a'").set_index("threshold")
    values = store.coverage[inputs.rows(slice(None))].astype(float)
    predicted = store.replicate2[
        store.replicate2_offset(inputs.tiles.chrom, inputs.tiles.start)[:, None] + np.arange(64)
    ].astype(float)
    for threshold in (0, 2, 4):
        chosen = np.flatnonzero(values.max(axis=(1, 2)) > threshold)
        assert rows.loc[threshold, "inputs"] == len(chosen)
        pairs = [(bins_of(values[i, :, 0]), bins_of(predicted[i, :, 0])) for i in chosen]
        pairs = [(truth, value) for truth, value in pairs if np.ptp(truth) > 0]
        assert rows.loc[threshold, "sequences"] == len(pairs)
        r = [pearsonr(*pair).statistic if np.ptp(pair[1]) > 0 else 0 for pair in pairs]
        assert rows.loc[threshold, "pearson_r_per_sequence"] == pytest.approx(np.mean(r), abs=1e-6)
    assert rows.loc[24, "inputs"] == 0
    assert np.isnan(rows.loc[24, "pearson_r_per_sequence"])


def bins_of(values):
    return values.reshape(4, 16).mean(axis=1)


@pytest.mark.parametrize("which", ["tiled", "peaks"])
def test_classification_equals_scikit_learn(study, scored, which):
    _, store = study
    inputs = tiled_inputs(store) if which == "tiled" else peak_inputs(store)
    table = scored["replicate2"]["classification"].set_index(["inputs", "target"])
    row, label = table.loc[(which, "a")], inputs.labels[:, 0]
    at = store.replicate2_offset(inputs.tiles.chrom, inputs.tiles.start)[:, None] + np.arange(64)
    value = store.replicate2[at][..., 0].astype(np.float32).mean(axis=1)
    assert row.positives == label.sum()
    assert row.negatives == (label == 0).sum()
    assert row.auroc == pytest.approx(roc_auc_score(label, value), abs=1e-6)
    assert row.average_precision == pytest.approx(average_precision_score(label, value), abs=1e-6)
    truth = inputs.mean[:, 0]
    assert row.pearson_r == pytest.approx(pearsonr(truth, value).statistic, abs=1e-6)
    assert row.spearman_r == pytest.approx(spearmanr(truth, value).statistic, abs=1e-6)
    assert np.isnan(table.loc[(which, "c")].auroc)  # without peaks


def test_high_activity_equals_a_regression(study, scored):
    _, store = study
    inputs = tiled_inputs(store)
    rows = scored["replicate2"]["high_activity"].query("scaling == 'raw' and target == 'a'")
    rows = rows.set_index(["region", "evaluated_bin_size"])
    at = store.replicate2_offset(inputs.tiles.chrom, inputs.tiles.start)[:, None] + np.arange(64)
    sides = store.coverage[inputs.rows(slice(None))], store.replicate2[at]
    truth, value = (side[..., 0].astype(float).reshape(-1, 4, 16).mean(axis=2) for side in sides)
    masks = {
        "peaks": inputs.labels[:, 0] == 1,
        "top_decile": inputs.mean[:, 0] >= np.quantile(inputs.mean[:, 0], 0.9),
    }
    for region, mask in masks.items():
        row = rows.loc[(region, 16)]
        x, y = truth[mask], value[mask]
        assert row.sequences == mask.sum()
        r = pearsonr(x.ravel(), y.ravel()).statistic
        assert row.pearson_r == pytest.approx(r, abs=1e-6)
        assert row.mse == pytest.approx(((x - y) ** 2).mean(), rel=1e-6)
        slope, _ = np.polyfit(x.max(axis=1), y.max(axis=1), 1)
        assert row.slope == pytest.approx(slope, rel=1e-5)
        height_r = pearsonr(x.max(axis=1), y.max(axis=1)).statistic
        assert row.r_height == pytest.approx(height_r, abs=1e-6)


def test_strata_count_their_inputs(study, scored):
    _, store = study
    rows = scored["ridge"]["strata"].query("target == 'a'")
    gc = rows[rows["stratum"] == "gc"]
    assert gc["inputs"].sum() == len(tiled_inputs(store))
    assert set(rows["stratum"]) == {"specificity", "neighbour", "height", "gc"}


def test_a_study_without_peaks_has_empty_tables_of_them(tmp_path):
    study = SmallStudy(tmp_path)
    keys = study.arguments()
    keys["windows"] = keys["windows"].model_copy(update={"peaks": False})
    keys["targets"] = [replace(target, peaks=None) for target in keys["targets"]]
    make_store(tmp_path / "store", **keys)
    store = Store(tmp_path / "store")
    settings = {"evaluation": EVALUATION, "windows": "threshold2", "seed": 1, "prediction": None}
    out = {table: str(tmp_path / file) for table, file in EVALUATED.items()}
    score_predictor("gc", open_reference("gc", store, settings), store, EVALUATION, out)
    assert pd.read_csv(out["peak_metrics"], sep="\t").empty
    classified = pd.read_csv(out["classification"], sep="\t")
    assert classified["inputs"].unique().tolist() == ["tiled"]
    assert classified["auroc"].isna().all()
    assert classified["pearson_r"].notna().all()


class Smooth:
    """Something like a run, at 16 bp, without equal values: ties could part in a bigWig."""

    bin_size = 16

    def predict(self, inputs):
        gc = ((inputs.sequence == 1) | (inputs.sequence == 2)).reshape(-1, 4, 16).mean(axis=2)
        wave = np.sin(0.37 * inputs.start[:, None] + np.arange(4))
        return np.stack([2 + gc + wave + 0.1 * t * gc**2 for t in range(3)], axis=2)


def test_a_bigwig_of_a_prediction_gets_the_scores_of_the_prediction(study, tmp_path):
    _, store = study
    write_tracks(Smooth(), store, tmp_path, batch_size=8)
    entry = Prediction(
        tracks={name: f"{tmp_path}/{name}.bw" for name in store.targets}, bin_size=16
    )
    inputs = tiled_inputs(store)
    own, given_back = (
        Tables(
            evaluate(
                "p", predictor, inputs, bin_sizes=[16, 32, 64], batch_size=8, smoothing=[1, 32]
            ),
            inputs,
            100,
            0,
        )
        for predictor in (Smooth(), open_prediction("p", entry.model_dump(), store))
    )
    for name in ("metrics", "smoothing", "thresholds", "high_activity"):
        first, second = (getattr(tables, name)() for tables in (own, given_back))
        pd.testing.assert_frame_equal(first, second, rtol=1e-5, atol=1e-6)
    pd.testing.assert_frame_equal(
        own.classification("tiled"), given_back.classification("tiled"), rtol=1e-5, atol=1e-6
    )


class Partial(Smooth):
    """Knows all inputs but one, for the first target."""

    def predict(self, inputs):
        found = super().predict(inputs)
        found[inputs.start == 0, :, 0] = np.nan
        return found


def test_scores_of_some_of_the_inputs_are_left_empty(study):
    _, store = study
    inputs = tiled_inputs(store)
    assert inputs.tiles.start[0] == 0
    found = evaluate("p", Partial(), inputs, bin_sizes=[16, 64], batch_size=8)
    tables = Tables(found, inputs, 100, 0)
    row = tables.classification("tiled").set_index("target").loc["a"]
    assert row[["auroc", "average_precision", "pearson_r", "spearman_r"]].isna().all()
    row = tables.metrics().set_index(["target", "evaluated_bin_size"]).loc[("a", 64)].iloc[0]
    assert row[["pearson_r", "spearman_r", "mse", "poisson_nll"]].isna().all()
    rows = tables.metrics().query("target == 'b' and scaling == 'raw'")
    assert rows["mse"].notna().all()
