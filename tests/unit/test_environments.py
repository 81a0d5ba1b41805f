"""The environments of cluster nodes have the versions of the lock file."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
PINS = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK, re.MULTILINE))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def name_of(requirement: str) -> str:
    return re.match(r"[A-Za-z0-9-]+", requirement)[0].lower()


@pytest.mark.parametrize(("kind", "backend"), [("cpu", "tensorflow-cpu"), ("gpu", "tensorflow")])
def test_conda_environments_pin_what_the_lock_file_pins(kind, backend):
    environment = yaml.safe_load((ROOT / "envs" / f"{kind}.yaml").read_text())
    conda = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    (pip,) = (entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    found = dict(line.split("==") for line in pip)
    found = {name.partition("[")[0]: pin for name, pin in found.items()}
    wanted = {name_of(requirement) for requirement in PROJECT["dependencies"]}
    expected = {name: PINS[name] for name in wanted}
    expected[backend] = expected.pop("tensorflow-cpu")
    assert found == expected
    assert any(entry.startswith("bedtools") for entry in conda)


def test_the_lock_file_has_hashes_and_no_addresses():
    assert "://" not in LOCK
    assert "--index-url" not in LOCK
    assert "--find-links" not in LOCK
    for block in re.split(r"^(?=[a-z0-9-]+==)", LOCK, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in block, block


def test_every_dependency_is_locked_and_explained():
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    for requirement in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]:
        assert name_of(requirement) in PINS
        (line,) = (line for line in lines if f'"{requirement}"' in line)
        assert "#" in line, f"say in one line what {requirement} is for"


@pytest.mark.parametrize("name", ["Dockerfile", "apptainer.def"])
def test_containers_install_the_lock_file_and_the_same_tensorflow(name):
    """Static, since nothing that builds containers is at hand."""
    recipe = (ROOT / "envs" / name).read_text()
    assert "--require-hashes --requirement /opt/epibench/requirements.lock" in recipe
    assert "bedtools" in recipe
    (command,) = re.findall(r"version=\$\((sed .*?) /opt/epibench/requirements.lock\)", recipe)
    found = subprocess.run(
        f"{command} requirements.lock", shell=True, cwd=ROOT, capture_output=True, text=True
    )
    assert found.stdout.split() == [PINS["tensorflow-cpu"]]
    minor = re.search(r"python:(3\.\d+)-", recipe)[1]
    environment = yaml.safe_load((ROOT / "envs" / "gpu.yaml").read_text())
    assert f"python ={minor}" in environment["dependencies"]
