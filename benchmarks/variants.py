"""Measure the scoring of variants: CPU-seconds a variant, and how equal shared work makes scores.

usage: python benchmarks/variants.py [MODEL ...] [--positions N] [--scattered N] [--naive N]
                                     [--threads N] [--seed N] [--run FOLDER --fasta FASTA]

Models with default options, random weights and 15 targets; 20 shifts and the central input,
windows of 3,072 bp of a random genome. Two sets of variants: `saturation`, all alternatives of an
element of N bp (default 300), and `scattered`, single substitutions far from each other (default
60). `naive` predicts whole inputs of both alleles of every variant (N of the set, default 12), as
the study's code does; `shared` is `epibench.variants`, on all of the set. `published` is what the
study's code (bio-gopher 1.0.3) took on 2 CPU cores, in CPU-seconds. A last line a model has the
same weights in mixed_bfloat16. Of random weights effects are tiny, so that rounding weighs more
than in trained models: with --run FOLDER (a run of a study) and --fasta its genome that model is
measured, on the first N scattered places of the longest chromosome. A row is one measurement:
repeat it on a noisy machine.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np

from epibench import device

TARGETS, WINDOW = 15, 3072
PUBLISHED = {"basenji": 2.8, "residualbind_32": 6.2}
"""CPU-seconds a variant, 20 shifts."""


class Genome:
    """One chromosome."""

    def __init__(self, codes: np.ndarray):
        self._codes = codes

    def length(self, chrom: str) -> int:
        return len(self._codes)

    def codes(self, chrom: str, start: int, end: int) -> np.ndarray:
        return self._codes[start:end]


def longest_chromosome(fasta: str) -> np.ndarray:
    """Read base codes of the longest chromosome of a small genome."""
    from epibench.data.fasta import index_fasta, read_blocks

    longest = max(index_fasta(fasta).items(), key=lambda item: item[1].length)[0]
    return np.concatenate(
        [codes for chrom, _, codes in read_blocks(fasta, 1 << 20) if chrom == longest]
    )


def make_windows(genome: Genome, positions: np.ndarray, alternatives: int) -> list:
    """Cut out windows of substitutions: so many alternatives at each position."""
    from epibench.variants.variant import Variant
    from epibench.variants.window import make_window
    from epibench.words import BASES

    windows = []
    for position in positions.tolist():
        base = int(genome.codes("chr1", position, position + 1)[0])
        for step in range(1, 1 + alternatives):
            variant = Variant("chr1", position, BASES[base], BASES[(base + step) % 4])
            windows.append(make_window(genome, variant, WINDOW))
    return windows


def make_predictor(name: str, weights: list[np.ndarray] | None, seed: int):
    """Build a model, with given weights or random ones that no batch norm leaves at 0 and 1."""
    import keras
    from bench_models import usual_bin_size

    from epibench.models.registry import builder
    from epibench.run_predictor import ModelPredictor

    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    options = builder(name).resolve({}, "poisson")
    model = build_model(name, usual_bin_size(name), TARGETS, options)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            beta, mean = rng.normal(0, 0.3, beta.shape), rng.normal(0, 0.3, mean.shape)
            layer.set_weights([gamma, beta, mean, variance])
    if weights is not None:
        model.set_weights(weights)
    return ModelPredictor(
        model,
        [f"target{number}" for number in range(TARGETS)],
        of_coverage=True,
        scale=np.ones(TARGETS),
        known=np.ones(TARGETS, bool),
    )


def build_model(name: str, bin_size: int, targets: int, options: dict):
    """Build a model for inputs of 2,048 bp."""
    from epibench.models.registry import build

    return build(name, input_length=2048, bin_size=bin_size, targets=targets, options=options)


def load_run(folder: str, precision: str):
    """Load the model of a run, in another precision than it was trained in."""
    from epibench.run_predictor import ModelPredictor, RunPredictor

    run = RunPredictor(folder)
    settings = json.loads((Path(folder) / "run.json").read_text())["settings"]
    device.set_precision(precision)
    model = build_model(
        settings["builder"], settings["bin_size"], len(run.targets), settings["options"]
    )
    device.set_precision("float32")
    model.set_weights(run.model.get_weights())
    return ModelPredictor(model, run.targets, of_coverage=True, scale=run.scale, known=run.known)


class Naive:
    """Predict whole inputs of both alleles of every variant, 20 shifts a call."""

    def __init__(self, predictor, shifts: int):
        from epibench.predict import CoverageFunction

        self._predict = CoverageFunction(predictor.model, shifts + 1)
        self.shape = predictor.model.output_shape[1:]

    def __call__(self, windows: list, offsets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        def both(codes):
            return self._predict(np.stack([codes[o : o + 2048] for o in offsets]))

        reference = np.stack([both(window.reference) for window in windows])
        return reference, np.stack([both(window.alternative) for window in windows])


def timed(scorer, windows: list) -> tuple[np.ndarray, float]:
    """Score; give scores of all targets together and CPU-seconds a variant."""
    scorer(windows[:1])  # compiles
    began = time.process_time()
    scores = scorer(windows)[:, :4, 0]
    return scores, (time.process_time() - began) / len(windows)


def make_sets(genome: Genome, arguments: argparse.Namespace) -> dict[str, list]:
    """Give the windows of an element in the middle and of places far apart before it."""
    first = genome.length("chr1") // 2
    element = np.arange(first, first + arguments.positions)
    apart = np.linspace(WINDOW, first - 2 * WINDOW, arguments.scattered).astype(int)
    return {
        "saturation": make_windows(genome, element, 3),
        "scattered": make_windows(genome, apart, 1),
    }


def measure(name: str, full, half, sets: dict[str, list], most: int) -> None:
    """Print the rows of one model: `full` in float32, `half` the same in mixed_bfloat16."""
    from epibench.variants.score import ScoreSettings, VariantScorer

    settings = ScoreSettings(window=WINDOW)
    for kind, windows in sets.items():
        shared, cost = timed(VariantScorer(full, settings), windows)
        chosen = np.linspace(0, len(windows) - 1, most).astype(int)
        naive = VariantScorer(full, settings)
        naive._alleles = Naive(full, settings.shifts)
        whole, before = timed(naive, [windows[i] for i in chosen])
        row = [f"{name:16}", f"{kind:11}", f"{len(windows):6}", f"{before:7.3f}", f"{cost:7.3f}"]
        row += [f"{before / cost:6.2f}", f"{PUBLISHED.get(name, np.nan) / cost:9.2f}"]
        row += [f"{np.abs(shared[chosen] - whole).max():10.1e}"]
        print(*row, flush=True)
    found, low = timed(VariantScorer(half, settings), sets["scattered"])
    r = [np.corrcoef(found[:, i], shared[:, i])[0, 1] for i in (0, 1, 3)]
    print(
        f"{name:16} bfloat16: {low:.3f} CPU-s, {cost / low:.2f} times float32; r of standard, "
        f"robust, peak with float32's: {', '.join(f'{value:.5f}' for value in r)}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("models", nargs="*")
    parser.add_argument("--positions", type=int, default=300)
    parser.add_argument("--scattered", type=int, default=60)
    parser.add_argument("--naive", type=int, default=12)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--run")
    parser.add_argument("--fasta")
    arguments = parser.parse_args()
    device.quiet()
    device.set_threads(arguments.threads)
    print("CPU-seconds a variant:  set  variants   naive  shared  ratio  published  difference")
    if arguments.run:
        sets = make_sets(Genome(longest_chromosome(arguments.fasta)), arguments)
        full, half = (load_run(arguments.run, each) for each in ("float32", "mixed_bfloat16"))
        measure("run", full, half, sets, arguments.naive)
        return
    rng = np.random.default_rng(arguments.seed)
    sets = make_sets(Genome(rng.integers(0, 4, 400_000).astype(np.uint8)), arguments)
    for name in arguments.models or ["basenji", "residualbind_32"]:
        full = make_predictor(name, None, arguments.seed)
        device.set_precision("mixed_bfloat16")
        half = make_predictor(name, full.model.get_weights(), arguments.seed)
        device.set_precision("float32")
        measure(name, full, half, sets, arguments.naive)


if __name__ == "__main__":
    main()
