"""Models by name, with their options (light: read at parse time, imports no Keras)."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from epibench.errors import InputError
from epibench.words import LOSSES

if TYPE_CHECKING:
    import keras

Value = bool | int | float | str
Options = dict[str, Value]

BY_LOSS = "by_loss"


@dataclass(frozen=True)
class Option:
    """Describe one option of a builder; its type is that of `default`.

    `minimum` is inclusive and `below` exclusive; `multiple_of` and `choices` narrow it further.
    """

    default: Value
    description: str
    minimum: float | None = None
    below: float | None = None
    multiple_of: int = 1
    choices: tuple[str, ...] = ()

    def problem(self, value: Any) -> str | None:
        """Say in one clause what is wrong with `value`, or return None."""
        allowed = (int, float) if type(self.default) is float else (type(self.default),)
        if type(value) not in allowed:
            return f"must be of type {type(self.default).__name__}"
        if self.choices and value not in self.choices:
            return f"must be one of {', '.join(self.choices)}"
        if self.minimum is not None and not value >= self.minimum:
            return f"must be at least {self.minimum}"
        if self.below is not None and not value < self.below:
            return f"must be below {self.below}"
        if self.multiple_of > 1 and value % self.multiple_of:
            return f"must be a multiple of {self.multiple_of}"
        return None


@dataclass(frozen=True)
class Builder:
    """Describe a model: where its function is, what it can be asked for.

    `function` is "package.module:name"; the function takes `input_length`, `bin_size`, `targets`
    and the options as keywords and returns a Keras model. `bin_size_rule` gives the clause for bin
    sizes that divide the input and still cannot be had.
    """

    function: str
    description: str
    options: Mapping[str, Option]
    bin_size_rule: Callable[[int, Options], str | None]

    def bin_size_problem(self, bin_size: int, input_length: int, options: Options) -> str | None:
        """Say in one clause why this model cannot give `bin_size` (bp), or return None."""
        if bin_size < 1 or input_length % bin_size:
            return f"it does not divide the input length of {input_length} bp"
        return self.bin_size_rule(bin_size, options)

    def resolve(self, options: Options, loss: str) -> Options:
        """Return the options with `output: by_loss` replaced by what the loss asks for.

        Softplus for losses that need positive predictions, linear for all others: the rule of the
        BPNet-based models.
        """
        if options["output"] != BY_LOSS:
            return options
        return options | {"output": "softplus" if LOSSES[loss].needs_positive else "linear"}


def _one_or_pooled(bin_size: int, options: Options) -> str | None:
    """Refuse bins that a length shortened by the first pooling cannot give."""
    pool = options["first_pool"]
    if bin_size > 1 and bin_size % pool:
        return f"its first pooling is {pool}, so a bin size above 1 must be a multiple of {pool}"
    return None


def _any(bin_size: int, options: Options) -> None:
    """Refuse nothing: bases can be averaged over bins of any size."""


def _multiple_of_32(bin_size: int, options: Options) -> str | None:
    """Refuse bins that cannot be averages of the 32 bp which the layers give."""
    if bin_size % 32:
        return "its layers give bins of 32 bp; choose 32 or a multiple, which averages them"
    return None


BUILDERS = {
    "basenji": Builder(
        function="epibench.models.basenji:basenji",
        description="dilated residual convolutions (Kelley et al. 2018, as changed by Toneyan et "
        "al. 2022)",
        bin_size_rule=_one_or_pooled,
        options={
            "first_filters": Option(
                256,
                "filters of the first convolution; the residual units' bottleneck has half",
                minimum=2,
                multiple_of=2,
            ),
            "first_pool": Option(
                2,
                "pooling after the first convolution (none for bins of 1 bp); more is faster and "
                "blurs positions",
                minimum=1,
            ),
            "last_filters": Option(
                2048, "filters of the last convolution, the width of the embedding", minimum=1
            ),
            "residual_units": Option(11, "number of dilated residual units", minimum=1),
            "dropout": Option(
                True, "dropout in the residual units (0.3) and the last layer (0.05)"
            ),
            "batch_norm_momentum": Option(
                0.9, "weight of the past in batch normalisation's moving moments", 0.0, below=1.0
            ),
            "output": Option(
                "softplus",
                "activation of the output: softplus keeps coverage positive, linear does not",
                choices=("softplus", "linear"),
            ),
        },
    ),
    "bpnet": Builder(
        function="epibench.models.bpnet:bpnet",
        description="dilated convolutions at base resolution (Avsec et al. 2021, as changed by "
        "Toneyan et al. 2022)",
        bin_size_rule=_any,
        options={
            "filters": Option(256, "filters of every convolution before the heads", minimum=1),
            "first_width": Option(25, "width in bp of the first convolution", minimum=1),
            "head_width": Option(7, "width in bp of the heads' transposed convolution", minimum=1),
            "dilated_layers": Option(
                9, "dilated layers after the first, dilations 2, 4, 8, ...", minimum=1
            ),
            "output": Option(
                BY_LOSS,
                "activation of the output: softplus keeps coverage positive, linear does not; "
                "by_loss: softplus for losses that need positive predictions, else linear",
                choices=(BY_LOSS, "softplus", "linear"),
            ),
        },
    ),
    "residualbind_32": Builder(
        function="epibench.models.residualbind:residualbind_32",
        description="convolutions with dilated residual blocks, pooled to bins of 32 bp "
        "(ResidualBind-32 of Toneyan et al. 2022)",
        bin_size_rule=_multiple_of_32,
        options={
            "activation": Option(
                "relu",
                "activation of the first convolution; exponential makes its filters easier to read",
                choices=("relu", "exponential"),
            ),
            "task_heads": Option(
                False, "a convolution of its own for each target in place of one dense head"
            ),
            "first_filters": Option(
                256,
                "filters of the first convolution; the second and third have 2 and 4 times as many",
                minimum=1,
            ),
            "head_filters": Option(256, "filters of the layer that all targets share", minimum=1),
            "task_filters": Option(
                64, "filters of each target's convolution, with task_heads", minimum=1
            ),
            "dropout": Option(True, "dropout (0.1 to 0.5, as in the paper)"),
            "batch_norm_momentum": Option(
                0.99, "weight of the past in batch normalisation's moving moments", 0.0, below=1.0
            ),
            "output": Option(
                "softplus",
                "activation of the output: softplus keeps coverage positive, linear does not",
                choices=("softplus", "linear"),
            ),
        },
    ),
}
"""Every model that config can name."""


def builder(name: str) -> Builder:
    """Return the builder called `name`; else raise InputError."""
    if name not in BUILDERS:
        raise InputError(f"there is no model builder {name!r}; known: {', '.join(BUILDERS)}")
    return BUILDERS[name]


def check_options(builder_name: str, options: Mapping[str, Any]) -> Options:
    """Check a model entry's options and return them complete with defaults.

    Parameters
    ----------
    builder_name : str
        Name in `BUILDERS`.
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
                f"model builder {builder_name!r} has no option {name!r}; known: {', '.join(known)}"
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
        Name in `BUILDERS`.
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
        float32 (batch, input_length / bin_size, targets). `epibench.models.layers` lists its named
        layers.

    Raises
    ------
    InputError
        For a bin size that the model cannot give, no targets, or options that are not allowed;
        also for `output: by_loss`, which `Builder.resolve` replaces.
    """
    complete = check_options(name, options)
    if problem := builder(name).bin_size_problem(bin_size, input_length, complete):
        raise InputError(f"model builder {name!r} cannot give bin size {bin_size}: {problem}")
    if complete["output"] == BY_LOSS:
        raise InputError(
            f"model builder {name!r} needs to know its output: set the option to softplus or linear"
        )
    if targets < 1:
        raise InputError(f"a model needs at least one target, not {targets}")
    module, function = builder(name).function.split(":")
    build_model = getattr(importlib.import_module(module), function)
    return build_model(input_length=input_length, bin_size=bin_size, targets=targets, **complete)
