"""Embeddings: their layout, and the figure; logos of attributions."""

import keras
import numpy as np
import pandas as pd
import pytest
from keras import layers
from tests import fake_importance as fake

from epibench.errors import InputError
from epibench.experiments import attribution, embeddings
from epibench.interpret.embed import embed_inputs, layout
from epibench.run_predictor import ModelPredictor

LENGTH = 40


def predictor(name="embedding"):
    keras.utils.set_random_seed(1)
    sequence = keras.Input((LENGTH, 4))
    x = layers.Conv1D(4, 5, padding="same", activation="relu")(sequence)
    x = layers.AveragePooling1D(8, name=name)(x)
    model = keras.Model(sequence, layers.Dense(2, activation="softplus")(x))
    return ModelPredictor(
        model, ["a", "b"], of_coverage=True, scale=np.ones(2), known=np.ones(2, bool), batch_size=8
    )


@pytest.fixture(scope="module")
def sequences():
    rng = np.random.default_rng(2)
    return {
        "natural": rng.integers(0, 4, (30, LENGTH)).astype(np.uint8),
        "chrom": np.array(["c"] * 30),
        "start": np.arange(30) * 100,
        "measured": rng.random((30, 2)).astype(np.float32),
    }


def test_a_row_a_sequence_and_target_the_same_for_the_same_seed(sequences):
    settings = {"sequences": 24, "seed": 3}
    table = embed_inputs("run", predictor(), sequences, settings)
    assert len(table) == 48
    again = embed_inputs("run", predictor(), sequences, settings)
    pd.testing.assert_frame_equal(table, again)
    part = table[table["target"] == "b"]
    assert np.allclose(part["measured"], sequences["measured"][:24, 1])
    one_hot = np.eye(4, dtype=np.float32)[sequences["natural"][:24]]
    expected = np.asarray(predictor().model(one_hot)).mean(axis=1)[:, 1]
    assert np.allclose(part["predicted"], expected, atol=1e-6)


def test_layouts_keep_groups_apart():
    rng = np.random.default_rng(4)
    features = np.concatenate([rng.normal(0, 1, (30, 6)), rng.normal(12, 1, (30, 6))])
    constant = np.ones((60, 1))  # a dead feature
    places = layout(np.concatenate([features, constant], axis=1), 1)
    inside = places[:30].std(axis=0).max()
    assert np.linalg.norm(places[:30].mean(axis=0) - places[30:].mean(axis=0)) > 3 * inside


def test_too_few_sequences_and_a_missing_layer_are_refused(sequences):
    with pytest.raises(InputError, match=r"interpret\.sequences = 12 is too few"):
        embed_inputs("run", predictor(), sequences, {"sequences": 12, "seed": 1})
    with pytest.raises(InputError, match="has no layer 'embedding'; name its penultimate layer"):
        embed_inputs("run", predictor("other"), sequences, {"sequences": 24, "seed": 1})


def fake_embedding(models):
    """Coverage is a function of the place for the first target and noise for the second."""
    rng = np.random.default_rng(5)
    rows = []
    for run in fake.runs(models):
        places = rng.random((200, 2))
        for target, value in (("a", places[:, 0]), ("b", rng.random(200))):
            columns = {"sequence": np.arange(200), "x": places[:, 0], "y": places[:, 1]}
            values = {"measured": value, "predicted": value**3}
            rows.append(pd.DataFrame(run | columns | values | {"target": target}))
    return pd.concat(rows, ignore_index=True)


def test_neighbours_tell_order_from_noise():
    table = embeddings.table(fake_embedding(["one"])).set_index("target")
    assert table.loc["a", "rho"] == pytest.approx(1)
    assert table.loc["a", "neighbour_spread"] < 0.1
    assert 0.8 < table.loc["b", "neighbour_spread"] < 1.2
    embeddings.figure(fake_embedding([f"m{number}" for number in range(6)]))


def fake_attribution(models=("one",)):
    """A motif at positions 100 to 106 of a locus, in noise."""
    rng = np.random.default_rng(6)
    rows, checks = [], []
    for run in fake.runs(models):
        for method in ("gradient_x_input", "mutagenesis"):
            score = rng.normal(0, 0.01, 300)
            score[100:107] += 1
            columns = {"locus": "c:1000-1300", "target": "a", "method": method}
            columns |= {"position": 1000 + np.arange(300), "base": list("ACGTN" * 60)}
            rows.append(pd.DataFrame(run | columns | {"score": score}))
            checks.append(run | {"target": "a", "method": method, "check": "error", "value": 0.1})
    return {
        "attribution": pd.concat(rows, ignore_index=True),
        "attribution_checks": pd.DataFrame(checks),
    }


def test_the_stretch_of_the_logos_holds_the_motif():
    tables = fake_attribution()
    start = attribution.best_stretch(tables["attribution"])
    assert start <= 1100
    assert start + attribution.STRETCH >= 1107
    chart = attribution.figure(tables)
    written = [text.get_text() for panel in chart.findobj() for text in getattr(panel, "texts", [])]
    assert any("mutagenesis" in text for text in written)


def test_the_table_has_checks_and_the_agreement_of_methods():
    table = attribution.table(fake_attribution(["one", "two"]))
    agreed = table[table["check"] == "spearman_rho"]
    assert agreed["method"].tolist() == ["gradient_x_input / mutagenesis"] * 2
    assert agreed["locus"].tolist() == ["c:1000-1300"] * 2
    assert (table["check"] == "error").sum() == 4
    assert agreed["value"].between(-0.3, 0.3).all()
