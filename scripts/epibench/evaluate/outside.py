"""Predictions from outside, scored like any other: bigWig files, arrays, or a callable."""

import importlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from epibench.config.predictions import refuse_unknown
from epibench.data.bigwig import check_chromosomes, open_big
from epibench.data.settings import CoverageSettings
from epibench.data.store import Store
from epibench.errors import InputError
from epibench.evaluate.predicted_arrays import ArrayPredictor
from epibench.evaluate.predictors import BigWigPredictor, Inputs, Predictor
from epibench.models.own import import_own
from epibench.sequence import N

ONE_HOT = np.concatenate([np.eye(N, dtype=np.float32), np.full((1, N), 0.25, np.float32)])
"""Row of each base code, float32 (5, 4): the channels are ACGT, and N is 0.25 of each."""


class OutsidePredictor:
    """A prediction from outside, checked as it is read.

    Negative values are kept, since a model with a linear output may give them, and counted.

    Parameters
    ----------
    key : str
        Begins messages.
    inner : Predictor
        Gives the values, NaN for targets that are not predicted.
    store : Store
        Gives names of chromosomes and targets.
    sources : mapping of str to str
        File or function that each predicted target comes from.
    of_coverage : bool
        False for logits.
    test_only : bool, default False
        Whether the validation chromosomes are not predicted.
    """

    def __init__(
        self,
        key: str,
        inner: Predictor,
        store: Store,
        sources: Mapping[str, str],
        *,
        of_coverage: bool,
        test_only: bool = False,
    ):
        self.bin_size: int = inner.bin_size
        self.of_coverage = of_coverage
        self.test_only = test_only
        if hasattr(inner, "batch_size"):
            self.batch_size: int = inner.batch_size
        self._key, self._inner, self._sources = key, inner, sources
        self._chromosomes, self._targets = list(store.chromosomes), store.targets
        self._known = np.array([target in sources for target in store.targets])
        self._values = self._negative = self._uncovered = 0
        if not self._known.all():
            missing = [name for name in store.targets if name not in sources]
            print(f"{key}: no prediction for {', '.join(missing)}; no scores there")
        if test_only:
            print(f"{key}: the validation chromosomes are not predicted; no scores scaled by them")

    def predict(self, inputs: Inputs) -> np.ndarray:
        """Give the values, float (batch, bins, targets), after checking them.

        Targets without prediction are NaN, and so are inputs that an array does not cover.

        Raises
        ------
        InputError
            Names the first value that is NaN or infinite: file, place and target.
        """
        values = self._inner.predict(inputs)
        covered = np.ones(len(values), bool)
        if isinstance(self._inner, ArrayPredictor):
            covered = self._inner.covers(inputs.chrom, inputs.start, inputs.sequence.shape[1])
        wrong = ~np.isfinite(values) & self._known & covered[:, None, None]
        if wrong.any():
            self._refuse(values, np.argwhere(wrong)[0].tolist(), inputs)
        self._values += int(covered.sum()) * values.shape[1] * int(self._known.sum())
        self._negative += int((values < 0).sum())
        self._uncovered += int((~covered).sum())
        return values

    def remarks(self) -> list[str]:
        """Say what is odd about the values that were read so far, a sentence each."""
        found = []
        if self._negative and self.of_coverage:
            found.append(
                f"{self._key}: {self._negative:,} of the {self._values:,} values read are below 0; "
                "they are kept"
            )
        if self._uncovered:
            found.append(
                f"{self._key}: {self._uncovered:,} of the inputs read, none of them tiled, are not "
                "on the regions and their bins; scores with them are left empty"
            )
        return found

    def _refuse(self, values: np.ndarray, at: list[int], inputs: Inputs) -> None:
        row, bin_, t = at
        target = self._targets[t]
        place = int(inputs.start[row]) + bin_ * self.bin_size
        raise InputError(
            f"{self._key}: {self._sources[target]}: the value of target {target} at "
            f"{self._chromosomes[inputs.chrom[row]]}:{place} (0-based) is {values[row, bin_, t]}; "
            "every value must be a finite number, correct the prediction"
        )


class AdapterPredictor:
    """A callable from sequences to coverage, as somebody's function returned it.

    Parameters
    ----------
    key : str
        Begins messages.
    model : callable
        Takes one-hot float32 (batch, length, 4), ACGT, N = 0.25 each; gives (batch, bins, targets),
        as an array or whatever NumPy makes one of. Its attributes, all of which may be left out:
        `bin_size` (bp), `targets` (names, in the order of its outputs), `batch_size` (inputs that
        it wants at once).
    store : Store
        Gives the order of the targets, which are those of a callable that names none.
    bin_size : int
        In bp, where the callable has no `bin_size`.

    Raises
    ------
    InputError
        For a bin size that does not divide the input length, and unknown targets.
    """

    def __init__(self, key: str, model: Any, store: Store, bin_size: int):
        self.bin_size: int = getattr(model, "bin_size", bin_size)
        if hasattr(model, "batch_size"):
            self.batch_size: int = model.batch_size
        self.targets = list(getattr(model, "targets", store.targets))
        self._key, self._model = key, model
        self._columns = columns_of(key, self.targets, store.targets)
        self._width = len(store.targets)
        length = store.summary["settings"]["windows"]["input_length"]
        if self.bin_size < 1 or length % self.bin_size:
            raise InputError(
                f"{key}: the bin size {self.bin_size} does not divide windows.input_length = "
                f"{length}; choose a divisor"
            )

    def predict(self, inputs: Inputs) -> np.ndarray:
        """Call the model, float (batch, bins, targets); NaN for targets that it does not give."""
        found = np.asarray(self._model(ONE_HOT[inputs.sequence]))
        batch, length = inputs.sequence.shape
        shape = (batch, length // self.bin_size, len(self.targets))
        if found.shape != shape:
            raise InputError(
                f"{self._key}: the callable returned the shape {found.shape}, not {shape} (inputs, "
                f"bins of {self.bin_size} bp, targets); correct it, or its bin_size or targets"
            )
        values = np.full((*shape[:2], self._width), np.nan, np.float32)
        values[..., self._columns] = found
        return values


def open_prediction(name: str, settings: Mapping[str, Any], store: Store) -> OutsidePredictor:
    """Open a prediction that the config names, and check all that can be seen without its values.

    Parameters
    ----------
    name : str
        Its key under `predictions`.
    settings : mapping
        The fields of `epibench.config.predictions.Prediction`.
    store : Store
        The study's coverage store.

    Returns
    -------
    OutsidePredictor
        With the targets in the store's order, whatever their order outside.

    Raises
    ------
    InputError
        Names the file, and the chromosome, region, input or target that is wrong.
    """
    key = f"predictions.{name}"
    opened = {"tracks": _open_tracks, "arrays": _open_arrays, "adapter": _open_adapter}
    kind = next(kind for kind in opened if settings[kind] is not None)
    inner, sources, test_only = opened[kind](f"{key}.{kind}", settings, store)
    of_coverage = settings["unit"] == "coverage"
    return OutsidePredictor(
        key, inner, store, sources, of_coverage=of_coverage, test_only=test_only
    )


def columns_of(where: str, names: Sequence[str], targets: list[str]) -> list[int]:
    """Give the place of each predicted target in the store; refuse unknown and repeated names."""
    refuse_unknown(where, names, targets)
    for name in names:
        if list(names).count(name) > 1:
            raise InputError(f"{where}: the target {name!r} stands twice; remove one")
    return [targets.index(name) for name in names]


def _open_tracks(key: str, settings: Mapping[str, Any], store: Store) -> tuple:
    """Open bigWig files, each of which has values on every test chromosome."""
    paths, bin_size = settings["tracks"], settings["bin_size"] or 1
    refuse_unknown(key, paths, store.targets)
    names = list(store.chromosomes)
    tested, valid = ([names[row[0]] for row in store.intervals(at)] for at in ("test", "valid"))
    inner = BigWigPredictor(store, paths, bin_size, CoverageSettings(negative="keep"), tested)
    whole = [_has_all(key, path, store.chromosomes, tested, valid) for path in paths.values()]
    return inner, paths, not all(whole)


def _has_all(
    key: str, path: str, sizes: Mapping[str, int], tested: list[str], valid: list[str]
) -> bool:
    """Say whether a file has values on all validation chromosomes; refuse it without tested ones.

    The header of a bigWig often names chromosomes on which nothing was written.
    """
    with open_big(path) as file:
        found = file.chroms()
        check_chromosomes(path, found, {name: sizes[name] for name in sizes if name in found})
        for chrom in tested:
            if file.stats(chrom, type="max")[0] is None:
                raise InputError(
                    f"{key}: {path} has no value on the test chromosome {chrom}; predict it, or "
                    "leave it out of splits.test"
                )
        return all(
            chrom in found and file.stats(chrom, type="max")[0] is not None for chrom in valid
        )


def _open_arrays(key: str, settings: Mapping[str, Any], store: Store) -> tuple:
    """Open an array with its regions; the tiled test inputs must be covered."""
    path = settings["arrays"]
    inner = ArrayPredictor(key, path, settings["regions"], store)
    inner.columns = columns_of(key, inner.targets, store.targets)
    return inner, dict.fromkeys(inner.targets, path), not inner.covers_split("valid")


def _open_adapter(key: str, settings: Mapping[str, Any], store: Store) -> tuple:
    """Import the function and call it."""
    name = settings["adapter"]
    module, _, function = name.partition(":")
    import_own(name)
    load = getattr(importlib.import_module(module), function, None)
    if load is None:
        raise InputError(f"{key}: the module {module} has no {function!r}; correct the name")
    model = load()
    if not callable(model):
        raise InputError(
            f"{key}: {name} returned {type(model).__name__}, which cannot be called; return a "
            "callable from one-hot sequences to coverage"
        )
    inner = AdapterPredictor(key, model, store, settings["bin_size"] or 1)
    return inner, dict.fromkeys(inner.targets, name), False
