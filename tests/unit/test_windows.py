"""Windows: tiling, peak-centred windows, labels, and the views of a store."""

from itertools import pairwise

import numpy as np
import pytest
from small_genome import SIZES, SmallStudy

from epibench.data.intervals import complement, count_within, mark, runs, tile
from epibench.data.make_store import make_store
from epibench.data.peaks import label_windows, merge_peaks
from epibench.data.store import Store
from epibench.data.windows import fingerprint, select, tile_inputs, tiled_windows, training_means
from epibench.errors import InputError


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return SmallStudy(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def store(study):
    make_store(study.folder / "store", **study.arguments())
    return Store(study.folder / "store")


def test_runs_and_complement_undo_each_other():
    rng = np.random.default_rng(0)
    for share in (0, 0.1, 0.5, 0.9, 1):
        mask = rng.random(200) < share
        found = runs(mask)
        np.testing.assert_array_equal(mark(found, 0, 200), mask)
        np.testing.assert_array_equal(mark(complement(found, 200), 0, 200), ~mask)
        np.testing.assert_array_equal(mark(found, 30, 77), mask[30:77])


def test_counting_within_intervals_equals_counting_positions():
    rng = np.random.default_rng(1)
    for share in (0, 0.2, 0.8):
        mask = np.repeat(rng.random(60) < share, 5)
        starts = rng.integers(0, 280, 50)
        expected = [mask[s : s + 20].sum() for s in starts]
        np.testing.assert_array_equal(count_within(starts, 20, runs(mask)), expected)


def test_every_stretch_is_tiled_from_its_start():
    stretches = np.array([[3, 14], [20, 24], [30, 38]])
    np.testing.assert_array_equal(tile(stretches, 4, 4), [3, 7, 20, 30, 34])
    np.testing.assert_array_equal(tile(stretches, 4, 3), [3, 6, 9, 20, 30, 33])
    assert tile(stretches, 12, 12).shape == (0,)


def merge_slowly(anchors, targets, length, max_overlap):
    """Merge as Basset's preprocess_features.py does: a list, searched anew for every merge."""
    windows = [(a, {t}) for a, t in sorted(zip(anchors, targets, strict=True))]
    while len(windows) > 1:
        overlaps = [length - (b[0] - a[0]) for a, b in pairwise(windows)]
        i = int(np.argmax(overlaps))
        if overlaps[i] <= max_overlap:
            break
        (a, s), (b, t) = windows[i : i + 2]
        centre = int(0.5 + np.average([a, b], weights=[1 + len(s), 1 + len(t)]))
        windows[i : i + 2] = [(centre, s | t)]
    return [centre - length // 2 for centre, _ in windows]


@pytest.mark.parametrize(("span", "count"), [(3000, 30), (2000, 80), (500, 60), (40, 40)])
def test_peak_windows_equal_a_slow_merge(span, count):
    for seed in range(6):
        rng = np.random.default_rng(seed)
        anchors, targets = rng.integers(0, span, count), rng.integers(0, 4, count)
        found = merge_peaks(anchors, targets, 101, 20)
        assert found.tolist() == merge_slowly(anchors.tolist(), targets.tolist(), 101, 20)
        assert (np.diff(found) >= 101 - 20).all()


@pytest.mark.parametrize(
    ("anchors", "targets", "expected"),
    [
        ([1000], [0], [900]),
        ([1000, 1150], [0, 0], [900, 1050]),  # overlap 50: not more than 50
        ([1000, 1149], [0, 0], [975]),  # overlap 51; the mean of 1000 and 1149 is rounded up
        ([1000, 1000, 1100], [0, 1, 0], [940]),  # weights 3 and 2: centre 1040
        ([1000, 1100, 1200, 1300], [0, 0, 0, 0], [950, 1150]),  # a chain breaks at its middle
        ([40, 60], [0, 0], [-50]),  # reaches before the chromosome: left to the caller
    ],
)
def test_peak_windows_of_hand_made_cases(anchors, targets, expected):
    assert merge_peaks(np.array(anchors), np.array(targets), 200, 50).tolist() == expected


def test_no_peaks_give_no_windows():
    assert merge_peaks(np.zeros(0, int), np.zeros(0, int), 200, 50).shape == (0,)


def test_labels_equal_the_overlap_rule():
    rng = np.random.default_rng(2)
    starts = np.unique(rng.integers(0, 900, 60))
    first = rng.integers(0, 900, 40)
    last = first + rng.integers(1, 120, 40)
    found = label_windows(starts, 50, first, last)
    for start, label in zip(starts, found, strict=True):
        overlap = np.minimum(last, start + 50) - np.maximum(first, start)
        half = (2 * overlap >= last - first) | (2 * overlap >= 50)
        assert label == (half & (overlap > 0)).any()
    assert 0 < found.mean() < 1


def test_exactly_half_of_the_peak_or_of_the_input_is_enough():
    def label(start, end):
        return label_windows(np.array([100]), 40, np.array([start]), np.array([end])).tolist()

    assert label(95, 105) == [1]  # 5 of 10 bp of the peak
    assert label(94, 104) == [0]
    assert label(0, 120) == [1]  # 20 of 40 bp of the input
    assert label(0, 119) == [0]
    assert label_windows(np.array([100]), 40, *np.zeros((2, 0), int)).tolist() == [0]


def test_a_threshold_is_strict_and_a_view(study, store):
    tiled = store.table("windows")
    for name, threshold in (("threshold2", 2.0), ("threshold4", 4.0)):
        for number, split in enumerate(("train", "valid", "test")):
            windows = select(store, name, split)
            assert (windows.maximum.max(axis=1) > threshold).all()
            kept = (tiled["maximum"].max(axis=1) > threshold) & (tiled["split"] == number)
            assert len(windows) == kept.sum() == store.summary["windows"][name][split]
    assert (tiled["maximum"].max(axis=1) == 2).sum() == 3
    assert 0 < len(select(store, "threshold4", "train")) < len(select(store, "threshold2", "train"))


@pytest.mark.parametrize("window_set", ["threshold2", "threshold4", "peaks"])
def test_windows_hold_the_data_of_their_place(study, store, window_set):
    names = list(store.chromosomes)
    for split in ("train", "valid", "test"):
        windows = select(store, window_set, split)
        for i in range(len(windows)):
            here = slice(windows.start[i], windows.start[i] + 96)
            there = slice(windows.offset[i], windows.offset[i] + 96)
            expected = np.nan_to_num(study.coverage[names[windows.chrom[i]]][here])
            np.testing.assert_array_equal(store.coverage[there], expected.astype(np.float16))
            np.testing.assert_allclose(windows.mean[i], expected.mean(axis=0), rtol=1e-5)
            np.testing.assert_array_equal(windows.maximum[i], expected.max(axis=0))


def test_all_tiled_windows_of_a_split_whatever_their_coverage(store):
    table = store.table("windows")
    for number, split in ((1, "valid"), (2, "test")):
        windows = tiled_windows(store, split)
        here = table["split"] == number
        np.testing.assert_array_equal(windows.start, table["start"][here])
        np.testing.assert_array_equal(windows.labels, table["labels"][here])
        covered = set(select(store, "threshold2", split).start)
        assert covered < set(windows.start)
    with pytest.raises(InputError, match="not stored whole"):
        tiled_windows(store, "train")
    with pytest.raises(InputError, match="no split 'all'"):
        tiled_windows(store, "all")


def test_an_undeclared_set_and_an_unknown_split_are_refused(store):
    with pytest.raises(InputError, match=r"'threshold1' .*declared: threshold2, threshold4, peaks"):
        select(store, "threshold1", "train")
    with pytest.raises(InputError, match="no split 'validation'"):
        select(store, "peaks", "validation")


def test_test_chromosomes_are_tiled_whole(study, store):
    tiles = tile_inputs(store, "test", 64)
    expected = [*range(0, 1500 - 63, 64), *range(1501, SIZES["chr8"] - 63, 64)]
    assert tiles.start.tolist() == expected
    assert set(tiles.chrom) == {list(store.chromosomes).index("chr8")}
    for start, offset in zip(tiles.start, tiles.offset, strict=True):
        text = study.sequence["chr8"][start : start + 64].upper()
        assert "".join("ACGTN"[c] for c in store.sequence[offset : offset + 64]) == text


def test_inputs_rich_in_n_are_left_out(tmp_path):
    study = SmallStudy(tmp_path)
    text = study.sequence["chr8"]
    study.sequence["chr8"] = text[:640] + "N" * 3 + text[643:704] + "N" * 4 + text[708:]
    study._write()
    make_store(tmp_path / "store", **study.arguments())
    start = tile_inputs(Store(tmp_path / "store"), "test", 64).start
    assert 640 in start  # 3 of 64: below 5 %
    assert 704 not in start


def test_training_chromosomes_cannot_be_tiled(store):
    with pytest.raises(InputError, match="not stored whole"):
        tile_inputs(store, "train", 64)
    with pytest.raises(InputError, match="no input of 3000 bp fits"):
        tile_inputs(store, "test", 3000)


def test_the_fingerprint_follows_the_test_data_alone(tmp_path, study, store):
    def of(name, change=None, **keys):
        other = SmallStudy(tmp_path)
        if change:
            other.coverage[change][40, 0] += 1
            other._write()
        arguments = other.arguments() | keys
        make_store(tmp_path / name, **arguments)
        made = Store(tmp_path / name)
        return fingerprint(made, tile_inputs(made, "test", 64), 64)

    expected = fingerprint(store, tile_inputs(store, "test", 64), 64)
    assert len(expected) == 12
    assert of("same") == expected
    assert of("train", "chr1") == expected
    assert (
        of(
            "fewer_chromosomes",
            splits=study.arguments()["splits"].model_copy(update={"train": ["chr2"]}),
        )
        == expected
    )
    assert of("test", "chr8") != expected
    assert of("targets", targets=study.arguments()["targets"][:1]) != expected
    assert fingerprint(store, tile_inputs(store, "test", 32), 32) != expected


def test_training_means(study, store):
    windows = select(store, "threshold2", "train")
    total = sum(store.coverage[o : o + 96].astype(float).sum(axis=0) for o in windows.offset)
    found = training_means(store, windows)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, total / (96 * len(windows)), rtol=1e-3)
    windows.mean[:, 1] = 0
    with pytest.raises(InputError, match="target b has the mean coverage 0"):
        training_means(store, windows)
