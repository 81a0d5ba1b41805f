"""Faults at random, from a seed, for a bounded time: the tables are those of an undisturbed run.

`make test-faults`, as root (it mounts a small disk). EPIBENCH_FAULT_SEED (1),
EPIBENCH_FAULT_MINUTES (8) and EPIBENCH_FAULT_CONFIG (the tiny study of the tests) choose others.
"""

import os
import random
import re
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from ..workflow.conftest import ROOT, Workspace, environment, make_workspace
from .inject import FAILED_READS, FAULTS, processes_of, with_read_errors

SEED = int(os.environ.get("EPIBENCH_FAULT_SEED", 1))
MINUTES = float(os.environ.get("EPIBENCH_FAULT_MINUTES", 8))
CONFIG = os.environ.get("EPIBENCH_FAULT_CONFIG", "tests/studies/tiny.yaml")
DISK_MB = 400
TABLES = ("runs/**/*.tsv", "references/*/*.tsv", "experiments/*/*.tsv", "predictors/*.tsv")

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


def tables_of(space: Workspace) -> dict[Path, bytes]:
    """Read every table of scores by its name."""
    found = {}
    for results in (space.folder / "results").glob("*/"):
        for path in (path for pattern in TABLES for path in results.glob(pattern)):
            try:
                if not path.name.startswith("."):
                    found[path.relative_to(space.folder)] = path.read_bytes()
            except FileNotFoundError:
                continue  # made anew at this moment
    return found


class Watcher(threading.Thread):
    """Looks again and again whether a table under its final name is other than it must be."""

    def __init__(self, space: Workspace, expected: dict[Path, bytes]):
        super().__init__(daemon=True)
        self.space, self.expected = space, expected
        self.looks, self.wrong, self.done = 0, set(), threading.Event()

    def run(self) -> None:
        while not self.done.wait(0.5):
            self.looks += 1
            for name, content in tables_of(self.space).items():
                if content != self.expected.get(name):
                    self.wrong.add(str(name))


@pytest.fixture
def small_disk(tmp_path):
    """A workspace whose results lie on a disk of their own."""
    space = make_workspace(tmp_path)
    results = tmp_path / "results"
    results.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "x", results], check=True)
    yield space
    for process in processes_of(tmp_path):
        os.kill(process, 9)
    subprocess.run(["umount", "--lazy", results], check=True)


def start(space: Workspace, config: str) -> subprocess.Popen:
    with open(space.folder / "output.txt", "ab") as output:
        return subprocess.Popen(
            space.command("--cores", 2, "--configfile", config),
            cwd=space.folder,
            env=environment() | with_read_errors(space.folder),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def test_faults_at_random_change_no_table(small_disk, tmp_path_factory, capsys):
    undisturbed = make_workspace(tmp_path_factory.mktemp("undisturbed"))
    done = undisturbed.snakemake("--configfile", undisturbed.config(CONFIG))
    assert done.returncode == 0, done.stdout
    expected = tables_of(undisturbed)
    assert len(expected) > 20
    space = small_disk
    config = space.config(CONFIG)
    watcher = Watcher(space, expected)
    watcher.start()
    counts, refused = disturb(space, config, random.Random(SEED))
    unlock(space, config)
    # By name: who asks for a report that is there gets no table behind it that was deleted.
    last = space.snakemake(*expected, "report", "--configfile", config)
    watcher.done.set()
    watcher.join()
    failed = space.folder / FAILED_READS
    reads = len(failed.read_text().splitlines()) if failed.is_file() else 0
    with capsys.disabled():
        print(
            f"\nseed {SEED}: {sum(counts.values())} faults injected {dict(counts)}, {reads} reads "
            f"failed{'' if shutil.which('gcc') else ' (there is no gcc to make them fail)'}, "
            f"{sum(counts.values()) - refused} recovered without a word, {refused} refused with an "
            f"error; {watcher.looks} looks at the tables, {len(watcher.wrong)} wrong"
        )
    assert last.returncode == 0, last.stdout
    assert not watcher.wrong
    assert tables_of(space) == expected
    assert sum(counts.values()) >= 5
    assert not counts["fail_reads"] or reads


def disturb(space: Workspace, config: str, rng: random.Random) -> tuple[Counter, int]:
    """Run the study and do a fault to it, again and again; count faults, and calls that failed."""
    counts, refused = Counter(), 0
    coming: list[Callable] = []
    end = time.monotonic() + 60 * MINUTES
    while time.monotonic() < end:
        unlock(space, config)
        call = start(space, config)
        time.sleep(rng.uniform(3, 25))
        if call.poll() is not None:
            forget_some(space, rng)
            continue
        coming = coming or rng.sample(FAULTS, len(FAULTS))  # each has its turn
        fault = coming.pop()
        heal = fault(space.folder, call, rng)
        if heal:
            counts[fault.__name__] += 1
            time.sleep(rng.uniform(1, 8))
            refused += ended_with_an_error(space, call)
            heal()
        end_call(call, rng)
    return counts, refused


def forget_some(space: Workspace, rng: random.Random) -> None:
    """Delete a run's files and the report, so that a study that has finished has work to do."""
    for path in (space.folder / "results").glob("*/report/index.html"):
        path.unlink()
    runs = sorted((space.folder / "results").glob("*/runs/**/run.json"))
    if runs:
        for path in rng.choice(runs).parent.iterdir():
            if path.is_file():
                path.unlink()


def end_call(call: subprocess.Popen, rng: random.Random) -> None:
    """Let a call go on for a while, then ask it to end."""
    try:
        call.wait(rng.uniform(5, 60))
    except subprocess.TimeoutExpired:
        call.terminate()
        try:
            call.wait(60)
        except subprocess.TimeoutExpired:
            os.killpg(call.pid, 9)
            call.wait()


def ended_with_an_error(space: Workspace, call: subprocess.Popen) -> bool:
    """Tell whether a call has failed; what it says of our jobs is one line each, no traceback."""
    output = (space.folder / "output.txt").read_text()
    ours = re.findall(r"^epibench: .*", output, re.MULTILINE)
    assert all(len(line) < 1000 for line in ours)
    return bool(call.poll())


def unlock(space: Workspace, config: str) -> None:
    """Take away the lock that a killed call left."""
    result = space.snakemake("--unlock", "--configfile", config)
    assert result.returncode == 0, result.stdout


def test_the_workspace_is_that_of_the_repository():
    assert (ROOT / CONFIG).is_file()
