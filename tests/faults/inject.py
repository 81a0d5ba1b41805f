"""Faults that are done to a running study, each with the way to heal it."""

import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

Heal = Callable[[], None]

# Tables and lists of regions have no mark of their end: who cuts one deceives every reader.
TRUNCATED = (".bw", ".keras", ".npy", ".npz")
SHIM, READ_ERRORS, FAILED_READS = "read_errors.so", "read_errors.on", "read_errors.log"


def processes_of(folder: Path) -> list[int]:
    """Give the processes of jobs that run in a folder: their scripts lie in its .snakemake."""
    mark = str(folder / ".snakemake" / "scripts").encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue  # it has ended
    return sorted(found)


def outputs_of(folder: Path) -> list[Path]:
    """Give the files that jobs have finished."""
    kept = ("logs", "benchmarks", "checkpoints", "tensorboard")
    return sorted(
        path
        for path in folder.glob("results/**/*")
        if path.is_file() and not path.name.startswith(".") and path.parts[-2] not in kept
        if not set(kept) & set(path.relative_to(folder).parts)
    )


def kill_job(folder: Path, call: subprocess.Popen, rng: random.Random) -> Heal | None:
    """Kill one job with -9."""
    jobs = processes_of(folder)
    if not jobs:
        return None
    _kill(rng.choice(jobs))
    return _nothing


def kill_snakemake(folder: Path, call: subprocess.Popen, rng: random.Random) -> Heal | None:
    """Kill snakemake with -9; its jobs go on and write beside those of the next call."""
    _kill(call.pid)
    return _nothing


def kill_all(folder: Path, call: subprocess.Popen, rng: random.Random) -> Heal | None:
    """Kill snakemake and its jobs with -9, as a power failure would."""
    os.killpg(call.pid, signal.SIGKILL)
    return _nothing


def fill_disk(folder: Path, call: subprocess.Popen, rng: random.Random) -> Heal | None:
    """Leave no room on the study's disk, a small one of its own."""
    ballast = folder / "results" / ".ballast"
    with suppress(OSError), open(ballast, "wb") as handle:
        while True:
            handle.write(bytes(1 << 20))
            handle.flush()
    return lambda: ballast.unlink(missing_ok=True)


def mount_read_only(folder: Path, call: subprocess.Popen, rng: random.Random) -> Heal | None:
    """Let nobody write on the study's disk."""
    place = str(folder / "results")
    # A file that is open for writing stops it, as it would on a real disk: one more try or none.
    command = ["mount", "-o", "remount,ro", place]
    if subprocess.run(command, capture_output=True).returncode:
        return None
    return lambda: subprocess.run(["mount", "-o", "remount,rw", place], check=True)


def delete_output(folder: Path, call: subprocess.Popen, rng: random.Random) -> Heal | None:
    """Delete a finished file under the jobs that may read it."""
    outputs = outputs_of(folder)
    if not outputs:
        return None
    rng.choice(outputs).unlink(missing_ok=True)
    return _nothing


def truncate_file(folder: Path, call: subprocess.Popen, rng: random.Random) -> Heal | None:
    """Cut the end off an input, an array or a model; who is told so deletes it."""
    files = [path for path in outputs_of(folder) if path.suffix in TRUNCATED]
    if not files:
        return None
    path = rng.choice(files)
    with open(path, "r+b") as handle:
        handle.truncate(int(path.stat().st_size * rng.uniform(0, 0.99)))
    return lambda: path.unlink(missing_ok=True)


def fail_reads(folder: Path, call: subprocess.Popen, rng: random.Random) -> Heal | None:
    """Let some reads of results fail, as a dying disk does; needs `with_read_errors`."""
    trigger = folder / READ_ERRORS
    if not (folder / SHIM).is_file():
        return None
    trigger.touch()
    return lambda: trigger.unlink(missing_ok=True)


def with_read_errors(folder: Path) -> dict[str, str]:
    """Give the environment in which `fail_reads` works; nothing where there is no compiler."""
    shim = folder / SHIM
    if not shim.is_file():
        if not shutil.which("gcc"):
            return {}
        source = Path(__file__).with_name("read_errors.c")
        command = ["gcc", "-shared", "-fPIC", "-O1", "-o", shim, source, "-ldl"]
        subprocess.run(command, check=True)
    return {
        "LD_PRELOAD": str(shim),
        "EPIBENCH_READ_ERRORS": str(folder / READ_ERRORS),
        "EPIBENCH_READ_ERRORS_LOG": str(folder / FAILED_READS),
    }


def jump_clock(folder: Path, call: subprocess.Popen, rng: random.Random) -> Heal | None:
    """Date a finished file an hour back or ahead, as a server whose clock jumped would."""
    outputs = outputs_of(folder)
    if not outputs:
        return None
    moment = time.time() + rng.choice((-3600, 3600))
    path = rng.choice(outputs)
    os.utime(path, (moment, moment))
    return _nothing


FAULTS = (
    kill_job,
    kill_snakemake,
    kill_all,
    fill_disk,
    mount_read_only,
    delete_output,
    truncate_file,
    fail_reads,
    jump_clock,
)


def _kill(process: int) -> None:
    with suppress(ProcessLookupError):  # it ended by itself
        os.kill(process, signal.SIGKILL)


def _nothing() -> None:
    """There is nothing to heal."""
