"""Weights of Keras 2 files: into the right layers, or a sentence."""

import sys

import h5py
import keras
import numpy as np
import pytest

from epibench import __main__
from epibench.errors import InputError
from epibench.models import registry
from epibench.models.import_weights import FileLayer, import_weights, match_layers
from epibench.models.layers import OneHot, load_model

SMALL = {
    "basenji": {"first_filters": 4, "last_filters": 8, "residual_units": 2},
    "bpnet": {"filters": 4, "dilated_layers": 3, "output": "softplus"},
}
TASK_HEADS = {"first_filters": 2, "head_filters": 4, "task_filters": 4, "task_heads": True}
SHAPE = {"input_length": 128, "bin_size": 32, "targets": 3}


def random_model(builder, options=None):
    """Build a model whose weights are all different."""
    model = registry.build(builder, **SHAPE, options=options or SMALL[builder])
    rng = np.random.default_rng(5)
    model.set_weights([rng.uniform(0.1, 1, weight.shape) for weight in model.get_weights()])
    return model


def write_legacy(path, model, *, whole=False, split=False, heads=False):
    """Write a file as Keras 2 does: of weights or a whole model, names in one attribute or two."""
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights") if whole else file
        if whole:
            file.attrs["model_config"] = '{"class_name": "__import__(\'os\').abort()"}'
            file.create_group("optimizer_weights").attrs["weight_names"] = [b"iteration:0"]
        names = []
        for i, layer in enumerate(model.layers):
            arrays = {weight.name: np.array(weight) for weight in layer.weights}
            parts = [arrays]
            if heads and isinstance(layer, keras.layers.Conv1DTranspose):
                # (width, 1, 1, in): the study wrote each head as a two-dimensional convolution
                parts = [
                    {"kernel": arrays["kernel"][:, None, k : k + 1], "bias": arrays["bias"][[k]]}
                    for k in range(SHAPE["targets"])
                ]
            for k, part in enumerate(parts):
                name = f"{type(layer).__name__.lower()}_{i}_{k}"
                group = root.create_group(name)
                names.append(name.encode())
                group.attrs["weight_names"] = [f"{name}/{key}:0".encode() for key in part]
                for key, array in part.items():
                    group[f"{name}/{key}:0"] = array
        half = len(names) // 2
        if split:
            root.attrs["layer_names0"], root.attrs["layer_names1"] = names[:half], names[half:]
        else:
            root.attrs["layer_names"] = np.array(names)
        root.attrs["backend"], root.attrs["keras_version"] = b"tensorflow", b"2.11.0"
    return path


def importing(path, builder, options=None, **shape):
    lines = []
    shape = {**SHAPE, **shape}
    options = SMALL[builder] if options is None else options
    model = import_weights(path, builder, **shape, options=options, log=lines.append)
    return model, lines


def outputs(model):
    codes = np.random.default_rng(6).integers(0, 5, (2, 128), np.uint8)
    return keras.ops.convert_to_numpy(model(OneHot()(codes), training=False))


@pytest.fixture
def basenji(tmp_path):
    return write_legacy(tmp_path / "old.h5", random_model("basenji"))


# Right files


@pytest.mark.parametrize(
    ("builder", "options", "layout"),
    [
        ("basenji", {}, {}),
        ("basenji", {}, {"whole": True, "split": True}),
        ("bpnet", {}, {}),
        ("bpnet", {}, {"heads": True, "whole": True}),
        ("residualbind_32", TASK_HEADS, {"split": True}),
    ],
)
def test_the_imported_model_gives_the_same_output(tmp_path, builder, options, layout):
    model = random_model(builder, options)
    expected = outputs(model)
    path = write_legacy(tmp_path / "old.h5", model, **layout)
    imported, lines = importing(path, builder, options or None)
    np.testing.assert_array_equal(outputs(imported), expected)
    assert np.ptp(expected) > 0
    for old, new in zip(model.weights, imported.weights, strict=True):
        np.testing.assert_array_equal(np.array(old), np.array(new))
    assert len(lines) == len(model.weights) + 2
    assert lines[-1].startswith(f"{len(model.weights)} weights, {model.count_params()} values")


def test_the_table_says_what_went_where(tmp_path):
    path = write_legacy(tmp_path / "old.h5", random_model("bpnet"), heads=True)
    _, lines = importing(path, "bpnet")
    assert lines[0] == "layer\tweight\tshape\tlayers of the file"
    assert lines[1] == "first_filters\tkernel\t(25, 4, 4)\tconv1d_1_0"
    (heads,) = (line for line in lines if line.startswith("heads\tkernel"))
    names = ", ".join(f"conv1dtranspose_10_{k}" for k in range(3))
    assert heads == f"heads\tkernel\t(7, 3, 4)\t{names}"


def test_dense_heads_are_merged_and_branches_told_apart_by_shape():
    inputs = keras.Input((4,))
    dense = {name: keras.layers.Dense(units, name=name) for name, units in [("a", 6), ("b", 3)]}
    keras.Model(inputs, [layer(inputs) for layer in dense.values()])
    rng = np.random.default_rng(1)

    def in_file(name, units):
        return FileLayer(name, {"kernel": rng.random((4, units)), "bias": rng.random(units)})

    heads = [in_file(f"head{k}", 1) for k in range(3)]
    wide = in_file("wide", 6)
    match = match_layers(list(dense.values()), [*heads, wide], 3)
    assert match == [(dense["a"], [wide]), (dense["b"], heads)]


def test_the_description_of_the_model_is_not_even_read(tmp_path, monkeypatch):
    path = write_legacy(tmp_path / "old.h5", random_model("basenji"), whole=True)
    read = []
    get = h5py.AttributeManager.__getitem__
    monkeypatch.setattr(
        h5py.AttributeManager,
        "__getitem__",
        lambda self, name: read.append(name) or get(self, name),
    )
    importing(path, "basenji")
    assert {*read} == {"layer_names", "weight_names"}


def test_from_the_command_line(basenji, tmp_path, monkeypatch, capsys):
    out = tmp_path / "new.keras"
    options = [f"--option={name}={value}" for name, value in SMALL["basenji"].items()]
    command = ["epibench", "import-weights", str(basenji), "--builder", "basenji", *options]
    command += ["--bin-size", "32", "--targets", "3", "--input-length", "128"]
    monkeypatch.setattr(sys, "argv", [*command, "--option", "dropout=false", "--out", str(out)])
    assert __main__.main() == 0
    assert "first_filters\tkernel\t(15, 4, 4)\tconv1d_2_0" in capsys.readouterr().out
    np.testing.assert_array_equal(outputs(load_model(out)), outputs(random_model("basenji")))
    monkeypatch.setattr(sys, "argv", [*command, "--out", "new.h5"])
    assert __main__.main() == 1
    assert "--out new.h5: the name of a model ends in .keras" in capsys.readouterr().err


# Wrong files


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        (
            {"targets": 4},
            {},
            r"model's layer 'logits' needs bias \(4,\), kernel \(8, 4\), which no layer of the "
            r"file has; unused is 'dense_\w+' with bias \(3,\), kernel \(8, 3\); check",
        ),
        (
            {},
            {"first_filters": 6},
            r"'first_filters' needs kernel \(15, 4, 6\), .* 'conv1d_\w+' with kernel \(15, 4, 4\)",
        ),
        (
            {},
            {"residual_units": 3},
            r"model has 4 layers like 'first_norm' \(beta .*\) and the file 3; check",
        ),
        ({}, {"residual_units": 1}, "model has 2 layers like 'first_norm' .* and the file 3;"),
    ],
)
def test_other_architectures_are_refused(basenji, shape, options, message):
    with pytest.raises(InputError, match=rf"old\.h5: the .*{message}"):
        importing(basenji, "basenji", {**SMALL["basenji"], **options}, **shape)


def test_another_number_of_separate_heads_is_refused(tmp_path):
    path = write_legacy(tmp_path / "old.h5", random_model("bpnet"), heads=True)
    with pytest.raises(InputError, match=r"'heads' needs bias \(2,\), kernel \(7, 2, 4\)"):
        importing(path, "bpnet", targets=2)


def change(path, edit):
    with h5py.File(path, "r+") as file:
        names = [name.decode() for name in file.attrs["layer_names"]]
        edit(file, [name for name in names if len(file[name])], names)


def drop_layer(file, layers, names):
    del file[layers[0]]


def drop_weight(file, layers, names):
    del file[layers[0]][layers[0]]["kernel:0"]


def drop_name(file, layers, names):
    file.attrs["layer_names"] = [name.encode() for name in names if name != layers[0]]


def add_layer(file, layers, names):
    file.attrs["layer_names"] = [*(name.encode() for name in names), b"more"]
    file.create_group("more").attrs["weight_names"] = [b"alpha:0"]
    file["more"]["alpha:0"] = np.zeros(2)


def repeat_weight(file, layers, names):
    weights = [*file[layers[0]].attrs["weight_names"]] * 2
    file[layers[0]].attrs["weight_names"] = weights


def spoil_weight(file, layers, names):
    file[layers[0]][layers[0]]["kernel:0"][0, 0, 0] = np.nan


def drop_names(file, layers, names):
    del file.attrs["layer_names"]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (drop_layer, r"damaged: it names the layer 'conv1d_2_0' and has none"),
        (drop_weight, r"damaged: layer 'conv1d_2_0' has no weight 'conv1d_2_0/kernel:0'"),
        (
            drop_name,
            r"'first_filters' needs kernel \(15, 4, 4\), which no layer of the file has; check",
        ),
        (add_layer, r"the file's layer 'more' \(alpha \(2,\)\) has no place in the model"),
        (repeat_weight, "'conv1d_2_0' has two weights 'kernel'"),
        (spoil_weight, "'kernel' of the file's layer 'conv1d_2_0' is not finite"),
        (drop_names, "no weights of Keras 2 in the file: / has no 'layer_names'"),
    ],
)
def test_damaged_files_are_refused(basenji, edit, message):
    change(basenji, edit)
    with pytest.raises(InputError, match=rf"old\.h5: .*{message}"):
        importing(basenji, "basenji")


def test_files_that_are_not_hdf5_are_refused(basenji):
    content = basenji.read_bytes()
    for wrong in (b"PK", content[: len(content) // 2]):
        basenji.write_bytes(wrong)
        with pytest.raises(InputError, match=r"old\.h5 cannot be read as an HDF5 file"):
            importing(basenji, "basenji")
    basenji.unlink()
    with pytest.raises(InputError, match=r"old\.h5: there is no such file"):
        importing(basenji, "basenji")
