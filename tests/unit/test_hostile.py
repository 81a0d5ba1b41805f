"""Hostile input: refused in one sentence at once, without running, overwriting or revealing."""

import gzip
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import zipfile
from contextlib import contextmanager

import h5py
import keras
import numpy as np
import pytest
import yaml
from changed_config import changed
from matplotlib.figure import Figure
from test_import_weights import importing, random_model, write_legacy

from epibench import __main__ as main
from epibench.data.bed import read_regions
from epibench.data.bigwig import open_big
from epibench.data.fasta import index_fasta
from epibench.data.fetch import fetch
from epibench.data.lines import LONGEST_LINE
from epibench.data.source import parse_source
from epibench.errors import InputError
from epibench.evaluate.predicted_arrays import ArrayPredictor
from epibench.files import LARGEST_TEXT, read_json, read_text
from epibench.models.layers import load_model
from epibench.run_predictor import load_predictor
from epibench.samples import read_samples
from epibench.style import styled
from epibench.typed import MOST_LEVELS, read_yaml
from epibench.variants.indexed_fasta import IndexedFasta
from epibench.variants.tables import read_tables
from epibench.variants.vcf import VcfFile


@contextmanager
def soon(seconds=20):
    """End a test that hangs, such as one that waits for a pipe."""

    def late(*_):
        raise TimeoutError

    signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)


def refused(call, *arguments) -> str:
    """Expect one sentence, soon, and give it."""
    with soon(), pytest.raises(InputError) as caught:
        call(*arguments)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 1000
    return message


class Hostile:
    """Makes a file where it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


# What is no file


READERS = {
    "config": read_yaml,
    "samples": read_samples,
    "bed": lambda path: read_regions(path, {"chr1": 9}),
    "fasta": index_fasta,
    "indexed fasta": IndexedFasta,
    "vcf": lambda path: VcfFile(path, print),
    "variant table": lambda path: read_tables([path]),
    "bigwig": open_big,
    "array": lambda path: ArrayPredictor("key", str(path), str(path), None),
    "record": read_json,
    "model": load_model,
    "predictor": load_predictor,
    "weights": lambda path: importing(path, "basenji"),
    "fetch": lambda path: fetch(str(path), path.parent / "link", print),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_what_is_no_file_is_refused_before_it_is_opened(tmp_path, read):
    pipe, loop = tmp_path / "pipe", tmp_path / "loop"
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    zero = tmp_path / "zero"
    zero.symlink_to("/dev/zero")
    paths = {pipe: "a pipe or a device", zero: "a pipe or a device", tmp_path: "a folder"}
    paths |= {loop: "symbolic links", tmp_path / "none": "no such file"}
    paths[tmp_path / ("x" * 300)] = "too long"
    for path, what in paths.items():
        message = refused(read, path)
        assert what in message or "over 200 bytes" in message
        assert path.name in message


def test_lines_that_would_fill_the_memory_are_refused(tmp_path):
    path = tmp_path / "bomb.gz"
    for content, read in (
        (b"c" * 2 * LONGEST_LINE, READERS["bed"]),
        (b"c" * 2 * LONGEST_LINE, READERS["variant table"]),
        (b">" + b"c" * 2 * LONGEST_LINE, READERS["fasta"]),
    ):
        path.write_bytes(gzip.compress(content))
        assert f"{LONGEST_LINE:,} characters" in refused(read, path)
    path.write_bytes(gzip.compress(bytes(1 << 20)) * 4096)  # 4 GB in 4 MB
    assert "is no VCF" in refused(READERS["vcf"], path)
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(LARGEST_TEXT + 1)
    assert "more than the" in refused(read_text, tmp_path / "sparse", "correct it")


def test_names_that_cannot_be_printed_are_refused(tmp_path):
    path = tmp_path / "file"
    for name in (b"chr\x01", b"\xff", "a\u202eb".encode(), b"c" * 300):
        path.write_bytes(b">" + name + b"\nACGT\n")
        assert "cannot be printed" in refused(index_fasta, path)
    path.write_bytes(b"Chrom\tPos\tRef\tAlt\tValue\tElement\n1\t5\tA\tC\t0.1\ta\x1bb\n")
    assert r"Element is 'a\x1bb'" in refused(READERS["variant table"], path)


# Config


def bomb(lists):
    """Give aliases of aliases: ten to the power of twelve values in a few lines."""
    inner, outer = ("[{}]", "*x{0}") if lists else ("{{{}}}", "k{1}: *x{0}")
    lines = ["x0: &x0 " + inner.format("a" if lists else "a: b")]
    for i in range(12):
        parts = ", ".join(outer.format(i, j) for j in range(10))
        lines.append(f"x{i + 1}: &x{i + 1} {inner.format(parts)}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x: !!python/object/apply:os.system ['touch made']", "could not determine a constructor"),
        ("x: !!python/name:os.system", "could not determine a constructor"),
        (bomb(lists=True), "stand for more than 100,000 values"),
        (bomb(lists=False), "stand for more than 100,000 values"),
        ("x: &r [*r]", "stand for more than"),
        ("x: &r {a: *r}", "stand for more than"),
        ("x: " + "[" * 3000 + "]" * 3000, f"{MOST_LEVELS} deep"),
        ("x: " + "{a: " * 3000 + "b" + "}" * 3000, f"{MOST_LEVELS} deep"),
        ("x: 2020-99-99", "'2020-99-99' cannot be read"),
        ("x: " + "9" * 5000, "cannot be read"),
        ("x: !!int a", "'a' cannot be read"),
        ("x: !!bool a", "'a' cannot be read"),
        ("x: !!timestamp a", "'a' cannot be read"),
        ("a: b\nx: \0", "line 2: not valid YAML"),
    ],
)
def test_hostile_yaml_is_refused_at_once(tmp_path, monkeypatch, text, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "study.yaml").write_text(text)
    assert message in refused(read_yaml, "study.yaml")
    assert [path.name for path in tmp_path.iterdir()] == ["study.yaml"]


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("study", "../../x", "should match pattern"),
        ("study", "x\n", "holds a line break"),
        ("splits.test", ["a\nb"], "holds a line break"),
        ("study", "x" * 101, "at most 100 characters"),
        ("title", "a\0b", "cannot be printed"),
        ("title", "\ud800", "cannot be printed"),
        ("title", "\u202ecod", "cannot be printed"),
        ("title", b"\xff", "cannot be printed"),
        ("title", "${WANDB_API_KEY}", "seems to hold a secret"),
        ("title", "${HTTPS_PROXY:-x}", "seems to hold a secret"),
        ("defaults.seed", 10**100, "more than 64 bits"),
        ("defaults.seed", 2**63, "more than 64 bits"),
        ("models.<script>", {"builder": "basenji"}, "should match pattern"),
        ("models.x\n", {"builder": "basenji"}, "cannot be printed"),
        ("experiments", {"../x": {}}, "should match pattern"),
        ("predictions.a/b", {"adapter": "m:f"}, "should match pattern"),
        ("models.basenji_small.builder", "os:system", "has no function 'system'"),
        ("models.basenji_small.builder", "../x:build", "must look like"),
        ("models.basenji_small.builder", "x" * 300 + ":build", "must look like"),
        ("__use_yte__", True, "makes Snakemake run Python"),
        (
            "experiments.resolution",
            {"grid": {"seed": list(range(1000)), "bin_size": list(range(1, 1001))}},
            "its 1,000,000 runs are too many",
        ),
    ],
)
def test_hostile_values_are_refused(planned, monkeypatch, path, value, message):
    monkeypatch.setenv("WANDB_API_KEY", "hunter2")
    monkeypatch.setenv("HTTPS_PROXY", "http://ann:hunter2@proxy.example:80")
    sentence = refused(planned, changed(path, value))
    assert message in sentence
    assert "study.yaml: " in sentence
    assert "hunter2" not in sentence


def test_a_config_without_keys_is_refused(planned):
    for config in ([1], "x", None):
        assert "holds no keys" in refused(planned, config)


@pytest.mark.parametrize(
    "name",
    [
        *("../../x", "<script>", "<img src=x onerror=alert(1)>", "a/b", "..", "a\u202eb", "é"),
        *("-rf", "a b", "${HOME}", "a{b}", "$(id)", "a\0", "a" * 101),
    ],
)
def test_targets_that_are_no_names_are_refused(tmp_path, name):
    (tmp_path / "samples.tsv").write_text(f"target\ttrack\n{name}\ta.bw\n")
    assert "is not a name" in refused(read_samples, tmp_path / "samples.tsv")


# Addresses


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("gopher://x/y.bw", "are not fetched"),
        ("data://text/html,x", "are not fetched"),
        ("file://host/etc/passwd", "names no other"),
        ("https:///x.bw", "names no host"),
        ("s3:///x.bw", "is no bucket"),
        ("s3://evil.example:80/x.bw", "is no bucket"),
        ("s3://a_b/x.bw", "is no bucket"),
        ("https://h/%2e%2e", "names no file"),
        ("https://h/a%0Ab", "cannot be printed"),
        ("https://h/a%00b", "cannot be printed"),
        ("https://h/{a}.bw", "braces"),
        ("data/{a}.bw", "braces"),
        ("https://h/" + "x" * 201, "over 200 bytes"),
        ("a.bw#size=" + "9" * 5000, "is no checksum and no size"),
        ("HTTPS://ann:hunter2@h/x.bw", "user name or password"),
        ("https://h\\@evil.example/x.bw", "user name or password"),
    ],
)
def test_hostile_addresses_are_refused(source, message):
    with pytest.raises(InputError, match=message) as caught:
        parse_source(source)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("https://h/..%2f..%2fetc%2fpasswd", "passwd"),
        ("file:///a/../../b.bw", "b.bw"),
        ("HTTPS://h/x.bw", "x.bw"),
    ],
)
def test_names_from_addresses_stay_in_their_folder(source, name):
    found = parse_source(source)
    assert found.name == name
    assert found.remote == source.lower().startswith("https")


# Models and arrays


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "good.keras"
    inputs = keras.Input((16, 4))
    keras.Model(inputs, keras.layers.Dense(2)(inputs)).save(path)
    return path


def edited(model, path, edit, more=()):
    """Copy a model with another config.json and more members."""
    with zipfile.ZipFile(model) as good, zipfile.ZipFile(path, "w") as out:
        for name in good.namelist():
            content = good.read(name)
            if name == "config.json":
                config = json.loads(content)
                edit(config)
                content = json.dumps(config)
            out.writestr(name, content)
        for name in more:
            out.writestr(name, b"escaped")
    return path


def layer_of(**changes):
    return lambda config: config["config"]["layers"][1].update(changes)


@pytest.mark.parametrize(
    "edit",
    [
        layer_of(module="os", class_name="system", config="touch made"),
        layer_of(module="builtins", class_name="eval", config={"source": "open('made', 'w')"}),
        layer_of(module="keras.utils", class_name="get_file", config={"origin": "http://h/x"}),
        layer_of(module="keras.layers", class_name="TFSMLayer", config={"filepath": "x"}),
        layer_of(
            module="keras.layers",
            class_name="TorchModuleWrapper",
            config={"module": {"class_name": "__torch_module__"}},
        ),
        lambda config: config["config"].update(output_layers=[["none", 0, 0]]),
        lambda config: config["config"].update(layers=None),
        lambda config: config.clear(),
    ],
)
def test_models_that_name_code_or_are_damaged_are_refused(model, tmp_path, monkeypatch, edit):
    monkeypatch.chdir(tmp_path)
    path = edited(model, tmp_path / "hostile.keras", edit)
    assert "hostile.keras cannot be loaded" in refused(load_model, path)
    assert [path.name for path in tmp_path.iterdir()] == ["hostile.keras"]


def test_members_of_a_model_cannot_leave_its_folder(model, tmp_path):
    folder = tmp_path / "deep" / "deep"
    folder.mkdir(parents=True)
    names = ["../escaped", "../../escaped", f"{tmp_path}/escaped", "assets/../../../escaped"]
    with pytest.warns(UserWarning, match="Skipping invalid path"):
        load_model(edited(model, folder / "m.keras", lambda config: None, names))
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["m.keras"]


def test_pickles_and_old_files_are_no_models(tmp_path):
    made = tmp_path / "made"
    (tmp_path / "pickle.keras").write_bytes(pickle.dumps(Hostile(made)))
    assert "cannot be loaded" in refused(load_model, tmp_path / "pickle.keras")
    inputs = keras.Input((8, 4))
    outputs = keras.layers.Lambda(lambda x: x)(inputs)
    keras.Model(inputs, outputs).save(tmp_path / "old.h5")
    assert "ends in .keras" in refused(load_model, tmp_path / "old.h5")
    (tmp_path / "old.h5").rename(tmp_path / "old.keras")
    assert "cannot be loaded" in refused(load_model, tmp_path / "old.keras")
    assert not made.exists()


@pytest.mark.parametrize("how", ["link", "external", "virtual"])
def test_weights_that_lie_in_another_file_are_refused(tmp_path, how):
    path = write_legacy(tmp_path / "old.h5", random_model("basenji"))
    with h5py.File(path, "r+") as file, h5py.File(tmp_path / "other.h5", "w") as other:
        found = []
        file.visititems(lambda name, item: found.append(name) if name.endswith(":0") else None)
        name = found[0]
        values = file[name][()]
        del file[name]
        other["x"] = values
        if how == "link":
            file[name] = h5py.ExternalLink("other.h5", "/x")
        elif how == "external":
            secret = tmp_path / "secret"
            secret.write_bytes(values.tobytes())
            place = [(str(secret), 0, values.nbytes)]
            file.create_dataset(name, values.shape, values.dtype, external=place)
        else:
            layout = h5py.VirtualLayout(values.shape, values.dtype)
            layout[...] = h5py.VirtualSource("other.h5", "x", values.shape)
            file.create_virtual_dataset(name, layout)
    assert "in another file" in refused(importing, path, "basenji")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_pickled_predictions_are_not_run(tmp_path, save):
    made = tmp_path / "made"
    values = np.array([[[Hostile(made)]]], dtype=object)
    for arrays in ({"coverage": values}, {"coverage": np.ones((1, 1, 1)), "targets": values}):
        save(tmp_path / "mine.npz", **arrays)
        read = READERS["array"]
        assert "Object arrays cannot be loaded" in refused(read, tmp_path / "mine.npz")
    assert not made.exists()


RECORD = {
    "settings": {"builder": "basenji", "loss": "poisson"},
    "scale": [1, 1],
    "known": [True, True],
    "predict_batch_size": 4,
}


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ([], "has no 'settings'"),
        ({}, "has no 'settings'"),
        (RECORD | {"settings": 3}, "is no record of a run"),
        (RECORD | {"settings": {"builder": "basenji", "loss": "x"}}, "is no record of a run"),
        (RECORD | {"scale": ["x", "y"]}, "is no record of a run"),
        (RECORD | {"scale": [1]}, "is not the record of the model"),
        (RECORD | {"settings": {"builder": "this:x", "loss": "poisson"}}, "has no function 'x'"),
        (RECORD | {"settings": {"builder": "no.such:x", "loss": "poisson"}}, "there is no no/such"),
    ],
)
def test_hostile_records_of_runs_are_refused(model, tmp_path, record, message):
    (tmp_path / "model.keras").write_bytes(model.read_bytes())
    (tmp_path / "run.json").write_text(json.dumps(record))
    assert message in refused(load_predictor, tmp_path / "model.keras")
    assert "this" not in sys.modules  # nothing that a record names is imported unseen


# The command line


@pytest.fixture
def command(tmp_path, monkeypatch, capfd):
    """Call a command in a folder with hostile files: give status and what it says."""
    config = changed("study", "demo")
    config["simulation"]["grammar"] = str(main.Path("resources/demo_grammar.yaml").absolute())
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.yaml").write_text(yaml.safe_dump(config))
    (tmp_path / "list.yaml").write_text("- a\n")
    (tmp_path / "bomb.yaml").write_text(bomb(lists=True))
    (tmp_path / "junk").write_bytes(np.random.default_rng(0).bytes(3000))
    (tmp_path / "folder.tsv").mkdir()
    (tmp_path / "folder.tsv" / "precious").touch()
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr("epibench.device.start", lambda threads, require: None)
    monkeypatch.setenv("EPIBENCH_ENCODE", "http://ann:hunter2@127.0.0.1:1")

    def call(words):
        monkeypatch.setattr(sys, "argv", ["epibench", *words.split()])
        with soon(60):
            status = main.main()
        return status, capfd.readouterr().err

    return call


WEIGHTS = "import-weights junk --builder basenji --bin-size 32 --targets 2 --out m.keras"
VARIANTS = "variants junk.keras v.vcf --fasta g.fa --out"


@pytest.mark.parametrize(
    "words",
    [
        *(f"runs {name}" for name in ("pipe", "folder.tsv", "junk", "list.yaml", "bomb.yaml")),
        *("runs /dev/zero", "runs none.yaml", "runs /dev/null"),
        *("best x --configfile pipe", "best x --configfile good.yaml"),
        *("best resolution --configfile good.yaml", "best x --configfile list.yaml"),
        *("estimate pipe", "estimate bomb.yaml", "estimate good.yaml --examples-per-second=-1"),
        "estimate good.yaml --examples-per-second=x=nan",
        *(
            "encode x",
            "encode ../../x",
            "encode ENCSR000AAA",
            "encode ENCSR000AAA --replicates=²,1",
        ),
        *("config-docs --out folder.tsv", "config-docs --out /proc/x/y", "config-docs --out /"),
        f"config-docs --out {'x' * 300}",
        *(WEIGHTS, WEIGHTS.replace("junk", "pipe"), WEIGHTS.replace("basenji", "os:system")),
        *(f"{WEIGHTS} --input-length={length}" for length in (0, -1, 7)),
        *(f"{WEIGHTS} --option {option}" for option in ("x", "first_filters=[", "a=!!int")),
        *(f"{VARIANTS} {out}" for out in ("s.tsv", "s.txt", "folder.tsv")),
        *(f"{VARIANTS} s.tsv --part={part}" for part in ("0/1", "x", f"1/{'9' * 5000}")),
        *(
            f"{VARIANTS} s.tsv --{option}"
            for option in ("shifts=-1", f"shifts={10**12}", "seed=-1")
        ),
    ],
)
def test_every_command_ends_in_one_sentence(command, words):
    status, said = command(words)
    assert status == 1
    sentences = [line for line in said.splitlines() if line.startswith("epibench: ")]
    assert len(sentences) == 1
    assert "Traceback" not in said
    assert "hunter2" not in said
    assert (main.Path("folder.tsv") / "precious").exists()


def test_a_reader_that_has_had_enough_is_no_error():
    command = [sys.executable, "-m", "epibench", "runs", "config/config.yaml"]
    environment = os.environ | {"PYTHONPATH": str(main.Path(main.__file__).parents[1])}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        child.stdout.close()
        assert child.stderr.read() == b""
    assert child.returncode == 0


@styled
def test_a_name_with_dollar_signs_is_drawn():
    figure = Figure()
    figure.suptitle(r"$\frac{$")
    figure.savefig(io.BytesIO())


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "[" * 100_000])
def test_damaged_results_are_refused(command, tmp_path, text):
    folder = tmp_path / "results" / "x" / "runs" / "a" / "b" / "c" / "d" / "e" / "f"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(text)
    status, said = command("estimate good.yaml")
    assert status == 1
    assert "run.json" in said
    assert said.count("\n") == 1
