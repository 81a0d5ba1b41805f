"""FASTA files: plain, gzip, bgzip, and what is refused."""

import gzip

import numpy as np
import pysam
import pytest

from epibench.data import fasta as module
from epibench.data.fasta import index_fasta, read_blocks
from epibench.data.intervals import mark
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


def sequences(path, length=1 << 20):
    """Put the blocks of each chromosome together, and check where they begin."""
    found = {}
    for name, start, codes in read_blocks(path, length):
        assert codes.dtype == np.uint8
        assert start == sum(map(len, found.setdefault(name, [])))
        assert len(codes) == length or start + len(codes) == index_fasta(path)[name].length
        found[name].append(codes)
    return {name: np.concatenate(blocks).tolist() for name, blocks in found.items()}


def test_letters_become_codes(fasta):
    assert sequences(fasta) == {"chr1": [0, 1, 2, 3, 0, 1, 2, 3, *[4] * 7], "chr2": [3]}


def test_the_index_describes_each_chromosome(fasta):
    first, second = index_fasta(fasta).values()
    assert (first.length, first.gc, first.ambiguous) == (15, 4, 3)
    np.testing.assert_array_equal(first.unknown, [[8, 15]])
    assert (second.length, second.gc, second.ambiguous) == (1, 0, 0)
    assert second.unknown.shape == (0, 2)


@pytest.mark.parametrize("chunk", [1, 2, 7, 64])
def test_chunks_and_blocks_change_nothing(tmp_path, monkeypatch, chunk):
    rng = np.random.default_rng(chunk)
    texts = {f"chr{i}": "".join(rng.choice(list("ACGTN"), 50 * i + 3)) for i in range(4)}
    path = tmp_path / "genome.fa"
    path.write_text("".join(f">{n} x > y\n{t[:41]}\n{t[41:]}\n\n" for n, t in texts.items()))
    monkeypatch.setattr(module, "CHUNK", chunk)
    for length in (1, 10, 1000):
        expected = {n: ["ACGTN".index(x) for x in t] for n, t in texts.items()}
        assert sequences(path, length) == expected
    for name, chromosome in index_fasta(path).items():
        unknown = np.array(list(texts[name])) == "N"
        np.testing.assert_array_equal(mark(chromosome.unknown, 0, len(unknown)), unknown)
        assert (np.diff(chromosome.unknown.ravel()) > 0).all()


def test_a_chromosome_on_one_line_without_an_end(tmp_path):
    path = tmp_path / "genome.fa"
    path.write_text(">a\nACGT")
    assert sequences(path) == {"a": [0, 1, 2, 3]}


def test_no_index_is_written(fasta):
    before = sorted(fasta.parent.iterdir())
    index_fasta(fasta)
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
            index_fasta(cut)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no chromosome found"),
        ("chr1\tACGT\n", "no chromosome found"),
        (">chr1\nAC\n>chr1\nGT\n", "chromosome chr1 stands twice"),
        (">chr1\nAC\n>chr2\nGT\n>chr1\nGT\n", "chromosome chr1 stands twice"),
        (">chr1\n>chr2\nGT\n", "chromosome chr1 has no sequence"),
        (">chr2\nGT\n>chr1\n", "chromosome chr1 has no sequence"),
        (">chr2\nGT\n>chr1", "chromosome chr1 has no sequence"),
        (">chr1\nAC\n> \nGT\n", "a `>` line has no name"),
        (">chr1\nACGT\nAC-T\n", "chromosome chr1 has the character '-', which is no base"),
        (">chr1\nACGT>chr2\nACT\n", "chromosome chr1 has the character '>'"),
        ("@read\nACGT\n+\nIIII\n", "no chromosome found where the file begins"),
    ],
)
def test_what_is_no_genome_is_refused(tmp_path, text, message):
    path = tmp_path / "genome.fa"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        index_fasta(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.fa: there is no such file"):
        index_fasta(tmp_path / "none.fa")
