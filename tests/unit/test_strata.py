"""Strata, blocks and labels of the tiled inputs against slow counting."""

import numpy as np
import pytest
from small_genome import SmallStudy

from epibench.data.make_store import make_store
from epibench.data.store import Store
from epibench.data.windows import Tiles, tiled_windows
from epibench.evaluate.input_set import assign_blocks, make_inputs, peak_inputs, tiled_inputs
from epibench.evaluate.strata import nearest_other, strata


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    study = SmallStudy(tmp_path_factory.mktemp("strata"))
    make_store(study.folder / "store", **study.arguments())
    return study, Store(study.folder / "store")


def overlap(start, peak, length=64):
    return min(peak[2], start + length) - max(peak[1], start)


def test_tiles_are_labelled_like_windows(study):
    files, store = study
    inputs = tiled_inputs(store)
    assert (inputs.labels[:, 2] == -1).all()  # c has no peaks
    for t, name in enumerate("ab"):
        expected = []
        for start in inputs.tiles.start:
            sizes = [
                overlap(start, peak) >= min(peak[2] - peak[1], 64) / 2
                for peak in files.peaks[name]
                if peak[0] == "chr8"
            ]
            expected.append(any(sizes))
        np.testing.assert_array_equal(inputs.labels[:, t] == 1, expected)
    # The stored labels of windows are those of their central inputs.
    windows = tiled_windows(store, "test")
    tiles = Tiles(windows.chrom, windows.start + 16, windows.offset + 16)
    np.testing.assert_array_equal(make_inputs(store, tiles, 64, None).labels, windows.labels)


def test_peak_inputs_are_the_centres_of_the_peak_windows(study):
    _, store = study
    inputs = peak_inputs(store)
    np.testing.assert_array_equal(inputs.labels, store_labels(store))
    assert len(inputs) == len(store_labels(store)) > 5


def store_labels(store):
    table = store.table("peak_windows")
    return table["labels"][table["split"] == 2]


def test_blocks_are_stretches_of_about_the_asked_length(study):
    _, store = study
    inputs = tiled_inputs(store, block_length=310)  # chr8 has 3,100 bp
    assert inputs.blocks == 10
    assert (np.diff(inputs.block) >= 0).all()
    np.testing.assert_array_equal(inputs.block, inputs.tiles.start // 310)
    lonely = Tiles(*(column[[0, -1]] for column in vars(inputs.tiles).values()))
    block, blocks = assign_blocks(store, lonely, 310)
    assert (block.tolist(), blocks) == ([0, 1], 2)


def test_the_default_block_has_five_windows_at_least(study):
    _, store = study
    assert tiled_inputs(store).blocks == round(3100 / (5 * 96))


def test_distance_to_the_nearest_peak_of_another_target(study):
    files, store = study
    inputs = tiled_inputs(store)
    peaks = [peak for peak in files.peaks["b"] if peak[0] == "chr8"]
    expected = [min(max(-overlap(s, peak), 0) for peak in peaks) for s in inputs.tiles.start]
    np.testing.assert_array_equal(nearest_other(inputs, 0), expected)


def test_strata_part_what_they_are_of(study):
    files, store = study
    inputs = tiled_inputs(store)
    promoters = files.folder / "promoters.bed"
    promoters.write_text("chr8\t100\t101\n")
    found = {}
    for stratum, value, member in strata(inputs, promoters):
        found.setdefault(stratum, {})[value] = member
    has = inputs.labels == 1
    for stratum in ("specificity", "neighbour", "height"):
        np.testing.assert_array_equal(sum(map(np.int64, found[stratum].values())), has)
    for stratum in ("gc", "annotation"):
        assert (sum(map(np.int64, found[stratum].values())) == 1).all()
    both = has[:, 0] & has[:, 1]
    np.testing.assert_array_equal(found["specificity"]["shared"][:, 0], both)
    at = (inputs.tiles.start <= 100) & (inputs.tiles.start + 64 > 100)
    np.testing.assert_array_equal(found["annotation"]["promoter"][:, 0], at)
    gc = [
        sum(base in "CGcg" for base in files.sequence["chr8"][s : s + 64]) / 64
        for s in inputs.tiles.start
    ]
    np.testing.assert_allclose(inputs.gc, gc)
    lowest, highest = (inputs.mean[found["height"][d][:, 0], 0] for d in ("1", "10"))
    assert lowest.max() <= highest.min()


def test_measured_coverage_of_inputs(study):
    _, store = study
    inputs = tiled_inputs(store)
    values = store.coverage[inputs.rows(slice(None))].astype(np.float32)
    np.testing.assert_allclose(inputs.mean, values.mean(axis=1), rtol=1e-6)
    np.testing.assert_array_equal(inputs.maximum, values.max(axis=1))
    top = inputs.groups["top_decile"]
    assert 0.08 < top.mean() < 0.15
    assert inputs.mean[top[:, 0], 0].min() >= inputs.mean[~top[:, 0], 0].max()


def test_inputs_in_any_order_are_the_same_set(study):
    _, store = study
    inputs = tiled_inputs(store)
    shuffled = np.random.default_rng(0).permutation(len(inputs))
    tiles = Tiles(*(column[shuffled] for column in vars(inputs.tiles).values()))
    again = make_inputs(store, tiles, 64, None)
    np.testing.assert_array_equal(again.tiles.start, inputs.tiles.start)
    np.testing.assert_array_equal(again.labels, inputs.labels)
    np.testing.assert_array_equal(again.block, inputs.block)
    assert again.test_set == inputs.test_set
