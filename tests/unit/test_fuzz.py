"""Fuzz the readers: whatever a file holds, it is read right or refused in one sentence."""

import gzip
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import damaged_files
import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from small_genome import write_bigwig
from test_bed import write_bigbed

from epibench.data.bed import read_regions
from epibench.data.fasta import index_fasta, read_blocks
from epibench.data.source import is_local, parse_source
from epibench.errors import InputError
from epibench.samples import read_samples

SIZES = {"chr1": 1000, "chr2": 500, "7": 50}
fuzz = settings(deadline=None, derandomize=True, max_examples=250)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


def written(folder, content):
    path = folder / "file.txt"
    path.write_bytes(content)
    return path


def attempt(read, path, *arguments):
    """Give what a reader gives, or None where it refuses the file in one sentence that names it."""
    try:
        return read(path, *arguments)
    except InputError as error:
        message = str(error)
    assert message.startswith(str(path))
    assert "\n" not in message
    return None


def mutated(valid: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Replace a few parts of a good file by others."""
    part = st.binary(max_size=4) | st.sampled_from([b"\n", b"\t", b" ", b"\r", b"-", b"\0", b">"])
    place = st.tuples(st.floats(0, 1), st.integers(0, 9), part)

    def change(content: bytes, places: list) -> bytes:
        for where, length, new in places:
            at = int(where * len(content))
            content = content[:at] + new + content[at + length :]
        return content

    return st.builds(change, valid, st.lists(place, min_size=1, max_size=4))


# Regions


@st.composite
def records(draw):
    """Draw chromosome, start, end and summit's offset of regions that are right."""
    chrom = draw(st.sampled_from([*SIZES, "chrUn_1"]))
    start = draw(st.integers(0, SIZES.get(chrom, 90) - 1))
    end = draw(st.integers(start + 1, SIZES.get(chrom, 90)))
    return chrom, start, end, draw(st.integers(0, end - start - 1))


def narrow_peak(record):
    chrom, start, end, offset = record
    return [chrom, start, end, "peak", 0, ".", 1.5, -1, -1, offset]


def bed_text(listed, gap="\t", line_end="\n", columns=10):
    rows = (gap.join(map(str, narrow_peak(record)[:columns])) for record in listed)
    return "".join(row + line_end for row in rows).encode()


region_files = st.builds(
    bed_text,
    st.lists(records(), min_size=1, max_size=8),
    st.sampled_from(["\t", " ", "   "]),
    st.sampled_from(["\n", "\r\n", "\n\n", "  \n", "\n# remark\n"]),
    st.just(10),
)


def check_regions(found):
    assert set(found.rows) <= set(SIZES)
    assert all(count > 0 for count in found.unknown.values())
    assert found.duplicates >= 0
    for chrom, rows in found.rows.items():
        listed = rows.tolist()
        assert listed == [list(row) for row in sorted(set(map(tuple, listed)))]
        assert all(0 <= s <= a < e <= SIZES[chrom] for s, e, a in listed)


@fuzz
@given(
    st.lists(records(), max_size=12),
    st.sampled_from(["\t", " "]),
    st.sampled_from(["\n", "\r\n", "\n\n#x\n"]),
    st.sampled_from([3, 4, 6, 10]),
    st.booleans(),
    st.sampled_from([b"", b"#x\n", b"track name=x\n", b"chrom\tstart\tend\n", b"\xef\xbb\xbf"]),
)
def test_right_records_are_all_read(folder, listed, gap, line_end, columns, packed, head):
    content = head + bed_text(listed, gap, line_end, columns)
    path = written(folder, gzip.compress(content) if packed else content)
    known = [(c, s, e, s + o if columns == 10 else (s + e) // 2) for c, s, e, o in listed]
    known = [record for record in known if record[0] in SIZES]
    if listed and not known:
        with pytest.raises(InputError, match="none of its chromosomes"):
            read_regions(path, SIZES, columns == 10)
        return
    found = read_regions(path, SIZES, columns == 10)
    check_regions(found)
    rows = {(c, *row) for c, rows in found.rows.items() for row in rows.tolist()}
    assert rows == {(c, s, e, a) for c, s, e, a in known}
    assert sum(found.unknown.values()) == len(listed) - len(known)
    assert found.duplicates == len(known) - len(rows)


@fuzz
@given(mutated(region_files) | st.binary(max_size=60), st.booleans(), st.booleans())
@example(b"track\n", False, False)
@example(b"browser\t1\n", False, False)
@example(b"585\tchr1\t0\t10\n1\t2\n", False, False)
def test_broken_regions_are_read_or_refused(folder, content, packed, summits):
    path = written(folder, gzip.compress(content) if packed else content)
    if found := attempt(read_regions, path, SIZES, summits):
        check_regions(found)


@fuzz
@given(mutated(region_files.map(gzip.compress)))
def test_damaged_gzip_is_refused_unless_it_is_whole(folder, content):
    assume(content[:2] == b"\x1f\x8b")
    found = attempt(read_regions, written(folder, content), SIZES)
    if found:
        gzip.decompress(content)
        check_regions(found)


def test_gzip_is_refused_wherever_it_is_cut(folder):
    regions = gzip.compress(b"".join(b"chr1\t%d\t%d\n" % (i, i + 3) for i in range(50)))
    for end in range(2, len(regions)):
        with pytest.raises(InputError, match="cannot be read to its end"):
            read_regions(written(folder, regions[:end]), SIZES)
    genome = gzip.compress(b">chr1\n" + b"ACGGT" * 3 + b"NNA" * 20 + b"\n")
    for end in range(2, len(genome)):
        with pytest.raises(InputError, match="seems truncated"):
            index_fasta(written(folder, genome[:end]))


# FASTA

names = st.text("abcdefgh123_.|", min_size=1, max_size=5)
sequences = st.dictionaries(names, st.text("ACGTacgtNnRYKM", min_size=1, max_size=90), min_size=1)


def fasta_text(genome, width=17, line_end="\n"):
    lines = []
    for name, text in genome.items():
        lines += [f">{name} about it", *(text[i : i + width] for i in range(0, len(text), width))]
    return (line_end.join(lines) + line_end).encode()


def read_fasta(path, length):
    """Read a genome both ways, check that they agree, and give its codes as text."""
    index, found = index_fasta(path), {}
    for name, start, codes in read_blocks(path, length):
        assert start == sum(map(len, found.setdefault(name, [])))
        assert codes.dtype == np.uint8
        assert codes.max() <= 4
        found[name].append("".join("ACGTN"[code] for code in codes))
    found = {name: "".join(parts) for name, parts in found.items()}
    assert {name: chromosome.length for name, chromosome in index.items()} == {
        name: len(text) for name, text in found.items()
    }
    for name, text in found.items():
        unknown = [x for s, e in index[name].unknown.tolist() for x in range(s, e)]
        assert unknown == [i for i, base in enumerate(text) if base == "N"]
        assert index[name].gc == text.count("G") + text.count("C")
    return found


@fuzz
@given(
    sequences,
    st.integers(1, 40),
    st.sampled_from(["\n", "\r\n", "\n\n"]),
    st.integers(1, 50),
    st.booleans(),
)
def test_right_sequences_are_read(folder, genome, width, line_end, length, packed):
    content = fasta_text(genome, width, line_end)
    path = written(folder, gzip.compress(content) if packed else content)
    expected = {
        name: "".join(b if b in "ACGT" else "N" for b in text.upper())
        for name, text in genome.items()
    }
    assert read_fasta(path, length) == expected


@fuzz
@given(mutated(sequences.map(fasta_text)) | st.binary(max_size=60), st.booleans())
def test_broken_sequences_are_read_or_refused(folder, content, packed):
    path = written(folder, gzip.compress(content) if packed else content)
    if found := attempt(read_fasta, path, 20):
        assert all(found.values())


# Samples table and sources

cells = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r"), max_size=8)
cells |= st.sampled_from(["a", "b", "a.bw", "b.bw", "a.bed", '"', "", "ENCFF782GKX.bigWig"])
columns = st.sampled_from(["target", "track", "peaks", "replicate2", "strand_pair", "experiment"])


@st.composite
def tables(draw):
    header = draw(st.just(["target", "track", "peaks"]) | st.lists(columns | cells, max_size=6))
    rows = [header, *draw(st.lists(st.lists(cells, max_size=7), max_size=4))]
    return "\n".join("\t".join(row) for row in rows).encode()


@fuzz
@given(tables() | mutated(tables()) | st.binary(max_size=40))
def test_samples_are_read_or_refused(folder, content):
    targets = attempt(read_samples, written(folder, content))
    if targets is None:
        return
    assert targets
    assert len({target.name.lower() for target in targets}) == len(targets)
    assert all(target.name and target.track for target in targets)


parts = ["http://", "https://", "file://", "s3://", "[", "]", ":", "@", "/", "..", "%00", "%2F"]
parts += ["?", "#", "md5=", "sha256=", "&", "size=", "0" * 32, "²", "ENCFF782GKX", ".bigWig", "x"]
addresses = st.lists(st.sampled_from(parts) | st.text(max_size=3), max_size=6).map("".join)


@fuzz
@given(addresses)
def test_sources_are_understood_or_refused(source):
    try:
        found = parse_source(source)
    except InputError:
        return
    assert found.name
    assert "/" not in found.name
    assert (found.algorithm is None) == (found.checksum is None)
    assert not (is_local(source) and found.remote)


# bigWig and bigBed


def make_bigwig(path):
    rng = np.random.default_rng(0)
    sizes = damaged_files.SIZES
    coverage = {name: rng.gamma(1.0, 2.0, size).astype(np.float32) for name, size in sizes.items()}
    coverage["chr2"][100:200] = np.nan
    return write_bigwig(path, coverage)


def make_bigbed(path):
    rows = [(50 * i, 50 * i + 30 + i % 9, f"p{i}\t0\t.\t1\t2\t3\t{i % 30}") for i in range(55)]
    return write_bigbed(path, "chr1", damaged_files.SIZES["chr1"], rows)


@pytest.mark.parametrize(("make", "name"), [(make_bigwig, "whole.bw"), (make_bigbed, "whole.bb")])
def test_damaged_big_files_are_refused_or_read_the_same(tmp_path, make, name):
    whole = make(tmp_path / name)
    count = sum(1 for _ in damaged_files.damages(whole.read_bytes()))
    folders = [Path(damaged_files.__file__).parent, *filter(None, sys.path)]
    child = subprocess.run(
        [sys.executable, damaged_files.__file__, str(whole)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders))},
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    last = child.stdout.splitlines()[-1:]
    assert child.returncode == 0, f"the process ended with {child.returncode} after {last}"
    outcomes = Counter(line.split(" ", 1)[1] for line in child.stdout.splitlines())
    assert outcomes.total() == count
    assert set(outcomes) == {"equal", "refused"}
    assert outcomes["refused"] > count / 2
