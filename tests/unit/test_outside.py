"""Predictions from outside: bigWig files, arrays and callables, and everything wrong with them."""

import sys
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from small_genome import SIZES, SmallStudy, write_bigwig

from epibench.config.load import load_study
from epibench.config.predictions import (
    Prediction,
    check_predicted_targets,
    check_predictions,
    prediction_files,
)
from epibench.config.schema import Study
from epibench.data.make_store import make_store
from epibench.data.settings import SplitSettings
from epibench.data.store import Store
from epibench.data.windows import select, tile_inputs, training_means
from epibench.errors import InputError
from epibench.evaluate.baselines import OtherTargetsPredictor
from epibench.evaluate.outside import open_prediction
from epibench.evaluate.predictors import Inputs
from epibench.evaluate.tracks import MeasuredCoverage, write_tracks

LENGTH = 64
TARGETS = ["a", "b", "c"]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One test chromosome, chr8; chr9 validates."""
    study = SmallStudy(tmp_path_factory.mktemp("small"))
    splits = SplitSettings(test=["chr8"], valid=["chr9"])
    make_store(study.folder / "store", **study.arguments() | {"splits": splits})
    return Store(study.folder / "store")


def opened(store, **given):
    return open_prediction("mine", Prediction(**given).model_dump(), store)


def inputs_of(store, split="test", shift=0):
    tiles = tile_inputs(store, split, LENGTH)
    sequence = store.sequence[tiles.offset[:, None] + np.arange(LENGTH)]
    return Inputs(tiles.chrom, tiles.start + shift, sequence)


def place(chrom, start, bin_size, length=LENGTH):
    """A value that says where a bin is, exact in float32: (inputs, bins, 3)."""
    first = np.asarray(start)[:, None] + np.arange(0, length, bin_size)
    return (np.asarray(chrom)[:, None, None] * 1e4 + first[..., None] + np.arange(3) / 4).astype(
        np.float32
    )


def write_array(folder, store, *, region=LENGTH, bin_size=16, save=np.savez, order=1, **more):
    """Write an array over the tiled test inputs, cut into regions of another length."""
    tiles = tile_inputs(store, "test", LENGTH)
    step = np.arange(0, LENGTH, region)
    chrom, start = np.repeat(tiles.chrom, len(step)), (tiles.start[:, None] + step).ravel()
    chrom, start = chrom[::order], start[::order]
    arrays = {"coverage": place(chrom, start, bin_size, region)} | more
    save(folder / "mine.npz", **arrays)
    return write_bed(folder, store, chrom, start, region)


def write_bed(folder, store, chrom, start, region):
    names = list(store.chromosomes)
    lines = [f"{names[c]}\t{s}\t{s + region}\n" for c, s in zip(chrom, start, strict=True)]
    (folder / "mine.bed").write_text("".join(lines))
    return {"arrays": str(folder / "mine.npz"), "regions": str(folder / "mine.bed")}


def write_module(folder, monkeypatch, name, text):
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    (folder / f"{name}.py").write_text(text)
    monkeypatch.delitem(sys.modules, name, raising=False)


# bigWig files


@pytest.mark.parametrize("bin_size", [1, 16])
def test_tracks_that_we_wrote_are_read_back_as_they_were_predicted(store, tmp_path, bin_size):
    predictor = MeasuredCoverage(store, bin_size)
    write_tracks(predictor, store, tmp_path, batch_size=5)
    tracks = {name: str(tmp_path / f"{name}.bw") for name in reversed(TARGETS)}
    found = opened(store, tracks=tracks, bin_size=bin_size)
    inputs = inputs_of(store)
    np.testing.assert_array_equal(
        found.predict(inputs), predictor.predict(inputs).astype(np.float32)
    )
    assert found.bin_size == bin_size
    assert found.test_only  # nothing was written on chr9
    assert found.of_coverage


def test_finer_tracks_are_averaged(store, tmp_path):
    write_tracks(MeasuredCoverage(store, 1), store, tmp_path, batch_size=5)
    found = opened(store, tracks={"b": str(tmp_path / "b.bw")}, bin_size=32)
    expected = MeasuredCoverage(store, 32).predict(inputs_of(store))
    predicted = found.predict(inputs_of(store))
    np.testing.assert_allclose(predicted[..., 1], expected[..., 1], rtol=1e-6)
    assert np.isnan(predicted[..., [0, 2]]).all()


def test_tracks_of_all_chromosomes_are_read_on_validation_chromosomes_too(store, tmp_path, capsys):
    coverage = {chrom: np.full(size, 2.0) for chrom, size in SIZES.items()}
    path = write_bigwig(tmp_path / "a.bw", coverage)
    found = opened(store, tracks={"a": str(path)})
    assert not found.test_only
    assert (found.predict(inputs_of(store, "valid"))[..., 0] == 2).all()
    assert "predictions.mine: no prediction for b, c; no scores there" in capsys.readouterr().out


def test_negative_values_are_kept_and_counted(store, tmp_path):
    coverage = {"chr8": np.ones(SIZES["chr8"])}
    start = int(inputs_of(store).start[1])
    coverage["chr8"][start : start + 3] = -2
    path = write_bigwig(tmp_path / "a.bw", coverage)
    found = opened(store, tracks={"a": str(path)})
    inputs = inputs_of(store)
    assert found.predict(inputs)[1, :4, 0].tolist() == [-2, -2, -2, 1]
    total = len(inputs.start) * LENGTH
    assert found.remarks() == [
        f"predictions.mine: 3 of the {total:,} values read are below 0; they are kept"
    ]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_track_with_nan_or_infinity_is_refused_by_its_place(store, tmp_path, value):
    start = int(inputs_of(store).start[2]) + 5
    values = np.ones(SIZES["chr8"])
    values[start] = value
    path = tmp_path / "a.bw"
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([("chr8", SIZES["chr8"])])
        file.addEntries("chr8", 0, values=values.tolist(), span=1, step=1)
    with pytest.raises(InputError, match=rf"a\.bw.* chr8:{start} \(0-based\) is -?(NaN|inf)"):
        opened(store, tracks={"a": str(path)}).predict(inputs_of(store))


@pytest.mark.parametrize(
    ("coverage", "sizes", "message"),
    [
        ({"chr9": 2800}, None, "chr8 of the FASTA file is missing here"),
        ({"8": 3100}, None, "chr8 of the FASTA file is called 8 here"),
        ({"chr8": 3000}, None, "chr8 has 3000 bp, but 3100 bp in the FASTA file"),
        ({"chr8": 3100, "chr9": 9}, None, "chr9 has 9 bp, but 2800 bp"),
        ({"chr9": 2800}, {"chr8": 3100, "chr9": 2800}, "has no value on the test chromosome chr8"),
    ],
)
def test_tracks_of_other_chromosomes_are_refused(store, tmp_path, coverage, sizes, message):
    ones = {chrom: np.ones(size) for chrom, size in coverage.items()}
    path = write_bigwig(tmp_path / "a.bw", ones, sizes)
    with pytest.raises(InputError, match=message):
        opened(store, tracks={"a": str(path)})


# arrays


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(("region", "order"), [(64, 1), (32, -1), (16, 1)])
def test_arrays_are_put_together_from_regions(store, tmp_path, save, region, order):
    given = write_array(tmp_path, store, region=region, order=order, save=save)
    found = opened(store, **given)
    inputs = inputs_of(store)
    np.testing.assert_array_equal(found.predict(inputs), place(inputs.chrom, inputs.start, 16))
    assert (found.bin_size, found.test_only) == (16, True)


def test_a_region_may_be_longer_than_an_input_and_an_input_lie_on_two(store, tmp_path):
    inputs = inputs_of(store)
    start = np.arange(0, SIZES["chr8"], 100)
    chrom = np.full(len(start), inputs.chrom[0])
    given = write_bed(tmp_path, store, chrom, start, 100)
    np.savez(given["arrays"], coverage=place(chrom, start, 1, 100))
    np.testing.assert_array_equal(
        opened(store, **given).predict(inputs), place(inputs.chrom, inputs.start, 1)
    )


def test_targets_of_an_array_are_taken_by_name(store, tmp_path, capsys):
    given = write_array(tmp_path, store, targets=np.array(["c", "b", "a"]))
    inputs = inputs_of(store)
    expected = place(inputs.chrom, inputs.start, 16)[..., ::-1]
    np.testing.assert_array_equal(opened(store, **given).predict(inputs), expected)
    tiles = tile_inputs(store, "test", LENGTH)
    np.savez(
        given["arrays"],
        coverage=place(tiles.chrom, tiles.start, 16)[..., :1],
        targets=np.array(["b"]),
    )
    found = opened(store, **given).predict(inputs)
    np.testing.assert_array_equal(found[..., 1], expected[..., 2])
    assert np.isnan(found[..., [0, 2]]).all()
    assert "no prediction for a, c" in capsys.readouterr().out


def test_inputs_between_the_bins_have_no_value_and_are_counted(store, tmp_path):
    found = opened(store, **write_array(tmp_path, store))
    assert found.remarks() == []
    inputs = inputs_of(store, shift=8)
    assert np.isnan(found.predict(inputs)).all()
    assert f"{len(inputs.start):,} of the inputs read" in found.remarks()[0]


def test_an_uncompressed_array_is_not_read_into_memory(store, tmp_path):
    found = opened(store, **write_array(tmp_path, store))
    assert isinstance(found._inner._coverage, np.memmap)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_in_an_array_are_refused_by_place_and_target(store, tmp_path, value):
    tiles = tile_inputs(store, "test", LENGTH)
    values = place(tiles.chrom, tiles.start, 16)
    values[3, 2, 1] = value
    given = write_array(tmp_path, store, coverage=values)
    message = rf"mine\.npz.*target b at chr8:{tiles.start[3] + 32} \(0-based\) is {value}"
    with pytest.raises(InputError, match=message):
        opened(store, **given).predict(inputs_of(store))


def _many(store):
    return len(tile_inputs(store, "test", LENGTH))


@pytest.mark.parametrize(
    ("shape", "targets", "message"),
    [
        ((0, 4, 3), None, "rows, but"),
        ((1, 4, 3), None, "rows, but .* regions; give one line"),
        ((None, 3, 3), None, r"64 bp in 3 bins\) does not divide 64 bp"),
        ((None, 4), None, "not numbers of the shape"),
        ((None, 4, 2), None, r"has 2 targets, not 3 \(a, b, c\)"),
        ((None, 4, 1), ["x"], r"there is no target 'x' \(known: a, b, c\)"),
        ((None, 4, 2), ["a", "a"], "'a' stands twice"),
        ((None, 4, 2), ["a"], "has 2 targets, not 1"),
    ],
)
def test_arrays_of_another_shape_are_refused(store, tmp_path, shape, targets, message):
    shape = tuple(_many(store) if size is None else size for size in shape)
    if shape[0] == 0:
        message = "not numbers of the shape"
    more = {} if targets is None else {"targets": np.array(targets)}
    given = write_array(tmp_path, store, coverage=np.ones(shape), **more)
    with pytest.raises(InputError, match=message):
        opened(store, **given)


def test_a_coarser_grid_that_does_not_divide_the_input_is_refused(store, tmp_path):
    start = np.arange(0, 3000, 96)
    chrom = np.full(len(start), inputs_of(store).chrom[0])
    given = write_bed(tmp_path, store, chrom, start, 96)
    np.savez(given["arrays"], coverage=np.ones((len(start), 2, 3)))
    with pytest.raises(InputError, match=r"in 2 bins\) does not divide windows.input_length = 64"):
        opened(store, **given)


def test_bins_that_do_not_start_with_the_inputs_are_refused(store, tmp_path):
    first = int(inputs_of(store).start[0])
    start = np.arange(first, SIZES["chr8"] - 32, 32)
    chrom = np.full(len(start), inputs_of(store).chrom[0])
    given = write_bed(tmp_path, store, chrom, start, 32)
    np.savez(given["arrays"], coverage=np.ones((len(start), 1, 3)))
    with pytest.raises(InputError, match=r"no bin starts at the test input chr8:\d+-\d+ \(bins of"):
        opened(store, **given)


def test_inputs_without_prediction_are_named_and_counted(store, tmp_path):
    tiles = tile_inputs(store, "test", LENGTH)
    keep = np.ones(len(tiles), bool)
    keep[[4, 9, 10]] = False
    given = write_bed(tmp_path, store, tiles.chrom[keep], tiles.start[keep], LENGTH)
    np.savez(given["arrays"], coverage=place(tiles.chrom, tiles.start, 16)[keep])
    first = f"chr8:{tiles.start[4]}-{tiles.start[4] + LENGTH}"
    with pytest.raises(InputError, match=f"the test input {first} whole, nor 2 others of"):
        opened(store, **given)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("chr8\t0\t64\nchr8\t32\t96\n", "region 2, chr8:32-96, overlaps region 1"),
        ("chr8\t32\t96\nchr8\t0\t64\n", "region 2, chr8:0-64, overlaps region 1"),
        ("chr8\t0\t64\nchr8\t64\t100\n", "line 2: the region has 36 bp, the first one 64"),
        ("chr8\t3040\t3104\nchr8\t0\t64\n", "ends at 3104, beyond chr8, which has 3100 bp"),
        ("chr8\t0\nchr8\t0\t64\n", "line 1: not chromosome, start and end"),
        ("# nothing\n", "there is no region"),
        ("chrX\t0\t64\nchrY\t0\t64\n", "does not cover the test input chr8"),
    ],
)
def test_wrong_regions_are_refused(store, tmp_path, lines, message):
    (tmp_path / "mine.bed").write_text(lines)
    np.savez(tmp_path / "mine.npz", coverage=np.ones((2, 4, 3)))
    with pytest.raises(InputError, match=message):
        opened(store, arrays=f"{tmp_path}/mine.npz", regions=f"{tmp_path}/mine.bed")


def test_broken_files_are_refused(store, tmp_path, monkeypatch):
    given = write_array(tmp_path, store)
    path = Path(given["arrays"])
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"nothing", b""):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"mine\.npz cannot be read"):
            opened(store, **given)
    np.savez(path, values=np.ones(3))
    with pytest.raises(InputError, match="has no array `coverage`"):
        opened(store, **given)
    monkeypatch.setitem(sys.modules, "zarr", None)
    with pytest.raises(InputError, match="needs the package zarr; install it"):
        opened(store, **given | {"arrays": str(tmp_path / "mine.zarr")})


def test_a_zarr_gives_what_its_npz_gives(store, tmp_path):
    zarr = pytest.importorskip("zarr")
    given = write_array(tmp_path, store)
    inputs = inputs_of(store)
    group = zarr.open_group(str(tmp_path / "mine.zarr"), mode="w")
    with np.load(given["arrays"]) as arrays:
        values = arrays["coverage"]
    array = group.create_array("coverage", shape=values.shape, dtype="f4", chunks=(4, 4, 3))
    array[:] = values
    found = opened(store, **given | {"arrays": str(tmp_path / "mine.zarr")})
    np.testing.assert_array_equal(found.predict(inputs), opened(store, **given).predict(inputs))


# adapters

NUMPY = '''
import numpy as np


class GcContent:
    """A stand-in for any model: coverage rises with GC."""

    bin_size = 32
    targets = ["c", "a"]
    batch_size = 16

    def __call__(self, sequence):
        gc = sequence[..., 1] + sequence[..., 2]  # (batch, length), channels ACGT
        binned = gc.reshape(len(gc), -1, self.bin_size).mean(axis=2)
        return np.stack([binned, 2 * binned], axis=2)  # (batch, bins, targets)


def load():
    return GcContent()
'''

TORCH = """
import torch


class Adapter:
    bin_size = 16

    def __init__(self):
        torch.manual_seed(1)
        self.model = torch.nn.Sequential(
            torch.nn.Conv1d(4, 3, 5, padding=2), torch.nn.ReLU(), torch.nn.AvgPool1d(16)
        ).eval()

    @torch.no_grad()
    def __call__(self, sequence):
        x = torch.from_numpy(sequence).permute(0, 2, 1)  # (batch, 4, length)
        return self.model(x).permute(0, 2, 1).numpy()  # (batch, bins, targets)


def load():
    return Adapter()
"""


def test_an_adapter_gives_coverage_from_sequences(store, tmp_path, monkeypatch):
    write_module(tmp_path, monkeypatch, "gc_model", NUMPY)
    found = opened(store, adapter="gc_model:load")
    inputs = inputs_of(store)
    predicted = found.predict(inputs)
    gc = ((inputs.sequence == 1) | (inputs.sequence == 2)) + 0.5 * (inputs.sequence == 4)
    expected = gc.reshape(len(gc), 2, 32).mean(axis=2)
    np.testing.assert_allclose(predicted[..., 2], expected, rtol=1e-6)
    np.testing.assert_allclose(predicted[..., 0], 2 * expected, rtol=1e-6)
    assert np.isnan(predicted[..., 1]).all()
    assert (found.bin_size, found.batch_size, found.test_only) == (32, 16, False)


def test_a_plain_function_takes_its_bin_size_from_the_config(store, tmp_path, monkeypatch):
    text = "import numpy as np\ndef load():\n    return lambda x: x.sum(1)[:, None, :3] - 99\n"
    write_module(tmp_path, monkeypatch, "sums_model", text)
    found = opened(store, adapter="sums_model:load", bin_size=64, unit="logits")
    assert found.predict(inputs_of(store)).shape[1:] == (1, 3)
    assert not found.of_coverage
    assert found.remarks() == []  # logits below 0 are nothing odd


def test_an_adapter_wraps_a_pytorch_module(store, tmp_path, monkeypatch):
    torch = pytest.importorskip("torch")
    write_module(tmp_path, monkeypatch, "torch_model", TORCH)
    inputs = inputs_of(store)
    predicted = opened(store, adapter="torch_model:load").predict(inputs)
    torch.manual_seed(1)
    layer = torch.nn.Conv1d(4, 3, 5, padding=2)
    weight, bias = layer.weight.detach().numpy(), layer.bias.detach().numpy()
    one_hot = np.where(inputs.sequence[..., None] == 4, 0.25, np.eye(5)[inputs.sequence][..., :4])
    padded = np.pad(one_hot, ((0, 0), (2, 2), (0, 0)))
    summed = sum(padded[:, i : i + LENGTH] @ weight[:, :, i].T for i in range(5)) + bias
    expected = np.maximum(summed, 0).reshape(len(summed), -1, 16, 3).mean(axis=2)
    np.testing.assert_allclose(predicted, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def load():\n    return 3", "returned int, which cannot be called"),
        ("def other():\n    pass", "has no 'load'"),
        ("def load():\n    return lambda x: x.sum(1)", r"returned the shape \(\d+, 4\), not"),
        (
            "class A:\n    bin_size = 48\n    def __call__(self, x): return x\nload = A",
            "bin size 48 does not divide windows.input_length = 64",
        ),
        (
            "class A:\n    targets = ['a', 'z']\n    def __call__(self, x): return x\nload = A",
            "there is no target 'z'",
        ),
        (
            "def load():\n    return lambda x: x[..., :3] * float('nan')",
            r"wrong:load: the value of target a at chr8:\d+ \(0-based\) is nan",
        ),
    ],
)
def test_wrong_adapters_are_refused(store, tmp_path, monkeypatch, text, message):
    write_module(tmp_path, monkeypatch, "wrong", text)
    with pytest.raises(InputError, match=message):
        opened(store, adapter="wrong:load").predict(inputs_of(store))


# the mean of the other targets


def test_other_targets_are_the_scaled_mean_of_the_others(store):
    inputs = inputs_of(store)
    mean = training_means(store, select(store, "threshold2", "train"))
    predicted = OtherTargetsPredictor(store, mean).predict(inputs)
    truth = MeasuredCoverage(store, 1).predict(inputs)
    for t in range(3):
        others = [o for o in range(3) if o != t]
        expected = truth[..., others].mean(axis=2) * mean[t] / mean[others].mean()
        np.testing.assert_allclose(predicted[..., t], expected, rtol=1e-5, atol=1e-6)


def test_with_one_target_there_are_no_others(store):
    class OneTarget:
        offset, coverage = store.offset, store.coverage[:, :1]

    predicted = OtherTargetsPredictor(OneTarget(), np.array([2.0])).predict(inputs_of(store))
    assert predicted.shape[2] == 1
    assert np.isnan(predicted).all()


# the config


@pytest.mark.parametrize(
    ("name", "entry", "message"),
    [
        ("Truth", {"adapter": "m:load"}, "the name of a predictor of every study; rename"),
        ("ridge", {"adapter": "m:load"}, "the name of a predictor of every study; rename"),
        ("mine", {}, r"exactly one of tracks, arrays, adapter \(given: none\)"),
        ("mine", {"adapter": "m:f", "arrays": "x.npz"}, r"\(given: arrays, adapter\)"),
        ("mine", {"tracks": {}}, "names no file"),
        ("mine", {"tracks": {"a": "no.bw"}}, "no.bw: there is no such file; correct the path"),
        ("mine", {"arrays": "x.npz"}, "belong together"),
        ("mine", {"arrays": "x.h5", "regions": "x.bed"}, "must end in .npz or .zarr"),
        ("mine", {"arrays": "x.npz", "regions": "x.bed", "bin_size": 2}, "remove the key"),
        ("mine", {"adapter": "m"}, "must look like my_package.my_module:load"),
        ("mine", {"adapter": "nowhere:f"}, "adapter 'nowhere:f': there is no nowhere.py"),
        ("mine", {"adapter": "m:f", "bin_size": 48}, "48 does not divide windows.input_length"),
    ],
)
def test_wrong_entries_are_refused(tmp_path, monkeypatch, name, entry, message):
    monkeypatch.chdir(tmp_path)
    Path("m.py").touch()
    with pytest.raises(InputError, match=message):
        check_predictions({name: Prediction(**entry)}, LENGTH)


def test_names_that_differ_in_case_only_are_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("m.py").touch()
    entry = Prediction(adapter="m:load")
    with pytest.raises(InputError, match="another prediction, 'mine', but for case; rename"):
        check_predictions({"mine": entry, "Mine": entry}, LENGTH)


def test_files_of_a_prediction_are_known_without_reading_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("m.py").write_text("this is not Python")
    assert prediction_files(None) == []
    assert prediction_files(Prediction(tracks={"a": "1.bw", "b": "2.bw"})) == ["1.bw", "2.bw"]
    arrays = Prediction(arrays="x.npz", regions="x.bed")
    assert prediction_files(arrays) == ["x.npz", "x.bed"]
    assert prediction_files(Prediction(adapter="m:load")) == [str(tmp_path / "m.py")]


def test_tracks_of_unknown_targets_are_refused():
    tracks = Prediction(tracks={"A549": "1.bw", "K563": "2.bw"})
    with pytest.raises(InputError, match=r"mine.tracks: there is no target 'K563' \(known: A549"):
        check_predicted_targets({"mine": tracks}, ["A549", "K562"])


def test_the_section_is_part_of_a_study():
    from epibench.typed import read_yaml

    path = Path(__file__).parents[2] / "config" / "demo.yaml"
    entry = {"adapter": "my_model:load", "unit": "logits", "label": "Mine"}
    study: Study = load_study(read_yaml(path) | {"predictions": {"mine": entry}}, [path])
    assert study.predictions["mine"].label == "Mine"
    with pytest.raises(InputError, match=r"predictions.*mine.*unknwon"):
        load_study(read_yaml(path) | {"predictions": {"mine": {"unknwon": 1}}}, [path])


def test_the_readme_has_the_adapter_that_is_tested():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert f"```python\n{NUMPY.strip()}\n```" in readme
