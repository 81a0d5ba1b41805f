"""Describe a study's folder as an RO-Crate: what it was made from, by what, and what it holds."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rocrate.model.contextentity import ContextEntity
from rocrate.rocrate import ROCrate

from epibench.files import whole

NAME = "ro-crate-metadata.json"


def write_crate(
    folder: str | Path,
    study: Mapping[str, Any],
    versions: Mapping[str, str],
    outputs: Mapping[str, str],
) -> None:
    """Write `ro-crate-metadata.json` (RO-Crate 1.1, a Process Run Crate) into a study's folder.

    It names no host, no user and no path outside of the repository.

    Parameters
    ----------
    folder : path
        The study's folder.
    study : mapping
        `study`, `title`, `date`, `config_files`, `inputs` (see
        `epibench.report.inputs.describe_inputs`).
    versions : mapping
        Version of each program.
    outputs : mapping of str to str
        What each output is, by its path in the folder.
    """
    crate = ROCrate()
    crate.name = study["title"]
    crate.description = f"Results of the Epibench study {study['study']}"
    if study["date"]:
        crate.root_dataset["datePublished"] = study["date"]
    programs = [_program(crate, name, version) for name, version in versions.items()]
    inputs = [_input(crate, place, file) for place, file in enumerate(study["inputs"].values(), 1)]
    configs = [_described(crate, path, "configuration") for path in study["config_files"]]
    made = [_output(crate, Path(folder), path, what) for path, what in outputs.items()]
    action = {
        "@type": "CreateAction",
        "name": f"Run of the study {study['study']}",
        "instrument": programs,
        "object": [*configs, *inputs],
        "result": made,
    }
    if study["date"]:
        action["endTime"] = study["date"]
    found = crate.add(ContextEntity(crate, "#run", properties=action))
    crate.root_dataset["mentions"] = [found]
    with TemporaryDirectory() as empty:
        crate.metadata.write(empty)
        with whole(Path(folder) / NAME) as path:
            path.write_bytes((Path(empty) / NAME).read_bytes())


def _program(crate: ROCrate, name: str, version: str) -> ContextEntity:
    kind = {"@type": "SoftwareApplication", "name": name, "version": version}
    return crate.add(ContextEntity(crate, f"#program-{name}", properties=kind))


def _input(crate: ROCrate, number: int, file: Mapping[str, Any]) -> Any:
    """Name an input by its address where it has one, else by what it is used as."""
    source = file["source"]
    properties = {"name": "; ".join(file["uses"])}
    if file["checksum"]:
        properties["identifier"] = file["checksum"]
    if source.startswith(("http://", "https://")):
        return crate.add_file(source, properties=properties, validate_url=False)
    properties |= {"@type": "CreativeWork", "description": Path(source).name}
    return crate.add(ContextEntity(crate, f"#input-{number}", properties=properties))


def _described(crate: ROCrate, path: str, what: str) -> ContextEntity:
    kind = {"@type": "CreativeWork", "name": Path(path).name, "description": what}
    return crate.add(ContextEntity(crate, f"#{what}-{Path(path).name}", properties=kind))


def _output(crate: ROCrate, folder: Path, path: str, what: str) -> Any:
    kinds: dict[str, Sequence[str] | str] = {
        ".html": "text/html",
        ".json": "application/json",
        ".tsv": "text/tab-separated-values",
        ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ".md": "text/markdown",
        ".bib": "text/x-bibtex",
    }
    properties = {"name": what, "encodingFormat": kinds.get(Path(path).suffix, "")}
    if (folder / path).is_file():
        properties["contentSize"] = str((folder / path).stat().st_size)
    return crate.add_file(dest_path=path, properties=properties, validate_url=False)
