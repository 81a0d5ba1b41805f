"""The samples table of ENCODE experiments, asked of a local server."""

import csv
import hashlib
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from encode_server import analysis, encode_file, experiment, experiment_of_rows, running

import epibench
from epibench import __main__ as command
from epibench.data.choose_files import Wish
from epibench.data.encode import make_samples
from epibench.data.fetch import fetch
from epibench.data.request import Patience
from epibench.errors import InputError
from epibench.samples import read_samples

ROOT = Path(__file__).parents[2]
QUICK = Patience(attempts=3, pause=0.001, connect=2, read=0.5)
FOLD, IDR = "fold change over control", "IDR thresholded peaks"
ONE, TWO = "ENCSR000AAA", "ENCSR000BBB"


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running() as encode:
        monkeypatch.setenv("EPIBENCH_ENCODE", encode.address)
        yield encode


def usual_files(letter="A", **changes) -> list[dict]:
    """Give what ENCODE's pipeline makes of two replicates, for the most part."""
    kinds = [
        ("bed", "IDR thresholded peaks", [1, 2]),
        ("bigWig", "signal p-value", [1]),
        ("bigWig", FOLD, [1]),
        ("bigWig", FOLD, [1, 2]),
        ("bigWig", FOLD, [2]),
        ("bed", "pseudoreplicated peaks", [1]),
        ("bed", IDR, [2]),
        ("bigBed", IDR, [1]),
        ("bed", IDR, [1]),
        ("bed", "conservative IDR thresholded peaks", [1, 2]),
        ("bigBed", IDR, [1, 2]),
    ]
    files = [
        encode_file(f"ENCFF{number:03d}AA{letter}", *kind, **changes)
        for number, kind in enumerate(kinds)
    ]
    reads = encode_file(f"ENCFF900AA{letter}", "bigWig", "reads", [1]) | {"file_format": "fastq"}
    return [{key: value for key, value in reads.items() if key != "assembly"}, *files]


def asked(server, *accessions, wish=None, names=None) -> tuple[list[dict[str, str]], list[str]]:
    """Give the rows of the table and what was said."""
    said = []
    table = make_samples(accessions or (ONE,), wish or Wish(), names or {}, said.append, QUICK)
    return list(csv.DictReader(table.splitlines(), delimiter="\t")), said


def chosen(row) -> list[str]:
    """Give the accessions of the files of a row."""
    cells = (row[key] for key in ("track", "replicate2", "peaks"))
    return [cell.partition("#")[0].rpartition("/")[2].partition(".")[0] for cell in cells]


def test_the_rule(server):
    server.add(experiment(ONE, "PC-3", usual_files()))
    (row,), said = asked(server)
    assert chosen(row) == ["ENCFF002AAA", "ENCFF004AAA", "ENCFF008AAA"]
    assert (row["target"], row["experiment"], row["strand_pair"]) == ("PC-3", ONE, "")
    track = usual_files()[3]
    address = f"{server.address}/files/ENCFF002AAA/@@download/ENCFF002AAA.bigWig"
    assert row["track"] == f"{address}#md5={track['md5sum']}&size={track['file_size']}"
    assert said == [
        f"{ONE}: PC-3 (ATAC-seq of PC-3): track ENCFF002AAA, replicate2 ENCFF004AAA, "
        "peaks ENCFF008AAA"
    ]
    assert [path for path, _ in server.asked] == [f"/experiments/{ONE}/"]


def test_the_order_of_the_files_does_not_matter(server):
    files = usual_files() + usual_files("B", date_created="2020-01-01T00:00:00.000000+00:00")
    for seed in range(5):
        server.add(experiment(ONE, "PC-3", random.Random(seed).sample(files, len(files))))
        (row,), _ = asked(server)
        assert chosen(row) == ["ENCFF002AAA", "ENCFF004AAA", "ENCFF008AAA"]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (Wish(peaks="pooled"), ["ENCFF002AAA", "ENCFF004AAA", "ENCFF000AAA"]),
        (Wish(replicates=(2, 1)), ["ENCFF004AAA", "ENCFF002AAA", "ENCFF006AAA"]),
        (Wish(peak_type="pseudoreplicated peaks"), ["ENCFF002AAA", "ENCFF004AAA", "ENCFF005AAA"]),
        (Wish(output_type="signal p-value"), ["ENCFF001AAA", "", "ENCFF008AAA"]),
    ],
)
def test_options_choose(server, wish, expected):
    server.add(experiment(ONE, "PC-3", usual_files()))
    (row,), _ = asked(server, wish=wish)
    assert chosen(row) == expected


def test_another_assembly_is_another_choice(server):
    files = usual_files() + usual_files("B", assembly="mm10")
    server.add(experiment(ONE, "PC-3", files))
    assert chosen(asked(server)[0][0])[0] == "ENCFF002AAA"
    assert chosen(asked(server, wish=Wish(assembly="mm10"))[0][0])[0] == "ENCFF002AAB"


def test_bigbed_is_taken_where_there_is_no_text(server):
    files = usual_files()
    files[9]["file_format_type"] = "idr_ranked_peak"  # text, but no narrowPeak
    server.add(experiment(ONE, "PC-3", files))
    assert chosen(asked(server)[0][0])[2] == "ENCFF007AAA"


def test_one_replicate(server):
    files = [f for f in usual_files() if f["biological_replicates"] == [1]]
    server.add(experiment(ONE, "GM21381", files))
    for peaks in ("replicate1", "pooled"):
        (row,), said = asked(server, wish=Wish(peaks=peaks))
        assert chosen(row) == ["ENCFF002AAA", "", "ENCFF008AAA"]
        assert f"no {FOLD} of biological replicate 2 alone; the cell stays empty" in said[1]


def test_no_peaks(server):
    files = [f for f in usual_files() if f["output_type"] != IDR]
    server.add(experiment(ONE, "PC-3", files))
    (row,), said = asked(server)
    assert row["peaks"] == ""
    assert f"no {IDR} of replicate 1; the cell stays empty" in said[1]
    assert "pseudoreplicated peaks of 1 on GRCh38" in said[1]


def test_no_track_is_refused_and_says_what_there_is(server):
    files = [f for f in usual_files() if f["output_type"] != FOLD]
    files[1]["status"] = "archived"
    server.add(experiment(ONE, "PC-3", usual_files("B")))
    server.add(experiment(TWO, "K562", [*files, encode_file("ENCFF555AAA", "bigWig", FOLD, [3])]))
    with pytest.raises(InputError) as caught:
        asked(server, ONE, TWO)
    message = str(caught.value)
    assert f"{TWO} has no released bigWig of {FOLD} on GRCh38 of biological replicate 1" in message
    assert f"{FOLD} of 3 on GRCh38" in message
    assert "signal p-value of 1 on GRCh38" in message


OLD = analysis("ENCAN000OLD", title="ENCODE3", date_created="2019-01-01T00:00:00.000000+00:00")
OLD_FILES = usual_files("B", analyses=[{"@id": OLD["@id"], "status": "released"}])


def test_the_newest_analysis_wins(server):
    server.add(experiment(ONE, "PC-3", OLD_FILES + usual_files(), [OLD, analysis()]))
    (row,), said = asked(server)
    assert chosen(row) == ["ENCFF002AAA", "ENCFF004AAA", "ENCFF008AAA"]
    assert len(said) == 1


def test_files_are_never_mixed_from_two_analyses(server):
    newest = [f for f in usual_files() if f["biological_replicates"] == [1]]
    server.add(experiment(ONE, "PC-3", OLD_FILES + newest, [OLD, analysis()]))
    (row,), _ = asked(server)
    assert chosen(row) == ["ENCFF002AAA", "", "ENCFF008AAA"]


def test_superseded_analyses_are_left_out_with_a_warning(server):
    newest = analysis("ENCAN000NEW", date_created="2023-01-01T00:00:00.000000+00:00")
    superseded = newest | {"superseded_by": ["/analyses/ENCAN000AAA/"]}
    files = usual_files() + usual_files("B", analyses=[superseded["@id"]])
    server.add(experiment(ONE, "PC-3", files, [superseded, analysis()]))
    (row,), said = asked(server)
    assert chosen(row)[0] == "ENCFF002AAA"
    assert said[1].endswith(
        "the analysis ENCODE4 v1.9.1 GRCh38 (ENCAN000NEW) is superseded by another one and is left "
        "out"
    )
    server.add(experiment(ONE, "PC-3", files[12:], [superseded]))
    _, said = asked(server)
    assert (
        "the analysis that is taken, ENCODE4 v1.9.1 GRCh38 (ENCAN000NEW), is superseded" in said[1]
    )


def test_archived_analyses_need_an_option(server):
    archived = OLD | {"status": "archived"}
    files = [*OLD_FILES[:-1], OLD_FILES[-1] | {"status": "revoked"}]
    server.add(experiment(ONE, "PC-3", files, [archived]))
    with pytest.raises(InputError, match="--allow-archived"):
        asked(server)
    (row,), said = asked(server, wish=Wish(allow_archived=True))
    assert chosen(row)[0] == "ENCFF002AAB"
    assert "the analysis that is taken, ENCODE3 (ENCAN000OLD), is archived" in said[1]
    server.add(experiment(ONE, "PC-3", files + usual_files(), [archived, analysis()]))
    (row,), said = asked(server)
    assert chosen(row)[0] == "ENCFF002AAA"
    assert said[1].endswith("the analysis ENCODE3 (ENCAN000OLD) is archived and is left out")


def test_archived_and_revoked_files_need_an_option(server):
    archived = usual_files(status="archived")
    revoked = usual_files("B", status="revoked")
    item = experiment(ONE, "PC-3", archived) | {"revoked_files": revoked}
    server.add(item)
    with pytest.raises(InputError, match=rf"{FOLD} of 1 on GRCh38, archived"):
        asked(server)
    (row,), said = asked(server, wish=Wish(allow_archived=True))
    assert chosen(row) == ["ENCFF002AAA", "ENCFF004AAA", "ENCFF008AAA"]
    assert f"{ONE}: ENCFF002AAA is archived" in said


def test_archived_experiments_need_an_option(server):
    server.add(experiment(ONE, "PC-3", usual_files(), status="revoked"))
    with pytest.raises(InputError, match=f"{ONE} is revoked; take another one or add --allow-arch"):
        asked(server)
    _, said = asked(server, wish=Wish(allow_archived=True))
    assert f"{ONE}: the experiment is revoked" in said
    server.add(experiment(ONE, "PC-3", usual_files(), status="deleted"))
    with pytest.raises(InputError, match=f"{ONE} is deleted; take another one$"):
        asked(server, wish=Wish(allow_archived=True))


def test_audits_and_supersession_are_said(server):
    audit = {
        "ERROR": [{"category": "extremely low read depth", "detail": "..."}] * 2,
        "NOT_COMPLIANT": [{"category": "low FRiP score"}, {"category": "severe bottlenecking"}],
        "WARNING": [{"category": "mixed read lengths"}],
    }
    newer = ["/experiments/ENCSR000CCC/"]
    server.add(experiment(ONE, "PC-3", usual_files(), audit=audit, superseded_by=newer))
    _, said = asked(server)
    assert said[1:] == [
        f"{ONE}: the experiment is superseded by /experiments/ENCSR000CCC/",
        f"{ONE}: ENCODE's audit says ERROR: extremely low read depth",
        f"{ONE}: ENCODE's audit says NOT_COMPLIANT: low FRiP score, severe bottlenecking",
    ]


def test_two_files_of_the_same_rank_are_said(server):
    files = usual_files()
    twin = encode_file("ENCFF001AAX", "bigWig", FOLD, [1])
    server.add(experiment(ONE, "PC-3", [*files, twin]))
    (row,), said = asked(server)
    assert chosen(row)[0] == "ENCFF001AAX"
    assert said[1].endswith(
        "ENCFF001AAX and ENCFF002AAA are of the same rank for track; ENCFF001AAX is taken"
    )
    files[3]["preferred_default"] = True
    server.add(experiment(ONE, "PC-3", [*files, twin]))
    (row,), said = asked(server)
    assert chosen(row)[0] == "ENCFF002AAA"
    assert len(said) == 1


def test_two_analyses_of_the_same_rank_are_said(server):
    twin = analysis("ENCAN000AAB")
    files = usual_files() + usual_files("B", analyses=[twin["@id"]])
    server.add(experiment(ONE, "PC-3", files, [twin, analysis()]))
    (row,), said = asked(server)
    assert chosen(row)[0] == "ENCFF002AAA"
    assert (
        "(ENCAN000AAA) and ENCODE4 v1.9.1 GRCh38 (ENCAN000AAB) are analyses of the same" in said[1]
    )


def test_what_is_only_linked_to_is_asked_for(server):
    files = usual_files()
    for file in files:
        server.add(file)
    slim = analysis() | {"files": [file["@id"] for file in files]}
    server.add(slim)
    server.add({"@id": "/biosample-types/cell_line_1/", "term_name": "PC-3"})
    without = [{k: v for k, v in f.items() if k not in ("md5sum", "analyses")} for f in files]
    linked = [file["@id"] for file in files]
    for described in (linked, without):
        for analyses in ([slim["@id"]], [slim]):
            item = experiment(ONE, "", described, analyses)
            server.add(item | {"biosample_ontology": "/biosample-types/cell_line_1/"})
            (row,), _ = asked(server)
            assert chosen(row) == ["ENCFF002AAA", "ENCFF004AAA", "ENCFF008AAA"]
            assert row["target"] == "PC-3"


def test_a_file_without_checksum_is_refused(server):
    files = usual_files()
    del files[3]["md5sum"]
    server.add(files[3])
    server.add(experiment(ONE, "PC-3", files))
    with pytest.raises(InputError, match=r"/files/ENCFF002AAA/ lacks md5sum"):
        asked(server)


def test_files_that_cannot_be_had_are_left_out(server):
    files = usual_files()
    files[5]["no_file_available"] = True
    server.add(experiment(ONE, "PC-3", files))
    assert chosen(asked(server)[0][0])[1] == ""


def test_names_are_safe_and_differ(server):
    names = ["HepG2", "HEPG2", "MCF-7", "heart left ventricle", "CD4+ T (naïve)", "µ"]
    accessions = [f"ENCSR{number:03d}AAA" for number in range(6)]
    for letter, (accession, name) in enumerate(zip(accessions, names, strict=True), ord("A")):
        server.add(experiment(accession, name, usual_files(chr(letter))))
    rows, _ = asked(server, *accessions)
    assert [row["target"] for row in rows] == [
        "HepG2-ENCSR000AAA",
        "HEPG2-ENCSR001AAA",
        "MCF-7",
        "heart-left-ventricle",
        "CD4-T-na-ve",
        "ENCSR005AAA",
    ]
    rows, _ = asked(server, *accessions, names={accessions[0]: "liver"})
    assert [row["target"] for row in rows][:2] == ["liver", "HEPG2"]
    with pytest.raises(InputError, match="'MCF-7' stands twice"):
        asked(server, *accessions, names={accessions[0]: "MCF-7"})


@pytest.mark.parametrize(
    ("accessions", "names", "message"),
    [
        (["ENCBS000AAA"], {}, "ENCBS000AAA is the accession of a biosample; give experiments"),
        (["ENCFF000AAA"], {}, "the accession of a file; give experiments"),
        (["encsr000aaa"], {}, "encsr000aaa is no accession"),
        ([ONE, ONE], {}, f"{ONE} stands 2 times"),
        ([ONE], {TWO: "x"}, f"--target {TWO}=x: that is not among the experiments"),
        ([ONE], {ONE: "a b"}, f"--target {ONE}=a b: use letters"),
        ([TWO], {}, f"has nothing at /experiments/{TWO}/; correct the accession"),
    ],
)
def test_what_cannot_be_asked_for(server, accessions, names, message):
    server.add(experiment(ONE, "PC-3", usual_files()))
    with pytest.raises(InputError, match=message):
        asked(server, *accessions, names=names)


@pytest.mark.parametrize("answer", [b"<html>log in</html>", b"[1, 2]", b"\xff\xfe"])
def test_an_answer_that_is_no_object(server, answer):
    server.objects[f"/experiments/{ONE}/"] = answer
    with pytest.raises(InputError, match="does not answer with a JSON object; check EPIBENCH_ENC"):
        asked(server)


@pytest.mark.parametrize(
    "changes",
    [
        {"@type": None},
        {"@type": 3},
        {"files": None},
        {"files": [{}]},
        {"files": [3]},
        {"analyses": [{}]},
        {"biosample_ontology": 3},
        {"audit": []},
    ],
)
def test_an_answer_that_is_odd_is_one_sentence(server, changes):
    server.add(experiment(ONE, "PC-3", usual_files()) | changes)
    with pytest.raises(InputError) as caught:
        asked(server)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("href", ["/x\t.bw", "/x?a=\n", "@evil.example/x.bw", "/", "/{x}.bw"])
def test_an_address_that_would_change_the_table_is_refused(server, href):
    server.add(experiment(ONE, "PC-3", [file | {"href": href} for file in usual_files()]))
    with pytest.raises(InputError, match=r"names no file|braces|user name"):
        asked(server)


def test_something_else_than_an_experiment(server):
    server.add(experiment(ONE, "PC-3", []) | {"@type": ["Annotation", "Dataset", "Item"]})
    with pytest.raises(InputError, match=f"{ONE} is no experiment but: Annotation"):
        asked(server)


def test_no_network_is_one_sentence(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("EPIBENCH_ENCODE", "http://127.0.0.1:1")
    with pytest.raises(InputError, match=r"cannot be asked for \(no answer .*Connection refused"):
        asked(None)


def run_command(*arguments, environment):
    environment = os.environ | {"PYTHONPATH": str(Path(epibench.__file__).parents[1])} | environment
    return subprocess.run(
        [sys.executable, "-m", "epibench", "encode", *arguments],
        capture_output=True,
        text=True,
        env=environment,
    )


def test_the_command_gives_a_table_that_can_be_read_and_fetched(server, tmp_path):
    content = b"peaks" * 99
    files = usual_files()
    files[9] |= {"md5sum": hashlib.md5(content).hexdigest(), "file_size": len(content)}
    server.files["ENCFF008AAA.bed.gz"] = content
    server.add(experiment(ONE, "PC-3", files))
    server.add(experiment(TWO, "MCF-7", usual_files("B")))
    result = run_command(ONE, TWO, "--target", f"{TWO}=MCF", environment={})
    assert result.returncode == 0, result.stderr
    assert all(line.startswith("# ENCSR") for line in result.stderr.splitlines())
    (tmp_path / "samples.tsv").write_text(result.stdout)
    targets = read_samples(tmp_path / "samples.tsv")
    assert [(t.name, t.experiment) for t in targets] == [("PC-3", ONE), ("MCF", TWO)]
    fetch(targets[0].peaks, tmp_path / "peaks.bed.gz", lambda line: None, QUICK)
    assert (tmp_path / "peaks.bed.gz").read_bytes() == content


def test_the_command_writes_nothing_on_an_error(server):
    server.add(experiment(ONE, "PC-3", usual_files()))
    result = run_command(ONE, TWO, environment={})
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"epibench: {server.address} has nothing at /experiments/{TWO}/; correct the accession\n"
    )


@pytest.mark.parametrize("value", ["1", "1,b", "1,2,3"])
def test_replicates_are_two_numbers(monkeypatch, capsys, value):
    monkeypatch.setattr(sys, "argv", ["epibench", "encode", ONE, "--replicates", value])
    assert command.main() == 1
    assert f"--replicates {value}: give two numbers" in capsys.readouterr().err


def test_the_rule_chooses_the_files_of_the_shipped_study(server):
    """PC-3 and Panc1 from ENCODE's own rows, with the bigBed files that the rows leave out."""
    shared = Path(os.environ.get("EPIBENCH_SHARED", ROOT.parent / "shared"))
    table = shared / "data" / "encode" / "metadata_PC-3_Panc1.tsv"
    if not table.is_file():
        pytest.skip("ENCODE's rows (EPIBENCH_SHARED) are not here")
    rows = list(csv.DictReader(table.read_text().splitlines(), delimiter="\t"))
    candidates = (shared / "reference" / "encode_candidates.tsv").read_text().splitlines()
    bigbeds = {row["experiment"]: row for row in csv.DictReader(candidates, delimiter="\t")}
    study = read_samples(ROOT / "config" / "samples.tsv")
    shipped = [target for target in study if target.name in ("PC-3", "Panc1")]
    for target in shipped:
        own = [row for row in rows if row["Experiment accession"] == target.experiment]
        item = experiment_of_rows(own)
        for column, replicates in (("idr_bigBed_rep1", [1]), ("idr_bigBed_pooled", [1, 2])):
            accession = bigbeds[target.experiment][column]
            item["files"].append(encode_file(accession, "bigBed", IDR, replicates))
        server.add(item)
    made, said = asked(server, *(target.experiment for target in shipped))
    assert len(said) == 2
    for row, target in zip(made, shipped, strict=True):
        assert row["target"] == target.name
        for column in ("track", "replicate2", "peaks"):
            expected = getattr(target, column)
            address, _, fragment = row[column].partition("#")
            assert expected == f"{address.rpartition('/')[2]}#{fragment}"
