"""A mistake in the config is refused with file, key, value and remedy."""

import csv
import os
from pathlib import Path

import pytest
import yaml
from changed_config import DEMO, changed

from epibench.config.docs import config_docs
from epibench.config.load import expand_variables, load_study
from epibench.errors import InputError
from epibench.make_plan import make_plan
from epibench.typed import read_yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _at_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_the_demo_is_a_plan_of_a_few_runs():
    plan = make_plan(read_yaml(DEMO), [DEMO])
    assert 12 < len(plan.runs) <= 20
    assert len(plan.targets) == 4


def test_a_misspelt_key_is_named_with_the_one_that_was_meant(refusal):
    message = refusal("windows.input_lenght", 2048)
    assert "windows.input_lenght is not a known key" in message
    assert "did you mean 'input_length'?" in message


def test_a_misspelt_key_inside_a_named_entry_is_found(refusal):
    message = refusal("models.basenji_small.recipy", "demo")
    assert "models.basenji_small.recipy" in message
    assert "'recipe'" in message


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("study", "My Study", ["study", "My Study"]),
        ("windows.input_length", 4000, ["input_length", "4000", "3072"]),
        ("windows.thresholds", [1, 1], ["thresholds", "1"]),
        ("splits.valid", ["chr8"], ["chr8", "valid", "test"]),
        ("training.threads", 0, ["training.threads", "0"]),
        ("recipes.demo.epochs", "many", ["recipes.demo.epochs", "many"]),
        ("defaults.windows", "threshold2.0", ["defaults.windows", "threshold2.0"]),
        ("defaults.windows", "threshold1", ["threshold1", "not declared"]),
        ("defaults.augmentation", "flip", ["defaults.augmentation", "flip"]),
        ("models.basenji_small.builder", "basenjy", ["models.basenji_small.builder", "basenjy"]),
        ("models.basenji_small.recipe", "x", ["models.basenji_small.recipe", "'x'", "demo"]),
        ("models.basenji_small.options", {"filters": 3}, ["basenji_small", "'filters'"]),
        ("models.basenji_small.options", {"first_filters": -2}, ["first_filters", "-2"]),
        ("models.Basenji_Small", {"builder": "basenji"}, ["Basenji_Small", "two meanings"]),
        ("evaluation.bin_sizes", [96], ["evaluation.bin_sizes", "96", "2048"]),
        ("experiments.resolution.grid", {"seed": [1, 1]}, ["resolution.grid", "seed", "1 twice"]),
        ("experiments.resolution.grid", {"bin_size": 96}, ["resolution", "96", "2048", "divisor"]),
        ("experiments.resolution.grid", {"model": "other"}, ["resolution", "'other'"]),
        (
            "experiments.resolution.grid",
            {"windows": "threshold4"},
            ["'threshold4'", "windows.peaks"],
        ),
        (
            "experiments.resolution.grid",
            {"loss": "multinomial_mse", "bin_size": 2048},
            ["multinomial_mse", "2048", "exclude"],
        ),
        ("evaluation.bin_sizes", [], ["evaluation.bin_sizes"]),
        ("evaluation.bin_sizes", [128, 128], ["evaluation.bin_sizes", "128 stands twice"]),
        ("splits.test", ["chr77"], ["splits.test", "chr77", "chr8"]),
        ("simulation.chromosomes", {"chr8": 50000}, ["simulation.chromosomes.chr8", "50000"]),
        ("experiments.nothing", {}, ["experiments.nothing", "no analysis", "enabled: false"]),
        ("experiments.reslution", {}, ["experiments.reslution", "did you mean 'resolution'?"]),
        ("experiments.train", {"analysis": "resolution"}, ["experiments.train", "rename"]),
        ("samples", "x.tsv", ["simulation", "remove"]),
        ("training.gpus", 0, ["training.gpus", "0"]),
    ],
)
def test_impossible_values_are_refused(refusal, path, value, expected):
    message = refusal(path, value)
    for part in expected:
        assert part in message


def test_a_model_that_cannot_give_a_bin_size_is_refused(planned):
    config = changed("windows.input_length", 3072)
    config["evaluation"]["bin_sizes"] = [3]
    config["experiments"] = {"resolution": {"grid": {"bin_size": 3}}}
    with pytest.raises(InputError, match=r"basenji cannot give the bin size 3: .*multiple of 8"):
        planned(config)


def test_a_positive_loss_with_a_linear_output_is_refused(planned):
    config = changed("models.basenji_small.options.output", "linear")
    with pytest.raises(InputError, match=r"'poisson' needs positive predictions.*linear"):
        planned(config)


def test_every_mistake_gets_a_line(planned):
    config = changed("training.threads", 0)
    config["nonsense"] = 1
    with pytest.raises(InputError) as error:
        planned(config)
    assert len(str(error.value).splitlines()) == 2


def test_a_key_that_stands_twice_is_refused(tmp_path):
    path = tmp_path / "twice.yaml"
    path.write_text("models:\n  a: {builder: basenji}\n  a: {builder: basenji}\n")
    with pytest.raises(InputError, match=r"twice.yaml, line 3: the key 'a' stands twice"):
        read_yaml(path)


@pytest.mark.parametrize("text", ["a: [1", "a: {b: 1}}", "\tx"])
def test_broken_yaml_is_one_sentence(tmp_path, text):
    (tmp_path / "broken.yaml").write_text(text)
    with pytest.raises(InputError, match=r"broken.yaml, line \d+: not valid YAML"):
        read_yaml(tmp_path / "broken.yaml")


def test_a_missing_or_empty_file_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"none\.yaml: there is no such file"):
        read_yaml(tmp_path / "none.yaml")
    (tmp_path / "empty.yaml").touch()
    with pytest.raises(InputError, match="study is missing"):
        load_study({}, [tmp_path / "empty.yaml"])


def test_environment_variables_are_expanded(monkeypatch):
    monkeypatch.setenv("EPIBENCH_TEST", "here")
    monkeypatch.delenv("EPIBENCH_UNSET", raising=False)
    value = {"a": ["${EPIBENCH_TEST}/x", "${EPIBENCH_UNSET:-there}/y", 3]}
    assert expand_variables(value) == {"a": ["here/x", "there/y", 3]}
    with pytest.raises(InputError, match="EPIBENCH_UNSET is not set"):
        expand_variables("${EPIBENCH_UNSET}")


def test_the_reference_of_the_config_is_up_to_date():
    assert (ROOT / "config" / "README.md").read_text() == config_docs(), (
        "run: python -m epibench config-docs"
    )


def test_every_key_has_a_description():
    assert "| None |" not in config_docs()


def test_the_papers_study_has_every_experiment_and_says_what_is_off():
    names = (
        "loss_by_bin_size resolution smoothing training_set test_set high_activity augmentation "
        "robustness "
        "architectures binary_vs_quantitative variant_effects variant_robustness "
        "variant_map variant_readout motifs attribution embeddings gia_flanks "
        "gia_distance gia_placement gia_cooperativity occlusion replicate_ceiling tracks "
        "hyperparameters leaderboard"
    )
    plan = make_plan(read_yaml("config/config.yaml"), ["config/config.yaml"])
    assert " ".join(plan.study.experiments) == names
    assert len(plan.targets) == 15
    assert len(plan.runs) == 226
    assert len(plan.expanded["resolution"].runs) == 16


def test_settings_of_a_run_do_not_depend_on_other_runs(planned):
    config = yaml.safe_load(DEMO.read_text())
    plan = planned(config)
    config["experiments"]["resolution"]["grid"]["seed"] = [1, 2]
    config["title"] = "another"
    larger = planned(config)
    assert set(plan.runs) < set(larger.runs)
    for name in plan.runs:
        assert plan.run_settings(name) == larger.run_settings(name)
    assert plan.store_settings() == larger.store_settings()


def test_a_deterministic_training_is_another_run_and_others_stay_what_they_were(planned):
    plain = planned(yaml.safe_load(DEMO.read_text()))
    asked = planned(changed("training.deterministic", True))
    for name in plain.runs:
        assert "deterministic" not in plain.run_settings(name)
        assert asked.run_settings(name) == plain.run_settings(name) | {"deterministic": True}
    assert asked.device_settings() == {"require": False, "deterministic": True}
    assert plain.device_settings() == {"require": False, "deterministic": False}


def test_a_record_has_what_may_be_changed_later(monkeypatch, tmp_path):
    (tmp_path / "genome.yaml").write_text("fasta: ${PLACE}/genome.fa\n")
    table = f"target\ttrack\na\t{tmp_path}/a.bw\n"
    (tmp_path / "samples.tsv").write_text(f"# a comment\n{table}")
    for name in ("genome.fa", "a.bw"):
        (tmp_path / name).touch()
    monkeypatch.setenv("PLACE", str(tmp_path))
    config = {
        **{"study": "small", "samples": f"{tmp_path}/samples.tsv", "splits": {"test": ["chr8"]}},
        **{"genome": "${PLACE}/genome.yaml", "models": {"basenji": {"builder": "basenji"}}},
        **{"experiments": {"resolution": {}}},
    }
    job = make_plan(config, []).training_job(config)
    assert job["config"] == config | {"genome": {"fasta": "${PLACE}/genome.fa"}}
    assert job["samples"] == table


def test_losses_of_counts_refuse_negative_coverage(refusal):
    message = refusal("coverage.negative", "keep")
    assert "the loss 'poisson' is one of counts" in message
    assert "coverage.negative = keep" in message


def test_a_value_in_place_of_a_section_is_said_so(refusal):
    assert "coverage = 'masked': should be a section with keys" in refusal("coverage", "masked")


def real_study(tmp_path, genome) -> dict:
    """Give the paper's study with a genome of its own."""
    return yaml.safe_load((ROOT / "config" / "config.yaml").read_text()) | {"genome": genome}


def test_a_genome_may_stand_in_a_file_of_its_own(planned, tmp_path):
    fasta = tmp_path / "genome.fa"
    fasta.write_text(">chr1\nACGT\n")
    path = tmp_path / "genome.yaml"
    path.write_text(f"fasta: {fasta}\nmappability: {{track: 'https://host/map.bw', cutoff: 0.9}}\n")
    plan = planned(real_study(tmp_path, str(path)))
    assert plan.study.genome.fasta == str(fasta)
    assert plan.study.genome.mappability.cutoff == 0.9
    (track,) = plan.store_inputs()["mappability"]
    assert plan.downloads[track] == "https://host/map.bw"
    assert plan.store_settings()["genome"]["mappability"]["track"] == track


def test_a_mistake_in_the_file_of_a_genome_names_that_file(planned, tmp_path):
    path = tmp_path / "genome.yaml"
    path.write_text("fasta: genome.fa\nexlcuded: []\n")
    with pytest.raises(InputError, match=r"genome\.yaml: exlcuded is not a known key; .*excluded"):
        planned(real_study(tmp_path, str(path)))
    with pytest.raises(
        InputError,
        match=r"study\.yaml: genome: .*absent\.yaml: there is no such file.*is a section",
    ):
        planned(real_study(tmp_path, str(tmp_path / "absent.yaml")))


def test_the_pins_of_hg38_are_those_of_the_shared_table():
    shared = Path(os.environ.get("EPIBENCH_SHARED", ROOT.parent / "shared"))
    table = shared / "reference" / "pins.tsv"
    if not table.is_file():
        pytest.skip(f"no {table}; EPIBENCH_SHARED names the folder of shared data")
    text = (ROOT / "resources" / "hg38.yaml").read_text()
    pins = {row["name"]: row for row in csv.DictReader(table.open(), delimiter="\t")}
    for name in ("hg38.fa.gz", "hg38-blacklist.v2.bed.gz"):
        algorithm, checksum = pins[name]["checksum"].split(":")
        size = pins[name]["size_bytes"]
        assert f"{pins[name]['url']}#{algorithm}={checksum}&size={size}\n" in text
    umap = pins["hg38.k50.umap.bw"]
    assert f"{umap['url']}#md5={umap['checksum'].split()[0].removeprefix('md5:')}\n" in text


def test_sections_can_take_over_others(tmp_path):
    path = tmp_path / "merged.yaml"
    path.write_text("a: &a {x: 1, y: 2}\nb: &b {<<: *a, y: 3}\nc: {<<: *b, z: 4}\n")
    assert read_yaml(path)["c"] == {"x": 1, "y": 3, "z": 4}
    path.write_text("a: &a {x: 1}\nb: {<<: *a, y: 3, y: 4}\n")
    with pytest.raises(InputError, match="line 2: the key 'y' stands twice"):
        read_yaml(path)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("variants.tables", ["table.tsv"], "a simulated study has its own table of variants"),
        ("simulation.mutagenesis", {}, "variant_effects needs variants of a known effect"),
        ("simulation.mutagenesis", {"chr3": 1}, "'chr3' is not among simulation.chromosomes"),
        ("variants.matched", {"chr8_promoter": ["liver"]}, "there is no target 'liver'"),
        ("variants.elements", [], "variants.elements: should be 'all', 'cagi5' or a list"),
        ("variants.elements", "CAGI5", "should be 'all', 'cagi5' or a list of names"),
        ("variants", {"elements": ["a"], "shown": "b"}, "variants.shown: 'b' is not among"),
        (
            "variants",
            {"elements": "cagi5", "matched": {"GP1BA": ["hepatic"]}},
            "variants.matched: 'GP1BA' is not among",
        ),
        ("variants.shifts", 0, "variants.shifts"),
        ("variants.peak_length", 1025, "is longer than the 1024 bp of a window that all inputs"),
        (
            "experiments.variant_robustness.grid.include",
            [
                {"model": "basenji_binary_small", "windows": "peaks", "bin_size": 2048}
                | {"loss": "binary_crossentropy"}
            ],
            "tells peaks from the rest and gives no coverage",
        ),
        (
            "experiments.variant_map.grid",
            {"model": "basenji_binary_small", "windows": "peaks", "bin_size": 2048}
            | {"loss": "binary_crossentropy"},
            "shows profiles, which no binary model predicts",
        ),
    ],
)
def test_variants_that_cannot_be_scored_are_refused(refusal, path, value, words):
    assert words in refusal(path, value)


def test_a_real_study_needs_a_table_of_variants_and_fetches_it_only_where_it_is_read():
    files = [ROOT / "config" / "config.yaml"]
    config = read_yaml(files[0])
    plan = make_plan(config, files)
    table = plan.variant_inputs()["tables"]
    assert table[0] in plan.downloads
    assert plan.variant_settings()["checksums"][table[0]].startswith("sha256:fec2eed9")
    assert table[0] not in plan.store_settings()["checksums"]
    for name in [name for name in config["experiments"] if name.startswith("variant")]:
        config["experiments"][name]["enabled"] = False
    assert table[0] not in make_plan(config, files).downloads
    config["experiments"]["variant_map"]["enabled"] = True
    del config["variants"]
    with pytest.raises(InputError, match=r"variant_map needs measured variants; name their table"):
        make_plan(config, files)
