"""Gather the regions that no window may touch, by what they are."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from epibench.data.bed import Regions, read_regions
from epibench.data.bigwig import BigWig
from epibench.data.fasta import ChromosomeIndex
from epibench.data.intervals import runs
from epibench.data.settings import Mappability
from epibench.errors import InputError

READ = 1 << 20
"""About how many positions of a mappability track are in memory at a time."""


def read_masks(
    genome: Mapping[str, ChromosomeIndex],
    excluded: Sequence[str | Path],
    shortest_gap: int | None,
    mappability: Mappability | None,
    used: Sequence[str],
) -> dict[str, Regions]:
    """Read every kind of excluded region of a genome.

    Parameters
    ----------
    genome : mapping of str to ChromosomeIndex
        The indexed FASTA file.
    excluded : sequence of (str or Path)
        BED, bigBed or gap files.
    shortest_gap : int or None
        Shortest run of N in bp that is an assembly gap; None: no gaps from the sequence.
    mappability : Mappability or None
        Track and cut-off, with a local path.
    used : sequence of str
        Chromosomes whose mappability is read.

    Returns
    -------
    dict of str to Regions
        By name: that of the file (its path where two have one name), `assembly gaps`, `low
        mappability`.

    Raises
    ------
    InputError
        When a file is missing, damaged or of another assembly.
    """
    sizes = {name: chromosome.length for name, chromosome in genome.items()}
    masks = {}
    for path in excluded:
        name = _name(path) if _name(path) not in masks else str(path)
        masks[name] = read_regions(path, sizes)
    if shortest_gap:
        gaps = {name: _long(chromosome, shortest_gap) for name, chromosome in genome.items()}
        masks["assembly gaps"] = _regions(gaps)
    if mappability:
        with BigWig(mappability.track, {name: sizes[name] for name in used}) as track:
            low = {name: _unmappable(track, name, sizes[name], mappability) for name in used}
        masks["low mappability"] = _regions(low)
    return masks


def _name(path: str | Path) -> str:
    """Name a mask as its file, without the checksum that a download's name begins with."""
    name = Path(path).name
    start, dash, rest = name.partition("-")
    return rest if dash and len(start) == 8 and not start.strip("0123456789abcdef") else name


def _long(chromosome: ChromosomeIndex, shortest: int) -> np.ndarray:
    """Give the runs of N that are long enough."""
    unknown = chromosome.unknown
    return unknown[unknown[:, 1] - unknown[:, 0] >= shortest]


def _unmappable(track: BigWig, chrom: str, length: int, settings: Mappability) -> np.ndarray:
    """Give the runs of stretches whose mean mappability is below the cut-off."""
    step = settings.stretch * max(1, READ // settings.stretch)
    low = []
    for start in range(0, length, step):
        values = track.read(chrom, start, min(start + step, length))
        if values.max() > 1:
            at = int(np.argmax(values > 1))
            raise InputError(
                f"{settings.track}: the mappability at {chrom}:{start + at} (0-based) is "
                f"{values[at]:g}, above 1; give a track of shares from 0 to 1"
            )
        edges = np.arange(0, len(values), settings.stretch)
        sizes = np.diff(np.append(edges, len(values)))
        low.append(np.add.reduceat(values, edges) / sizes < settings.cutoff)
    return np.minimum(runs(np.concatenate(low)) * settings.stretch, length)


def _regions(intervals: Mapping[str, np.ndarray]) -> Regions:
    """Give intervals as the regions of a file."""
    rows = {
        name: np.column_stack([found, found[:, 0]])
        for name, found in intervals.items()
        if len(found)
    }
    return Regions(rows, {})
