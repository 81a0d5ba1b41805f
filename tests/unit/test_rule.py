"""A rule script's output goes to its log; errors say one line on the console."""

import os
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import os
from epibench.errors import InputError
from epibench.rule import job
with job("deep/rule.log"):
    print("printed")
    os.system("echo from a child")
    {last}
"""


def run(folder, last, **variables):
    given = ("SLURM_JOB_ID", "SLURM_STEP_GPUS", "CUDA_VISIBLE_DEVICES")
    kept = {name: value for name, value in os.environ.items() if name not in given}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(last=last)],
        cwd=folder,
        env=kept | variables,
        capture_output=True,
        text=True,
    )


def test_output_goes_to_the_log_and_not_to_the_console(tmp_path):
    result = run(tmp_path, "pass")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    log = (tmp_path / "deep/rule.log").read_text()
    assert log == f"job: host={platform.node()}\nprinted\nfrom a child\n"


def test_a_log_begins_with_the_job_of_slurm_and_its_gpus(tmp_path):
    run(tmp_path, "pass", SLURM_JOB_ID="8", SLURM_STEP_GPUS="3", CUDA_VISIBLE_DEVICES="0")
    log = (tmp_path / "deep/rule.log").read_text()
    place = f"host={platform.node()} SLURM_JOB_ID=8 SLURM_STEP_GPUS=3 CUDA_VISIBLE_DEVICES=0"
    assert log.startswith(f"job: {place}\n")


def test_linear_algebra_has_one_thread_whatever_snakemake_gives(tmp_path):
    look = (
        "import numpy; from threadpoolctl import threadpool_info; "
        "print({pool['num_threads'] for pool in threadpool_info()})"
    )
    given = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    run(tmp_path, look, **dict.fromkeys(given, "2"))
    assert "{1}" in (tmp_path / "deep/rule.log").read_text().splitlines()


@pytest.mark.parametrize(
    ("last", "console"),
    [
        ("raise InputError('a.bw: bad; fix it')", "epibench: a.bw: bad; fix it\n"),
        ("1 / 0", "epibench: ZeroDivisionError: division by zero (traceback in deep/rule.log)\n"),
    ],
)
def test_errors_end_with_1_and_one_line_on_the_console(tmp_path, last, console):
    result = run(tmp_path, last)
    assert (result.returncode, result.stderr) == (1, console)
    log = (tmp_path / "deep/rule.log").read_text()
    assert ("Traceback" in log) == (last == "1 / 0")
