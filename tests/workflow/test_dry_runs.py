"""Every shipped config and profile gives a DAG, lightly and fast."""

import subprocess
import sys
import time

import pytest

from .conftest import ROOT, environment

CONFIGS = ["config/config.yaml", "config/demo.yaml", "config/demo_full.yaml"]
STAGES = ["data", "train", "evaluate", "interpret", "report"]
EXPERIMENTS = ["loss_by_bin_size", "resolution"]


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


def test_the_yeast_study_gives_a_dag(workspace):
    if not (ROOT.parent / "shared" / "data" / "yeast").is_dir():
        pytest.skip("the yeast data (EPIBENCH_SHARED) are not here")
    jobs = workspace.planned("--configfile", "tests/studies/yeast.yaml")
    assert jobs["train_run"] == 1


@pytest.mark.parametrize("target", STAGES + EXPERIMENTS)
def test_each_stage_and_experiment_is_a_target(workspace, target):
    result = workspace.snakemake("-n", "--quiet", "--configfile", "config/demo.yaml", target)
    assert result.returncode == 0, result.stdout


def test_one_experiment_needs_its_own_runs_only(workspace):
    jobs = workspace.planned("--configfile", "config/demo.yaml", "resolution")
    assert jobs["train_run"] == 4
    assert "write_report" not in jobs


def test_one_run_is_a_target_by_path(workspace):
    path = "results/demo/runs/basenji_small/threshold2/mse/bin128/rc+shift/seed1/metrics.tsv"
    jobs = workspace.planned("--configfile", "config/demo.yaml", path)
    assert jobs == {"simulate": 1, "store": 1, "train_run": 1, "evaluate_run": 1}


def test_a_run_that_no_grid_holds_is_refused_with_a_remedy(workspace):
    path = "results/demo/runs/basenji_small/threshold2/mse/bin64/rc+shift/seed1/metrics.tsv"
    result = workspace.snakemake("-n", "--configfile", "config/demo.yaml", path)
    assert result.returncode != 0
    assert "add its values to a grid" in result.stdout


def test_no_two_experiments_train_the_same_run_twice(workspace):
    jobs = workspace.planned("--configfile", "config/demo.yaml")
    assert jobs["train_run"] == 12


def test_a_dry_run_imports_nothing_heavy(workspace):
    code = (
        "import sys\nfrom snakemake.cli import main\n"
        "try:\n    main(['-n', '--quiet', '--configfile', 'config/config.yaml'])\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = {'tensorflow', 'keras', 'jax', 'pandas', 'matplotlib', 'scipy', 'requests',"
        " 'pyBigWig', 'pysam', 'pyjaspar', 'pooch'}\n"
        "print('LOADED', sorted(heavy & set(sys.modules)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=workspace.folder,
        env=environment(),
        capture_output=True,
        text=True,
    )
    assert "LOADED []" in result.stdout, result.stdout + result.stderr


def test_a_dry_run_of_the_papers_study_is_fast(workspace):
    started = time.monotonic()
    workspace.planned("--configfile", "config/config.yaml")
    # The budget is 5 s on two free cores (benchmarks/dry_run.py); a busy machine gets some slack.
    assert time.monotonic() - started < 15


def test_every_rule_has_its_resources_in_the_profile(workspace):
    import yaml

    profile = yaml.safe_load((ROOT / "workflow/profiles/default/config.yaml").read_text())
    result = workspace.snakemake("--list-rules", "--configfile", "config/demo.yaml")
    rules = set(result.stdout.split())
    jobs = rules & {path.stem for path in (ROOT / "scripts").glob("*.py")}
    assert jobs - {"manifest"} <= set(profile["set-resources"]) - {"fetch"} | {"fetch"}
    assert set(profile["set-resources"]) - {"fetch"} <= jobs | {"fetch"}
