"""Somebody's own model, `package.module:function` in config.

At parse time its file is found and read, never run: it imports Keras, which takes seconds. The
function's parameters with a literal default are its options. A job that trains or loads the model
imports the module.
"""

from __future__ import annotations

import ast
import hashlib
import importlib
import json
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from epibench.errors import InputError
from epibench.models.builder import Builder, Option, any_bin_size
from epibench.words import HEADS, LONGEST_NAME

if TYPE_CHECKING:
    import keras

REQUIRED = ("input_length", "bin_size", "targets")
"""Parameters that the function of every model takes."""


def is_own(name: str) -> bool:
    """Say whether a builder's name is an import path rather than a name of the registry."""
    return ":" in name


def own_builder(name: str) -> Builder:
    """Describe the model that a function in somebody's own module builds.

    The module is searched in the working directory, then in `sys.path`, and not run. A literal
    `HEAD = "peaks"` at its top level says what the model predicts (default: coverage).

    Parameters
    ----------
    name : str
        "package.module:function". The function takes `input_length`, `bin_size` and `targets`;
        every other parameter is an option, with a bool, int, float or str as its default. An option
        `output` with the default "by_loss" is given "softplus" or "linear", as the loss asks.

    Returns
    -------
    Builder
        Its `checksum` is the SHA-256 of the module's file alone, not of what that imports.

    Raises
    ------
    InputError
        For a file or function that is not there, or that cannot be read as above.
    """
    module, _, function = name.partition(":")
    path = find_module(f"model builder {name!r}", module, function)
    content = path.read_bytes()
    options, description, head = _read(name, function, path, content)
    return Builder(
        function=name,
        description=description,
        options=options,
        bin_size_rule=any_bin_size,
        head=head,
        checksum=hashlib.sha256(content).hexdigest(),
    )


def import_own(name: str) -> None:
    """Import the module of a model, so that the layers it registers are known.

    The working directory stays the first entry of `sys.path`, for what the module imports later.
    Errors of the module itself come with their own traceback.

    Raises
    ------
    InputError
        If another module of the same name was imported before.
    """
    module, _, function = name.partition(":")
    path = find_module(f"model builder {name!r}", module, function)
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    found = importlib.import_module(module)
    if Path(found.__file__ or "").resolve() != path.resolve():
        raise InputError(
            f"model builder {name!r} is in {path}, but Python imports {module} from "
            f"{found.__file__}; rename your module"
        )


def check_model(model: Any, name: str, *, input_length: int, bins: int, targets: int) -> None:
    """Check that what somebody's function gave can be trained, saved and loaded.

    Parameters
    ----------
    model : object
        What the function returned.
    name : str
        The builder's name; its head says which output is right.
    input_length, bins, targets : int
        What the function was asked for: bp of the input, bins of the output, targets.

    Raises
    ------
    InputError
        Names the first fault.
    """
    for fault in _faults(model, own_builder(name).head, input_length, bins, targets):
        raise InputError(f"model builder {name!r}: {fault}")


def find_module(where: str, module: str, function: str) -> Path:
    """Find the module's file without importing a package on the way; `where` begins messages."""
    parts = module.split(".")
    if not all(part.isidentifier() and len(part) <= LONGEST_NAME for part in (*parts, function)):
        raise InputError(f"{where} must look like my_package.my_module:build")
    folders = [Path.cwd(), *(Path(entry) for entry in sys.path if entry)]
    for folder in folders:
        place = folder.joinpath(*parts)
        for path in (place / "__init__.py", place.with_suffix(".py")):
            if path.is_file():
                return path
    raise InputError(
        f"{where}: there is no {Path(*parts)}.py in {folders[0]} or on Python's "
        "path; correct the name or start from the folder that holds it"
    )


@lru_cache
def _read(
    name: str, function: str, path: Path, content: bytes
) -> tuple[dict[str, Option], str, str]:
    """Read options, description and head from a module's source."""
    try:
        body = ast.parse(content).body
    except SyntaxError as error:
        raise InputError(
            f"model builder {name!r}: {path}:{error.lineno}: {error.msg}; correct the file"
        ) from None
    found = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == function]
    if not found:
        raise InputError(
            f"model builder {name!r}: {path} has no function {function!r}; define it with `def` at "
            "the top level"
        )
    parameters = dict(_parameters(found[-1].args))
    missing = [parameter for parameter in REQUIRED if parameter not in parameters]
    if missing:
        raise InputError(
            f"model builder {name!r}: {path}:{found[-1].lineno}: the function takes no "
            f"{', '.join(missing)}; it must take {', '.join(REQUIRED)}"
        )
    options = {
        parameter: _option(name, path, found[-1].lineno, parameter, default)
        for parameter, default in parameters.items()
        if parameter not in REQUIRED
    }
    description = (ast.get_docstring(found[-1]) or f"model of {path.name}").splitlines()[0]
    return options, description, _head(name, path, body)


def _parameters(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr | None]]:
    """Give each parameter that can be passed by name, with its default's expression."""
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + arguments.defaults
    for parameter, default in zip(positional, defaults, strict=True):
        if parameter in arguments.args:
            yield parameter.arg, default
    for parameter, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield parameter.arg, default


def _option(name: str, path: Path, line: int, parameter: str, default: ast.expr | None) -> Option:
    try:
        value = None if default is None else ast.literal_eval(default)
    except (ValueError, TypeError):
        value = None
    if type(value) not in (bool, int, float, str):
        raise InputError(
            f"model builder {name!r}: {path}:{line}: the parameter {parameter!r} needs a default "
            "that is written out as true or false, a number or a text, since it is an option of "
            "the config"
        )
    return Option(value, f"parameter of {path.name}")


def _head(name: str, path: Path, body: list[ast.stmt]) -> str:
    """Give the value of the last `HEAD = "..."` at the top level, or the default."""
    head = "coverage"
    for node in body:
        names = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if not any(isinstance(target, ast.Name) and target.id == "HEAD" for target in names):
            continue
        head = node.value.value if isinstance(node.value, ast.Constant) else None
        if head not in HEADS:
            raise InputError(
                f"model builder {name!r}: {path}:{node.lineno}: HEAD must be one of "
                f'{", ".join(HEADS)}, written out, as in HEAD = "coverage"'
            )
    return head


def _faults(model: Any, head: str, input_length: int, bins: int, targets: int) -> Iterator[str]:
    """Give a sentence for each fault; later ones count only where no earlier one is."""
    import keras

    if not isinstance(model, keras.Model):
        yield f"the function returned {type(model).__name__}, not a keras.Model"
    if not (hasattr(model, "inputs") and len(model.inputs or []) == len(model.outputs or []) == 1):
        yield "the model must be keras.Model(inputs, outputs) with one input and one output"
    if model.inputs[0].shape != (None, input_length, 4):
        yield f"the input has the shape {model.inputs[0].shape}, not (None, {input_length}, 4)"
    profile, single = (None, bins, targets), (None, targets)
    yield from _tensor_faults("output", model.outputs[0], single if head == "peaks" else profile)
    shapes = {"logits": single if head == "peaks" else profile, "log_counts": (None, 1, targets)}
    names = [layer.name for layer in model.layers]
    for layer in HEADS[head]:
        if layer not in names:
            yield (
                f"there is no layer named {layer!r}, which training reads where HEAD is "
                f'"{head}" (layers: {", ".join(names)})'
            )
        yield from _tensor_faults(f"layer {layer!r}", model.get_layer(layer).output, shapes[layer])
    yield from _saving_faults(model)


def _tensor_faults(what: str, tensor: keras.KerasTensor, shape: tuple) -> Iterator[str]:
    if tensor.shape != shape:
        yield f"the {what} has the shape {tensor.shape}, not {shape}"
    if tensor.dtype != "float32":
        yield f'the {what} is {tensor.dtype}, not float32; give its layer dtype="float32"'


def _saving_faults(model: keras.Model) -> Iterator[str]:
    """Try what saving and loading do with the layers: better now than after the training."""
    import keras

    try:
        config = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
        keras.saving.deserialize_keras_object(config, safe_mode=True)
    except (TypeError, ValueError, NotImplementedError) as error:
        reason = str(error).strip().splitlines()[0]
        yield (
            f"the model could be saved but not loaded ({reason}); use no Lambda layer, and put "
            "@keras.saving.register_keras_serializable() above each layer class of your own, with "
            "a `get_config`"
        )
