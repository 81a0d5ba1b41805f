"""The variation score equals closed forms and an explicit loop, on the windows that it is for."""

import json
from pathlib import Path
from statistics import fmean, pstdev

import keras
import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.stats import pearsonr
from small_genome import WINDOWS, SmallStudy

from epibench.data.make_store import make_store
from epibench.data.settings import WindowSettings
from epibench.data.store import Store
from epibench.data.windows import Tiles, tiled_windows
from epibench.errors import InputError
from epibench.evaluate import variation as variation_module
from epibench.evaluate.evaluate import coarsen
from epibench.evaluate.scores import scores_of_runs
from epibench.evaluate.variation import (
    COLUMNS,
    agreement,
    common_bin_size,
    crop_offsets,
    score_variation,
    variation,
    variation_on_grid,
)
from epibench.experiments import augmentation
from epibench.make_plan import make_plan
from epibench.protocol import PROTOCOL
from epibench.run_predictor import RunPredictor

LENGTH, INPUT = 96, 64
ROOM = LENGTH - INPUT
REGION = slice(ROOM, INPUT)
SETTINGS = {"crops": 20, "seed": 1}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Give a store whose targets a and b have peaks and c has none."""
    study = SmallStudy(tmp_path_factory.mktemp("variation"))
    make_store(study.folder / "store", **study.arguments())
    return Store(study.folder / "store")


class Fixed:
    """Predict values of the genome's positions: the same wherever the input starts."""

    def __init__(self, bin_size=1, shift=0.0):
        self.bin_size = bin_size
        self.values = np.random.default_rng(4).gamma(2.0, 1.0, (4000, 3)) + shift

    def predict(self, inputs):
        rows = inputs.start[:, None] + np.arange(INPUT)
        return coarsen(self.values[rows], self.bin_size)


class Ramp:
    """Predict 1 at the first position of the input, 2 at the second and so on."""

    bin_size = 1

    def predict(self, inputs):
        ramp = np.arange(1.0, INPUT + 1)
        return np.broadcast_to(ramp[None, :, None], (len(inputs.start), INPUT, 3))


class Noise:
    """Predict noise that depends on where the input starts, and note what is asked for."""

    def __init__(self, bin_size, lowest=0.0):
        self.bin_size, self.lowest, self.asked = bin_size, lowest, []

    def predict(self, inputs):
        self.asked += inputs.start.tolist()
        return np.stack([self.at(start) for start in inputs.start])

    def at(self, start):
        rng = np.random.default_rng(int(start))
        return rng.uniform(self.lowest, 2.0, (INPUT // self.bin_size, 3)).astype(np.float32)


def scored(predictor, store, **settings) -> pd.DataFrame:
    return score_variation("p", predictor, store, SETTINGS | settings).set_index("target")


def of_target(store, target) -> np.ndarray:
    """Give the starts of the test windows with a peak of a target."""
    windows = tiled_windows(store, "test")
    return windows.start[windows.labels[:, store.targets.index(target)] == 1]


def offsets_of(store, starts, seed=1) -> np.ndarray:
    chrom = np.full(len(starts), list(store.chromosomes).index("chr8"), np.int16)
    return crop_offsets(store, Tiles(chrom, starts, starts), ROOM, 20, seed)


def test_a_predictor_that_moves_with_the_genome_scores_zero(store):
    assert scored(Fixed(), store)["variation_score"].to_numpy() == pytest.approx(0, abs=1e-12)


def test_bins_that_move_with_the_input_vary_by_themselves(store):
    found = [scored(Fixed(size), store).loc["mean", "variation_score"] for size in (1, 2, 8)]
    assert found[0] < 1e-12 < 0.05 < found[1]
    assert found[2] < 1
    coarse = pd.concat([scored(Fixed(size), store) for size in (2, 8)])
    assert coarse["evaluated_bin_size"].unique().tolist() == [2, 8]


def test_a_predictor_that_knows_only_its_input_has_a_closed_form(store):
    # At a position p of the window a crop from o predicts 1 + p - o, so only o varies.
    found = scored(Ramp(), store)
    for target in "ab":
        offsets = offsets_of(store, of_target(store, target))
        positions = 1 + np.arange(ROOM, INPUT).mean()
        expected = (offsets.std(axis=1) / (positions - offsets.mean(axis=1))).mean()
        assert found.loc[target, "variation_score"] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("bin_size", [1, 4, 16, 64])
def test_pitfall_13_the_score_equals_an_explicit_loop_over_windows_with_a_peak_of_the_target(
    store, bin_size
):
    predictor = Noise(bin_size)
    found = scored(predictor, store)
    for t, target in ((0, "a"), (1, "b")):
        starts = of_target(store, target)
        scores, within = [], []
        for start, offsets in zip(starts, offsets_of(store, starts), strict=True):
            crops = [predictor.at(start + offset)[:, t] for offset in offsets]
            columns = [
                [float(crop[(p - o) // bin_size]) for crop, o in zip(crops, offsets, strict=True)]
                for p in range(32, 64)
            ]
            scores.append(fmean(map(pstdev, columns)) / fmean(map(fmean, columns)))
            here = store.offset("chr8", np.array([start + 16]), INPUT)[0]
            truth = store.coverage[here : here + INPUT, t].astype(float)
            truth = truth.reshape(-1, bin_size).mean(axis=1)
            if np.ptp(truth) > 0:
                within.append(pearsonr(truth, predictor.at(start + 16)[:, t]).statistic)
        row = found.loc[target]
        assert row["variation_score"] == pytest.approx(fmean(scores), rel=1e-9)
        assert row["test_windows"] == len(starts) > 3
        assert row["constant_truth"] == len(starts) - len(within)
        if within:
            assert row["pearson_r_per_sequence"] == pytest.approx(fmean(within), abs=1e-6)
        else:
            assert np.isnan(row["pearson_r_per_sequence"])
    for score in ("variation_score", "pearson_r_per_sequence"):
        mean = found.loc[["a", "b"], score].mean()
        assert found.loc["mean", score] == pytest.approx(mean, rel=1e-12, nan_ok=True)
    assert found.loc["mean", "targets"] == 2


COMMON = 8
OF_ALL_BIN_SIZES = [
    "variation_score_common",
    "reverse_complement_difference",
    "reverse_complement_r",
]


@pytest.mark.parametrize(
    ("length", "input_length", "expected"), [(3072, 2048, 256), (96, 64, 8), (90, 60, 6), (6, 4, 1)]
)
def test_the_common_grid_has_four_cells_of_a_width_that_divides_the_input(
    length, input_length, expected
):
    windows = WindowSettings(length=length, input_length=input_length)
    assert common_bin_size(windows) == expected


def test_the_same_prediction_has_the_same_common_scores_at_every_bin_size(store):
    found = {size: scored(Fixed(size), store) for size in (1, 2, 4, 8, 16)}
    for size in (2, 4, 8):
        same = found[size][OF_ALL_BIN_SIZES]
        pd.testing.assert_frame_equal(same, found[1][OF_ALL_BIN_SIZES], rtol=1e-9)
    own = [found[size].loc["mean", "variation_score"] for size in (1, 2, 4, 8)]
    assert own[0] < 1e-12 < 0.05 < min(own[1:])  # the paper's score depends on the bin size
    assert max(own[1:]) > 1.5 * min(own[1:])
    assert (found[1]["common_bin_size"] == COMMON).all()
    assert found[16][OF_ALL_BIN_SIZES].isna().all(axis=None)  # 16 does not divide 8
    assert found[16]["variation_score"].notna().all()


def test_coverage_with_a_straight_slope_moves_with_the_genome_and_has_a_common_score_of_zero():
    offsets = np.arange(ROOM + 1)[None]
    for bin_size in (1, 2, 8):
        positions = offsets[0][:, None] + np.arange(INPUT)
        slope = coarsen(5.0 + positions[..., None], bin_size)[None]
        on_grid = variation_on_grid(slope, offsets, bin_size, COMMON, REGION)
        assert on_grid == pytest.approx(0, abs=1e-12)
        assert (variation(slope, offsets, bin_size, REGION) > 0.001) == (bin_size > 1)


@pytest.mark.parametrize("bin_size", [1, 4, 8])
def test_the_common_score_equals_an_explicit_loop_over_the_cells_of_the_genome(store, bin_size):
    predictor = Noise(bin_size)
    found = scored(predictor, store)
    starts = of_target(store, "a")
    scores = []
    for start, offsets in zip(starts, offsets_of(store, starts), strict=True):
        cells = []
        for offset in offsets:
            fine = np.repeat(predictor.at(start + offset)[:, 0].astype(float), bin_size)
            cut = np.full(LENGTH, np.nan)
            for first in range(0, INPUT, COMMON):
                cut[offset + first : offset + first + COMMON] = fine[first : first + COMMON].mean()
            cells.append([cut[p : p + COMMON].mean() for p in range(ROOM, INPUT, COMMON)])
        columns = np.array(cells).T.tolist()
        scores.append(fmean(map(pstdev, columns)) / fmean(map(fmean, columns)))
    assert found.loc["a", "variation_score_common"] == pytest.approx(fmean(scores), rel=1e-9)


def test_a_predictor_that_does_not_look_at_the_sequence_disagrees_with_its_flipped_self(store):
    # Bins of 8 predict 4.5, 12.5, ... 60.5 whatever the strand; flipped they are 60.5 ... 4.5.
    found = scored(Ramp(), store)
    assert found["reverse_complement_r"].to_numpy() == pytest.approx(-1, rel=1e-12)
    assert found["reverse_complement_difference"].to_numpy() == pytest.approx(32 / 32.5, rel=1e-12)


@pytest.mark.parametrize("bin_size", [1, 8])
def test_a_predictor_of_both_strands_agrees_where_its_targets_are_swapped(
    store, monkeypatch, bin_size
):
    class Bases:
        """Target a is where A is, b where T is, c where either is."""

        def predict(self, inputs):
            a, t = inputs.sequence == 0, inputs.sequence == 3
            return coarsen(np.stack([a, t, a | t], axis=-1).astype(float), self.bin_size)

    predictor = Bases()
    predictor.bin_size = bin_size
    unpaired = scored(predictor, store).loc["a"]
    monkeypatch.setattr(store, "strand_pairs", np.array([1, 0, 2]))
    paired = scored(predictor, store).loc[["a", "b"]]
    assert paired["reverse_complement_difference"].to_numpy() == pytest.approx(0, abs=1e-12)
    assert paired["reverse_complement_r"].to_numpy() == pytest.approx(1, rel=1e-12)
    assert unpaired["reverse_complement_difference"] > 0.1
    assert unpaired["reverse_complement_r"] < 0.9


def test_agreement_equals_scipy_and_is_undefined_for_what_has_no_level_or_spread():
    both = np.random.default_rng(3).gamma(2.0, 1.0, (2, 7, 8))
    difference, r = agreement(both)
    assert r == pytest.approx(pearsonr(both[0].ravel(), both[1].ravel()).statistic, rel=1e-12)
    loops = sum(abs(x - y) for x, y in zip(both[0].ravel(), both[1].ravel(), strict=True))
    assert difference == pytest.approx(2 * loops / both.sum(), rel=1e-12)
    assert np.isnan(agreement(np.ones((2, 3, 8)))[1])
    assert agreement(np.ones((2, 3, 8)))[0] == 0
    assert np.isnan(agreement(-both)[0])


def test_a_target_without_peaks_is_left_out_and_said(store, capsys):
    assert scored(Ramp(), store).index.tolist() == ["a", "b", "mean"]
    assert "targets without peaks, left out: c" in capsys.readouterr().out


def test_only_windows_with_a_peak_are_predicted_at_every_offset_and_the_centre(store):
    predictor = Noise(16)
    scored(predictor, store)
    starts = np.unique(np.concatenate([of_target(store, target) for target in "ab"]))
    expected = np.hstack([offsets_of(store, starts), np.full((len(starts), 1), 16)])
    crops = (starts[:, None] + expected).ravel().tolist()
    assert predictor.asked == crops + (starts + 16).tolist()  # the reverse complements come last


def test_crops_do_not_depend_on_what_is_read_at_once_or_other_windows(store, monkeypatch):
    found = {}
    for at_once, bin_size in ((1, 4), (3, 4), (64, 16)):
        monkeypatch.setattr(variation_module, "READ_AT_ONCE", at_once)
        predictor = Noise(bin_size)
        found[at_once] = scored(predictor, store), predictor.asked
    assert sorted(found[1][1]) == sorted(found[3][1]) == sorted(found[64][1])
    pd.testing.assert_frame_equal(found[1][0], found[3][0], rtol=1e-12)
    starts = of_target(store, "a")
    np.testing.assert_array_equal(offsets_of(store, starts)[2:4], offsets_of(store, starts[2:4]))
    assert (offsets_of(store, starts, seed=2) != offsets_of(store, starts)).any(axis=1).all()


def test_both_ends_of_the_range_are_drawn_and_all_are_as_frequent(store):
    starts = np.arange(1000)
    chrom = np.zeros(1000, np.int16)
    offsets = crop_offsets(store, Tiles(chrom, starts, starts), 3, 20, 1)
    counts = np.bincount(offsets.ravel())
    assert len(counts) == 4  # 0, 1, 2, 3
    assert (abs(counts - 5000) < 5 * np.sqrt(20_000 * 0.25 * 0.75)).all()


def test_pitfall_12_the_common_region_is_half_open():
    assert WindowSettings().common_region() == slice(1024, 2048)  # 1,024 bp
    assert WINDOWS.common_region() == REGION
    # 4-bp inputs of a 6-bp window share positions 2 and 3; 1 and 4 hold values that would show.
    prediction = np.array([[[9, 9, 1, 3], [1, 3, 9, 9]]], float)[..., None]
    assert variation(prediction, np.array([[0, 2]]), 1, slice(2, 4)).tolist() == [[0.0]]


def test_windows_without_a_positive_mean_are_left_out_and_counted(store):
    # A linear output can predict below zero everywhere, which has no score.
    predictor = Noise(16, lowest=-2.0)
    found = scored(predictor, store)
    for t, target in ((0, "a"), (1, "b")):
        starts = of_target(store, target)
        crops = [
            np.stack([predictor.at(start + o)[:, t] for o in offsets])[None, ..., None]
            for start, offsets in zip(starts, offsets_of(store, starts), strict=True)
        ]
        each = [
            variation(crop, offsets[None], 16, REGION).item()
            for crop, offsets in zip(crops, offsets_of(store, starts), strict=True)
        ]
        row = found.loc[target]
        assert 0 < row["windows_without_score"] == np.isnan(each).sum() < len(starts)
        assert row["test_windows"] == len(starts)
        assert row["variation_score"] == pytest.approx(np.nanmean(each), rel=1e-9)
    nothing = scored(Fixed(shift=-1000), store)
    assert nothing["variation_score"].isna().all()
    assert (nothing["windows_without_score"] == nothing["test_windows"]).all()
    assert nothing.loc["mean", "targets"] == 0


def test_a_constant_prediction_is_robust_and_has_an_r_of_zero(store):
    class Constant(Ramp):
        def predict(self, inputs):
            return np.full((len(inputs.start), INPUT, 3), 0.7, np.float32)

    found = scored(Constant(), store)
    assert found["variation_score"].to_numpy() == pytest.approx(0, abs=1e-12)
    assert (found["pearson_r_per_sequence"] == 0).all()
    varies = found["test_windows"] - found["constant_truth"]
    assert (found["constant_prediction"] == varies).all()


def test_the_checksum_follows_windows_labels_and_crops(store, tmp_path):
    def of(name=None, peaks=None, **settings):
        made = store
        if name:
            other = SmallStudy(tmp_path)
            other.peaks |= peaks
            other._write()
            make_store(tmp_path / name, **other.arguments())
            made = Store(tmp_path / name)
        return scored(Ramp(), made, **settings).loc["mean", "test_set"]

    first = of()
    assert len(first) == 12
    assert of("same", {}) == first
    assert of(crops=10) != first
    assert of(seed=2) != first
    swapped = SmallStudy(tmp_path).peaks
    assert of("swapped", {"a": swapped["b"], "b": swapped["a"]}) != first


def test_a_test_split_without_peaks_is_refused(tmp_path):
    study = SmallStudy(tmp_path)
    study.peaks = {name: [p for p in kept if p[0] != "chr8"] for name, kept in study.peaks.items()}
    study._write()
    windows = WINDOWS.model_copy(update={"peaks": False})
    make_store(tmp_path / "store", **study.arguments() | {"windows": windows})
    with pytest.raises(InputError, match=r"none of the \d+ tiled windows .* has a peak"):
        scored(Ramp(), Store(tmp_path / "store"))


@pytest.mark.parametrize("input_length", [96, 48, 32])
def test_windows_that_leave_no_room_or_nothing_in_common_are_refused(tmp_path, input_length):
    study = SmallStudy(tmp_path)
    arguments = study.arguments()
    arguments["windows"] = WINDOWS.model_copy(update={"input_length": input_length})
    make_store(tmp_path / "store", **arguments)
    with pytest.raises(InputError, match=rf"windows.length = 96 .*input_length = {input_length}"):
        scored(Ramp(), Store(tmp_path / "store"))


def test_pitfall_11_a_saved_model_is_scored_up_to_the_experiments_table(store, tmp_path):
    keras.utils.set_random_seed(5)
    inputs = keras.Input((INPUT, 4))
    wide = keras.layers.Conv1D(3, 9, padding="same", activation="softplus")(inputs)
    keras.Model(inputs, keras.layers.AveragePooling1D(16)(wide)).save(tmp_path / "model.keras")
    settings = {"bin_size": 16, "loss": "mse", "builder": "bpnet"}
    record = {"settings": settings, "scale": [2.0, 1.0, 1.0], "known": [True] * 3}
    record["targets"] = ["a", "b", "c"]
    record |= {"predict_batch_size": 8}
    (tmp_path / "run.json").write_text(json.dumps(record))
    run = {"run": "p", "model": "m", "windows": "peaks", "loss": "mse", "bin_size": 16}
    run |= {"augmentation": "rc", "seed": 1}
    found = score_variation("p", RunPredictor(tmp_path), store, SETTINGS)
    assert list(found) == COLUMNS
    found.to_csv(tmp_path / "variation.tsv", sep="\t", index=False)
    table = augmentation.table(scores_of_runs([tmp_path / "variation.tsv"], [run]))
    assert table.loc[0, "variation_score"] == found["variation_score"].iloc[-1] > 0
    assert table.loc[0, "windows"] == "peaks"


def test_the_score_changes_only_with_its_protocol(store):
    # Raise PROTOCOL["score_variation"] where a change is meant, and replace the numbers.
    assert PROTOCOL["score_variation"] == 2
    found = scored(Noise(16), store).loc["mean", ["variation_score", "pearson_r_per_sequence"]]
    np.testing.assert_allclose(found.astype(float), [0.566717146, 0.153648610], rtol=1e-7)


ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"windows": {"length": 2048}}, "windows.length = 2048 is not between"),
        ({"windows": {"length": 4096}}, "windows.length = 4096 is not between"),
        (
            {"simulation": None, "samples": "samples.tsv", "genome": {"fasta": "genome.fa"}},
            "experiments.augmentation scores windows with a peak, but no target has peaks; "
            "name them in samples.tsv or set `enabled: false`",
        ),
    ],
)
def test_a_study_that_cannot_have_the_score_is_refused_before_anything_runs(
    tmp_path, monkeypatch, changes, expected
):
    config = yaml.safe_load((ROOT / "tests" / "studies" / "tiny.yaml").read_text())
    config["windows"]["peaks"] = False
    config["experiments"] = {"augmentation": config["experiments"]["augmentation"]}
    windows = config["windows"] | changes.get("windows", {})
    config |= changes | {"windows": windows}
    monkeypatch.chdir(tmp_path)
    (tmp_path / "samples.tsv").write_text("target\ttrack\na\ta.bw\n")
    (tmp_path / "resources").symlink_to(ROOT / "resources")
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(InputError) as error:
        make_plan(config, ["study.yaml"])
    assert str(error.value).startswith("study.yaml: ")
    assert expected in str(error.value)
