"""The structure of bigWig and bigBed files: what is accepted, and what each damage is called.

`test_fuzz.py` changes every byte of the parts that are checked.
"""

import struct

import pyBigWig
import pytest
from test_bed import write_bigbed

from epibench.data.big_structure import HEADER, check_structure, count_records
from epibench.errors import InputError


@pytest.fixture(scope="module")
def contigs(tmp_path_factory):
    """A track of 5,000 contigs: trees of three levels, a block a contig."""
    path = tmp_path_factory.mktemp("structure") / "contigs.bw"
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([(f"contig{i:04}", 1000) for i in range(5000)])
        for i in range(5000):
            file.addEntries([f"contig{i:04}"], [0], ends=[500], values=[float(i)])
    return path


def changed(path, tmp_path, part, offset, layout, *values):
    """Write other values at an offset from the header, the tree, the data or the index."""
    content = bytearray(path.read_bytes())
    _, _, _, tree, data, index, *_ = HEADER.unpack_from(content)
    start = {"header": 0, "tree": tree, "data": data, "index": index}[part]
    struct.pack_into(layout, content, start + offset, *values)
    damaged = tmp_path / "damaged.bw"
    damaged.write_bytes(content)
    return damaged


def test_trees_of_several_levels_are_accepted(contigs):
    check_structure(contigs)
    assert count_records(contigs) == 5000
    with pyBigWig.open(str(contigs)) as file:
        assert file.values("contig4999", 0, 1) == [4999.0]


def test_records_of_a_bigbed_are_counted(tmp_path):
    path = write_bigbed(tmp_path / "a.bb", "chr1", 1000, [(i, i + 5, "p") for i in range(40)])
    check_structure(path)
    assert count_records(path) == 40


@pytest.mark.parametrize(
    ("part", "offset", "layout", "values", "message"),
    [
        ("header", 6, "<H", [9], "a zoom level lies outside the file"),
        ("header", 8, "<Q", [1 << 62], "an offset lies outside the file"),
        ("header", 52, "<I", [0], "blocks are compressed, but the header does not say so"),
        ("tree", 0, "<I", [0], "the tree of chromosomes is not where it should be"),
        ("tree", 8, "<I", [0], "the tree of chromosomes has keys of no known kind"),
        ("tree", 16, "<Q", [5001], "chromosomes are missing or numbered wrong"),
        ("tree", 32, "<B", [7], "a node of a tree is of no known kind"),
        ("tree", 34, "<H", [1], "chromosomes are missing or numbered wrong"),
        ("index", 0, "<I", [0], "the index is not where it should be"),
        ("index", 8, "<Q", [4999], "the index has 5000 of 4999 blocks"),
        ("index", 50, "<H", [0], "the index has 0 of 5000 blocks"),
        ("index", 52, "<I", [9], "bounds in the index contradict each other"),
        ("index", 60, "<I", [0], "bounds in the index contradict each other"),
    ],
)
def test_damage_is_named(contigs, tmp_path, part, offset, layout, values, message):
    path = changed(contigs, tmp_path, part, offset, layout, *values)
    with pytest.raises(InputError, match=rf"damaged\.bw: the file is damaged \({message}\); fetch"):
        check_structure(path)


def test_a_tree_that_comes_back_to_its_root_is_no_endless_loop(contigs, tmp_path):
    root = HEADER.unpack(contigs.read_bytes()[: HEADER.size])[5] + 48
    path = changed(contigs, tmp_path, "index", 52 + 16, "<Q", root)
    with pytest.raises(InputError, match="a tree comes back to one of its nodes"):
        check_structure(path)
