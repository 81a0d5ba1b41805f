"""Write the coverage store of a study in one streaming pass."""

import json
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import numpy as np

from epibench.data.bed import merge_regions, read_regions
from epibench.data.bigwig import BigWig
from epibench.data.fasta import Chromosome, read_fasta, read_sizes
from epibench.data.intervals import mark, runs
from epibench.data.plan_windows import Candidates, plan_windows
from epibench.data.settings import SplitSettings, WindowSettings, threshold_set
from epibench.data.write_arrays import ArrayFile
from epibench.errors import InputError
from epibench.files import whole
from epibench.samples import Target
from epibench.words import SPLITS

BLOCK = 1 << 20
"""Positions that are in memory at a time for every target: this bounds the memory of the pass."""

HIGHEST = np.float32(np.finfo(np.float16).max)
"""Coverage is stored as float16; values beyond its range are clipped and counted."""


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
    folder = Path(folder)
    sizes = read_sizes(fasta)
    used = _assign(splits, sizes, fasta)
    _check_targets(targets, windows)
    with ExitStack() as stack:
        opened = _Inputs(
            excluded=[read_regions(path, sizes) for path in excluded],
            peaks=[t.peaks and read_regions(t.peaks, sizes, summits=windows.peaks and windows.peak_anchor == "summit") for t in targets],
            ...
        )
