"""Measure the coverage store on the shared bench input, beside the published code.

usage: python benchmarks/store.py [BENCH_FOLDER]

`bench_input.py` says where the input comes from; BENCH_FOLDER keeps it for the next time.
CPU-seconds include the start of Python and the bedtools processes.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench_input import ROOT, make_input

from epibench.data.store import Store
from epibench.data.windows import tile_inputs

PUBLISHED_CPU_SECONDS = 62  # bio-gopher 1.0.3 on the same input and 2 cores, 5.1-5.6 GB
PUBLISHED_WINDOWS = {"train": 421, "valid": 419, "test": 435}
PUBLISHED_INPUTS = 1918

MAKE = "import sys; from bench_input import make_bench_store; make_bench_store(*sys.argv[1:])"


def measure(bench: Path, store: Path) -> tuple[float, float, float]:
    """Make the store in a process of its own; give CPU-seconds, wall seconds and peak MB."""
    folders = (ROOT / "scripts", ROOT / "benchmarks")
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, folders))}
    began = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-c", MAKE, bench, store], env=environment)
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit("the store was not made")
    wall = time.perf_counter() - began
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Path(sys.argv[1] if len(sys.argv) > 1 else Path(folder) / "bench")
        make_input(bench)
        store = Path(folder) / "store"
        cpu, wall, peak = measure(bench, store)
        summary = json.loads((store / "summary.json").read_text())
        inputs = len(tile_inputs(Store(store), "test", 2048))
        left = {path.name for path in Path(folder).iterdir()} - {"bench", "store"}
    windows = summary["windows"]
    print(f"CPU-seconds      {cpu:.1f} (published code: {PUBLISHED_CPU_SECONDS})")
    print(f"times fewer      {PUBLISHED_CPU_SECONDS / cpu:.0f}")
    print(f"wall seconds     {wall:.1f}")
    print(f"peak memory      {peak:.0f} MB")
    print(f"bytes on disk    {summary['bytes']:,}")
    print(f"left beside it   {left or 'nothing'}")
    print(f"tiled windows    {windows['tiled']}")
    print(f"test inputs      {inputs} (published code: {PUBLISHED_INPUTS})")
    print(f"threshold 2      {windows['threshold2']} (published code: {PUBLISHED_WINDOWS})")
    if (windows["threshold2"], inputs) != (PUBLISHED_WINDOWS, PUBLISHED_INPUTS):
        sys.exit("the windows are not those of the published code")


if __name__ == "__main__":
    main()
