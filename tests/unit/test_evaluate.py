"""One pass over the tiles equals recomputation from everything at once."""

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import jensenshannon
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import r2_score
from small_genome import SmallStudy

from epibench.data.make_store import make_store
from epibench.data.store import Store
from epibench.data.windows import Tiles
from epibench.evaluate.evaluate import coarsen, evaluate, resolutions, validation_factor
from epibench.evaluate.evaluation import Evaluation
from epibench.evaluate.input_set import InputSet, tiled_inputs
from epibench.evaluate.predictors import BigWigPredictor, Inputs, ReplicatePredictor
from epibench.evaluate.scores import read_scores, scores_of_runs
from epibench.evaluate.tables import Tables, write_table

LENGTH = 192
TARGETS = 2


class FakeStore:
    """Coverage and sequence of one stretch, as `Store` gives them."""

    def __init__(self, tiles=9, seed=0, offset=0.0):
        rng = np.random.default_rng(seed)
        self.targets = ["a", "b"]
        self.chromosomes = {"chr8": tiles * LENGTH}
        self.sequence = rng.integers(0, 4, tiles * LENGTH, np.uint8)
        coverage = offset + rng.gamma(1.0, 3.0, (tiles * LENGTH, TARGETS))
        self.coverage = coverage.astype(np.float16)
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


def inputs_of(store, left_out=()):
    """The tiles of the stretch, two to a block, with labels of every third; some left out."""
    start = np.arange(0, len(store.sequence), LENGTH)
    start = np.delete(start, left_out)
    tiles = Tiles(np.zeros(len(start), np.int16), start, start)
    labels = np.zeros((len(start), TARGETS), np.int8)
    labels[::3] = 1
    block = np.arange(len(start)) // 2
    return InputSet(store, tiles, LENGTH, labels, block, int(block.max()) + 1)


def evaluated(store, predictor, bin_sizes=(8, 16, 32, 48, 96, 192), batch_size=4, **keys):
    return evaluate(
        "p", predictor, inputs_of(store), bin_sizes=bin_sizes, batch_size=batch_size, **keys
    )


def scores(store, predictor, **keys):
    """The table of metrics, with so few blocks that there are no intervals."""
    tables = Tables(evaluated(store, predictor, **keys), inputs_of(store), 100, 0)
    return tables.metrics().set_index(["target", "evaluated_bin_size", "scaling"])


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
        assert raw.r2 == pytest.approx(r2_score(truth, prediction))
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
    table = Tables(evaluated(store, Noisy(store, 64), bin_sizes=[64]), inputs_of(store), 100, 0)
    rows = table.metrics()
    write_table(rows, tmp_path / "metrics.tsv")
    found = read_scores([tmp_path / "metrics.tsv"])
    pd.testing.assert_frame_equal(found, rows, check_dtype=False, rtol=1e-8)
    joined = scores_of_runs([tmp_path / "metrics.tsv"], [{"run": "p", "seed": 1}])
    assert (joined["seed"] == 1).all()
    assert len(joined) == len(rows)


def test_sums_survive_the_file(tmp_path):
    store = FakeStore()
    first = evaluated(store, Noisy(store, 32), smoothing=[8, 32])
    first.save(tmp_path / "sums.npz")
    again = Evaluation.load(tmp_path / "sums.npz")
    weights = np.array([[1, 0, 2, 1, 1], [0, 3, 0, 2, 0]])
    for one in (None, weights):
        for name in ("pearson_r", "spearman_r", "mse", "r2", "jensen_shannon"):
            expected = first.score(name, 32, "scaled", one)
            np.testing.assert_array_equal(again.score(name, 32, "scaled", one), expected)
    alone = Evaluation.load(tmp_path / "sums.npz", 96)
    assert alone.score("mse", 96)[0] == first.score("mse", 96)[0]
    assert not alone.smoothed
    assert {size for _, size in alone.sums} == {96}
    assert again.blocks == alone.blocks == 5
    assert (again.predictor, again.targets, again.bin_sizes) == ("p", ["a", "b"], [32, 96, 192])


def test_weights_of_blocks_equal_repeated_inputs():
    # A genome in which block 0 stands twice and block 1 is missing, scored by itself.
    store = FakeStore(tiles=8)
    predictor = Noisy(store, 32)
    found = evaluated(store, predictor, bin_sizes=[32, 96])
    drawn = np.concatenate([np.arange(2), np.arange(2), np.arange(4, 8)])
    truth, prediction = (
        coarsen(values.reshape(8, LENGTH, TARGETS)[drawn].astype(float), 32)
        for values in (store.coverage, predictor.values)
    )
    weights = np.array([[2, 0, 1, 1]])
    for t in range(TARGETS):
        x, y = truth[..., t].ravel(), prediction[..., t].ravel()
        of = {name: found.score(name, 32, weights=weights)[0, t] for name in ("pearson_r", "mse")}
        assert of["pearson_r"] == pytest.approx(pearsonr(x, y).statistic, abs=1e-12)
        assert of["mse"] == pytest.approx(((x - y) ** 2).mean())
        each = [
            pearsonr(a, b).statistic for a, b in zip(truth[..., t], prediction[..., t], strict=True)
        ]
        r = found.score("pearson_r_per_sequence", 32, weights=weights)[0, t]
        assert r == pytest.approx(np.mean(each), abs=1e-12)
        rho = found.score("spearman_r", 32, weights=weights)[0, t]
        assert rho == pytest.approx(spearmanr(x, y).statistic, abs=0.03)  # 32 levels


def test_an_offset_of_the_data_costs_no_digits():
    # Pitfall 9: one-pass float32 sums give r above 2 for a mean of 100.
    store = FakeStore(offset=100.0)
    predictor = Noisy(store, 8)
    found = scores(store, predictor).loc[("a", 8, "raw")]
    truth = store.coverage[:, 0].astype(float).reshape(-1, 8).mean(axis=1)
    prediction = predictor.values[:, 0].astype(float).reshape(-1, 8).mean(axis=1)
    assert found.pearson_r == pytest.approx(pearsonr(truth, prediction).statistic, abs=1e-9)
    assert found.r2 == pytest.approx(r2_score(truth, prediction), abs=1e-9)


def test_float16_predictions_change_r_by_less_than_a_millionth():
    class Half(Noisy):
        def predict(self, inputs):
            return super().predict(inputs).astype(np.float16)

    class Wide(Noisy):
        def predict(self, inputs):
            return super().predict(inputs).astype(np.float16).astype(np.float64)

    store = FakeStore()
    half, wide = (scores(store, kind(store, 8)).pearson_r for kind in (Half, Wide))
    np.testing.assert_allclose(half, wide, atol=1e-6, rtol=0)


def test_the_factor_of_other_inputs_scales_the_prediction():
    store = FakeStore()
    predictor = Noisy(store, 8)
    factor = validation_factor(predictor, inputs_of(FakeStore()), 4)
    np.testing.assert_allclose(
        factor, store.coverage.mean(axis=0, dtype=float) / predictor.values.mean(axis=0), rtol=1e-3
    )
    found = scores(store, predictor, factor=2 * factor).loc["a"]
    truth = store.coverage[:, 0].astype(float).reshape(-1, 8).mean(axis=1)
    prediction = 2 * factor[0] * predictor.values[:, 0].astype(float).reshape(-1, 8).mean(axis=1)
    row = found.loc[(8, "scaled_valid")]
    assert row.mse == pytest.approx(((truth - prediction) ** 2).mean())
    r = pearsonr(np.log1p(truth), np.log1p(prediction)).statistic
    assert row.pearson_r_log1p == pytest.approx(r, abs=1e-12)
    assert row.scale_factor == pytest.approx(2 * factor[0])


def test_logits_have_correlations_alone():
    store = FakeStore()
    found = scores(store, Noisy(store, 96), of_coverage=False).loc[("mean", 96, "raw")]
    assert np.isfinite([found.pearson_r, found.spearman_r]).all()
    assert np.isnan([found.mse, found.r2, found.poisson_nll, found.jensen_shannon]).all()
    assert np.isnan([found.pearson_r_log1p, found.scale_factor]).all()


@pytest.mark.parametrize("left_out", [(), (3, 6)])
@pytest.mark.parametrize("batch_size", [1, 2, 64])
@pytest.mark.parametrize("own", [1, 48])
def test_smoothing_equals_a_moving_average_within_stretches(left_out, batch_size, own):
    store = FakeStore(tiles=12)
    predictor = Noisy(store, own)
    inputs = inputs_of(store, left_out)
    widths = [1, 7, 32, 192]
    found = evaluate(
        "p", predictor, inputs, bin_sizes=[own], batch_size=batch_size, smoothing=widths
    )
    repeated = np.repeat(coarsen(predictor.values[None], own)[0], own, axis=0)
    gaps = np.flatnonzero(~inputs.follows[1:-1]) + 1
    for width in widths:
        parts = []
        for stretch in np.split(inputs.tiles.start, gaps):
            part = slice(stretch[0], stretch[-1] + LENGTH)
            parts.append([moving_average(side[part], width) for side in (store.coverage, repeated)])
        truth, prediction = (np.concatenate(side) for side in zip(*parts, strict=True))
        for t in range(TARGETS):
            r = pearsonr(truth[:, t], prediction[:, t]).statistic
            mse = ((truth[:, t] - prediction[:, t]) ** 2).mean()
            assert found.smoothed_score("pearson_r", width, "raw")[t] == pytest.approx(r, abs=1e-9)
            assert found.smoothed_score("mse", width, "raw")[t] == pytest.approx(mse)


def moving_average(values, width):
    """Average [i - width // 2, i - width // 2 + width), as far as there are values."""
    values = values.astype(float)
    first = np.arange(len(values)) - width // 2
    return np.array(
        [values[max(at, 0) : max(at, 0) + width + min(at, 0)].mean(axis=0) for at in first]
    )


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small study with its store."""
    study = SmallStudy(tmp_path_factory.mktemp("small"))
    make_store(study.folder / "store", **study.arguments())
    return study, Store(study.folder / "store")


def read_inputs(store):
    inputs = tiled_inputs(store)
    return Inputs(inputs.tiles.chrom, inputs.tiles.start, inputs.sequence(slice(None)))


def test_replicate_2_is_read_where_the_inputs_are(small):
    study, store = small
    inputs = read_inputs(store)
    found = ReplicatePredictor(store).predict(inputs)
    assert len(found) > 10
    for start, values in zip(inputs.start, found, strict=True):
        expected = np.nan_to_num(study.replicate2["chr8"][start : start + 64])
        np.testing.assert_allclose(values[:, [0, 2]], expected[:, [0, 2]], rtol=1e-3, atol=1e-6)
        assert np.isnan(values[:, 1]).all()


def test_a_bigwig_is_a_predictor(small):
    study, store = small
    inputs = read_inputs(store)
    paths = {"c": str(study.folder / "c.bw")}
    found = BigWigPredictor(store, paths).predict(inputs)
    for start, values in zip(inputs.start, found, strict=True):
        expected = np.nan_to_num(study.coverage["chr8"][start : start + 64, 2])
        np.testing.assert_array_equal(values[:, 2], expected)
        assert np.isnan(values[:, :2]).all()


def test_a_single_input_has_scores_and_no_intervals():
    store = FakeStore(tiles=1)
    store.table = lambda kind: {
        name: np.zeros(0, int) for name in ("chrom", "target", "start", "end")
    }
    found = evaluated(store, Noisy(store, 8), smoothing=[8, 32])
    tables = Tables(found, inputs_of(store), 100, 0)
    rows = tables.metrics().query("scaling == 'raw' and evaluated_bin_size == 8")
    assert rows["pearson_r"].notna().all()
    assert rows["pearson_r_low"].isna().all()
    for name in ("smoothing", "thresholds", "high_activity", "strata"):
        assert len(getattr(tables, name)())
    assert tables.classification("tiled")["auroc"].isna().all()


def test_chromosomes_that_are_numbers_are_read_as_text(tmp_path):
    (tmp_path / "a.tsv").write_text("predictor\tchrom\tstart\na\t5\t1\n")
    assert read_scores([tmp_path / "a.tsv"])["chrom"].tolist() == ["5"]
