"""BED, narrowPeak and bigBed files."""

import gzip
import struct

import numpy as np
import pybedtools
import pytest

from epibench.data.bed import merge_regions, read_regions
from epibench.errors import InputError

SIZES = {"chr1": 1000, "chr2": 500}


def bed(tmp_path, text, name="regions.bed"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def write_bigbed(path, chrom, length, rows):
    """Write a minimal bigBed file: one chromosome, one uncompressed block (Kent et al. 2010)."""
    key = chrom.encode()
    tree = struct.pack("<IIIIQQ", 0x78CA8C91, 1, len(key), 8, 1, 0)
    tree += struct.pack("<BBH", 1, 0, 1) + key + struct.pack("<II", 0, length)
    block = b"".join(struct.pack("<III", 0, s, e) + rest.encode() + b"\0" for s, e, rest in rows)
    tree_at = 64 + 40
    data_at = tree_at + len(tree)
    index_at = data_at + 8 + len(block)
    last = max(e for _, e, _ in rows)
    index = struct.pack("<IIQIIIIQII", 0x2468ACE0, 256, len(rows), 0, 0, 0, last, index_at, 512, 0)
    index += struct.pack("<BBHIIIIQQ", 1, 0, 1, 0, rows[0][0], 0, last, data_at + 8, len(block))
    header = struct.pack(
        "<IHHQQQHHQQIQ", 0x8789F2EB, 4, 0, tree_at, data_at, index_at, 10, 10, 0, 64, 0, 0
    )
    summary = struct.pack("<Qdddd", 1, 1, 1, 1, 1)
    content = header + summary + tree + struct.pack("<Q", len(rows)) + block + index
    path.write_bytes(content + header[:4])
    return path


def test_rows_of_all_dialects_are_read(tmp_path):
    text = "# made by hand\ntrack name=x\nbrowser hide all\n\nchr2 5 9\nchr1\t10\t21\tpeak 1\r\n"
    found = read_regions(bed(tmp_path, text), SIZES)
    np.testing.assert_array_equal(found.on("chr1"), [[10, 21, 15]])
    np.testing.assert_array_equal(found.on("chr2"), [[5, 9, 7]])
    assert found.on("chr3").shape == (0, 3)


def test_gzip_is_seen_from_the_content(tmp_path):
    path = bed(tmp_path, gzip.compress(b"chr1\t10\t20\n"), "peaks")
    np.testing.assert_array_equal(read_regions(path, SIZES).on("chr1"), [[10, 20, 15]])


def test_the_summit_of_narrowpeak(tmp_path):
    path = bed(tmp_path, "chr1\t100\t200\tp\t0\t.\t1\t2\t3\t17\n")
    assert read_regions(path, SIZES, summits=True).on("chr1")[0, 2] == 117
    assert read_regions(path, SIZES).on("chr1")[0, 2] == 150


def test_bigbed_peaks_equal_narrowpeak(tmp_path):
    rows = [(100, 200, "p\t0\t.\t1\t2\t3\t17"), (300, 420, "q\t0\t.\t1\t2\t3\t5")]
    binary = write_bigbed(tmp_path / "peaks.bb", "chr1", 1000, rows)
    plain = bed(tmp_path, "".join(f"chr1\t{s}\t{e}\t{rest}\n" for s, e, rest in rows))
    for summits in (True, False):
        found, expected = (read_regions(p, SIZES, summits).on("chr1") for p in (binary, plain))
        np.testing.assert_array_equal(found, expected)


def test_a_truncated_bigbed_is_refused(tmp_path):
    path = write_bigbed(tmp_path / "peaks.bb", "chr1", 1000, [(100, 200, "p")])
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(InputError, match="the bigBed file is truncated"):
        read_regions(path, SIZES)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("chr1\t5", "'chr1 5' lacks a whole number"),
        ("chr1\tfive\t9", "'chr1 five 9' lacks"),
        ("chr1\t9\t9", "chr1:9-9 is empty or outside"),
        ("chr1\t20\t10", "chr1:20-10 is empty or outside"),
        ("chr1\t-1\t10", "chr1:-1-10 is empty or outside"),
        ("chr2\t490\t501", r"chr2:490-501 is empty or outside the chromosome \(500 bp"),
    ],
)
def test_a_wrong_record_is_named_by_line_and_value(tmp_path, row, message):
    path = bed(tmp_path, f"chr1\t1\t2\n{row}\n")
    with pytest.raises(InputError, match=rf"regions\.bed, line 2: {message}"):
        read_regions(path, SIZES)


@pytest.mark.parametrize("last", ["", "\t-1", "\t10", "\tx"])
def test_a_summit_outside_its_peak_is_refused_when_it_is_needed(tmp_path, last):
    path = bed(tmp_path, f"chr1\t100\t110\tp\t0\t.\t1\t2\t3{last}\n")
    read_regions(path, SIZES)
    with pytest.raises(InputError, match=r"line 1: .*summit"):
        read_regions(path, SIZES, summits=True)


def test_unknown_chromosomes_are_counted_and_refused_when_there_are_no_others(tmp_path):
    found = read_regions(bed(tmp_path, "chr1\t1\t2\nchr7\t1\t2\nchr7\t3\t4\n"), SIZES)
    assert found.unknown == 2
    assert list(found.rows) == ["chr1"]
    with pytest.raises(InputError, match="chromosome chr1 of the FASTA file is called 1 here"):
        read_regions(bed(tmp_path, "1\t1\t2\n"), SIZES)


def test_missing_and_truncated_files_are_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.bed: there is no such file"):
        read_regions(tmp_path / "none.bed", SIZES)
    content = gzip.compress(b"".join(b"chr1\t%d\t%d\n" % (i, i + 1) for i in range(900)))
    for size in (len(content) // 2, len(content) - 4):
        path = bed(tmp_path, content[:size], "cut.bed.gz")
        with pytest.raises(InputError, match=r"cut\.bed\.gz: cannot be read to its end"):
            read_regions(path, SIZES)


def test_overlapping_touching_and_unsorted_regions_merge(tmp_path):
    # Pitfall 29: overlapping gap intervals ended the published program.
    first = bed(tmp_path, "chr2\t7\t9\nchr1\t50\t60\nchr1\t10\t20\n", "a.bed")
    second = bed(tmp_path, "chr1\t15\t30\nchr1\t30\t40\nchr1\t12\t14\nchr1\t50\t60\n", "b.bed")
    merged = merge_regions(read_regions(path, SIZES) for path in (first, second))
    np.testing.assert_array_equal(merged["chr1"], [[10, 40], [50, 60]])
    np.testing.assert_array_equal(merged["chr2"], [[7, 9]])
    assert merged["chr1"].dtype == np.int64


def test_merging_leaves_no_temporary_file(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    before = pybedtools.get_tempdir()
    merge_regions([read_regions(bed(tmp_path, "chr1\t1\t2\n"), SIZES)])
    assert list((tmp_path / "temporary").iterdir()) == []
    assert pybedtools.get_tempdir() == before
    assert merge_regions([]) == {}
