"""What a change reruns, and what it leaves alone; dry runs after a finished study."""

import shutil
import subprocess
import sys
import zipfile

from epibench.experiments import ANALYSES

from .conftest import environment

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
    assert "train_run" not in planned("evaluate_run")
    jobs = planned("score_variation") - {"all", "total"}
    shown = {"judge_claims", "write_run_page", "write_report"}
    assert jobs == {"score_variation", "run_experiment", *shown}
    assert "simulate" not in planned("store")
    assert {"store", "train_run", "evaluate_reference"} <= planned("store")


def test_edited_code_reruns_nothing(finished):
    # An edited comment, or a plot's label, must not retrain a model; a protocol version does that.
    scripts = finished.folder / "scripts"
    original = scripts.readlink()
    scripts.unlink()
    shutil.copytree(original, scripts)
    try:
        for name in ("train_run.py", "run_experiment.py", "epibench/train.py", "epibench/style.py"):
            with open(scripts / name, "a") as file:
                file.write("# an edited comment\n")
        words = scripts / "epibench" / "words.py"
        words.write_text(words.read_text().replace('Loss("Poisson"', 'Loss("POISSON"'))
        assert finished.planned("--configfile", "study.yaml") == {}
    finally:
        shutil.rmtree(scripts)
        scripts.symlink_to(original)


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
