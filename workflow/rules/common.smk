# What the rule files share. The package is found without installation, and nothing that is imported
# here is heavy: a dry run loads no TensorFlow, pandas or matplotlib.

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir).parent / "scripts"))

from snakemake.exceptions import WorkflowError

from epibench.errors import InputError
from epibench.gpu_resources import gpu_resources
from epibench.make_plan import make_plan
from epibench.plan_data import DOWNLOADS
from epibench.plan_interpret import EFFECTS
from epibench.protocol import PROTOCOL
from epibench.slurm_jobs import keep_unheard_jobs
from epibench.words import AXES, EVALUATED

# Snakemake has imported its plugins by now.
if plugin := sys.modules.get("snakemake_executor_plugin_slurm"):
    keep_unheard_jobs(plugin.Executor)

CONTAINER = os.environ.get("EPIBENCH_CONTAINER")


def read_plan():
    """Check the study, or end with one sentence a mistake."""
    try:
        return make_plan(config, [shown(path) for path in workflow.configfiles])
    except InputError as error:
        raise SystemExit(f"epibench: {error}") from None


def on_gpus(count=1):
    """Give what a job on GPUs asks for, in the words of this cluster."""
    try:
        return gpu_resources(count, os.environ)
    except InputError as error:
        raise SystemExit(f"epibench: {error}") from None


def shown(path):
    """Give a path as a user would write it."""
    path = Path(path)
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def given(paths):
    """Mark what lies in the repository or with the user: no remote storage has it."""
    if isinstance(paths, dict):
        return {name: given(part) for name, part in paths.items()}
    if isinstance(paths, list):
        return [given(path) for path in paths]
    return paths if paths.startswith("results/") else local(paths)


def side(kind, rule, name=""):
    """Give the path of a job's log or benchmark file."""
    suffix = {"logs": "log", "benchmarks": "tsv"}[kind]
    return f"{PLAN.folder}/{kind}/{rule}{name and '/'}{name}.{suffix}"


def run_name(wildcards):
    """Give the name of the run that a job's wildcards stand for."""
    return RUN_NAME.format(**wildcards)


def known_run(wildcards):
    """Give the name of a run; a path that no grid holds is an error with a remedy."""
    name = run_name(wildcards)
    if name not in PLAN.runs:
        raise WorkflowError(
            f"epibench: no experiment of {PLAN.study.study!r} has the run {name}; "
            "add its values to a grid"
        )
    return name


def run_settings(wildcards):
    """Give the settings of a run."""
    return PLAN.run_settings(known_run(wildcards))


def files_of_runs(file, runs=None):
    """Give one file of every run, or of the runs named."""
    return [f"{PLAN.folder}/runs/{name}/{file}" for name in (runs or PLAN.runs)]


def files_of_references(file):
    """Give one file of every predictor that is no run."""
    return [f"{PLAN.folder}/references/{name}/{file}" for name in PLAN.references]


def evaluated(folder):
    """Give what the evaluation of a predictor writes."""
    return {name: f"{folder}/{file}" for name, file in EVALUATED.items()}


def shown_in_report(file, kind):
    """Give a file of every experiment, which `snakemake --report` shows."""
    return report(
        f"{PLAN.folder}/experiments/{{experiment}}/{file}",
        caption="../report/experiment.rst",
        category=lambda wildcards: PLAN.analysis(
            wildcards.experiment
        ).topic.capitalize(),
        labels=lambda wildcards: {
            "experiment": PLAN.analysis(wildcards.experiment).title,
            "in the paper": PLAN.analysis(wildcards.experiment).paper or "ours",
            "file": kind,
        },
    )


def read_by_experiment(wildcards):
    """Give the files of runs that an experiment reads."""
    runs = [run.name for run in PLAN.expanded[wildcards.experiment].runs]
    files = PLAN.analysis(wildcards.experiment).files
    return [path for file in files for path in files_of_runs(file, runs)]


def references_of_experiment(wildcards):
    """Give the files of other predictors that an experiment reads."""
    analysis = PLAN.analysis(wildcards.experiment)
    return files_of_references(analysis.file) if analysis.references else []


def published_scores(wildcards):
    """Give the paper's own scores where an experiment shows them beside its runs."""
    path = Path(workflow.basedir).parent / "resources" / "published_bpnet.tsv"
    return (
        [given(str(shown(path)))]
        if PLAN.repeats_of_published(wildcards.experiment)
        else []
    )


def sums_of_experiment(experiment):
    """Give the sums of every run of an experiment."""
    return files_of_runs(
        "sums.npz", [run.name for run in PLAN.expanded[experiment].runs]
    )


def files_of_experiments(experiments):
    """Give the tables and figures of experiments, and the measured tracks that they show."""
    tables = [
        f"{PLAN.folder}/experiments/{name}/{file}"
        for name in experiments
        for file in ("table.tsv", "figure.svg", "figure.pdf", "figure.png")
    ]
    tables += [
        f"{PLAN.folder}/experiments/{name}/comparisons.tsv"
        for name in experiments
        if name in PLAN.compared
    ]
    for name in experiments:
        tables += PLAN.measured_paths(name)
        tables += [f"{PLAN.folder}/{page}" for page in PLAN.pages(name).values()]
    return tables
