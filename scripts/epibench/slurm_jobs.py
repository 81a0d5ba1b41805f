"""Keep jobs that SLURM said nothing of (light: read at parse time)."""

from collections.abc import AsyncIterator, Callable
from typing import Any


def keep_unheard_jobs(executor: type) -> None:
    """Let an executor ask again for jobs of which it heard nothing.

    Snakemake's plugin for SLURM (2.8.0) gives back only the jobs that an answer names. When no
    answer comes, as while the controller or the accounting is restarted, it gives back none: they
    are forgotten, and the call waits for ever. By the interface of remote executors a job is active
    until it is reported, so the others are given back here.

    Parameters
    ----------
    executor : type
        A class with `check_active_jobs`, `report_job_success` and `report_job_error`; changed in
        place, once.
    """
    original = executor.check_active_jobs
    if getattr(original, "keeps_unheard_jobs", False):
        return

    async def check_active_jobs(self: Any, active_jobs: list) -> AsyncIterator:
        heard = set()

        def noted(report: Callable) -> Callable:
            def wrapped(job: Any, *arguments: Any, **options: Any) -> Any:
                heard.add(id(job))
                return report(job, *arguments, **options)

            return wrapped

        self.report_job_success = noted(self.report_job_success)
        self.report_job_error = noted(self.report_job_error)
        try:
            async for job in original(self, active_jobs):
                heard.add(id(job))
                yield job
        finally:
            del self.report_job_success, self.report_job_error  # those of the class again
        for job in active_jobs:
            if id(job) not in heard:
                yield job

    check_active_jobs.keeps_unheard_jobs = True
    executor.check_active_jobs = check_active_jobs
