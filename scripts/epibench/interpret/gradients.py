"""Differentiate predictions with respect to the one-hot sequence."""

import keras
import numpy as np

from epibench.interpret.means import ONE_HOT
from epibench.predict import BATCH_SIZE
from epibench.run_predictor import ModelPredictor


class GradientFunction:
    """Give the gradient of a target's mean coverage over the input, or of its logit.

    One function is compiled and used batch after batch; it runs on TensorFlow and on JAX. Dropout
    is off and batch normalisation uses its moving moments.

    Parameters
    ----------
    predictor : ModelPredictor
    batch_size : int, default 64
    """

    def __init__(self, predictor: ModelPredictor, batch_size: int = BATCH_SIZE):
        model = predictor.model
        if predictor.layer:
            model = keras.Model(model.input, model.get_layer(predictor.layer).output)
        self._batch_size = batch_size
        self._factor = predictor.scale if predictor.of_coverage else np.ones(len(predictor.targets))
        self._differentiate = _compiled(model)

    def __call__(self, one_hot: np.ndarray, target: int) -> np.ndarray:
        """Differentiate float32 (n, length, 4) for a target: the same shape, in unscaled units."""
        parts = []
        for at in range(0, len(one_hot), self._batch_size):
            batch = one_hot[at : at + self._batch_size].astype(np.float32)
            filled = np.pad(batch, ((0, self._batch_size - len(batch)), (0, 0), (0, 0)))
            parts.append(np.asarray(self._differentiate(filled, target))[: len(batch)])
        return np.concatenate(parts) * np.float32(self._factor[target])


def _compiled(model: keras.Model):
    """Compile the gradient of the sum over the batch: inputs do not act on each other."""

    def total(one_hot, target):
        output = keras.ops.cast(model(one_hot, training=False), "float32")
        if len(output.shape) == 3:
            output = keras.ops.mean(output, axis=1)
        return keras.ops.sum(keras.ops.take(output, target, axis=-1))

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        @tf.function
        def differentiate(one_hot, target):
            with tf.GradientTape() as tape:
                tape.watch(one_hot)
                value = total(one_hot, target)
            return tape.gradient(value, one_hot)

        return lambda one_hot, target: differentiate(
            tf.convert_to_tensor(one_hot), tf.constant(target)
        )
    import jax

    return jax.jit(jax.grad(total))


def corrected(gradient: np.ndarray) -> np.ndarray:
    """Subtract the mean over the four bases, which no sequence can follow: (..., length, 4).

    One-hot sequences lie on a simplex, and what a gradient says off it is noise of the training
    (Majdandzic et al. 2023, Correcting gradient-based interpretations of deep neural networks).
    """
    return gradient - gradient.mean(axis=-1, keepdims=True)


def off_simplex(gradient: np.ndarray) -> float:
    """Give the share of a gradient's norm that `corrected` removes, 0 to 1."""
    removed = gradient - corrected(gradient)
    whole = np.linalg.norm(gradient)
    return float(np.linalg.norm(removed) / whole) if whole else 0.0


def integrated_gradients(
    function: GradientFunction,
    codes: np.ndarray,
    references: np.ndarray,
    target: int,
    steps: int,
) -> np.ndarray:
    """Integrate gradients along the straight line from references (Sundararajan et al. 2017).

    Parameters
    ----------
    function : GradientFunction
    codes : uint8, shape (n, length)
    references : uint8, shape (n, references, length)
        Of each sequence; results are means over them.
    target : int
        Its number.
    steps : int
        Points on each line: the middles of as many equal parts.

    Returns
    -------
    float32, shape (n, length)
        Summed over the four bases. The sum over the positions approaches the prediction less the
        mean prediction of the references as the steps grow.
    """
    found = np.zeros(codes.shape, np.float32)
    weights = (np.arange(steps, dtype=np.float32) + 0.5) / steps
    count = references.shape[1]
    for row, sequence in enumerate(ONE_HOT[codes]):
        difference = sequence - ONE_HOT[references[row]]  # (references, length, 4)
        start = sequence - difference
        points = start[:, None] + weights[:, None, None] * difference[:, None]
        gradient = function(points.reshape(-1, *sequence.shape), target)
        mean = gradient.reshape(count, steps, *sequence.shape).mean(axis=1)
        found[row] = (mean * difference).sum(axis=-1).mean(axis=0)
    return found
