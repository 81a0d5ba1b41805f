"""Measured variants of a study, with the genome around them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_genome import write_fasta
from test_variant_tables import row, shared_table, table

from epibench.data.settings import SplitSettings
from epibench.errors import InputError
from epibench.sequence import N
from epibench.variants.flanks import Flanks, read_flanks
from epibench.variants.read_variants import (
    load_variants,
    read_variants,
    variant_of,
    window_starts,
)
from epibench.variants.variant import HAS_N, OUTSIDE, REF_DIFFERS
from epibench.variants.window import make_window
from epibench.words import BASES

ROOT = Path(__file__).parents[2]
LENGTH = 40
SPLITS = SplitSettings(test=["chr8"], valid=["chr9"])
RUN = """
import json, runpy, sys
from types import SimpleNamespace as Names
job = json.loads(sys.argv[1])
snakemake = Names(
    input=Names(**job["input"]),
    output=Names(**job["output"]),
    params=Names(settings=job["settings"]),
    log=["log"],
)
runpy.run_path(sys.argv[2], {"snakemake": snakemake})
"""


def genome(seed=0, sizes=(("chr8", 400), ("chrX", 300), ("chr9", 120))):
    rng = np.random.default_rng(seed)
    return {name: "".join(rng.choice(list(BASES), size)) for name, size in sizes}


def saturate(sequence, chrom, start, end, element, skip=()):
    """Give all substitutions and the deletion of each base, with its real reference allele."""
    return [
        row(at + 1, sequence[chrom][at], alt, element=element, chrom=chrom.removeprefix("chr"))
        for at in range(start, end)
        for alt in "ACGT-"
        if alt != sequence[chrom][at] and at not in skip
    ]


def read(folder, sequence, rows, **settings):
    fasta = write_fasta(folder / "genome.fa", sequence)
    measured = table(folder, rows)
    settings = {"window": LENGTH, "splits": SPLITS} | settings
    return read_variants(folder / "out", tables=[measured], fasta=fasta, **settings)


@pytest.mark.parametrize("block", [7, 64, 1 << 20])
def test_flanks_are_slices_of_the_genome(tmp_path, block):
    sequence = genome()
    sequence["chr9"] = "NNNNN" + sequence["chr9"][5:]
    fasta = write_fasta(tmp_path / "genome.fa", sequence)
    wanted = {"8": [(30, 50), (40, 41), (90, 130), (50, 60)], "chrX": [(-9, 20), (290, 350)]}
    flanks, names = read_flanks(fasta, wanted | {"chr9": [(0, 9)], "7": [(0, 5)]}, block)
    assert names == {"8": "chr8", "chrX": "chrX", "chr9": "chr9"}
    assert flanks.names == list(sequence)
    flanks.save(tmp_path / "flanks.npz")
    for each in (flanks, Flanks.load(tmp_path / "flanks.npz")):
        assert [each.length(name) for name in [*sequence, "chr7"]] == [400, 300, 120, None]
        kept = [("chr8", 30, 60), ("chr8", 90, 130), ("chrX", 0, 20), ("chrX", 290, 300)]
        for chrom, start, end in [*kept, ("chr8", 49, 55), ("chr9", 0, 9), ("chrX", 300, 300)]:
            codes = each.codes(chrom, start, end)
            assert "".join((BASES + "N")[c] for c in codes) == sequence[chrom][start:end]
            assert codes.dtype == np.uint8
        for outside in (("chr8", 29, 31), ("chr8", 59, 61), ("chr8", 0, 1), ("chr7", 0, 1)):
            with pytest.raises(IndexError, match="not among the stretches"):
                each.codes(*outside)


def test_flanks_of_other_spellings(tmp_path):
    fasta = write_fasta(tmp_path / "genome.fa", {"8": "ACGT", "chr1": "CCCC", "1": "GGGG"})
    flanks, names = read_flanks(fasta, {"chr8": [(0, 2)], "8": [(2, 4)], "1": [(0, 4)]})
    assert names == {"chr8": "8", "8": "8", "1": "1"}
    assert flanks.codes("8", 0, 4).tolist() == [0, 1, 2, 3]
    assert flanks.codes("1", 0, 1).tolist() == [2]
    fasta.write_text(">chr1\nACGT\n>chr1\nACGT\n")
    with pytest.raises(InputError, match="chr1 stands twice"):
        read_flanks(fasta, {"1": [(0, 4)]})


@pytest.mark.parametrize("centre", ["variant", "element"])
def test_every_row_that_is_written_has_a_window(tmp_path, centre):
    sequence = genome()
    sequence["chr9"] = sequence["chr9"][:70] + "N" + sequence["chr9"][71:]
    rows = saturate(sequence, "chrX", 270, 290, "second")
    rows += saturate(sequence, "chr8", 100, 130, "first")
    rows += saturate(sequence, "chr9", 60, 80, "third", skip=[70])
    summary = read(tmp_path, sequence, rows[::-1], deletions=True, centre=centre)
    found = load_variants(tmp_path / "out" / "variants.tsv")
    flanks = Flanks.load(tmp_path / "out" / "sequence.npz")
    for each, start in zip(found.itertuples(), window_starts(found, LENGTH, centre), strict=True):
        window = make_window(flanks, variant_of(each), LENGTH, start)
        first = each.start - LENGTH // 2 if start is None else start
        text = "".join(BASES[code] for code in window.reference)
        assert text == sequence[each.chrom][first : first + LENGTH]
        assert min(window.reference.max(), window.alternative.max()) < N
    skipped = pd.read_csv(tmp_path / "out" / "skipped.tsv", sep="\t")
    assert len(found) + len(skipped) == len(rows) == summary["variants"] + len(skipped)
    assert summary == json.loads((tmp_path / "out" / "summary.json").read_text())
    counts = found["element"].value_counts().to_dict()
    assert counts["first"] == 120
    assert {k: v["variants"] for k, v in summary["elements"].items() if v["variants"]} == counts
    if centre == "element":  # one window an element: 260 to 300 of chrX, 50 to 90 of chr9
        assert "third" not in counts
        assert skipped.groupby("element")["reason"].unique().map(list).to_dict() == {
            "third": [HAS_N],
            "second": [OUTSIDE],
        }
        assert set(skipped.loc[skipped["element"] == "second", "alt"]) == {"-"}
    else:
        near = found[found["chrom"] == "chrX"]
        assert near["start"].max() == 280  # its window ends where the contig does
        assert near.loc[near["alt"] == "-", "start"].max() == 279
        assert "third" not in counts
    assert summary["skipped"] == skipped["reason"].value_counts().to_dict()


def test_middle_of_an_element_is_that_of_the_rows_that_are_left(tmp_path):
    """Without the two deletions the window moves by one base, to where it holds an N."""
    sequence = genome()
    sequence["chrX"] = sequence["chrX"][:259] + "N" + sequence["chrX"][260:]
    rows = [
        each
        for each in saturate(sequence, "chrX", 270, 291, "moving")
        if int(each.split()[1]) <= 289 or each.split()[3] == "-"
    ]
    rows += saturate(sequence, "chr8", 100, 110, "staying")
    read(tmp_path, sequence, rows, deletions=True, centre="element")
    assert set(load_variants(tmp_path / "out" / "variants.tsv")["element"]) == {"staying"}
    skipped = pd.read_csv(tmp_path / "out" / "skipped.tsv", sep="\t")
    substituted = skipped["alt"] != "-"
    assert set(skipped.loc[substituted, "reason"]) == {HAS_N}
    assert set(skipped.loc[~substituted, "reason"]) == {OUTSIDE}


def test_order_and_splits(tmp_path):
    sequence = genome()
    rows = saturate(sequence, "chrX", 150, 153, "b") + saturate(sequence, "chr8", 200, 202, "a")
    rows += saturate(sequence, "chr9", 60, 61, "c")
    splits = SplitSettings(test=["chr8"], valid=["chr9"], exclude=["chrX"])
    summary = read(tmp_path, sequence, rows[::-1], splits=splits, deletions=True)
    found = load_variants(tmp_path / "out" / "variants.tsv")
    columns = ["element", "chrom", "start", "ref", "alt", "effect", "barcodes", "p_value", "split"]
    assert list(found) == columns
    assert found["element"].unique().tolist() == ["c", "a", "b"]
    for _, own in found.groupby("element"):
        places = list(zip(own["start"], own["alt"], strict=True))
        assert places == sorted(places)
        assert own["alt"].iloc[0] == "-"
    assert found.groupby("element")["split"].unique().map(list).to_dict() == {
        "a": ["test"],
        "b": [""],
        "c": ["valid"],
    }
    element = summary["elements"]["a"]
    assert {key: element[key] for key in ("chrom", "start", "end", "split", "variants")} == {
        "chrom": "chr8",
        "start": 200,
        "end": 202,
        "split": "test",
        "variants": 8,
    }
    assert summary["tables"][0]["checksum"].startswith("sha256:")


def test_a_few_reference_alleles_may_differ(tmp_path):
    sequence = genome()
    rows = saturate(sequence, "chr8", 100, 150, "F9")
    other = "C" if sequence["chr8"][120] != "C" else "G"
    alt = next(base for base in BASES if base not in (other, sequence["chr8"][120]))
    rows.append(row(121, other, alt, element="F9", chrom="8"))
    summary = read(tmp_path, sequence, rows)
    assert summary["skipped"][REF_DIFFERS] == 1
    skipped = pd.read_csv(tmp_path / "out" / "skipped.tsv", sep="\t").query("found.notna()")
    expected = ["F9", "chr8", 120, other, alt, REF_DIFFERS, sequence["chr8"][120]]
    assert skipped.to_numpy().tolist() == [expected]


def shifted(rows, by):
    return [" ".join([c, str(int(pos) + by), *rest]) for c, pos, *rest in map(str.split, rows)]


def test_another_assembly_stops(tmp_path):
    sequence = genome()
    good = saturate(sequence, "chr8", 100, 200, "good")
    bad = shifted(saturate(sequence, "chr9", 50, 60, "bad"), 1)
    differing = sum(sequence["chr9"][at] != sequence["chr9"][at + 1] for at in range(50, 60)) * 3
    first = next(at for at in range(50, 60) if sequence["chr9"][at] != sequence["chr9"][at + 1])
    message = (
        f"element bad, position {first + 2} of chr9: the table's reference allele is "
        f"{sequence['chr9'][first]}, the file has {sequence['chr9'][first + 1]}, and so for "
        f"{differing} of 30 rows of the element bad.*variants.assembly"
    )
    with pytest.raises(InputError, match=message):
        read(tmp_path, sequence, good + bad)
    with pytest.raises(InputError, match=r"of [0-9]+ rows of all elements together"):
        read(tmp_path, sequence, shifted(saturate(sequence, "chr9", 50, 55, "bad"), 1))
    with pytest.raises(InputError, match=r"position 440 of chr8: .*the file has nothing"):
        read(tmp_path, sequence, shifted(good, 339)[1:])
    assert not (tmp_path / "out").exists()


def test_chromosome_that_the_genome_lacks(tmp_path):
    message = r"no chromosome 7, with or without chr, where the element F9 is .it has chr8, chrX"
    with pytest.raises(InputError, match=message):
        read(tmp_path, genome(), [row(chrom="7")])


def test_nothing_left(tmp_path):
    sequence = genome()
    with pytest.raises(InputError, match=f"no variant can be scored .the first one: {OUTSIDE}"):
        read(tmp_path, sequence, saturate(sequence, "chr9", 3, 6, "a"))


def test_elements_that_the_config_names_must_be_there(tmp_path):
    sequence = genome()
    rows = saturate(sequence, "chr8", 100, 110, "a") + saturate(sequence, "chr9", 3, 6, "b")
    read(tmp_path, sequence, rows, shown="a", matched=["a", "b"])  # b has no window: a notice
    with pytest.raises(InputError, match=r"variants.shown: no variant of 'b' is left .*: a\)"):
        read(tmp_path, sequence, rows, shown="b")
    with pytest.raises(InputError, match=r"variants.matched: the tables have no element 'c'"):
        read(tmp_path, sequence, rows, matched=["c"])


def test_rule_script(tmp_path):
    sequence = genome()
    fasta = write_fasta(tmp_path / "genome.fa", sequence)
    measured = table(tmp_path, saturate(sequence, "chr8", 100, 110, "PKLR-48h"))
    out = tmp_path / "results" / "my" / "variants"  # as deep as in the workflow
    settings = {"assembly": "hg38", "elements": "cagi5", "min_tags": 20, "deletions": False}
    settings |= {"window": LENGTH, "centre": "variant", "splits": SPLITS.model_dump()}
    settings |= {"shown": None, "matched": ["F9"]}
    job = {
        "input": {"tables": [str(measured)], "fasta": str(fasta)},
        "output": {"variants": str(out / "variants.tsv")},
        "settings": settings | {"checksums": {str(measured): "md5:0"}},
    }
    run = [sys.executable, "-c", RUN, json.dumps(job), str(ROOT / "scripts" / "read_variants.py")]
    subprocess.run(run, check=True, cwd=tmp_path, env={"PYTHONPATH": str(ROOT / "scripts")})
    assert load_variants(out / "variants.tsv")["element"].unique().tolist() == ["PKLR"]
    log = (tmp_path / "log").read_text()
    assert "PKLR: 30 variants" in log
    assert "unusual: F9 of CAGI5 is not in the tables" in log
    assert json.loads((out / "summary.json").read_text())["tables"][0]["checksum"] == "md5:0"


@pytest.mark.parametrize("assembly", ["GRCh37", "GRCh38"])
def test_two_real_elements_at_their_places(tmp_path, assembly):
    """Reads the real table against a genome of A that has the table's own reference alleles."""
    path = shared_table()
    whole = pd.read_csv(path, sep="\t", dtype={"Chrom": str})
    own = whole[whole["Element"].isin(["LDLR", "TERT-GBM"])]
    here = own[own["Release"] == assembly]
    sequence = {}
    for chrom, group in here.groupby("Chrom"):
        letters = bytearray(b"A" * (int(group["Pos"].max()) + 5000))
        for pos, ref in zip(group["Pos"], group["Ref"], strict=True):
            letters[pos - 1] = ord(ref)
        sequence[f"chr{chrom}"] = letters.decode()
    fasta = write_fasta(tmp_path / "genome.fa", sequence)
    settings = {"fasta": fasta, "elements": ["TERT-GBM", "LDLR"], "window": 3072}
    settings |= {"tables": [path], "splits": SplitSettings(test=["chr19"], valid=["chr9"])}
    summary = read_variants(tmp_path / "out", assembly=assembly, **settings)
    expected = here.query("Barcodes >= 10 and Alt != '-'")["Element"].value_counts().to_dict()
    assert {k: v["variants"] for k, v in summary["elements"].items()} == expected
    assert {k: v["split"] for k, v in summary["elements"].items()} == {
        "LDLR": "test",
        "TERT-GBM": "train",
    }
    other = {"GRCh37": "GRCh38", "GRCh38": "GRCh37"}[assembly]
    with pytest.raises(InputError, match="seem to be of another assembly"):
        read_variants(tmp_path / "no", assembly=other, **settings)
