"""The shared bench input of the benchmarks, 3 chromosomes x 4 Mb with 5 tracks, and its store."""

import os
import subprocess
import sys
from pathlib import Path

from epibench.data.make_store import make_store
from epibench.data.settings import SplitSettings, WindowSettings
from epibench.samples import Target

ROOT = Path(__file__).resolve().parents[1]


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
        fasta=f"{bench}/genome.fa",
        targets=[Target(f"track{i}", f"{bench}/track{i}.bw") for i in range(5)],
        excluded=[f"{bench}/unmap.bed"],
        windows=WindowSettings(),
        splits=SplitSettings(),
    )
