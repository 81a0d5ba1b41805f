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


# Trainable and other parameters for 15 targets, as published.
COUNTS = [
    ("basenji", {}, {1: (2_025_231, 13_056), 32: (2_025_231, 13_056), 2048: (2_025_231, 13_056)}),
    ("bpnet", {"output": "linear"}, {1: (1_824_527, 0), 32: (1_824_527, 0), 2048: (1_824_527, 0)}),
    ("bpnet_original", {}, {1: (142_622, 0), 128: (142_622, 0)}),
    (
        "cnn_base",
        {},
        {
            1: (7_639_375, 35_712),
            32: (3_528_527, 3_968),
            128: (3_429_071, 3_200),
            2048: (3_397_991, 2_960),
        },
    ),
    (
        "cnn_base",
        {"task_heads": True},
        {1: (9_359_695, 37_632), 32: (5_248_847, 5_888), 2048: (5_118_311, 4_880)},
    ),
    (
        "residualbind_base",
        {},
        {1: (23_807_375, 47_360), 32: (15_633_295, 15_616), 2048: (15_373_735, 14_608)},
    ),
    (
        "residualbind_base",
        {"task_heads": True},
        {1: (20_742_799, 48_768), 32: (12_568_719, 17_024), 2048: (12_309_159, 16_016)},
    ),
    ("residualbind_32", {}, {32: (19_252_239, 17_920), 128: (19_252_239, 17_920)}),
    ("residualbind_32", {"task_heads": True}, {32: (22_545_423, 19_840)}),
    ("cnn_32", {}, {32: (1_414_735, 2_432)}),
    ("basset", {}, {2048: (10_371_115, 1_400)}),
    ("basenji_binary", {}, {2048: (2_025_231, 13_056)}),
    ("cnn_binary", {}, {2048: (3_380_815, 2_432)}),
    ("residualbind_binary", {}, {2048: (14_371_471, 11_520)}),
]
# What a target more or less changes: a column of the last dense layer with its bias, a filter of
# the heads, or a head of its own: convolution, two of batch normalisation and two of its moments.
HEAD = 7 * 256 * 64 + 64 + 2 * 64 + 64 + 1
A_TARGET = {
    ("basenji", False): (2049, 0),
    ("bpnet", False): (256 * 7 + 1, 0),
    ("bpnet_original", False): (64 * 25 + 1 + 65, 0),
    ("cnn_base", False): (257, 0),
    ("cnn_base", True): (HEAD, 128),
    ("residualbind_base", False): (257, 0),
    ("residualbind_base", True): (HEAD, 128),
    ("residualbind_32", False): (257, 0),
    ("residualbind_32", True): (HEAD, 128),
    ("cnn_32", False): (257, 0),
    ("basset", False): (1001, 0),
    ("basenji_binary", False): (2049, 0),
    ("cnn_binary", False): (257, 0),
    ("residualbind_binary", False): (513, 0),
}


@pytest.mark.parametrize(("name", "options", "expected"), COUNTS)
def test_parameter_counts_are_pinned(name, options, expected):
    for bin_size, count in expected.items():
        assert counts(built(name, bin_size, **options)) == count, bin_size
    first = next(iter(expected))
    added = np.array(A_TARGET[name, "task_heads" in options])
    few = counts(built(name, first, targets=5, **options))
    assert few == tuple(np.array(expected[first]) - 10 * added)


def test_published_counts_of_five_targets():
    assert counts(built("bpnet", 1, targets=5, output="linear"))[0] == 1_806_597
    assert counts(built("residualbind_32", 32, targets=5))[0] == 19_249_669


@pytest.mark.parametrize("name", ["basenji", "bpnet", "cnn_base", "residualbind_base"])
def test_every_bin_size_of_the_paper_can_be_had(name):
    narrow = {
        "basenji": {"first_filters": 2, "last_filters": 2, "residual_units": 1},
        "bpnet": {"filters": 2, "dilated_layers": 1, "output": "linear"},
    }
    options = narrow.get(name, {"first_filters": 3, "bottleneck": 2, "head_filters": 2})
    for bin_size in (1, 32, 64, 128, 256, 512, 1024, 2048):
        model = built(name, bin_size, targets=2, **options)
        assert model.output_shape == (None, 2048 // bin_size, 2)


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


WITH_ACTIVATION = [
    name for name, builder in registry.BUILDERS.items() if "activation" in builder.options
]


@pytest.mark.parametrize("name", WITH_ACTIVATION)
def test_the_first_activation_is_the_one_asked_for(name):
    assert len(WITH_ACTIVATION) == 8
    for activation in ("relu", "exponential"):
        model = small(name, activation=activation)
        found = model.get_layer("first_activation").activation
        assert found is getattr(keras.activations, activation)


def kinds(model, *types):
    """Give the layers of some types, in order."""
    return [layer for layer in model.layers if type(layer) in types]


def widths(model):
    return [(conv.filters, conv.kernel_size[0]) for conv in convolutions(model)]


@pytest.mark.parametrize("task_heads", [False, True])
def test_cnn_layers_are_those_of_the_description(task_heads):
    model = built("cnn_base", 32, targets=2, task_heads=task_heads)
    assert widths(model)[:4] == [(192, 19), (256, 7), (512, 7), (256, 7)]
    assert widths(model)[4:] == [(64, 7)] * 2 * task_heads
    pools = kinds(model, keras.layers.MaxPooling1D)
    assert [(pool.pool_size[0], pool.padding) for pool in pools] == [
        (8, "valid"),
        (4, "valid"),
        (4, "valid"),
    ]
    rates = [drop.rate for drop in kinds(model, keras.layers.Dropout)]
    assert rates == [0.1, 0.1, 0.2, 0.3, 0.1, 0.2, *[0.1] * 2 * task_heads]
    dense = [layer.units for layer in kinds(model, keras.layers.Dense)]
    assert dense == [256, 64 * 8, *([1, 1] if task_heads else [2])]
    norms = kinds(model, keras.layers.BatchNormalization)
    assert {(norm.momentum, norm.epsilon) for norm in norms} == {(0.99, 1e-3)}


@pytest.mark.parametrize("task_heads", [False, True])
def test_residualbind_base_layers_are_those_of_the_description(task_heads):
    model = built("residualbind_base", 128, targets=2, task_heads=task_heads, first_filters=3)
    pools = [pool.pool_size[0] for pool in kinds(model, keras.layers.MaxPooling1D)]
    assert pools == ([8, 4, 4] if task_heads else [4, 4, 4])
    lengths = [5, 5, 3, 6] if task_heads else [5, 5, 4, 5]
    dilations = [conv.dilation_rate[0] for conv in convolutions(model) if conv.kernel_size[0] == 3]
    assert dilations == [2**i for length in lengths for i in range(length)]
    inside = [[0.1] * (length - 1) for length in lengths]
    rates = [drop.rate for drop in kinds(model, keras.layers.Dropout)]
    trunk = [*inside[0], 0.1, *inside[1], 0.1, *inside[2], 0.2, 0.3, 0.1]
    if task_heads:
        assert rates == [*trunk, 0.2, *inside[3], 0.1, 0.1]
    else:
        assert rates == [*trunk, 0.1, *inside[3]]
    dense = [layer.units for layer in kinds(model, keras.layers.Dense)]
    assert dense == [512, 16 * 8, *([1, 1] if task_heads else [2])]


def test_basset_layers_are_those_of_the_description():
    model = built("basset", 2048, targets=2)
    assert widths(model) == [(300, 10), (200, 11), (200, 7)]
    assert [p.pool_size[0] for p in kinds(model, keras.layers.MaxPooling1D)] == [3, 4, 4]
    assert [layer.units for layer in kinds(model, keras.layers.Dense)] == [1000, 1000, 2]
    assert [drop.rate for drop in kinds(model, keras.layers.Dropout)] == [0.3, 0.3]
    weighted = kinds(model, keras.layers.Conv1D, keras.layers.Dense)
    initialisers = {type(layer.kernel_initializer) for layer in weighted}
    assert initialisers == {keras.initializers.GlorotNormal}


def test_the_binary_basenji_has_one_more_activation_and_pools_over_the_input():
    model = built("basenji_binary", 2048, targets=2, first_filters=4, last_filters=8)
    names = [layer.name for layer in model.layers]
    assert names.index("first_activation") == names.index("first_norm") + 1
    assert len(kinds(model, keras.layers.GlobalAveragePooling1D)) == 1
    dilations = [c.dilation_rate[0] for c in convolutions(model) if c.kernel_size[0] == 3]
    assert dilations == [1, 2, 2, 3, 5, 8, 11, 17, 26, 38, 58]


def test_the_search_of_the_paper_begins_with_he_weights():
    model = built("bpnet", 128, initializer="he_normal", output="linear", filters=4)
    weighted = [*convolutions(model), model.get_layer("heads")]
    assert {type(c.kernel_initializer) for c in weighted} == {keras.initializers.HeNormal}


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
        seen = logits[:, 0] if logits.ndim == 2 else logits[:, middle, 0]
        touched += (first + np.flatnonzero(seen > 0)).tolist()
    return touched[-1] - touched[0] + 1


@pytest.mark.parametrize("name", ["cnn_base", "residualbind_base"])
def test_models_with_a_bottleneck_see_everything(name):
    options = {"first_filters": 3, "bottleneck": 1, "head_filters": 1}
    assert receptive_field(built(name, 1024, 1, **options)) == 2048


@pytest.mark.parametrize("name", ["basset", "cnn_binary", "residualbind_binary", "basenji_binary"])
def test_binary_models_see_everything(name):
    options = {
        "basset": {"first_filters": 3, "hidden": 1},
        "basenji_binary": {"first_filters": 2, "last_filters": 1},
    }
    narrow = options.get(name, {"first_filters": 3, "bottleneck": 1})
    assert receptive_field(built(name, 2048, 1, **narrow)) == 2048


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
