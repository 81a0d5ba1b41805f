"""Attributions of single bases: against closed forms, finite differences and whole inputs."""

import keras
import numpy as np
import pyBigWig
import pytest
from keras import layers

from epibench.errors import InputError
from epibench.interpret.attribute import (
    attribute,
    load_attribution,
    locus_rows,
    number_of,
    write_tracks,
)
from epibench.interpret.gradients import GradientFunction, corrected, integrated_gradients
from epibench.interpret.means import ONE_HOT, ModelMeans
from epibench.interpret.mutate import importance, mutate
from epibench.run_predictor import ModelPredictor

LENGTH, BINS = 64, 8
METHODS = [
    *("saliency", "gradient_x_input", "gradient_x_input_corrected"),
    *("integrated_gradients", "mutagenesis"),
]
SETTINGS = {
    "targets": ["b", "a"],
    "methods": METHODS,
    "references": 3,
    "steps": 20,
    "seed": 1,
}


def linear_model():
    """Bins are sums of a weight for each base of theirs, position by position."""
    sequence = keras.Input((LENGTH, 4))
    x = layers.Conv1D(2, 5, padding="same", use_bias=True)(sequence)
    x = layers.AveragePooling1D(LENGTH // BINS)(x)
    return keras.Model(sequence, layers.Activation("linear")(x))


def curved_model():
    sequence = keras.Input((LENGTH, 4))
    x = layers.Conv1D(6, 7, padding="same", activation="exponential")(sequence)
    x = layers.AveragePooling1D(LENGTH // BINS)(x)
    return keras.Model(sequence, layers.Dense(2, activation="softplus")(x))


def binary_model():
    sequence = keras.Input((LENGTH, 4))
    x = layers.Flatten()(layers.Conv1D(4, 7, padding="same", activation="tanh")(sequence))
    x = layers.Dense(2, name="logits")(x)
    return keras.Model(sequence, layers.Activation("sigmoid")(x))


def predictor_of(make, of_coverage=True):
    keras.utils.set_random_seed(3)
    return ModelPredictor(
        make(),
        ["a", "b"],
        of_coverage=of_coverage,
        scale=np.array([1.0, 3.0]),
        known=np.array([True, True]),
        batch_size=16,
    )


@pytest.fixture(scope="module")
def codes():
    codes = np.random.default_rng(4).integers(0, 4, (3, LENGTH)).astype(np.uint8)
    codes[2, 10:12] = 4
    return codes


def kernel_sums(predictor, target):
    """Give the gradient of the linear model in closed form: (length, 4)."""
    kernel = predictor.model.layers[1].get_weights()[0][:, :, target]  # (5, 4)
    full = np.zeros((LENGTH, 4))
    for position in range(LENGTH):
        for tap in range(5):
            if 0 <= position - tap + 2 < LENGTH:  # an output that sees it
                full[position] += kernel[tap]
    return full / LENGTH * predictor.scale[target]


def test_the_gradient_of_a_linear_model_is_its_kernel(codes):
    predictor = predictor_of(linear_model)
    function = GradientFunction(predictor, 2)
    for target in (0, 1):
        found = function(ONE_HOT[codes], target)
        assert found.shape == (3, LENGTH, 4)
        assert np.allclose(found, kernel_sums(predictor, target), atol=1e-6)


@pytest.mark.parametrize(("make", "of_coverage"), [(curved_model, True), (binary_model, False)])
def test_gradients_are_finite_differences(codes, make, of_coverage):
    predictor = predictor_of(make, of_coverage)
    one_hot = ONE_HOT[codes[:1]].astype(np.float64)
    function = GradientFunction(predictor)
    model = predictor.model
    if not of_coverage:
        model = keras.Model(model.input, model.get_layer("logits").output)

    def value(sequence):
        output = np.asarray(model(sequence.astype(np.float32)), np.float64)
        return output.mean(axis=1)[:, 1] * 3 if of_coverage else output[:, 1]

    found = function(one_hot, 1)[0]
    for position, base in [(0, 1), (5, 2), (LENGTH - 1, 3)]:
        step = np.zeros_like(one_hot)
        step[0, position, base] = 0.05
        slope = (value(one_hot + step) - value(one_hot - step))[0] / 0.1
        assert found[position, base] == pytest.approx(slope, rel=0.02, abs=2e-5)


def test_all_methods_on_a_linear_model_in_closed_form(codes):
    predictor = predictor_of(linear_model)
    inputs = {"codes": codes, "chrom": np.array(["c"] * 3), "start": np.arange(3) * 100}
    found, checks = attribute("run", predictor, inputs, SETTINGS)
    kernel = kernel_sums(predictor, 1)
    there = kernel[np.arange(LENGTH), np.minimum(codes, 3)]
    known = codes < 4
    expected = {
        "saliency": np.broadcast_to(np.abs(kernel).max(axis=1), codes.shape),
        "gradient_x_input": there,
        "gradient_x_input_corrected": there - kernel.mean(axis=1),
        "mutagenesis": (there - kernel.mean(axis=1)) * 4 / 3,
    }
    for method, values in expected.items():
        own = found.scores[METHODS.index(method), 0]
        assert np.allclose(own, np.where(known, values, 0), atol=1e-6), method
    table = checks.set_index(["target", "method"])
    assert table.loc[("b", "integrated_gradients"), "value"] < 1e-4
    assert table.loc[("b", "mutagenesis"), "value"] < 1e-3
    assert 0 < table.loc[("b", "saliency"), "value"] < 1
    assert found.targets.tolist() == ["b", "a"]


def test_integrated_gradients_become_complete_with_steps(codes):
    predictor = predictor_of(curved_model)
    function, means = GradientFunction(predictor), ModelMeans(predictor, 16)
    references = np.random.default_rng(5).integers(0, 4, (2, 4, LENGTH)).astype(np.uint8)
    wanted = means.means(codes[:2])[:, 0] - means.means(references.reshape(8, -1))[:, 0].reshape(
        2, 4
    ).mean(axis=1)
    errors = []
    for steps in (1, 4, 64):
        found = integrated_gradients(function, codes[:2], references, 0, steps)
        errors.append(np.abs(found.sum(axis=1) - wanted).max())
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] < 1e-3 * np.abs(wanted).max()


@pytest.mark.parametrize(("make", "of_coverage"), [(curved_model, True), (binary_model, False)])
def test_mutagenesis_is_what_whole_inputs_give(codes, make, of_coverage):
    means = ModelMeans(predictor_of(make, of_coverage), 16)
    found = mutate(means, codes, [1])
    assert found.shape == (1, 3, LENGTH, 4)
    before = means.means(codes)
    for row, position, base in [(0, 0, 1), (1, 30, 2), (2, LENGTH - 1, 3), (2, 9, 0)]:
        changed = codes[row : row + 1].copy()
        changed[0, position] = base
        difference = means.means(changed)[0, 1] - before[row, 1]
        assert found[0, row, position, base] == pytest.approx(difference, abs=1e-5)
    assert not found[0, 2, 10:12].any()  # N
    position = 20
    others = [base for base in range(4) if base != codes[0, position]]
    expected = -found[0, 0, position, others].mean()
    assert importance(found)[0, 0, position] == pytest.approx(expected)


def test_corrected_gradients_have_no_sum():
    gradient = np.random.default_rng(6).normal(1, 1, (2, 10, 4))
    assert np.abs(corrected(gradient).sum(axis=-1)).max() < 1e-12
    assert np.allclose(corrected(corrected(gradient)), corrected(gradient))


def test_files_and_rows(codes, tmp_path):
    predictor = predictor_of(linear_model)
    inputs = {
        "codes": codes,
        "chrom": np.array(["c", "c", "c"]),
        "start": np.array([200, 0, 32]),  # the last one overlaps the second
    }
    settings = SETTINGS | {"methods": ["gradient_x_input"]}
    found, _ = attribute("run", predictor, inputs, settings)
    found.save(tmp_path / "a.npz")
    again = load_attribution(tmp_path / "a.npz")
    assert np.array_equal(again.scores, found.scores)
    assert again.gradient.dtype == np.float16
    rows = locus_rows("run", found, [0])
    assert len(rows) == LENGTH * 2
    first = rows.iloc[0]
    assert (first["locus"], first["target"], first["position"]) == ("c:200-264", "b", 200)
    assert first["base"] == "ACGT"[codes[0, 0]]
    paths = {(target, "gradient_x_input"): tmp_path / f"{target}.bw" for target in "ab"}
    write_tracks(found, {"b": 50, "c": 400}, paths)
    with pyBigWig.open(str(paths["b", "gradient_x_input"])) as file:
        values = np.array(file.values("c", 0, 300))
    assert np.allclose(values[200:264], found.scores[0, 0, 0])
    assert np.allclose(values[:64], found.scores[0, 0, 1])
    assert np.allclose(values[64:96], found.scores[0, 0, 2, 32:])
    assert np.isnan(values[100:200]).all()


def test_unknown_targets_are_named():
    predictor = predictor_of(linear_model)
    with pytest.raises(
        InputError, match=r"no target 'x' \(it has a, b\); correct interpret\.targets"
    ):
        number_of(predictor, "x")
    predictor.known = np.array([True, False])
    with pytest.raises(InputError, match="'b' has no peaks"):
        number_of(predictor, "b")
