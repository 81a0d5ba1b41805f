"""Measure the loader: alone, under `model.fit`, and whether training ever waits for it.

usage: python benchmarks/loader.py [BENCH_FOLDER]

Random crops of 2,048 bp and reverse complements from the input of `bench_input.py`, whose 5 tracks
stand three times in the store of 15 targets; BENCH_FOLDER keeps the input for the next time. Every
figure is the median of repeats that take turns with what they are compared with. For a cold cache
the kernel is told, before each pass, that the store's pages are not needed (POSIX_FADV_DONTNEED,
which drops clean pages that nobody maps); the MB read from disk in the pass are shown.
`KERAS_BACKEND=jax` uses JAX, and a GPU where it finds one.
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
from bench_input import make_bench_store, make_input

from epibench import device

device.quiet()

import keras  # noqa: E402
from bench_models import (  # noqa: E402
    INPUT_LENGTH,
    endless,
    make_steps,
    open_batches,
    usual_bin_size,
)

from epibench.data.fit_batches import FitBatches  # noqa: E402
from epibench.losses import get_loss  # noqa: E402
from epibench.models.layers import OneHot  # noqa: E402
from epibench.models.registry import BUILDERS, builder  # noqa: E402

PUBLISHED = 4450  # examples per CPU-second of the TFRecord pipeline of bio-gopher 1.0.3, at best
REPEATS = 7
LEAST_RATIO = 0.97
SECONDS_A_MODEL = 20
LOSS = "poisson"


def repeat_tracks(store: Path, folder: Path, times: int) -> None:
    """Copy a store with each of its tracks several times."""
    shutil.copytree(store, folder)
    np.save(folder / "coverage.npy", np.tile(np.load(store / "coverage.npy"), times))
    summary = json.loads((store / "summary.json").read_text())
    names = [f"{name}_{i}" for i in range(times) for name in summary["targets"]]
    summary |= {"targets": names, "strand_pairs": list(range(len(names)))}
    summary["replicate2"] = dict.fromkeys(names)
    (folder / "summary.json").write_text(json.dumps(summary))


def evict(folder: Path) -> None:
    """Have the kernel drop what it caches of a folder's files."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def bytes_read() -> int:
    """Tell how much this process has had read from disk."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["read_bytes"])


def one_pass(store: Path, bin_size: int, workers: int, cold: bool) -> tuple[float, float, float]:
    """Read an epoch; give examples per second and per CPU-second, and MB read from disk."""
    batches = open_batches(store, bin_size, workers, times=1 if cold else 5)
    if cold:
        del batches  # what is mapped is not dropped
        evict(store)
        batches = open_batches(store, bin_size, workers)
    read, wall, cpu = bytes_read(), time.perf_counter(), time.process_time()
    examples = sum(len(sequences) for sequences, _ in batches.epoch(0))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return examples / wall, examples / cpu, (bytes_read() - read) / 1e6


def measure_loader(stores: dict[int, Path]) -> None:
    """Print the loader's speed without a model."""
    kinds = list(product(stores, (1, 32, 128), (1, 2), (True, False)))
    found = {kind: [] for kind in kinds}
    for _, kind in product(range(REPEATS), kinds):
        targets, *settings = kind
        found[kind].append(one_pass(stores[targets], *settings))
    print(f"loader, examples per second and per CPU-second (published, 5 targets: {PUBLISHED:,})")
    print("targets bin workers cache        /s   /CPU-s  times published  MB read")
    for kind in kinds:
        targets, bin_size, workers, cold = kind
        wall, cpu, read = (statistics.median(column) for column in zip(*found[kind], strict=True))
        against = f"{cpu / PUBLISHED:.1f}" if targets == 5 else "-"
        print(
            f"{targets:7} {bin_size:3} {workers:7} {'cold' if cold else 'warm'} {wall:13,.0f} "
            f"{cpu:8,.0f} {against:>16} {read:8.1f}"
        )


def measure_fit(store: Path) -> None:
    """Print how fast `model.fit` reads when the model is one matrix."""
    codes = keras.Input((INPUT_LENGTH,), dtype="uint8")
    pooled = keras.layers.AveragePooling1D(32)(OneHot()(codes))
    model = keras.Model(codes, keras.layers.Dense(5, "softplus")(pooled))
    model.compile(optimizer="sgd", loss=get_loss(LOSS))
    batches, ends = open_batches(store, 32, workers=2, times=5), []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: ends.append(time.perf_counter()),
    )
    data = FitBatches(batches)
    model.fit(data, shuffle=False, verbose=0, epochs=REPEATS + 2, callbacks=[data.callback, clock])
    fitted = 64 * len(data) / statistics.median(np.diff(ends[1:]))  # the first epoch compiles
    batch = data[0]
    steps = [timed(lambda: model.train_on_batch(*batch))[0] for _ in range(100)]
    print(
        f"model.fit on a model of one matrix: {fitted:,.0f} examples/s "
        f"(train_on_batch with one batch repeated: {64 / statistics.median(steps):,.0f})"
    )


def timed(step: Callable[[], None]) -> tuple[float, float]:
    """Take a step; give its seconds and CPU-seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    step()
    return time.perf_counter() - wall, time.process_time() - cpu


def measure_training(name: str, store: Path, size: int) -> float:
    """Print and return the rate of training with the loader over that with one batch repeated."""
    _, trained = make_steps(name)
    head = builder(name).head
    stream = endless(open_batches(store, usual_bin_size(name), workers=2, size=size, head=head))
    batch = next(stream)
    float(trained.train(*batch))  # compiles
    seconds, _ = timed(lambda: float(trained.train(*batch)))
    turns = int(np.clip(SECONDS_A_MODEL / (2 * seconds), 8, 200))
    steps = (
        lambda: float(trained.train(*next(stream))),
        lambda: float(trained.train(*batch)),
    )
    found = np.empty((turns, 2, 2))
    for turn in range(turns):
        for which in (0, 1) if turn % 2 else (1, 0):
            found[turn, which] = timed(steps[which])
    wall, cpu = np.median(found[:, 1] / found[:, 0], axis=0)
    rate = size / np.median(found[:, 0, 0])
    print(
        f"{name}: {rate:.1f} examples/s with the loader, {wall:.3f} of the rate with one batch "
        f"repeated ({cpu:.3f} in CPU-seconds; median of {turns} pairs of steps of {size})"
    )
    return wall


def main() -> None:
    """Measure and print; fail where training waits for the loader."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Path(sys.argv[1] if len(sys.argv) > 1 else Path(folder) / "bench")
        make_input(bench)
        stores = {targets: Path(folder) / f"store{targets}" for targets in (5, 15)}
        make_bench_store(bench, stores[5])
        repeat_tracks(stores[5], stores[15], 3)
        measure_loader(stores)
        hardware = device.describe()
        print(f"training on {hardware['backend']}, {', '.join(hardware['devices'])}")
        measure_fit(stores[5])
        size = 64 if hardware["gpus"] else 4  # small steps, many of them, where models are slow
        ratios = {name: measure_training(name, stores[5], size) for name in BUILDERS}
    slow = [name for name, ratio in ratios.items() if ratio < LEAST_RATIO]
    if slow:
        sys.exit(f"training with the loader is below {LEAST_RATIO} of the rate: {', '.join(slow)}")


if __name__ == "__main__":
    main()
