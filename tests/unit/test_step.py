"""Training steps against Keras's own, with mixed precision, and shared by several devices."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from small_models import small

from epibench.errors import InputError
from epibench.losses import get_loss
from epibench.models.layers import from_codes
from epibench.step import Devices, Steps

SCRIPTS = Path(__file__).parents[2] / "scripts"


def data(count=16):
    rng = np.random.default_rng(1)
    codes = rng.integers(0, 5, (count, 256), dtype=np.uint8)
    return codes, rng.gamma(1.0, 1.0, (count, 8, 3)).astype(np.float32)


def bpnet():
    """A model without dropout or batch normalisation, so that shares of a batch add up."""
    return from_codes(small("bpnet"))


def test_steps_are_those_of_keras():
    ours, theirs = bpnet(), bpnet()
    steps = Steps(ours, get_loss("poisson"), keras.optimizers.Adam(0.01))
    theirs.compile(keras.optimizers.Adam(0.01), get_loss("poisson"))
    for _ in range(4):
        theirs.reset_metrics()
        expected = theirs.train_on_batch(*data(), return_dict=True)["loss"]
        assert float(steps.train(*data())) == pytest.approx(expected, rel=1e-5)
    for found, weight in zip(steps.get_weights(ours), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(found, weight, rtol=1e-3, atol=1e-5)
    theirs.reset_metrics()
    loss, prediction = steps.test(*data(5))
    expected = theirs.test_on_batch(*data(5), return_dict=True)["loss"]
    assert float(loss) == pytest.approx(expected, rel=1e-4)
    np.testing.assert_allclose(prediction, theirs.predict_on_batch(data(5)[0]), rtol=1e-3)


def test_batch_statistics_move_and_the_state_can_be_restored():
    steps = Steps(from_codes(small("basenji")), get_loss("mse"), keras.optimizers.Adam(0.01))
    before = steps.get_state()
    first = [float(steps.train(*data())) for _ in range(3)]
    moments = [v.path for v in steps.variables if "moving_mean" in v.path]
    changed = [not np.array_equal(a, b) for a, b in zip(before, steps.get_state(), strict=True)]
    named = dict(zip([v.path for v in steps.variables], changed, strict=True))
    assert moments
    assert all(named[path] for path in moments)
    steps.set_state(before)
    assert [float(steps.train(*data())) for _ in range(3)] == first


def test_the_learning_rate_can_be_changed():
    steps = Steps(bpnet(), get_loss("mse"), keras.optimizers.Adam(0.01))
    steps.set_learning_rate(0.0)
    before = steps.get_weights(steps.model)
    steps.train(*data())
    for ours, theirs in zip(steps.get_weights(steps.model), before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_penalties_of_layers_are_part_of_the_loss():
    inputs = keras.Input((256,), dtype="uint8")
    x = keras.layers.Embedding(5, 3)(inputs)
    x = keras.layers.AveragePooling1D(32)(x)
    plain = keras.layers.Dense(3, kernel_initializer="ones")(x)
    heavy = keras.layers.Dense(3, kernel_initializer="ones", kernel_regularizer="l2")(x)
    weights = keras.Model(inputs, plain).get_weights()
    losses = []
    for output in (plain, heavy):
        model = keras.Model(inputs, output)
        model.set_weights(weights)
        steps = Steps(model, get_loss("mse"), keras.optimizers.SGD(0.0))
        losses.append(float(steps.test(*data())[0]))
    assert losses[1] - losses[0] == pytest.approx(0.01 * 9, rel=1e-4)


def test_float16_does_not_lose_small_gradients():
    """With a scaled loss: gradients of 1e-8 are zero in float16."""
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = bpnet()
    finally:
        keras.config.set_dtype_policy("float32")
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01))
    steps = Steps(model, get_loss("mse"), optimizer)
    codes, truth = data()
    losses = [float(steps.train(codes, truth)) for _ in range(12)]
    assert np.isfinite(losses).all()
    assert losses[-1] < losses[0]


SHARED = """
import json, os, sys
sys.path[:0] = sys.argv[1:3]
from epibench import device
device.quiet()
import keras
from epibench.losses import get_loss
from epibench.step import Devices, Steps
if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
    cpu = tf.config.list_physical_devices("CPU")[0]
    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, two)
    names = ["CPU:0", "CPU:1"]
else:
    import jax
    names = jax.devices()
assert len(names) == 2
from test_step import bpnet, data
found = []
for devices in (Devices([]), Devices(names)):
    with devices.scope():
        model = bpnet()
        steps = Steps(model, get_loss("poisson"), keras.optimizers.Adam(0.01), devices=devices)
    losses = [float(steps.train(*data())) for _ in range(3)]
    sums = [float(abs(array).sum()) for array in steps.get_weights(model)]
    found.append([losses, float(steps.test(*data(5))[0]), sums])
print(json.dumps(found))
"""


def test_two_devices_that_share_a_batch_train_like_one():
    environment = {
        **os.environ,
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        "KERAS_BACKEND": keras.backend.backend(),
    }
    command = [sys.executable, "-c", SHARED, str(SCRIPTS), str(Path(__file__).parent)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    one, two = json.loads(done.stdout)
    for ours, theirs in zip(two, one, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3)


def test_a_batch_that_devices_cannot_share_is_refused():
    devices = Devices([])
    devices.names = ["a", "b", "c"]
    with pytest.raises(InputError, match="a batch of 16 cannot be shared by 3 devices"):
        devices.split(data()[0])
