"""Every shipped config and profile gives a DAG, lightly and fast."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from epibench.config.check import RESERVED

from .conftest import ROOT, environment

CONFIGS = ["config/config.yaml", "config/demo.yaml", "config/demo_full.yaml"]
STAGES = ["data", "train", "evaluate", "interpret", "report"]
HEAVY = {"tensorflow", "keras", "jax", "pandas", "matplotlib", "scipy", "boto3"}
HEAVY |= {"requests", "pyBigWig", "pysam", "pyjaspar", "memelite", "numba", "umap", "logomaker"}
EXPERIMENTS = [
    *("loss_by_bin_size", "resolution", "smoothing", "training_set", "test_set", "high_activity"),
    *("augmentation", "architectures", "binary_vs_quantitative", "replicate_ceiling"),
    *("leaderboard", "tracks"),
    *("variant_effects", "variant_robustness", "variant_map", "variant_readout"),
    *("motifs", "attribution", "embeddings", "gia_flanks", "gia_distance", "gia_placement"),
    *("gia_cooperativity", "occlusion", "known_grammar"),
]


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("profile", [[], ["--profile", "slurm"]])
def test_every_config_and_profile_gives_a_dag(workspace, config, profile):
    jobs = workspace.planned("--configfile", config, *profile)
    assert jobs["store"] == 1
    assert jobs["train_run"] == jobs["evaluate_run"] >= 12
    assert jobs["write_report"] == 1


def test_the_papers_study_is_the_default_and_slurm_works_literally(workspace):
    result = subprocess.run(
        workspace.command("--profile", "slurm", "-n", "--quiet"),
        cwd=workspace.folder,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert workspace.planned() == workspace.planned("--configfile", "config/config.yaml")


@pytest.mark.parametrize(("study", "runs"), [("yeast", 22), ("yeast_zoo", 20)])
def test_the_yeast_studies_give_a_dag(workspace, study, runs):
    if not (Path(environment()["EPIBENCH_SHARED"]) / "data" / "yeast").is_dir():
        pytest.skip("the yeast data (EPIBENCH_SHARED) are not here")
    jobs = workspace.planned("--configfile", f"tests/studies/{study}.yaml")
    assert jobs["train_run"] == runs


@pytest.mark.parametrize("target", STAGES + EXPERIMENTS)
def test_each_stage_and_experiment_is_a_target(workspace, target):
    result = workspace.snakemake(target, "-n", "--quiet", "--configfile", "config/demo.yaml")
    assert result.returncode == 0, result.stdout


def test_one_experiment_needs_its_own_runs_only(workspace):
    jobs = workspace.planned("resolution", "--configfile", "config/demo.yaml")
    assert jobs["train_run"] == 4
    assert "write_report" not in jobs


def test_a_search_for_hyperparameters_needs_training_only(workspace):
    wide = {"builder": "basenji", "recipe": "tiny", "options": {"first_filters": 16}}
    config = workspace.config(
        "tests/studies/tiny.yaml",
        models__wide=wide,
        experiments__search={"analysis": "hyperparameters", "grid": {"model": ["narrow", "wide"]}},
    )
    jobs = workspace.planned("search", "--configfile", config)
    assert jobs.pop("search") == 1
    assert jobs == {"simulate": 1, "store": 1, "train_run": 2, "run_experiment": 1}
    stage = workspace.planned("train", "--configfile", config)
    assert stage["run_experiment"] == 1
    assert stage["train_run"] == 6
    everything = workspace.planned("--configfile", config)
    assert everything["evaluate_run"] == everything["train_run"] == 6


def test_one_run_is_a_target_by_path(workspace):
    path = "results/demo/runs/basenji_small/threshold2/mse/bin128/rc+shift/seed1/metrics.tsv"
    jobs = workspace.planned(path, "--configfile", "config/demo.yaml")
    assert jobs == {"simulate": 1, "store": 1, "train_run": 1, "evaluate_run": 1}


def test_targets_are_compared_before_there_is_a_store(workspace):
    jobs = workspace.planned("select_targets", "--configfile", "config/demo.yaml")
    assert jobs == {"simulate": 1, "select_targets": 1}
    assert workspace.planned("--configfile", "config/demo.yaml")["select_targets"] == 1


def test_the_example_of_the_readme_is_a_study(workspace):
    text = (ROOT / "README.md").read_text()
    config, table = (text.partition(mark)[2] for mark in ("```yaml\n", "```\ntarget\t"))
    config, table = (part.partition("```")[0] for part in (config, f"target\t{table}"))
    (workspace.folder / "my.yaml").write_text(config)
    (workspace.folder / "my_samples.tsv").write_text(table)
    (workspace.folder / "data").mkdir()
    for name in re.findall(r"data/[\w.]+", config + table):
        (workspace.folder / name).touch()
    jobs = workspace.planned("--configfile", "my.yaml")
    assert (jobs["train_run"], jobs["fetch"], jobs["write_peaks"]) == (2, 3, 1)


def test_a_study_without_peaks_compares_no_targets(workspace):
    table = workspace.folder / "samples.tsv"
    for name in ("a.bw", "b.bw", "genome.fa"):
        (workspace.folder / name).touch()
    table.write_text("target\ttrack\na\ta.bw\nb\tb.bw\n")
    config = workspace.config(
        "tests/studies/tiny.yaml",
        samples="samples.tsv",
        genome={"fasta": "genome.fa"},
        simulation=None,
        windows={"thresholds": [2]},
        experiments={"resolution": {"grid": {"bin_size": [128, 512]}}},
    )
    jobs = workspace.planned("--configfile", config)
    assert jobs["store"] == jobs["write_report"] == 1
    assert "select_targets" not in jobs


def test_a_run_that_no_grid_holds_is_refused_with_a_remedy(workspace):
    path = "results/demo/runs/basenji_small/threshold2/mse/bin64/rc+shift/seed1/metrics.tsv"
    result = workspace.snakemake(path, "-n", "--configfile", "config/demo.yaml")
    assert result.returncode != 0
    assert "add its values to a grid" in result.stdout


def test_no_two_experiments_train_the_same_run_twice(workspace):
    jobs = workspace.planned("--configfile", "config/demo.yaml")
    assert jobs["train_run"] == 19


def loaded(workspace, code) -> set[str]:
    """Give the modules that a process has loaded when `code` ends."""
    result = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print('LOADED', *sys.modules)"],
        cwd=workspace.folder,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert "LOADED" in result.stdout, result.stdout + result.stderr
    return set(result.stdout.partition("LOADED ")[2].split())


def test_a_dry_run_imports_nothing_heavy(workspace):
    run = "main(['-n', '--quiet', '--configfile', 'config/config.yaml'])"
    code = f"from snakemake.cli import main\ntry:\n    {run}\nexcept SystemExit: pass"
    # Snakemake imports all of its plugins that are installed, asked for or not: that for SLURM
    # brings pandas, that for S3 boto3. The next test shows that we import neither.
    assert loaded(workspace, code).isdisjoint(HEAVY - {"pandas", "requests", "boto3"})


@pytest.mark.parametrize("config", CONFIGS)
def test_planning_a_study_imports_nothing_heavy(workspace, config):
    code = (
        "import sys; sys.path.insert(0, 'scripts')\n"
        "from epibench.typed import read_yaml\nfrom epibench.make_plan import make_plan\n"
        f"make_plan(read_yaml('{config}'), ['{config}']).report_settings()"
    )
    assert loaded(workspace, code).isdisjoint(HEAVY)


def test_a_dry_run_of_the_papers_study_is_fast(workspace):
    started = time.monotonic()
    workspace.planned("--configfile", "config/config.yaml")
    # The budget is 5 s on two free cores (benchmarks/dry_run.py); a busy machine gets some slack.
    assert time.monotonic() - started < 15


def test_every_rule_has_its_resources_in_the_profile():
    profile = yaml.safe_load((ROOT / "workflow/profiles/default/config.yaml").read_text())
    scripts = {path.stem for path in (ROOT / "scripts").glob("*.py")}
    assert set(profile["set-resources"]) == scripts - {"manifest", "write_peaks"}


def test_no_experiment_can_have_the_name_of_a_rule(workspace):
    result = workspace.snakemake("--list-rules", "--configfile", "config/demo.yaml")
    rules = set(result.stdout.splitlines()) - set(EXPERIMENTS)
    assert {"all", "store", "write_report"} <= rules
    known = {rule for rule in rules if rule.isidentifier()}
    assert known <= set(RESERVED)
