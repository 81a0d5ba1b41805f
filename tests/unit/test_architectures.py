"""BPNet and ResidualBind-32 against their descriptions: counts, layers, receptive fields."""

import keras
import numpy as np
import pytest
from small_models import small

from epibench.errors import InputError
from epibench.models import registry
from epibench.models.layers import OneHot
from epibench.words import LOSSES


def built(builder, bin_size, targets=15, **options):
    return registry.build(
        builder, input_length=2048, bin_size=bin_size, targets=targets, options=options
    )


def counts(model):
    """Give the numbers of trainable and other parameters."""
    weights = model.trainable_weights, model.non_trainable_weights
    return tuple(sum(int(np.prod(weight.shape)) for weight in part) for part in weights)


@pytest.mark.parametrize("bin_size", [1, 32, 2048])
def test_bpnet_parameter_counts_are_pinned(bin_size):
    assert counts(built("bpnet", bin_size, output="linear")) == (1_824_527, 0)
    assert counts(built("bpnet", bin_size, targets=5, output="linear")) == (1_806_597, 0)


@pytest.mark.parametrize("bin_size", [32, 128])
def test_residualbind_parameter_counts_are_pinned(bin_size):
    assert counts(built("residualbind_32", bin_size)) == (19_252_239, 17_920)
    assert counts(built("residualbind_32", bin_size, targets=5))[0] == 19_249_669
    assert counts(built("residualbind_32", bin_size, task_heads=True)) == (22_545_423, 19_840)


def convolutions(model):
    return [layer for layer in model.layers if type(layer) is keras.layers.Conv1D]


def test_bpnet_layers_are_those_of_the_description():
    model = built("bpnet", 128, output="linear", filters=8)
    convs = convolutions(model)
    assert [conv.dilation_rate[0] for conv in convs] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert [conv.kernel_size[0] for conv in convs] == [25] + [3] * 9
    assert all(conv.use_bias for conv in convs)
    assert model.get_layer("heads").kernel_size == (7,)
    forbidden = (keras.layers.BatchNormalization, keras.layers.Dropout)
    assert not any(isinstance(layer, forbidden) for layer in model.layers)


@pytest.mark.parametrize(
    ("task_heads", "rates", "after"),
    [(False, [0.2, 0.2, 0.5, 0.3], []), (True, [0.2, 0.2, 0.5, 0.2], [0.1] * 3)],
)
def test_residualbind_layers_are_those_of_the_description(task_heads, rates, after):
    model = built("residualbind_32", 32, targets=3, task_heads=task_heads, first_filters=4)
    kinds = (keras.layers.BatchNormalization, keras.layers.Dropout, keras.layers.MaxPooling1D)
    norms, drops, pools = ([layer for layer in model.layers if type(layer) is k] for k in kinds)
    assert {(norm.momentum, norm.epsilon) for norm in norms} == {(0.99, 1e-3)}
    assert [pool.pool_size[0] for pool in pools] == [4, 4, 2]
    blocks = [*[0.1] * 4, rates[0], *[0.1] * 4, rates[1], *[0.1] * 2, *rates[2:]]
    assert [drop.rate for drop in drops] == [*blocks, *after]
    convs = convolutions(model)
    assert [conv.kernel_size[0] for conv in convs if conv.kernel_size[0] > 3][:3] == [19, 7, 7]
    dilations = [conv.dilation_rate[0] for conv in convs if conv.kernel_size[0] == 3]
    assert dilations == [1, 2, 4, 8, 16] * 2 + [1, 2, 4]
    assert all(conv.use_bias for conv in convs)
    without = small("residualbind_32", dropout=False)
    assert not any(isinstance(layer, keras.layers.Dropout) for layer in without.layers)


def test_residualbind_has_the_activation_asked_for():
    model = built("residualbind_32", 32, activation="exponential", first_filters=4)
    assert model.get_layer("first_activation").activation is keras.activations.exponential


def receptive_field(model):
    """Count the bases that move the middle bin of a model whose every weight is positive.

    One base at a time differs from zero. Sums, rectifiers and maxima of positive numbers let it
    through wherever there is a path, so nothing depends on chance.
    """
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma = layer.gamma.shape
            layer.set_weights([np.ones(gamma), np.zeros(gamma), np.zeros(gamma), np.ones(gamma)])
        elif layer.weights:
            layer.set_weights([np.full(w.shape, 0.3 * (w.ndim > 1)) for w in layer.get_weights()])
    length = model.input_shape[1]
    inner = keras.Model(model.input, model.get_layer("logits").output)
    middle = inner.output_shape[1] // 2
    touched = []
    for first in range(0, length, 128):
        base = np.zeros((128, length, 4), np.float32)
        base[np.arange(128), first + np.arange(128), 0] = 1
        logits = keras.ops.convert_to_numpy(inner(base, training=False))
        touched += (first + np.flatnonzero(logits[:, middle, 0] > 0)).tolist()
    return touched[-1] - touched[0] + 1


def test_bpnet_receptive_field():
    model = registry.build(
        "bpnet",
        input_length=2560,
        bin_size=1,
        targets=1,
        options={"filters": 1, "output": "linear"},
    )
    assert receptive_field(model) == 2075


@pytest.mark.parametrize(("task_heads", "expected"), [(False, 704), (True, 1088)])
def test_residualbind_receptive_field(task_heads, expected):
    options = {"first_filters": 1, "head_filters": 1, "task_filters": 1, "task_heads": task_heads}
    assert receptive_field(built("residualbind_32", 32, 1, **options)) == expected


def test_a_coarser_bin_of_residualbind_averages_its_output():
    fine, coarse = (small("residualbind_32", bin_size) for bin_size in (32, 128))
    coarse.set_weights(fine.get_weights())
    sequence = OneHot()(np.random.default_rng(2).integers(0, 5, (3, 256), dtype=np.uint8))
    found, at_32 = (keras.ops.convert_to_numpy(m(sequence, training=False)) for m in (coarse, fine))
    np.testing.assert_allclose(found, at_32.reshape(3, 2, 4, 3).mean(axis=2), rtol=1e-5)


def test_a_finer_bin_than_32_is_refused_by_residualbind():
    with pytest.raises(InputError, match=r"bin size 16: its layers give bins of 32 bp; choose 32"):
        built("residualbind_32", 16)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_output_of_bpnet_follows_its_loss_and_is_recorded(loss):
    bpnet = registry.BUILDERS["bpnet"]
    options = registry.check_options("bpnet", {})
    expected = "softplus" if loss == "poisson" else "linear"
    assert bpnet.resolve(options, loss)["output"] == expected
    assert bpnet.resolve(options | {"output": "softplus"}, loss)["output"] == "softplus"
    with pytest.raises(InputError, match="needs to know its output"):
        built("bpnet", 32)
