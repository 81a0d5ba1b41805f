"""What a bin can see, against what changed bases change; bins from crops, against whole inputs."""

import keras
import numpy as np
import pytest
from keras import layers
from small_models import SMALL, small

from epibench.models.reach import Reach, reach_of
from epibench.models.some_bins import SomeBins

LENGTH = 1024
LIMITED = {
    "basenji",
    "bpnet",
    "residualbind_32",
    "residualbind_32 with task heads",
    "cnn_32",
    "cnn_32 with task heads",
    "convnext",
}
ONE_HOT = np.eye(4, dtype=np.float32)


def sequence(layer_list, length=64, channels=4):
    """Build a model of layers, one after the other."""
    inputs = keras.Input((length, channels))
    tensor = inputs
    for layer in layer_list:
        tensor = layer(tensor)
    return keras.Model(inputs, tensor)


def bins_changed(model, codes, position):
    """Give the bins that another base at one position changes."""
    changed = codes.copy()
    changed[position] = (codes[position] + 1) % 4
    before, after = model.predict_on_batch(ONE_HOT[np.stack([codes, changed])])
    return np.flatnonzero((before != after).any(axis=-1))


def may_see(reach, bins, position):
    """Give the bins that a position can change, by a loop over the definition."""
    return {
        i
        for i in range(bins)
        if reach.stride * i - reach.left <= position <= reach.stride * i + reach.right
    }


def test_a_stack_by_hand():
    stack = sequence(
        [
            layers.Conv1D(2, 5, padding="same"),  # -2 ... 2
            layers.MaxPooling1D(2),  # one further base, stride 2
            layers.Conv1D(2, 3, padding="same", dilation_rate=4),  # 4 positions of 2 bases
            layers.AveragePooling1D(4),  # 3 further positions of 2 bases, stride 8
        ]
    )
    assert reach_of(stack) == Reach(8, 2 + 8, 2 + 1 + 8 + 6)
    assert reach_of(stack).field == 28


@pytest.mark.parametrize("width", [2, 3, 4, 7])
def test_an_even_kernel_sees_one_more_base_to_the_right(width):
    model = sequence([layers.Conv1D(1, width, padding="same", use_bias=False)])
    model.set_weights([np.ones((width, 4, 1)) * np.arange(1, 5)[:, None]])
    reach = reach_of(model)
    assert reach == Reach(1, (width - 1) // 2, width // 2)
    assert set(bins_changed(model, np.zeros(64, int), 30)) == may_see(reach, 64, 30)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_no_changed_base_changes_a_bin_that_cannot_see_it(name):
    model = small(name, input_length=LENGTH)
    reach = reach_of(model)
    assert (reach is not None) == (name in LIMITED)
    if reach is None:
        return
    rng = np.random.default_rng(5)
    codes = rng.integers(0, 4, LENGTH)
    bins = model.output_shape[1]
    for position in [0, 1, LENGTH // 2, *rng.integers(0, LENGTH, 4), LENGTH - 1]:
        assert set(bins_changed(model, codes, position)) <= may_see(reach, bins, position)


@pytest.mark.parametrize(
    "layer",
    [
        layers.Flatten(),
        layers.GlobalAveragePooling1D(),
        layers.Conv1D(2, 3),  # 'valid' padding moves positions
        layers.Conv1D(2, 3, strides=2, padding="same"),
        layers.MaxPooling1D(3, strides=2),
        layers.BatchNormalization(axis=1),
        layers.Softmax(axis=1),
        layers.LSTM(2, return_sequences=True),
    ],
    ids=lambda layer: layer.name.rstrip("_0123456789"),
)
def test_what_is_not_known_is_taken_to_see_everything(layer):
    assert reach_of(sequence([layer])) is None


def test_a_model_within_a_model_and_branches():
    inner = sequence([layers.Conv1D(4, 3, padding="same"), layers.MaxPooling1D(2)], length=None)
    inputs = keras.Input((64, 4))
    once = inner(inputs)
    twice = layers.Add()([once, layers.Conv1D(4, 5, padding="same")(once)])
    assert reach_of(keras.Model(inputs, twice)) == Reach(2, 1 + 4, 2 + 4)
    apart = layers.Concatenate()([inputs, layers.Conv1D(1, 9, padding="same")(inputs)])
    assert reach_of(keras.Model(inputs, apart)) == Reach(1, 4, 4)


@pytest.mark.parametrize("bins", [1, 3, 8])
@pytest.mark.parametrize("name", sorted(LIMITED))
def test_bins_from_crops_are_those_of_whole_inputs(name, bins):
    model = small(name, input_length=LENGTH)
    some = SomeBins(model, bins)
    last = model.output_shape[1] - bins
    first = np.array([0, 1, last // 2, last - 1, last])
    codes = np.random.default_rng(6).integers(0, 4, (len(first), LENGTH)).astype(np.uint8)
    crops, shift = some.crop(codes, first)
    assert crops.shape[1] == some.cropped <= LENGTH
    whole, part = (
        model.predict_on_batch(ONE_HOT[codes]),
        some.model.predict_on_batch(ONE_HOT[crops]),
    )
    for row, (start, moved) in enumerate(zip(first, shift, strict=True)):
        np.testing.assert_allclose(
            part[row, moved : moved + bins], whole[row, start : start + bins], atol=1e-6, rtol=1e-5
        )


def test_a_crop_is_shorter_where_the_field_allows_it():
    some = SomeBins(small("cnn_32", input_length=LENGTH), 2)
    assert some.cropped < LENGTH / 2
    assert SomeBins(small("cnn_base", input_length=LENGTH), 1).cropped == LENGTH


@pytest.mark.parametrize("length", [1000, 1025])
def test_an_input_that_bins_do_not_fill_is_taken_whole(length):
    """A crop that ends with a bin would be padded where the input still has bases."""
    model = sequence(
        [
            layers.Conv1D(3, 9, padding="same"),
            layers.MaxPooling1D(64),
            layers.Conv1D(1, 3, padding="same"),
        ],
        length=length,
    )
    assert reach_of(model).stride == 64
    assert SomeBins(model, 2).cropped == length


def test_channels_first_is_not_known():
    assert reach_of(sequence([layers.MaxPooling1D(2, data_format="channels_first")])) is None
