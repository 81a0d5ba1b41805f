"""Keep all that a training needs to go on where it stopped."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from epibench.arrays import load_arrays
from epibench.errors import InputError
from epibench.files import whole


@dataclass
class Progress:
    """Where a training is.

    `history` has a row for each epoch that is done. `step` counts the batches of the current epoch
    that are done, `loss` sums their losses times their sizes; `examples` counts their sequences,
    `seconds` and `waited` the time that they took and that of it in which no batch was ready.
    """

    history: list[dict] = field(default_factory=list)
    step: int = 0
    loss: float = 0.0
    examples: int = 0
    seconds: float = 0.0
    waited: float = 0.0
    resumed: int = 0

    def end_epoch(self, row: dict) -> None:
        """Add a row of the history and begin the next epoch."""
        self.history.append(row)
        self.step, self.loss, self.examples, self.seconds, self.waited = 0, 0.0, 0, 0.0, 0.0


def save_checkpoint(
    path: Path,
    fingerprint: str,
    progress: Progress,
    state: list[np.ndarray],
    best: list[np.ndarray] | None,
) -> None:
    """Write a checkpoint, whole or not at all.

    Parameters
    ----------
    path : path
        `.npz` file.
    fingerprint : str
        Names everything that the training depends on.
    progress : Progress
        Where it is.
    state : list of ndarray
        Weights, moments, random states, those of the optimizer (`Steps.get_state`).
    best : list of ndarray or None
        Weights of the best epoch so far.
    """
    arrays = {f"state{i}": array for i, array in enumerate(state)}
    arrays |= {f"best{i}": array for i, array in enumerate(best or [])}
    record = json.dumps({"fingerprint": fingerprint, "progress": vars(progress)})
    with whole(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, record=np.array(record), **arrays)
        file.flush()
        os.fsync(file.fileno())


def load_checkpoint(
    path: Path, fingerprint: str, log: Callable[[str], None]
) -> tuple[Progress, list[np.ndarray], list[np.ndarray] | None] | None:
    """Read a checkpoint; None where there is none, a damaged one, or one of other settings.

    Returns
    -------
    (Progress, list of ndarray, list of ndarray or None) or None
        Progress, state and best weights, as they were saved.
    """
    if not Path(path).exists():
        return None
    try:
        stored = load_arrays(path)
        record = json.loads(str(stored["record"]))
    except (InputError, KeyError, ValueError) as error:
        log(f"training starts anew, since its checkpoint is damaged: {error}")
        return None
    if record.get("fingerprint") != fingerprint:
        log(f"{path} belongs to other settings; training starts anew")
        return None
    progress = Progress(**record["progress"])
    progress.resumed += 1
    state, best = (
        [stored[f"{kind}{i}"] for i in range(_count(stored, kind))] for kind in ("state", "best")
    )
    log(
        f"resuming after epoch {len(progress.history)}"
        f"{f' and {progress.step} steps of the next' if progress.step else ''} from {path}"
    )
    return progress, state, best or None


def is_of(path: Path, fingerprint: str) -> bool:
    """Tell whether there is a checkpoint of these settings."""
    return load_checkpoint(path, fingerprint, lambda line: None) is not None


def _count(stored: dict[str, np.ndarray], kind: str) -> int:
    return sum(name.startswith(kind) for name in stored)
