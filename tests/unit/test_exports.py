"""What leaves the report: spreadsheet, JSON, methods, bibliography, provenance."""

import json
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import numpy as np
import pandas as pd
import pytest
from rocrate.rocrate import ROCrate
from tests.fake_study import DEMO, TARGETS, metrics, references, run_rows, run_table, study, summary

from epibench.experiments import ANALYSES
from epibench.report.crate import write_crate
from epibench.report.experiment import ExperimentPage
from epibench.report.methods import (
    REFERENCES,
    bibliography,
    methods_markdown,
    write_methods,
)
from epibench.report.results_json import results_of
from epibench.report.workbook import Sheet, sheet_names, write_workbook

SCHEMA = json.loads((REFERENCES.parent / "results.schema.json").read_text())
VERSIONS = {"epibench": "0.1.0", "keras": "3.15.1"}
JOBS = [
    {"rule": "store", "jobs": 1, "seconds": 2.0, "cpu_seconds": None, "longest": 2.0, "memory": 9.0}
]
SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def cells(path: Path, number: int) -> list[list]:
    """Read the cells of a sheet from the file format itself: text, numbers, truth values."""
    with zipfile.ZipFile(path) as archive:
        shared = ElementTree.fromstring(archive.read("xl/sharedStrings.xml"))
        texts = ["".join(item.itertext()) for item in shared]
        sheet = ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))
    assert sheet.find(f".//{SPREADSHEET}f") is None
    rows = []
    for row in sheet.iter(f"{SPREADSHEET}row"):
        values = []
        for cell in row:
            value = cell.findtext(f"{SPREADSHEET}v")
            values.append(texts[int(value)] if cell.get("t") == "s" else float(value))
        rows.append(values)
    return rows


def test_a_workbook_holds_numbers_as_numbers_and_formulas_as_text(tmp_path):
    table = pd.DataFrame(
        {"name": ["=1+1", "+x", "@y", "https://a.example"], "r": [0.5, np.nan, -1e-9, 3]}
    )
    path = tmp_path / "tables.xlsx"
    write_workbook(path, [Sheet("runs", "Trainings", table)])
    contents, rows = cells(path, 1), cells(path, 2)
    assert contents[1] == ["runs", "Trainings", 4.0, ""]
    assert rows[0] == ["name", "r"]
    assert rows[1] == ["=1+1", 0.5]
    assert rows[2] == ["+x"]
    assert rows[3] == ["@y", -1e-9]
    assert rows[4] == ["https://a.example", 3.0]


def test_the_same_tables_give_the_same_bytes(tmp_path):
    sheet = Sheet("a", "b", pd.DataFrame({"x": [1, 2]}))
    for name in ("one", "two"):
        write_workbook(tmp_path / f"{name}.xlsx", [sheet])
    assert (tmp_path / "one.xlsx").read_bytes() == (tmp_path / "two.xlsx").read_bytes()


def test_names_of_sheets_are_short_and_different():
    long = "an_experiment_with_a_very_long_name"
    names = sheet_names([long + "_a", long + "_b", "A/b", "a_b", "Contents"])
    assert all(len(name) <= 31 for name in names)
    assert len({name.lower() for name in names} | {"contents"}) == 6
    assert names[2:4] == ["A_b", "a_b~2"]


def made_results(claims=None) -> dict:
    runs = run_rows(DEMO)
    page = ExperimentPage("mine", ANALYSES["resolution"], Path("experiments/mine"))
    return results_of(
        study(),
        summary(),
        run_table(runs),
        metrics(runs)[references().columns],
        references(),
        [page],
        claims,
        VERSIONS,
        JOBS,
    )


def test_results_fit_their_schema_and_hold_the_scores():
    claims = pd.DataFrame(
        [
            {"id": "a", "claim": "A.", "verdict": "supported", "reason": "so", "effect": 0.1}
            | {"low": 0.05, "high": np.nan, "contrasts": 2, "supporting": 2}
        ]
    )
    results = json.loads(json.dumps(made_results(claims), allow_nan=False))
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(results, SCHEMA)
    assert results["claims"][0]["high"] is None
    run = run_rows(DEMO)[0]
    (found,) = (each for each in results["predictors"] if each["predictor"] == run["run"])
    assert found["axes"] == {key: run[key] for key in found["axes"]}
    table = metrics(run_rows(DEMO))
    expected = table[
        (table["predictor"] == run["run"])
        & (table["target"] == TARGETS[0])
        & (table["evaluated_bin_size"] == 128)
        & (table["scaling"] == "raw")
    ]
    (record,) = (
        each
        for each in found["scores"]
        if (each["target"], each["bin_size"], each["scaling"]) == (TARGETS[0], 128, "raw")
    )
    assert record["pearson_r"]["value"] == pytest.approx(expected["pearson_r"].item(), abs=1e-6)
    assert {each["kind"] for each in results["predictors"]} == {
        "run",
        "truth",
        "ceiling",
        "baseline",
    }


def test_a_result_that_does_not_fit_is_noticed():
    results = made_results()
    results["predictors"][0]["scores"][0]["scaling"] = "by hand"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(json.dumps(results)), SCHEMA)


def settings(**changes) -> dict:
    run = {"windows": "threshold2", "loss": "poisson", "bin_size": 128, "seed": 1}
    return {
        "simulated": False,
        "encode": True,
        "runs": [run | {"model": "m", "augmentation": "rc+shift"}],
        "models": {"m": {"builder": "basenji"}},
        "recipes": {
            "m": {"learning_rate": 0.001, "decay_factor": 1.0, "decay_patience": 3}
            | {"batch_size": 64, "epochs": 100, "patience": 6}
        },
        "experiments": {"mine": {"analysis": "resolution"}},
        "evaluation": {"replicates": 1000},
        "variation": {"crops": 20},
        "variants": None,
        "interpret": {
            "jaspar": {"release": "JASPAR2022", "q_threshold": 0.1},
            "attribution": {"methods": ["gradient_x_input", "integrated_gradients"]},
            "modisco": {"enabled": False},
            "backgrounds": 1000,
            "occlusion": {"replacements": 25},
        },
    } | changes


def test_methods_say_what_was_done_and_nothing_else():
    text = methods_markdown(write_methods(settings(), summary(), VERSIONS))
    assert "ENCODE [2]" in text
    assert "learning rate of 0.001, batches of 64 and at most 100 epochs" in text
    assert "reverse-complemented" in text
    for word in ("TOMTOM", "UMAP", "mutagenesis", "simulated", "Robustness", "multiplied by"):
        assert word not in text
    kinds = ("motifs", "attribution", "embeddings", "gia_flanks", "occlusion", "robustness")
    more = settings(
        experiments={kind: {"analysis": kind} for kind in kinds}, simulated=True, encode=False
    )
    text = methods_markdown(write_methods(more, summary(), VERSIONS))
    for word in (
        "TOMTOM",
        "UMAP",
        "integrated gradients [",
        "simulated",
        "Robustness",
        "25 random",
    ):
        assert word in text
    assert "ENCODE" not in text
    assert "TF-MoDISco" not in text


def test_every_citation_has_its_reference():
    more = settings(experiments={"motifs": {"analysis": "motifs"}})
    methods = write_methods(more, summary(), VERSIONS)
    cited = {int(n) for part in methods.paragraphs for n in re.findall(r"\[(\d+)\]", part)}
    assert cited == set(range(1, len(methods.keys) + 1))
    listed = re.findall(r"^(\d+)\. .*\d{4}", methods_markdown(methods), re.MULTILINE)
    assert len(listed) == len(methods.keys)
    assert bibliography(methods.keys).count("\n@") == len(methods.keys) - 1


def test_references_have_no_tex_left():
    for part in write_methods(settings(), summary(), VERSIONS).keys:
        line = methods_markdown(write_methods(settings(), summary(), VERSIONS))
        assert part
        assert not re.search(r"[{}\\]", line)


def test_a_crate_can_be_read_and_names_no_place(tmp_path):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "index.html").write_text("x")
    inputs = {
        "results/downloads/a.bw": {
            "uses": ["track of K562"],
            "source": "https://encode.example/a.bigWig",
            "checksum": "md5:ab",
        },
        "/home/ann/b.fa": {
            "uses": ["reference sequence"],
            "source": "/home/ann/b.fa",
            "checksum": None,
        },
    }
    made = study() | {"inputs": inputs, "config_files": ["/home/ann/my.yaml"]}
    write_crate(tmp_path, made, VERSIONS, {"report/index.html": "report"})
    text = (tmp_path / "ro-crate-metadata.json").read_text()
    assert "/home" not in text
    assert str(tmp_path) not in text
    crate = ROCrate(tmp_path)
    (action,) = (each for each in crate.get_entities() if each.type == "CreateAction")
    assert [each["name"] for each in action["instrument"]] == list(VERSIONS)
    assert {each["name"] for each in action["object"]} >= {"track of K562", "reference sequence"}
    assert [each.id for each in action["result"]] == ["report/index.html"]
