"""Measure how many examples the loader gives in a CPU-second, beside the published code.

usage: python benchmarks/loader.py [BENCH_FOLDER]

5 targets, random crops and reverse complements, batches of 64, on the training windows of the input
of `bench_input.py`; BENCH_FOLDER keeps it for the next time.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench_input import make_bench_store, make_input

from epibench.data.loader import Batches
from epibench.data.store import Store
from epibench.data.windows import select

PUBLISHED = 4450  # examples per CPU-second of the TFRecord pipeline of bio-gopher 1.0.3, at best
BIN_SIZES = (32, 1)
EPOCHS = 25
REPEATS = 7


def examples_per_second(store: Store, bin_size: int) -> list[float]:
    """Give the examples per CPU-second of each repeat."""
    batches = Batches(
        store,
        select(store, "threshold2", "train").offset,
        window_length=3072,
        input_length=2048,
        bin_size=bin_size,
        batch_size=64,
        augmentation="rc+shift",
        seed=1,
        shuffle=True,
    )
    speeds = []
    for repeat in range(REPEATS):
        began, examples = time.process_time(), 0
        for epoch in range(EPOCHS):
            for sequences, _ in batches.epoch(repeat * EPOCHS + epoch):
                examples += len(sequences)
        speeds.append(examples / (time.process_time() - began))
    return speeds


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Path(sys.argv[1] if len(sys.argv) > 1 else Path(folder) / "bench")
        make_input(bench)
        make_bench_store(bench, Path(folder) / "store")
        store = Store(Path(folder) / "store")
        for bin_size in BIN_SIZES:
            speeds = examples_per_second(store, bin_size)
            print(
                f"bins of {bin_size} bp: median {statistics.median(speeds):,.0f} examples per "
                f"CPU-second ({min(speeds):,.0f} to {max(speeds):,.0f} in {REPEATS} repeats; "
                f"published code: {PUBLISHED:,})"
            )


if __name__ == "__main__":
    main()
