"""Somebody's own model: read without running it, checked, built, saved and loaded."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from epibench.errors import InputError
from epibench.models import registry
from epibench.models.layers import load_model

REPOSITORY = Path(__file__).parents[2]
NAME = "my_models.profile:build"
SHAPE = {"input_length": 64, "bin_size": 16, "targets": 3}

GOOD = '''
import keras

HEAD = "coverage"

def build(*, input_length, bin_size, targets, filters=4, rate=-0.5, flag=True, output="softplus"):
    """One convolution.

    More of it.
    """
    sequence = keras.Input((input_length, 4))
    x = keras.layers.Conv1D(filters, 3, padding="same")(sequence)
    x = keras.layers.AveragePooling1D(bin_size)(x)
    return keras.Model(sequence, keras.layers.Dense(targets, activation=output)(x))
'''

HEADER = "import keras\nfrom keras import layers\n"
START = "def build(input_length, bin_size, targets):\n    s = keras.Input((input_length, 4))\n"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write a module into the working directory; forget what was imported from it afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def write_module(source, path="my_models/profile.py"):
        file = tmp_path / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(source, encoding="utf-8")
        return file

    yield write_module
    for name in ("my_models", "my_models.profile", "my_model"):
        sys.modules.pop(name, None)


def build(**shape):
    return registry.build(NAME, **{**SHAPE, **shape}, options={})


# At parse time


def test_the_module_is_read_and_not_run(write):
    write("raise RuntimeError\n", "my_models/__init__.py")
    write(f"raise RuntimeError\n{GOOD}")
    program = (
        "import sys; from epibench.models import registry; "
        f"print(registry.check_options({NAME!r}, {{'rate': 2}})); "
        "assert not {'keras', 'numpy', 'my_models', 'my_models.profile'} & {*sys.modules}"
    )
    environment = {"PYTHONPATH": str(REPOSITORY / "scripts")}
    found = subprocess.check_output([sys.executable, "-c", program], text=True, env=environment)
    assert found.strip() == "{'filters': 4, 'rate': 2.0, 'flag': True, 'output': 'softplus'}"


def test_what_config_learns_of_it(write):
    file = write(GOOD)
    builder = registry.builder(NAME)
    assert (builder.description, builder.head, builder.recipe) == (
        "One convolution.",
        "coverage",
        "decay",
    )
    assert builder.bin_size_problem(16, 64, {}) is None
    assert "does not divide" in builder.bin_size_problem(48, 64, {})
    assert builder.checksum == hashlib.sha256(file.read_bytes()).hexdigest()
    file.write_text(GOOD.replace('HEAD = "coverage"', 'HEAD: str = "peaks"').replace("=4", "=5"))
    changed = registry.builder(NAME)
    assert changed.checksum != builder.checksum
    assert (changed.head, changed.options["filters"].default) == ("peaks", 5)
    assert "the bin size is the input length" in changed.bin_size_problem(16, 64, {})


def test_models_of_the_registry_have_no_checksum():
    assert {builder.checksum for builder in registry.BUILDERS.values()} == {None}


def test_the_working_directory_comes_first(write, tmp_path_factory, monkeypatch):
    other = tmp_path_factory.mktemp("other")
    (other / "my_model.py").write_text(GOOD.replace("filters=4", "filters=8"))
    monkeypatch.syspath_prepend(other)
    name = "my_model:build"
    write("")
    assert registry.check_options(name, {})["filters"] == 8
    write(GOOD, "my_model.py")
    assert registry.check_options(name, {})["filters"] == 4


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 3}, "no option 'width'; known: filters, rate, flag, output"),
        ({"filters": 3.0}, "'filters' .* is 3.0; it must be of type int"),
        ({"flag": 1}, "'flag' .* is 1; it must be of type bool"),
        ({"output": None}, "'output' .* is None; it must be of type str"),
    ],
)
def test_options_are_checked(write, options, message):
    write(GOOD)
    with pytest.raises(InputError, match=message):
        registry.check_options(NAME, options)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def build(:", r"profile\.py:1: invalid syntax"),
        ("from x import build", "has no function 'build'; define it with `def`"),
        ("def build(input_length, bin_size, **more): ...", "profile.py:1: .* takes no targets;"),
        ("def build(targets, /, input_length, bin_size): ...", "takes no targets;"),
        (f"{START[:-1]}".replace("targets", "targets, width"), "'width' needs a default"),
        (START.replace("targets", "targets, width=None"), "'width' needs a default"),
        (START.replace("targets", "targets, width=2 * n"), "'width' needs a default"),
        (START.replace("targets", "targets, widths=(3, 5)"), "'widths' needs a default"),
        (f"HEAD = 'shape'\n{START}", "profile.py:1: HEAD must be one of coverage, profile_counts"),
        (f"HEAD = head()\n{START}", "HEAD must be one of"),
    ],
)
def test_unreadable_modules_are_refused(write, source, message):
    write(source)
    with pytest.raises(InputError, match=message):
        registry.builder(NAME)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("my_models.profil:build", r"there is no my_models/profil\.py in .*; correct the name"),
        ("my_models/profile.py:build", "must look like my_package.my_module:build"),
        ("my_models.profile:", "must look like"),
        ("build", "no model builder 'build'; known: .*package.module:function"),
    ],
)
def test_unknown_modules_are_refused(write, name, message):
    write(GOOD)
    with pytest.raises(InputError, match=message):
        registry.builder(name)


# Built


def test_it_is_built_with_its_options(write):
    write(GOOD)
    model = registry.build(NAME, **SHAPE, options={"filters": 7})
    assert model.layers[1].filters == 7
    assert model.output_shape == (None, 4, 3)


LAST = "    x = layers.AveragePooling1D(bin_size)(s)\n"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (f"{START}    return None\n", "the function returned NoneType, not a keras.Model"),
        (f"{START}    return keras.Sequential([layers.Dense(1)])\n", "one input and one output"),
        (f"{START}    return keras.Model(s, [s, s])\n", "one input and one output"),
        (
            f"{START}    s = keras.Input((4, input_length))\n    return keras.Model(s, s)\n",
            r"the input has the shape \(None, 4, 64\), not \(None, 64, 4\)",
        ),
        (
            f"{START}{LAST}    return keras.Model(s, x)\n",
            r"the output has the shape \(None, 4, 4\), not \(None, 4, 3\)",
        ),
        (
            f"{START}{LAST}    return keras.Model(s, layers.Dense(3, dtype='bfloat16')(x))\n",
            'the output is bfloat16, not float32; give its layer dtype="float32"',
        ),
        (
            f"{START}{LAST}    x = layers.Lambda(lambda v: v[..., :3])(x)\n"
            "    return keras.Model(s, x)\n",
            "could be saved but not loaded .* use no Lambda layer",
        ),
        (
            f"HEAD = 'profile_counts'\n{START}{LAST}"
            "    return keras.Model(s, layers.Dense(targets)(x))\n",
            "no layer named 'logits', which training reads where HEAD is \"profile_counts\"",
        ),
    ],
)
def test_wrong_models_are_refused(write, source, message):
    write(HEADER + source)
    with pytest.raises(InputError, match=message):
        build()


BINARY = f"""{HEADER}
HEAD = "peaks"
{START}    x = layers.GlobalAveragePooling1D()(s)
    x = layers.Dense(targets + EXTRA, name="logits")(x)
    return keras.Model(s, layers.Dense(targets, activation="sigmoid")(x))
"""


def test_binary_models(write):
    write(BINARY.replace(" + EXTRA", ""))
    assert build(bin_size=64).output_shape == (None, 3)
    with pytest.raises(InputError, match="cannot give bin size 16: it gives one value an input"):
        build()


def test_binary_models_with_other_logits_are_refused(write):
    write(BINARY.replace("EXTRA", "1"))
    with pytest.raises(InputError, match=r"'logits' has the shape \(None, 4\), not \(None, 3\)"):
        build(bin_size=64)


def test_another_module_of_that_name_is_refused(write, monkeypatch):
    write(GOOD, "my_model.py")
    monkeypatch.setitem(sys.modules, "my_model", np)
    with pytest.raises(InputError, match=r"but Python imports my_model from .*rename your module"):
        registry.prepare("my_model:build")


OWN_LAYER = f"""{HEADER}
@keras.saving.register_keras_serializable("test_own")
class Twice(layers.Layer):
    def call(self, x):
        return 2 * x

{START}{LAST}    return keras.Model(s, Twice()(layers.Dense(targets)(x)))
"""


def test_a_saved_model_with_its_own_layer_loads_after_prepare(write, tmp_path):
    write(OWN_LAYER)
    model = build()
    model.save(tmp_path / "model.keras")
    # as in a new process
    keras.saving.get_custom_objects().pop("test_own>Twice")
    sys.modules.pop("my_models.profile")
    with pytest.raises(InputError, match="cannot be loaded"):
        load_model(tmp_path / "model.keras")
    registry.prepare(NAME)
    sequences = np.random.default_rng(1).random((2, 64, 4), np.float32)
    found = load_model(tmp_path / "model.keras")(sequences)
    np.testing.assert_allclose(found, model(sequences), rtol=1e-6)
    keras.saving.get_custom_objects().pop("test_own>Twice")


def test_a_layer_that_no_other_process_could_load_is_refused(write):
    write(OWN_LAYER.replace('@keras.saving.register_keras_serializable("test_own")\n', ""))
    with pytest.raises(
        InputError, match=r"could be saved but not loaded .*register_keras_serializ"
    ):
        build()


# The README


def test_the_example_of_the_readme(write):
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    section = readme.partition("\n### A model of your own\n")[2].partition("\n#")[0]
    source = re.search(r"```python\n(.*?)```", section, re.DOTALL)[1]
    assert source.count("\n") <= 20
    name = re.search(r"builder: (\S+:\w+)", section)[1]
    assert name == "my_model:build"
    write(source, "my_model.py")
    options = registry.check_options(name, {})
    assert options
    for bin_size in (1, 32):
        shape = {"input_length": 256, "bin_size": bin_size, "targets": 2}
        model = registry.build(name, **shape, options=options)
        for layer in ("first_filters", "first_norm", "first_activation", "embedding", "logits"):
            assert model.get_layer(layer).output.shape[0] is None
        assert model.output_shape == (None, 256 // bin_size, 2)
