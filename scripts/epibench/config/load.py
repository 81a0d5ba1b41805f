"""Read a study from its config file."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from epibench.config.schema import Genome, Study
from epibench.errors import InputError
from epibench.typed import read_yaml, validated

_SECRET = re.compile("(?:^|_)KEY(?:_|$)|TOKEN|SECRET|PASSW|CREDENTIAL|PROXY", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


def load_study(config: Mapping[str, Any], files: list[str | Path]) -> Study:
    """Check a configuration and give it as a typed study.

    Parameters
    ----------
    config : mapping
        The merged configuration, as Snakemake has it (files plus `--config` values).
    files : list of path
        The files that it came from: named in messages, and read again to find keys that stand
        twice, which a merged mapping no longer shows.

    Raises
    ------
    InputError
        One line a mistake: file, key, value, remedy.
    """
    for file in files:
        _refuse_templates(file, read_yaml(file))
    where = ", ".join(map(str, files)) or "--config"
    if not isinstance(config, Mapping):
        raise InputError(f"{where}: holds no keys")
    try:
        expanded = expand_variables(config)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    if isinstance(path := expanded.get("genome"), str):
        try:
            expanded["genome"] = validated(Genome, expand_variables(read_yaml(path)), path)
        except InputError as error:
            raise InputError(
                f"{where}: genome: {error}; `genome` is a section with the key fasta, or the path "
                "of a YAML file like resources/hg38.yaml"
            ) from None
    return validated(Study, expanded, where)


def _refuse_templates(file: str | Path, content: Any) -> None:
    """Refuse Snakemake's templates, which run what the file holds."""
    if isinstance(content, Mapping) and "__use_yte__" in content:
        raise InputError(
            f"{file}: __use_yte__ makes Snakemake run Python that the config holds; remove the "
            "key, and write the values out"
        )


def expand_variables(value: Any) -> Any:
    """Replace `${NAME}` and `${NAME:-default}` in every string by the environment's values."""
    if isinstance(value, Mapping):
        return {key: expand_variables(item) for key, item in value.items()}
    if isinstance(value, list):
        return [expand_variables(item) for item in value]
    if not isinstance(value, str):
        return value
    return _VARIABLE.sub(_variable, value)


def _variable(match: re.Match) -> str:
    name, default = match.groups()
    if _SECRET.search(name):
        raise InputError(
            f"the environment variable {name} seems to hold a secret, which would stand in logs "
            "and reports; leave it out"
        )
    value = os.environ.get(name) or default
    if value is None:
        raise InputError(
            f"the environment variable {name} is not set; set it, or write ${{{name}:-value}}"
        )
    return value
