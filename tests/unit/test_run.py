"""A run from its settings to its files: heads, stages, what is recorded, what is refused."""

import csv
import json

import numpy as np
import pytest
from small_genome import WINDOWS, SmallStudy

from epibench import device
from epibench.data.make_store import make_store
from epibench.data.store import Store
from epibench.data.windows import select
from epibench.errors import InputError
from epibench.evaluate.evaluate import evaluate
from epibench.evaluate.input_set import tiled_inputs
from epibench.evaluate.predictors import Inputs
from epibench.evaluate.tables import Tables
from epibench.models.layers import load_model
from epibench.predict import CoverageFunction, largest_batch
from epibench.prepare_training import prepare_training
from epibench.recipe import Recipe
from epibench.run import train_run
from epibench.run_predictor import RunPredictor
from epibench.train_stages import uses_xla

SMALL = {
    "poisson": ("basenji", {"first_filters": 4, "last_filters": 8, "residual_units": 1}),
    "multinomial_counts": ("bpnet_original", {"filters": 4, "head_width": 5, "dilated_layers": 2}),
    "binary_crossentropy": ("basset", {"first_filters": 6, "hidden": 8}),
}
JOB = {
    **{"require_gpu": False, "checkpoint_minutes": 15, "tensorboard": False, "wandb": None},
    **{"config": {"study": "small"}, "samples": "target\ttrack\na\ta.bw\n"},
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    study = SmallStudy(tmp_path_factory.mktemp("run"))
    make_store(study.folder / "store", **study.arguments())
    return Store(study.folder / "store")


def settings_of(loss, **changes):
    from epibench.models.registry import check_options

    builder, options = SMALL[loss]
    recipe = Recipe(epochs=2, batch_size=8, fine_tune_epochs=2).model_dump()
    return {
        "model": "m",
        "windows": "threshold2",
        "loss": loss,
        "bin_size": 64 if loss == "binary_crossentropy" else 16,
        "augmentation": "rc+shift",
        "seed": 1,
        "builder": builder,
        "options": check_options(builder, options),
        "recipe": recipe,
        "loss_settings": {"counts_weight": None} if loss == "multinomial_counts" else {},
        "target_scale": "mean",
        "target_clip": None,
        "target_weights": {},
        "precision": "float32",
        "xla": None,
        "threads": 1,
        "gpus": 1,
    } | changes


@pytest.fixture(autouse=True)
def _same_threads(monkeypatch):
    """TensorFlow runs in this process already, so its threads are what they are."""
    monkeypatch.setattr(device, "set_threads", lambda threads: None)


def trained(store, folder, settings, **job):
    train_run(
        store,
        settings,
        name="m/run",
        folder=folder,
        checkpoint=folder / "c" / "checkpoint.npz",
        tensorboard=folder / "tensorboard",
        job=JOB | job,
    )
    with open(folder / "history.csv", newline="") as file:
        history = list(csv.DictReader(file))
    return json.loads((folder / "run.json").read_text()), history


@pytest.mark.parametrize("loss", SMALL)
def test_every_head_trains_predicts_and_is_scored(store, tmp_path, loss):
    record, history = trained(store, tmp_path, settings_of(loss))
    assert record["epochs"] == len(history) == 2
    assert record["best_valid_loss"] == min(float(row["valid_loss"]) for row in history)
    assert record["store"] == store.fingerprint
    assert record["data_files"] == store.summary["files"]
    assert record["config"] == JOB["config"]
    assert record["samples"] == JOB["samples"]
    assert {"python", "keras", "numpy", "commit"} <= record["software"].keys()
    assert {"backend", "processor", "environment", "driver"} <= record["device"].keys()
    assert record["parameters"] > 0
    assert record["peak_memory_mb"]["host"] > 100
    assert record["predict_batch_size"] == 64
    assert not list(tmp_path.glob("c/*"))
    predictor = RunPredictor(tmp_path)
    windows = select(store, "threshold2", "test")
    sequences = store.sequence[windows.offset[:, None] + 16 + np.arange(64)]
    inputs = Inputs(windows.chrom, windows.start + 16, sequences)
    found = predictor.predict(inputs)
    bins = 64 // record["settings"]["bin_size"]
    assert found.shape == (len(windows), bins, 3)
    model = load_model(tmp_path / "model.keras")
    binary = loss == "binary_crossentropy"
    assert predictor.of_coverage is not binary
    if binary:
        logits = CoverageFunction(model, layer="logits")(sequences)
        np.testing.assert_array_equal(found[:, 0, :2], logits[:, :2])
        assert np.isnan(found[:, 0, 2]).all()  # it has no peaks
        assert {"valid_auroc", "valid_aupr"} <= {*history[0]}
        assert record["monitors"].keys() == {"valid_auroc", "valid_aupr"}
    else:
        expected = CoverageFunction(model)(sequences) * np.array(record["scale"], np.float32)
        np.testing.assert_array_equal(found, expected)
    tested = tiled_inputs(store)
    evaluation = evaluate(
        "m/run",
        predictor,
        tested,
        bin_sizes=[64],
        batch_size=predictor.batch_size,
        of_coverage=predictor.of_coverage,
    )
    rows = Tables(evaluation, tested, 100, 0).metrics().query("scaling == 'raw'")
    row, mean = (rows.set_index("target").loc[target] for target in ("a", "mean"))
    assert np.isfinite(row["pearson_r"])
    for score in ("mse", "poisson_nll", "pearson_r_log1p", "scale_factor"):
        assert np.isnan(row[score]) == binary, score
    assert row["targets"] == 1
    assert mean["targets"] == (2 if binary else 3)


@pytest.mark.parametrize("asked", [{}, {"deterministic": True}])
def test_a_deterministic_run_asks_for_it_and_says_so(store, tmp_path, monkeypatch, asked):
    called = []
    monkeypatch.setattr(device, "set_deterministic", lambda: called.append(True))
    record, _ = trained(store, tmp_path, settings_of("poisson") | asked)
    assert record["deterministic"] == bool(called) == bool(asked)
    monkeypatch.setattr(device, "gpus", lambda: ["GPU:0"])
    assert uses_xla({"xla": None} | asked) == (not asked)
    assert uses_xla({"xla": True} | asked)


def test_labels_follow_windows_and_strand_pairs(store):
    data = prepare_training(store, settings_of("binary_crossentropy"))
    windows, batches = select(store, "threshold2", "train"), data.batches["train"]
    draws = batches.draw(0)
    _, labels = batches.make(draws, 1)
    expected = windows.labels[draws.order[8:16]].astype(np.float32)
    flipped = draws.flipped[8:16]
    expected[flipped] = expected[flipped][:, [0, 2, 1]]
    assert flipped.any()
    np.testing.assert_array_equal(labels, expected)
    names = batches.describe(0, 1)
    chrom = list(store.chromosomes)
    starts = draws.starts[8:16] - windows.offset[draws.order[8:16]]
    assert names == [
        f"{chrom[windows.chrom[w]]}:{windows.start[w] + s}-{windows.start[w] + s + 64}"
        for w, s in zip(draws.order[8:16], starts, strict=True)
    ]


def test_the_counts_weight_is_a_tenth_of_the_median_sum(store):
    settings = settings_of("multinomial_counts", target_scale="none")
    data = prepare_training(store, settings)
    sums = select(store, "threshold2", "train").mean * 4
    assert data.loss_settings["counts_weight"] == pytest.approx(np.median(sums) / 10, rel=1e-6)
    given = settings | {"loss_settings": {"counts_weight": 3.0}}
    assert prepare_training(store, given).loss_settings == {"counts_weight": 3.0}


def test_evoaug_is_followed_by_unperturbed_epochs(store, tmp_path, capsys):
    record, history = trained(store, tmp_path, settings_of("poisson", augmentation="evoaug"))
    assert [row["epoch"] for row in history] == ["1", "2", "3", "4"]
    assert [float(row["learning_rate"]) for row in history] == [1e-3, 1e-3, 1e-4, 1e-4]
    assert record["best_epoch"] in (3, 4)
    assert "fine-tuning on unperturbed sequences from epoch" in capsys.readouterr().out
    plain, _ = trained(store, tmp_path / "plain", settings_of("poisson", augmentation="none"))
    assert plain["epochs"] == 2


def test_an_interrupted_second_stage_goes_on(store, tmp_path, monkeypatch):
    from epibench import train_stages

    settings = settings_of("poisson", augmentation="evoaug")
    expected, history = trained(store, tmp_path / "undisturbed", settings)
    real, calls = train_stages.train, []

    def stop_in_second(*arguments, **options):
        calls.append(options["recipe"].learning_rate)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*arguments, **options)

    monkeypatch.setattr(train_stages, "train", stop_in_second)
    with pytest.raises(KeyboardInterrupt):
        trained(store, tmp_path / "stopped", settings)
    found, rows = trained(store, tmp_path / "stopped", settings)
    assert found["best_valid_loss"] == expected["best_valid_loss"]
    assert [row["valid_loss"] for row in rows] == [row["valid_loss"] for row in history]
    assert found["resumed"] == 1


def test_training_windows_without_both_labels_are_refused(tmp_path):
    study = SmallStudy(tmp_path)
    study.peaks = {name: [p for p in kept if p[0] != "chr1"] for name, kept in study.peaks.items()}
    study.peaks["a"] = [p for p in study.peaks["a"] if p[0] != "chr2"]
    study.peaks["b"] = [p for p in study.peaks["b"] if p[0] != "chr2"]
    study._write()
    windows = WINDOWS.model_copy(update={"peaks": False})
    make_store(tmp_path / "store", **study.arguments() | {"windows": windows})
    with pytest.raises(InputError, match="training windows of threshold2 have only the label 0"):
        prepare_training(Store(tmp_path / "store"), settings_of("binary_crossentropy"))


def test_the_largest_batch_that_fits_is_found():
    asked = []

    def fits(limit):
        return lambda size: asked.append(size) or size <= limit

    assert [largest_batch(fits(n)) for n in (64, 128, 300, 10_000)] == [64, 128, 256, 512]
    assert max(asked) == 512


def test_curves_are_written_and_stale_ones_removed(store, tmp_path):
    trained(store, tmp_path, settings_of("poisson"), tensorboard=True)
    (first,) = (tmp_path / "tensorboard").iterdir()
    text = first.read_bytes()
    assert all(name in text for name in (b"valid_loss", b"learning_rate"))
    trained(store, tmp_path, settings_of("poisson"), tensorboard=True)
    (second,) = (tmp_path / "tensorboard").iterdir()
    assert first != second


def test_weights_and_biases_gets_every_epoch(store, tmp_path, monkeypatch):
    import sys
    from types import SimpleNamespace

    with pytest.raises(InputError, match="the package wandb is not installed"):
        trained(store, tmp_path, settings_of("poisson"), wandb="mine")
    logged, begun = [], []
    run = SimpleNamespace(log=lambda row, step: logged.append((step, row)), finish=begun.clear)
    fake = SimpleNamespace(init=lambda **options: begun.append(options) or run)
    monkeypatch.setitem(sys.modules, "wandb", fake)
    _, history = trained(store, tmp_path, settings_of("poisson"), wandb="mine")
    assert [step for step, _ in logged] == [1, 2]
    assert logged[1][1]["valid_loss"] == pytest.approx(float(history[1]["valid_loss"]))
    assert begun == []
