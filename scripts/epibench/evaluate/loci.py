"""Choose loci of the test chromosomes and read measured and predicted coverage there."""

import csv
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from epibench.data.bigwig import open_big
from epibench.data.intervals import tile
from epibench.data.store import Store
from epibench.data.windows import Tiles, fingerprint, tile_inputs
from epibench.errors import InputError
from epibench.evaluate.evaluate import coarsen
from epibench.evaluate.tracks import adjacent
from epibench.files import whole
from epibench.locus import Locus, parse_locus

PICKS = {"highest": 1.0, "90th percentile": 0.9, "median": 0.5}
"""Loci that are chosen, by their rank in activity: 1 is the most active."""

COLUMNS = ("locus", "chrom", "start", "end")

_AT_ONCE = 64


def choose_loci(store: Store, settings: dict[str, Any]) -> dict[str, Locus]:
    """Give the loci of the picture: those of the config, or chosen by the measured coverage.

    Parameters
    ----------
    store : Store
        The study's coverage store.
    settings : dict
        `loci` (list of text, may be empty) and `locus_length` (bp) of the config's `tracks`.

    Returns
    -------
    dict of str to Locus
        By the name that table and figure show.

    Raises
    ------
    InputError
        When a locus of the config ends beyond its chromosome or no tiled input overlaps it, or
        when no stretch is long enough to choose from.
    """
    length = _input_length(store)
    tiles = tile_inputs(store, "test", length)
    if not settings["loci"]:
        return pick_loci(store, tiles, settings["locus_length"])
    loci = {text: parse_locus(text) for text in settings["loci"]}
    for text, locus in loci.items():
        size = store.chromosomes[locus.chrom]
        if locus.end > size:
            raise InputError(
                f"tracks.loci: {text} ends beyond {locus.chrom}, which has {size} bp; correct it"
            )
        if not _overlapping(store, tiles, locus).any():
            raise InputError(
                f"tracks.loci: no tiled input overlaps {text}: it is not mappable, mostly N, or "
                f"between stretches shorter than windows.input_length = {length}; choose another"
            )
    return loci


def pick_loci(store: Store, tiles: Tiles, locus_length: int) -> dict[str, Locus]:
    """Pick a locus of the highest, a high and the usual activity, by the measured coverage alone.

    Stretches of tiled inputs are cut into loci of whole inputs. The activity of a locus is its mean
    coverage divided by that of all tiled inputs, averaged over targets. No prediction is looked at,
    so no model is flattered.

    Parameters
    ----------
    store : Store
        Holds the measured coverage.
    tiles : Tiles
        The non-overlapping inputs of the test chromosomes.
    locus_length : int
        In bp, rounded up to whole inputs.

    Returns
    -------
    dict of str to Locus
        By the names of `PICKS`; fewer where a name would repeat the locus of another.

    Raises
    ------
    InputError
        When no stretch holds a locus.
    """
    length = _input_length(store)
    inputs = -(-locus_length // length)
    first = tile(adjacent(tiles, length), inputs, inputs)
    if not len(first):
        raise InputError(
            f"no mappable stretch of the test chromosomes holds {inputs} inputs of {length} bp; "
            f"lower tracks.locus_length = {locus_length}, or name tracks.loci"
        )
    activity = _activity(store, tiles, length)
    of_loci = activity[first[:, None] + np.arange(inputs)].mean(axis=1)
    order = first[np.argsort(of_loci, kind="stable")]
    loci: dict[str, Locus] = {}
    for name, share in PICKS.items():
        at = order[ceil(share * (len(order) - 1) - 0.5)]
        start = int(tiles.start[at])
        locus = Locus(list(store.chromosomes)[tiles.chrom[at]], start, start + inputs * length)
        if locus not in loci.values():
            loci[name] = locus
    return loci


def write_loci(loci: dict[str, Locus], path: str | Path) -> None:
    """Write loci as a TSV with the columns `COLUMNS`."""
    with whole(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as handle:
        table = csv.writer(handle, delimiter="\t", lineterminator="\n")
        table.writerow(COLUMNS)
        table.writerows([name, *locus] for name, locus in loci.items())


def read_loci(
    name: str,
    store: Store,
    tracks: str | Path,
    loci: str | Path,
    *,
    bin_size: int,
    targets: list[str],
) -> pd.DataFrame:
    """Read measured and predicted coverage of each bin of the loci.

    Bins that no tiled input covers have no row; those that a locus only touches belong to it.

    Parameters
    ----------
    name : str
        What the rows call the predictor.
    store : Store
        Holds the measured coverage.
    tracks : path
        Folder with the files of `epibench.evaluate.tracks.write_tracks`.
    loci : path
        File of `write_loci`.
    bin_size : int
        Of the predictor, in bp.
    targets : list of str
        To read, in this order; empty: all.

    Returns
    -------
    DataFrame
        One row a target, locus and bin: `predictor`, `target`, `locus`, `chrom`, `locus_start`,
        `locus_end`, `start`, `end` (of the bin), `measured`, `predicted` (float32, NaN where the
        predictor gave none), `evaluated_bin_size`, `test_set`.
    """
    length = _input_length(store)
    tiles = tile_inputs(store, "test", length)
    test_set = fingerprint(store, tiles, length)
    parts = []
    for row in pd.read_csv(loci, sep="\t", dtype={"locus": str, "chrom": str}).itertuples():
        locus = Locus(row.chrom, row.start, row.end)
        start, measured = _measured(store, tiles, locus, bin_size)
        for target in targets or store.targets:
            columns = {
                "predictor": name,
                "target": target,
                "locus": row.locus,
                "chrom": row.chrom,
                "locus_start": row.start,
                "locus_end": row.end,
                "start": start,
                "end": start + bin_size,
                "measured": measured[:, store.targets.index(target)],
                "predicted": _predicted(Path(tracks) / f"{target}.bw", row.chrom, start),
                "evaluated_bin_size": bin_size,
                "test_set": test_set,
            }
            parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def _input_length(store: Store) -> int:
    return store.summary["settings"]["windows"]["input_length"]


def _activity(store: Store, tiles: Tiles, length: int) -> np.ndarray:
    """Give each tile's coverage relative to that of all, mean over targets: float64 (tiles,)."""
    means = np.empty((len(tiles), len(store.targets)))
    for first in range(0, len(tiles), _AT_ONCE):
        part = slice(first, first + _AT_ONCE)
        rows = tiles.offset[part, None] + np.arange(length)
        means[part] = store.coverage[rows].astype(np.float32).mean(axis=1, dtype=np.float64)
    overall = means.mean(axis=0)
    # A target without coverage says nothing about where it is high.
    return (means / np.where(overall > 0, overall, np.inf)).mean(axis=1)


def _overlapping(store: Store, tiles: Tiles, locus: Locus) -> np.ndarray:
    """Tell which tiles overlap a locus: bool (tiles,)."""
    here = tiles.chrom == list(store.chromosomes).index(locus.chrom)
    return here & (tiles.start < locus.end) & (tiles.start + _input_length(store) > locus.start)


def _measured(
    store: Store, tiles: Tiles, locus: Locus, bin_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """Give the starts of a locus's bins, int64 (bins,), and their coverage (bins, targets)."""
    near = _overlapping(store, tiles, locus)
    inside = np.arange(_input_length(store))
    coverage = coarsen(store.coverage[tiles.offset[near, None] + inside], bin_size)
    start = (tiles.start[near, None] + inside[::bin_size]).ravel()
    kept = (start < locus.end) & (start + bin_size > locus.start)
    return start[kept], coverage.reshape(len(start), -1)[kept].astype(np.float32)


def _predicted(path: Path, chrom: str, start: np.ndarray) -> np.ndarray:
    """Read the values at the first positions of bins, float32 (bins,)."""
    file = open_big(path)
    try:
        first, last = int(start[0]), int(start[-1])
        values = file.values(chrom, first, last + 1, numpy=True)
        return values[start - first] if len(values) else np.full(len(start), np.nan, np.float32)
    finally:
        file.close()
