"""`model.fit` sees the batches of the epochs, in order, in spite of what Keras does around them."""

import threading

import keras
import numpy as np
import pytest
from small_store import INPUT, load, small_store

from epibench.data.fit_batches import FitBatches
from epibench.models.layers import OneHot

TARGETS, MOMENTUM, RATE = 3, 0.8, 0.5


def batches(workers=0, **keys):
    """Give 7 shuffled batches an epoch, the last of them smaller."""
    keys = {"augmentation": "rc+shift", "shuffle": True, "scale": np.full(3, 500), **keys}
    return load(small_store(), workers=workers, **keys)


def linear_model():
    """Predict (batch, positions, targets) from base codes with one matrix, zero at first.

    With the mean of prediction times coverage as loss, the gradient does not depend on the matrix,
    so momentum makes the matrix a weighted sum over batches: each weight tells the batch's place.
    """
    codes = keras.Input((INPUT,), dtype="uint8")
    dense = keras.layers.Dense(TARGETS, use_bias=False, kernel_initializer="zeros")
    model = keras.Model(codes, dense(OneHot()(codes)))
    model.compile(
        optimizer=keras.optimizers.SGD(RATE, momentum=MOMENTUM),
        loss=lambda true, predicted: keras.ops.mean(true * predicted, axis=-1),
    )
    return model


def one_hot(codes):
    return np.concatenate([np.eye(4), np.full((1, 4), 0.25)])[codes]


def expected_matrices(source, epochs):
    """Give the matrix after each epoch, as NumPy has it from the epochs' batches."""
    matrix, velocity, after = np.zeros((4, TARGETS)), 0, []
    for epoch in epochs:
        for x, y in source.epoch(epoch):
            gradient = np.einsum("blc,blt->ct", one_hot(x), y) / y.size
            velocity = MOMENTUM * velocity - RATE * gradient
            matrix = matrix + velocity
        after.append(matrix)
    return after


class Recorder(keras.callbacks.Callback):
    """Keep the matrix after each epoch."""

    def __init__(self):
        super().__init__()
        self.matrices = []

    def on_epoch_end(self, epoch, logs=None):
        self.matrices.append(self.model.get_weights()[0])


def fit(model, data, initial_epoch=0, epochs=3, **keys):
    """Fit and return the matrix after each epoch, and the history."""
    recorder = Recorder()
    callbacks = [data.callback, recorder]
    settings = {"shuffle": False, "verbose": 0, "callbacks": callbacks} | keys
    history = model.fit(data, initial_epoch=initial_epoch, epochs=epochs, **settings)
    return recorder.matrices, history.history


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("initial_epoch", [0, 3])
def test_fit_sees_the_batches_of_each_epoch(workers, initial_epoch):
    source = batches(workers)
    epochs = range(initial_epoch, initial_epoch + 3)
    found, _ = fit(linear_model(), FitBatches(source), initial_epoch, epochs.stop)
    expected = expected_matrices(batches(), epochs)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    # the comparison tells the order: that of another epoch, or another first batch, is far off
    other = expected_matrices(batches(), [epoch + 1 for epoch in epochs])
    assert np.abs(other[-1] - expected[-1]).max() > 0.01


def test_a_second_fit_goes_on():
    model, data = linear_model(), FitBatches(batches(2))
    fit(model, data, 0, 2)
    found, _ = fit(model, data, 2, 4)
    expected = expected_matrices(batches(), range(4))
    np.testing.assert_allclose(found, expected[2:], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("workers", [0, 2])
def test_validation_and_evaluate_read_the_epoch_that_they_are_given(workers):
    model, valid = linear_model(), FitBatches(batches(workers, seed=9), epoch=5)
    _, history = fit(model, FitBatches(batches()), epochs=2, validation_data=valid)
    matrix = model.get_weights()[0]
    whole = [(one_hot(x) @ matrix * y, len(x)) for x, y in batches(seed=9).epoch(5)]
    loss = sum(term.mean() * count for term, count in whole) / sum(count for _, count in whole)
    assert history["val_loss"][-1] == pytest.approx(loss, rel=1e-4)
    assert model.evaluate(valid, verbose=0) == pytest.approx(loss, rel=1e-4)


def test_batches_are_those_of_the_epoch_in_any_order_and_twice():
    data, whole = FitBatches(batches(2), epoch=4), list(batches().epoch(4))
    for index in (3, 0, 0, 6, 5, 1, 2, 3):
        for found, expected in zip(data[index], whole[index], strict=True):
            np.testing.assert_array_equal(found, expected)
    assert len(data) == 7


def test_a_fit_that_shuffles_is_refused():
    with pytest.raises(Exception, match=r"fit shuffles the batches.*give it shuffle=False"):
        fit(linear_model(), FitBatches(batches(workers=2, batch_size=2)), shuffle=True)


def test_a_fit_without_the_callback_is_refused():
    with pytest.raises(Exception, match=r"give it callbacks=\[data.callback\], or name an epoch"):
        fit(linear_model(), FitBatches(batches()), callbacks=[])


def test_no_thread_is_left():
    fit(linear_model(), FitBatches(batches(3)), validation_data=FitBatches(batches(2), epoch=0))
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith(("prefetch", "Worker"))]
