"""Read typed files (config, grammar), or say in one sentence a mistake what is wrong with them."""

import difflib
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from epibench.errors import InputError

Kind = TypeVar("Kind", bound=BaseModel)


def section_in(kind: Any) -> type[BaseModel] | None:
    """Find the section in a type annotation: itself, or inside a list, mapping or union."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next((found for part in get_args(kind) if (found := section_in(part))), None)


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a key that stands twice in one mapping is an error, not a silent overwrite."""

    def compose_mapping_node(self, anchor: str | None) -> yaml.MappingNode:
        # here, and not where mappings are made: by then `<<` has put its keys beside the own ones
        node = super().compose_mapping_node(anchor)
        seen = set()
        for key_node, _ in node.value:
            key = (key_node.tag, str(key_node.value))
            if key in seen:
                raise InputError(
                    f"{node.start_mark.name}, line {key_node.start_mark.line + 1}: the key "
                    f"{key_node.value!r} stands twice in one section, so it would have two "
                    "meanings; remove one"
                )
            seen.add(key)
        return node


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
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not a text file in UTF-8; save it as one") from None
    loader = _StrictLoader(text)
    loader.name = str(path)
    try:
        return loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(f"{path}, line {line}: not valid YAML ({error.problem})") from None
    finally:
        loader.dispose()


def validated(kind: type[Kind], content: Any, where: str) -> Kind:
    """Check the content of a file against its type.

    Parameters
    ----------
    kind : subclass of pydantic.BaseModel
        The type of the whole file.
    content : object
        What the file holds.
    where : str
        Names the file in messages.

    Raises
    ------
    InputError
        One line a mistake: file, key, value, remedy.
    """
    if not isinstance(content, dict):
        raise InputError(f"{where}: holds no keys")
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        lines = [f"{where}: {_sentence(item, kind)}" for item in error.errors()]
        raise InputError("\n".join(lines)) from None


def _sentence(item: dict, root: type[BaseModel]) -> str:
    """Put one pydantic error into words."""
    key = _key(item["loc"])
    if item["type"] == "extra_forbidden":
        known = _known_keys(item["loc"][:-1], root)
        close = difflib.get_close_matches(str(item["loc"][-1]), known, n=1)
        remedy = f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(known)}"
        return f"{key} is not a known key; {remedy}"
    if item["type"] == "missing":
        return f"{key} is missing; add it"
    if item["type"] == "model_type":
        return f"{key} = {item['input']!r}: should be a section with keys, see config/README.md"
    message = item["msg"].removeprefix("Value error, ")
    if item["type"] == "value_error":
        return f"{key}: {message}" if key else message
    return f"{key} = {item['input']!r}: {message[0].lower()}{message[1:]}"


def _key(loc: tuple) -> str:
    parts = [
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc if part != "[key]"
    ]
    return "".join(parts).lstrip(".")


def _known_keys(loc: tuple, root: type[BaseModel]) -> list[str]:
    """Find the keys of the section at `loc`, following models through lists, mappings, unions."""
    kind: Any = root
    for part in loc:
        models = [kind] if isinstance(kind, type) and issubclass(kind, BaseModel) else []
        if models and part in kind.model_fields:
            kind = kind.model_fields[part].annotation
        kind = section_in(kind) or kind
    return list(kind.model_fields)
