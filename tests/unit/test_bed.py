"""BED, narrowPeak and bigBed files."""

import gzip
import struct
import zlib

import numpy as np
import pybedtools
import pysam
import pytest
from small_genome import write_bigwig

from epibench.data.bed import merge_regions, read_peaks, read_regions
from epibench.errors import InputError

SIZES = {"chr1": 1000, "chr2": 500}


def bed(tmp_path, text, name="regions.bed"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def write_bigbed(path, chrom, length, rows, per_block=16):
    """Write a small bigBed file: one chromosome, compressed blocks (Kent et al. 2010)."""
    key = chrom.encode()
    tree = struct.pack("<IIIIQQ", 0x78CA8C91, 1, len(key), 8, 1, 0)
    tree += struct.pack("<BBH", 1, 0, 1) + key + struct.pack("<II", 0, length)
    tree_at = 64 + 40
    data_at = tree_at + len(tree)
    data, leaves = struct.pack("<Q", len(rows)), b""
    parts = [rows[i : i + per_block] for i in range(0, len(rows), per_block)]
    for part in parts:
        records = (struct.pack("<III", 0, s, e) + rest.encode() + b"\0" for s, e, rest in part)
        block = zlib.compress(b"".join(records))
        end = max(e for _, e, _ in part)
        leaves += struct.pack("<IIIIQQ", 0, part[0][0], 0, end, data_at + len(data), len(block))
        data += block
    index_at, end = data_at + len(data), max(e for _, e, _ in rows)
    index = struct.pack("<IIQIIIIQII", 0x2468ACE0, 256, len(parts), 0, 0, 0, end, index_at, 512, 0)
    index += struct.pack("<BBH", 1, 0, len(parts)) + leaves
    header = struct.pack(
        "<IHHQQQHHQQIQ", 0x8789F2EB, 4, 0, tree_at, data_at, index_at, 10, 10, 0, 64, 1 << 15, 0
    )
    summary = struct.pack("<Qdddd", 1, 1, 1, 1, 1)
    path.write_bytes(header + summary + tree + data + index + header[:4])
    return path


def test_rows_of_all_dialects_are_read(tmp_path):
    text = "# made by hand\ntrack name=x\nbrowser hide all\n\nchr2 5 9\nchr1\t10\t21\tpeak 1\r\n"
    found = read_regions(bed(tmp_path, text), SIZES)
    np.testing.assert_array_equal(found.on("chr1"), [[10, 21, 15]])
    np.testing.assert_array_equal(found.on("chr2"), [[5, 9, 7]])
    assert found.on("chr3").shape == (0, 3)


def test_records_may_stand_in_any_order(tmp_path):
    text = "chr1\t20\t30\nchr2\t1\t3\nchr1\t10\t90\nchr1\t10\t20\n"
    found = read_regions(bed(tmp_path, text), SIZES)
    np.testing.assert_array_equal(found.on("chr1"), [[10, 20, 15], [10, 90, 50], [20, 30, 25]])
    assert found.duplicates == 0


def test_a_record_that_stands_twice_is_one_region_and_is_counted(tmp_path):
    row = "chr1\t100\t200\t{}\t0\t.\t1\t2\t3\t{}\n"
    rows = [row.format(*pair) for pair in (("p", 17), ("q", 40), ("r", 17), ("s", 17))]
    path = bed(tmp_path, "".join(rows) + "chr2\t5\t9\tt\t0\t.\t1\t2\t3\t1\n")
    found = read_regions(path, SIZES, summits=True)
    np.testing.assert_array_equal(found.on("chr1"), [[100, 200, 117], [100, 200, 140]])
    assert found.duplicates == 2
    found = read_regions(path, SIZES)  # two summits of a peak have one midpoint
    np.testing.assert_array_equal(found.on("chr1"), [[100, 200, 150]])
    assert found.duplicates == 3


def test_a_chromosome_that_begins_like_a_track_line(tmp_path):
    text = 'track name="a b"\ntrack\ttype=bed\nbrowser position x\ntrack1\t1\t5\nbrowser\t2\t9\n'
    found = read_regions(bed(tmp_path, text), {"track1": 100, "browser": 100})
    np.testing.assert_array_equal(found.on("track1"), [[1, 5, 3]])
    np.testing.assert_array_equal(found.on("browser"), [[2, 9, 5]])
    assert {c: rows.tolist() for c, rows in merge_regions([found]).items()} == {
        "track1": [[1, 5]],
        "browser": [[2, 9]],
    }


def test_column_names_are_passed_over_once_and_only_before_the_records(tmp_path):
    names, row = "chrom\tstart\tend\tname\n", "chr1\t1\t5\tx\n"
    assert len(read_regions(bed(tmp_path, "#remark\n" + names + row), SIZES).on("chr1")) == 1
    for text, line in ((names + names + row, 2), (row + names, 2), ("chr1\tstart\tend\n", 1)):
        with pytest.raises(InputError, match=f"line {line}: .* lacks a whole number"):
            read_regions(bed(tmp_path, text), SIZES)


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_the_gap_table_of_ucsc(tmp_path, compress):
    text = (
        b"585\tchr1\t0\t100\t1\tN\t100\ttelomere\tno\n"
        b"586\tchr1\t700\t900\t3\tN\t200\tcontig\tno\n"
        b"73\tchr9_alt\t0\t7\t1\tN\t7\tscaffold\tyes\n"
    )
    found = read_regions(bed(tmp_path, compress(text), "gap.txt"), SIZES)
    np.testing.assert_array_equal(found.on("chr1"), [[0, 100, 50], [700, 900, 800]])
    assert sum(found.unknown.values()) == 1
    named = b"bin\tchrom\tchromStart\tchromEnd\tix\n" + text
    assert len(read_regions(bed(tmp_path, named), SIZES).on("chr1")) == 2
    with pytest.raises(InputError, match=r"line 2: chr1:700-1900 is empty or outside"):
        read_regions(bed(tmp_path, text.replace(b"900", b"1900")), SIZES)


@pytest.mark.parametrize(
    "row", ["1\t100\t200", "1 100 200", "1\t100\t200\t7\t8", "1\t100\t200\tx\t8"]
)
def test_chromosomes_that_are_numbers_are_no_bins(tmp_path, row):
    found = read_regions(bed(tmp_path, row + "\n"), {"1": 1000})
    np.testing.assert_array_equal(found.on("1"), [[100, 200, 150]])


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
        ("chr1\t5.0\t9.0", r"'chr1 5\.0 9\.0' lacks"),
        ("chr1\t1e2\t2e2", "'chr1 1e2 2e2' lacks"),
        ("chr1\t1_0\t2_0", "'chr1 1_0 2_0' lacks"),
        ("chr1\t+5\t9", r"'chr1 \+5 9' lacks"),
        ("chr1\t٣\t٩", "'chr1 ٣ ٩' lacks"),
        ("chr1\t\t9", "'chr1  9' lacks"),
        ("chr1 5\t9", "'chr1 5 9' lacks"),
        ("chr1\t1\t" + "9" * 5000, r"'chr1 1 9{53}\.\.\.' lacks"),
        ("chr7\t20\t10", "chr7:20-10 is empty or outside the chromosome; correct"),
        ("chr7\tfive\t10", "'chr7 five 10' lacks"),
        ("chr1", "'chr1' lacks"),
        (">chr1", "'>chr1' lacks"),
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
    assert sum(found.unknown.values()) == 2
    assert list(found.rows) == ["chr1"]
    with pytest.raises(InputError, match="chromosome chr1 of the FASTA file is called 1 here"):
        read_regions(bed(tmp_path, "1\t1\t2\n"), SIZES)


@pytest.mark.parametrize(("here", "there"), [("8", "chr8"), ("chr8", "8")])
def test_names_of_another_style_are_shown_on_both_sides(tmp_path, here, there):
    path = bed(tmp_path, f"{here}\t1\t2\nKI270728\t3\t4\n")
    message = f"chromosome {there} of the FASTA file is called {here} here; rename the chromosomes"
    with pytest.raises(InputError, match=message):
        read_regions(path, {"x": 9, there: 9})
    message = r"none of its chromosomes \(.*8, KI270728\) is in the FASTA file \(x, y\); give"
    with pytest.raises(InputError, match=message):
        read_regions(path, {"x": 9, "y": 9})


@pytest.mark.parametrize(
    "content", [b"", b"\n\n", b"# nothing\n", b"track name=x\n", gzip.compress(b"", mtime=0)]
)
def test_a_file_without_records_excludes_nothing_but_is_no_peak_file(tmp_path, content):
    path = bed(tmp_path, content)
    assert read_regions(path, SIZES).rows == {}
    with pytest.raises(InputError, match=r"regions\.bed: there is no peak in this file; give"):
        read_peaks(path, SIZES)


@pytest.mark.parametrize("name", ["a.bed.gz", "a.BB", "a.bigBed"])
def test_a_compressed_file_of_no_bytes_is_truncated(tmp_path, name):
    with pytest.raises(InputError, match=rf"{name}: the file has 0 bytes; it is truncated"):
        read_regions(bed(tmp_path, b"", name), SIZES)


def test_peaks_are_the_regions_of_their_file(tmp_path):
    path = bed(tmp_path, "chr1\t100\t200\tp\t0\t.\t1\t2\t3\t17\n")
    np.testing.assert_array_equal(read_peaks(path, SIZES, True).on("chr1"), [[100, 200, 117]])


@pytest.mark.parametrize(
    "content",
    [
        "chr1\t1\t2\n".encode("utf-16"),
        "chr1\t1\t2\n".encode("utf-16-le"),
        "chr1\t1\t2\n".encode("utf-16-be"),
        bytes(range(256)) * 20,
        b"chr1\t1\t2\n\xff\xfe\x00\n",
        b"chr1\t1\t2\n" + bytes(4096),  # as a download leaves that reserved its space
    ],
)
def test_what_is_no_text_is_refused(tmp_path, content):
    for path in (bed(tmp_path, content), bed(tmp_path, gzip.compress(content), "regions.bed.gz")):
        with pytest.raises(InputError, match=r"regions\.bed.*: what follows line \d is no text"):
            read_regions(path, SIZES)


def test_the_mark_that_windows_programs_write_is_no_part_of_the_name(tmp_path):
    path = bed(tmp_path, "chr1\t1\t2\r\nchr2\t3\t4\r\n".encode("utf-8-sig"))
    found = read_regions(path, SIZES)
    assert found.unknown == {}
    assert sorted(found.rows) == ["chr1", "chr2"]


def test_folders_and_tracks_are_no_regions(tmp_path):
    with pytest.raises(InputError, match="this is a folder; correct the path"):
        read_regions(tmp_path, SIZES)
    track = write_bigwig(tmp_path / "a.bw", {"chr1": np.ones(1000, np.float32)})
    with pytest.raises(InputError, match=r"a\.bw: this is a bigWig file, .*; give a BED"):
        read_regions(track, SIZES)


def test_a_bigbed_that_gives_fewer_records_than_it_has_is_refused(tmp_path):
    path = write_bigbed(tmp_path / "peaks.bb", "chr1", 1000, [(100, 200, "p"), (300, 400, "q")])
    content = bytearray(path.read_bytes())
    (data_at,) = struct.unpack_from("<Q", content, 16)
    struct.pack_into("<Q", content, data_at, 3)
    path.write_bytes(content)
    with pytest.raises(InputError, match="2 of 3 records could be read; the file is damaged"):
        read_regions(path, SIZES)


def test_a_bigbed_of_another_assembly_is_refused(tmp_path):
    path = write_bigbed(tmp_path / "peaks.bb", "chr1", 1001, [(100, 200, "p")])
    with pytest.raises(InputError, match="chr1 has 1001 bp, but 1000 bp in the FASTA file"):
        read_regions(path, SIZES)


def test_bgzip_that_was_cut_between_two_blocks_is_refused(tmp_path):
    plain = bed(tmp_path, "".join(f"chr1\t{i % 900}\t950\n" for i in range(20_000)))
    pysam.tabix_compress(str(plain), str(tmp_path / "whole.bed.gz"))
    content = (tmp_path / "whole.bed.gz").read_bytes()
    found = read_regions(tmp_path / "whole.bed.gz", SIZES)
    assert (len(found.on("chr1")), found.duplicates) == (900, 19_100)
    for end in (content.index(content[:4], 100), len(content) - 28):
        with pytest.raises(InputError, match="the bgzip end marker is missing"):
            read_regions(bed(tmp_path, content[:end], "cut.bed.gz"), SIZES)


def test_a_plain_file_that_was_cut_within_a_line(tmp_path):
    row = "chr1\t100\t200\tp\t0\t.\t1\t2\t3\t17"
    whole = f"{row}\n{row}"
    assert read_regions(bed(tmp_path, whole), SIZES).duplicates == 1  # a missing line end is fine
    for end in range(len(row) + 2, whole.rindex("\t")):
        with pytest.raises(InputError, match="line 2: "):
            read_regions(bed(tmp_path, whole[:end]), SIZES)


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
