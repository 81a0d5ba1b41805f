"""A SLURM of this machine's own, one for all tests of a session: it takes a lock."""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "cluster" / "one_node_slurm.sh"


def call(verb: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        ["bash", str(SCRIPT), verb],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="session")
def slurm():
    """Start SLURM, and end it whatever happens; skip where it may not or cannot be started."""
    if not os.environ.get("EPIBENCH_CLUSTER_TESTS"):
        pytest.skip(
            "EPIBENCH_CLUSTER_TESTS=1 is not set: these tests start SLURM's daemons as root"
        )
    checked = call("check")
    if checked.returncode:
        pytest.skip(checked.stderr.strip())
    # A machine has one /etc/slurm: another call of these tests waits here. Killed, it lets go.
    folder = os.open("/etc/slurm", os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    try:
        started = call("up")
        assert started.returncode == 0, started.stderr
        yield
    finally:
        call("down")
        os.close(folder)
