"""Draw the test sequences that models are explained on."""

from pathlib import Path
from typing import Any

import numpy as np

from epibench.arrays import load_arrays
from epibench.data.store import Store
from epibench.data.windows import select
from epibench.errors import InputError
from epibench.files import whole
from epibench.interpret.shuffle import dinucleotide_shuffle


def sample_sequences(store: Store, settings: dict[str, Any]) -> dict[str, np.ndarray]:
    """Draw central inputs of the test windows of a set, and shuffle the first of them.

    Every run is explained on the same sequences (Toneyan et al. 2022, Methods: test sequences of
    the coverage-threshold set, dinucleotide-shuffled as backgrounds).

    Parameters
    ----------
    store : Store
    settings : dict
        `windows` (window set), `sequences` and `backgrounds` (how many), `seed`.

    Returns
    -------
    dict of str to ndarray
        `natural` uint8 (sequences, length); `chrom` str and `start` int64 (sequences,), 0-based;
        `measured` float32 (sequences, targets), mean coverage; `targets` str (targets,); `shuffled`
        uint8 (backgrounds, length).

    Raises
    ------
    InputError
        When there are fewer windows than asked for.
    """
    windows = select(store, settings["windows"], "test")
    spec = store.summary["settings"]["windows"]
    length = spec["input_length"]
    central = (spec["length"] - length) // 2
    wanted = max(settings["sequences"], settings["backgrounds"])
    apart = _apart(windows.chrom, windows.start + central, length)
    if len(apart) < wanted:
        raise InputError(
            f"{wanted} test sequences of {settings['windows']} are asked for, but there are only "
            f"{len(apart)}; lower interpret.sequences, interpret.backgrounds and "
            "interpret.occlusion.sequences, or choose another set in interpret.windows"
        )
    rng = np.random.default_rng(settings["seed"])
    chosen = apart[rng.permutation(len(apart))[:wanted]]
    place = (windows.offset[chosen] + central)[:, None] + np.arange(length)
    natural = store.sequence[place]
    measured = [store.coverage[rows].astype(np.float32).mean(axis=0) for rows in place]
    names = np.array(list(store.chromosomes))
    return {
        "natural": natural,
        "chrom": names[windows.chrom[chosen]],
        "start": windows.start[chosen] + central,
        "measured": np.array(measured),
        "targets": np.array(store.targets),
        "shuffled": dinucleotide_shuffle(natural[: settings["backgrounds"]], settings["seed"]),
    }


def _apart(chrom: np.ndarray, start: np.ndarray, length: int) -> np.ndarray:
    """Choose inputs that do not overlap, from the left (those of peaks may)."""
    chosen, last = [], (-1, 0)
    for i in np.lexsort((start, chrom)):
        if (chrom[i], start[i]) >= last:
            chosen.append(i)
            last = (chrom[i], start[i] + length)
    return np.array(chosen, np.int64)


def save_sequences(sequences: dict[str, np.ndarray], path: str | Path) -> None:
    """Write what `sample_sequences` gives, whole or not at all."""
    with whole(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(file, **sequences)


def load_sequences(path: str | Path) -> dict[str, np.ndarray]:
    """Read what `save_sequences` wrote."""
    return load_arrays(path)
