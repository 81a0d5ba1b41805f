"""Losses between measured and predicted coverage, (batch, bins, targets) each.

All compute in float32, whatever precision comes in, on both Keras backends, and average targets,
each with its weight. A loss that needs the whole batch or sequence at once reduces over it itself;
Keras averages what is left.
"""

from collections.abc import Sequence

import keras
from keras import ops

from epibench.errors import InputError

EPSILON = 1e-7
"""Added to predictions inside the logarithm of the Poisson loss, so that zero stays finite."""

ROUNDING = 1e-6
"""Deviations below this share of the largest value are rounding errors of a constant in float32."""


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


def negative_pearson(truth, prediction, weights=1.0):
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
    counted = weights * ops.cast(truth_varies, "float32")
    total = ops.sum(counted)
    return -ops.sum(counted * r) / ops.where(total > 0, total, 1.0)


def multinomial_nll(truth, logits):
    """Return the multinomial negative log-likelihood of each sequence and target, (batch, targets).

    It is -sum over positions of truth * log softmax(logits), without the multinomial coefficient,
    which no prediction changes.
    """
    return -ops.sum(truth * ops.log_softmax(logits, axis=1), axis=1)


class TargetLoss(keras.losses.Loss):
    """A loss that averages targets, in float32.

    Parameters
    ----------
    target_weights : sequence of float or None
        Weight of each target in the average; default None, all alike. Only their ratios matter.
    """

    def __init__(self, target_weights: Sequence[float] | None = None, name=None, **settings):
        super().__init__(name=name, **settings)
        self.target_weights = None if target_weights is None else list(target_weights)

    def call(self, y_true, y_pred):
        return self.measure(
            *(ops.cast(ops.convert_to_tensor(values), "float32") for values in (y_true, y_pred))
        )

    def measure(self, truth, prediction):
        """Compute the loss of float32 tensors."""
        raise NotImplementedError

    def get_config(self):
        return {**super().get_config(), "target_weights": self.target_weights}

    @property
    def weights(self):
        """Weight of each target, their mean 1."""
        if self.target_weights is None:
            return 1.0
        weights = ops.convert_to_tensor(self.target_weights, "float32")
        return weights / ops.mean(weights)

    def mean(self, values):
        """Average over targets, the last axis."""
        return ops.mean(values * self.weights, axis=-1)


@keras.saving.register_keras_serializable(package="epibench")
class Poisson(TargetLoss):
    """Poisson negative log-likelihood, mean of prediction - truth * log prediction.

    The constant log(truth!) is left out. The logarithm is of max(prediction, 0) + 1e-7.
    """

    def measure(self, truth, prediction):
        logarithm = ops.log(ops.maximum(prediction, 0.0) + EPSILON)
        return self.mean(prediction - truth * logarithm)


@keras.saving.register_keras_serializable(package="epibench")
class MeanSquaredError(TargetLoss):
    """Mean squared error."""

    def measure(self, truth, prediction):
        return self.mean(ops.square(truth - prediction))


@keras.saving.register_keras_serializable(package="epibench")
class PearsonR(TargetLoss):
    """Minus Pearson's r; see `negative_pearson`."""

    def measure(self, truth, prediction):
        return negative_pearson(truth, prediction, self.weights)


@keras.saving.register_keras_serializable(package="epibench")
class PearsonRMSE(TargetLoss):
    """Minus Pearson's r, plus `mse_weight` times the mean squared error."""

    def __init__(self, mse_weight=0.001, **settings):
        super().__init__(**settings)
        self.mse_weight = mse_weight

    def measure(self, truth, prediction):
        error = ops.mean(self.mean(ops.square(truth - prediction)))
        return negative_pearson(truth, prediction, self.weights) + self.mse_weight * error

    def get_config(self):
        return {**super().get_config(), "mse_weight": self.mse_weight}


@keras.saving.register_keras_serializable(package="epibench")
class Multinomial(TargetLoss):
    """Multinomial negative log-likelihood of a sequence, the predictions taken as logits.

    It knows the profile alone: predictions have no scale, and their order of magnitude means
    nothing.
    """

    def measure(self, truth, prediction):
        return self.mean(multinomial_nll(truth, prediction))


@keras.saving.register_keras_serializable(package="epibench")
class MultinomialMSE(TargetLoss):
    """`multinomial_weight` times the multinomial loss, plus the mean squared error."""

    def __init__(self, multinomial_weight=1e-7, **settings):
        super().__init__(**settings)
        self.multinomial_weight = multinomial_weight

    def measure(self, truth, prediction):
        error = ops.mean(self.mean(ops.square(truth - prediction)), axis=-1)
        return self.multinomial_weight * self.mean(multinomial_nll(truth, prediction)) + error

    def get_config(self):
        return {**super().get_config(), "multinomial_weight": self.multinomial_weight}


@keras.saving.register_keras_serializable(package="epibench")
class MultinomialCounts(TargetLoss):
    """Multinomial loss of the profile, plus `counts_weight` times the squared error of its sum.

    Predictions are (batch, bins + 1, targets): the logits of the profile, and last the logarithm of
    1 + the sum over the bins (Avsec et al. 2021, BPNet: the loss of its two heads).
    """

    def __init__(self, counts_weight=1.0, **settings):
        super().__init__(**settings)
        self.counts_weight = counts_weight

    def measure(self, truth, prediction):
        logits, log_counts = prediction[:, :-1], prediction[:, -1]
        error = ops.square(ops.log1p(ops.sum(truth, axis=1)) - log_counts)
        return self.mean(multinomial_nll(truth, logits) + self.counts_weight * error)

    def get_config(self):
        return {**super().get_config(), "counts_weight": self.counts_weight}


@keras.saving.register_keras_serializable(package="epibench")
class BinaryCrossentropy(TargetLoss):
    """Cross-entropy of 0/1 labels and logits, (batch, targets) each; labels below 0 are unknown.

    Unknown labels are left out of the average; of nothing but unknown ones it is 0.
    """

    def measure(self, truth, prediction):
        known = ops.cast(truth >= 0, "float32") * self.weights
        # log(1 + exp(x)) - truth * x, which no large logit overflows
        entropy = ops.softplus(prediction) - ops.maximum(truth, 0.0) * prediction
        total = ops.sum(known)
        return ops.sum(known * entropy) / ops.where(total > 0, total, 1.0)


_CLASSES = {
    "poisson": Poisson,
    "mse": MeanSquaredError,
    "pearsonr": PearsonR,
    "multinomial_mse": MultinomialMSE,
    "pearsonr_mse": PearsonRMSE,
    "multinomial": Multinomial,
    "multinomial_counts": MultinomialCounts,
    "binary_crossentropy": BinaryCrossentropy,
}


def get_loss(
    name: str, target_weights: Sequence[float] | None = None, **settings: float
) -> TargetLoss:
    """Return a loss by its name.

    Parameters
    ----------
    name : str
        A key of `epibench.words.LOSSES`.
    target_weights : sequence of float or None
        Weight of each target; default None, all alike.
    settings : float
        `mse_weight` of pearsonr_mse, `multinomial_weight` of multinomial_mse, `counts_weight` of
        multinomial_counts.

    Raises
    ------
    InputError
        For an unknown name.
    """
    if name not in _CLASSES:
        raise InputError(f"there is no loss {name!r}; known: {', '.join(_CLASSES)}")
    return _CLASSES[name](target_weights=target_weights, name=name, **settings)
