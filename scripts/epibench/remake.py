"""Write from a run's record what makes the run again."""

import shlex
from pathlib import Path

import yaml

from epibench.config.load import expand_variables
from epibench.errors import InputError
from epibench.files import read_json, whole
from epibench.grid import Run
from epibench.software import software, told


def remake(folder: str | Path, out: str | Path) -> list[str]:
    """Write the config of a run, and the samples table where it has one, as they were.

    Files that these name, other than a genome's, are not in the record: a grammar or a builder of
    one's own, BED files, and the data themselves, which have their checksums in it. Nor are values
    of environment variables that the config names.

    Parameters
    ----------
    folder : path
        The run's folder, or a copy of it: its `run.json` is all that is read.
    out : path
        Folder for `config.yaml` and `samples.tsv`; made where missing.

    Returns
    -------
    list of str
        What to say: the commit, versions that differ from those here, and the command.

    Raises
    ------
    InputError
        When there is no record, or one of a version that did not keep the config; when `out` has
        such files already.
    """
    path, out = Path(folder) / "run.json", Path(out)
    record = read_json(path, ("settings",), "give the folder of a run")
    if not {"config", "samples", "software", "store"} <= set(record):
        raise InputError(
            f"{path}: is of a version that did not record the config; use the study's own"
        )
    for name in ("config.yaml", "samples.tsv"):
        if (out / name).exists():
            raise InputError(f"{out / name} is there already; give another folder")
    config = record["config"]
    run = Run(**{axis: record["settings"][axis] for axis in Run._fields})
    made = f"results/{expand_variables(config['study'])}/runs/{run.name}/metrics.tsv"
    if record["samples"]:
        config["samples"] = str(out / "samples.tsv")
        with whole(out / "samples.tsv") as temporary:
            temporary.write_text(record["samples"], encoding="utf-8")
    with whole(out / "config.yaml") as temporary:
        temporary.write_text(
            yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8"
        )
    command = ["snakemake", made, "--cores", str(record["settings"]["threads"])]
    command += ["--configfile", str(out / "config.yaml")]
    return [
        *_differences(record["software"]),
        f"data: fingerprint {record['store']} of the store; files in {path}, data_files",
        shlex.join(command),
    ]


def _differences(then: dict[str, str | None]) -> list[str]:
    """Say which versions are not those of the record; the commit is always said."""
    here = software()
    lines = [f"commit: {told(then['commit'])} (here {told(here['commit'])})"]
    return lines + [
        f"{name}: {then.get(name, 'none')} (here {here.get(name, 'none')})"
        for name in dict.fromkeys([*then, *here])
        if name != "commit" and then.get(name) != here.get(name)
    ]
