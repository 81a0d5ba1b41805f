"""What SLURM itself says about its jobs."""

import re
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """A job in SLURM's words; times are local and in whole seconds, such as 2026-01-31T09:00:00.

    `memory_mb` and `minutes` are its limits.
    """

    id: str
    rule: str
    state: str
    account: str
    partition: str
    gpus: int
    memory_mb: float
    minutes: int
    submitted: str
    started: str
    ended: str


def read_jobs() -> list[Job]:
    """Give every job that SLURM still knows, oldest first."""
    shown = subprocess.run(
        ["scontrol", "show", "job", "--details", "--oneliner"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    # Where there are none it says so in words.
    return [_read_job(line) for line in shown.stdout.splitlines() if line.startswith("JobId=")]


def _read_job(line: str) -> Job:
    fields = dict(re.findall(r"(\S+?)=(\S*)", line))
    return Job(
        id=fields["JobId"],
        rule=re.match(r"rule_(.+?)(_wildcards_|$)", fields["Comment"])[1],
        state=fields["JobState"],
        account=fields["Account"],
        partition=fields["Partition"],
        # What was given, not what was asked for: a pending job has no such field.
        gpus=sum(map(int, re.findall(r"gpu(?::[^:,]+)?:(\d+)", fields.get("JOB_GRES", "")))),
        memory_mb=_megabytes(re.search(r"mem=([^,]+)", fields["TRES"])[1]),
        minutes=_minutes(fields["TimeLimit"]),
        submitted=fields["SubmitTime"],
        started=fields["StartTime"],
        ended=fields["EndTime"],
    )


def _megabytes(text: str) -> float:
    return float(text[:-1]) * {"K": 1 / 1024, "M": 1, "G": 1024}[text[-1]]


def _minutes(text: str) -> int:
    """Read such as 2-00:30:00."""
    days, _, clock = text.rpartition("-")
    hours, minutes, _ = map(int, clock.split(":"))
    return (int(days or 0) * 24 + hours) * 60 + minutes


def most_gpus_at_once(jobs: list[Job]) -> int:
    """Give the largest number of GPUs that the jobs held at one time.

    A job that ends in the second in which another starts has ended before it.
    """
    changes = [(job.ended, -job.gpus) for job in jobs] + [(job.started, job.gpus) for job in jobs]
    held = most = 0
    for _, change in sorted(changes):
        held += change
        most = max(most, held)
    return most
