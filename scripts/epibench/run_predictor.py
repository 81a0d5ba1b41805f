"""Predict with a trained run."""

import json
from pathlib import Path

import numpy as np

from epibench.evaluate.predictors import Inputs
from epibench.models.layers import load_model
from epibench.models.registry import prepare
from epibench.predict import CoverageFunction
from epibench.words import LOSSES


class RunPredictor:
    """A trained run: gives coverage for any sequence, in unscaled units.

    A binary run gives the logit of a peak instead, one bin as long as the input; `of_coverage` is
    then False, and targets without peaks are NaN.

    Parameters
    ----------
    folder : path
        Holds `model.keras` and `run.json`.
    """

    def __init__(self, folder: str | Path):
        record = json.loads((Path(folder) / "run.json").read_text(encoding="utf-8"))
        settings = record["settings"]
        self.bin_size = settings["bin_size"]
        self.batch_size = record["predict_batch_size"]
        self.of_coverage = LOSSES[settings["loss"]].head != "peaks"
        self.scale = np.array(record["scale"], np.float32)
        self.known = np.array(record["known"])
        prepare(settings["builder"])
        model = load_model(Path(folder) / "model.keras")
        layer = None if self.of_coverage else "logits"
        self._predict = CoverageFunction(model, self.batch_size, layer=layer)

    def predict(self, inputs: Inputs) -> np.ndarray:
        """Predict coverage or logits, float32, shape (batch, bins, targets)."""
        found = self._predict(inputs.sequence)
        return (
            found * self.scale if self.of_coverage else np.where(self.known, found, np.nan)[:, None]
        )
