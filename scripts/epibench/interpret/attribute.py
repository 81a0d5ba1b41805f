"""Attribute the predictions of a model to single bases, by several methods side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from epibench.arrays import load_arrays
from epibench.data.store import Store
from epibench.data.write_bigwig import add_bins, new_bigwig
from epibench.errors import InputError
from epibench.files import whole
from epibench.interpret.gradients import (
    GradientFunction,
    corrected,
    integrated_gradients,
    off_simplex,
)
from epibench.interpret.means import ONE_HOT, ModelMeans
from epibench.interpret.mutate import importance, largest_error, mutate
from epibench.interpret.shuffle import dinucleotide_shuffle
from epibench.locus import parse_locus
from epibench.run_predictor import ModelPredictor
from epibench.sequence import N
from epibench.words import BASES

CHOSEN = 2
"""Loci shown where the config names none."""


@dataclass(frozen=True)
class Attribution:
    """What each base adds to the prediction of each target, by each method.

    Attributes
    ----------
    codes : uint8, shape (n, length)
    chrom : str, shape (n,)
    start : int64, shape (n,), 0-based
    targets : str, shape (targets,)
    methods : str, shape (methods,)
    scores : float32, shape (methods, targets, n, length)
        0 where the base is N. `saliency`: largest absolute gradient over the bases;
        `gradient_x_input`: gradient at the base that is there; `gradient_x_input_corrected`: the
        same, after `corrected`; `integrated_gradients`: summed over the bases, mean over shuffled
        references; `mutagenesis`: prediction less the mean prediction with the other bases.
    gradient : float16, shape (targets, n, length, 4)
        Corrected, scaled to a standard deviation of 1 for each target.
    """

    codes: np.ndarray
    chrom: np.ndarray
    start: np.ndarray
    targets: np.ndarray
    methods: np.ndarray
    scores: np.ndarray
    gradient: np.ndarray

    def save(self, path: str | Path) -> None:
        """Write the arrays as `.npz`, whole or not at all."""
        with whole(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, **asdict(self))


def load_attribution(path: str | Path) -> Attribution:
    """Read what `Attribution.save` wrote."""
    return Attribution(**load_arrays(path))


def choose_inputs(
    sequences: Mapping[str, np.ndarray], store: Store, settings: Mapping[str, Any]
) -> tuple[dict[str, np.ndarray], list[int]]:
    """Choose the inputs that are attributed, and those of them that are shown.

    Parameters
    ----------
    sequences : mapping of str to ndarray
        As of `sample_sequences`.
    store : Store
    settings : mapping
        `sequences` (how many of them), `loci` (texts), `targets`.

    Returns
    -------
    inputs : dict of str to ndarray
        `codes`, `chrom`, `start`.
    shown : list of int
        Those around the middle of the loci, or else the two with the highest measured coverage of
        the first target.

    Raises
    ------
    InputError
        When a locus lies at the end of a chromosome.
    """
    count, length = settings["sequences"], sequences["natural"].shape[1]
    inputs = {key: sequences[key][:count] for key in ("natural", "chrom", "start")}
    if not settings["loci"]:
        target = sequences["targets"].tolist().index(settings["targets"][0])
        order = np.argsort(-sequences["measured"][:count, target], kind="stable")
        return _renamed(inputs), order[:CHOSEN].tolist()
    for text in settings["loci"]:
        locus = parse_locus(text)
        start = (locus.start + locus.end - length) // 2
        if start < 0 or start + length > store.chromosomes[locus.chrom]:
            raise InputError(
                f"interpret.attribution.loci: an input of {length} bp around the middle of {text} "
                "does not lie on the chromosome; move it"
            )
        offset = store.offset(locus.chrom, np.array([start]), length)[0]
        more = {
            "natural": store.sequence[offset : offset + length][None],
            "chrom": np.array([locus.chrom]),
            "start": np.array([start]),
        }
        inputs = {key: np.concatenate([inputs[key], more[key]]) for key in inputs}
    total = len(inputs["start"])
    return _renamed(inputs), list(range(total - len(settings["loci"]), total))


def _renamed(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {"codes": inputs["natural"], "chrom": inputs["chrom"], "start": inputs["start"]}


def attribute(
    name: str,
    predictor: ModelPredictor,
    inputs: Mapping[str, np.ndarray],
    settings: Mapping[str, Any],
) -> tuple[Attribution, pd.DataFrame]:
    """Attribute the predictions of some inputs, with a check value for each method.

    Parameters
    ----------
    name : str
        Of the run.
    predictor : ModelPredictor
    inputs : mapping
        `codes`, `chrom`, `start`.
    settings : mapping
        `targets`, `methods`, `references`, `steps`, `seed`.

    Returns
    -------
    Attribution
    checks : DataFrame
        `predictor`, `target`, `method`, `check`, `value`. `off_simplex`: share of the gradient's
        norm that no sequence can follow. `completeness_error`: difference of the summed
        attributions from the difference that they explain, relative to its size, mean over inputs.
        `reference_error`: largest difference of some predicted changes from whole inputs, relative
        to the largest change.

    Raises
    ------
    InputError
        When the model has no such target.
    """
    codes, methods = inputs["codes"], list(settings["methods"])
    numbers = [number_of(predictor, target) for target in settings["targets"]]
    function = GradientFunction(predictor, predictor.batch_size)
    means = ModelMeans(predictor, predictor.batch_size)
    changes = mutate(means, codes, numbers) if "mutagenesis" in methods else None
    references = _references(codes, settings) if "integrated_gradients" in methods else None
    scores = np.zeros((len(methods), len(numbers), *codes.shape), np.float32)
    gradients, checks = [], []
    for t, number in enumerate(numbers):
        gradient = function(ONE_HOT[codes], number)
        found = _of_gradient(gradient, codes)
        values = dict.fromkeys(found, ("off_simplex", off_simplex(gradient)))
        if references is not None:
            own = integrated_gradients(function, codes, references, number, settings["steps"])
            found["integrated_gradients"] = own
            error = _completeness_error(means, codes, references, own, number)
            values["integrated_gradients"] = ("completeness_error", error)
        if changes is not None:
            found["mutagenesis"] = importance(changes[t])
            error = largest_error(means, codes, changes[t], number)
            relative = error / max(float(np.abs(changes[t]).max()), 1e-12)
            values["mutagenesis"] = ("reference_error", relative)
        for m, method in enumerate(methods):
            scores[m, t] = np.where(codes == N, 0, found[method])
            checks.append((name, settings["targets"][t], method, *values[method]))
        gradients.append(_halved(corrected(gradient)))
    attribution = Attribution(
        codes,
        inputs["chrom"],
        inputs["start"],
        np.array(settings["targets"]),
        np.array(methods),
        scores,
        np.stack(gradients),
    )
    columns = ["predictor", "target", "method", "check", "value"]
    return attribution, pd.DataFrame(checks, columns=columns)


def number_of(predictor: ModelPredictor, target: str) -> int:
    """Give the number of a model's target.

    Raises
    ------
    InputError
        When it has no such target, or was trained without peaks of it.
    """
    if target not in predictor.targets:
        raise InputError(
            f"the model has no target {target!r} (it has {', '.join(predictor.targets)}); correct "
            "interpret.targets"
        )
    number = list(predictor.targets).index(target)
    if not predictor.known[number]:
        raise InputError(
            f"the target {target!r} has no peaks, so this binary model has not learned it; choose "
            "another in interpret.targets"
        )
    return number


def _of_gradient(gradient: np.ndarray, codes: np.ndarray) -> dict[str, np.ndarray]:
    """Give the methods that one gradient is enough for, each (n, length)."""
    there = np.minimum(codes, 3)[..., None]
    return {
        "saliency": np.abs(gradient).max(axis=-1),
        "gradient_x_input": np.take_along_axis(gradient, there, axis=-1)[..., 0],
        "gradient_x_input_corrected": np.take_along_axis(corrected(gradient), there, axis=-1)[
            ..., 0
        ],
    }


def _halved(gradient: np.ndarray) -> np.ndarray:
    """Give float16 of a gradient in units of its standard deviation, which would underflow."""
    return (gradient / max(float(gradient.std()), 1e-30)).astype(np.float16)


def _references(codes: np.ndarray, settings: Mapping[str, Any]) -> np.ndarray:
    """Shuffle each sequence several times: uint8 (n, references, length)."""
    count = settings["references"]
    shuffled = dinucleotide_shuffle(np.repeat(codes, count, axis=0), settings["seed"])
    return shuffled.reshape(len(codes), count, -1)


def _completeness_error(
    means: ModelMeans, codes: np.ndarray, references: np.ndarray, found: np.ndarray, number: int
) -> float:
    """Compare summed attributions with the difference between sequences and references."""
    of_references = means.means(references.reshape(-1, codes.shape[1]))[:, number]
    baseline = of_references.reshape(len(codes), -1).mean(axis=1)
    explained = means.means(codes)[:, number] - baseline
    missed = np.abs(found.sum(axis=1, dtype=np.float64) - explained).mean()
    return float(missed / max(np.abs(explained).mean(), 1e-12))


def locus_rows(name: str, attribution: Attribution, shown: Sequence[int]) -> pd.DataFrame:
    """Give a row a position, method and target of the inputs that are shown.

    Returns
    -------
    DataFrame
        `predictor`, `locus`, `target`, `method`, `position` (0-based), `base`, `score`.
    """
    parts = []
    length = attribution.codes.shape[1]
    for i in shown:
        start = int(attribution.start[i])
        locus = f"{attribution.chrom[i]}:{start}-{start + length}"
        position = start + np.arange(length)
        bases = np.array([*BASES, "N"])[attribution.codes[i]]
        for m, method in enumerate(attribution.methods):
            for t, target in enumerate(attribution.targets):
                columns = {"locus": locus, "target": target, "method": method}
                values = {"position": position, "base": bases, "score": attribution.scores[m, t, i]}
                parts.append(pd.DataFrame({"predictor": name} | columns | values))
    return pd.concat(parts, ignore_index=True)


def write_tracks(
    attribution: Attribution, chromosomes: Mapping[str, int], paths: Mapping[tuple[str, str], str]
) -> None:
    """Write the scores of each target and method as bigWig; where inputs overlap, of the first.

    Parameters
    ----------
    attribution : Attribution
    chromosomes : mapping of str to int
        Lengths, in the order of the genome.
    paths : mapping of (target, method) to path
    """
    length = attribution.codes.shape[1]
    order = list(chromosomes)
    number = [order.index(chrom) for chrom in attribution.chrom]
    rows = np.lexsort((attribution.start, number))
    for t, target in enumerate(attribution.targets):
        for m, method in enumerate(attribution.methods):
            with new_bigwig(paths[target, method], chromosomes) as file:
                ends = dict.fromkeys(order, 0)
                for i in rows:
                    chrom, start = str(attribution.chrom[i]), int(attribution.start[i])
                    first = max(0, ends[chrom] - start)  # where the one before it ends
                    values = attribution.scores[m, t, i, first:]
                    add_bins(file, chrom, start + first, values, 1)
                    ends[chrom] = max(ends[chrom], start + length)
