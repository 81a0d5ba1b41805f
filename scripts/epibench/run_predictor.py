"""Predict with a trained model."""

from pathlib import Path

import keras
import numpy as np

from epibench.errors import InputError
from epibench.evaluate.predictors import Inputs
from epibench.files import read_json, require_file
from epibench.models.layers import load_model
from epibench.models.reach import reach_of
from epibench.models.registry import prepare
from epibench.predict import BATCH_SIZE, CoverageFunction
from epibench.words import LOSSES


class ModelPredictor:
    """A trained model: gives coverage for any sequence, in unscaled units.

    A binary model gives the logit of a peak instead, one bin as long as the input; `of_coverage` is
    then False, and targets that training had no peaks of are NaN.

    Parameters
    ----------
    model : keras.Model
    targets : list of str
    of_coverage : bool
    scale : float, shape (targets,)
        What predictions are multiplied by.
    known : bool, shape (targets,)
        Targets that were trained.
    batch_size : int, default 64
    """

    def __init__(
        self,
        model: keras.Model,
        targets: list[str],
        *,
        of_coverage: bool,
        scale: np.ndarray,
        known: np.ndarray,
        batch_size: int = BATCH_SIZE,
    ):
        self.model = model
        self.targets = targets
        self.of_coverage = of_coverage
        self.layer = None if of_coverage else "logits"
        self.bin_size = model.input_shape[1] // (model.output_shape[1] if of_coverage else 1)
        self.scale = np.asarray(scale, np.float32)
        self.known = np.asarray(known, bool)
        self.batch_size = batch_size
        self._predict = CoverageFunction(model, batch_size, layer=self.layer)

    def predict(self, inputs: Inputs) -> np.ndarray:
        """Predict coverage or logits, float32, shape (batch, bins, targets)."""
        found = self._predict(inputs.sequence)
        return (
            found * self.scale if self.of_coverage else np.where(self.known, found, np.nan)[:, None]
        )


class RunPredictor(ModelPredictor):
    """The model of a run.

    Parameters
    ----------
    folder : path
        Holds `model.keras` and `run.json`; those of earlier versions name no targets, which are
        numbered then.
    """

    def __init__(self, folder: str | Path):
        path = Path(folder) / "run.json"
        record = read_json(path, ("settings", "scale", "known", "predict_batch_size"))
        try:
            settings = record["settings"]
            named, loss = str(settings["builder"]), LOSSES[settings["loss"]]
            scale, known = np.array(record["scale"], np.float32), np.array(record["known"], bool)
            targets = [*map(str, record.get("targets") or _numbered(len(scale)))]
            batch_size = max(1, int(record["predict_batch_size"]))
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{path} is no record of a run ({error!r}); train it again") from None
        prepare(named)
        model = load_model(Path(folder) / "model.keras")
        if not scale.shape == known.shape == (len(targets),) == model.output_shape[-1:]:
            raise InputError(f"{path} is not the record of the model beside it; train it again")
        super().__init__(
            model,
            targets,
            of_coverage=loss.head != "peaks",
            scale=scale,
            known=known,
            batch_size=batch_size,
        )


def load_predictor(file: str | Path) -> ModelPredictor:
    """Load a model file: that of a run, with its record, or one by itself.

    Parameters
    ----------
    file : path
        Ends in `.keras`. Without a `run.json` beside it targets are numbered, predictions are not
        scaled, and an output without bins is that of a binary model, with its layer `logits`. Bins
        must fill the input: a model that crops its output is not recognised where the number of
        bins divides the input nevertheless.

    Raises
    ------
    InputError
        When there is no such file, or it is no model of these kinds.
    """
    file = Path(file)
    require_file(file, "give the model.keras of a run")
    if file.name == "model.keras" and (file.parent / "run.json").is_file():
        return RunPredictor(file.parent)
    model = load_model(file)
    shape = model.input_shape
    if not isinstance(shape, tuple) or len(shape) != 3 or shape[1] is None or shape[2] != 4:
        raise InputError(f"{file}: its input is {shape}, not one-hot sequences (batch, length, 4)")
    if len(model.outputs) != 1:
        raise InputError(f"{file}: has {len(model.outputs)} outputs; give a model with one")
    of_coverage = len(model.output_shape) == 3
    if of_coverage:
        _check_bins(file, model)
    elif "logits" not in [layer.name for layer in model.layers]:
        raise InputError(
            f"{file}: its output is {model.output_shape}, without bins, and it has no layer "
            "`logits`, which a binary model is scored by; name that layer so"
        )
    targets = model.output_shape[-1]
    return ModelPredictor(
        model,
        _numbered(targets),
        of_coverage=of_coverage,
        scale=np.ones(targets),
        known=np.ones(targets, bool),
    )


def _check_bins(file: Path, model: keras.Model) -> None:
    """Refuse bins that do not fill the input: where they lie is not known."""
    length, bins = model.input_shape[1], model.output_shape[1]
    reach = reach_of(model)
    if length % bins or (reach and reach.stride * bins != length):
        raise InputError(
            f"{file}: its {bins} bins do not fill its input of {length} bp, so where they lie is "
            "not known; give a model that predicts all of its input"
        )


def _numbered(targets: int) -> list[str]:
    return [f"target{number}" for number in range(1, targets + 1)]
