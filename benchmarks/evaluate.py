"""Measure the evaluation of one predictor, beside the published code.

usage: python benchmarks/evaluate.py

2,000 inputs of 2,048 bp with 15 targets, predicted at 1 bp and scored at 1, 32, ... 2,048 bp.
Truth and prediction are synthetic arrays in memory, so that nothing but the evaluation is measured.
"""

import resource
import time

import numpy as np

from epibench.data.windows import Tiles
from epibench.evaluate.evaluate import evaluate

INPUTS, LENGTH, TARGETS = 2000, 2048, 15
BIN_SIZES = (1, 32, 64, 128, 256, 512, 1024, 2048)
STEP = 4  # bp that neighbouring positions share their coverage, as reads are longer than a base
PUBLISHED = "41 whole chromosome + 47 per sequence at 1 bp, Pearson's r alone; 2.9 GB"


class SyntheticStore:
    """Coverage with many zeros and a heavy tail, with the attributes of a store that are read."""

    def __init__(self, rng: np.random.Generator):
        positions = INPUTS * LENGTH
        self.targets = [f"target{t}" for t in range(TARGETS)]
        self.chromosomes = {"chr8": positions}
        self.summary = {"sha256": {name: {"test": ""} for name in ("sequence", "coverage")}}
        self.sequence = np.zeros(positions, np.uint8)
        self.coverage = np.empty((positions, TARGETS), np.float16)
        for part in np.split(self.coverage, INPUTS // 10):  # in parts, or drawing sets the peak
            steps = rng.gamma(0.4, 1.5, (len(part) // STEP, TARGETS))
            steps[rng.random(steps.shape) < 0.3] = 0
            part[:] = np.repeat(steps, STEP, axis=0)


class SyntheticPredictor:
    """The truth with noise, positive, as float32."""

    bin_size = 1

    def __init__(self, store: SyntheticStore, rng: np.random.Generator):
        self.values = np.empty(store.coverage.shape, np.float32)
        for truth, values in zip(
            np.split(store.coverage, INPUTS), np.split(self.values, INPUTS), strict=True
        ):
            noise = rng.gamma(1.0, 0.5, values.shape)
            np.add(0.6 * truth.astype(np.float32), noise, out=values, casting="same_kind")

    def predict(self, inputs) -> np.ndarray:
        """Look up float32 (batch, bins, targets)."""
        return self.values[inputs.start[:, None] + np.arange(LENGTH)]


def main() -> None:
    """Measure and print."""
    rng = np.random.default_rng(0)
    store = SyntheticStore(rng)
    predictor = SyntheticPredictor(store, rng)
    start = np.arange(0, INPUTS * LENGTH, LENGTH)
    tiles = Tiles(np.zeros(INPUTS, np.int16), start, start)
    arrays = store.coverage.nbytes + store.sequence.nbytes + predictor.values.nbytes
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    evaluate(
        "synthetic",
        predictor,
        store,
        tiles,
        input_length=LENGTH,
        bin_sizes=BIN_SIZES,
        batch_size=64,
    )
    cpu = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"CPU-seconds     {cpu:.1f} (published code: {PUBLISHED})")
    print(f"peak memory     {peak / 1024:.0f} MB, {arrays / 2**20:.0f} MB of it the arrays")
    print(f"of evaluate()   {(peak - before) / 1024:.0f} MB")


if __name__ == "__main__":
    main()
