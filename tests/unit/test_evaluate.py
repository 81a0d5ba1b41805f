"""One pass over the tiles equals recomputation from everything at once."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import pearsonr, spearmanr
from small_genome import SmallStudy

from epibench.data.make_store import make_store
from epibench.data.store import Store
from epibench.data.windows import Tiles, tile_inputs
from epibench.evaluate.evaluate import COLUMNS, coarsen, evaluate, resolutions, write_scores
from epibench.evaluate.predictors import BigWigPredictor, Inputs, ReplicatePredictor
from epibench.evaluate.references import evaluate_references
from epibench.evaluate.scores import read_scores, scores_of_runs

LENGTH = 192
TARGETS = 2


class FakeStore:
    """Coverage and sequence of one stretch, as `Store` gives them."""

    def __init__(self, tiles=9, seed=0):
        rng = np.random.default_rng(seed)
        self.targets = ["a", "b"]
        self.chromosomes = {"chr8": tiles * LENGTH}
        self.sequence = rng.integers(0, 4, tiles * LENGTH, np.uint8)
        self.coverage = rng.gamma(1.0, 3.0, (tiles * LENGTH, TARGETS)).astype(np.float16)
        self.summary = {"sha256": {"sequence": {"test": str(seed)}, "coverage": {"test": "y"}}}


class Noisy:
    """Coverage of the store, binned, with noise that depends on the place alone."""

    def __init__(self, store, bin_size):
        self.bin_size = bin_size
        rng = np.random.default_rng(1)
        self.values = store.coverage * rng.uniform(0.5, 2.0, store.coverage.shape)

    def predict(self, inputs):
        rows = inputs.start[:, None] + np.arange(LENGTH)
        return coarsen(self.values[rows], self.bin_size)


def tiles_of(store):
    start = np.arange(0, len(store.sequence), LENGTH)
    return Tiles(np.zeros(len(start), np.int16), start, start)


def scores(store, predictor, bin_sizes=(8, 16, 32, 48, 96, 192), batch_size=4):
    rows = evaluate(
        "p",
        predictor,
        store,
        tiles_of(store),
        input_length=LENGTH,
        bin_sizes=bin_sizes,
        batch_size=batch_size,
    )
    return pd.DataFrame(rows).set_index(["target", "evaluated_bin_size", "scaling"])


@pytest.mark.parametrize("size", [8, 16, 32, 48, 96, 192])
def test_every_resolution_equals_naive_recomputation(size):
    store = FakeStore()
    predictor = Noisy(store, 8)
    found = scores(store, predictor)
    for t, target in enumerate(store.targets):
        truth = store.coverage[:, t].astype(float).reshape(-1, size).mean(axis=1)
        prediction = predictor.values[:, t].astype(float).reshape(-1, size).mean(axis=1)
        raw, scaled = (found.loc[(target, size, scaling)] for scaling in ("raw", "scaled"))
        factor = truth.mean() / prediction.mean()
        assert raw.pearson_r == pytest.approx(pearsonr(truth, prediction).statistic, abs=1e-9)
        assert scaled.pearson_r == raw.pearson_r
        assert raw.mse == pytest.approx(((truth - prediction) ** 2).mean())
        assert scaled.mse == pytest.approx(((truth - factor * prediction) ** 2).mean())
        assert scaled.scale_factor == pytest.approx(factor)
        assert raw.scale_factor == 1.0
        assert raw.bins == len(truth)
        for row, scale in ((raw, 1.0), (scaled, factor)):
            r = pearsonr(np.log1p(truth), np.log1p(scale * prediction)).statistic
            assert row.pearson_r_log1p == pytest.approx(r, abs=1e-5)
            if size < 32:
                assert np.isnan(row.spearman_r)
            else:
                rho = spearmanr(truth, prediction).statistic
                assert row.spearman_r == pytest.approx(rho, abs=1e-9)
            check_within(row, truth.reshape(9, -1), prediction.reshape(9, -1))


def check_within(row, truth, prediction):
    """Compare the scores within inputs to a loop over the inputs."""
    keys = ("pearson_r_per_sequence", "spearman_r_per_sequence", "jensen_shannon")
    if truth.shape[1] == 1:
        assert row[list(keys)].isna().all()
        return
    scores = (
        lambda a, b: pearsonr(a, b).statistic,
        lambda a, b: spearmanr(a, b).statistic,
        jensenshannon,
    )
    for key, score in zip(keys, scores, strict=True):
        expected = np.mean([score(a, b) for a, b in zip(truth, prediction, strict=True)])
        assert row[key] == pytest.approx(expected, abs=1e-9)


def test_the_mean_row_averages_targets_not_bins():
    found = scores(FakeStore(), Noisy(FakeStore(), 8))
    each = [found.loc[(target, 8, "raw")].pearson_r for target in ("a", "b")]
    assert found.loc[("mean", 8, "raw")].pearson_r == pytest.approx(np.mean(each))
    assert found.loc[("mean", 8, "raw")].targets == 2


def test_batches_do_not_matter():
    store = FakeStore()
    one, many = (scores(store, Noisy(store, 8), batch_size=n) for n in (1, 64))
    pd.testing.assert_frame_equal(one, many, rtol=1e-9)


def test_a_predictor_is_scored_from_its_own_resolution_up():
    assert resolutions(32, [1, 32, 64, 96, 100]) == [32, 64, 96]
    assert resolutions(128, [32]) == [128]


def test_a_constant_has_no_r_but_errors_and_counts_as_zero_within_inputs():
    class HalfConstant(Noisy):
        def predict(self, inputs):
            prediction = super().predict(inputs)
            prediction[..., 1] = 2.5
            return prediction

    # Pitfall 9: an undefined r is left out of the mean, and the count says so.
    store = FakeStore()
    found = scores(store, HalfConstant(store, 8))
    row, mean = found.loc[("b", 8, "raw")], found.loc[("mean", 8, "raw")]
    assert np.isnan([row.pearson_r, row.pearson_r_log1p]).all()
    assert np.isnan(found.loc[("b", 32, "raw")].spearman_r)
    assert (row.pearson_r_per_sequence, row.spearman_r_per_sequence) == (0.0, 0.0)
    assert 0 < row.jensen_shannon < 0.833
    assert row.constant_prediction == 9
    truth = store.coverage[:, 1].astype(float).reshape(-1, 8).mean(axis=1)
    assert row.mse == pytest.approx(((truth - 2.5) ** 2).mean())
    assert mean.pearson_r == found.loc[("a", 8, "raw")].pearson_r
    assert (mean.targets, mean.targets_with_r) == (2, 1)


def test_an_unknown_target_is_left_out_of_the_mean_and_the_count_says_so():
    class Half(Noisy):
        def predict(self, inputs):
            prediction = super().predict(inputs)
            prediction[..., 1] = np.nan
            return prediction

    store = FakeStore()
    found = scores(store, Half(store, 8))
    assert found.loc[("mean", 8, "raw")].targets == 1
    assert found.loc[("mean", 8, "raw")].mse == found.loc[("a", 8, "raw")].mse
    scores_of_b = ["pearson_r", "pearson_r_log1p", "spearman_r", "jensen_shannon", "mse"]
    scores_of_b += ["pearson_r_per_sequence", "spearman_r_per_sequence"]
    assert found.loc[("b", 32, "raw"), scores_of_b].isna().all()
    assert found.loc[("a", 32, "raw"), scores_of_b].notna().all()


def test_the_checksum_of_the_test_set_follows_data_and_tiles():
    first, other = FakeStore(seed=0), FakeStore(seed=1)
    checksums = {scores(store, Noisy(store, 8)).test_set.iloc[0] for store in (first, other)}
    shorter = FakeStore(tiles=8)
    checksums.add(scores(shorter, Noisy(shorter, 8)).test_set.iloc[0])
    assert len(checksums) == 3


def test_scores_survive_the_file(tmp_path):
    store = FakeStore()
    rows = evaluate(
        "run",
        Noisy(store, 64),
        store,
        tiles_of(store),
        input_length=LENGTH,
        bin_sizes=[64],
        batch_size=4,
    )
    write_scores(rows, tmp_path / "metrics.tsv")
    found = read_scores([tmp_path / "metrics.tsv"])
    assert tuple(found.columns) == COLUMNS
    pd.testing.assert_frame_equal(found, pd.DataFrame(rows), check_dtype=False)
    joined = scores_of_runs([tmp_path / "metrics.tsv"], [{"run": "run", "seed": 1}])
    assert (joined["seed"] == 1).all()
    assert len(joined) == len(rows)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small study with its store."""
    study = SmallStudy(tmp_path_factory.mktemp("small"))
    make_store(study.folder / "store", **study.arguments())
    return study, Store(study.folder / "store")


def inputs_of(store):
    tiles = tile_inputs(store, "test", LENGTH)
    sequence = store.sequence[tiles.offset[:, None] + np.arange(LENGTH)]
    return Inputs(tiles.chrom, tiles.start, sequence)


def test_replicate_2_is_read_where_the_inputs_are(small):
    study, store = small
    inputs = inputs_of(store)
    found = ReplicatePredictor(store).predict(inputs)
    assert len(found) > 10
    for start, values in zip(inputs.start, found, strict=True):
        expected = np.nan_to_num(study.replicate2["chr8"][start : start + LENGTH])
        np.testing.assert_allclose(values[:, [0, 2]], expected[:, [0, 2]], rtol=1e-3, atol=1e-6)
        assert np.isnan(values[:, 1]).all()


def test_a_bigwig_is_a_predictor(small):
    study, store = small
    inputs = inputs_of(store)
    paths = {"c": str(study.folder / "c.bw")}
    found = BigWigPredictor(store, paths).predict(inputs)
    for start, values in zip(inputs.start, found, strict=True):
        expected = np.nan_to_num(study.coverage["chr8"][start : start + LENGTH, 2])
        np.testing.assert_array_equal(values[:, 2], expected)
        assert np.isnan(values[:, :2]).all()


def test_references_stand_in_one_table(small):
    study, store = small
    settings = {
        "bin_sizes": [16, 64],
        "windows": "threshold2",
        "seed": 1,
        "truth": {"a": str(study.folder / "a.bw")},
    }
    found = pd.DataFrame(evaluate_references(store, settings))
    assert found["test_set"].nunique() == 1
    raw = found[found["scaling"] == "raw"].set_index(["predictor", "target", "evaluated_bin_size"])
    assert raw.loc[("truth", "a", 16)].pearson_r == pytest.approx(1.0, abs=1e-6)
    assert np.isnan(raw.loc[("truth", "b", 16)].mse)
    assert raw.loc[("replicate2", "mean", 64)].targets == 2
    # Baselines from sequence are fitted for each bin size from 32 bp up.
    for name in ("gc", "ridge", "ridge_log1p"):
        assert set(raw.loc[name].index.get_level_values("evaluated_bin_size")) == {64}
    constant = raw.loc[("mean_coverage", "mean", 16)]
    assert np.isnan([constant.pearson_r, constant.spearman_r_per_sequence]).all()
    assert constant.jensen_shannon > 0
    assert raw.loc[("mean_coverage", "mean", 64)].mse > 0
