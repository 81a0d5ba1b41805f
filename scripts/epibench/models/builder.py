"""What is known of a model before it is built (light: read at parse time, imports no Keras)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from epibench.words import LOSSES

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
    sizes that divide the input and still cannot be had. `head` is what the model predicts, a value
    of `epibench.words.HEADS`; `recipe` the training recipe of its entries where they name none;
    `checksum` that of the file of somebody's own model.
    """

    function: str
    description: str
    options: Mapping[str, Option]
    bin_size_rule: Callable[[int, Options], str | None]
    head: str = "coverage"
    recipe: str = "decay"
    checksum: str | None = None

    def bin_size_problem(self, bin_size: int, input_length: int, options: Options) -> str | None:
        """Say in one clause why this model cannot give `bin_size` (bp), or return None."""
        if bin_size < 1 or input_length % bin_size:
            return f"it does not divide the input length of {input_length} bp"
        if self.head == "peaks" and bin_size != input_length:
            return (
                f"it gives one value an input; the bin size is the input length, {input_length} bp"
            )
        return self.bin_size_rule(bin_size, options)

    def resolve(self, options: Options, loss: str) -> Options:
        """Return the options with `output: by_loss` replaced by what the loss asks for.

        Softplus for losses that need positive predictions, linear for all others: the rule of the
        BPNet-based models.
        """
        if options.get("output") != BY_LOSS:
            return options
        return options | {"output": "softplus" if LOSSES[loss].needs_positive else "linear"}


def any_bin_size(bin_size: int, options: Options) -> None:
    """Refuse nothing: bases can be averaged over bins of any size."""


def multiple_of_32(bin_size: int, options: Options) -> str | None:
    """Refuse bins that cannot be averages of the 32 bp which the layers give."""
    if bin_size % 32:
        return "its layers give bins of 32 bp; choose 32 or a multiple, which averages them"
    return None


# Options that several models have.
OUTPUT = Option(
    "softplus",
    "activation of the output: softplus keeps coverage positive, linear does not",
    choices=("softplus", "linear"),
)
ACTIVATION = Option(
    "relu",
    "activation of the first convolution; exponential makes its filters easier to read",
    choices=("relu", "exponential"),
)
MOMENTUM = "weight of the past in batch normalisation's moving moments; less suits small data"


def momentum(default: float) -> Option:
    """Give the option for batch normalisation's momentum."""
    return Option(default, MOMENTUM, 0.0, below=1.0)


FIRST_FILTERS = Option(
    192,
    "filters of the first convolution; the second and third have 4/3 and 8/3 times as many",
    minimum=3,
    multiple_of=3,
)
BOTTLENECK = "units of the dense layer that sees the whole input"
