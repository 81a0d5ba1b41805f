"""Measure global importance analysis: CPU-seconds per flank, memory, and shuffling.

usage: python benchmarks/gia.py [MODEL ...] [--flanks N] [--naive N] [--backgrounds N]
                                [--threads N] [--seed N] [--shuffled N]

Models with default options, random weights and 15 targets; words of 11 bp in the middle of 100
background sequences of 2,048 bp, all targets at once. `whole` predicts whole sequences with each
word (N of them, default 4), as the study's code does; `stages` is `epibench.interpret`, which
computes only what can see the word. CPU-seconds include the pass over the backgrounds themselves.
`published` is what the study's code (bio-gopher 1.0.3) took on 2 CPU cores. `largest difference`
is that between both ways, relative to the mean prediction. A row is one measurement: repeat it on
a noisy machine. The last line is the shuffling of 10,000 sequences of 2,048 bp on one core.
"""

import argparse
import resource
import time

import numpy as np

from epibench import device

TARGETS, LENGTH, WIDTH = 15, 2048, 11
PUBLISHED = {"residualbind_32": 15.4}
"""CPU-seconds per flank and 100 backgrounds."""


def make_means(name: str, seed: int):
    """Build a model with random weights that no batch norm leaves at 0 and 1."""
    import keras
    from bench_models import usual_bin_size

    from epibench.interpret.means import ModelMeans
    from epibench.models.registry import build, builder
    from epibench.run_predictor import ModelPredictor

    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    binary = builder(name).head == "peaks"
    options = builder(name).resolve({}, "binary_crossentropy" if binary else "poisson")
    model = build(
        name,
        input_length=LENGTH,
        bin_size=usual_bin_size(name),
        targets=TARGETS,
        options=options,
    )
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = layer.get_weights()
            beta, mean = rng.normal(0, 0.3, beta.shape), rng.normal(0, 0.3, mean.shape)
            layer.set_weights([gamma, beta, mean, variance])
    predictor = ModelPredictor(
        model,
        [f"target{number}" for number in range(TARGETS)],
        of_coverage=not binary,
        scale=np.ones(TARGETS),
        known=np.ones(TARGETS, bool),
    )
    return ModelMeans(predictor)


def measure(name: str, args: argparse.Namespace) -> None:
    """Print the row of a model."""
    from epibench.interpret.importance import effects, embed

    means = make_means(name, args.seed)
    rng = np.random.default_rng(args.seed)
    backgrounds = rng.integers(0, 4, (args.backgrounds, LENGTH)).astype(np.uint8)
    words = rng.integers(0, 4, (args.flanks, WIDTH)).astype(np.uint8)
    starts = np.full(args.flanks, LENGTH // 2 - 2)
    list(effects(means, backgrounds[:8], words[:1], starts[:1]))  # compiles
    unchanged = means.means(backgrounds)

    began = time.process_time()
    staged = np.stack(list(effects(means, backgrounds, words, starts)))
    stages = (time.process_time() - began) / args.flanks
    began = time.process_time()
    whole = np.stack(
        [
            means.means(embed(backgrounds, word, starts[0])) - unchanged
            for word in words[: args.naive]
        ]
    )
    naive = (time.process_time() - began) / args.naive
    difference = np.abs(staged[: args.naive] - whole).max() / np.abs(unchanged).mean()
    published = PUBLISHED.get(name)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    ratio = f"{published / stages:.2f}" if published else "-"
    print(
        f"{name:<22}{naive:>10.2f}{stages:>10.2f}{naive / stages:>12.2f}"
        f"{published or '-':>11}{ratio:>17}{difference:>14.1e}{memory:>12}",
        flush=True,
    )


def measure_shuffling(count: int, seed: int) -> None:
    """Print sequences a second of one core."""
    from epibench.interpret.shuffle import dinucleotide_shuffle

    codes = np.random.default_rng(seed).integers(0, 4, (count, LENGTH)).astype(np.uint8)
    dinucleotide_shuffle(codes[:1], seed)  # compiles
    began = time.process_time()
    dinucleotide_shuffle(codes, seed)
    seconds = time.process_time() - began
    print(f"shuffling: {count / seconds:,.0f} sequences of {LENGTH} bp a second")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", nargs="*", default=["residualbind_32"])
    parser.add_argument("--flanks", type=int, default=64)
    parser.add_argument("--naive", type=int, default=4)
    parser.add_argument("--backgrounds", type=int, default=100)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shuffled", type=int, default=10_000)
    args = parser.parse_args()
    device.quiet()
    device.start(args.threads, False)
    print(f"CPU-seconds per flank and {args.backgrounds} backgrounds, {args.flanks} flanks")
    print(
        f"{'model':<22}{'whole':>10}{'stages':>10}{'times less':>12}{'published':>11}"
        f"{'published/stages':>17}{'difference':>14}{'memory (MB)':>12}"
    )
    for name in args.models:
        measure(name, args)
    measure_shuffling(args.shuffled, args.seed)


if __name__ == "__main__":
    main()
