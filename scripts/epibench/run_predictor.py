"""Predict with a trained model."""

import json
from pathlib import Path

import keras
import numpy as np

from epibench.errors import InputError
from epibench.evaluate.predictors import Inputs
from epibench.models.layers import load_model
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
        Holds `model.keras` and `run.json`.

    Raises
    ------
    InputError
        When an earlier version trained the run, or its model cannot be loaded.
    """

    def __init__(self, folder: str | Path):
        record = json.loads((Path(folder) / "run.json").read_text(encoding="utf-8"))
        settings = record["settings"]
        if "targets" not in record:
            raise InputError(
                f"{folder}/run.json names no targets: an earlier version trained this run; train "
                "it again, or copy its model.keras elsewhere to use it by itself"
            )
        prepare(settings["builder"])
        super().__init__(
            load_model(Path(folder) / "model.keras"),
            record["targets"],
            of_coverage=LOSSES[settings["loss"]].head != "peaks",
            scale=record["scale"],
            known=record["known"],
            batch_size=record["predict_batch_size"],
        )


def load_predictor(file: str | Path) -> ModelPredictor:
    """Load a model file: that of a run, with its record, or one by itself.

    Parameters
    ----------
    file : path
        Ends in `.keras`. Without a `run.json` beside it targets are numbered, predictions are not
        scaled, and an output without bins is taken for that of a binary model.

    Raises
    ------
    InputError
        When there is no such file, or it is no model from sequences (batch, length, 4).
    """
    file = Path(file)
    if not file.is_file():
        raise InputError(f"{file}: there is no such file; give the model.keras of a run")
    if file.name == "model.keras" and (file.parent / "run.json").is_file():
        return RunPredictor(file.parent)
    model = load_model(file)
    shape = model.input_shape
    if not isinstance(shape, tuple) or len(shape) != 3 or shape[1] is None or shape[2] != 4:
        raise InputError(f"{file}: its input is {shape}, not one-hot sequences (batch, length, 4)")
    of_coverage = len(model.output_shape) == 3
    targets = model.output_shape[-1]
    return ModelPredictor(
        model,
        [f"target{number}" for number in range(1, targets + 1)],
        of_coverage=of_coverage,
        scale=np.ones(targets),
        known=np.ones(targets, bool),
    )
