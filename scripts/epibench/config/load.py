"""Read a study from its config file, or say in one sentence a mistake what is wrong with it."""

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from epibench.config.schema import Study, section_in
from epibench.errors import InputError

_VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a key that stands twice in one mapping is an error, not a silent overwrite."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        seen = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise InputError(
                    f"{node.start_mark.name}, line {key_node.start_mark.line + 1}: the key {key!r} "
                    "stands twice in one section, so it would have two meanings; remove one"
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def read_yaml(path: str | Path) -> Any:
    """Read a YAML file, refusing duplicate keys.

    Raises
    ------
    InputError
        When the file is missing, is not YAML, or has a key twice; names file and line.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check the path") from None
    loader = _StrictLoader(text)
    loader.name = str(path)
    try:
        return loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(f"{path}, line {line}: not valid YAML ({error.problem})") from None
    finally:
        loader.dispose()


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
        read_yaml(file)
    where = ", ".join(map(str, files)) or "--config"
    try:
        return Study.model_validate(expand_variables(dict(config)))
    except ValidationError as error:
        lines = [f"{where}: {_sentence(item)}" for item in error.errors()]
        raise InputError("\n".join(lines)) from None


def read_study(path: str | Path) -> Study:
    """Load a study from one config file (for the command line and tests)."""
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise InputError(f"{path}: holds no keys; start from config/config.yaml")
    return load_study(content, [path])


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
    value = os.environ.get(name) or default
    if value is None:
        raise InputError(
            f"the environment variable {name} is not set; set it, or write ${{{name}:-value}}"
        )
    return value


def _sentence(item: dict) -> str:
    """Put one pydantic error into words."""
    key = _key(item["loc"])
    if item["type"] == "extra_forbidden":
        known = _known_keys(item["loc"][:-1])
        close = difflib.get_close_matches(str(item["loc"][-1]), known, n=1)
        remedy = f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(known)}"
        return f"{key} is not a key of the configuration; {remedy}"
    if item["type"] == "missing":
        return f"{key} is missing; add it (config/README.md describes every key)"
    message = item["msg"].removeprefix("Value error, ")
    if item["type"] == "value_error":
        return f"{key}: {message}" if key else message
    return f"{key} = {item['input']!r}: {message[0].lower()}{message[1:]}"


def _key(loc: tuple) -> str:
    parts = [
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc if part != "[key]"
    ]
    return "".join(parts).lstrip(".")


def _known_keys(loc: tuple) -> list[str]:
    """Find the keys of the section at `loc`, following models through lists, mappings, unions."""
    kind: Any = Study
    for part in loc:
        models = [kind] if isinstance(kind, type) and issubclass(kind, BaseModel) else []
        if models and part in kind.model_fields:
            kind = kind.model_fields[part].annotation
        kind = section_in(kind) or kind
    return list(kind.model_fields)
