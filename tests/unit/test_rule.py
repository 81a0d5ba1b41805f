"""A rule script's output goes to its log; errors say one line on the console."""

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


def run(folder, last):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(last=last)],
        cwd=folder,
        capture_output=True,
        text=True,
    )


def test_output_goes_to_the_log_and_not_to_the_console(tmp_path):
    result = run(tmp_path, "pass")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert (tmp_path / "deep/rule.log").read_text() == "printed\nfrom a child\n"


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
