"""Measure how a coverage store is made: CPU-seconds, wall time, memory, bytes on disk.

usage: python benchmarks/data.py [BENCH_FOLDER]

First the shared bench input, beside the published code. Then 15 tracks with the texture of ENCODE's
(a value about every 20 bp, every window above the threshold) on a training chromosome of three
lengths, the longest that of human chr1, which shows how time and memory grow; and what that makes
for the paper's study. BENCH_FOLDER keeps the input (6 GB) for the next time. Making the input is
not counted. CPU-seconds include the start of Python and the bedtools processes.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_input import LARGE_TRACKS, ROOT, make_input, make_large_input

from epibench.data.store import Store
from epibench.data.windows import tile_inputs

PUBLISHED_CPU_SECONDS = 62 + 17  # bio-gopher 1.0.3: data set, and whole-chromosome test set
PUBLISHED_WINDOWS = {"train": 421, "valid": 419, "test": 435}
PUBLISHED_INPUTS = 1918
MEGABASES = (25, 80, 250)
HG38 = {"all": 3_031_042_417, "test": 145_138_636}  # bp of chr1-22 and chrX, and of chr8
REPLICATES2 = 13  # of the paper's 15 targets

MAKE = "import sys, bench_input; getattr(bench_input, sys.argv[1])(*sys.argv[2:])"


def measure(kind: str, bench: Path, store: Path) -> tuple[float, float, float]:
    """Make a store in a process of its own; give CPU-seconds, wall seconds and peak MB."""
    folders = (ROOT / "scripts", ROOT / "benchmarks")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders))}
    command = [sys.executable, "-c", MAKE, kind, bench, store]
    began = time.perf_counter()
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit("the store was not made")
    wall = time.perf_counter() - began
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def small(bench: Path, store: Path) -> None:
    """Measure the shared bench input and check the windows against the published code."""
    make_input(bench)
    cpu, wall, peak = measure("make_bench_store", bench, store)
    summary = json.loads((store / "summary.json").read_text())
    inputs = len(tile_inputs(Store(store), "test", 2048))
    left = {path.name for path in store.parent.iterdir()} - {bench.name, store.name}
    windows = summary["windows"]
    print("3 chromosomes x 4 Mb, 5 tracks")
    print(f"  CPU-seconds      {cpu:.1f} (published code: {PUBLISHED_CPU_SECONDS})")
    print(f"  times fewer      {PUBLISHED_CPU_SECONDS / cpu:.0f}")
    print(f"  wall seconds     {wall:.1f}")
    print(f"  peak memory      {peak:.0f} MB")
    print(f"  bytes on disk    {summary['bytes']:,}")
    print(f"  left beside it   {left or 'nothing'}")
    print(f"  tiled windows    {windows['tiled']}")
    print(f"  test inputs      {inputs} (published code: {PUBLISHED_INPUTS})")
    print(f"  threshold 2      {windows['threshold2']} (published code: {PUBLISHED_WINDOWS})")
    if (windows["threshold2"], inputs) != (PUBLISHED_WINDOWS, PUBLISHED_INPUTS):
        sys.exit("the windows are not those of the published code")


def large(bench: Path, store: Path) -> None:
    """Measure the three sizes, and say what the longest makes for the paper's study."""
    print(f"{LARGE_TRACKS} tracks; a training chromosome, and 5 Mb each to validate and test")
    print("  Mb in train  CPU-seconds  wall seconds  peak MB    bytes on disk")
    for megabases in MEGABASES:
        folder = bench / f"{megabases}Mb"
        make_large_input(folder, megabases)
        cpu, wall, peak = measure("make_large_store", folder, store)
        summary = json.loads((store / "summary.json").read_text())
        print(f"  {megabases:11}  {cpu:11.1f}  {wall:12.1f}  {peak:7.0f}  {summary['bytes']:15,}")
        shutil.rmtree(store)
    positions = sum(chromosome["length"] for chromosome in summary["chromosomes"])
    times = HG38["all"] / positions
    bytes_ = HG38["all"] * (2 + 2 * LARGE_TRACKS) + HG38["test"] * 2 * LARGE_TRACKS
    print(
        f"  hg38, by the last line: {cpu * times / 60:.0f} CPU-minutes, {wall * times / 60:.0f} "
        f"minutes with 2 threads, at most {bytes_ / 1e9:.0f} GB on disk"
    )


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Path(sys.argv[1] if len(sys.argv) > 1 else Path(folder) / "bench")
        small(bench, Path(folder) / "store")
        large(bench, Path(folder) / "store")


if __name__ == "__main__":
    main()
