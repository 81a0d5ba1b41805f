"""FASTA files: plain, gzip, bgzip, and what is refused."""

import gzip

import numpy as np
import pysam
import pytest

from epibench.data.fasta import read_fasta, read_sizes
from epibench.errors import InputError

TEXT = ">chr1 first\nACGTacgt\nNNnnRYk\n>chr2\nT\n"


@pytest.fixture(params=["plain", "gzip", "bgzip", "windows"])
def fasta(request, tmp_path):
    path = tmp_path / "genome.fa"
    path.write_text(TEXT.replace("\n", "\r\n") if request.param == "windows" else TEXT)
    if request.param == "gzip":
        path = tmp_path / "genome.fa.gz"
        path.write_bytes(gzip.compress(TEXT.encode()))
    if request.param == "bgzip":
        pysam.tabix_compress(str(path), str(tmp_path / "genome.bgz"))
        path = tmp_path / "genome.bgz"
    return path


def test_letters_become_codes(fasta):
    first, second = read_fasta(fasta)
    assert first.name == "chr1"
    np.testing.assert_array_equal(first.codes, [0, 1, 2, 3, 0, 1, 2, 3, *[4] * 7])
    assert first.codes.dtype == np.uint8
    assert first.ambiguous == 3
    np.testing.assert_array_equal(second.codes, [3])
    assert read_sizes(fasta) == {"chr1": 15, "chr2": 1}


def test_no_index_is_written(fasta):
    before = sorted(fasta.parent.iterdir())
    list(read_fasta(fasta))
    assert sorted(fasta.parent.iterdir()) == before


def test_truncated_compression_is_found_at_every_place(tmp_path):
    text = ">chr1\n" + "".join(np.random.default_rng(0).choice(list("ACGT"), 200_000)) + "\n"
    (tmp_path / "genome.fa").write_text(text)
    pysam.tabix_compress(str(tmp_path / "genome.fa"), str(tmp_path / "genome.bgz"))
    blocks = (tmp_path / "genome.bgz").read_bytes()
    plain = gzip.compress(text.encode())
    cut = tmp_path / "cut.fa.gz"
    for content in (plain[: len(plain) // 2], plain[:-4], blocks[: len(blocks) // 2], blocks[:-28]):
        cut.write_bytes(content)
        with pytest.raises(InputError, match=r"cut\.fa\.gz: .*truncated"):
            read_sizes(cut)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no chromosome found"),
        ("chr1\tACGT\n", "no chromosome found"),
        (">chr1\nAC\n>chr1\nGT\n", "chromosome chr1 stands twice"),
        (">chr1\n>chr2\nGT\n", "chromosome chr1 has no sequence"),
    ],
)
def test_what_is_no_genome_is_refused(tmp_path, text, message):
    path = tmp_path / "genome.fa"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_sizes(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.fa: there is no such file"):
        read_sizes(tmp_path / "none.fa")
