"""The registry's models: shapes, pinned counts, receptive fields, saving, both backends."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from gradients import gradient
from small_models import random_codes, small

from epibench.errors import InputError
from epibench.models import registry
from epibench.models.layers import OneHot, gelu_sigmoid, load_model
from epibench.predict import CoverageFunction

SCRIPTS = Path(__file__).parents[2] / "scripts"
BIN_SIZES = (1, 32, 64, 128, 256, 512, 1024, 2048)
NARROW = {"first_filters": 4, "last_filters": 8}


def narrow(bin_size, **settings):
    return small("basenji", bin_size, **settings)


def python(program, *arguments, **environment):
    """Run a program in a new process and return what it prints."""
    command = [sys.executable, "-c", program, *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), **environment}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


# Registry


def test_registry_imports_no_keras():
    program = "import sys, epibench.models.registry as r, epibench.recipe; r.check_options"
    heavy = python(
        f"{program}('basenji', {{}}); print({{'keras', 'tensorflow'}} & {{*sys.modules}})"
    )
    assert heavy.strip() == "set()"


def test_options_are_completed_and_typed():
    complete = registry.check_options("basenji", {"batch_norm_momentum": 0, "dropout": False})
    assert complete == {
        "first_filters": 256,
        "first_pool": 2,
        "last_filters": 2048,
        "residual_units": 11,
        "dropout": False,
        "batch_norm_momentum": 0.0,
        "output": "softplus",
    }
    assert type(complete["batch_norm_momentum"]) is float


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"filters": 4}, "no option 'filters'; known: first_filters, first_pool"),
        ({"first_filters": 5}, "'first_filters' .* is 5; it must be a multiple of 2"),
        ({"last_filters": 0}, "is 0; it must be at least 1"),
        ({"residual_units": True}, "is True; it must be of type int"),
        ({"dropout": 0.3}, "is 0.3; it must be of type bool"),
        ({"batch_norm_momentum": 1.0}, "is 1.0; it must be below 1.0"),
        ({"batch_norm_momentum": float("nan")}, "must be at least 0"),
        ({"output": "relu"}, "'relu'; it must be one of softplus, linear"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        registry.check_options("basenji", options)


def test_bad_models_are_refused():
    settings = {"input_length": 2048, "targets": 1, "options": NARROW}
    with pytest.raises(InputError, match="no model builder 'bassenji'; known: basenji"):
        registry.build("bassenji", bin_size=1, **settings)
    with pytest.raises(InputError, match=r"bin size 100: it does not divide .* 2048"):
        registry.build("basenji", bin_size=100, **settings)
    with pytest.raises(InputError, match="and 0 targets; give at least 1"):
        registry.build("basenji", bin_size=1, **{**settings, "targets": 0})


def test_bin_size_problem():
    basenji = registry.BUILDERS["basenji"]
    options = registry.check_options("basenji", {})
    assert [basenji.bin_size_problem(size, 2048, options) for size in BIN_SIZES] == [None] * 8
    assert basenji.bin_size_problem(1, 3, options) is None
    assert "must be a multiple of 2" in basenji.bin_size_problem(3, 3072, options)
    assert "does not divide" in basenji.bin_size_problem(0, 2048, options)
    assert "does not divide" in basenji.bin_size_problem(4096, 2048, options)


# Basenji


@pytest.mark.parametrize("bin_size", BIN_SIZES)
def test_parameter_counts_are_pinned(bin_size):
    model = registry.build("basenji", input_length=2048, bin_size=bin_size, targets=15, options={})
    trainable = sum(int(np.prod(v.shape)) for v in model.trainable_weights)
    frozen = sum(int(np.prod(v.shape)) for v in model.non_trainable_weights)
    assert (trainable, frozen) == (2_025_231, 13_056)
    assert model.output_shape == (None, 2048 // bin_size, 15)


def test_layers_are_those_of_the_description():
    model = registry.build("basenji", input_length=2048, bin_size=128, targets=5, options=NARROW)
    kinds = (keras.layers.Conv1D, keras.layers.Dropout, keras.layers.BatchNormalization)
    of = {kind: [layer for layer in model.layers if type(layer) is kind] for kind in kinds}
    dilations = [
        conv.dilation_rate[0] for conv in of[keras.layers.Conv1D] if conv.kernel_size == (3,)
    ]
    assert dilations == [1, 2, 2, 3, 5, 8, 11, 17, 26, 38, 58]
    assert [drop.rate for drop in of[keras.layers.Dropout]] == [0.3] * 11 + [0.05]
    norms = of[keras.layers.BatchNormalization]
    assert {(norm.momentum, norm.epsilon) for norm in norms} == {(0.9, 1e-3)}
    gammas = [float(keras.ops.mean(norm.gamma)) for norm in norms]
    assert gammas == [1.0, *[1.0, 0.0] * 11, 1.0]
    convs = [*of[keras.layers.Conv1D], model.get_layer("logits")]
    assert {type(conv.kernel_initializer).__name__ for conv in convs} == {"HeNormal"}
    assert not any(conv.use_bias for conv in of[keras.layers.Conv1D])
    without = narrow(128, dropout=False)
    assert not any(isinstance(layer, keras.layers.Dropout) for layer in without.layers)


def test_gelu_is_the_sigmoid_approximation():
    x = np.linspace(-5, 5, 11, dtype="float32")
    found = keras.ops.convert_to_numpy(gelu_sigmoid(keras.ops.convert_to_tensor(x)))
    np.testing.assert_allclose(found, x / (1 + np.exp(-1.702 * x)), rtol=1e-5)


@pytest.mark.parametrize(("bin_size", "expected"), [(1, 357), (32, 730), (128, 826)])
def test_receptive_field(bin_size, expected):
    model = narrow(bin_size, input_length=2048, targets=1, residual_units=11)
    sequences = np.random.default_rng(3).random((4, 2048, 4), dtype=np.float32)
    middle = 1024 // bin_size
    slope = gradient(lambda x: keras.ops.sum(model(x, training=False)[:, middle]), sequences)
    touched = np.flatnonzero(np.abs(slope).max(axis=(0, 2)))
    assert touched[-1] - touched[0] + 1 == expected


@pytest.mark.parametrize("bin_size", [1, 2, 32])
def test_named_layers(bin_size):
    model = narrow(bin_size)
    names = ("first_filters", "first_norm", "first_activation", "embedding", "logits", "coverage")
    shapes = {name: tuple(model.get_layer(name).output.shape[1:]) for name in names}
    assert shapes["first_filters"] == shapes["first_norm"] == (256, 4)
    assert shapes["embedding"] == (256 // bin_size, 8)
    assert shapes["logits"] == shapes["coverage"] == (256 // bin_size, 3)
    assert model.get_layer("first_filters").kernel.shape == (15, 4, 4)

    at_every_base = model.get_layer("first_activation")(model.get_layer("first_norm").output)
    inner = keras.Model(model.input, [at_every_base, model.get_layer("logits").output])
    codes = random_codes(2)
    activation, logits = map(keras.ops.convert_to_numpy, inner(OneHot()(codes), training=False))
    assert activation.shape == (2, 256, 4)
    coverage = CoverageFunction(model)(codes)
    np.testing.assert_allclose(coverage, np.logaddexp(logits, 0), rtol=1e-5, atol=1e-6)


# Sequences in, coverage out


def test_one_hot():
    found = keras.ops.convert_to_numpy(OneHot()(np.array([[0, 1, 2, 3, 4]], np.uint8)))
    assert found.dtype == np.float32
    assert found.tolist() == [[*np.eye(4).tolist(), [0.25] * 4]]


def test_prediction_does_not_depend_on_batches():
    model = narrow(32)
    codes = random_codes(7)
    whole = CoverageFunction(model)(codes)
    assert whole.shape == (7, 8, 3)
    assert whole.dtype == np.float32
    in_parts = CoverageFunction(model, batch_size=3)
    np.testing.assert_allclose(in_parts(codes), whole, rtol=1e-5)
    np.testing.assert_allclose(in_parts(codes[:1]), whole[:1], rtol=1e-5)
    assert in_parts(codes[:0]).shape == (0, 8, 3)
    direct = model(OneHot()(codes), training=False)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(direct), whole, rtol=1e-5)


def test_prediction_refuses_other_shapes():
    model = narrow(32)
    with pytest.raises(InputError, match=r"uint8 .* \(n, 256\), not uint8 of shape \(1, 128\)"):
        CoverageFunction(model)(random_codes(1, 128))
    with pytest.raises(InputError, match="not float32"):
        CoverageFunction(model)(random_codes(1).astype("float32"))


# Files


def test_bad_model_files_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"none\.keras: there is no such file"):
        load_model(tmp_path / "none.keras")
    inputs = keras.Input((8, 4))
    keras.Model(inputs, keras.layers.Lambda(lambda x: x)(inputs)).save(tmp_path / "code.keras")
    with pytest.raises(InputError, match=r"code\.keras cannot be loaded .*Lambda"):
        load_model(tmp_path / "code.keras")
    (tmp_path / "half.keras").write_bytes(b"PK not a zip")
    with pytest.raises(InputError, match=r"half\.keras cannot be loaded"):
        load_model(tmp_path / "half.keras")
