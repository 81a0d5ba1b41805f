"""Results that may change only together with the protocol version of their rule.

When one of these fails, either the change is a mistake, or `epibench.protocol.PROTOCOL` must be
raised, so that users' studies are computed again, and the number here replaced.
"""

import hashlib

import keras
import numpy as np
import pytest
from small_genome import SmallStudy
from small_sequence import SmallSequence

from epibench.data.make_store import make_store
from epibench.data.store import Store
from epibench.evaluate.evaluate import evaluate
from epibench.evaluate.input_set import tiled_inputs
from epibench.evaluate.predictors import ReplicatePredictor
from epibench.evaluate.references import open_reference
from epibench.protocol import PROTOCOL
from epibench.recipe import Recipe
from epibench.run_predictor import ModelPredictor
from epibench.train import next_learning_rate
from epibench.variants.score import ScoreSettings, VariantScorer
from epibench.variants.variant import Variant
from epibench.variants.window import make_window


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    study = SmallStudy(tmp_path_factory.mktemp("golden"))
    make_store(study.folder / "store", **study.arguments())
    return Store(study.folder / "store")


def test_store(store):
    assert PROTOCOL["store"] == 3
    digest = hashlib.sha256(store.coverage.tobytes() + store.sequence.tobytes())
    digest.update(store.table("windows")["maximum"].tobytes())
    digest.update(store.table("peak_windows")["start"].tobytes())
    assert digest.hexdigest()[:12] == "08557c2c7008"


def test_evaluation(store):
    assert PROTOCOL["evaluate_run"] == 3
    inputs = tiled_inputs(store)
    found = evaluate(
        "replicate2", ReplicatePredictor(store), inputs, bin_sizes=[16, 32], batch_size=8
    )
    names = ("pearson_r", "pearson_r_per_sequence", "mse", "poisson_nll")
    of_a = [found.score(name, 16)[0] for name in names]
    expected = [0.00886677154, -0.0781658905, 0.0236112022, 0.708525052]
    np.testing.assert_allclose(of_a, expected, rtol=1e-6)
    of_a = [found.score("spearman_r", 32)[0]]
    of_a += [found.score(name, 16)[0] for name in ("spearman_r_per_sequence", "jensen_shannon")]
    np.testing.assert_allclose(of_a, [0.0806932875, -0.0450642114, 0.1680461], rtol=1e-6)
    assert found.score("pearson_r_log1p", 16)[0] == pytest.approx(0.00115175284, rel=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("mean_coverage", 0.005984486), ("ridge", 0.005983080), ("ridge_log1p", 0.005983019)],
)
def test_baselines(store, name, expected):
    assert PROTOCOL["evaluate_reference"] == 1
    settings = {
        "evaluation": {"bin_sizes": [64]},
        "windows": "threshold2",
        "seed": 1,
        "truth": {},
        "prediction": None,
    }
    predictor = open_reference(name, store, settings)
    predictor = predictor if name == "mean_coverage" else predictor[64]
    found = evaluate(name, predictor, tiled_inputs(store), bin_sizes=[64], batch_size=64)
    assert found.score("mse", 64, "scaled").mean() == pytest.approx(expected, rel=1e-6)


def test_training_schedule():
    assert PROTOCOL["train_run"] == 2
    losses = [3.0, 2.0, 2.5, 2.4, 2.3, 1.0, 1.0, 1.0, 1.0]
    recipe = Recipe(learning_rate=1.0, decay_factor=0.5, decay_patience=3)
    rates = [
        next_learning_rate([{"valid_loss": loss} for loss in losses[:n]], recipe)
        for n in range(len(losses) + 1)
    ]
    assert rates == [1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25]


def test_scores_of_variants():
    assert PROTOCOL["score_variants"] == 1
    inputs = keras.Input((256, 4))
    wide = keras.layers.Conv1D(2, 9, padding="same", activation="softplus")
    model = keras.Model(inputs, keras.layers.AveragePooling1D(32)(wide(inputs)))
    model.set_weights([np.sin(np.arange(72.0)).reshape(9, 4, 2), np.array([0.1, -0.1])])
    predictor = ModelPredictor(
        model, ["a", "b"], of_coverage=True, scale=[1, 2], known=[True, True], batch_size=8
    )
    sequence = SmallSequence()
    variant = Variant("chr1", 4_000, sequence.letters(4_000, 4_001), sequence.other(4_000))
    window = make_window(sequence, variant, 384)
    settings = ScoreSettings(window=384, shifts=4, seed=1, peak_length=64)
    found = VariantScorer(predictor, settings)([window])[0, :4, 0]
    expected = [0.00211635, 0.00667191, 0.00197432, 0.01232916]
    assert found == pytest.approx(expected, rel=1e-3)
