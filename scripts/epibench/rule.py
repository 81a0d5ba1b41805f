"""How a rule script runs: its output goes to its log, bad input ends in one sentence."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from epibench.errors import InputError


@contextmanager
def job(log: str | Path) -> Iterator[None]:
    """Send everything that the block prints to `log`, and end with 1 on bad input.

    Redirects the file descriptors, so what TensorFlow and child processes print is caught as well.
    Snakemake shows the log of a job that failed; bad input leaves one sentence there, a defect its
    traceback.
    """
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    with open(log, "w", buffering=1, encoding="utf-8") as handle:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(handle.fileno(), 1)
        os.dup2(handle.fileno(), 2)
        try:
            yield
        except InputError as error:
            print(f"epibench: {error}", file=sys.stderr)
            sys.exit(1)
