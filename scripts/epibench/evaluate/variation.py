"""Score how much predictions change when the input is shifted (Toneyan et al. 2022, Fig. 3a)."""

from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd

from epibench.data.settings import WindowSettings
from epibench.data.store import Store
from epibench.data.windows import Tiles, fingerprint, tiled_windows
from epibench.errors import InputError
from epibench.evaluate.evaluate import coarsen
from epibench.evaluate.predictors import READ_AT_ONCE, Inputs, Predictor
from epibench.evaluate.within import WithinInputs

SCORES = ["variation_score", "pearson_r_per_sequence"]
COUNTS = [
    "targets",
    "test_windows",
    "windows_without_score",
    "constant_truth",
    "constant_prediction",
]
COLUMNS = ["predictor", "target", "evaluated_bin_size", *SCORES, *COUNTS, "test_set"]


def score_variation(
    name: str, predictor: Predictor, store: Store, settings: dict[str, Any]
) -> pd.DataFrame:
    """Score one predictor on the tiled test windows with a peak, at its own bin size.

    Scores of different bin sizes must not be compared: bins that move with the input vary by
    themselves.

    Parameters
    ----------
    name : str
        What the rows call the predictor.
    predictor : Predictor
        Anything that gives coverage for inputs.
    store : Store
        The coverage store.
    settings : dict
        `crops` drawn from each window, and their `seed`.

    Returns
    -------
    DataFrame
        `COLUMNS`, one row a target with peaks, and their mean. `variation_score` is the mean over
        the windows with a peak of that target, `pearson_r_per_sequence` the mean r within their
        central inputs. `test_windows` counts these windows, `windows_without_score` those of them
        whose mean prediction is not above 0; `targets` has a score. `test_set` is a checksum of
        what was scored: rows that differ must not share a table.

    Raises
    ------
    InputError
        When no test window has a peak, or windows leave no room for shifts.

    References
    ----------
    Toneyan et al. 2022, Methods, "Robustness test".
    """
    windows = WindowSettings(**store.summary["settings"]["windows"])
    region = windows.common_region()
    tiles, labels = windows_with_peaks(store)
    room = windows.length - windows.input_length
    centre = np.full((len(tiles), 1), room // 2)
    drawn = crop_offsets(store, tiles, room, settings["crops"], settings["seed"])
    offsets = np.hstack([drawn, centre])
    scores = np.empty(labels.shape)
    within = [WithinInputs(1) for _ in store.targets]
    for first in range(0, len(tiles), READ_AT_ONCE):
        part = slice(first, first + READ_AT_ONCE)
        here = Tiles(tiles.chrom[part], tiles.start[part], tiles.offset[part])
        prediction = _predict(predictor, store, here, offsets[part], windows.input_length)
        scores[part] = variation(prediction[:, :-1], drawn[part], predictor.bin_size, region)
        rows = here.offset[:, None] + room // 2 + np.arange(windows.input_length)
        truth = coarsen(store.coverage[rows].astype(np.float32), predictor.bin_size)
        for t, sums in enumerate(within):
            mine = labels[part, t] == 1
            sums.add(truth[mine, :, t : t + 1], prediction[mine, -1, :, t : t + 1])
    found = _rows(store.targets, scores, within, labels)
    test_set = _checksum(fingerprint(store, tiles, windows.length), offsets, labels)
    common = {"predictor": name, "evaluated_bin_size": predictor.bin_size, "test_set": test_set}
    return found.assign(**common)[COLUMNS]


def windows_with_peaks(store: Store) -> tuple[Tiles, np.ndarray]:
    """Give the tiled test windows with a peak of any target, and labels int8 (windows, targets).

    Targets without peaks (label -1) are named on standard output.

    Raises
    ------
    InputError
        When there is none.
    """
    windows = tiled_windows(store, "test")
    chosen = (windows.labels == 1).any(axis=1)
    if not chosen.any():
        raise InputError(
            f"none of the {len(windows)} tiled windows of the test chromosomes has a peak in its "
            "central input, so there is no variation score; check the peak files of the samples, "
            "or switch the experiment off"
        )
    labels = windows.labels[chosen]
    unknown = [t for t, column in zip(store.targets, labels.T, strict=True) if (column < 0).all()]
    if unknown:
        print(f"targets without peaks, left out: {', '.join(unknown)}")
    return Tiles(windows.chrom[chosen], windows.start[chosen], windows.offset[chosen]), labels


def crop_offsets(store: Store, tiles: Tiles, room: int, crops: int, seed: int) -> np.ndarray:
    """Draw where the inputs of each window start: 0 to `room` in bp, both ends included.

    The draw depends on the seed and on the window's chromosome and start, so every run gets the
    same crops, whatever else is scored.

    Returns
    -------
    int64, shape (windows, crops)
    """
    names = [name.encode() for name in store.chromosomes]
    offsets = np.empty((len(tiles), crops), np.int64)
    for i, (chrom, start) in enumerate(zip(tiles.chrom, tiles.start, strict=True)):
        rng = np.random.default_rng([seed, *names[chrom], int(start)])
        offsets[i] = rng.integers(0, room, crops, endpoint=True)
    return offsets


def variation(
    prediction: np.ndarray, offsets: np.ndarray, bin_size: int, region: slice
) -> np.ndarray:
    """Give the variation score of each window and target.

    Each bin is repeated to base resolution, and the crops are aligned on the region that all of
    them cover: mean over positions of the population standard deviation across crops, divided by
    the mean over positions and crops.

    Parameters
    ----------
    prediction : float, shape (windows, crops, bins, targets)
        Coverage of each crop.
    offsets : int, shape (windows, crops)
        Where each crop starts in its window, in bp.
    bin_size : int
        In bp.
    region : slice
        Positions of the window that every crop covers.

    Returns
    -------
    float64, shape (windows, targets)
        NaN where the mean is not above 0 (a linear output can predict below).
    """
    positions = np.arange(region.start, region.stop)
    scores = np.empty((len(prediction), prediction.shape[-1]))
    for window, (coverage, start) in enumerate(zip(prediction, offsets, strict=True)):
        bins = (positions - start[:, None]) // bin_size
        aligned = np.take_along_axis(coverage, bins[:, :, None], axis=1).astype(np.float64)
        mean = aligned.mean(axis=(0, 1))
        spread = aligned.std(axis=0).mean(axis=0)
        scores[window] = np.where(mean > 0, spread / np.where(mean > 0, mean, 1), np.nan)
    return scores


def _predict(
    predictor: Predictor, store: Store, tiles: Tiles, crops: np.ndarray, length: int
) -> np.ndarray:
    """Predict inputs that start at `crops` (windows, crops): (windows, crops, bins, targets)."""
    start = (tiles.start[:, None] + crops).ravel()
    rows = (tiles.offset[:, None] + crops).reshape(-1, 1) + np.arange(length)
    chrom = np.repeat(tiles.chrom, crops.shape[1])
    prediction = predictor.predict(Inputs(chrom, start, store.sequence[rows]))
    return prediction.reshape(*crops.shape, *prediction.shape[1:])


def _rows(
    targets: list[str], scores: np.ndarray, within: list[WithinInputs], labels: np.ndarray
) -> pd.DataFrame:
    """Give the rows of every target with peaks, and of their mean."""
    rows = []
    for target, score, sums, label in zip(targets, scores.T, within, labels.T, strict=True):
        if (label < 0).all():
            continue
        mine = score[label == 1]
        defined = mine[np.isfinite(mine)]
        rows.append(
            {
                "target": target,
                "variation_score": defined.mean() if len(defined) else np.nan,
                "pearson_r_per_sequence": sums.means()[0][0],
                "targets": int(len(defined) > 0),
                "test_windows": len(mine),
                "windows_without_score": len(mine) - len(defined),
                "constant_truth": sums.constant_truth[0],
                "constant_prediction": sums.constant_prediction[0],
            }
        )
    table = pd.DataFrame(rows)
    mean = {"target": "mean"} | table[SCORES].mean().to_dict() | table[COUNTS].sum().to_dict()
    return pd.concat([table, pd.DataFrame([mean])], ignore_index=True)


def _checksum(test_windows: str, offsets: np.ndarray, labels: np.ndarray) -> str:
    """Add crops and labels to the checksum of the windows: 12 hexadecimal digits."""
    content = sha256(test_windows.encode())
    content.update(offsets.astype("<i8").tobytes())
    content.update(labels.tobytes())
    return content.hexdigest()[:12]
