"""Comparisons of an experiment's runs, from the files of their evaluations."""

import numpy as np
import pytest

from epibench.data.windows import Tiles
from epibench.evaluate.evaluate import coarsen, evaluate
from epibench.evaluate.evaluation import Evaluation
from epibench.evaluate.input_set import InputSet
from epibench.experiments.compare import SCORES, compare_runs

LENGTH, INPUTS = 64, 200


class Store:
    """Coverage at random."""

    def __init__(self):
        self.targets = ["a", "b"]
        self.chromosomes = {"chr8": LENGTH * INPUTS}
        self.summary = {"sha256": {"sequence": {"test": "x"}, "coverage": {"test": "y"}}}
        rng = np.random.default_rng(0)
        self.sequence = np.zeros(LENGTH * INPUTS, np.uint8)
        self.coverage = rng.gamma(1.0, 3.0, (LENGTH * INPUTS, 2)).astype(np.float16)


class Noisy:
    """The truth with noise of a given size."""

    def __init__(self, store, bin_size, noise, seed):
        self.bin_size = bin_size
        rng = np.random.default_rng(seed)
        self.values = store.coverage * np.exp(noise * rng.normal(size=store.coverage.shape))

    def predict(self, inputs):
        return coarsen(self.values[inputs.start[:, None] + np.arange(LENGTH)], self.bin_size)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """Runs of two losses, two bin sizes and two seeds: mse is the worse one."""
    store = Store()
    start = np.arange(0, LENGTH * INPUTS, LENGTH)
    tiles = Tiles(np.zeros(INPUTS, np.int16), start, start)
    labels = np.zeros((INPUTS, 2), np.int8)
    inputs = InputSet(store, tiles, LENGTH, labels, np.arange(INPUTS) // 8, 25)
    runs, paths = [], []
    for loss, noise in (("poisson", 0.3), ("mse", 0.6)):
        for size in (16, 32):
            for seed in (1, 2):
                name = f"{loss}/{size}/{seed}"
                found = evaluate(
                    name,
                    Noisy(store, size, noise, seed),
                    inputs,
                    bin_sizes=[16, 32, 64],
                    batch_size=32,
                    factor=np.ones(2),
                )
                path = tmp_path_factory.mktemp("run") / "sums.npz"
                found.save(path)
                runs.append({"run": name, "loss": loss, "bin_size": size, "seed": seed})
                paths.append(str(path))
    return runs, paths


def test_each_pair_is_compared_at_its_own_bin_size(evaluated):
    table = compare_runs(*evaluated, {"loss": "poisson"}, replicates=300, seed=1)
    assert len(table) == 2 * len(SCORES)
    r = table[table["score"] == "pearson_r"].set_index("a_bin_size")
    assert r.loc[16, "evaluated_bin_size"] == 16
    assert r.loc[32, "evaluated_bin_size"] == 32
    assert (r["a_loss"] == "mse").all()
    assert (r["seeds"] == 2).all()
    assert (r["difference"] < 0).all()
    assert (r["verdict"] == "this choice is worse").all()
    for path, run in zip(*reversed(evaluated), strict=True):
        if run["bin_size"] == 16 and run["seed"] == 1:
            found = Evaluation.load(path, 16).score("pearson_r", 16).mean()
            assert (found > 0.9) == (run["loss"] == "poisson")


def test_bin_sizes_are_compared_at_one_that_all_share(evaluated):
    table = compare_runs(*evaluated, {"bin_size": 16}, replicates=300, seed=1)
    assert set(table["evaluated_bin_size"]) == {32}
    assert set(table["a_bin_size"]) == {32}
    assert (table["b_bin_size"] == 16).all()


def test_the_correction_is_over_all_rows_of_a_score(evaluated):
    table = compare_runs(*evaluated, {"loss": "poisson"}, replicates=300, seed=1)
    for _, family in table.groupby("score"):
        low, high = np.sort(family["p"])
        assert sorted(family["p_holm"]) == pytest.approx(
            sorted([min(2 * low, 1), min(max(2 * low, high), 1)])
        )


def test_with_one_seed_the_verdict_is_about_the_run(evaluated):
    runs, paths = evaluated
    one = [i for i, run in enumerate(runs) if run["seed"] == 1]
    table = compare_runs(
        [runs[i] for i in one], [paths[i] for i in one], {"loss": "poisson"}, replicates=300, seed=1
    )
    assert set(table["verdict"]) == {"this run is worse"}
    assert table["standard_error_seeds"].isna().all()
