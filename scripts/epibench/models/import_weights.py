"""Put the weights of a Keras 2 `.h5` file into a model of the registry.

The published models of the study are such files. Only arrays and the names of layers and weights
are read, with h5py: the description of the model in the file, which could name code, is not.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import count, takewhile
from math import prod
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np

from epibench.errors import InputError
from epibench.files import require_file
from epibench.models.registry import build

Shapes = tuple[tuple[str, tuple[int, ...]], ...]
"""Name and shape of each weight of a layer, sorted: what tells kinds of layers apart."""

REMEDY = "check builder, bin size, targets and options against the file"


@dataclass(frozen=True, eq=False)
class FileLayer:
    """One layer of the file: its name, and its weights by name, not read yet."""

    name: str
    weights: Mapping[str, h5py.Dataset]

    @property
    def shapes(self) -> Shapes:
        """Name and shape of each weight, without the second axis of two-dimensional kernels."""
        return _shapes(
            (name, _without_height(weight.shape)) for name, weight in self.weights.items()
        )

    def read(self, name: str) -> np.ndarray:
        """Read a weight, as float32, in the shape that `shapes` says."""
        values = self.weights[name][()].astype(np.float32)
        if not np.isfinite(values).all():
            raise InputError(f"weight {name!r} of the file's layer {self.name!r} is not finite")
        return values.reshape(_without_height(values.shape))


Match = list[tuple[keras.Layer, list[FileLayer]]]


def import_weights(
    path: str | Path,
    builder: str,
    *,
    input_length: int,
    bin_size: int,
    targets: int,
    options: Mapping[str, Any],
    log: Callable[[str], None] = print,
) -> keras.Model:
    """Build a model and give it the weights of a Keras 2 file.

    Layers belong together by names and shapes of their weights, and among equal ones by their
    order. A layer that holds the heads of all targets may be a layer a target in the file, in the
    order of the targets. Dilation, pooling and activations are not in the weights: they are those
    of the builder, whatever the file's model had.

    Parameters
    ----------
    path : path
        File of weights, or of a whole model, as Keras 2 writes it with the suffix `.h5`.
    builder, input_length, bin_size, targets, options
        As for `epibench.models.registry.build`.
    log : callable, default print
        Is given a table, a line a weight: where it comes from and its shape.

    Returns
    -------
    keras.Model
        With every weight from the file.

    Raises
    ------
    InputError
        For a file without Keras 2 weights, or layers of file and model that have no counterpart,
        with the shapes.
    """
    require_file(path, "give the .h5 file of Keras 2")
    shape = {"input_length": input_length, "bin_size": bin_size, "targets": targets}
    model = build(builder, **shape, options=options)
    try:
        with h5py.File(path, "r") as file:
            layers = [layer for layer in model.layers if layer.weights]
            for line in _assign(model, match_layers(layers, _file_layers(file), targets)):
                log(line)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as error:  # as h5py has it
        raise InputError(
            f"{path} cannot be read as an HDF5 file of weights ({error}); give a whole one"
        ) from error
    return model


def match_layers(layers: list[keras.Layer], found: list[FileLayer], targets: int) -> Match:
    """Find the layers of the file that make each layer of the model.

    Parameters
    ----------
    layers : list of keras.Layer
        Layers of the model that have weights, in their order from the input on.
    found : list of FileLayer
        Layers of the file that have weights, in their order.
    targets : int
        Number of layers that one layer may be in the file.

    Raises
    ------
    InputError
        Unless every layer of both has its place and no choice is left.
    """
    match: dict[keras.Layer, list[FileLayer]] = {}
    unused = list(found)
    for parts in dict.fromkeys((1, targets)):
        left = [layer for layer in layers if layer not in match]
        for wanted in dict.fromkeys(_part_shapes(layer, parts) for layer in left):
            alike = [layer for layer in left if _part_shapes(layer, parts) == wanted]
            candidates = [layer for layer in unused if layer.shapes == wanted]
            if len(candidates) != parts * len(alike):
                continue
            for i, layer in enumerate(alike):
                match[layer] = candidates[i * parts : (i + 1) * parts]
            unused = [layer for layer in unused if layer not in candidates]
    for layer in layers:
        if layer not in match:
            raise InputError(_no_counterpart(layer, layers, found, unused))
    if unused:
        raise InputError(
            f"the file's layer {unused[0].name!r} ({_text(unused[0].shapes)}) has no place in the "
            f"model; {REMEDY}"
        )
    return [(layer, match[layer]) for layer in layers]


def _file_layers(file: h5py.File) -> list[FileLayer]:
    """Give the layers that have weights, in the order of the file."""
    root = file.get("model_weights", file)
    layers = []
    for name in _names(root, "layer_names"):
        if name not in root:
            raise InputError(f"the file is damaged: it names the layer {name!r} and has none")
        weights = {}
        for weight in _names(root[name], "weight_names"):
            if not isinstance(root[name].get(weight), h5py.Dataset):
                raise InputError(f"the file is damaged: layer {name!r} has no weight {weight!r}")
            _refuse_elsewhere(file, root[name][weight])
            own = weight.rpartition("/")[2].partition(":")[0]
            if own in weights:
                raise InputError(
                    f"the file's layer {name!r} has two weights {own!r}, which no layer of these "
                    "models has"
                )
            weights[own] = root[name][weight]
        if weights:
            layers.append(FileLayer(name, weights))
    return layers


def _refuse_elsewhere(file: h5py.File, found: h5py.Dataset) -> None:
    """Refuse values that lie outside the file: HDF5 can link to any file that we may read."""
    if found.file != file or found.external or found.is_virtual:
        raise InputError(
            f"the values of {found.name} lie in another file; give a file that holds its weights"
        )


def _names(group: h5py.Group, key: str) -> list[str]:
    """Read a list of names; Keras splits long ones over the attributes `key0`, `key1`, ..."""
    numbered = takewhile(group.attrs.__contains__, (f"{key}{i}" for i in count()))
    parts = [key] if key in group.attrs else list(numbered)
    if not parts:
        raise InputError(f"no weights of Keras 2 in the file: {group.name} has no {key!r}")
    names = [name for part in parts for name in group.attrs[part]]
    return [name.decode() if isinstance(name, bytes) else str(name) for name in names]


def _assign(model: keras.Model, match: Match) -> list[str]:
    """Set every weight, and give the lines of the table."""
    lines = ["layer\tweight\tshape\tlayers of the file"]
    assigned = []
    for layer, sources in match:
        for variable in layer.weights:
            axis = _head_axis(layer, variable)
            values = np.concatenate([source.read(variable.name) for source in sources], axis)
            variable.assign(values)
            assigned.append(id(variable))
            names = ", ".join(source.name for source in sources)
            lines.append(f"{layer.name}\t{variable.name}\t{tuple(values.shape)}\t{names}")
    if sorted(assigned) != sorted(map(id, model.weights)):
        raise RuntimeError("a weight of the model was not set exactly once")
    total = sum(prod(variable.shape) for variable in model.weights)
    return [*lines, f"{len(assigned)} weights, {total} values, each set once"]


def _part_shapes(layer: keras.Layer, parts: int) -> Shapes | None:
    """Give the shapes of a layer's weights if it is `parts` layers in the file, None if never."""
    shapes = []
    for variable in layer.weights:
        shape, axis = list(variable.shape), _head_axis(layer, variable)
        if shape[axis] % parts:
            return None
        shape[axis] //= parts
        shapes.append((variable.name, tuple(shape)))
    return _shapes(shapes)


def _head_axis(layer: keras.Layer, variable: keras.Variable) -> int:
    """Give the axis of a weight on which the layer's outputs lie."""
    transposed = isinstance(layer, keras.layers.Conv1DTranspose)
    return 1 if transposed and len(variable.shape) == 3 else len(variable.shape) - 1


def _without_height(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Drop the second axis of a kernel (width, 1, ...), with which the study wrote some heads."""
    return (shape[0], *shape[2:]) if len(shape) == 4 and shape[1] == 1 else tuple(shape)


def _shapes(shapes: Iterable[tuple[str, tuple[int, ...]]]) -> Shapes:
    return tuple(sorted(shapes))


def _text(shapes: Shapes) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in shapes)


def _no_counterpart(
    layer: keras.Layer, layers: list[keras.Layer], found: list[FileLayer], unused: list[FileLayer]
) -> str:
    """Say what a layer of the model needs and what the file has instead."""
    wanted = _part_shapes(layer, 1)
    needed = sum(_part_shapes(other, 1) == wanted for other in layers)
    there = sum(other.shapes == wanted for other in found)
    if there:
        return (
            f"the model has {needed} layers like {layer.name!r} ({_text(wanted)}) and the file "
            f"{there}; {REMEDY}"
        )
    kind = [(name, len(shape)) for name, shape in wanted]
    alike = [other for other in unused if [(n, len(s)) for n, s in other.shapes] == kind]
    instead = f"; unused is {alike[0].name!r} with {_text(alike[0].shapes)}" if alike else ""
    return (
        f"the model's layer {layer.name!r} needs {_text(wanted)}, which no layer of the file has"
        f"{instead}; {REMEDY}"
    )
