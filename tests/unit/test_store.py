"""The coverage store against a plain second implementation, and the refusals."""

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from small_genome import EXCLUDED, SIZES, WINDOWS, SmallStudy, write_bigwig, write_fasta

from epibench.data import stream_blocks
from epibench.data.make_store import make_store
from epibench.data.settings import SplitSettings, WindowSettings
from epibench.data.store import Store
from epibench.errors import InputError
from epibench.samples import Target
from epibench.words import SPLITS

SPLIT = {"chr1": "train", "chr2": "train", "chr8": "test", "chr9": "valid"}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return SmallStudy(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def store(study):
    make_store(study.folder / "store", **study.arguments())
    return Store(study.folder / "store")


def mask_of(chrom):
    mask = np.zeros(SIZES[chrom], bool)
    for start, end in EXCLUDED.get(chrom, []):
        mask[start:end] = True
    return mask


def tiled_slowly(study, chrom, step):
    """Walk along a chromosome; give starts of windows without excluded positions or many N."""
    mask, n = mask_of(chrom), np.array(list(study.sequence[chrom])) == "N"
    starts, position = [], 0
    while position + 96 <= len(mask):
        if mask[position : position + 96].any():
            # the next stretch begins behind the last excluded position of this window
            position += int(np.flatnonzero(mask[position : position + 96])[-1]) + 1
            continue
        if n[position : position + 96].mean() <= 0.05:
            starts.append(position)
        position += step
    return starts


def kept_slowly(study, store, step=96):
    """Give the training positions that a declared set needs."""
    peaks = store.table("peak_windows")
    kept = {}
    for index, chrom in enumerate(store.chromosomes):
        keep = np.full(SIZES[chrom], SPLIT[chrom] != "train")
        values = np.nan_to_num(study.coverage[chrom])
        starts = [s for s in tiled_slowly(study, chrom, step) if values[s : s + 96].max() > 2]
        for start in [*starts, *peaks["start"][peaks["chrom"] == index]]:
            keep[start : start + 96] = True
        kept[chrom] = keep
    return kept


def check_arrays(study, store, step=96):
    kept = kept_slowly(study, store, step)
    names = list(SPLIT)
    assert list(store.chromosomes.items()) == [(c, SIZES[c]) for c in names]
    codes = {c: np.array(["ACGTN".index(x) for x in study.sequence[c].upper()]) for c in names}
    np.testing.assert_array_equal(
        store.sequence, np.concatenate([codes[c][kept[c]] for c in names])
    )
    np.testing.assert_array_equal(store.mask, np.concatenate([mask_of(c)[kept[c]] for c in names]))
    coverage = [np.nan_to_num(study.coverage[c])[kept[c]] for c in names]
    np.testing.assert_array_equal(store.coverage, np.concatenate(coverage).astype(np.float16))
    rows = [line.split("\t") for line in (store.folder / "intervals.bed").read_text().splitlines()]
    edges = [(c, int(s), int(e)) for c, s, e, _ in rows]
    for c in names:
        found = np.zeros(SIZES[c], int)
        for chrom, start, end in edges:
            found[start:end] += chrom == c
        np.testing.assert_array_equal(found, kept[c])
    assert edges == sorted(edges)
    assert all(a[0] != b[0] or a[2] < b[1] for a, b in pairwise(edges))
    assert all(split == SPLIT[c] for c, _, _, split in rows)


def test_arrays_equal_the_input(study, store):
    assert 0 < store.summary["positions"]["train"] < SIZES["chr1"] + SIZES["chr2"]
    check_arrays(study, store)


def test_replicate_2_of_the_test_chromosome(study, store):
    expected = np.nan_to_num(study.replicate2["chr8"]).astype(np.float16)
    expected[:, 1] = np.nan
    np.testing.assert_array_equal(store.replicate2, expected)
    assert store.has_replicate2.tolist() == [True, False, True]


def test_tiled_windows_and_their_maxima(study, store):
    table = store.table("windows")
    for index, chrom in enumerate(store.chromosomes):
        here = table["chrom"] == index
        starts = tiled_slowly(study, chrom, 96)
        assert table["start"][here].tolist() == starts
        values = np.nan_to_num(study.coverage[chrom])
        expected = np.array([values[s : s + 96].max(axis=0) for s in starts])
        np.testing.assert_array_equal(table["maximum"][here], expected)
        assert set(table["split"][here]) == {SPLITS.index(SPLIT[chrom])}
    assert [table[c].dtype.name for c in ("chrom", "start", "split", "maximum", "labels")] == [
        "int16", "int64", "int8", "float32", "int8",
    ]  # fmt: skip


def test_labels_of_central_inputs(study, store):
    for kind in ("windows", "peak_windows"):
        table = store.table(kind)
        assert (table["labels"][:, 2] == -1).all()
        assert len(table["start"])
        names = [list(store.chromosomes)[i] for i in table["chrom"]]
        for chrom, start, labels in zip(names, table["start"], table["labels"], strict=True):
            for t, name in enumerate("ab"):
                overlaps = [
                    (min(e, start + 80) - max(s, start + 16), e - s)
                    for c, s, e in study.peaks[name]
                    if c == chrom
                ]
                assert labels[t] == any(o > 0 and (2 * o >= w or o >= 32) for o, w in overlaps)


def test_peak_windows_are_clear_of_what_is_excluded(study, store):
    # Pitfall 34: the published code never removed unmappable regions from the binary set.
    table = store.table("peak_windows")
    for index, start in zip(table["chrom"], table["start"], strict=True):
        chrom = list(store.chromosomes)[index]
        assert 0 <= start <= SIZES[chrom] - 96
        assert not mask_of(chrom)[start : start + 96].any()
        assert study.sequence[chrom][start : start + 96].count("N") <= 0.05 * 96
    lost = {k: sum(v.values()) for k, v in store.summary["windows_left_out"].items()}
    assert lost["peaks_excluded"] > 0
    assert lost["peaks_chromosome_end"] >= 2
    assert set(lost) == {
        "tiled_n_rich", "peaks_chromosome_end", "peaks_excluded", "peaks_n_rich",
    }  # fmt: skip
    assert lost["tiled_n_rich"] == 2


@pytest.mark.parametrize("block", [97, 640, 1 << 20])
def test_the_block_size_changes_nothing(study, store, tmp_path, monkeypatch, block):
    monkeypatch.setattr(stream_blocks, "BLOCK", block)
    arguments = study.arguments()
    arguments["windows"] = arguments["windows"].model_copy(update={"stride": 32})
    make_store(tmp_path / "store", **arguments)
    found = Store(tmp_path / "store")
    check_arrays(study, found, step=32)
    splits, starts = (found.table("windows")[c] for c in ("split", "start"))
    assert (np.diff(starts[splits == SPLITS.index("test")]) >= 96).all()
    for name in ("mean_coverage", "uncovered", "stored_nan", "negative", "beyond_float16"):
        assert found.summary[name] == pytest.approx(store.summary[name])


def test_the_summary_counts(study, store):
    summary = store.summary
    values = np.concatenate([study.coverage[c] for c in SPLIT])
    for target, column in zip("abc", values.T, strict=True):
        assert summary["uncovered"][target] == np.isnan(column).mean()
        assert summary["mean_coverage"][target] == pytest.approx(np.nan_to_num(column).mean())
    assert summary["peaks"] == [127, 125, None]
    assert summary["strand_pairs"] == [0, 2, 1]
    assert summary["bytes"] == pytest.approx(
        sum(f.stat().st_size for f in store.folder.iterdir() if f.name != "summary.json")
    )
    assert {Path(f["path"]).name for f in summary["files"]} == {
        "genome.fa", "excluded.bed", "a.bw", "b.bw", "c.bw", "a2.bw", "c2.bw", "a.bed", "b.bed",
    }  # fmt: skip
    assert [c["n"] for c in summary["chromosomes"]] == [0, 150, 0, 0]


def test_the_same_input_gives_the_same_fingerprint(study, store, tmp_path):
    again = make_store(tmp_path / "store", **study.arguments())
    assert again["fingerprint"] == store.fingerprint
    fewer = study.arguments() | {"targets": study.arguments()["targets"][:1]}
    assert make_store(tmp_path / "store", **fewer)["fingerprint"] != store.fingerprint


def one_window(folder, value, **keys):
    """Make a store of one-window chromosomes of which each has one base of coverage `value`."""
    write_fasta(folder / "genome.fa", dict.fromkeys(("chr1", "chr8", "chr9"), "ACGT" * 8))
    coverage = np.zeros(32, np.float32)
    coverage[5] = value
    write_bigwig(folder / "track.bw", dict.fromkeys(("chr1", "chr8", "chr9"), coverage))
    windows = WindowSettings(length=32, input_length=16, **keys)
    return make_store(
        folder / "store",
        fasta=folder / "genome.fa",
        targets=[Target("a", str(folder / "track.bw"))],
        excluded=[],
        windows=windows,
        splits=SplitSettings(),
        progress=lambda line: None,
    )


def test_thresholds_are_applied_in_float32(tmp_path):
    # Pitfall 32: as float16, 2.0004 is 2 and not above 2.
    assert np.float16(2.0004) == 2
    assert one_window(tmp_path, 2.0004)["windows"]["threshold2"] == dict.fromkeys(SPLITS, 1)


def test_thresholds_are_strict(tmp_path):
    with pytest.raises(InputError, match="threshold2 has no windows in the train split"):
        one_window(tmp_path, 2.0)


def test_what_float16_cannot_hold_is_clipped_and_counted(tmp_path):
    summary = one_window(tmp_path, 1e6)
    store = Store(tmp_path / "store")
    assert np.isfinite(store.coverage).all()
    assert store.coverage.max() == np.float16(65504)
    assert summary["beyond_float16"] == {"a": 3}
    assert (store.table("windows")["maximum"] == np.float32(1e6)).all()


def test_a_split_without_windows_shows_the_counts(study, tmp_path):
    # Pitfall 31.
    arguments = study.arguments()
    arguments["windows"] = WINDOWS.model_copy(update={"thresholds": [2.0, 500.0]})
    with pytest.raises(InputError, match=r"threshold500 .* train split \(train 0, valid 0, t"):
        make_store(tmp_path / "store", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_chromosomes_left_out_are_those_of_the_settings():
    # Pitfall 28: only chrY, chrM and alternates are dropped, chrX stays.
    splits = SplitSettings()
    for name in ("chrY", "chrM", "chrEBV", "chr1_KI270706v1_random", "chrUn_GL000195v1"):
        assert splits.split_of(name) is None
    assert [splits.split_of(c) for c in ("chr8", "chr9", "chrX", "chr1")] == [
        "test", "valid", "train", "train",
    ]  # fmt: skip


def broken(study, tmp_path, **changes):
    """Give the sentence with which changed arguments are refused."""
    with pytest.raises(InputError) as caught:
        make_store(tmp_path / "new" / "store", **(study.arguments() | changes))
    assert not (tmp_path / "new").exists() or not list((tmp_path / "new").iterdir())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_wrong_input_is_refused_and_nothing_is_left(study, tmp_path):
    targets = study.arguments()["targets"]
    splits = SplitSettings(test=["chr88"])
    assert "splits.test names chromosome chr88" in broken(study, tmp_path, splits=splits)
    assert "chr1, chr2, chrM, chr8, chr9" in broken(study, tmp_path, splits=splits)
    splits = SplitSettings(exclude=["chr[12]", "chrM"])
    assert "left for training" in broken(study, tmp_path, splits=splits)
    assert "each name once" in broken(study, tmp_path, targets=[*targets, targets[0]])
    assert "strand pair c, which does not name b" in broken(study, tmp_path, targets=targets[:2])
    no_peaks = [Target(t.name, t.track) for t in targets]
    assert "no target has a peak file" in broken(study, tmp_path, targets=no_peaks)
    missing = [Target("a", str(study.folder / "absent.bw"), None, targets[0].peaks)]
    assert "absent.bw: there is no such file" in broken(study, tmp_path, targets=missing)


def test_a_truncated_track_names_the_file(study, tmp_path):
    # Pitfall 30: a broken bigWig showed up later, as a missing file of counts.
    content = (study.folder / "a.bw").read_bytes()
    cut = tmp_path / "cut.bw"
    cut.write_bytes(content[: len(content) // 2])
    targets = [Target("a", str(cut), None, study.arguments()["targets"][0].peaks)]
    assert "cut.bw: the bigWig file is truncated" in broken(study, tmp_path, targets=targets)


def test_places_are_found_and_checked(store):
    names = list(store.chromosomes)
    starts = np.array([0, 70, 2000])
    offset = store.offset("chr8", starts, 100)
    np.testing.assert_array_equal(np.diff(offset), np.diff(starts))
    np.testing.assert_array_equal(store.offset(np.full(3, names.index("chr8")), starts), offset)
    np.testing.assert_array_equal(store.replicate2_offset("chr8", starts), starts)
    for chrom, start, length in (("chr8", -1, 1), ("chr8", 3100, 1), ("chr8", 3001, 100)):
        with pytest.raises(InputError, match=r"chr8:.* is not stored whole"):
            store.offset(chrom, np.array([5, start]), length)
    number, first = names.index("chr2"), min(s for c, s, _, _ in store.intervals("train") if c == 1)
    assert store.offset(np.array([number]), np.array([first])).shape == (1,)
    for chrom, start in (("chr1", 100), ("chr2", first - 1)):
        with pytest.raises(InputError, match=f"{chrom}:{start}-{start + 1} is not stored"):
            store.offset(chrom, np.array([start]))
    with pytest.raises(InputError, match="chromosome chrM is not stored"):
        store.offset("chrM", np.array([0]))
    with pytest.raises(InputError, match="for test chromosomes only"):
        store.replicate2_offset("chr9", np.array([0]))


def test_a_store_without_replicate_2_says_so(tmp_path):
    one_window(tmp_path, 3)
    store = Store(tmp_path / "store")
    assert store.replicate2.shape == (0, 1)
    with pytest.raises(InputError, match="no target has a replicate 2"):
        store.replicate2_offset("chr8", np.array([0]))


def test_a_folder_that_is_no_store_is_refused(tmp_path):
    with pytest.raises(InputError, match="is not a coverage store"):
        Store(tmp_path)


def test_real_yeast_tracks(tmp_path):
    shared = Path(os.environ.get("EPIBENCH_SHARED", Path(__file__).parents[3] / "shared"))
    yeast = shared / "data" / "yeast"
    if not yeast.is_dir():
        pytest.skip(f"no {yeast}; EPIBENCH_SHARED names the folder of shared data")
    summary = make_store(
        tmp_path / "store",
        fasta=yeast / "sacCer3.II_IV_XVI.fa.gz",
        targets=[
            Target(
                "ATAC.rep1",
                str(yeast / "ATAC.rep1.bw"),
                str(yeast / "ATAC.rep2.bw"),
                str(yeast / "ATAC.rep1.narrowPeak"),
            )
        ],
        excluded=[],
        windows=WindowSettings(thresholds=[0], stride=1024, peaks=True, peak_anchor="summit"),
        splits=SplitSettings(train=["chrIV"], valid=["chrII"], test=["chrXVI"]),
        progress=lambda line: None,
    )
    assert summary["positions"]["test"] == 948_066
    assert summary["windows"]["tiled"] == {"train": 1494, "valid": 264, "test": 308}
    assert summary["uncovered"]["ATAC.rep1"] == pytest.approx(1 - 1_543_496 / 3_293_183)
