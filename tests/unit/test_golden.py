"""Results that may change only together with the protocol version of their rule.

When one of these fails, either the change is a mistake, or `epibench.protocol.PROTOCOL` must be
raised, so that users' studies are computed again, and the number here replaced.
"""

import hashlib

import numpy as np
import pytest
from small_genome import SmallStudy

from epibench.data.make_store import make_store
from epibench.data.store import Store
from epibench.data.windows import tile_inputs
from epibench.evaluate.evaluate import evaluate
from epibench.evaluate.predictors import ReplicatePredictor
from epibench.evaluate.references import evaluate_references
from epibench.protocol import PROTOCOL
from epibench.recipe import Recipe
from epibench.train import next_learning_rate


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    study = SmallStudy(tmp_path_factory.mktemp("golden"))
    make_store(study.folder / "store", **study.arguments())
    return Store(study.folder / "store")


def test_store(store):
    assert PROTOCOL["store"] == 2
    digest = hashlib.sha256(store.coverage.tobytes() + store.sequence.tobytes())
    digest.update(store.table("windows")["maximum"].tobytes())
    digest.update(store.table("peak_windows")["start"].tobytes())
    assert digest.hexdigest()[:12] == "08557c2c7008"


def test_evaluation(store):
    assert PROTOCOL["evaluate_run"] == 2
    rows = evaluate(
        "replicate2",
        ReplicatePredictor(store),
        store,
        tile_inputs(store, "test", 64),
        input_length=64,
        bin_sizes=[16, 32],
        batch_size=8,
    )
    raw = [row for row in rows if row["target"] == "a" and row["scaling"] == "raw"]
    of_a = {row["evaluated_bin_size"]: row for row in raw}
    found = [of_a[16][key] for key in ("pearson_r", "pearson_r_per_sequence", "mse", "poisson_nll")]
    np.testing.assert_allclose(
        found, [0.00886677154, -0.0781658905, 0.0236112022, 0.708525052], rtol=1e-6
    )
    found = [of_a[32]["spearman_r"]]
    found += [of_a[16][key] for key in ("spearman_r_per_sequence", "jensen_shannon")]
    np.testing.assert_allclose(found, [0.0806932875, -0.0450642114, 0.1680461], rtol=1e-6)
    assert of_a[16]["pearson_r_log1p"] == pytest.approx(0.00115180961, rel=1e-5)


def test_baselines(store):
    assert PROTOCOL["evaluate_references"] == 2
    settings = {"bin_sizes": [64], "windows": "threshold2", "seed": 1, "truth": {}}
    rows = {row["predictor"]: row for row in evaluate_references(store, settings)}
    found = [rows[name]["mse"] for name in ("mean_coverage", "gc", "ridge", "ridge_log1p")]
    expected = [0.005984486, 0.005938542, 0.005983080, 0.005983019]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_training_schedule():
    assert PROTOCOL["train_run"] == 2
    losses = [3.0, 2.0, 2.5, 2.4, 2.3, 1.0, 1.0, 1.0, 1.0]
    recipe = Recipe(learning_rate=1.0, decay_factor=0.5, decay_patience=3)
    rates = [
        next_learning_rate([{"valid_loss": loss} for loss in losses[:n]], recipe)
        for n in range(len(losses) + 1)
    ]
    assert rates == [1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]
