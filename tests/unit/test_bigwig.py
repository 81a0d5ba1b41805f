"""bigWig files: what is read, what is counted, and what is refused."""

import gzip
import shutil

import numpy as np
import pyBigWig
import pytest
from small_genome import write_bigwig

from epibench.data.bigwig import HIGHEST, BigWig
from epibench.errors import InputError


@pytest.fixture
def track(tmp_path):
    """Coverage with a gap, a stored NaN, a negative value and one beyond float16."""
    path = tmp_path / "track.bw"
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([("chr1", 1000), ("chr2", 300)])
        starts, ends = [0, 100, 200, 300], [50, 150, 250, 310]
        values = [1.5, float("nan"), -2.0, 1e6]
        file.addEntries(["chr1"] * 4, starts, ends=ends, values=values)
        file.addEntries(["chr2"], [0], ends=[300], values=[0.25])
    return path


def test_values_are_float32_and_uncovered_is_zero(track):
    expected = np.zeros(1000, np.float32)
    expected[:50], expected[200:250], expected[300:310] = 1.5, -2, 1e6
    with BigWig(track, {"chr1": 1000}) as file:
        values = file.read("chr1", 0, 1000)
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, expected)
        np.testing.assert_array_equal(file.read("chr1", 30, 210), expected[30:210])
        assert file.read("chr1", 7, 7).shape == (0,)


def test_numpy_integers_are_accepted(track):
    with BigWig(track, {"chr1": 1000}) as file:
        assert len(file.read("chr1", np.int64(3), np.int32(9))) == 6


def test_counts(track):
    with BigWig(track, {"chr1": 1000, "chr2": 300}) as file:
        for start in range(0, 1000, 125):  # cuts the stored NaN in two
            file.read("chr1", start, start + 125)
        file.read("chr2", 0, 300)
    counts = file.counts
    assert counts.bases == 1300
    assert counts.uncovered == 1000 - 110
    assert counts.stored_nan == 50
    assert counts.negative == 50
    assert counts.beyond_float16 == 10
    assert counts.total == 50 * 1.5 - 50 * 2 + 10 * float(HIGHEST) + 300 * 0.25
    assert file.describe()["uncovered"] == pytest.approx(890 / 1300)


def test_what_was_not_read_is_not_counted(track):
    with BigWig(track, {"chr2": 300}) as file:
        assert file.describe()["mean_coverage"] == 0


@pytest.mark.parametrize("interval", [("chr1", -1, 5), ("chr1", 990, 1001), ("chr3", 0, 5)])
def test_an_interval_outside_is_refused(track, interval):
    with BigWig(track, {"chr1": 1000}) as file, pytest.raises(InputError, match="outside"):
        file.read(*interval)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.bw: there is no such file"):
        BigWig(tmp_path / "absent.bw", {"chr1": 10})


@pytest.mark.parametrize("content", [b"", b"chr1\t0\t10\t1.5\n" * 50, gzip.compress(b"x" * 99)])
def test_another_format_is_refused(tmp_path, content):
    path = tmp_path / "text.bw"
    path.write_bytes(content)
    with pytest.raises(InputError, match="this is not a bigWig file"):
        BigWig(path, {"chr1": 10})


def test_truncation_is_found_wherever_it_happens(tmp_path):
    rng = np.random.default_rng(0)
    path = write_bigwig(tmp_path / "whole.bw", {"chr1": rng.random(20_000, np.float32)})
    content = path.read_bytes()
    BigWig(path, {"chr1": 20_000})
    cut = tmp_path / "cut.bw"
    for size in (5, 63, 64, 200, 1000, len(content) // 2, len(content) - 4, len(content) - 1):
        cut.write_bytes(content[:size])
        with pytest.raises(InputError, match=rf"cut\.bw: the bigWig file is truncated \({size} b"):
            BigWig(cut, {"chr1": 20_000})


def test_damage_inside_is_an_error_not_zeros(tmp_path):
    rng = np.random.default_rng(0)
    path = write_bigwig(tmp_path / "track.bw", {"chr1": rng.random(50_000, np.float32)})
    content = bytearray(path.read_bytes())
    content[2000:6000] = bytes(4000)
    path.write_bytes(content)
    with BigWig(path, {"chr1": 50_000}) as file, pytest.raises(InputError, match="damaged"):
        file.read("chr1", 0, 50_000)


@pytest.mark.parametrize(("here", "fasta"), [("1", "chr1"), ("chr1", "1")])
def test_names_that_differ_by_chr_are_both_shown(tmp_path, here, fasta):
    path = write_bigwig(tmp_path / "track.bw", {here: np.ones(100, np.float32)})
    message = rf"chromosome {fasta} of the FASTA file is called {here} here; rename"
    with pytest.raises(InputError, match=message):
        BigWig(path, {fasta: 100})


def test_another_assembly_is_refused_with_both_lengths(track):
    with pytest.raises(InputError, match="chr1 has 1000 bp, but 999 bp in the FASTA file"):
        BigWig(track, {"chr1": 999})


def test_a_missing_chromosome_is_refused_with_those_found(track):
    with pytest.raises(InputError, match=r"chrX .* missing here \(found: chr1, chr2\)"):
        BigWig(track, {"chr1": 1000, "chrX": 10})


def test_messages_are_one_sentence_without_line_breaks(track, tmp_path):
    shutil.copy(track, tmp_path / "other.bw")
    with pytest.raises(InputError) as caught:
        BigWig(tmp_path / "other.bw", {"chr7": 1})
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "other.bw"))
