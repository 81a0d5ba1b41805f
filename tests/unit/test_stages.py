"""Parts of a model, and what changes of an input do: exactly what whole inputs give."""

import keras
import numpy as np
import pytest
from keras import layers

from epibench.errors import InputError
from epibench.interpret.bootstrap_mean import Bootstrap
from epibench.interpret.importance import KEEP, effects, embed
from epibench.interpret.means import ONE_HOT, ModelMeans
from epibench.models.registry import build
from epibench.models.stages import cut
from epibench.run_predictor import ModelPredictor

LENGTH, TARGETS = 512, 3


def small_model(name):
    keras.utils.set_random_seed(4)
    options = {
        "basenji": {"first_filters": 8, "last_filters": 8, "residual_units": 4},
        "bpnet": {"filters": 6, "dilated_layers": 4},
        "residualbind_32": {"first_filters": 6, "head_filters": 8},
        "residualbind_binary": {"first_filters": 6, "bottleneck": 8},
        "basenji_binary": {"first_filters": 8, "last_filters": 8, "residual_units": 2},
    }[name]
    coverage = "binary" not in name
    size = {"bpnet": 1, "residualbind_32": 32}.get(name, 64) if coverage else LENGTH
    more = {"output": "softplus"} if coverage else {}
    model = build(name, input_length=LENGTH, bin_size=size, targets=TARGETS, options=options | more)
    rng = np.random.default_rng(5)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            gamma, beta, mean, _ = layer.get_weights()
            layer.set_weights(
                [gamma, rng.normal(0, 0.3, beta.shape), mean, rng.uniform(0.5, 2, mean.shape)]
            )
    return model, coverage


def means_of(name, batch_size=8):
    model, coverage = small_model(name)
    predictor = ModelPredictor(
        model,
        ["a", "b", "c"],
        of_coverage=coverage,
        scale=np.array([1.0, 2.0, 0.5]),
        known=np.array([True, True, coverage]),
    )
    return ModelMeans(predictor, batch_size), predictor


@pytest.fixture(scope="module")
def codes():
    return np.random.default_rng(6).integers(0, 4, (5, LENGTH)).astype(np.uint8)


NAMES = ["basenji", "bpnet", "residualbind_32", "residualbind_binary", "basenji_binary"]


@pytest.mark.parametrize("name", NAMES)
def test_stages_together_are_the_model(name, codes):
    model, _ = small_model(name)
    given = ONE_HOT[codes]
    whole = np.asarray(model(given))
    stages = cut(model)
    assert len(stages) > 1 or name == "basenji_binary"  # too small to be worth a cut
    for stage in stages:
        given = stage.model(given)
    assert np.allclose(given, whole, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_changes_are_those_of_whole_inputs(name, codes):
    means, _ = means_of(name)
    kept = means.keep(codes)
    rng = np.random.default_rng(7)
    starts = np.array([0, 1, 5, 200, 255, 256, 300, 480, LENGTH - 8, LENGTH - 7])
    rows = rng.integers(0, len(codes), len(starts))
    words = rng.integers(0, 4, (len(starts), 7)).astype(np.uint8)
    starts = np.minimum(starts, LENGTH - 7)
    found = means.changes(kept, rows, words, starts)
    for row, word, start, difference in zip(rows, words, starts, found, strict=True):
        changed = codes[row].copy()
        changed[start : start + 7] = word
        expected = means.means(changed[None])[0] - means.means(codes[row][None])[0]
        assert np.allclose(difference, expected, atol=1e-5, equal_nan=True)
    assert np.nanmax(np.abs(found)) > 1e-4


def test_the_work_is_less_than_whole_inputs():
    means, _ = means_of("residualbind_32")
    stages = means._changed_stages(7)
    first = stages[0]
    assert not first.whole
    assert first._some.cropped < LENGTH / 2


def test_means_are_of_coverage_in_unscaled_units_and_of_logits(codes):
    means, predictor = means_of("basenji")
    expected = np.asarray(predictor.model(ONE_HOT[codes])).mean(axis=1) * [1, 2, 0.5]
    assert np.allclose(means.means(codes), expected, atol=1e-6)
    assert np.allclose(means.keep(codes).means, expected, atol=1e-6)
    means, predictor = means_of("residualbind_binary")
    logits = keras.Model(predictor.model.input, predictor.model.get_layer("logits").output)
    expected = np.asarray(logits(ONE_HOT[codes]))
    assert np.allclose(means.means(codes)[:, :2], expected[:, :2], atol=1e-5)
    assert np.isnan(means.means(codes)[:, 2]).all()  # a target that training had no peaks of


def test_effects_are_differences_with_and_without(codes):
    means, _ = means_of("bpnet")
    words = np.array([[0, KEEP, 3], [1, 2, KEEP]], np.uint8)
    starts = np.array([100, 400])
    found = list(effects(means, codes, words, starts))
    assert [part.shape for part in found] == [(5, TARGETS)] * 2
    for word, start, part in zip(words, starts, found, strict=True):
        changed = embed(codes, word, start)
        kept = word == KEEP
        assert (
            changed[:, start : start + 3][:, kept] == codes[:, start : start + 3][:, kept]
        ).all()
        assert (changed[:, start : start + 3][:, ~kept] == word[~kept]).all()
        assert np.allclose(part, means.means(changed) - means.means(codes), atol=1e-5)


def test_effects_do_not_depend_on_what_is_held_at_once(codes, monkeypatch):
    means, _ = means_of("residualbind_32")
    words = np.random.default_rng(8).integers(0, 4, (5, 6)).astype(np.uint8)
    starts = np.full(5, 250)
    once = np.stack(list(effects(means, codes, words, starts)))
    monkeypatch.setattr("epibench.interpret.importance.PATTERNS", 2)
    monkeypatch.setattr("epibench.interpret.importance.MEMORY", 2 * means.bytes_kept)
    assert np.allclose(np.stack(list(effects(means, codes, words, starts))), once, atol=1e-6)


def test_patterns_must_lie_within_the_input(codes):
    means, _ = means_of("basenji")
    word = np.zeros((1, 7), np.uint8)
    with pytest.raises(InputError, match="at position 506 does not lie within the input of 512"):
        list(effects(means, codes, word, np.array([506])))
    with pytest.raises(InputError, match="513 bp is longer than the input of 512 bp"):
        list(effects(means, codes, np.zeros((1, 513), np.uint8), np.array([0])))
    with pytest.raises(InputError, match="have 100 bp, but the model's input has 512"):
        list(effects(means, codes[:, :100], word, np.array([0])))


def test_bootstrap_gives_the_mean_and_a_normal_interval():
    rng = np.random.default_rng(9)
    values = rng.normal(2, 1, (400, 2))
    mean, low, high = Bootstrap(400, 2000, 1)(values)
    assert np.allclose(mean, values.mean(axis=0))
    half = 1.96 * values.std(axis=0) / 20
    assert np.allclose(high - mean, half, rtol=0.1)
    assert np.allclose(mean - low, half, rtol=0.1)
