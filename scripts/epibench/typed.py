"""Read typed files (config, grammar), or say in one sentence a mistake what is wrong with them."""

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from epibench.errors import InputError
from epibench.files import read_text

MOST_VALUES = 100_000
"""Values of a file, those that an alias repeats counted each time: a few lines of aliases of
aliases can stand for more than any memory holds."""

MOST_LEVELS = 40
"""Depth of sections and lists in each other."""

_ODD = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")

_SHOWN = 80
"""Characters of a wrong value that a message shows."""

Kind = TypeVar("Kind", bound=BaseModel)


def section_in(kind: Any) -> type[BaseModel] | None:
    """Find the section in a type annotation: itself, or inside a list, mapping or union."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next((found for part in get_args(kind) if (found := section_in(part))), None)


class _StrictLoader(yaml.SafeLoader):
    """YAML that runs nothing, in which a key that stands twice in one mapping is an error.

    It is bounded in depth and in the number of values, see `MOST_VALUES`.
    """

    def __init__(self, text: str):
        super().__init__(text)
        self._level = 0
        self._sizes: dict[yaml.Node, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node:
        event = self.peek_event()
        line = event.start_mark.line + 1
        if self._level == MOST_LEVELS:
            raise InputError(
                f"{self.name}, line {line}: sections stand in each other {MOST_LEVELS} deep; "
                "flatten them"
            )
        self._level += 1
        node = super().compose_node(parent, index)
        self._level -= 1
        if not isinstance(event, yaml.AliasEvent):
            self._sizes[node] = 1 + sum(self._size(part, line) for part in _parts(node))
        self._size(node, line)
        return node

    def _size(self, node: yaml.Node, line: int) -> int:
        """Give the number of values of a node; one that is not complete yet holds itself."""
        size = self._sizes.get(node, MOST_VALUES + 1)
        if size > MOST_VALUES:
            raise InputError(
                f"{self.name}, line {line}: aliases and lists stand for more than {MOST_VALUES:,} "
                "values; write fewer"
            )
        return size

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, OverflowError) as error:
            # a date like 2020-99-99, or a tag such as !!int before a word
            raise InputError(
                f"{self.name}, line {node.start_mark.line + 1}: "
                f"{shown(node.value)} cannot be read ({error}); correct it or put it into quotes"
            ) from None

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


def _parts(node: yaml.Node) -> list[yaml.Node]:
    """Give the nodes inside a node."""
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []


def read_yaml(path: str | Path) -> Any:
    """Read a YAML file, refusing duplicate keys, code, and what would fill the memory.

    Raises
    ------
    InputError
        When the file is missing, is not YAML, or has a key twice; names file and line.
    """
    return parse_yaml(read_text(path, "check the path"), str(path))


def parse_yaml(text: str, name: str) -> Any:
    """Read YAML as `read_yaml` does; `name` stands for the file in messages."""
    try:
        loader = _StrictLoader(text)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise InputError(f"{name}, line {line}: not valid YAML ({error.reason})") from None
    loader.name = name
    try:
        return loader.get_single_data()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = " ".join(str(error.problem).split())
        raise InputError(f"{name}, line {line}: not valid YAML ({problem})") from None
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
    _refuse_odd(content, where)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        lines = [f"{where}: {_sentence(item, kind)}" for item in error.errors()]
        raise InputError("\n".join(lines)) from None


def shown(value: Any) -> str:
    """Write a wrong value as a message shows it: no more than its beginning."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _refuse_odd(content: Any, where: str, key: str = "") -> None:
    """Refuse values that no key can mean, wherever they stand.

    Control characters and line breaks would break logs, tables and paths, marks that turn the
    direction of text make it read as another, half a surrogate pair breaks every file that it is
    written to, and integers of more than 64 bits all that computes with them.
    """
    if isinstance(content, Mapping):
        for name, value in content.items():
            if isinstance(name, str) and _ODD.search(name):
                raise InputError(f"{where}: the key {shown(name)} cannot be printed; correct it")
            _refuse_odd(value, where, f"{key}.{name}".lstrip("."))
    elif isinstance(content, list):
        for value in content:
            _refuse_odd(value, where, key)
    elif isinstance(content, int) and content.bit_length() > 63:
        raise InputError(f"{where}: {key}: a whole number has more than 64 bits; correct it")
    elif isinstance(content, bytes) or (isinstance(content, str) and _ODD.search(content)):
        raise InputError(
            f"{where}: {key} = {shown(content)} holds a line break or what cannot be printed; "
            "write it in one line, without (in YAML >- and not > or |)"
        )


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
        return (
            f"{key} = {shown(item['input'])}: should be a section with keys, see config/README.md"
        )
    message = item["msg"].removeprefix("Value error, ")
    if item["type"] == "value_error":
        return f"{key}: {message}" if key else message
    return f"{key} = {shown(item['input'])}: {message[0].lower()}{message[1:]}"


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
