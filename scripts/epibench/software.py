"""Say with what code and libraries something was made."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from epibench import __version__

PACKAGES = ("snakemake", "keras", "tensorflow-cpu", "tensorflow", "jax", "numpy", "pandas")


def software() -> dict[str, str | None]:
    """Give the versions that results depend on; `commit` is None where the code is no checkout."""
    found = {"epibench": __version__, "commit": commit(), "python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def commit() -> str | None:
    """Give the git commit of the code, or None where it is not a checkout.

    It ends in `-dirty` where a file of the checkout has been changed since; `told` says so.
    """
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    command += ["--abbrev=12", "--exclude=*"]  # the commit alone, whatever tags there are
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()


def told(commit: str | None) -> str:
    """Say a commit to a reader, who could not check one out whose name ends in `-dirty`."""
    if commit is None:
        return "unknown"
    clean = commit.removesuffix("-dirty")
    return clean if clean == commit else f"{clean} with changes that are not in it"
