"""Measure training: examples per second and peak memory of every model, and what the loop adds.

usage: python benchmarks/training.py [MODEL ...] [--precision P ...] [--xla] [--steps N]
                                     [--bench FOLDER] [--out TABLE]
       python benchmarks/training.py --deterministic [--steps N] [--bench FOLDER]

Batches of 64 random crops with reverse complements from the input of `bench_input.py`, 5 targets,
each model with default options at its usual bin size, in a process of its own, so that its peak
memory is its own. A row is the median of the steps after the first, which compiles. `loop` is the
time of `epibench.train.train` over that of bare steps on one batch, in turns, for a small model
whose steps are short, which makes it the worst case. `published` is what the study's code
(bio-gopher 1.0.3) took on 2 CPU cores. `KERAS_BACKEND=jax` uses JAX, and a GPU where there is one.

`--deterministic` measures nothing but the cost of `training.deterministic`: time of a step of the
same small model with it over that without it, each the median of a process of its own, in turns;
CPU time too, which other work on the machine moves less.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from bench_input import ROOT, make_bench_store, make_input

from epibench.models.registry import BUILDERS
from epibench.words import PRECISIONS

PUBLISHED = {"basenji": (7.2, 9950), "bpnet": (6.4, 4700), "residualbind_32": (3.6, 5800)}
"""Examples per second and peak MB."""


def measure(store: Path, name: str, precision: str, xla: bool, steps: int) -> dict:
    """Time steps of one model in this process."""
    from epibench import device

    device.quiet()
    device.use_memory_as_needed()
    device.set_precision(precision)
    from bench_models import endless, make_steps, open_batches, usual_bin_size

    from epibench.models.registry import builder

    _, steps_of = make_steps(name, xla=xla)
    head, bin_size = builder(name).head, usual_bin_size(name)
    stream = endless(open_batches(store, bin_size, workers=2, head=head))
    float(steps_of.train(*next(stream)))
    seconds, losses, waited = [], [], []
    for _ in range(steps):
        began = time.perf_counter()
        batch = next(stream)
        waited.append(time.perf_counter() - began)
        losses.append(float(steps_of.train(*batch)))
        seconds.append(time.perf_counter() - began)
    if not np.isfinite(losses).all():
        sys.exit(f"{name} in {precision}: the losses are {losses}")
    memory = device.peak_memory()
    return {
        "bin_size": bin_size,
        "examples_per_second": 64 / statistics.median(seconds),
        "waited": sum(waited) / sum(seconds),
        "host_mb": memory["host"],
        "gpu_mb": memory["gpu"],
        "device": device.describe()["devices"][-1],
    }


class _OneBatch:
    """Gives one batch an epoch."""

    def __init__(self, batch):
        self._batch = batch

    def __len__(self) -> int:
        return 1

    def epoch(self, number: int, start: int = 0):
        """Give the batch."""
        return iter([self._batch][start:])


def make_small():
    """Build a small model and its steps."""
    import keras

    from epibench.losses import get_loss
    from epibench.models.layers import from_codes
    from epibench.models.registry import build, check_options
    from epibench.step import Steps

    options = check_options(
        "basenji", {"first_filters": 32, "first_pool": 8, "last_filters": 32, "residual_units": 6}
    )
    model = build("basenji", input_length=2048, bin_size=128, targets=5, options=options)
    return model, Steps(from_codes(model), get_loss("poisson"), keras.optimizers.Adam(0.001))


def measure_small(store: Path, deterministic: bool, steps: int) -> dict:
    """Time steps of the small model on one batch in this process."""
    from epibench import device

    device.quiet()
    from bench_models import open_batches

    from epibench.train import seed_everything

    device.start(2, False, deterministic)
    seed_everything(1)
    _, steps_of = make_small()
    batch = next(open_batches(store, 128, workers=2).epoch(0))
    took = []
    for _ in range(steps + 1):
        began = time.perf_counter(), time.process_time()
        float(steps_of.train(*batch))
        took.append((time.perf_counter() - began[0], time.process_time() - began[1]))
    wall, cpu = map(statistics.median, zip(*took[1:], strict=True))
    return {"wall": wall, "cpu": cpu}


def measure_determinism(store: Path, steps: int, turns: int = 5) -> None:
    """Print what deterministic operations cost."""
    pairs = []
    for _ in range(turns):
        pairs.append([in_process("--small", str(store), on, str(steps)) for on in ("", "True")])
        print(f"a step without and with: {pairs[-1]}", flush=True)
    for kind in ("wall", "cpu"):
        ratios = sorted(slow[kind] / plain[kind] for plain, slow in pairs)
        print(
            f"deterministic, {kind} time: {statistics.median(ratios):.2f} times "
            f"(median of {turns} pairs; {ratios[0]:.2f} to {ratios[-1]:.2f})"
        )


def measure_loop(store: Path, turns: int = 7) -> float:
    """Compare an epoch of `train` with as many bare steps on one batch; give the ratio of times."""
    from epibench import device

    device.quiet()
    from bench_models import open_batches

    from epibench.monitor import Monitor
    from epibench.recipe import Recipe
    from epibench.train import train

    model, steps = make_small()
    batches = open_batches(store, 128, workers=2, times=2)
    one = next(batches.epoch(0))
    few = _OneBatch(one)
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(turns + 1):
            began = time.perf_counter()
            for _ in range(len(batches)):
                float(steps.train(*one))
            bare = time.perf_counter() - began
            found = train(
                model,
                steps,
                batches,
                few,
                monitor=Monitor(["t"] * 5),
                recipe=Recipe(epochs=1),
                checkpoint=Path(folder) / f"{turn}.npz",
                fingerprint="",
                log=lambda line: None,
            )
            row = found.history[0]
            in_loop = len(batches) * 64 / row["examples_per_second"]
            ratios.append(in_loop / bare)
    return statistics.median(ratios[1:])


def in_process(*arguments: str) -> dict:
    """Run this file for one measurement in a process of its own."""
    path = os.pathsep.join(map(str, (ROOT / "scripts", ROOT / "benchmarks")))
    command = [sys.executable, __file__, *arguments]
    environment = os.environ | {"PYTHONPATH": path}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        return {"failed": done.returncode}
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Measure, print, and write the table."""
    if sys.argv[1:2] == ["--one"]:
        store, name, precision, xla, steps = sys.argv[2:]
        one = measure(Path(store), name, precision, xla == "True", int(steps))
        print(json.dumps(one))
        return
    if sys.argv[1:2] == ["--small"]:
        store, on, steps = sys.argv[2:]
        print(json.dumps(measure_small(Path(store), bool(on), int(steps))))
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("models", nargs="*", default=list(BUILDERS), metavar="MODEL")
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS, default=PRECISIONS[:2])
    parser.add_argument("--xla", action="store_true", help="measure with XLA as well")
    parser.add_argument("--deterministic", action="store_true", help="only what it costs")
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--bench", type=Path)
    parser.add_argument("--out", type=Path, default=Path("training.tsv"))
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        bench, store = arguments.bench or Path(folder) / "bench", Path(folder) / "store"
        make_input(bench)
        make_bench_store(bench, store)
        if arguments.deterministic:
            measure_determinism(store, arguments.steps)
            return
        print(f"loop: {measure_loop(store):.3f} of the time of bare steps (median of 7 pairs)")
        for name in arguments.models:
            for precision in arguments.precision:
                for xla in (False, True)[: 1 + arguments.xla]:
                    found = in_process(
                        "--one", str(store), name, precision, str(xla), str(arguments.steps)
                    )
                    speed, memory = PUBLISHED.get(name, (None, None))
                    rows.append(
                        {"model": name, "precision": precision, "xla": xla}
                        | found
                        | {"published_examples_per_second": speed, "published_mb": memory}
                    )
                    print(rows[-1], flush=True)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with open(arguments.out, "w", newline="") as file:
        table = csv.DictWriter(file, columns, delimiter="\t", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    print(f"{arguments.out}: {len(rows)} rows")


if __name__ == "__main__":
    main()
