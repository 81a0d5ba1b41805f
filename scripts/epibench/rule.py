"""How a rule script runs: its output goes to its log, bad input ends in one sentence."""

import os
import platform
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from epibench.errors import InputError

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_NAMED = ("SLURM_JOB_ID", "SLURM_STEP_GPUS", "CUDA_VISIBLE_DEVICES")


@contextmanager
def job(log: str | Path) -> Iterator[None]:
    """Send everything that the block prints to `log`; on an error say one line on the console.

    Redirects the file descriptors, so what TensorFlow and child processes print is caught as well.
    The log begins with where the job runs: the host and, on a cluster, the SLURM job and its GPUs.
    Bad input leaves its sentence in both places; a defect leaves its traceback in the log, and on
    the console what it was and where the log is.

    NumPy, which must not be imported before, gets one thread for linear algebra: Snakemake gives it
    as many as `--cores` leaves to the job, and the last bits of a solution depend on their number.
    What is worth more threads takes them by itself.

    Parameters
    ----------
    log : path
        The rule's log file; its folder is made.

    Raises
    ------
    SystemExit
        With status 1, for any error in the block.
    """
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.reconfigure(line_buffering=True)  # so that a log can be followed
    sys.stderr.flush()
    console = os.dup(2)
    with open(log, "w", buffering=1, encoding="utf-8") as handle:
        os.dup2(handle.fileno(), 1)
        os.dup2(handle.fileno(), 2)
        try:
            print(f"job: {_place()}")
            yield
        except InputError as error:
            if error.__cause__:  # what a library said, should the sentence be wrong
                handle.write(traceback.format_exc())
            line = f"epibench: {error}\n"
            handle.write(line)
            os.write(console, line.encode())
            sys.exit(1)
        except Exception as error:
            handle.write(traceback.format_exc())
            line = f"epibench: {type(error).__name__}: {error} (traceback in {log})\n"
            os.write(console, line.encode())
            sys.exit(1)


def _place() -> str:
    """Name the host, and of SLURM's job what is set."""
    found = [f"{name}={os.environ[name]}" for name in _NAMED if name in os.environ]
    return " ".join([f"host={platform.node()}", *found])
