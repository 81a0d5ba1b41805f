"""Models by name, with their options (light: read at parse time, imports no Keras)."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from epibench.errors import InputError
from epibench.models.builder import BY_LOSS, Builder, Options
from epibench.models.catalogue_beyond import BEYOND
from epibench.models.catalogue_binary import BINARY
from epibench.models.catalogue_paper import PAPER
from epibench.models.own import check_model, import_own, is_own, own_builder

if TYPE_CHECKING:
    import keras

BUILDERS = PAPER | BINARY | BEYOND
"""Every model that config can name without an import path."""


def builder(name: str) -> Builder:
    """Return the builder called `name`, a key of `BUILDERS` or "package.module:function".

    Raises
    ------
    InputError
        If there is none, or the module cannot be read.
    """
    if is_own(name):
        return own_builder(name)
    if name not in BUILDERS:
        raise InputError(
            f"there is no model builder {name!r}; known: {', '.join(BUILDERS)}, and "
            "package.module:function for one of your own"
        )
    return BUILDERS[name]


def prepare(name: str) -> None:
    """Make the layers of a model known, so that a saved one can be loaded."""
    if is_own(name):
        own_builder(name)  # a record from outside may name any module: no other code is run
        import_own(name)


def check_options(builder_name: str, options: Mapping[str, Any]) -> Options:
    """Check a model entry's options and return them complete with defaults.

    Parameters
    ----------
    builder_name : str
        As for `builder`.
    options : mapping
        What the user set; options left out take their defaults.

    Returns
    -------
    dict
        Every option of the builder, in the registry's order. Whole numbers given for a fractional
        option become floats, so that equal settings compare equal.

    Raises
    ------
    InputError
        For an unknown builder or option, a wrong type, or a value out of range.
    """
    known = builder(builder_name).options
    for name in options:
        if name not in known:
            raise InputError(
                f"model builder {builder_name!r} has no option {name!r}; known: "
                f"{', '.join(known) or 'none'}"
            )
    complete: Options = {}
    for name, option in known.items():
        value = options.get(name, option.default)
        if problem := option.problem(value):
            raise InputError(
                f"option {name!r} of model builder {builder_name!r} is {value!r}; it {problem}"
            )
        complete[name] = type(option.default)(value)
    return complete


def build(
    name: str, *, input_length: int, bin_size: int, targets: int, options: Mapping[str, Any]
) -> keras.Model:
    """Build a model by name, with fresh weights from Keras's global seed.

    Parameters
    ----------
    name : str
        As for `builder`.
    input_length : int
        Length of the input in bp.
    bin_size : int
        Width of an output bin in bp.
    targets : int
        Number of targets.
    options : mapping
        As for `check_options`.

    Returns
    -------
    keras.Model
        From one-hot sequences, float32 (batch, input_length, 4) in base order ACGT, to coverage,
        float32 (batch, input_length / bin_size, targets); a binary model to the probability of a
        peak, float32 (batch, targets). `epibench.models.layers` lists its named layers.

    Raises
    ------
    InputError
        For a bin size that the model cannot give, no targets, or options that are not allowed;
        also for `output: by_loss`, which `Builder.resolve` replaces, and for somebody's own
        function that returns something else.
    """
    complete = check_options(name, options)
    if min(input_length, bin_size, targets) < 1:
        raise InputError(
            f"a model needs an input, bins and targets, not {input_length} bp, bins of {bin_size} "
            f"bp and {targets} targets; give at least 1 of each"
        )
    if problem := builder(name).bin_size_problem(bin_size, input_length, complete):
        raise InputError(f"model builder {name!r} cannot give bin size {bin_size}: {problem}")
    if complete.get("output") == BY_LOSS:
        raise InputError(
            f"model builder {name!r} needs to know its output: set the option to softplus or linear"
        )
    prepare(name)
    module, function = builder(name).function.split(":")
    build_model = getattr(importlib.import_module(module), function)
    model = build_model(input_length=input_length, bin_size=bin_size, targets=targets, **complete)
    if is_own(name):
        bins = input_length // bin_size
        check_model(model, name, input_length=input_length, bins=bins, targets=targets)
    return model
