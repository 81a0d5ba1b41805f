"""Measure the evaluation of one predictor, beside the published code.

usage: python benchmarks/evaluation.py [--inputs N] [--targets T] [--threads N] [--pool N]

Inputs of 2,048 bp, predicted at 1 bp and scored at 1, 32, ... 2,048 bp, smoothed with as many
widths, at 25 thresholds, in strata, for the detection of peaks and at high activity: everything
but the resampling of blocks. Truth and prediction are synthetic arrays in memory, so that nothing
but the evaluation is measured; `--pool` of inputs are made and repeated. A pass at 1 bp alone gives
what the coarser bin sizes and the smoothing add. `--inputs 70000 --targets 15` is the test
chromosome of the paper.
"""

import argparse
import resource
import time

import numpy as np

from epibench.data.windows import Tiles
from epibench.evaluate.evaluate import evaluate
from epibench.evaluate.input_set import InputSet
from epibench.evaluate.tables import Tables

LENGTH = 2048
BIN_SIZES = (1, 32, 64, 128, 256, 512, 1024, 2048)
STEP = 4  # bp that neighbouring positions share their coverage, as reads are longer than a base
PUBLISHED = {
    (1918, 5): "23 CPU-s and 1.6 GB for a small part of this",
    (2000, 15): "41 s whole chromosome + 47 s per sequence at 1 bp, Pearson's r alone; 2.9 GB",
}


class Repeated:
    """An array that goes on from its start when it ends."""

    def __init__(self, values: np.ndarray):
        self.values = values

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        return self.values[rows % len(self.values)]


class SyntheticStore:
    """Coverage with many zeros and a heavy tail, with the attributes of a store that are read."""

    def __init__(self, rng: np.random.Generator, inputs: int, targets: int, pool: int):
        positions = inputs * LENGTH
        self.targets = [f"target{t}" for t in range(targets)]
        self.chromosomes = {"chr8": positions}
        self.summary = {"sha256": {name: {"test": ""} for name in ("sequence", "coverage")}}
        self.sequence = Repeated(rng.integers(0, 4, pool * LENGTH, np.uint8))
        self.coverage = Repeated(np.empty((pool * LENGTH, targets), np.float16))
        for part in np.split(self.coverage.values, pool):  # in parts, or drawing sets the peak
            steps = rng.gamma(0.4, 1.5, (len(part) // STEP, targets))
            steps[rng.random(steps.shape) < 0.3] = 0
            part[:] = np.repeat(steps, STEP, axis=0)

    def table(self, kind: str) -> dict[str, np.ndarray]:
        """Give a peak every 10 kb, of one target after the other."""
        start = np.arange(0, self.chromosomes["chr8"], 10_000)
        target = np.arange(len(start)) % len(self.targets)
        return {"chrom": np.zeros_like(start), "target": target, "start": start, "end": start + 500}


class SyntheticPredictor:
    """The truth with noise, positive, as float32."""

    bin_size = 1

    def __init__(self, store: SyntheticStore, rng: np.random.Generator):
        truth = store.coverage.values
        self.values = Repeated(np.empty(truth.shape, np.float32))
        for part in range(0, len(truth), LENGTH):
            here = slice(part, part + LENGTH)
            noise = rng.gamma(1.0, 0.5, (LENGTH, truth.shape[1]))
            self.values.values[here] = 0.6 * truth[here].astype(np.float32) + noise

    def predict(self, inputs) -> np.ndarray:
        """Look up float32 (batch, bins, targets)."""
        return self.values[inputs.start[:, None] + np.arange(LENGTH)]


def make_inputs(store: SyntheticStore, count: int) -> InputSet:
    """Tile the chromosome, in 145 blocks; every fifth input has a peak of some targets."""
    start = np.arange(0, count * LENGTH, LENGTH)
    tiles = Tiles(np.zeros(count, np.int16), start, start)
    labels = np.zeros((count, len(store.targets)), np.int8)
    labels[::5, ::2] = labels[::7, 1::2] = 1
    return InputSet(store, tiles, LENGTH, labels, np.arange(count) * 145 // count, 145)


def timed(function):
    """Call a function; give its result and CPU-seconds and seconds."""
    began = time.process_time(), time.perf_counter()
    found = function()
    return found, time.process_time() - began[0], time.perf_counter() - began[1]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--inputs", type=int, default=1918)
    parser.add_argument("--targets", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--pool", type=int, default=1918)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    store = SyntheticStore(rng, given.inputs, given.targets, min(given.pool, given.inputs))
    predictor = SyntheticPredictor(store, rng)
    arrays = store.coverage.values.nbytes + predictor.values.values.nbytes
    inputs = make_inputs(store, given.inputs)

    def run(bin_sizes, smoothing):
        return evaluate(
            "synthetic",
            predictor,
            inputs,
            bin_sizes=bin_sizes,
            batch_size=64,
            smoothing=smoothing,
            threads=given.threads,
        )

    def tables(found):
        made = Tables(found, inputs, 2, 0)
        made.metrics(), made.smoothing(), made.thresholds(), made.high_activity()
        made.strata(), made.classification("tiled")

    _, finest, _ = timed(lambda: run((1,), ()))
    found, cpu, seconds = timed(lambda: run(BIN_SIZES, BIN_SIZES))
    _, of_tables, _ = timed(lambda: tables(found))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    published = PUBLISHED.get((given.inputs, given.targets), "not measured")
    print(f"pass            {cpu:.1f} CPU-s, {seconds:.1f} s (published code: {published})")
    print(f"at 1 bp alone   {finest:.1f} CPU-s: all else adds {cpu / finest - 1:.0%}")
    print(f"tables          {of_tables:.1f} CPU-s")
    print(f"peak memory     {peak / 1024:.0f} MB, {arrays / 2**20:.0f} MB of it the arrays")


if __name__ == "__main__":
    main()
