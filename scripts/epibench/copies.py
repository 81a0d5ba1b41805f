"""Where the files that the workflow calls `results/...` lie for a job.

With remote storage a job works on copies in another folder, such as
`.snakemake/storage/s3/bucket/results/`. What is given to jobs and written into results names files
as the workflow does all the same, so that a study which moves to another storage remakes nothing.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

RESULTS = "results/"
"""What the paths of all files that the workflow makes begin with."""


def own_copies(settings: Any, results: Path) -> Any:
    """Give settings with the job's own copies in place of the names of files.

    Parameters
    ----------
    settings : mapping, list or plain value
        Strings in it that begin with `RESULTS` name files.
    results : path
        The folder that `results/` is for the job.
    """
    if isinstance(settings, Mapping):
        return {key: own_copies(value, results) for key, value in settings.items()}
    if isinstance(settings, list):
        return [own_copies(value, results) for value in settings]
    if isinstance(settings, str) and settings.startswith(RESULTS):
        return str(results / settings.removeprefix(RESULTS))
    return settings


def name_of(path: str | Path, results: Path) -> str:
    """Give what the workflow calls a file of the job; its path, where it lies elsewhere."""
    path = Path(path)
    if not path.is_relative_to(results):
        return str(path)
    return RESULTS + path.relative_to(results).as_posix()
