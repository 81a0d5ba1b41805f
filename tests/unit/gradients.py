"""Gradients for tests, on either Keras backend."""

import keras
import numpy as np


def gradient(function, inputs):
    """Differentiate a scalar function of one float32 tensor at `inputs`; same shape, NumPy."""
    inputs = np.asarray(inputs, np.float32)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tensor = tf.convert_to_tensor(inputs)
        with tf.GradientTape() as tape:
            tape.watch(tensor)
            value = function(tensor)
        return tape.gradient(value, tensor).numpy()
    import jax

    return np.asarray(jax.grad(function)(jax.numpy.asarray(inputs)))
