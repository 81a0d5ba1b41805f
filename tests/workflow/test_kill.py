"""Kill snakemake at random points; started again it ends with the tables of an undisturbed run.

The first kill leaves its jobs running, so that they write beside those of the next start.
"""

import os
import random
import signal
import subprocess
import time

from .conftest import environment

TABLES = (
    "**/metrics.tsv",
    "**/strata.tsv",
    "**/variation.tsv",
    "**/ranks.tsv",
    "experiments/*/table.tsv",
)


def tables(space):
    """Read every table, without what differs between any two calls (times)."""
    results = space.folder / "results" / "tiny"
    found = [path for name in TABLES for path in results.glob(name)]
    losses = {
        path.relative_to(results): [line.split(",")[:3] for line in path.read_text().splitlines()]
        for path in results.glob("**/history.csv")
    }
    return {path.relative_to(results): path.read_text() for path in found} | losses


def test_a_killed_study_ends_with_the_same_tables(finished, workspace):
    config = workspace.config("tests/studies/tiny.yaml")
    rng = random.Random(11)
    for kill in (os.kill, os.killpg, os.killpg):
        process = subprocess.Popen(
            workspace.command("--cores", 2, "--configfile", config),
            cwd=workspace.folder,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(rng.uniform(4, 15))
        assert process.poll() is None, "it ended before it could be killed"
        kill(process.pid, signal.SIGKILL)
        process.wait()
        unlocked = workspace.snakemake("--unlock", "--configfile", config)
        assert unlocked.returncode == 0, unlocked.stdout
    result = workspace.snakemake("--configfile", config)
    assert result.returncode == 0, result.stdout
    expected = tables(finished)
    assert len(expected) >= 17
    assert tables(workspace) == expected
    leftovers = [path for path in workspace.folder.glob("results/**/.*") if path.is_file()]
    assert leftovers == []
