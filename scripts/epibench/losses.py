"""Losses between measured and predicted coverage, (batch, bins, targets) each.

All compute in float32, whatever precision comes in, on both Keras backends. A loss that needs the
whole batch or sequence at once reduces over it itself; Keras averages what is left.
"""

import keras
from keras import ops

from epibench.errors import InputError

EPSILON = 1e-7
"""Added to predictions inside the logarithm of the Poisson loss, so that zero stays finite."""

ROUNDING = 1e-6
"""Deviations below this share of the largest value are rounding errors of a constant in float32."""


def _float32(*tensors):
    return [ops.cast(ops.convert_to_tensor(tensor), "float32") for tensor in tensors]


def _normalised(values):
    """Centre each target over batch and positions, largest deviation 1; return also if it varies.

    Two passes, and a division that no square can overflow or underflow after. Correlation does not
    depend on scale, so the scale takes no part in the gradient.
    """
    centred = values - ops.mean(values, axis=(0, 1), keepdims=True)
    deviation = ops.stop_gradient(ops.max(ops.abs(centred), axis=(0, 1)))
    largest = ops.stop_gradient(ops.max(ops.abs(values), axis=(0, 1)))
    varies = deviation > ROUNDING * largest
    return centred / ops.where(varies, deviation, 1.0), varies


def negative_pearson(truth, prediction):
    """Return minus Pearson's r over all positions of the batch, averaged over targets.

    Targets whose truth is constant in the batch have no r and are left out of the average; a
    constant prediction counts as 0. Value and gradient are finite in both cases.
    """
    truth, truth_varies = _normalised(truth)
    prediction, prediction_varies = _normalised(prediction)
    product = ops.sum(truth * prediction, axis=(0, 1))
    squares = ops.sum(truth * truth, axis=(0, 1)) * ops.sum(prediction * prediction, axis=(0, 1))
    defined = ops.logical_and(truth_varies, prediction_varies)
    r = ops.where(defined, product, 0.0) / ops.sqrt(ops.where(defined, squares, 1.0))
    count = ops.sum(ops.cast(truth_varies, "float32"))
    return -ops.sum(r) / ops.maximum(count, 1.0)


def squared_error(truth, prediction):
    """Return the squared error, averaged over targets: float32 (batch, bins)."""
    return ops.mean(ops.square(truth - prediction), axis=-1)


@keras.saving.register_keras_serializable(package="epibench")
class Poisson(keras.losses.Loss):
    """Poisson negative log-likelihood, mean of prediction - truth * log prediction.

    The constant log(truth!) is left out. The logarithm is of max(prediction, 0) + 1e-7.
    """

    def __init__(self, name="poisson", **settings):
        super().__init__(name=name, **settings)

    def call(self, y_true, y_pred):
        truth, prediction = _float32(y_true, y_pred)
        logarithm = ops.log(ops.maximum(prediction, 0.0) + EPSILON)
        return ops.mean(prediction - truth * logarithm, axis=-1)


@keras.saving.register_keras_serializable(package="epibench")
class MeanSquaredError(keras.losses.Loss):
    """Mean squared error."""

    def __init__(self, name="mse", **settings):
        super().__init__(name=name, **settings)

    def call(self, y_true, y_pred):
        return squared_error(*_float32(y_true, y_pred))


@keras.saving.register_keras_serializable(package="epibench")
class PearsonR(keras.losses.Loss):
    """Minus Pearson's r; see `negative_pearson`."""

    def __init__(self, name="pearsonr", **settings):
        super().__init__(name=name, **settings)

    def call(self, y_true, y_pred):
        return negative_pearson(*_float32(y_true, y_pred))


@keras.saving.register_keras_serializable(package="epibench")
class PearsonRMSE(keras.losses.Loss):
    """Minus Pearson's r, plus `mse_weight` times the mean squared error."""

    def __init__(self, mse_weight=0.001, name="pearsonr_mse", **settings):
        super().__init__(name=name, **settings)
        self.mse_weight = mse_weight

    def call(self, y_true, y_pred):
        truth, prediction = _float32(y_true, y_pred)
        error = ops.mean(squared_error(truth, prediction))
        return negative_pearson(truth, prediction) + self.mse_weight * error

    def get_config(self):
        return {**super().get_config(), "mse_weight": self.mse_weight}


@keras.saving.register_keras_serializable(package="epibench")
class MultinomialMSE(keras.losses.Loss):
    """`multinomial_weight` times the multinomial negative log-likelihood, plus the MSE.

    The predictions are taken as logits over the positions of an input. The likelihood of one
    sequence is -sum over targets and positions of truth * log softmax(prediction), without the
    multinomial coefficient, which no prediction changes; sequences are averaged.
    """

    def __init__(self, multinomial_weight=1e-7, name="multinomial_mse", **settings):
        super().__init__(name=name, **settings)
        self.multinomial_weight = multinomial_weight

    def call(self, y_true, y_pred):
        truth, prediction = _float32(y_true, y_pred)
        multinomial = -ops.sum(truth * ops.log_softmax(prediction, axis=1), axis=(1, 2))
        error = ops.mean(squared_error(truth, prediction), axis=-1)
        return self.multinomial_weight * multinomial + error

    def get_config(self):
        return {**super().get_config(), "multinomial_weight": self.multinomial_weight}


_CLASSES = {
    "poisson": Poisson,
    "mse": MeanSquaredError,
    "pearsonr": PearsonR,
    "multinomial_mse": MultinomialMSE,
    "pearsonr_mse": PearsonRMSE,
}


def get_loss(name: str) -> keras.losses.Loss:
    """Return the loss called `name`, a key of `epibench.words.LOSSES`; else raise InputError."""
    if name not in _CLASSES:
        raise InputError(f"there is no loss {name!r}; known: {', '.join(_CLASSES)}")
    return _CLASSES[name]()
