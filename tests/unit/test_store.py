"""The coverage store against a plain second implementation, and the refusals."""

import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from small_genome import EXCLUDED, SIZES, WINDOWS, SmallStudy, write_bigwig, write_fasta

from epibench.data import masks, stream_blocks
from epibench.data.counts import Counts
from epibench.data.make_store import make_store
from epibench.data.settings import (
    CoverageSettings,
    GenomeFiles,
    Mappability,
    SplitSettings,
    WindowSettings,
)
from epibench.data.store import Store
from epibench.data.windows import tile_inputs
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
    tiled, peaks = (
        {
            reason: sum(lost.values())
            for reason, lost in store.summary["windows_left_out"][k].items()
        }
        for k in ("tiled", "peaks")
    )
    assert tiled == {"rich in N": 2, "uncovered": 0}
    assert peaks["excluded.bed"] > 0
    assert peaks["beyond the chromosome"] >= 2
    assert set(peaks) == {"beyond the chromosome", "excluded.bed", "rich in N", "uncovered"}


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
    for target, splits in store.summary["tracks"].items():
        for split, counts in splits.items():
            again = found.summary["tracks"][target][split]
            assert again.pop("at_least") == counts["at_least"]
            assert again == pytest.approx({k: v for k, v in counts.items() if k != "at_least"})


def test_the_summary_counts(study, store):
    summary = store.summary
    for split in SPLITS:
        values = np.concatenate([study.coverage[c] for c, s in SPLIT.items() if s == split])
        for target, column in zip("abc", values.T, strict=True):
            counts = summary["tracks"][target][split]
            assert counts["bases"] == len(column)
            assert counts["uncovered"] == np.isnan(column).sum()
            assert counts["mean"] == pytest.approx(np.nan_to_num(column).mean())
            reached = np.nan_to_num(column) >= np.array(summary["levels"])[:, None]
            np.testing.assert_allclose(counts["at_least"], reached.mean(axis=1), atol=1e-9)
    for target, listed in study.peaks.items():
        for split, count in summary["peaks"][target].items():
            assert count == sum(SPLIT.get(c) == split for c, _, _ in listed)
    assert summary["peaks"]["c"] is None
    assert summary["strand_pairs"] == [0, 2, 1]
    assert summary["bytes"] == pytest.approx(
        sum(f.stat().st_size for f in store.folder.iterdir() if f.name != "summary.json")
    )
    assert {Path(f["path"]).name for f in summary["files"]} == {
        "genome.fa", "excluded.bed", "a.bw", "b.bw", "c.bw", "a2.bw", "c2.bw", "a.bed", "b.bed",
    }  # fmt: skip
    assert [c["n"] for c in summary["chromosomes"]] == [0, 150, 0, 0]


def test_windows_are_counted_by_target(study, store):
    windows, peaks = store.table("windows"), store.table("peak_windows")
    for index, split in enumerate(SPLITS):
        for threshold in (2, 4):
            expected = [0, 0, 0]
            for maximum, where in zip(windows["maximum"], windows["split"], strict=True):
                for t in range(3):
                    expected[t] += where == index and maximum[t] > threshold
            found = store.summary["windows_by_target"][f"threshold{threshold}"][split]
            assert found == expected
            assert max(found) <= store.summary["windows"][f"threshold{threshold}"][split]
        here = peaks["labels"][peaks["split"] == index]
        expected = [sum(row[t] == 1 for row in here) for t in range(3)]
        assert store.summary["windows_by_target"]["peaks"][split] == expected
        assert expected[0] > expected[2] == 0  # the last target has no peaks
    fewer = WINDOWS.model_copy(update={"peaks": False})
    counts = Counts(fewer)
    table = {"maximum": np.array([[3, 9], [1, 2]], np.float32), "labels": np.ones((2, 2), np.int8)}
    for split in SPLITS:
        counts.add_windows("windows", split, **table)
        counts.add_windows("peak_windows", split, **table)
        counts.add_windows("windows", split, **table)
    found = counts.describe({})
    assert found["windows_by_target"] == {
        "threshold2": {split: [2, 2] for split in SPLITS},
        "threshold4": {split: [0, 2] for split in SPLITS},
    }
    assert found["windows"]["threshold2"] == dict.fromkeys(SPLITS, 2)


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
        genome=GenomeFiles(fasta=folder / "genome.fa"),
        targets=[Target("a", str(folder / "track.bw"))],
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
    assert {s: c["beyond_float16"] for s, c in summary["tracks"]["a"].items()} == dict.fromkeys(
        SPLITS, 1
    )
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
        genome=GenomeFiles(fasta=yeast / "sacCer3.II_IV_XVI.fa.gz"),
        targets=[
            Target(
                "ATAC.rep1",
                str(yeast / "ATAC.rep1.bw"),
                str(yeast / "ATAC.rep2.bw"),
                str(yeast / "ATAC.rep1.narrowPeak"),
            )
        ],
        windows=WindowSettings(thresholds=[0], stride=1024, peaks=True, peak_anchor="summit"),
        splits=SplitSettings(train=["chrIV"], valid=["chrII"], test=["chrXVI"]),
        progress=lambda line: None,
    )
    assert summary["positions"]["test"] == 948_066
    assert summary["windows"]["tiled"] == {"train": 1494, "valid": 264, "test": 308}
    tallies = summary["tracks"]["ATAC.rep1"].values()
    assert sum(t["bases"] for t in tallies) == 3_293_183
    assert sum(t["uncovered"] for t in tallies) == 3_293_183 - 1_543_496


def with_n(folder, changes):
    """Make a store of three chromosomes of random bases, some of them N, and a flat track."""
    rng = np.random.default_rng(5)
    sequences = {c: "".join(rng.choice(list("ACGT"), 400)) for c in ("chr1", "chr8", "chr9")}
    for chrom, start, end in changes:
        text = sequences[chrom]
        sequences[chrom] = text[:start] + "N" * (end - start) + text[end:]
    write_fasta(folder / "genome.fa", sequences)
    write_bigwig(folder / "track.bw", dict.fromkeys(sequences, np.full(400, 3, np.float32)))
    return {
        "targets": [Target("a", str(folder / "track.bw"))],
        "windows": WindowSettings(length=32, input_length=16, max_n_fraction=1),
        "splits": SplitSettings(),
        "progress": lambda line: None,
    }


def test_long_runs_of_n_are_gaps(tmp_path):
    arguments = with_n(tmp_path, [("chr1", 100, 120), ("chr1", 200, 219)])
    genome = GenomeFiles(fasta=tmp_path / "genome.fa", shortest_gap=20)
    summary = make_store(tmp_path / "store", genome=genome, **arguments)
    masks = summary["masks"]["assembly gaps"]
    assert masks == {
        "train": {"positions": 20, "windows": 1}, "valid": {"positions": 0, "windows": 0},
        "test": {"positions": 0, "windows": 0},
    }  # fmt: skip
    starts = Store(tmp_path / "store").table("windows")["start"][:11].tolist()
    assert starts == [0, 32, 64, *range(120, 400 - 31, 32)]


def test_stretches_of_low_mappability_are_left_out(tmp_path):
    arguments = with_n(tmp_path, [])
    mappability = np.ones(400, np.float32)
    mappability[100:150] = 0  # 14, 32 and 4 bp of stretches of 32
    mappability[390:] = np.nan  # 10 of the last 16
    values = {"chr1": mappability, "chr8": mappability * 0 + 1, "chr9": np.ones(400, np.float32)}
    write_bigwig(tmp_path / "map.bw", values)
    settings = Mappability(track=str(tmp_path / "map.bw"), cutoff=0.6, stretch=32)
    genome = GenomeFiles(fasta=tmp_path / "genome.fa", mappability=settings)
    for read in (1, 1 << 20):
        masks.READ = read
        summary = make_store(tmp_path / "store", genome=genome, **arguments)
        # means by stretch: 1, 1, 1, 4/32, 10/32, 1, ... and 6/16 in the last
        assert summary["masks"]["low mappability"]["train"]["positions"] == 64 + 16
        store = Store(tmp_path / "store")
        starts = store.table("windows")["start"]
        assert starts[store.table("windows")["chrom"] == 0].tolist() == [
            0, 32, 64, *range(160, 384 - 31, 32),
        ]  # fmt: skip
    assert summary["files"][1]["path"].endswith("map.bw")


def test_mappability_above_1_is_refused(tmp_path):
    arguments = with_n(tmp_path, [])
    values = np.full(400, 100, np.float32)
    write_bigwig(tmp_path / "map.bw", dict.fromkeys(("chr1", "chr8", "chr9"), values))
    genome = GenomeFiles(
        fasta=tmp_path / "genome.fa", mappability=Mappability(track=str(tmp_path / "map.bw"))
    )
    with pytest.raises(InputError, match=r"map\.bw: the mappability at chr1:0 \(0-based\) is 100"):
        make_store(tmp_path / "store", genome=genome, **arguments)


def test_a_set_without_windows_says_what_was_removed(study, tmp_path):
    (tmp_path / "all.bed").write_text("chr9\t0\t2800\nchrQ\t0\t5\n")
    genome = study.arguments()["genome"]
    message = broken(
        study, tmp_path, genome=genome.model_copy(update={"excluded": [tmp_path / "all.bed"]})
    )
    assert "tiled has no windows in the valid split" in message
    assert "removed are all.bed: 2,800 bp; all.bed has the chromosomes chrQ)" in message


def test_two_files_of_one_name_both_exclude(tmp_path):
    arguments = with_n(tmp_path, [])
    for folder, start in (("a", 64), ("b", 192)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "regions.bed").write_text(f"chr1\t{start}\t{start + 32}\n")
    excluded = [tmp_path / folder / "regions.bed" for folder in "ab"]
    genome = GenomeFiles(fasta=tmp_path / "genome.fa", excluded=excluded)
    summary = make_store(tmp_path / "store", genome=genome, **arguments)
    assert [m["train"]["positions"] for m in summary["masks"].values()] == [32, 32]
    assert list(summary["masks"]) == ["regions.bed", str(excluded[1])]


@pytest.mark.parametrize("block", [97, 1 << 20])
def test_masked_uncovered_bases_are_touched_by_nothing(study, tmp_path, monkeypatch, block):
    monkeypatch.setattr(stream_blocks, "BLOCK", block)
    arguments = study.arguments() | {"coverage": CoverageSettings(uncovered="masked")}
    summary = make_store(tmp_path / "store", **arguments)
    store = Store(tmp_path / "store")
    uncovered = {c: np.isnan(study.coverage[c]).any(axis=1) for c in SPLIT}
    for split in SPLITS:
        expected = sum(uncovered[c].sum() for c, s in SPLIT.items() if s == split)
        assert summary["masked_uncovered"][split] == expected
    for table in ("windows", "peak_windows"):
        rows = store.table(table)
        for index, chrom in enumerate(store.chromosomes):
            starts = rows["start"][rows["chrom"] == index]
            assert len(starts)
            assert not any(uncovered[chrom][s : s + 96].any() for s in starts)
        if table == "windows":
            kept = [
                s for s in tiled_slowly(study, "chr1", 96) if not uncovered["chr1"][s:][:96].any()
            ]
            assert rows["start"][rows["chrom"] == 0].tolist() == kept
    assert summary["windows_left_out"]["tiled"]["uncovered"]["train"] > 0
    inputs = tile_inputs(store, "test", 64)
    assert len(inputs)
    assert not any(uncovered["chr8"][s : s + 64].any() for s in inputs.start)


def test_a_track_without_coverage_in_a_split_is_refused(study, tmp_path):
    silent = {c: values[:, 0] for c, values in study.coverage.items()}
    silent["chr9"] = np.zeros(SIZES["chr9"], np.float32)
    path = str(write_bigwig(tmp_path / "silent.bw", silent))
    targets = study.arguments()["targets"]
    message = broken(study, tmp_path, targets=[targets[0], Target("x", path)])
    assert "silent.bw: the track of target x has no coverage on the valid chromosomes (chr9)" in (
        message
    )
    make_store(tmp_path / "store", **study.arguments() | {"targets": [targets[0]]})
    silent["chr8"] = np.zeros(SIZES["chr8"], np.float32)
    path = str(write_bigwig(tmp_path / "silent2.bw", silent))
    targets = [Target("a", targets[0].track, path, targets[0].peaks)]
    assert "silent2.bw: the replicate2 of target a has no coverage on the test" in broken(
        study, tmp_path, targets=targets
    )


def test_threads_change_nothing(study, store, tmp_path):
    again = make_store(tmp_path / "store", **study.arguments(), threads=3)
    assert again["fingerprint"] == store.fingerprint


def test_checksums_that_were_verified_are_not_computed_again(study, tmp_path):
    path = study.arguments()["targets"][0].track
    summary = make_store(tmp_path / "store", **study.arguments(), checksums={path: "md5:abc"})
    listed = {file["path"]: file["checksum"] for file in summary["files"]}
    assert listed.pop(path) == "md5:abc"
    assert all(checksum.startswith("sha256:") for checksum in listed.values())
