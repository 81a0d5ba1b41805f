"""bigWig files: what is read, what is counted, and what is refused."""

import gzip
import shutil

import numpy as np
import pyBigWig
import pytest
from small_genome import write_bigwig

from epibench.data.bigwig import HIGHEST, BigWig, Piece
from epibench.data.settings import CoverageSettings
from epibench.data.tally import LEVELS, Tally, clip
from epibench.errors import InputError

KEEP = CoverageSettings(negative="keep")


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
    with BigWig(track, {"chr1": 1000}, KEEP) as file:
        values = file.read("chr1", 0, 1000)
        assert values.dtype == np.float32
        np.testing.assert_array_equal(values, expected)
        np.testing.assert_array_equal(file.read("chr1", 30, 210), expected[30:210])
        assert file.read("chr1", 7, 7).shape == (0,)


def test_numpy_integers_are_accepted(track):
    with BigWig(track, {"chr1": 1000}) as file:
        assert len(file.read("chr1", np.int64(3), np.int32(9))) == 6


def test_what_a_piece_counts(track):
    with BigWig(track, {"chr1": 1000}, KEEP) as file:
        pieces = [file.read_piece("chr1", s, s + 125) for s in range(0, 1000, 125)]
    assert sum(p.uncovered.sum() for p in pieces) == 1000 - 110
    assert sum(p.stored_nan for p in pieces) == 50  # a block's edge cuts them in two
    assert sum(p.negative for p in pieces) == 50
    values = np.concatenate([p.values for p in pieces])
    assert (values[np.concatenate([p.uncovered for p in pieces])] == 0).all()


def test_a_tally_adds_up_what_is_stored(track):
    tally = Tally()
    with BigWig(track, {"chr1": 1000, "chr2": 300}, KEEP) as file:
        for chrom, size in (("chr1", 1000), ("chr2", 300)):
            piece = file.read_piece(chrom, 0, size)
            tally.add(piece, clip(piece.values))
    counts = tally.describe()
    assert counts["mean"] == (50 * 1.5 - 50 * 2 + 10 * float(HIGHEST) + 300 * 0.25) / 1300
    del counts["mean"]
    shares = dict(zip(LEVELS, counts.pop("at_least"), strict=True))
    assert counts == {
        "bases": 1300, "uncovered": 890, "stored_nan": 50, "negative": 50, "beyond_float16": 10,
    }  # fmt: skip
    assert shares[0.25] == pytest.approx(360 / 1300)
    assert shares[0.375] == shares[1.5] == pytest.approx(60 / 1300)
    assert shares[2] == shares[49152] == pytest.approx(10 / 1300)


def test_every_class_of_a_tally_begins_at_its_level():
    values = np.array([*LEVELS, *np.nextafter(np.float32(LEVELS), np.float32(0))], np.float32)
    tally = Tally()
    tally.add(Piece(values, np.zeros(len(values), bool)), values)
    expected = [(values >= level).mean() for level in LEVELS]
    assert tally.describe()["at_least"] == pytest.approx(expected)


def test_negative_values_are_refused_by_default_and_named(track):
    with BigWig(track, {"chr1": 1000}) as file, pytest.raises(InputError) as caught:
        file.read("chr1", 180, 300)
    message = "track.bw: the coverage at chr1:200 (0-based) is -2, below 0, and so are 50 of 120 "
    assert message in str(caught.value)
    assert "coverage.negative" in str(caught.value)


def test_negative_values_become_zero_where_the_settings_say_so(track):
    with BigWig(track, {"chr1": 1000}, CoverageSettings(negative="zero")) as file:
        piece = file.read_piece("chr1", 190, 260)
    assert piece.values.tolist() == [0] * 70
    assert piece.negative == 50


def test_stored_nan_is_refused_where_the_settings_say_so(track):
    with BigWig(track, {"chr1": 1000}, CoverageSettings(nan="error", negative="keep")) as file:
        file.read("chr1", 0, 100)
        with pytest.raises(InputError, match=r"50 of the bases chr1:90-160 are stored as NaN"):
            file.read("chr1", 90, 160)


@pytest.mark.parametrize("kind", ["is 0 everywhere", "has no value"])
def test_a_track_that_says_nothing_is_refused(tmp_path, kind):
    path = tmp_path / "silent.bw"
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([("chr1", 1000)])
        if kind == "is 0 everywhere":
            file.addEntries(["chr1"], [0], ends=[500], values=[0.0])
    with pytest.raises(InputError, match=rf"silent\.bw: the track {kind}"):
        BigWig(path, {"chr1": 1000})


@pytest.mark.parametrize("interval", [("chr1", -1, 5), ("chr1", 990, 1001), ("chr3", 0, 5)])
def test_an_interval_outside_is_refused(track, interval):
    with BigWig(track, {"chr1": 1000}) as file, pytest.raises(InputError, match="outside"):
        file.read(*interval)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"absent\.bw: there is no such file"):
        BigWig(tmp_path / "absent.bw", {"chr1": 10})


@pytest.mark.parametrize(
    "content", [b"", b"chr1\t0\t10\t1.5\n" * 50, gzip.compress(b"x" * 99, mtime=0)]
)
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
