"""Faults of a cluster: each study ends with the tables of an undisturbed one, and by itself.

`make test-cluster` runs them; as root, and some minutes each.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable

import pytest
import yaml

from ..cluster.slurm import Job, read_jobs
from ..cluster.test_slurm import OPTIONS, PARTITIONS
from ..workflow.conftest import Workspace, environment, make_workspace
from ..workflow.test_kill import tables
from .inject import processes_of

TINY = "tests/studies/tiny.yaml"
TARGET = "loss_by_bin_size"
LOSSES = ("poisson", "mse")
EPOCHS = 12
LAB = "/var/lib/epibench-slurm"


def study(space: Workspace, epochs: int = EPOCHS, losses: tuple = LOSSES) -> str:
    """Write the config of trainings that take long enough to be disturbed."""
    return space.config(
        TINY,
        experiments={TARGET: {"grid": {"loss": list(losses)}}},
        recipes__tiny__epochs=epochs,
        recipes__tiny__patience=epochs,
    )


def undisturbed(tmp_path_factory, *changes) -> dict:
    """Give the tables of the study, run without a cluster."""
    space = make_workspace(tmp_path_factory.mktemp("undisturbed"))
    result = space.snakemake(TARGET, "--configfile", study(space, *changes))
    assert result.returncode == 0, result.stdout
    return tables(space)


@pytest.fixture(scope="module")
def expected(slurm, tmp_path_factory) -> dict:
    return undisturbed(tmp_path_factory)


class Call:
    """A call of snakemake in the background, as a user of the cluster makes it."""

    def __init__(self, space: Workspace, *options, changes: tuple = (), partitions=PARTITIONS):
        given = {k: v for k, v in environment().items() if k != "CUDA_VISIBLE_DEVICES"}
        # By this, the end of SLURM ends a call whose test was killed.
        given |= {"SLURM_CLUSTER_NAME": "epibench-one-node"} | partitions
        config = study(space, *changes)
        command = (TARGET, "--profile", "slurm", "--configfile", config, *OPTIONS, *options)
        self.log = space.folder / "output.txt"
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen(
                space.command(*command),
                cwd=space.folder,
                env=given,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def ends_well(self, seconds: int = 600) -> str:
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            pytest.fail(f"snakemake did not end:\n{self.log.read_text()}")
        output = self.log.read_text()
        assert status == 0, output
        return output


def until(found: Callable, seconds: int = 180):
    """Wait until something is found, and give it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(0.5)
    pytest.fail(f"nothing after {seconds} s: {found.__name__}")


def training(space: Workspace) -> Job:
    """Wait until a training has a checkpoint and still runs, and give its job."""

    def in_mid_training():
        if not list(space.folder.glob("results/tiny/checkpoints/**/*.npz")):
            return None
        running = [job for job in read_jobs() if job.state == "RUNNING"]
        return next((job for job in running if job.rule == "train_run"), None)

    return until(in_mid_training)


def resumed(space: Workspace) -> list[str]:
    """Give the lines of logs that say that a training went on."""
    logs = space.folder.glob("results/tiny/logs/train_run/**/*.log")
    lines = [line for log in logs for line in log.read_text().splitlines()]
    return [line for line in lines if line.startswith("resuming after epoch")]


def control(*arguments: str) -> None:
    subprocess.run(["scontrol", *arguments], check=True, timeout=60)


@pytest.fixture
def space(expected, tmp_path):
    """A workspace; jobs that a failed test leaves are cancelled."""
    yield make_workspace(tmp_path)
    left = [job.id for job in read_jobs() if job.state in ("RUNNING", "PENDING")]
    if left:
        subprocess.run(["scancel", *left], check=False, timeout=60)


def test_a_cancelled_training_resumes_from_its_checkpoint(space, expected):
    """In partitions that a file chooses, by what jobs ask for."""
    limits = {"epibench-cpu": {"max_runtime": 6000}, "epibench-gpu": {"max_gpu": 2}}
    (space.folder / "partitions.yaml").write_text(yaml.safe_dump({"partitions": limits}))
    before = {job.id for job in read_jobs()}
    call = Call(space, "--slurm-partition-config", "partitions.yaml", partitions={})
    subprocess.run(["scancel", training(space).id], check=True, timeout=60)
    call.ends_well()
    for job in [job for job in read_jobs() if job.id not in before]:
        on_gpu = job.rule in ("train_run", "evaluate_run")
        assert job.partition == ("epibench-gpu" if on_gpu else "epibench-cpu"), job
    assert resumed(space)
    assert tables(space) == expected


def test_a_training_that_exceeds_its_run_time_needs_no_human(space, tmp_path_factory):
    """It hangs, so that it does on any machine; the next job goes on from its checkpoint."""
    epochs = 250
    before = {job.id for job in read_jobs()}
    call = Call(space, "--set-resources", "train_run:runtime=1", changes=(epochs,))
    training(space)
    for process in processes_of(space.folder):
        os.kill(process, signal.SIGSTOP)
    call.ends_well(900)
    jobs = [job for job in read_jobs() if job.id not in before and job.rule == "train_run"]
    assert "TIMEOUT" in {job.state for job in jobs}
    assert resumed(space)
    assert tables(space) == undisturbed(tmp_path_factory, epochs)


def test_a_job_that_needs_more_memory_gets_more(space, expected):
    before = {job.id for job in read_jobs()}
    Call(space, "--set-resources", "train_run:mem_mb=500 * attempt").ends_well()
    jobs = [job for job in read_jobs() if job.id not in before and job.rule == "train_run"]
    assert len(jobs) > 2
    assert {job.state for job in jobs} > {"COMPLETED"}
    assert tables(space) == expected


def test_jobs_of_a_failed_node_run_again(space, expected):
    call = Call(space)
    job = training(space)
    node = subprocess.run(["hostname", "-s"], capture_output=True, text=True).stdout.strip()
    control("update", f"nodename={node}", "state=down", "reason=test")
    try:
        until(lambda: next(j for j in read_jobs() if j.id == job.id).state != "RUNNING")
    finally:
        control("update", f"nodename={node}", "state=resume")
    call.ends_well()
    assert tables(space) == expected


def test_snakemake_killed_and_started_beside_its_old_jobs(space, tmp_path_factory):
    """One training, so that there is a GPU for its old job and one for the new."""
    changes = (600, ("poisson",))
    first = Call(space, changes=changes)
    old = training(space)
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait()
    unlocked = space.snakemake("--unlock", "--configfile", "study.yaml")
    assert unlocked.returncode == 0, unlocked.stdout
    second = Call(space, changes=changes)

    def both_train():
        running = {job.id for job in read_jobs() if job.state == "RUNNING"}
        return old.id in running and len(running) == 2

    until(both_train)
    second.ends_well()
    until(lambda: not [job for job in read_jobs() if job.state == "RUNNING"])
    assert tables(space) == undisturbed(tmp_path_factory, *changes)
    assert not [path for path in space.folder.glob("results/**/.*") if path.is_file()]


def test_a_restarted_controller_loses_nothing(space, expected):
    call = Call(space)
    training(space)
    with open(f"{LAB}/slurmctld.pid") as handle:
        os.kill(int(handle.read()), signal.SIGTERM)
    time.sleep(20)
    subprocess.run(["slurmctld"], check=True, timeout=60)
    call.ends_well()
    assert tables(space) == expected
