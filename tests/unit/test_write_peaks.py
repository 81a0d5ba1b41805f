"""bigBed peaks become narrowPeak."""

import numpy as np
import pybigtools  # pyBigWig writes no bigBed
import pytest
from small_genome import write_bigwig

from epibench.data.bed import read_peaks
from epibench.data.write_peaks import write_peaks
from epibench.errors import InputError

SIZES = {"chr1": 1000, "chr10": 800, "chr2": 500}
# As ENCODE has them: one region with two summits, chr10 before chr2, large and small numbers.
ROWS = [
    ("chr1", 100, 250, "Peak_7\t1000\t.\t25.87154\t2587.15\t2581.02\t75"),
    ("chr1", 100, 250, "Peak_31\t604\t.\t9.1\t3.5e-2\t0\t12"),
    ("chr1", 900, 1000, "Peak_2\t0\t+\t1\t-1\t-1\t-1"),
    ("chr10", 0, 1, "Peak_9\t5\t-\t0.5\t1\t1\t0"),
    ("chr2", 30, 90, "Peak_1\t77\t.\t3\t4\t5\t59"),
]


@pytest.fixture
def track(tmp_path):
    coverage = {chrom: np.ones(length) for chrom, length in SIZES.items()}
    return write_bigwig(tmp_path / "track.bw", coverage)


def bigbed(tmp_path, rows, sizes=SIZES):
    path = tmp_path / "peaks.bigBed"
    pybigtools.open(str(path), "w").write(dict(sizes), iter(rows))
    return path


def written(tmp_path, rows, track, sizes=SIZES):
    out = tmp_path / "out" / "a.narrowPeak"
    write_peaks(bigbed(tmp_path, rows, sizes), track, out)
    return out


def test_all_ten_columns_are_kept_and_sorted(tmp_path, track):
    out = written(tmp_path, ROWS, track)
    expected = [f"{chrom}\t{start}\t{end}\t{rest}\n" for chrom, start, end, rest in ROWS]
    assert out.read_text() == "".join(expected)
    assert [path.name for path in out.parent.iterdir()] == ["a.narrowPeak"]


def test_the_store_reads_the_same_from_both(tmp_path, track):
    rows = [row for row in ROWS if not row[3].endswith("\t-1")]
    out = written(tmp_path, rows, track)
    for summits in (True, False):
        text, binary = (
            read_peaks(path, SIZES, summits) for path in (out, tmp_path / "peaks.bigBed")
        )
        assert text.rows.keys() == binary.rows.keys() == SIZES.keys()
        for chrom in SIZES:
            assert text.on(chrom).tolist() == binary.on(chrom).tolist()
    assert read_peaks(out, SIZES, True).on("chr1").tolist() == [[100, 250, 112], [100, 250, 175]]


@pytest.mark.parametrize(
    ("rest", "columns"),
    [
        ("", ".\t0\t.\t0\t-1\t-1\t-1"),
        ("what", ".\t0\t.\t0\t-1\t-1\t-1"),
        ("name\t7\t+", "name\t7\t+\t0\t-1\t-1\t-1"),
        ("name\t7\t-\t1.5\t2.5\t3.5", "name\t7\t-\t0\t-1\t-1\t-1"),  # broadPeak, or bed9
        ("0.3\t0.4\t0.5\t8", ".\t0\t.\t0\t-1\t-1\t-1"),
    ],
)
def test_what_other_bigbed_files_lack_is_missing(tmp_path, track, rest, columns):
    out = written(tmp_path, [("chr2", 30, 90, rest)], track)
    assert out.read_text() == f"chr2\t30\t90\t{columns}\n"


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        (
            "p\t0\t.\t1\t2\t3\t60",
            "record 1 of chr2: the summit offset is 60, not -1 or inside the 60",
        ),
        ("p\t0\t.\t1\t2\t3\t-2", "the summit offset is -2"),
        ("p\t0\t.\t1\t2\t3\t1.5", "the summit offset is 1.5"),
        ("p\t0\t*\t1\t2\t3\t4", r"the strand is \*"),
        ("p\t0\t.\t1\tNone\t3\t4", "signal, p and q are 1, None and 3, not numbers"),
    ],
)
def test_ten_columns_that_are_no_narrowpeak_are_refused(tmp_path, track, rest, message):
    with pytest.raises(InputError, match=message):
        written(tmp_path, [("chr2", 30, 90, rest)], track)
    assert not (tmp_path / "out").exists()


def test_peaks_of_another_assembly_are_refused(tmp_path, track):
    with pytest.raises(InputError, match=r"chr1 has 999 bp, but 1000 bp in .*track\.bw"):
        written(tmp_path, ROWS[:2], track, SIZES | {"chr1": 999})
    more = [*ROWS, ("chrEBV", 1, 3, "")]
    written(tmp_path, more, track, SIZES | {"chrEBV": 5})  # unknown to the track only


def test_a_damaged_or_other_file_is_refused(tmp_path, track):
    path = bigbed(tmp_path, ROWS)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(InputError, match="the bigBed file is truncated"):
        write_peaks(path, track, tmp_path / "a.narrowPeak")
    with pytest.raises(InputError, match="this is not a bigBed file"):
        write_peaks(track, track, tmp_path / "a.narrowPeak")
