"""Fuzz the readers: whatever a file holds, it is read right or refused in one sentence.

The same examples every time. EPIBENCH_FUZZ=20 makes a campaign by hand: that many times as
many, new ones each time.
"""

import gzip
import json
import os
import subprocess
import sys
from collections import Counter
from math import prod
from pathlib import Path

import damaged_files
import numpy as np
import pysam
import pytest
import yaml
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from small_genome import SmallStudy, write_bigwig
from test_bed import write_bigbed

from epibench.config.grids import Grid
from epibench.config.schema import Defaults, Experiment
from epibench.data.bed import read_regions
from epibench.data.fasta import index_fasta, read_blocks
from epibench.data.make_store import make_store
from epibench.data.settings import SplitSettings
from epibench.data.source import is_local, parse_source
from epibench.data.store import Store
from epibench.errors import InputError
from epibench.evaluate.predicted_arrays import ArrayPredictor
from epibench.grid import MOST_RUNS, expand_experiments
from epibench.locus import LONGEST, parse_locus
from epibench.make_plan import make_plan
from epibench.samples import read_samples
from epibench.typed import read_yaml
from epibench.variants.check_vcf import check_vcf
from epibench.variants.indexed_fasta import IndexedFasta
from epibench.variants.tables import read_tables
from epibench.variants.vcf import VcfFile
from epibench.words import AXES

SIZES = {"chr1": 1000, "chr2": 500, "7": 50}
TIMES = int(os.environ.get("EPIBENCH_FUZZ", "1"))
fuzz = settings(deadline=None, derandomize=TIMES == 1, max_examples=250 * TIMES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


def written(folder, content):
    path = folder / "file.txt"
    path.write_bytes(content)
    return path


def attempt(read, path, *arguments, begins=()):
    """Give what a reader gives, or None where it refuses the file in one sentence that names it.

    `begins` has what else the sentence may begin with.
    """
    try:
        return read(path, *arguments)
    except InputError as error:
        lines = str(error).split("\n")
    for line in lines:  # one a mistake, of which only a config may have several
        assert line.startswith((str(path), *begins))
    assert len(lines) == 1 or read is planned
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


# Config

TINY = Path(__file__).parents[1] / "studies" / "tiny.yaml"

odd_texts = ["../../x", "<script>", "a\nb", "x\n", "", "\0", "\u202e", "é", "\ud800", "${HOME}"]
odd_texts += ["chr8", "threshold2", "poisson", "peaks", "os:system", "rest", "all", "*", "(a"]
odd_numbers = st.sampled_from([0, -1, 1, 2**31, 2**64, 10**30, 0.5, 1e-300, 1e300])
leaves = st.none() | st.booleans() | st.integers() | odd_numbers | st.floats()
leaves |= st.sampled_from(odd_texts) | st.text(max_size=5)
odd_values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(odd_texts) | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


def change(config, path, value, remove):
    """Replace, add or remove the value at a path of random numbers."""
    part = config
    while True:
        keys = list(part) if isinstance(part, dict) else list(range(len(part)))
        key = keys[path[0] % len(keys)] if keys else "more"
        path = path[1:]
        inner = part[key] if keys else None
        if not path or not isinstance(inner, dict | list) or not inner:
            break
        part = inner
    if remove and keys:
        del part[key]
    elif isinstance(part, dict) or keys:
        part[key] = value


def planned(path):
    """Make the plan of a config file, as the command line does."""
    return make_plan(read_yaml(path), [path])


@settings(fuzz, max_examples=120 * TIMES)
@given(
    st.lists(
        st.tuples(st.lists(st.integers(0, 50), min_size=1, max_size=4), odd_values, st.booleans()),
        min_size=1,
        max_size=3,
    )
)
def test_configs_are_planned_or_refused(folder, changes):
    config = yaml.load(TINY.read_text(), yaml.CSafeLoader)
    for path, value, remove in changes:
        change(config, path, value, remove)
    plan = attempt(planned, written(folder, json.dumps(config).encode()))
    if plan:
        assert plan.runs
        assert plan.folder == f"results/{plan.study.study}"


yaml_parts = ["a: ", "b", "\n", "  ", "- ", "&x ", "*x", "<<: ", "{", "}", "[", "]", ",", "? "]
yaml_parts += ["!!int ", "!!python/object/apply:os.abort ", "!!timestamp ", "!!binary ", "!!set "]
yaml_parts += ["2020-99-99", "0x", "1e9", "|", ">", "'", '"', "\\ud800", "\0", "\t", "---\n", "%"]


@fuzz
@given(st.lists(st.sampled_from(yaml_parts), max_size=14).map("".join) | st.text(max_size=20))
def test_yaml_is_read_or_refused(folder, text):
    attempt(read_yaml, written(folder, text.encode("utf-8", "surrogatepass")))


axis_values = {
    "model": st.sampled_from(["a", "b", "c"]),
    "bin_size": st.integers(1, 2**70),
    "seed": st.integers(0, 2**31 - 1),
    "augmentation": st.sampled_from(["none", "rc"]),
}
products = st.fixed_dictionaries(
    {}, optional={axis: st.lists(each, max_size=12) for axis, each in axis_values.items()}
)
grids = st.builds(
    lambda product, include, exclude: product | {"include": include, "exclude": exclude},
    products,
    st.lists(products, max_size=3),
    st.lists(products.map(lambda product: product | {"reason": "x"}), max_size=2),
)


@fuzz
@given(st.dictionaries(st.sampled_from("xyz"), grids, min_size=1))
@example({"x": {"seed": list(range(1000)), "bin_size": list(range(1, 1001))}})
@example({"x": {axis: list(range(1, 200)) for axis in ("seed", "bin_size")}, "y": {}})
def test_grids_are_expanded_or_refused(listed):
    experiments = {name: Experiment(grid=Grid(**grid)) for name, grid in listed.items()}
    expanded = attempt(lambda _: expand_experiments(experiments, Defaults()), "experiments.")
    if expanded is None:
        return
    assert sum(len(found.runs) for found in expanded.values()) <= MOST_RUNS
    for name, grid in listed.items():
        runs = expanded[name].runs
        assert 0 < len(runs) == len(set(runs))
        if not (grid["include"] or grid["exclude"]):
            assert len(runs) == prod(len(grid.get(axis, [0])) for axis in AXES)


def located(_, text):
    """Read a locus; the config's types say what is wrong with it as an InputError."""
    try:
        return parse_locus(text)
    except ValueError as error:
        raise InputError(str(error)) from None


@fuzz
@given(
    st.text(max_size=20)
    | st.lists(st.sampled_from(["chr8", ":", "-", "1", "9" * 30, "²", "\n", " "]), max_size=8).map(
        "".join
    )
)
def test_loci_are_understood_or_refused(text):
    locus = attempt(located, repr(text), text)
    if locus is None:
        return
    assert 0 <= locus.start < locus.end <= locus.start + LONGEST
    assert locus.chrom


# Variants

CONTIG = "ACGTTGCA" * 60


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    path = tmp_path_factory.mktemp("genome") / "genome.fa"
    path.write_text(f">chr1\n{CONTIG}\n")
    with IndexedFasta(path) as fasta:
        yield fasta


vcf_cells = st.sampled_from(["", ".", "-1", "0", "9" * 20, "<DEL>", "A]chr1:5]", "*", "N", "ACGT"])
vcf_cells |= st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r"), max_size=4)


@st.composite
def vcf_files(draw):
    """Draw files whose records are right, but for a few cells."""
    lines = ["##fileformat=VCFv4.2", "##contig=<ID=chr1>"]
    lines.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO")
    for start in draw(st.lists(st.integers(0, len(CONTIG) - 1), max_size=6)):
        cells = ["chr1", str(start + 1), ".", CONTIG[start], draw(st.sampled_from("ACGT,."))]
        cells += [".", "PASS", "AF=0.5"]
        if draw(st.booleans()):
            cells[draw(st.integers(0, 7))] = draw(vcf_cells)
        lines.append("\t".join(cells))
    return "\n".join([*lines, ""]).encode()


def tallied(path, genome):
    with VcfFile(path, lambda line: None) as vcf:
        return check_vcf(vcf, genome, 40, lambda line: None)


def bgzipped(content, folder):
    path = folder / "packed"
    with pysam.BGZFile(str(path), "wb") as file:
        file.write(content)
    return path.read_bytes()


@fuzz
@given(
    vcf_files() | mutated(vcf_files()) | st.binary(max_size=60),
    st.sampled_from(["plain", "gzip", "bgzip"]),
)
def test_vcf_files_are_read_or_refused(folder, genome, content, packing):
    if packing != "plain":
        content = gzip.compress(content) if packing == "gzip" else bgzipped(content, folder)
    tally = attempt(tallied, written(folder, content), genome)
    if tally:
        assert tally.scored > 0
        assert tally.scored + tally.reasons.total() >= tally.records


@settings(fuzz, max_examples=100 * TIMES)
@given(mutated(vcf_files().map(gzip.compress)))
def test_damaged_packed_vcf_files_are_read_or_refused(folder, genome, content):
    attempt(tallied, written(folder, content), genome)


TITLES = ["Chrom", "Pos", "Ref", "Alt", "Coefficient", "Barcodes", "pValue", "Element", "Release"]
table_cells = st.sampled_from(["1", "X", "77", "A", "-", "0.5", "nan", "inf", "-3", "9" * 20, ""])
table_cells |= st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r"), max_size=4)


@st.composite
def variant_files(draw):
    """Draw tables whose rows are right, but for a few cells."""
    rows = [TITLES]
    for pos in draw(st.lists(st.integers(1, 900), max_size=6)):
        row = ["1", str(pos), "A", draw(st.sampled_from("CGT-")), "0.25", "12", "0.1", "e", "hg38"]
        if draw(st.booleans()):
            row[draw(st.integers(0, 8))] = draw(table_cells)
        rows.append(row)
    gap = draw(st.sampled_from(["\t", ","]))
    return "\n".join(gap.join(row) for row in [*rows, []]).encode()


@settings(fuzz, max_examples=200 * TIMES)
@given(variant_files() | mutated(variant_files()) | st.binary(max_size=60), st.booleans())
def test_variant_tables_are_read_or_refused(folder, content, packed):
    path = written(folder, gzip.compress(content) if packed else content)
    tables = attempt(lambda path: read_tables([path]), path)
    if tables:
        rows = tables.rows
        assert len(rows)
        assert (rows["start"] >= 0).all()
        assert set(rows["ref"]) <= set("ACGT")
        assert np.isfinite(rows["effect"]).all()


# Predictions from outside


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    study = SmallStudy(tmp_path_factory.mktemp("small"))
    splits = SplitSettings(test=["chr8"], valid=["chr9"])
    make_store(study.folder / "store", **study.arguments() | {"splits": splits})
    return Store(study.folder / "store")


@st.composite
def arrays(draw):
    """Draw what an .npz may hold: of another shape or kind, or without what is needed."""
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    kind = draw(st.sampled_from(["f4", "f8", "i8", "U3", "S2", "c16", "b1", "M8[s]", "O"]))
    found = {"coverage": np.ones(shape, kind)}
    if draw(st.booleans()):
        found["targets"] = np.array(draw(st.lists(st.sampled_from(["a", "b", "zz"]), max_size=4)))
    if draw(st.booleans()):
        found["more"] = found.pop("coverage")
    return found


@settings(fuzz, max_examples=150 * TIMES)
@given(
    arrays(),
    st.booleans(),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 9), st.binary(max_size=4)), max_size=3),
    mutated(region_files) | region_files | st.just(b"chr8\t0\t64\n"),
)
def test_outside_arrays_are_read_or_refused(folder, store, found, packed, damage, regions):
    path = folder / "array.npz"
    (np.savez_compressed if packed else np.savez)(path, **found)
    content = path.read_bytes()
    for where, length, new in damage:
        at = int(where * len(content))
        content = content[:at] + new + content[at + length :]
    path.write_bytes(content)
    bed = str(written(folder, regions))
    attempt(lambda path: ArrayPredictor("key", path, bed, store), str(path), begins=("key: ", bed))


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
