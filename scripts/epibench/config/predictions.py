"""Predictions from outside: the section `predictions` of the config, and what is wrong with it."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from epibench.errors import InputError
from epibench.files import require_file
from epibench.models.own import find_module
from epibench.words import LONGEST_NAME, REFERENCES

KINDS = ("tracks", "arrays", "adapter")
"""The ways of giving a prediction: each entry has exactly one of these keys."""

PredictionName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=LONGEST_NAME)
]

_FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


class Prediction(BaseModel):
    """A prediction from outside: bigWig files, an array with its regions, or a callable.

    Exactly one of `tracks`, `arrays` and `adapter` is given. The test chromosomes must be covered;
    without the validation chromosomes there is no score scaled by them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    tracks: dict[str, str] | None = Field(
        default=None,
        description="bigWig (path) of each target, at any resolution; bases without a value are 0.",
    )
    arrays: str | None = Field(
        default=None,
        description=".npz or .zarr (path) with the array `coverage` (regions, bins, targets) and, "
        "unless they are all targets in their order, the array `targets` of names.",
    )
    regions: str | None = Field(
        default=None,
        description="With `arrays`: BED file (path), plain or gzip, one line a row of the array. "
        "All regions have one length, and together they cover the test inputs.",
    )
    adapter: str | None = Field(
        default=None,
        description="`package.module:function`, searched like a model of your own; the function "
        "takes nothing and returns a callable from sequences to coverage (see the README).",
    )
    bin_size: Annotated[int, Field(ge=1, strict=True)] | None = Field(
        default=None,
        description="bp that `tracks` are averaged over, or that a bin of `adapter` spans where "
        "it does not say so itself; null: 1. `arrays` say it by their shape.",
    )
    unit: Literal["coverage", "logits"] = Field(
        default="coverage",
        description="`logits`: of a model that tells peaks from the rest; scored by rank and r.",
    )
    label: str = Field(default="", description="Name in tables and figures; empty: the key.")


def prediction_files(prediction: Prediction | None) -> list[str]:
    """Give the files that a prediction is read from, or the file of an adapter's module.

    A change of one makes the scores anew; what an adapter reads or imports itself is not seen.
    """
    if prediction is None:
        return []
    if prediction.adapter:
        where = f"adapter {prediction.adapter!r}"
        return [str(find_module(where, *prediction.adapter.split(":")))]
    given = [*(prediction.tracks or {}).values(), prediction.arrays, prediction.regions]
    return [path for path in given if path is not None]


def check_predictions(predictions: Mapping[str, Prediction], input_length: int) -> None:
    """Check names, keys that belong together, paths and bin sizes of predictions.

    Parameters
    ----------
    predictions : mapping of str to Prediction
        Section `predictions` of the config.
    input_length : int
        `windows.input_length` in bp.

    Raises
    ------
    InputError
        Names the entry, the value and the remedy.
    """
    taken: dict[str, str] = {name.lower(): "a predictor of every study" for name in REFERENCES}
    for name, prediction in predictions.items():
        key = f"predictions.{name}"
        if name.lower() in taken:
            raise InputError(f"{key}: this is the name of {taken[name.lower()]}; rename it")
        taken[name.lower()] = f"another prediction, {name!r}, but for case"
        _check_keys(key, prediction)
        for path in prediction_files(prediction):
            if Path(path).suffix != ".zarr" or not Path(path).is_dir():
                try:
                    require_file(path, "correct the path")
                except InputError as error:
                    raise InputError(f"{key}: {error}") from None
        size = prediction.bin_size or 1
        if input_length % size:
            raise InputError(
                f"{key}.bin_size = {size} does not divide windows.input_length = {input_length}; "
                "choose a divisor"
            )


def check_predicted_targets(predictions: Mapping[str, Prediction], targets: Iterable[str]) -> None:
    """Refuse tracks of targets that the study does not have.

    Raises
    ------
    InputError
        Names the entry, the target and the known ones.
    """
    known = list(targets)
    for name, prediction in predictions.items():
        refuse_unknown(f"predictions.{name}.tracks", prediction.tracks or {}, known)


def refuse_unknown(where: str, names: Iterable[str], known: list[str]) -> None:
    """Refuse the first name that is not among the known targets, with an InputError."""
    for name in names:
        if name not in known:
            raise InputError(
                f"{where}: there is no target {name!r} (known: {', '.join(known)}); correct it, or "
                "leave it out"
            )


def _check_keys(key: str, prediction: Prediction) -> None:
    """Refuse more or less than one way of giving a prediction, and keys of another way."""
    given = [kind for kind in KINDS if getattr(prediction, kind) is not None]
    if len(given) != 1:
        raise InputError(
            f"{key}: give exactly one of {', '.join(KINDS)} (given: {', '.join(given) or 'none'})"
        )
    if prediction.tracks == {}:
        raise InputError(f"{key}.tracks names no file; give a bigWig for at least one target")
    if (prediction.arrays is None) != (prediction.regions is None):
        raise InputError(f"{key}: `arrays` and `regions` belong together; give both or neither")
    if prediction.arrays and not prediction.arrays.rstrip("/").endswith((".npz", ".zarr")):
        raise InputError(f"{key}.arrays = {prediction.arrays!r} must end in .npz or .zarr")
    if prediction.arrays and prediction.bin_size is not None:
        raise InputError(f"{key}.bin_size: the shape of `arrays` says it; remove the key")
    if prediction.adapter and not _FUNCTION.fullmatch(prediction.adapter):
        raise InputError(
            f"{key}.adapter = {prediction.adapter!r} must look like my_package.my_module:load"
        )
