"""What every architecture of the registry must do, one test for all of them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from scipy import special
from small_models import SMALL, head, named_layers, random_codes, small

from epibench import device
from epibench.errors import InputError
from epibench.losses import get_loss
from epibench.models import registry
from epibench.models.layers import OneHot, from_codes
from epibench.predict import CoverageFunction
from epibench.words import HEADS

SCRIPTS = Path(__file__).parents[2] / "scripts"

every_model = pytest.mark.parametrize("name", SMALL)
every_coverage_model = pytest.mark.parametrize(
    "name", [name for name in SMALL if head(name) == "coverage"]
)


def predicted(model, layer=None):
    """Predict without compiling, which takes longer than the arithmetic of small models."""
    output = model.get_layer(layer).output if layer else model.output
    inner = keras.Model(model.input, output)
    return keras.ops.convert_to_numpy(inner(OneHot()(random_codes(4)), training=False))


LOSS_OF = {
    "coverage": "poisson",
    "profile_counts": "multinomial_counts",
    "peaks": "binary_crossentropy",
}


def test_the_battery_holds_every_builder():
    assert {builder for builder, _ in SMALL.values()} == set(registry.BUILDERS)


@every_model
def test_one_target_and_one_bin(name):
    model = small(name, 256, targets=1)
    assert model.input_shape == (None, 256, 4)
    assert model.output_shape == ((None, 1) if head(name) == "peaks" else (None, 1, 1))


@every_model
def test_layers_are_named(name):
    model = small(name, 64)
    shapes = {layer: tuple(model.get_layer(layer).output.shape[1:]) for layer in named_layers(name)}
    filters = shapes["first_filters"][1]
    assert shapes["first_filters"] == shapes["first_norm"] == (256, filters)
    if head(name) == "peaks":
        assert shapes["logits"] == shapes["probability"] == (3,)
        assert len(shapes["embedding"]) == 1
    else:
        assert shapes["logits"][1] == 3
        assert shapes["embedding"][0] % shapes["coverage"][0] == 0
        assert shapes["coverage"] == (4, 3)
    if head(name) == "profile_counts":
        assert (shapes["logits"], shapes["log_counts"]) == ((4, 3), (1, 3))
    at_every_base = model.get_layer("first_activation")(model.get_layer("first_norm").output)
    assert tuple(at_every_base.shape[1:]) == (256, filters)


@every_model
def test_the_first_filters_cover_the_bases_that_are_promised(name):
    model = small(name)
    filters = model.get_layer("first_filters")
    width = filters.kernel.shape[0]
    inner = keras.Model(model.input, filters.output)
    one_hot = np.zeros((1, 256, 4), np.float32)
    one_hot[0, 100] = 1
    response = keras.ops.convert_to_numpy(inner(one_hot) - inner(np.zeros_like(one_hot)))
    touched = np.flatnonzero(np.abs(response[0]).max(axis=1))
    # position i covers bases i - (width - 1) // 2 up to and including i + width // 2
    assert (touched[0], touched[-1]) == (100 - width // 2, 100 + (width - 1) // 2)


@every_model
def test_the_output_follows_the_logits(name):
    model = small(name, 64)
    logits = predicted(model, "logits")
    if head(name) == "peaks":
        expected = special.expit(logits)
    elif head(name) == "profile_counts":
        sums = np.expm1(np.maximum(predicted(model, "log_counts"), 0))
        expected = special.softmax(logits, axis=1) * sums
    else:
        expected = np.logaddexp(logits, 0).reshape(4, 4, -1, 3).mean(axis=2)
    np.testing.assert_allclose(predicted(model), expected, rtol=1e-5, atol=1e-6)


@every_coverage_model
def test_a_linear_output_can_be_negative(name):
    model = small(name, output="linear")
    found = predicted(model), predicted(small(name))
    np.testing.assert_allclose(np.logaddexp(found[0], 0), found[1], rtol=1e-4)
    assert not np.array_equal(*found)


@every_model
def test_training_lowers_the_loss(name):
    # without dropout, which drowns the effect of a few steps
    can = "dropout" in registry.builder(SMALL[name][0]).options
    model = from_codes(small(name, **({"dropout": False} if can else {})), HEADS[head(name)])
    model.compile(keras.optimizers.Adam(0.01), get_loss(LOSS_OF[head(name)]), run_eagerly=True)
    codes = random_codes(8)
    truth = np.random.default_rng(1).gamma(1.0, 1.0, (8, 8, 3)).astype(np.float32)
    if head(name) == "peaks":
        truth = (truth[:, 0] > 1).astype(np.float32)
    losses = []
    for _ in range(5):
        model.reset_metrics()
        losses.append(model.train_on_batch(codes, truth))
    assert np.mean(losses[-2:]) < losses[0]


PREDICT_ELSEWHERE = """
import sys, json, numpy as np
from epibench import device
device.quiet()
device.set_threads(1)
import keras
from epibench.models.layers import OneHot, load_model
one_hot = OneHot()(np.load(sys.argv[1]))
models = map(load_model, sys.argv[2:])
print(json.dumps([keras.ops.convert_to_numpy(m(one_hot, training=False)).tolist() for m in models]))
"""


def test_saved_models_predict_the_same_in_a_new_process_on_the_other_backend(tmp_path):
    codes = random_codes(4)
    np.save(tmp_path / "codes.npy", codes)
    paths = [tmp_path / f"{i}.keras" for i in range(len(SMALL))]
    expected = []
    for name, path in zip(SMALL, paths, strict=True):
        model = small(name)
        model.save(path)
        expected.append(predicted(model))
        assert np.ptp(expected[-1]) > 1e-3
    other = {"tensorflow": "jax", "jax": "tensorflow"}[keras.backend.backend()]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), "KERAS_BACKEND": other}
    command = [sys.executable, "-c", PREDICT_ELSEWHERE, tmp_path / "codes.npy", *paths]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for found, own in zip(json.loads(done.stdout), expected, strict=True):
        np.testing.assert_allclose(found, own, rtol=0, atol=5e-5)


@every_model
@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_keeps_float32_outputs_near(name, precision):
    model, codes = small(name), random_codes(4)
    expected = CoverageFunction(model)(codes)
    try:
        device.set_precision(precision)
        mixed = small(name)
        mixed.set_weights(model.get_weights())
        found = keras.ops.convert_to_numpy(mixed(OneHot()(codes), training=False))
        assert mixed.get_layer("first_filters").compute_dtype == precision.removeprefix("mixed_")
        assert mixed.get_layer("logits").compute_dtype == "float32"
    finally:
        device.set_precision("float32")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0.1, atol=0.05)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.98


@every_coverage_model
def test_impossible_bin_sizes_are_refused(name):
    with pytest.raises(InputError, match="does not divide the input length of 256"):
        small(name, 100)


@pytest.mark.parametrize("name", [name for name in SMALL if head(name) == "peaks"])
def test_binary_models_give_one_value_an_input(name):
    builder = registry.builder(SMALL[name][0])
    options = registry.check_options(*SMALL[name])
    problem = builder.bin_size_problem(128, 256, options)
    assert problem == "it gives one value an input; the bin size is the input length, 256 bp"
