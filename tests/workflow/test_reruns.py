"""What a change reruns, and what it leaves alone; dry runs after a finished study."""

import json
import shlex
import shutil
import subprocess
import sys
import zipfile

import pytest

from epibench.experiments import ANALYSES

from .conftest import Workspace, environment

TINY = "tests/studies/tiny.yaml"


def test_a_finished_study_has_nothing_to_do(finished):
    assert finished.planned("--configfile", "study.yaml") == {}


def test_every_job_left_a_log_and_a_benchmark(finished):
    results = finished.folder / "results" / "tiny"
    logs = {path.relative_to(results / "logs").with_suffix("") for path in results.rglob("*.log")}
    times = {
        path.relative_to(results / "benchmarks").with_suffix("")
        for path in (results / "benchmarks").rglob("*.tsv")
    }
    assert logs == times
    assert len([path for path in logs if path.parts[0] == "train_run"]) == 5


def test_a_changed_title_reruns_the_report_only(finished):
    config = finished.config(TINY, "title.yaml", title="Another")
    assert finished.planned("--configfile", config) == {"write_report": 1}


def test_a_new_seed_trains_the_new_runs_only(finished):
    config = finished.config(TINY, "seed.yaml", experiments__loss_by_bin_size__grid__seed=[1, 2])
    jobs = finished.planned("--configfile", config)
    assert jobs["train_run"] == jobs["evaluate_run"] == 2
    assert {"simulate", "store", "evaluate_reference"}.isdisjoint(jobs)
    assert jobs["run_experiment"] == 1


def test_a_changed_recipe_retrains_every_run_of_it(finished):
    config = finished.config(TINY, "recipe.yaml", recipes__tiny__epochs=3)
    jobs = finished.planned("--configfile", config)
    assert jobs["train_run"] == 5
    assert "store" not in jobs


def test_a_new_evaluated_bin_size_retrains_nothing(finished):
    config = finished.config(TINY, "bins.yaml", evaluation__bin_sizes=[128, 512, 1024])
    jobs = finished.planned("--configfile", config)
    assert jobs["evaluate_run"] == 5
    assert {"train_run", "score_variation"}.isdisjoint(jobs)


def test_more_crops_score_the_variation_again_and_nothing_else(finished):
    config = finished.config(TINY, "crops.yaml", variation__crops=10)
    jobs = finished.planned("--configfile", config)
    assert jobs == {
        **{"score_variation": 2, "run_experiment": 1},
        **{"judge_claims": 1, "write_run_page": 2, "write_report": 1},
    }


def test_other_shifts_score_the_variants_again_and_nothing_else(finished):
    config = finished.config(TINY, "shifts.yaml", variants={"shifts": 4})
    jobs = finished.planned("--configfile", config)
    assert jobs == {
        **{"score_variants": 1, "read_out_variants": 1},
        **{"run_experiment": 2, "judge_claims": 1, "write_run_page": 1, "write_report": 1},
    }


def test_another_locus_predicts_nothing_anew(finished):
    config = finished.config(TINY, "locus.yaml", tracks__loci=["chr8:40000-50000"])
    jobs = finished.planned("--configfile", config)
    assert jobs == {
        **{"choose_loci": 1, "read_loci": 1, "run_experiment": 1},
        **{"judge_claims": 1, "write_run_page": 1, "write_report": 1},
    }


def test_a_guard_retrains_nothing(finished):
    # The report runs again since it names the config file.
    config = finished.config(TINY, "guard.yaml", training__require_gpu=True)
    assert set(finished.planned("--configfile", config)) == {"write_report"}


def test_a_raised_protocol_reruns_what_depends_on_it(finished):
    def planned(rule):
        code = (
            "import sys\nsys.path.insert(0, 'scripts')\n"
            "import epibench.protocol\n"
            f"epibench.protocol.PROTOCOL['{rule}'] += 1\n"
            "from snakemake.cli import main\n"
            "main(['-n', '--quiet', 'rules', '--configfile', 'study.yaml'])\n"
        )
        result = subprocess.run(
            [sys.executable, "-c", code],
            cwd=finished.folder,
            env=environment(),
            capture_output=True,
            text=True,
        )
        words = [line.split() for line in result.stdout.splitlines()]
        jobs = {line[0] for line in words if len(line) == 2 and line[1].isdigit()}
        assert "write_report" in jobs, result.stdout + result.stderr
        return jobs

    assert "store" not in planned("train_run")
    assert {"train_run", "evaluate_run", "run_experiment"} <= planned("train_run")
    again = planned("evaluate_run")
    assert {"evaluate_run", "run_experiment"} <= again
    assert {"train_run", "score_variation", "evaluate_reference"}.isdisjoint(again)
    jobs = planned("score_variation") - {"all", "total"}
    shown = {"judge_claims", "write_run_page", "write_report"}
    assert jobs == {"score_variation", "run_experiment", *shown}
    assert "simulate" not in planned("store")
    assert {"store", "train_run", "evaluate_reference"} <= planned("store")


@pytest.fixture
def copied(finished, tmp_path):
    """A copy of the finished study with code of its own, which can be edited."""
    folder = tmp_path / "copied"
    # Without what dry runs of other tests write meanwhile; with the times of the files.
    passing = shutil.ignore_patterns("log", "locks", "iocache", "tmp*")
    shutil.copytree(finished.folder, folder, symlinks=True, ignore=passing)
    for part in ("scripts", "workflow"):
        original = (folder / part).readlink()
        (folder / part).unlink()
        shutil.copytree(original, folder / part)
    return Workspace(folder)


def test_edited_code_reruns_nothing(copied):
    # An edited comment, or a plot's label, must not retrain a model; a protocol version does that.
    scripts = copied.folder / "scripts"
    edited = ("train_run", "run_experiment", "epibench/train", "epibench/style")
    for name in (*edited, "epibench/experiments/resolution"):
        with open(scripts / f"{name}.py", "a") as file:
            file.write("# an edited comment\n")
    words = scripts / "epibench" / "words.py"
    words.write_text(words.read_text().replace('Loss("Poisson"', 'Loss("POISSON"'))
    assert copied.planned("--configfile", "study.yaml") == {}
    # Only the trigger that the profile leaves out sees an edited script.
    by_code = copied.planned("--configfile", "study.yaml", "--rerun-triggers", "code")
    assert by_code["train_run"] == 5


def test_a_summary_names_what_would_rerun(finished):
    result = finished.snakemake("-n", "--summary", "--configfile", "study.yaml")
    header, *rows = [line.split("\t") for line in result.stdout.splitlines() if "\t" in line]
    plans = {row[header.index("plan")] for row in rows}
    assert plans == {"no update"}, result.stdout
    config = finished.config(TINY, "bins.yaml", evaluation__bin_sizes=[128, 512, 1024])
    result = finished.snakemake("-n", "--summary", "--configfile", config)
    rows = [line.split("\t") for line in result.stdout.splitlines()[1:] if "\t" in line]
    renewed = {row[0].rpartition("/")[2] for row in rows if row[-1] != "no update"}
    assert "metrics.tsv" in renewed
    assert "model.keras" not in renewed


def test_a_run_is_remade_from_its_folder_alone_on_one_core(finished, workspace):
    """The same weights, scores and reference as with two cores, in another process."""
    run = "runs/narrow/threshold2/poisson/bin128/rc+shift/seed1"
    shutil.copytree(finished.folder / "results" / "tiny" / run, workspace.folder / "kept")
    command = [sys.executable, "-m", "epibench", "remake", "kept", "remade"]
    result = subprocess.run(
        command, cwd=workspace.folder, env=environment(), capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    *_, config = shlex.split(result.stdout.splitlines()[-1])
    made, reference = f"results/tiny/{run}/metrics.tsv", "results/tiny/references/ridge/metrics.tsv"
    assert made in result.stdout
    result = workspace.snakemake(made, reference, "--configfile", config, cores=1)
    assert result.returncode == 0, result.stdout
    found = [space.folder / "results" / "tiny" for space in (workspace, finished)]
    paths = [path.relative_to(found[0]) for path in found[0].glob("r*/**/*.tsv")]
    assert len(paths) == 14
    for path in paths:
        assert (found[0] / path).read_bytes() == (found[1] / path).read_bytes(), path
    for file in ("sums.npz", "model.keras"):
        first, second = (contents(folder / run / file) for folder in found)
        assert first == second, file
    records = [json.loads((folder / run / "run.json").read_text()) for folder in found]
    for key in ("settings", "config", "store", "best_valid_loss", "data_files"):
        assert records[0][key] == records[1][key], key


def contents(path):
    """Give the checksum of each array or weight file of an archive, which also notes the time."""
    with zipfile.ZipFile(path) as archive:
        return {f.filename: f.CRC for f in archive.infolist() if not f.filename.endswith(".json")}


def test_snakemakes_own_report_has_figures_with_captions(finished, tmp_path):
    """Last, since it is no dry run; it writes nothing into the workspace."""
    out = tmp_path / "report.zip"
    result = finished.snakemake("--report", out, "--configfile", "study.yaml")
    assert result.returncode == 0, result.stdout
    with zipfile.ZipFile(out) as archive:
        pages = {name: archive.read(name) for name in archive.namelist()}
    text = b"".join(pages.values()).decode(errors="replace")
    analysis = ANALYSES["loss_by_bin_size"]
    assert analysis.question in text
    assert analysis.paper in text
    assert "Training set" in text  # a category
    figures = [name for name in pages if name.endswith("figure.svg")]
    assert len(figures) == len(list(finished.folder.glob("results/tiny/experiments/*/figure.svg")))
    assert any(name.endswith("index.html") for name in pages)
