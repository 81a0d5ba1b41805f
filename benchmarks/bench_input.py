"""The input of the benchmarks and its stores.

The shared bench input has 3 chromosomes x 4 Mb with 5 tracks; the large input has 15 tracks on a
training chromosome of any length.
"""

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyBigWig

from epibench.data.make_store import make_store
from epibench.data.settings import GenomeFiles, SplitSettings, WindowSettings
from epibench.samples import Target
from epibench.words import BASES

ROOT = Path(__file__).resolve().parents[1]
LARGE_TRACKS = 15
_DISTINCT = 5  # of the large tracks; the others are copies of these
_INTERVAL = 20  # mean length in bp of the intervals with one value


def make_input(bench: Path) -> None:
    """Make the bench input, unless it is there.

    `bench/make_genome.py` of the folder that EPIBENCH_SHARED names (default: ../shared) makes it.
    """
    if (bench / "truth.tsv").is_file():
        return
    shared = Path(os.environ.get("EPIBENCH_SHARED", ROOT.parent / "shared"))
    script = shared / "bench" / "make_genome.py"
    if not script.is_file():
        sys.exit(f"there is no {script}; EPIBENCH_SHARED names the folder that holds it")
    subprocess.run([sys.executable, script, bench, "--seed", "7"], check=True)


def make_bench_store(bench: str | Path, store: str | Path) -> None:
    """Make the coverage store of the bench input, with default windows and splits."""
    make_store(
        store,
        genome=GenomeFiles(fasta=f"{bench}/genome.fa", excluded=[f"{bench}/unmap.bed"]),
        targets=[Target(f"track{i}", f"{bench}/track{i}.bw") for i in range(5)],
        windows=WindowSettings(),
        splits=SplitSettings(),
        threads=2,
    )


def make_large_input(folder: Path, megabases: int) -> None:
    """Make genome, tracks and peaks with a training chromosome of a length, unless it is there."""
    if (folder / "genome.fa.gz").is_file():
        return
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {"chr1": megabases * 1_000_000, "chr8": 5_000_000, "chr9": 5_000_000}
    rng = np.random.default_rng(1)
    for number in range(LARGE_TRACKS):
        path = folder / f"track{number}.bw"
        if number < _DISTINCT:
            _write_track(path, sizes, rng)
        else:
            shutil.copy(folder / f"track{number % _DISTINCT}.bw", path)
        _write_peaks(path.with_suffix(".bed"), sizes, rng)
    letters = np.frombuffer(BASES.encode(), np.uint8)
    with gzip.open(folder / "making.gz", "wb", compresslevel=1) as file:
        for name, size in sizes.items():
            file.write(f">{name}\n".encode())
            for start in range(0, size, 1_000_000):
                lines = rng.choice(letters, (min(1_000_000, size - start) // 50, 50))
                line_ends = np.full((len(lines), 1), ord("\n"), np.uint8)
                file.write(np.concatenate([lines, line_ends], axis=1).tobytes())
    (folder / "making.gz").rename(folder / "genome.fa.gz")


def make_large_store(folder: str | Path, store: str | Path) -> None:
    """Make the coverage store of the large input."""
    tracks = [f"{folder}/track{i}" for i in range(LARGE_TRACKS)]
    make_store(
        store,
        genome=GenomeFiles(fasta=f"{folder}/genome.fa.gz"),
        targets=[Target(Path(t).name, f"{t}.bw", None, f"{t}.bed") for t in tracks],
        windows=WindowSettings(thresholds=[0.5, 1, 2, 4, 8], peaks=True),
        splits=SplitSettings(),
        threads=2,
    )


def _write_track(path: Path, sizes: dict[str, int], rng: np.random.Generator) -> None:
    """Write coverage with one value an interval, which a whole genome's bigWig is like."""
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader(list(sizes.items()), maxZooms=0)
        for name, size in sizes.items():
            for first in range(0, size, 10_000_000):
                last = min(first + 10_000_000, size)
                inner = rng.integers(first + 1, last, (last - first) // _INTERVAL)
                edges = np.concatenate([[first], np.unique(inner), [last]])
                values = rng.gamma(0.5, 1, len(edges) - 1).astype(np.float32).round(5)
                names = [name] * len(values)
                file.addEntries(names, edges[:-1], ends=edges[1:], values=values)


def _write_peaks(path: Path, sizes: dict[str, int], rng: np.random.Generator) -> None:
    """Write a peak about every 30 kb."""
    with open(path, "w") as file:
        for name, size in sizes.items():
            for start in np.sort(rng.integers(0, size - 500, size // 30_000)).tolist():
                file.write(f"{name}\t{start}\t{start + 500}\n")
