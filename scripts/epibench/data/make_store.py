"""Write the coverage store of a study in one streaming pass."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from hashlib import file_digest
from pathlib import Path

import numpy as np

from epibench.data.bed import merge_regions, read_regions
from epibench.data.bigwig import BigWig
from epibench.data.fasta import read_fasta, read_sizes
from epibench.data.plan_windows import Candidates, Place, plan_windows
from epibench.data.settings import SplitSettings, WindowSettings, threshold_set
from epibench.data.stream_blocks import store_chromosome
from epibench.data.write_store import StoreWriter
from epibench.errors import InputError
from epibench.files import whole
from epibench.samples import Target
from epibench.words import SPLITS


def make_store(
    folder: str | Path,
    *,
    fasta: str | Path,
    targets: Sequence[Target],
    excluded: Sequence[str | Path],
    windows: WindowSettings,
    splits: SplitSettings,
    progress: Callable[[str], None] = print,
) -> dict:
    """Write sequence, coverage, masks and window tables of a study.

    Every track is read once, in blocks, so memory does not grow with the genome beyond one
    chromosome's sequence. Thresholds are applied to float32 coverage, before it is stored as
    float16. The folder appears whole or not at all.

    Parameters
    ----------
    folder : str or Path
        Folder to make; one that is there is replaced.
    fasta : str or Path
        Reference sequence, plain, gzip or bgzip.
    targets : sequence of Target
        Local files of each target, in the order of the coverage columns.
    excluded : sequence of (str or Path)
        BED files of unmappable regions, gaps, blacklist; merged. No window touches them.
    windows : WindowSettings
        Lengths and the declared window sets.
    splits : SplitSettings
        Which chromosomes train, validate and test.
    progress : callable
        Takes one line a chromosome.

    Returns
    -------
    dict
        The summary, as in `summary.json`.

    Raises
    ------
    InputError
        When an input is missing or damaged, inputs disagree on chromosomes, or a declared window
        set has no windows in a split.
    """
    pairs = _check_targets(targets, windows)
    sizes = read_sizes(fasta)
    split_of = _assign(splits, sizes, fasta)
    masks = [read_regions(path, sizes) for path in excluded]
    summits = windows.peaks and windows.peak_anchor == "summit"
    peaks = [read_regions(t.peaks, sizes, summits) if t.peaks else None for t in targets]
    with ExitStack() as stack, whole(folder) as temporary:
        tracks, replicates = _open_tracks(stack, targets, split_of, sizes)
        temporary.mkdir()
        writer = stack.enter_context(StoreWriter(temporary, len(targets)))
        chromosomes, left_out = [], {}
        for place in _places(fasta, split_of, merge_regions(masks)):
            began = time.perf_counter()
            listed = [p and p.on(place.name) for p in peaks]
            candidates = plan_windows(place, listed, windows)
            store_chromosome(writer, place, candidates, tracks, replicates, windows)
            chromosomes.append(place.describe())
            _count_left_out(left_out, place.split, candidates)
            progress(
                f"{place.name} ({place.split}): {len(place.codes):,} bp, "
                f"{len(candidates[0].start):,} windows, {time.perf_counter() - began:.1f} s"
            )
        summary = writer.finish(
            {
                "settings": {"windows": windows.model_dump(), "splits": splits.model_dump()},
                "chromosomes": chromosomes,
                "targets": [t.name for t in targets],
                "strand_pairs": pairs,
                "windows": _count_windows(writer.tables(), windows),
                "windows_left_out": left_out,
                "peaks": [p and sum(map(len, p.rows.values())) for p in peaks],
                "unknown_chromosome_records": sum(r.unknown for r in [*masks, *peaks] if r),
                **_describe_tracks(targets, tracks),
                "replicate2": [r and r.describe() for r in replicates],
                "files": _list_files([fasta, *excluded], targets),
            }
        )
    return summary


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
    stack: ExitStack, targets: Sequence[Target], split_of: Mapping[str, str], sizes: Mapping
) -> tuple[list[BigWig], list[BigWig | None]]:
    """Open and check replicate 1 of every target, and replicate 2 for the test chromosomes."""
    used = {name: sizes[name] for name in split_of}
    tested = {name: sizes[name] for name, split in split_of.items() if split == "test"}
    tracks = [stack.enter_context(BigWig(t.track, used)) for t in targets]
    replicates = [
        stack.enter_context(BigWig(t.replicate2, tested)) if t.replicate2 else None for t in targets
    ]
    return tracks, replicates


def _places(
    fasta: str | Path, split_of: Mapping[str, str], excluded: Mapping[str, np.ndarray]
) -> Iterator[Place]:
    """Give the used chromosomes one after another."""
    none, index = np.zeros((0, 2), np.int64), {name: i for i, name in enumerate(split_of)}
    for chromosome in read_fasta(fasta):
        name = chromosome.name
        if name in split_of:
            yield Place(chromosome, index[name], split_of[name], excluded.get(name, none))


def _describe_tracks(targets: Sequence[Target], tracks: Sequence[BigWig]) -> dict[str, dict]:
    """Give what was counted in the tracks: for each quantity a value by target."""
    rows = {t.name: track.describe() for t, track in zip(targets, tracks, strict=True)}
    quantities = next(iter(rows.values()))
    return {key: {name: row[key] for name, row in rows.items()} for key in quantities}


def _list_files(paths: list[str | Path], targets: Sequence[Target]) -> list[dict[str, str | int]]:
    """Give size and SHA-256 of every input file."""
    paths = [*paths, *(p for t in targets for p in (t.track, t.replicate2, t.peaks) if p)]
    files = []
    for path in dict.fromkeys(map(str, paths)):
        with open(path, "rb") as file:
            checksum = file_digest(file, "sha256").hexdigest()
            files.append({"path": path, "bytes": file.tell(), "sha256": checksum})
    return files


def _count_windows(tables: dict, windows: WindowSettings) -> dict[str, dict[str, int]]:
    """Count the windows of every declared set and split, and refuse a set without windows."""
    tiled, around_peaks = tables["windows"], tables["peak_windows"]
    highest = tiled["maximum"].max(axis=1)
    sets = {"tiled": tiled["split"]}
    for threshold in windows.thresholds:
        sets[threshold_set(threshold)] = tiled["split"][highest > threshold]
    if windows.peaks:
        sets["peaks"] = around_peaks["split"]
    counts = {
        name: {s: int(np.count_nonzero(split == i)) for i, s in enumerate(SPLITS)}
        for name, split in sets.items()
    }
    for name, count in counts.items():
        for split in SPLITS:
            if not count[split]:
                listed = ", ".join(f"{s} {count[s]:,}" for s in SPLITS)
                remedy = (
                    "lower the threshold"
                    if name.startswith("threshold")
                    else "check excluded regions and peaks"
                )
                raise InputError(
                    f"the window set {name} has no windows in the {split} split ({listed}); "
                    f"{remedy}, or move chromosomes between the splits"
                )
    return counts


def _count_left_out(
    left_out: dict[str, dict[str, int]], split: str, candidates: tuple[Candidates, Candidates]
) -> None:
    """Add the windows that a chromosome lost to the counts, by reason and split."""
    for kind, table in zip(("tiled", "peaks"), candidates, strict=True):
        for reason, count in table.left_out.items():
            reasons = left_out.setdefault(f"{kind}_{reason}", dict.fromkeys(SPLITS, 0))
            reasons[split] += count
