"""Score how much predictions change when the input is shifted (Toneyan et al. 2022, Fig. 3a).

Beside the paper's score, two that are comparable across bin sizes: of shifts, and of the reverse
complement of the input.
"""

from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd

from epibench.data.settings import WindowSettings
from epibench.data.store import Store
from epibench.data.windows import Tiles, fingerprint, tiled_windows
from epibench.errors import InputError
from epibench.evaluate.evaluate import coarsen
from epibench.evaluate.moments import correlation, is_constant
from epibench.evaluate.predictors import READ_AT_ONCE, Inputs, Predictor
from epibench.evaluate.within import WithinInputs, central_sums
from epibench.sequence import reverse_complement

SCORES = [
    "variation_score",
    "variation_score_common",
    "reverse_complement_difference",
    "reverse_complement_r",
    "pearson_r_per_sequence",
]
FEWEST_CELLS = 4
"""Cells of the common grid that the common region holds at least."""
COUNTS = [
    "targets",
    "test_windows",
    "windows_without_score",
    "constant_truth",
    "constant_prediction",
]
COLUMNS = [
    *("predictor", "target", "evaluated_bin_size", "common_bin_size"),
    *SCORES,
    *COUNTS,
    "test_set",
]


def score_variation(
    name: str, predictor: Predictor, store: Store, settings: dict[str, Any]
) -> pd.DataFrame:
    """Score one predictor on the tiled test windows with a peak.

    `variation_score` and `pearson_r_per_sequence` are at the predictor's own bin size and must not
    be compared across bin sizes: bins that move with the input vary by themselves. The others are
    of predictions averaged to `common_bin_size`, the same for all predictors of a store, and can be
    compared; a bin size that does not divide it has none. Binary predictors have no score: a
    spread cannot be divided by a logit, and the config is refused.

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
        `COLUMNS`, one row a target with peaks, and their mean. `variation_score` (see `variation`)
        and `variation_score_common` (`variation_on_grid`) are means over the windows with a peak of
        that target, `pearson_r_per_sequence` the mean r within their central inputs;
        `reverse_complement_difference` and `reverse_complement_r` compare the predictions of
        these inputs and of their reverse complements (`agreement`). `test_windows` counts the
        windows, `windows_without_score` those of them whose mean prediction is not above 0;
        `targets` has a score. `test_set` is a checksum of what was scored: rows that differ must
        not share a table.

    Raises
    ------
    InputError
        When no test window has a peak, or windows leave no room for shifts.

    References
    ----------
    Toneyan et al. 2022, Methods, "Robustness test".
    """
    windows = WindowSettings(**store.summary["settings"]["windows"])
    room, common = windows.length - windows.input_length, common_bin_size(windows)
    tiles, labels = windows_with_peaks(store)
    drawn = crop_offsets(store, tiles, room, settings["crops"], settings["seed"])
    offsets = np.pad(drawn, ((0, 0), (0, 1)), constant_values=room // 2)
    scores, both = [], []
    within = [WithinInputs(1) for _ in store.targets]
    for first in range(0, len(tiles), READ_AT_ONCE):
        part = slice(first, first + READ_AT_ONCE)
        here = Tiles(tiles.chrom[part], tiles.start[part], tiles.offset[part])
        prediction = _predict(predictor, store, here, offsets[part], windows.input_length)
        flipped = _predict_opposite(predictor, store, here, room // 2, windows.input_length)
        crops, central = prediction[:, :-1], prediction[:, -1]
        scores.append(_variations(crops, drawn[part], predictor.bin_size, windows))
        both.append(_to_common(np.stack([central, flipped]), predictor.bin_size, common))
        _add_profiles(within, store, here, labels[part], room // 2, central)
    joined = np.concatenate(scores, axis=1), np.concatenate(both, axis=1)
    found = _rows(store.targets, *joined, within, labels)
    test_set = _checksum(fingerprint(store, tiles, windows.length), offsets, labels)
    sizes = {"evaluated_bin_size": predictor.bin_size, "common_bin_size": common}
    return found.assign(predictor=name, test_set=test_set, **sizes)[COLUMNS]


def common_bin_size(windows: WindowSettings) -> int:
    """Give the bin size in bp of the grid that scores are compared on: 256 by default.

    The coarsest that divides the input, so that bins fill it, and of which the region that all
    crops cover holds at least 4: a wider one would leave few places to vary at.
    """
    region = windows.common_region()
    longest = (region.stop - region.start) // FEWEST_CELLS
    sizes = range(1, max(longest, 1) + 1)
    return max(size for size in sizes if windows.input_length % size == 0)


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
    scores = np.empty((len(prediction), prediction.shape[-1]))
    for window, (coverage, start) in enumerate(zip(prediction, offsets, strict=True)):
        aligned = _align(coverage, start, bin_size, region)
        scores[window] = _relative_spread(aligned)
    return scores


def variation_on_grid(
    prediction: np.ndarray, offsets: np.ndarray, bin_size: int, common: int, region: slice
) -> np.ndarray:
    """Give the variation score of each window and target on a grid that all predictors share.

    The cells of the grid are fixed on the genome: bins of `common` bp from the start of the region.
    Each crop is first averaged to bins of `common` bp that start with the crop, whatever its own
    bin size, so that all predictors are cut alike; these bins are repeated to base resolution and
    averaged over the cells. Two predictors that predict the same coverage therefore get the same
    score at any bin size that divides `common`. A cell that a crop's bins cut in two becomes a mean
    of both, weighted by their share of the cell. That mean stands for the centre of the cell
    wherever the cut is, so coverage that moves with the genome adds variation by its curvature
    only: a straight slope has a score of 0, which it has not in `variation`.

    Parameters
    ----------
    prediction, offsets, region
        See `variation`.
    bin_size, common : int
        Of the prediction and of the grid, in bp.

    Returns
    -------
    float64, shape (windows, targets)
        NaN where the mean is not above 0, and everywhere when `bin_size` does not divide `common`.
    """
    scores = np.full((len(prediction), prediction.shape[-1]), np.nan)
    if common % bin_size:
        return scores
    for window, (coverage, start) in enumerate(zip(prediction, offsets, strict=True)):
        aligned = _align(coarsen(coverage, common // bin_size), start, common, region)
        cells = aligned.shape[1] // common
        scores[window] = _relative_spread(coarsen(aligned[:, : cells * common], common))
    return scores


def agreement(both: np.ndarray) -> tuple[float, float]:
    """Compare the predictions of inputs and of their reverse complements, flipped back.

    Parameters
    ----------
    both : float64, shape (2, inputs, bins)
        Both predictions of one target at the same bins.

    Returns
    -------
    difference : float
        Mean absolute difference divided by the mean of both; NaN where that is not above 0.
    r : float
        Pearson's r over all bins of all inputs; NaN where either side does not vary.
    """
    pair = both.reshape(2, -1)
    mean = pair.mean(axis=1)
    squares, cross = central_sums(pair - mean[:, None])
    constant = is_constant(squares, mean, pair.shape[1]).any()
    r = np.nan if constant else float(correlation(cross, *squares))
    level = mean.mean()
    return (abs(pair[0] - pair[1]).mean() / level if level > 0 else np.nan), r


def _align(coverage: np.ndarray, start: np.ndarray, bin_size: int, region: slice) -> np.ndarray:
    """Repeat the bins of crops (crops, bins, targets) over the region: (crops, bp, targets)."""
    bins = (np.arange(region.start, region.stop) - start[:, None]) // bin_size
    return np.take_along_axis(coverage, bins[:, :, None], axis=1).astype(np.float64)


def _relative_spread(aligned: np.ndarray) -> np.ndarray:
    """Divide the mean spread across crops of (crops, places, targets) by the mean: (targets,)."""
    mean = aligned.mean(axis=(0, 1))
    spread = aligned.std(axis=0).mean(axis=0)
    return np.where(mean > 0, spread / np.where(mean > 0, mean, 1), np.nan)


def _variations(
    crops: np.ndarray, offsets: np.ndarray, bin_size: int, windows: WindowSettings
) -> list[np.ndarray]:
    """Give both variation scores of each window and target."""
    region, common = windows.common_region(), common_bin_size(windows)
    return [
        variation(crops, offsets, bin_size, region),
        variation_on_grid(crops, offsets, bin_size, common, region),
    ]


def _add_profiles(
    within: list[WithinInputs],
    store: Store,
    tiles: Tiles,
    labels: np.ndarray,
    offset: int,
    prediction: np.ndarray,
) -> None:
    """Add truth and prediction of central inputs to the sums of the targets with a peak there."""
    length = store.summary["settings"]["windows"]["input_length"]
    rows = tiles.offset[:, None] + offset + np.arange(length)
    coverage = store.coverage[rows].astype(np.float32)
    truth = coarsen(coverage, length // prediction.shape[1])
    for t, sums in enumerate(within):
        mine = labels[:, t] == 1
        sums.add(truth[mine, :, t : t + 1], prediction[mine, :, t : t + 1])


def _to_common(pair: np.ndarray, bin_size: int, common: int) -> np.ndarray:
    """Average (2, inputs, bins, targets) to bins of `common` bp; NaN where they do not fit."""
    strands, inputs, bins, targets = pair.shape
    if common % bin_size:
        return np.full((strands, inputs, bins * bin_size // common, targets), np.nan)
    flat = coarsen(pair.reshape(-1, bins, targets), common // bin_size)
    return flat.reshape(strands, inputs, -1, targets)


def _predict(
    predictor: Predictor, store: Store, tiles: Tiles, crops: np.ndarray, length: int
) -> np.ndarray:
    """Predict inputs that start at `crops` (windows, crops): (windows, crops, bins, targets)."""
    start = (tiles.start[:, None] + crops).ravel()
    rows = (tiles.offset[:, None] + crops).reshape(-1, 1) + np.arange(length)
    chrom = np.repeat(tiles.chrom, crops.shape[1])
    prediction = predictor.predict(Inputs(chrom, start, store.sequence[rows]))
    return prediction.reshape(*crops.shape, *prediction.shape[1:])


def _predict_opposite(
    predictor: Predictor, store: Store, tiles: Tiles, offset: int, length: int
) -> np.ndarray:
    """Predict from the reverse complement, turned back: (windows, bins, targets).

    Bins are reversed, and targets of opposite strands swapped.
    """
    rows = (tiles.offset + offset)[:, None] + np.arange(length)
    sequence = reverse_complement(store.sequence[rows])
    prediction = predictor.predict(Inputs(tiles.chrom, tiles.start + offset, sequence))
    return prediction[:, ::-1, store.strand_pairs]


def _rows(
    targets: list[str],
    scores: np.ndarray,
    both: np.ndarray,
    within: list[WithinInputs],
    labels: np.ndarray,
) -> pd.DataFrame:
    """Give the rows of every target with peaks, and of their mean."""
    rows = []
    for t, target in enumerate(targets):
        mine = labels[:, t] == 1
        if (labels[:, t] < 0).all():
            continue
        own, common = scores[:, mine, t]
        difference, r = agreement(both[..., t][:, mine]) if mine.any() else (np.nan, np.nan)
        rows.append(
            {
                "target": target,
                "variation_score": _mean(own),
                "variation_score_common": _mean(common),
                "reverse_complement_difference": difference,
                "reverse_complement_r": r,
                "pearson_r_per_sequence": within[t].means()[0][0],
                "targets": int(np.isfinite(own).any()),
                "test_windows": len(own),
                "windows_without_score": int(np.isnan(own).sum()),
                "constant_truth": within[t].constant_truth[0],
                "constant_prediction": within[t].constant_prediction[0],
            }
        )
    table = pd.DataFrame(rows)
    mean = {"target": "mean"} | table[SCORES].mean().to_dict() | table[COUNTS].sum().to_dict()
    return pd.concat([table, pd.DataFrame([mean])], ignore_index=True)


def _mean(scores: np.ndarray) -> float:
    """Average what is defined, NaN where nothing is."""
    defined = scores[np.isfinite(scores)]
    return float(defined.mean()) if len(defined) else float("nan")


def _checksum(test_windows: str, offsets: np.ndarray, labels: np.ndarray) -> str:
    """Add crops and labels to the checksum of the windows: 12 hexadecimal digits."""
    content = sha256(test_windows.encode())
    content.update(offsets.astype("<i8").tobytes())
    content.update(labels.tobytes())
    return content.hexdigest()[:12]
