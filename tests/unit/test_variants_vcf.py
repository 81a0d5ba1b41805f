import gzip
import os
import shutil
from collections import Counter

import numpy as np
import pysam
import pytest

from epibench.errors import InputError
from epibench.variants import variant
from epibench.variants.indexed_fasta import IndexedFasta
from epibench.variants.sites import NO_ALT, SiteReader, Tally, count_unsorted
from epibench.variants.vcf import Record, VcfFile

HEADER = (
    "##fileformat=VCFv4.2\n"
    '##INFO=<ID=AF,Number=A,Type=Float,Description="Frequency">\n'
    "##contig=<ID=chr1>\n"
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
)
LENGTH = 40
rng = np.random.default_rng(3)
CHR1 = "".join(rng.choice(list("ACGTacgt"), 400))
CHR1 = CHR1[:200] + "NRY" + CHR1[203:]
GENOME = {"chr1": CHR1, "chr2": "ACGTA" * 20, "tiny": "AC"}


def write_genome(folder, width=60):
    lines = []
    for name, text in GENOME.items():
        lines += [f">{name} words", *(text[i : i + width] for i in range(0, len(text), width))]
    path = folder / "genome.fa"
    path.write_text("\n".join(lines) + "\n")
    return path


def packed(path):
    out = path.with_name(path.name + ".gz")
    pysam.tabix_compress(str(path), str(out), force=True)
    return out


def write_vcf(folder, *lines, header=HEADER):
    path = folder / "variants.vcf"
    path.write_text(header + "".join(f"{line}\n" for line in lines))
    return path


def declared(path):
    """Declare all that records use in the header, without which they cannot become BCF."""
    with pysam.VariantFile(str(path)) as file:
        lines = [str(record) for record in file]
        path.write_text(str(file.header) + "".join(lines))
    return path


def line(pos, ref, alt, chrom="chr1", name=".", info="."):
    return "\t".join([chrom, str(pos), name, ref, alt, ".", "PASS", info])


def records(path, say=print):
    with VcfFile(path, say) as vcf:
        return list(vcf.records())


def base(pos):
    """Give the base of chr1 at a position as VCF counts."""
    return CHR1[pos - 1].upper()


def other(pos):
    return "ACGT"["ACGT".index(base(pos)) - 1]


@pytest.mark.parametrize("pack", [False, True])
def test_codes_are_those_of_the_letters_anywhere(tmp_path, pack):
    path = write_genome(tmp_path, width=37)
    path = packed(path) if pack else path
    before = sorted(os.listdir(tmp_path))
    with IndexedFasta(path) as fasta:
        assert fasta.names == list(GENOME)
        for name, text in GENOME.items():
            assert fasta.length(name) == len(text)
            codes = [("ACGT" + letter).index(letter) for letter in text.upper()]
            for _ in range(50):
                start, end = sorted(rng.integers(0, len(text) + 1, 2).tolist())
                found = fasta.codes(name, start, end)
                assert found.dtype == np.uint8
                assert found.tolist() == codes[start:end]
        assert fasta.length("1") is None
    assert sorted(os.listdir(tmp_path)) == before


def test_an_index_beside_the_file_is_used_unless_it_is_older(tmp_path):
    path = write_genome(tmp_path)
    index = tmp_path / "genome.fa.fai"
    index.write_text("chr1\t4\t12\t60\t61\n")  # says that there is less than there is
    os.utime(path, (1000, 1000))
    with IndexedFasta(path) as fasta:
        assert fasta.names == ["chr1"]
        assert fasta.length("chr1") == 4
    os.utime(index, (500, 500))
    with IndexedFasta(path) as fasta:
        assert fasta.names == list(GENOME)
    assert index.read_text() == "chr1\t4\t12\t60\t61\n"


def test_a_file_shorter_than_its_index_says_is_refused(tmp_path):
    path = write_genome(tmp_path)
    pysam.faidx(str(path))
    path.write_bytes(path.read_bytes()[:200])
    os.utime(path, (1000, 1000))
    with IndexedFasta(path) as fasta, pytest.raises(InputError, match="chr1:301-340 cannot be"):
        fasta.codes("chr1", 300, 340)


def test_fasta_that_cannot_be_read_is_refused(tmp_path, capfd):
    plain = write_genome(tmp_path)
    zipped = tmp_path / "zipped.fa.gz"
    zipped.write_bytes(gzip.compress(plain.read_bytes()))
    cut = tmp_path / "cut.fa.gz"
    cut.write_bytes(packed(plain).read_bytes()[:-28])
    uneven = tmp_path / "uneven.fa"
    uneven.write_text(">a\nACGT\nAC\nACGT\n")
    for path, message in {
        zipped: "compressed with gzip.*unpack it, or compress it with bgzip",
        cut: "truncated",
        uneven: "equally long",
        tmp_path / "none.fa": "no such file",
    }.items():
        with pytest.raises(InputError, match=message):
            IndexedFasta(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("how", ["plain", "bgzip", "gzip", "bcf"])
def test_records_are_those_of_the_text(tmp_path, how):
    lines = [
        line(3, "A", "C,GT", name="rs1", info="AF=0.25,0.5"),
        line(2, "ac", "a", chrom="chr9", info="ODD=1"),
        line(7, "G", "."),
    ]
    path, notices = write_vcf(tmp_path, *lines), []
    if how == "bgzip":
        path = packed(path)
    elif how == "gzip":
        shutil.move(path, tmp_path / "plain")
        path = tmp_path / "gzip.vcf.gz"
        path.write_bytes(gzip.compress((tmp_path / "plain").read_bytes()))
    elif how == "bcf":
        path = declared(path)
        out = tmp_path / "v.bcf"
        with (
            pysam.VariantFile(str(path)) as file,
            pysam.VariantFile(str(out), "wb", header=file.header) as written,
        ):
            for each in file:
                written.write(each)
        path = out
    with VcfFile(path, notices.append) as vcf:
        expected = [
            Record("chr1", 2, "rs1", "A", ("C", "GT"), lines[0]),
            Record("chr9", 1, ".", "ac", ("a",), lines[1]),
            Record("chr1", 6, ".", "G", (), lines[2]),
        ]
        assert list(vcf.records()) == expected
        assert list(vcf.records()) == expected
        assert "##contig=<ID=chr9>" in vcf.header
        assert vcf.columns == HEADER.splitlines()[-1]
        assert {"AF", "ODD"} <= set(vcf.info)
    assert [("not bgzip" in text) for text in notices] == [True] * (how == "gzip")


@pytest.mark.parametrize(
    "tail",
    [
        "chr1\tx\t.\tA\tC\t.\t.\t.\n",
        "chr1\t12\t.\tA\n",
        "chr1 12 . A C . . .\n",
        "chr1\t12\t.\tA\tC",
    ],
)
def test_a_broken_record_is_named_by_the_one_before_it(tmp_path, tail, capfd):
    path = write_vcf(tmp_path, line(10, "A", "C"))
    path.write_text(path.read_text() + tail)
    with pytest.raises(InputError, match="record after chr1:10 cannot be read"):
        records(path)
    assert "[E::" not in capfd.readouterr().err


def test_text_that_is_not_utf8_is_refused(tmp_path):
    path = write_vcf(tmp_path)
    text = path.read_bytes()
    path.write_bytes(text + line(3, "A", "C", name="rs").encode().replace(b"rs", b"\xe9") + b"\n")
    with pytest.raises(InputError, match="record after the header cannot be read"):
        records(path)
    path.write_bytes(text.replace(b"Frequency", b"Fr\xe9quence"))
    with pytest.raises(InputError, match="UTF-8"):
        records(path)


@pytest.mark.parametrize(
    "content", ["", "hello\n", HEADER.split("\n", 1)[1], "##fileformat=VCFv4.2\n"]
)
def test_what_is_no_vcf_is_refused(tmp_path, content, capfd):
    path = tmp_path / "v.vcf"
    path.write_text(content)
    with pytest.raises(InputError, match="is no VCF"):
        records(path)
    assert "[E::" not in capfd.readouterr().err


def test_cut_files_are_refused(tmp_path):
    path = write_vcf(tmp_path, *(line(i, "A", "C", name=f"rs{i**3}") for i in range(1, 3000)))
    whole = packed(path).read_bytes()
    zipped = gzip.compress(path.read_bytes())
    cut = tmp_path / "cut.vcf.gz"
    for content in (whole[: len(whole) // 2], whole[:-28], zipped[: len(zipped) // 2], zipped[:-4]):
        cut.write_bytes(content)
        with pytest.raises(InputError, match="truncated"):
            records(cut)
    with pytest.raises(InputError, match="no such file"):
        records(tmp_path / "none.vcf")


def test_a_last_line_without_end_is_noticed(tmp_path):
    path, notices = write_vcf(tmp_path, line(3, "A", "C", info="AF=0.25")), []
    path.write_text(path.read_text()[:-2])
    assert len(records(path, notices.append)) == 1
    assert "may be cut" in notices[0]


def read_sites(tmp_path, *lines):
    with IndexedFasta(write_genome(tmp_path)) as fasta:
        found = records(write_vcf(tmp_path, *lines))
        return list(SiteReader(fasta, LENGTH).read(found))


def reasons(tmp_path, *lines):
    return [site.reasons for site in read_sites(tmp_path, *lines)]


def test_changes_of_every_kind_get_windows(tmp_path):
    pair = base(100) + base(101)
    lines = [
        line(100, base(100), other(100)),
        line(100, base(100).lower(), other(100).lower() + "AC"),
        line(100, pair, other(100) + other(101)),
        line(100, pair, base(100)),
        line(100, base(100), f"{base(100)}GG,{base(100)}G"),
    ]
    sites = read_sites(tmp_path, *lines)
    assert [site.reasons for site in sites] == [[""]] * 4 + [["", ""]]
    for site in sites:
        for window in site.windows:
            assert window.chrom == "chr1"
            assert len(window.reference) == len(window.alternative) == LENGTH
            assert not np.array_equal(window.reference, window.alternative)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (line(30, "A", "C", chrom="1"), variant.NO_CONTIG),
        (line(100, other(100), base(100)), variant.REF_DIFFERS),
        (line(100, base(100), "<DEL>"), variant.SYMBOLIC),
        (line(100, base(100), "*"), variant.SYMBOLIC),
        (line(100, base(100), "A[chr2:3["), variant.SYMBOLIC),
        (line(100, base(100), ".A"), variant.SYMBOLIC),
        (line(100, base(100), "<NON_REF>"), variant.SYMBOLIC),
        (line(100, base(100), "."), NO_ALT),
        (line(100, base(100), "N"), variant.NO_BASES),
        (line(100, base(100), base(100)), variant.NO_CHANGE),
        (line(5, base(5), other(5)), variant.OUTSIDE),
        (line(395, base(395), other(395)), variant.OUTSIDE),
        (line(1000, "A", "C"), variant.OUTSIDE),
        (line(0, "A", "C"), variant.OUTSIDE),
        (line(1, "A", "C", chrom="tiny"), variant.OUTSIDE),
        (line(195, base(195), other(195)), variant.HAS_N),
        (line(203 + 19, base(222), other(222)), variant.HAS_N),
        (line(100, base(100), base(100) + "ACGT" * LENGTH), variant.TOO_LONG),
        (line(100, CHR1[99:160].upper(), base(100)), variant.TOO_LONG),
        (line(201, "N", "C"), variant.NO_BASES),
    ],
)
def test_each_reason(tmp_path, text, reason):
    assert reasons(tmp_path, text) == [[reason]]


def test_an_allele_is_skipped_without_its_neighbours(tmp_path):
    fine = other(100)
    text = line(100, base(100), f"<DEL>,{fine},*,{fine}")
    symbolic = variant.SYMBOLIC
    assert reasons(tmp_path, text) == [[symbolic, "", symbolic, variant.DUPLICATE]]


def test_duplicates_are_found_among_records_of_one_position(tmp_path):
    snv, wrong = line(100, base(100), other(100)), line(100, other(100), base(100))
    insertion = line(100, base(100), base(100) + "T")
    again = line(100, base(100).lower(), other(100).lower(), name="again")
    elsewhere = line(101, base(101), other(101))
    found = reasons(tmp_path, snv, insertion, wrong, wrong, again, elsewhere, snv)
    differs = variant.REF_DIFFERS
    expected = ["", "", differs, differs, variant.DUPLICATE, "", ""]  # the last one lies apart
    assert found == [[reason] for reason in expected]


def test_records_out_of_order_are_counted():
    draw = np.random.default_rng(5)
    for _ in range(30):
        places = [("ab"[draw.integers(2)], int(draw.integers(4))) for _ in range(7)]
        found = [Record(chrom, start, ".", "A", ("C",), "") for chrom, start in places]
        tally = Tally()
        assert list(count_unsorted(found, tally)) == found
        expected = 0
        for i in range(1, 7):
            same = places[i][0] == places[i - 1][0]
            seen = places[i][0] in {chrom for chrom, _ in places[:i]}
            expected += places[i][1] < places[i - 1][1] if same else seen
        assert tally.unsorted == expected


def test_tally_counts_alleles(tmp_path):
    lines = [
        line(100, base(100), f"{other(100)},<DEL>"),
        line(101, other(101), base(101)),
        line(5, "A", "C,G", chrom="1"),
        line(7, base(7), "."),
    ]
    sites, tally = read_sites(tmp_path, *lines), Tally()
    with IndexedFasta(write_genome(tmp_path)) as fasta:
        for site in sites:
            tally.add(site, fasta)
    assert (tally.records, tally.scored) == (4, 1)
    assert tally.reasons == Counter(
        {variant.SYMBOLIC: 1, variant.REF_DIFFERS: 1, variant.NO_CONTIG: 2, NO_ALT: 1}
    )
    assert tally.strange == {"1": 2}
    assert tally.reasons_text().startswith(f"2 {variant.NO_CONTIG}, 1 ")
