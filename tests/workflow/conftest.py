"""A workspace that looks like the repository, and snakemake called as a user calls it."""

import fcntl
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PARTS = ("config", "envs", "resources", "scripts", "slurm", "tests", "workflow")


SECRET = "hunter2"
"""Password and key in the environment of every run, which must not be found anywhere else."""


def environment() -> dict[str, str]:
    """Give the environment of a user who has set nothing of ours, but has secrets."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("EPIBENCH_")}
    shared = Path(os.environ.get("EPIBENCH_SHARED", ROOT.parent / "shared"))
    secrets = {"HTTPS_PROXY": f"http://ann:{SECRET}@127.0.0.1:1", "WANDB_API_KEY": SECRET}
    return kept | secrets | {"EPIBENCH_SHARED": str(shared.resolve())}


@dataclass
class Workspace:
    """A folder with links to the repository's parts, and results of its own."""

    folder: Path

    def command(self, *arguments) -> list[str]:
        return [sys.executable, "-m", "snakemake", *map(str, arguments)]

    def snakemake(self, *arguments, cores=2) -> subprocess.CompletedProcess:
        """Call snakemake in the workspace; output and errors come together in `stdout`."""
        command = self.command(*arguments, "--cores", cores)
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def planned(self, *arguments) -> dict[str, int]:
        """Give the jobs of a dry run by rule, empty when nothing is to be done."""
        result = self.snakemake(*arguments, "-n", "--quiet", "rules")
        assert result.returncode == 0, result.stdout
        return {
            rule: int(count)
            for rule, count in re.findall(r"^(\w+) +(\d+)$", result.stdout, re.MULTILINE)
            if rule not in ("all", "total")
        }

    def config(self, base: str, name="study.yaml", **changes) -> str:
        """Write a shipped config with dotted keys changed (`a__b=1`), and give its name."""
        config = yaml.safe_load((ROOT / base).read_text())
        for path, value in changes.items():
            *parents, last = path.split("__")
            section = config
            for key in parents:
                section = section.setdefault(key, {})
            section[last] = value
        (self.folder / name).write_text(yaml.safe_dump(config, sort_keys=False))
        return name


def make_workspace(folder: Path) -> Workspace:
    for part in PARTS:
        (folder / part).symlink_to(ROOT / part)
    return Workspace(folder)


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return make_workspace(tmp_path)


@pytest.fixture(scope="session")
def finished(tmp_path_factory) -> Workspace:
    """The tiny study, run to its report. Tests only look at it and make dry runs in it.

    Processes of pytest-xdist share it: it takes a minute.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, output = shared / "finished", shared / "finished.txt"
    with open(shared / "finished.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not output.is_file():
            assert not folder.exists(), "the tiny study failed in another process"
            folder.mkdir()
            space = make_workspace(folder)
            result = space.snakemake("--configfile", space.config("tests/studies/tiny.yaml"))
            assert result.returncode == 0, result.stdout
            output.write_text(result.stdout)
    space = Workspace(folder)
    space.output = output.read_text()
    return space
