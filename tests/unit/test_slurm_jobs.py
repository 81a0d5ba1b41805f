"""Jobs of which SLURM says nothing stay active."""

import asyncio

import pytest

from epibench.slurm_jobs import keep_unheard_jobs


class Job:
    """Equal to every other, as jobs may be."""

    def __eq__(self, other):
        return True

    __hash__ = None


def executor(answer):
    """Make an executor like the plugin's: `answer` says of each job what it does."""

    class Executor:
        def __init__(self):
            self.said = []

        def report_job_success(self, job):
            self.said.append(("success", job))

        def report_job_error(self, job, msg=None):
            self.said.append((msg, job))

        async def check_active_jobs(self, active_jobs):
            for job, state in zip(active_jobs, answer, strict=False):
                if state == "done":
                    self.report_job_success(job)
                elif state == "failed":
                    self.report_job_error(job, msg="TIMEOUT")
                elif state == "runs":
                    yield job

    return Executor


def check(made, jobs):
    async def active():
        return [job async for job in made.check_active_jobs(jobs)]

    return asyncio.run(active())


def same(found, jobs):
    return [id(job) for job in found] == [id(job) for job in jobs]


@pytest.mark.parametrize("times", [1, 2])
def test_jobs_that_were_not_heard_of_stay_active(times):
    kind = executor(["done", "failed", "runs", None])
    jobs = [Job() for _ in range(5)]
    assert same(check(kind(), jobs), jobs[2:3])
    for _ in range(times):
        keep_unheard_jobs(kind)
    made = kind()
    assert same(check(made, jobs), jobs[2:])
    assert [message for message, _ in made.said] == ["success", "TIMEOUT"]
    assert not {"report_job_success", "report_job_error"} & set(vars(made))


def test_no_answer_at_all_forgets_nobody():
    kind = executor([])
    keep_unheard_jobs(kind)
    jobs = [Job(), Job()]
    assert same(check(kind(), jobs), jobs)


def test_the_plugin_has_what_is_changed():
    plugin = pytest.importorskip("snakemake_executor_plugin_slurm")
    for name in ("check_active_jobs", "report_job_success", "report_job_error"):
        assert callable(getattr(plugin.Executor, name))
