"""Load what every job of the explanation of a run starts from."""

from pathlib import Path

import numpy as np

from epibench.interpret.sample import load_sequences
from epibench.run_predictor import RunPredictor


def load_run(
    model: str | Path, sequences: str | Path
) -> tuple[RunPredictor, dict[str, np.ndarray]]:
    """Load the model of a run, and the sequences that it is explained on.

    Parameters
    ----------
    model : path
        `model.keras` in the folder of the run.
    sequences : path
        As of `save_sequences`. It names the targets: runs of earlier versions do not.

    Returns
    -------
    RunPredictor
    dict of str to ndarray
    """
    found = load_sequences(sequences)
    predictor = RunPredictor(Path(model).parent)
    predictor.targets = found["targets"].tolist()
    return predictor, found
