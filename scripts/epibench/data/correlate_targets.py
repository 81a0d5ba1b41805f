"""Correlate the coverage of all targets over the regions where any of them has a peak."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from epibench.data.bed import merge_regions, read_peaks
from epibench.data.bigwig import BigWig
from epibench.data.fasta import index_fasta
from epibench.data.intervals import count_within
from epibench.data.masks import read_masks
from epibench.data.settings import CoverageSettings, GenomeFiles, SplitSettings
from epibench.errors import InputError
from epibench.evaluate.moments import correlation, is_constant
from epibench.samples import Target

FEWEST = 3
"""Regions below which r is no statement: over two regions it is always 1 or -1."""

_PIECE = 1 << 20


@dataclass(frozen=True)
class Correlation:
    """Hold `r`, float64 (targets, targets), and the number of regions that it was taken over.

    `r` is NaN where either track does not vary over the regions, and everywhere else 1 on the
    diagonal.
    """

    r: np.ndarray
    regions: int


def correlate_targets(
    targets: Sequence[Target],
    *,
    genome: GenomeFiles,
    splits: SplitSettings,
    coverage: CoverageSettings = CoverageSettings(),  # noqa: B008 - it is frozen
    progress: Callable[[str], None] = print,
) -> Correlation:
    """Give Pearson's r between the tracks of all targets (Toneyan et al. 2022, Methods).

    It is taken over the mean coverage of regions: the peaks of all targets, merged where they
    overlap or touch, on the chromosomes that the study uses, without the regions that touch an
    excluded one. Coverage is replicate 1 as it stands in the file, uncovered bases as 0; targets
    without peaks take part.

    Parameters
    ----------
    targets : sequence of Target
        With local files; at least one has peaks.
    genome : GenomeFiles
        Reference sequence and excluded regions.
    splits : SplitSettings
        Which chromosomes are used.
    coverage : CoverageSettings
        What stored NaN and negative values count as.
    progress : callable
        Takes one line a track.

    Raises
    ------
    InputError
        When an input is missing, damaged or of another assembly, or fewer than three regions are
        left.
    """
    index = index_fasta(genome.fasta)
    sizes = {name: chromosome.length for name, chromosome in index.items()}
    used = {name: size for name, size in sizes.items() if splits.split_of(name)}
    masks = read_masks(index, genome.excluded, genome.shortest_gap, genome.mappability, list(used))
    regions = untouched(
        merge_regions(read_peaks(target.peaks, sizes) for target in targets if target.peaks),
        merge_regions(masks.values()),
        list(used),
    )
    count = sum(map(len, regions.values()))
    if count < FEWEST:
        raise InputError(
            f"{', '.join(t.peaks for t in targets if t.peaks)}: {count} merged peaks lie on the "
            f"chromosomes of the study ({', '.join(used)}) and touch no excluded region, too few "
            "to correlate targets; give more peaks, or leave the column peaks of the samples table "
            "empty"
        )
    means = []
    for target in targets:
        with BigWig(target.track, used, coverage) as track:
            means.append(region_means(track, regions))
        progress(f"{target.name}: mean coverage of {count:,} peak regions")
    return Correlation(pearson_r(np.stack(means)), count)


def untouched(
    regions: Mapping[str, np.ndarray], excluded: Mapping[str, np.ndarray], used: Sequence[str]
) -> dict[str, np.ndarray]:
    """Keep the regions on used chromosomes that touch no excluded region.

    Both mappings are as `epibench.data.bed.merge_regions` gives them: int64 (regions, 2), start and
    end, sorted and disjoint.
    """
    kept, none = {}, np.zeros((0, 2), np.int64)
    for chrom in used:
        found = regions.get(chrom, none)
        length = found[:, 1] - found[:, 0]
        kept[chrom] = found[count_within(found[:, 0], length, excluded.get(chrom, none)) == 0]
    return kept


def region_means(track: BigWig, regions: Mapping[str, np.ndarray]) -> np.ndarray:
    """Give the mean coverage of each region, float64 (regions,), reading only the regions."""
    return np.array(
        [
            _total(track, chrom, start, end) / (end - start)
            for chrom, rows in regions.items()
            for start, end in rows.tolist()
        ]
    )


def _total(track: BigWig, chrom: str, start: int, end: int) -> float:
    """Add up the coverage of a region, of which a piece is in memory at a time."""
    return sum(
        track.read(chrom, at, min(at + _PIECE, end)).sum(dtype=np.float64)
        for at in range(start, end, _PIECE)
    )


def pearson_r(values: np.ndarray) -> np.ndarray:
    """Give Pearson's r between the rows of float64 (targets, regions), NaN for a constant row."""
    mean = values.mean(axis=1, keepdims=True)
    centred = values - mean
    squares = np.square(centred).sum(axis=1)
    r = correlation(centred @ centred.T, squares[:, None], squares[None])
    r[is_constant(squares, mean[:, 0], values.shape[1])] = np.nan
    r[:, np.isnan(r.diagonal())] = np.nan
    return r
