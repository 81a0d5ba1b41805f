import gzip
import re
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pysam
import pytest
from tests.unit.small_models import small
from tests.unit.test_variants_vcf import (
    CHR1,
    LENGTH,
    base,
    line,
    other,
    packed,
    write_genome,
    write_vcf,
)

from epibench import __main__ as main
from epibench.errors import InputError
from epibench.variants import command, progress, variant
from epibench.variants.ensemble import Column
from epibench.variants.score import ScoreSettings, load_scorer
from epibench.variants.score_table import SCORES
from epibench.variants.window import Window
from epibench.variants.write_scores import info_names

SETTINGS = ScoreSettings(window=LENGTH, shifts=3)
TARGETS = ["PC-3", "PC_3"]
LEFT_OUT = {"shape": (), "probability": (0, 1, 2), "peak": (2,)}  # NaN, by column


class FakeScorer:
    """Scores that depend on every base of both alleles; `clipped` counts the calls."""

    def __init__(self, factor=1.0, targets=TARGETS, input_length=30, left_out=LEFT_OUT):
        self.factor, self.targets, self.input_length = factor, targets, input_length
        self.window, self.clipped, self.sizes = LENGTH, 0, []
        self.left_out = left_out

    def __call__(self, windows):
        self.sizes.append(len(windows))
        self.clipped += 1
        values = np.zeros((len(windows), len(SCORES), 1 + len(self.targets)))
        for row, window in enumerate(windows):
            sides = window.reference.astype(float), window.alternative.astype(float)
            value = np.sin(np.arange(LENGTH)) @ (sides[1] - 2 * sides[0])
            for (score, column), _ in np.ndenumerate(values[0]):
                values[row, score, column] = self.factor * value * (1 + score) / (1 + column)
        for name, columns in self.left_out.items():
            values[:, SCORES.index(name), list(columns)] = np.nan
        return values


def score(tmp_path, vcf, out="scores.tsv", scorers=None, fasta=None, **more):
    """Run the command with fake models; give what it wrote."""
    scorers = scorers or {"a.keras": FakeScorer()}
    out = tmp_path / out
    command.score_vcf(
        list(scorers),
        vcf,
        fasta or write_genome(tmp_path),
        out,
        SETTINGS,
        load=lambda model, settings: scorers[model],
        **more,
    )
    return out


def table(path):
    return pd.read_csv(path, sep="\t", dtype={"chrom": str}, keep_default_na=False)


def skipped(out):
    return table(out.with_name(out.name + ".skipped.tsv"))


def info(path):
    """Give position and INFO fields of every record, as text."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt") as file:
        cells = [text.rstrip("\n").split("\t") for text in file if not text.startswith("#")]
    return [
        (row[0], int(row[1]), dict(part.partition("=")[::2] for part in row[7].split(";")))
        for row in cells
    ]


def mixed_lines(count=40):
    """Make records of every kind, some of which cannot be scored."""
    lines = []
    for pos in range(60, 60 + count):
        here, changed = base(pos), other(pos)
        kinds = [
            line(pos, here, changed, name=f"rs{pos}", info="AF=0.25"),
            line(pos, here, f"{here}AC,<DEL>,{changed}", info="AF=0.5,0.25,0.125;ODD=x"),
            line(pos, here + base(pos + 1), f"{here},{changed}{other(pos + 1)}"),
            line(pos, here, "."),
            line(pos, here, changed, chrom="chrUn"),
        ]
        lines += [kinds[pos % 5]] + [kinds[pos % 5]] * (pos % 4 == 0)
    return lines


def test_rows_hold_the_scores_of_their_alleles(tmp_path, capsys):
    lines = [
        line(100, base(100), f"{other(100)},<DEL>,{base(100)}GG", name="rs1"),
        line(110, base(110) + base(111), base(110)),
        line(120, other(120), base(120), name="rs3"),
    ]
    out = score(tmp_path, write_vcf(tmp_path, *lines))
    rows = table(out)
    place = ["chrom", "start", "end", "id", "ref", "alt"]
    names = [
        *("standard", "standard:PC-3", "standard:PC_3", "robust", "robust:PC-3", "robust:PC_3"),
        *("shape", "shape:PC-3", "shape:PC_3", "peak", "peak:PC-3"),
    ]
    assert list(rows) == [*place, *names]
    assert rows[place].to_numpy().tolist() == [
        ["chr1", 99, 100, "rs1", base(100), other(100)],
        ["chr1", 99, 100, "rs1", base(100), base(100) + "GG"],
        ["chr1", 109, 111, ".", base(110) + base(111), base(110)],
    ]
    for _, row in rows.iterrows():
        start = row.start + (len(row.ref) > 1 or len(row.alt) > 1)  # where the change begins
        first = start - LENGTH // 2
        before, after = CHR1[:first].upper(), CHR1.upper()
        after = CHR1[: row.start].upper() + row.alt + CHR1[row.end :].upper()
        cut = [
            np.array(["ACGT".index(b) for b in text[first : first + LENGTH]], float)
            for text in (CHR1.upper(), after)
        ]
        assert len(before) == first
        value = np.sin(np.arange(LENGTH)) @ (cut[1] - 2 * cut[0])
        assert row["standard"] == pytest.approx(value, rel=1e-5)
        assert row["robust:PC-3"] == pytest.approx(2 * value / 2, rel=1e-5)
        assert row["peak:PC-3"] == pytest.approx(4 * value / 2, rel=1e-5)
    assert skipped(out).to_numpy().tolist() == [
        ["chr1", 100, "rs1", base(100), "<DEL>", variant.SYMBOLIC],
        ["chr1", 120, "rs3", other(120), base(120), variant.REF_DIFFERS],
    ]
    said = capsys.readouterr().err
    assert "3 alleles of 3 records scored; 2 skipped (1 " in said
    assert "1 predictions below 1e-6" in said  # the call that asks what is defined does not count


@pytest.mark.parametrize("name", ["scores.vcf", "scores.vcf.gz"])
def test_vcf_holds_the_numbers_of_the_table(tmp_path, name):
    lines = mixed_lines()
    vcf = write_vcf(tmp_path, *lines)
    scorers = {"a.keras": FakeScorer(), "b.keras": FakeScorer(1.5)}
    rows = iter(table(score(tmp_path, vcf, scorers=scorers)).to_dict("records"))
    out = score(tmp_path, vcf, name, scorers)
    found = info(out)
    assert [[f"{chrom}", f"{pos}"] for chrom, pos, _ in found] == [t.split("\t")[:2] for t in lines]
    numbers = 0
    for (chrom, pos, fields), text in zip(found, lines, strict=True):
        cells = text.split("\t")
        own = dict(part.partition("=")[::2] for part in cells[7].split(";") if part != ".")
        assert {key: fields[key] for key in own} == own
        if cells[4] == ".":
            assert fields in (own, {".": ""})
            continue
        for number, alt in enumerate(cells[4].split(",")):
            if fields.get("EB_skipped", ".,.,.").split(",")[number] != ".":
                assert fields.get("EB_robust", ".,.,.").split(",")[number] == "."
                continue
            row = next(rows)
            assert (row["chrom"], row["start"] + 1, row["alt"]) == (chrom, pos, alt)
            for key, column in {
                "EB_standard": "standard",
                "EB_robust_sd": "robust_sd",
                "EB_peak_PC_3": "peak:PC-3",
                "EB_shape_PC_3": "shape:PC-3",
                "EB_shape_PC_3_2": "shape:PC_3",
            }.items():
                numbers += 1
                assert float(fields[key].split(",")[number]) == row[column]
    assert next(rows, None) is None
    assert numbers > 100
    with pysam.VariantFile(str(out)) as file:
        read = list(file)
        assert file.header.info["EB_robust"].number == "A"
        assert "PC-3" in file.header.info["EB_shape_PC_3"].description
        header = str(file.header)
    assert len(read) == len(lines)
    assert "##epibench_models=a.keras,b.keras\n" in header
    assert re.search(rf"##epibench_settings=window={LENGTH},shifts=3,seed=1,", header)
    reasons = {text for _, _, f in found for text in f.get("EB_skipped", ".").split(",")}
    assert "the_same_change_again" in reasons


def test_a_vcf_that_has_scores_or_is_the_output_is_refused(tmp_path):
    vcf = write_vcf(tmp_path, *mixed_lines())
    again = score(tmp_path, vcf, "scores.vcf")
    with pytest.raises(InputError, match=r"EB_standard already.*--remove INFO/EB_standard,"):
        score(tmp_path, again, "more.vcf")
    assert len(table(score(tmp_path, again, "more.tsv"))) > 20
    with pytest.raises(InputError, match="is the file that is read"):
        score(tmp_path, vcf, vcf.name)
    with pytest.raises(InputError, match=r"scores\.csv: the name must end in \.tsv"):
        score(tmp_path, vcf, "scores.csv")


@pytest.mark.parametrize("name", ["{}.tsv", "{}.vcf"])
@pytest.mark.parametrize("parts", [1, 3, 7])
def test_parts_joined_are_the_whole(tmp_path, name, parts):
    vcf = write_vcf(tmp_path, *mixed_lines())

    def content(path):
        text = path.read_text().splitlines()
        names = max(i for i, each in enumerate(text) if each.startswith(("#", "chrom\t")))
        return text[: names + 1], text[names + 1 :]

    whole = score(tmp_path, vcf, name.format("whole"))
    joined, joined_skips = [], []
    for part in range(1, parts + 1):
        out = score(tmp_path, vcf, name.format(f"part{part}"), part=(part, parts))
        header, rows = content(out)
        assert header == content(whole)[0]
        joined += rows
        joined_skips += skipped(out).to_numpy().tolist()
    assert joined == content(whole)[1]
    assert joined_skips == skipped(whole).to_numpy().tolist()
    assert any(variant.DUPLICATE in row for row in joined_skips)


def test_a_duplicate_is_found_where_a_part_begins(tmp_path):
    text = line(100, base(100), other(100))
    vcf = write_vcf(tmp_path, text, text)
    out = score(tmp_path, vcf, part=(2, 2))
    assert len(table(out)) == 0
    assert skipped(out)["reason"].tolist() == [variant.DUPLICATE]


def test_values_of_several_models_are_mean_and_standard_deviation(tmp_path):
    vcf = write_vcf(tmp_path, *mixed_lines())
    factors = {"a.keras": 1.0, "b.keras": -0.5, "c.keras": 3.0}
    single = [
        table(score(tmp_path, vcf, f"{name}.tsv", {name: FakeScorer(factor)}))
        for name, factor in factors.items()
    ]
    together = table(score(tmp_path, vcf, scorers={n: FakeScorer(f) for n, f in factors.items()}))
    for column in list(single[0])[6:]:
        each = np.stack([rows[column] for rows in single])
        np.testing.assert_allclose(together[column], each.mean(axis=0), rtol=3e-5)
        if ":" not in column:
            spread = np.sqrt(((each - each.mean(axis=0)) ** 2).sum(axis=0) / 2)
            np.testing.assert_allclose(together[f"{column}_sd"], spread, rtol=3e-5)
    assert len(list(together)) == len(list(single[0])) + 4


@pytest.mark.parametrize(
    ("other_model", "what"),
    [
        (FakeScorer(targets=["a", "b"]), "targets"),
        (FakeScorer(input_length=32), "input length"),
        (FakeScorer(left_out={}), "kinds of scores"),
    ],
)
def test_models_that_do_not_belong_together_are_refused(tmp_path, other_model, what):
    scorers = {"a.keras": FakeScorer(), "b.keras": other_model}
    with pytest.raises(InputError, match=f"b.keras: its {what} differ from those of a.keras"):
        score(tmp_path, write_vcf(tmp_path, *mixed_lines()), scorers=scorers)


@pytest.mark.parametrize(
    ("right", "wrong", "refused"),
    [(900, 9, False), (900, 10, True), (1100, 11, False), (0, 3, True), (5, 3, False)],
)
def test_another_assembly_is_refused_before_scoring(tmp_path, right, wrong, refused):
    places = [60 + i % 100 for i in range(right + wrong)]
    lines = [line(p, base(p), base(p) + "A" * (1 + i // 100)) for i, p in enumerate(places[:right])]
    lines += [line(pos, other(pos), base(pos)) for pos in places[right:]]
    vcf, scorer = write_vcf(tmp_path, *lines), FakeScorer()
    if not refused:
        assert len(table(score(tmp_path, vcf, scorers={"a": scorer}))) == right
        return
    with pytest.raises(InputError, match=f"{wrong} of {right + wrong} alleles.*another assembly"):
        score(tmp_path, vcf, scorers={"a": scorer})
    assert scorer.sizes == [1]  # asked what is defined, nothing else
    assert not (tmp_path / "scores.tsv").exists()
    if right:
        out = score(tmp_path, vcf, allow_mismatches=True)
        assert len(table(out)) == right
        assert skipped(out)["reason"].tolist() == [variant.REF_DIFFERS] * wrong


def test_nothing_to_score_is_said_with_the_reasons(tmp_path):
    renamed = [line(60, "A", "C,<DEL>", chrom="1"), line(60, "A", "C", chrom="2")]
    both = r"2 the contig.*1 symbolic.*contigs are 1, 2, those of the FASTA file chr1, chr2, tiny:"
    for lines, message in {
        tuple(renamed): both + " rename them with bcftools",
        (line(60, base(60), "<DEL>"),): r"1 symbolic allele or breakend\); see",
        (): "has no records",
    }.items():
        with pytest.raises(InputError, match=message):
            score(tmp_path, write_vcf(tmp_path, *lines))
        assert not list(tmp_path.glob("scores*"))


def test_a_cut_vcf_leaves_old_output_alone(tmp_path):
    vcf = write_vcf(tmp_path, *mixed_lines())
    vcf.write_text(vcf.read_text() + "chr1\t12\t.\tA")
    (tmp_path / "scores.tsv").write_text("old")
    with pytest.raises(InputError, match="truncated or malformed"):
        score(tmp_path, vcf)
    assert (tmp_path / "scores.tsv").read_text() == "old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["genome.fa", "scores.tsv", vcf.name]


def test_chunks_are_bounded_and_change_nothing(tmp_path, monkeypatch):
    vcf = write_vcf(tmp_path, *mixed_lines(100))
    whole = score(tmp_path, vcf, "whole.tsv").read_text()
    monkeypatch.setattr(command, "WINDOWS_AT_ONCE", 5)
    monkeypatch.setattr(command, "RECORDS_AT_ONCE", 3)
    scorer = FakeScorer()
    assert score(tmp_path, vcf, scorers={"a": scorer}).read_text() == whole
    assert len(scorer.sizes) > 30
    assert max(scorer.sizes) < 5 + 3


def test_notices_of_order_contigs_and_compression(tmp_path, capsys):
    lines = [line(p, base(p), other(p)) for p in (100, 90, 95)]
    vcf = write_vcf(tmp_path, *lines, line(5, "A", "C", chrom="chrUn"))
    zipped = tmp_path / "zipped.vcf.gz"
    zipped.write_bytes(gzip.compress(vcf.read_bytes()))
    out = score(tmp_path, zipped)
    assert table(out)["start"].tolist() == [99, 89, 94]
    said = capsys.readouterr().err
    assert "compressed with gzip, not bgzip" in said
    assert "records out of order: 1;" in said
    assert "not in the FASTA file: chrUn" in said


def test_progress_is_a_line_where_there_is_no_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(progress, "EVERY", 0)
    score(tmp_path, write_vcf(tmp_path, *[line(p, base(p), other(p)) for p in (90, 95)]))
    said = capsys.readouterr().err.splitlines()
    assert said[:3] == ["check: 1 records", "check: 2 records", "score: 2 of 2 records"]
    monkeypatch.setattr(progress, "EVERY", 1000)
    score(tmp_path, write_vcf(tmp_path, *[line(p, base(p), other(p)) for p in (90, 95)]))
    assert "check" not in capsys.readouterr().err


def test_names_of_fields_are_valid_and_differ():
    targets = [None, "sd", "a b", "a-b", "a_b", "x;y=z,é"]
    columns = [Column("peak", target, False) for target in targets]
    names = info_names([*columns, Column("peak", None, True)])
    assert names[0] == "EB_peak"
    assert names[-1] == "EB_peak_sd"
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[A-Za-z_][0-9A-Za-z_.]*", name) for name in names)


def test_command_line(tmp_path, monkeypatch, capsys):
    """Through main, with a bgzip genome and VCF and a model that is one."""
    rng = np.random.default_rng(4)
    genome = "".join(rng.choice(list("ACGT"), 1200))
    fasta = tmp_path / "genome.fa"
    fasta.write_text(f">chr1\n{genome}\n")
    places = [400, 500, 501, 700]
    lines = [line(p + 1, genome[p], "ACGT"["ACGT".index(genome[p]) - 1]) for p in places]
    lines.append(line(801, genome[800:803], genome[800]))
    vcf = write_vcf(tmp_path, *lines)
    small("basenji").save(tmp_path / "small.keras")
    monkeypatch.setattr("epibench.device.start", lambda threads, require: None)

    def run(*arguments):
        files = [tmp_path / "small.keras", packed(vcf), "--fasta", packed(fasta)]
        words = ["epibench", "variants", *map(str, files), "--window", "384", *arguments]
        monkeypatch.setattr(sys, "argv", words)
        return main.main()

    assert run("--out", str(tmp_path / "s.tsv"), "--shifts", "4", "--peak-length", "64") == 0
    rows = table(tmp_path / "s.tsv")
    assert rows["start"].tolist() == [*places, 800]
    assert list(rows)[6:10] == ["standard", *(f"standard:target{i}" for i in (1, 2, 3))]
    assert not any(name.startswith("probability") for name in rows)
    settings = ScoreSettings(window=384, shifts=4, peak_length=64)
    scorer = load_scorer(tmp_path / "small.keras", settings)
    window = _window(genome, 500, lines[1].split("\t")[4], 384)
    expected = scorer([window])[0]
    for number, name in enumerate(SCORES[:4]):
        assert float(rows[name][1]) == pytest.approx(expected[number, 0], rel=1e-3, abs=1e-7)
    capsys.readouterr()
    for arguments, message in {
        ("--part", "3/2"): "--part 3/2: give I/N",
        ("--part", "x"): "--part x: give I/N",
        ("--shifts", "0"): "--shifts 0: must be at least 1",
        ("--window", "9000"): "a window of 9000 bp does not fit",
    }.items():
        assert run("--out", str(tmp_path / "t.tsv"), *arguments) == 1
        said = capsys.readouterr().err
        assert said.startswith("epibench: ")
        assert message in said
        assert said.count("\n") == 1
    assert not (tmp_path / "t.tsv").exists()


def _window(genome, place, alt, length):
    codes = np.array(["ACGT".index(letter) for letter in genome], np.uint8)
    reference = codes[place - length // 2 : place + length // 2]
    alternative = reference.copy()
    alternative[length // 2] = "ACGT".index(alt)
    return Window("chr1", place - length // 2, reference, alternative, length // 2, 1)


def test_defaults_are_those_of_the_settings(monkeypatch):
    given = {}

    def score_vcf(models, vcf, fasta, out, settings, **more):
        given.update(models=models, vcf=vcf, settings=settings, more=more)

    monkeypatch.setattr(command, "score_vcf", score_vcf)
    monkeypatch.setattr("epibench.device.start", lambda threads, require: None)
    files = ["a.keras", "b.keras", "v.vcf", "--fasta", "g.fa", "--out", "s.tsv"]
    words = ["epibench", "variants", *files]
    monkeypatch.setattr(sys, "argv", words)
    assert main.main() == 0
    found = SimpleNamespace(**given)
    assert found.settings == ScoreSettings()
    assert list(map(str, [*found.models, found.vcf])) == ["a.keras", "b.keras", "v.vcf"]
    assert found.more == {"part": (1, 1), "allow_mismatches": False}
