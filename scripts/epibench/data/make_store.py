"""Write the coverage store of a study in one streaming pass."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from hashlib import file_digest
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np

from epibench.data import stream_blocks
from epibench.data.bed import Regions, merge_regions, read_peaks
from epibench.data.bigwig import BigWig
from epibench.data.counts import Counts
from epibench.data.fasta import ChromosomeIndex, index_fasta, read_blocks
from epibench.data.masks import read_masks
from epibench.data.plan_windows import Place, plan_windows
from epibench.data.settings import CoverageSettings, GenomeFiles, SplitSettings, WindowSettings
from epibench.data.stream_blocks import Pass, Track, store_chromosome
from epibench.data.tally import LEVELS
from epibench.data.write_store import StoreWriter
from epibench.errors import InputError
from epibench.files import whole
from epibench.samples import Target
from epibench.words import SPLITS


def make_store(
    folder: str | Path,
    *,
    genome: GenomeFiles,
    targets: Sequence[Target],
    windows: WindowSettings,
    splits: SplitSettings,
    coverage: CoverageSettings = CoverageSettings(),  # noqa: B008 - it is frozen
    checksums: Mapping[str, str] | None = None,
    name_of: Callable[[str], str] = str,
    threads: int = 1,
    progress: Callable[[str], None] = print,
) -> dict:
    """Write sequence, coverage, masks and window tables of a study.

    Sequence and tracks are read in blocks, every track once, so memory does not grow with the
    genome. Thresholds are applied to float32 coverage, before it is stored as float16. The folder
    appears whole or not at all.

    Parameters
    ----------
    folder : str or Path
        Folder to make; one that is there is replaced.
    genome : GenomeFiles
        Reference sequence, and the regions that no window touches.
    targets : sequence of Target
        Local files of each target, in the order of the coverage columns.
    windows : WindowSettings
        Lengths and the declared window sets.
    splits : SplitSettings
        Which chromosomes train, validate and test.
    coverage : CoverageSettings
        What uncovered bases, stored NaN and negative values count as.
    checksums : mapping of str to str or None
        Checksums of files that were verified when they were fetched, like `md5:...`, by name; the
        SHA-256 of all others is computed.
    name_of : callable
        Takes the path of a file and gives what the summary calls it; default: the path.
    threads : int
        Tracks that are worked on at a time, default 1.
    progress : callable
        Takes one line a chromosome.

    Returns
    -------
    dict
        The summary, as in `summary.json`.

    Raises
    ------
    InputError
        When an input is missing, damaged or empty, inputs disagree on chromosomes, a track has no
        coverage in a split, or a declared window set has no windows in one.
    """
    pairs = _check_targets(targets, windows)
    index = index_fasta(genome.fasta)
    sizes = {name: chromosome.length for name, chromosome in index.items()}
    split_of = _assign(splits, sizes, genome.fasta)
    masks = read_masks(
        index, genome.excluded, genome.shortest_gap, genome.mappability, list(split_of)
    )
    summits = windows.peaks and windows.peak_anchor == "summit"
    peaks = [read_peaks(t.peaks, sizes, summits) if t.peaks else None for t in targets]
    of_peaks = {t.peaks: listed for t, listed in zip(targets, peaks, strict=True) if listed}
    unknown = {name: r.unknown for name, r in (masks | of_peaks).items() if r.unknown}
    with ExitStack() as stack, whole(folder) as temporary:
        tracks, replicates = _open_tracks(stack, targets, split_of, sizes, coverage)
        temporary.mkdir()
        writer = stack.enter_context(StoreWriter(temporary, len(targets)))
        pool = stack.enter_context(ThreadPoolExecutor(threads))
        work = Pass(writer, Counts(windows), tracks, replicates, windows, coverage, pool)
        places = _places(index, split_of, masks)
        _store_chromosomes(work, genome.fasta, places, peaks, progress)
        _refuse_silent(targets, work, split_of)
        _write_peaks(temporary, places, peaks)
        summary = writer.finish(
            {
                "settings": {
                    "windows": windows.model_dump(),
                    "splits": splits.model_dump(),
                    "coverage": coverage.model_dump(),
                },
                "chromosomes": [place.describe() for place in places.values()],
                "targets": [target.name for target in targets],
                "strand_pairs": pairs,
                **work.counts.describe(unknown),
                "peaks": _count_peaks(targets, peaks, split_of),
                "duplicate_peaks": sum(listed.duplicates for listed in peaks if listed),
                "unknown_chromosomes": unknown,
                "levels": LEVELS,
                "tracks": _describe(targets, tracks),
                "replicate2": _describe(targets, replicates),
                "files": _list_files(genome, targets, checksums or {}, name_of),
            }
        )
    return summary


def _store_chromosomes(
    work: Pass,
    fasta: str | Path,
    places: Mapping[str, Place],
    peaks: Sequence[Regions | None],
    progress: Callable[[str], None],
) -> None:
    """Read the sequence and the tracks of one chromosome after another."""
    for name, blocks in groupby(read_blocks(fasta, stream_blocks.BLOCK), itemgetter(0)):
        if name in places:
            began, place = time.perf_counter(), places[name]
            candidates = plan_windows(place, [p and p.on(name) for p in peaks], work.windows)
            uncovered = store_chromosome(work, place, (block[1:] for block in blocks), candidates)
            work.counts.add_chromosome(place, candidates, uncovered)
            progress(
                f"{name} ({place.split}): {place.length:,} bp, "
                f"{len(candidates['windows'].start):,} windows, "
                f"{time.perf_counter() - began:.1f} s"
            )


def _write_peaks(
    folder: Path, places: Mapping[str, Place], peaks: Sequence[Regions | None]
) -> None:
    """Write chromosome, target, start and end of every peak, in genome order."""
    parts = [
        np.column_stack([np.full(len(rows), place.number), np.full(len(rows), t), rows[:, :2]])
        for place in places.values()
        for t, listed in enumerate(peaks)
        if listed is not None
        for rows in [listed.on(place.name)]
    ]
    rows = np.concatenate([np.zeros((0, 4), np.int64), *parts])
    np.savez(
        folder / "peaks.npz", chrom=rows[:, 0], target=rows[:, 1], start=rows[:, 2], end=rows[:, 3]
    )


def _check_targets(targets: Sequence[Target], windows: WindowSettings) -> list[int]:
    """Check names and strand pairs; give each target's partner by index, itself without one."""
    names = [t.name for t in targets]
    if not targets or len(set(names)) < len(names):
        raise InputError(
            f"the targets are {names}: give at least one, and each name once in the samples table"
        )
    if windows.peaks and not any(t.peaks for t in targets):
        raise InputError(
            "the window set peaks is declared, but no target has a peak file; "
            "add peaks to the samples table or set windows.peaks to false"
        )
    partner = {t.name: t.strand_pair or t.name for t in targets}
    for name, other in partner.items():
        if partner.get(other) != name:
            raise InputError(
                f"target {name} has strand pair {other}, which does not name {name} in turn; "
                "correct strand_pair of both in the samples table"
            )
    return [names.index(partner[name]) for name in names]


def _assign(splits: SplitSettings, sizes: Mapping[str, int], fasta: str | Path) -> dict[str, str]:
    """Give the split of every chromosome that is used, in FASTA order."""
    known = ", ".join(list(sizes)[:30]) + (", ..." if len(sizes) > 30 else "")
    for split in SPLITS:
        for name in splits.named(split):
            if name not in sizes:
                raise InputError(
                    f"splits.{split} names chromosome {name}, which {fasta} does not have "
                    f"(it has {known}); correct the name"
                )
    split_of = {name: split for name in sizes if (split := splits.split_of(name))}
    if "train" not in split_of.values():
        raise InputError(
            f"no chromosome of {fasta} ({known}) is left for training; "
            "change splits.train or splits.exclude"
        )
    return split_of


def _open_tracks(
    stack: ExitStack,
    targets: Sequence[Target],
    split_of: Mapping[str, str],
    sizes: Mapping[str, int],
    coverage: CoverageSettings,
) -> tuple[list[Track], list[Track | None]]:
    """Open and check replicate 1 of every target, and replicate 2 for the test chromosomes."""
    used = {name: sizes[name] for name in split_of}
    tested = {name: sizes[name] for name, split in split_of.items() if split == "test"}

    def opened(path: str | None, chromosomes: Mapping[str, int]) -> Track | None:
        return path and Track(stack.enter_context(BigWig(path, chromosomes, coverage)))

    tracks = [opened(target.track, used) for target in targets]
    return tracks, [opened(target.replicate2, tested) for target in targets]


def _places(
    index: Mapping[str, ChromosomeIndex],
    split_of: Mapping[str, str],
    masks: Mapping[str, Regions],
) -> dict[str, Place]:
    """Give the used chromosomes in FASTA order, each with its excluded regions."""
    by_mask = {name: merge_regions([regions]) for name, regions in masks.items()}
    together = merge_regions(masks.values())
    none = np.zeros((0, 2), np.int64)
    return {
        name: Place(
            name,
            number,
            split_of[name],
            index[name],
            {mask: merged.get(name, none) for mask, merged in by_mask.items()},
            together.get(name, none),
        )
        for number, name in enumerate(split_of)
    }


def _refuse_silent(targets: Sequence[Target], work: Pass, split_of: Mapping[str, str]) -> None:
    """Refuse a track without any coverage in a split that it is read for."""
    for kind, tracks, splits in (
        ("track", work.tracks, SPLITS),
        ("replicate2", work.replicates, ["test"]),
    ):
        for target, track in zip(targets, tracks, strict=True):
            for split in splits if track else []:
                if not track.tallies[split].total:
                    names = ", ".join(name for name, s in split_of.items() if s == split)
                    raise InputError(
                        f"{getattr(target, kind)}: the {kind} of target {target.name} has no "
                        f"coverage on the {split} chromosomes ({names}); give another track or "
                        "leave the target out"
                    )


def _describe(targets: Sequence[Target], tracks: Sequence[Track | None]) -> dict[str, dict | None]:
    """Give what was counted in the track of each target, by split."""
    return {
        target.name: track and {split: tally.describe() for split, tally in track.tallies.items()}
        for target, track in zip(targets, tracks, strict=True)
    }


def _count_peaks(
    targets: Sequence[Target], peaks: Sequence[Regions | None], split_of: Mapping[str, str]
) -> dict[str, dict[str, int] | None]:
    """Count the peaks of each target by split."""
    return {
        target.name: listed
        and {
            split: sum(len(listed.on(name)) for name, s in split_of.items() if s == split)
            for split in SPLITS
        }
        for target, listed in zip(targets, peaks, strict=True)
    }


def _list_files(
    genome: GenomeFiles,
    targets: Sequence[Target],
    checksums: Mapping[str, str],
    name_of: Callable[[str], str],
) -> list[dict[str, str | int]]:
    """Give size and checksum of every input file."""
    paths = [genome.fasta, *genome.excluded]
    if genome.mappability:
        paths.append(genome.mappability.track)
    paths += [p for t in targets for p in (t.track, t.replicate2, t.peaks) if p]
    return [
        {
            "path": name,
            "bytes": Path(path).stat().st_size,
            "checksum": checksums.get(name) or f"sha256:{_sha256(path)}",
        }
        for path in dict.fromkeys(map(str, paths))
        for name in [name_of(path)]
    ]


def _sha256(path: str) -> str:
    with open(path, "rb") as file:
        return file_digest(file, "sha256").hexdigest()
