"""The tiny study through `--profile slurm`, on a real SLURM with two pretended GPUs."""

import re
import subprocess
from collections import Counter
from dataclasses import dataclass
from itertools import combinations

import pytest
import yaml

from ..workflow.conftest import ROOT, Workspace, environment, make_workspace
from .slurm import Job, most_gpus_at_once, read_jobs

# Experiments of the tiny study, whatever others it gets: three trainings, more than GPUs, and a job
# that asks for a GPU after them.
EXPERIMENTS = {
    "loss_by_bin_size": {"grid": {"loss": ["poisson", "mse", "pearsonr"]}},
    "augmentation": {},
}
GPUS = 2
PARTITIONS = {
    "EPIBENCH_CPU_PARTITION": "epibench-cpu",
    "EPIBENCH_GPU_PARTITION": "epibench-gpu",
}
# This SLURM keeps no accounts; and its jobs take seconds, so they are asked after more often.
OPTIONS = (
    *("--slurm-status-command", "squeue"),
    *("--slurm-init-seconds-before-status-checks", 1),
    *("--seconds-between-status-checks", 1),
)
# The rule whose jobs SLURM gets in groups, and what it knows a group by.
GROUPED, GROUP = "write_run_page", "run_pages_write_run_page"
# How a log begins.
PLACE = re.compile(r"job: host=\S+ SLURM_JOB_ID=(\d+)(.*)")


@dataclass
class Study:
    """A study that was run, and what SLURM recorded of it."""

    space: Workspace
    planned: dict[str, int]
    output: str
    jobs: list[Job]

    def jobs_of(self, rule: str) -> list[Job]:
        return [job for job in self.jobs if job.rule == rule]

    def logs_of(self, rule: str) -> list[str]:
        logs = self.space.folder / "results" / "tiny" / "logs"
        found = [*logs.glob(f"{rule}.log"), *logs.glob(f"{rule}/**/*.log")]
        return [path.read_text() for path in found]


def snakemake(space: Workspace, *arguments, **variables) -> subprocess.CompletedProcess:
    """Call snakemake as a user of the cluster does; it has no `--cores`."""
    given = {name: value for name, value in environment().items() if name != "CUDA_VISIBLE_DEVICES"}
    # By this, the end of SLURM ends a call whose test was killed.
    variables["SLURM_CLUSTER_NAME"] = "epibench-one-node"
    try:
        return subprocess.run(
            space.command(*arguments, "--profile", "slurm", "--configfile", "study.yaml", *OPTIONS),
            cwd=space.folder,
            env=given | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=600,  # Without an answer from SLURM it would wait for ever.
        )
    except subprocess.TimeoutExpired as error:
        pytest.fail(f"snakemake did not end:\n{error.output.decode()}")


@pytest.fixture(scope="module")
def study(slurm, tmp_path_factory) -> Study:
    """The tiny study, run to its report with the partitions of this SLURM and an account."""
    space = make_workspace(tmp_path_factory.mktemp("cluster"))
    config = space.config("tests/studies/tiny.yaml", experiments=EXPERIMENTS)
    planned = space.planned("--configfile", config)
    result = snakemake(space, SBATCH_ACCOUNT="team", **PARTITIONS)
    assert result.returncode == 0, result.stdout
    return Study(space, planned, result.stdout, read_jobs())


def rules_on_gpus() -> set[str]:
    """Give the rules that run in the environment with GPUs."""
    texts = [path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk")]
    rules = [part for text in texts for part in re.split(r"(?m)^rule ", text)[1:]]
    return {rule.partition(":")[0] for rule in rules if "envs/gpu.yaml" in rule}


def test_the_most_gpus_at_once_are_found():
    def job(started, ended, gpus):
        limits = {"memory_mb": 1, "minutes": 1}
        times = {"submitted": started, "started": started, "ended": ended}
        return Job("1", "train_run", "COMPLETED", "", "", gpus, **limits, **times)

    jobs = [job("09:00", "09:10", 1), job("09:05", "09:20", 2), job("09:10", "09:30", 1)]
    assert most_gpus_at_once(jobs) == 3
    assert most_gpus_at_once([*jobs, job("09:15", "09:16", 1)]) == 4
    assert most_gpus_at_once(jobs[::2]) == 1


def test_every_job_ran_once_through_slurm_to_the_report(study):
    local = re.findall(r"^localrule (\w+):", study.output, re.MULTILINE)
    expected = Counter(study.planned) - Counter(local)
    # The pages of three runs are one job.
    assert expected.pop(GROUPED) == 3
    assert Counter(job.rule for job in study.jobs) == expected | {GROUP: 1}
    assert {job.state for job in study.jobs} == {"COMPLETED"}
    assert (study.space.folder / "results/tiny/report/index.html").is_file()


def test_rules_on_gpus_got_one_and_no_others(study):
    asking = rules_on_gpus()
    assert {"train_run", "evaluate_run"} <= asking
    for job in study.jobs:
        assert job.gpus == (job.rule in asking), job
        assert job.partition == ("epibench-gpu" if job.gpus else "epibench-cpu"), job
        assert job.account == "team", job


def test_memory_and_run_time_are_those_of_the_profile(study):
    profile = yaml.safe_load((ROOT / "workflow/profiles/default/config.yaml").read_text())
    for job in study.jobs:
        table = profile["set-resources"].get(GROUPED if job.rule == GROUP else job.rule, {})
        asked = {
            key: eval(str((profile["default-resources"] | table)[key]), {"attempt": 1})
            for key in ("mem_mb", "runtime")
        }
        assert job.minutes == asked["runtime"], job
        # Three pages side by side in one job.
        assert job.memory_mb == asked["mem_mb"] * (3 if job.rule == GROUP else 1), job


def test_never_more_jobs_had_gpus_than_there_are(study):
    trained = study.jobs_of("train_run")
    # More were wanted than there are, so that the limit was put to use.
    assert len(trained) > GPUS
    assert max(job.submitted for job in trained) < min(job.ended for job in trained)
    assert most_gpus_at_once(trained) == GPUS
    assert most_gpus_at_once(study.jobs) == GPUS


def test_every_log_names_its_job_and_its_gpu(study):
    gpus = {}
    for rule in {job.rule for job in study.jobs}:
        logs = study.logs_of(GROUPED if rule == GROUP else rule)
        places = {match[1]: match[2] for match in map(PLACE.match, logs)}
        assert sorted(places) == sorted(job.id for job in study.jobs_of(rule))
        assert len(logs) == (3 if rule == GROUP else len(places))
        gpus |= places
    for job in study.jobs:
        expected = r" SLURM_STEP_GPUS=([01]) CUDA_VISIBLE_DEVICES=\1" if job.gpus else ""
        assert re.fullmatch(expected, gpus[job.id]), job
    for one, other in combinations([job for job in study.jobs if job.gpus], 2):
        if one.started < other.ended and other.started < one.ended:
            assert gpus[one.id] != gpus[other.id], (one, other)


def test_a_failed_job_is_reported_with_its_logs(study):
    """In SLURM's default partition, since none is named."""
    folder = study.space.folder
    (folder / "results/tiny/simulation/epithelial.rep1.bw").write_text("damaged")
    known = read_jobs()
    result = snakemake(study.space, "data", "--retries", 0)
    assert result.returncode == 1, result.stdout
    (job,) = set(read_jobs()) - set(known)
    assert (job.rule, job.state, job.partition) == ("store", "FAILED", "epibench-cpu")
    slurm_log = folder / f".snakemake/slurm_logs/rule_store/{job.id}.log"
    (sentence,) = set(re.findall(r"^epibench: .*", slurm_log.read_text(), re.MULTILINE))
    assert "epithelial.rep1.bw" in sentence
    (log,) = study.logs_of("store")
    assert log.startswith("job: ")
    assert log.endswith(f"{sentence}\n")
    for shown in (sentence, "results/tiny/logs/store.log", str(slurm_log)):
        assert shown in result.stdout
