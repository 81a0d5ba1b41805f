"""Mistakes in the section `interpret` are refused when the config is read."""

import os
from pathlib import Path

import pytest

from epibench.errors import InputError
from epibench.make_plan import make_plan
from epibench.plan_interpret import EFFECTS
from epibench.typed import read_yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _at_root(monkeypatch):
    monkeypatch.chdir(ROOT)


MOTIF = {"a": {"pattern": "ACGT"}}


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (
            "interpret.motifs",
            {"a": {"pattern": "ACXT"}},
            "interpret.motifs.a.pattern: the letter 'X' of the pattern 'ACXT' is not one of IUPAC",
        ),
        ("interpret.motifs", {"a": {"pattern": "NNN"}}, "'NNN' fixes no base"),
        ("interpret.motifs", {"a": {"pattern": ""}}, "interpret.motifs.a.pattern = ''"),
        ("interpret.motifs", {"a": {}}, "interpret.motifs.a: give a pattern or a matrix"),
        ("interpret.motifs", {}, "interpret.motifs"),
        (
            "interpret",
            {"motifs": {"a": {"pattern": "A" * 2045}}, "pairs": [["a", "a"]]},
            "with its flanks has 2049 bp, more than windows.input_length = 2048; shorten it",
        ),
        (
            "interpret",
            {"motifs": MOTIF, "pairs": [["a", "a"]], "position": 2045},
            "interpret.position = 2045: 'ACGT' with 2 flanking bases would not lie within",
        ),
        (
            "interpret",
            {"motifs": MOTIF, "pairs": [["a", "a"]], "position": 1},
            "interpret.position = 1",
        ),
        (
            "interpret",
            {"motifs": {"a": {"pattern": "ANNNNNNNA"}}, "pairs": [["a", "a"]]},
            "stands for 4,194,304 words, more than 65,536; fix more bases or lower",
        ),
        (
            "interpret",
            {"motifs": {"a": {"pattern": "ACGT", "noted": "ACGT"}}, "pairs": [["a", "a"]]},
            "interpret.motifs.a.noted: 'ACGT' has 4 bp, but the core with its flanks has 8",
        ),
        (
            "interpret",
            {"motifs": MOTIF, "pairs": [["a", "b"]]},
            "interpret.pairs: 'b' is not among interpret.motifs (a); correct it",
        ),
        (
            "interpret",
            {"motifs": MOTIF, "pairs": [["a", "a"]], "occlusion": {"motifs": ["b"]}},
            "interpret.occlusion.motifs: 'b' is not among interpret.motifs",
        ),
        ("interpret", {"motifs": MOTIF, "pairs": []}, "interpret.pairs"),
        (
            "interpret",
            {"motifs": MOTIF, "pairs": [["a", "a"], ["a", "a"]]},
            "interpret.pairs: a and a stand there twice",
        ),
        (
            "interpret",
            {"motifs": MOTIF, "pairs": [["a", "a"]], "distance": {"farthest": 7}},
            "interpret.distance.farthest = 7 leaves a second motif no place beside one of 8 bp",
        ),
        (
            "interpret",
            {"motifs": MOTIF, "pairs": [["a", "a"]], "copy_spacing": 7},
            "interpret.copy_spacing = 7: copies of 8 bp would overlap",
        ),
        (
            "interpret",
            {"motifs": MOTIF, "pairs": [["a", "a"]], "copies": 200},
            "interpret.copies = 200 at a spacing of 24 bp do not lie within the input",
        ),
        (
            "interpret",
            {"motifs": {"a": {"pattern": "ACGT", "noted": "AAACGAAA"}}, "pairs": [["a", "a"]]},
            "'AAACGAAA' is no word of 'ACGT', whose T it has A for",
        ),
        ("interpret.sequences", 15, "interpret.sequences = 15"),
        ("interpret.targets", ["liver"], "interpret.targets: there is no target 'liver' (known:"),
        ("interpret.targets", ["hepatic", "hepatic"], "'hepatic' stands twice"),
        ("interpret.windows", "threshold7", "interpret.windows = 'threshold7' is not declared"),
        ("interpret.backgrounds", 1, "interpret.backgrounds = 1"),
        (
            "interpret.attribution",
            {"sequences": 200},
            "interpret.attribution.sequences = 200 is above interpret.sequences = 100; lower it",
        ),
        (
            "interpret.attribution",
            {"loci": ["chr1:0-2048"]},
            "interpret.attribution.loci: chr1:0-2048 is not on a test chromosome (chr8)",
        ),
        ("interpret.attribution", {"methods": ["guess"]}, "interpret.attribution.methods[0]"),
        ("interpret.modiscos", {}, "did you mean 'modisco'?"),
    ],
)
def test_a_mistake_is_refused(refusal, path, value, words):
    assert words in refusal(path, value)


def test_only_a_simulated_study_has_a_known_grammar():
    config = read_yaml("tests/studies/yeast_zoo.yaml")
    config["experiments"] = {"known_grammar": {}}
    with pytest.raises(InputError, match="known_grammar needs a known truth"):
        make_plan(config, ["tests/studies/yeast_zoo.yaml"])


def test_settings_of_a_job_hold_what_it_reads_and_no_more():
    files = ["config/demo.yaml"]
    config = read_yaml(files[0])
    before = make_plan(config, files)
    config["interpret"]["copies"] = 9
    after = make_plan(config, files)
    assert before.effect_settings("find_flanks") == after.effect_settings("find_flanks")
    assert before.effect_settings("find_distances") != after.effect_settings("find_distances")
    assert before.sequence_settings() == after.sequence_settings()
    config["interpret"] |= {"targets": ["hepatic"], "flanks": 2}
    config["interpret"]["motifs"]["AP-1"] = {"pattern": "TGA.TCA"}
    other = make_plan(config, files)
    assert before.effect_settings("occlude_motifs") == other.effect_settings("occlude_motifs")
    assert before.effect_settings("find_flanks") != other.effect_settings("find_flanks")
    config["experiments"]["occlusion"]["enabled"] = False
    config["interpret"]["occlusion"]["sequences"] = 9999
    assert make_plan(config, files).sequence_settings() == before.sequence_settings()
    assert before.effect_settings("find_flanks")["position"] == 1024
    assert list(before.true_effects()) == list(EFFECTS)
    assert before.shown_targets == ["epithelial", "hepatic", "lymphoid"]


def test_the_paper_is_explained_on_its_cell_line():
    plan = make_plan(read_yaml("config/config.yaml"), ["config/config.yaml"])
    assert plan.shown_targets == ["PC-3"]
    assert plan.sequence_settings()["sequences"] == 10_000
    settings = plan.effect_settings("find_flanks")
    assert plan.pattern_settings()["motifs"]["AP-1"]["pattern"] == "TGA.TCA"
    assert settings["flanks"] == 2
    assert plan.experiment_settings("gia_flanks")["targets"] == ["PC-3"]
    assert plan.experiment_settings("motifs")["targets"] is None


def test_the_report_links_to_the_motifs_of_runs():
    files = ["config/demo.yaml"]
    config = read_yaml(files[0])
    plan = make_plan(config, files)
    run = next(run.name for run in plan.expanded["motifs"].runs)
    assert plan.pages("motifs")[run] == f"runs/{run}/filters.png"
    assert plan.pages("attribution") == {}
    config["interpret"]["modisco"] = {"enabled": True}
    plan = make_plan(config, files)
    assert plan.pages("attribution")[run] == f"runs/{run}/modisco.html"
    assert plan.report_settings()["experiments"]["attribution"]["pages"]
    assert "pages" not in plan.experiment_settings("attribution")


def test_binary_models_are_not_explained_on_targets_without_peaks(monkeypatch):
    path = "tests/studies/yeast_zoo.yaml"
    shared = ROOT.parent / "shared"
    monkeypatch.setenv("EPIBENCH_SHARED", os.environ.get("EPIBENCH_SHARED", str(shared)))
    if not (Path(os.environ["EPIBENCH_SHARED"]) / "data" / "yeast").is_dir():
        pytest.skip("the yeast data (EPIBENCH_SHARED) are not here")
    config = read_yaml(path)
    make_plan(config, [path])
    config["interpret"]["targets"] = ["MNase"]
    with pytest.raises(
        InputError, match="which learns where peaks are, on 'MNase', which has none"
    ):
        make_plan(config, [path])
