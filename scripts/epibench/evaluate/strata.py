"""Parts of the test set that the field argues about, as masks over the tiled inputs."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from epibench.data.bed import merge_regions, read_regions
from epibench.data.intervals import count_within
from epibench.evaluate.input_set import InputSet

GC_EDGES = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6)
DISTANCES = (2_000, 10_000, 50_000)  # bp
DECILES = 10


def strata(
    inputs: InputSet, promoters: str | Path | None = None
) -> Iterator[tuple[str, str, np.ndarray]]:
    """Give the strata of a test set.

    Parameters
    ----------
    inputs : InputSet
        The tiled inputs.
    promoters : path or None
        BED file: an input that overlaps one of its regions is at a promoter, all others distal.

    Yields
    ------
    stratum : str
        `specificity`: inputs with a peak of the target, by whether another target has one as well;
        `neighbour`: the same inputs by the distance from the input to the nearest peak of another
        target; `height`: the same by decile of their mean measured coverage, `10` the highest;
        `gc`: all inputs by their share of G and C; `annotation`: promoter and distal ones.
    value : str
    member : bool, shape (inputs, targets)
    """
    has = inputs.labels == 1
    known = (inputs.labels >= 0).any(axis=0)
    if known.sum() > 1:
        others = has.sum(axis=1, keepdims=True) - has
        yield "specificity", "specific", has & (others == 0)
        yield "specificity", "shared", has & (others > 0)
        yield from _by_distance(inputs, has)
    if known.any():
        yield from _by_height(inputs, has)
    yield from _by_gc(inputs)
    if promoters:
        yield from _by_annotation(inputs, promoters)


def _by_distance(inputs: InputSet, has: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
    distance = np.stack(
        [nearest_other(inputs, t) for t in range(len(inputs.store.targets))], axis=1
    )
    edges = (0, *DISTANCES, np.inf)
    names = ["overlapping"]
    names += [f"up to {edge / 1000:g} kb" for edge in DISTANCES]
    names.append(f"beyond {DISTANCES[-1] / 1000:g} kb")
    which = np.searchsorted(edges[:-1], distance, side="left")
    for i, name in enumerate(names):
        yield "neighbour", name, has & (which == i)


def nearest_other(inputs: InputSet, target: int) -> np.ndarray:
    """Give the distance in bp from each input to the nearest peak of another target.

    Returns
    -------
    float64, shape (inputs,)
        0 where they overlap, infinite where the chromosome has none.
    """
    peaks = inputs.store.table("peaks")
    tiles = inputs.tiles
    distance = np.full(len(inputs), np.inf)
    for chrom in np.unique(tiles.chrom):
        here = np.flatnonzero(tiles.chrom == chrom)
        mine = (peaks["chrom"] == chrom) & (peaks["target"] != target)
        if not mine.any():
            continue
        order = np.argsort(peaks["start"][mine], kind="stable")
        start, end = peaks["start"][mine][order], peaks["end"][mine][order]
        first, last = tiles.start[here], tiles.start[here] + inputs.length
        at = np.searchsorted(start, last)  # peaks before it start left of the input's end
        reach = np.concatenate([[-np.inf], np.maximum.accumulate(end)])
        begin = np.concatenate([start, [np.inf]])
        left = np.maximum(first - reach[at], 0)
        distance[here] = np.minimum(left, begin[at] - last)
    return distance


def _by_height(inputs: InputSet, has: np.ndarray) -> Iterator[tuple[str, str, np.ndarray]]:
    levels = np.arange(1, DECILES) / DECILES
    decile = np.zeros(has.shape, np.int64)
    for t in np.flatnonzero(has.any(axis=0)):
        edges = np.quantile(inputs.mean[has[:, t], t], levels)
        decile[:, t] = 1 + np.searchsorted(edges, inputs.mean[:, t], side="right")
    for i in range(1, DECILES + 1):
        yield "height", str(i), has & (decile == i)


def _by_gc(inputs: InputSet) -> Iterator[tuple[str, str, np.ndarray]]:
    which = np.searchsorted(GC_EDGES, inputs.gc, side="right")
    names = [f"below {GC_EDGES[0]:.2f}"]
    names += [f"{a:.2f} to {b:.2f}" for a, b in pairwise(GC_EDGES)]
    names.append(f"{GC_EDGES[-1]:.2f} and above")
    for i, name in enumerate(names):
        yield "gc", name, np.repeat((which == i)[:, None], len(inputs.store.targets), axis=1)


def _by_annotation(
    inputs: InputSet, promoters: str | Path
) -> Iterator[tuple[str, str, np.ndarray]]:
    store, tiles = inputs.store, inputs.tiles
    regions = merge_regions([read_regions(promoters, store.chromosomes)])
    near = np.zeros(len(inputs), bool)
    for number, name in enumerate(store.chromosomes):
        here = tiles.chrom == number
        if name in regions:
            near[here] = count_within(tiles.start[here], inputs.length, regions[name]) > 0
    for name, member in (("promoter", near), ("distal", ~near)):
        yield "annotation", name, np.repeat(member[:, None], len(store.targets), axis=1)
