"""Mistakes in the section `interpret` are refused when the config is read."""

from pathlib import Path

import pytest

from epibench.errors import InputError
from epibench.plan import make_plan
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
            {"motifs": {"a": {"pattern": "A" * 2045}}, "pairs": []},
            "with its flanks has 2049 bp, more than windows.input_length = 2048; shorten it",
        ),
        (
            "interpret",
            {"motifs": MOTIF, "pairs": [], "position": 2045},
            "interpret.position = 2045: 'ACGT' with 2 flanking bases would not lie within",
        ),
        ("interpret", {"motifs": MOTIF, "pairs": [], "position": 1}, "interpret.position = 1"),
        (
            "interpret",
            {"motifs": {"a": {"pattern": "ANNNNNNNA"}}, "pairs": []},
            "stands for 4,194,304 words, more than 65,536; fix more bases or lower",
        ),
        (
            "interpret",
            {"motifs": {"a": {"pattern": "ACGT", "noted": "ACGT"}}, "pairs": []},
            "interpret.motifs.a.noted: 'ACGT' has 4 bp, but the core with its flanks has 8",
        ),
        (
            "interpret",
            {"motifs": MOTIF, "pairs": [["a", "b"]]},
            "interpret.pairs: 'b' is not among interpret.motifs (a); correct it",
        ),
        (
            "interpret",
            {"motifs": MOTIF, "pairs": [], "occlusion": {"motifs": ["b"]}},
            "interpret.occlusion.motifs: 'b' is not among interpret.motifs",
        ),
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
