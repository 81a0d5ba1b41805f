"""Secrets of the environment: not in results, logs, report or provenance."""

import zipfile

from .conftest import SECRET


def contents(path):
    """Give what a file holds, unpacked."""
    if not zipfile.is_zipfile(path):
        return [path.read_bytes()]
    with zipfile.ZipFile(path) as archive:
        return [archive.read(name) for name in archive.namelist()]


def holds_the_secret(path):
    try:
        return any(SECRET.encode() in part for part in contents(path))
    except FileNotFoundError:
        return False  # of a dry run beside this one, which has ended


def test_no_secret_is_written_anywhere(finished):
    assert SECRET not in finished.output
    folders = [finished.folder / "results", finished.folder / ".snakemake"]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    names = {path.name for path in files}
    assert names >= {"run.json", "results.json", "ro-crate-metadata.json", "index.html"}
    assert sum(path.suffix == ".log" for path in files) > 10
    assert not [path for path in files if holds_the_secret(path)]
