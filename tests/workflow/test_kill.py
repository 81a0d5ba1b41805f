"""Kill snakemake at random points; started again it ends with the tables of an undisturbed run."""

import os
import random
import signal
import subprocess
import time

from .conftest import environment

KILLS = 3


def tables(space):
    """Read every table, without what differs between any two calls (times)."""
    results = space.folder / "results" / "tiny"
    found = [*results.glob("**/metrics.tsv"), *results.glob("experiments/*/table.tsv")]
    losses = {
        path.relative_to(results): [line.split(",")[:3] for line in path.read_text().splitlines()]
        for path in results.glob("**/history.csv")
    }
    return {path.relative_to(results): path.read_text() for path in found} | losses


def test_a_killed_study_ends_with_the_same_tables(finished, workspace):
    config = workspace.config("tests/studies/tiny.yaml")
    rng = random.Random(11)
    for _ in range(KILLS):
        process = subprocess.Popen(
            workspace.command("--cores", 2, "--configfile", config, "--nolock"),
            cwd=workspace.folder,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        time.sleep(rng.uniform(3, 15))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert (
        subprocess.run(
            workspace.command("--unlock", "--configfile", config),
            cwd=workspace.folder,
            env=environment(),
            capture_output=True,
        ).returncode
        == 0
    )
    result = workspace.snakemake("--configfile", config)
    assert result.returncode == 0, result.stdout
    expected = tables(finished)
    assert len(expected) >= 9
    assert tables(workspace) == expected
