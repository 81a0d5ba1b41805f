"""The training loop: same seed same history, resuming, best weights, patience and decay."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pydantic
import pytest

from epibench import device, train
from epibench.errors import InputError
from epibench.models import registry
from epibench.predict import CoverageFunction
from epibench.recipe import Recipe

LENGTH, BIN_SIZE, TARGETS = 64, 16, 2
SCRIPTS = Path(__file__).parents[2] / "scripts"


class SyntheticBatches:
    """Coverage that follows GC content; the order depends on seed and epoch alone."""

    def __init__(self, count, batch_size=8, seed=0, interrupt=None, scale=1.0):
        rng = np.random.default_rng(seed)
        self.codes = rng.integers(0, 4, (count, LENGTH), dtype=np.uint8)
        gc = (
            np.isin(self.codes, [1, 2])
            .reshape(count, LENGTH // BIN_SIZE, BIN_SIZE)
            .mean(-1, keepdims=True)
        )
        self.coverage = (scale * 8 * gc**2 * np.arange(1, TARGETS + 1)).astype(np.float32)
        self.batch_size, self.seed = batch_size, seed
        self.interrupt = interrupt or (lambda epoch, step: None)

    def __len__(self):
        return -(-len(self.codes) // self.batch_size)

    def epoch(self, epoch):
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.codes))
        for step in range(len(self)):
            self.interrupt(epoch, step)
            chosen = order[step * self.batch_size : (step + 1) * self.batch_size]
            yield self.codes[chosen], self.coverage[chosen]


def small_model():
    train.seed_everything(5)
    options = {"first_filters": 4, "last_filters": 8, "residual_units": 1}
    return registry.build(
        "basenji", input_length=LENGTH, bin_size=BIN_SIZE, targets=TARGETS, options=options
    )


def run(checkpoint, interrupt=None, model=None, fingerprint="same", lines=None, **settings):
    """Train a small model for four epochs; what varies between tests are the arguments."""
    recipe = Recipe(**{"epochs": 4, "learning_rate": 0.01, "batch_size": 8, **settings})
    return train.train(
        model or small_model(),
        SyntheticBatches(24, interrupt=interrupt),
        SyntheticBatches(16, seed=1),
        loss="poisson",
        recipe=recipe,
        checkpoint=checkpoint,
        fingerprint=fingerprint,
        log=(lines if lines is not None else []).append,
    )


def losses(history):
    return [(row["epoch"], row["loss"], row["valid_loss"]) for row in history]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    model, lines = small_model(), []
    checkpoint = tmp_path_factory.mktemp("undisturbed") / "c.npz"
    result = run(checkpoint, model=model, lines=lines)
    return SimpleNamespace(model=model, result=result, lines=lines, checkpoint=checkpoint)


def assert_same(found, model, undisturbed):
    assert losses(found.history) == losses(undisturbed.result.history)
    for ours, theirs in zip(model.get_weights(), undisturbed.model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_history_and_log(undisturbed):
    history, lines = undisturbed.result.history, undisturbed.lines
    columns = ["epoch", "loss", "valid_loss", "learning_rate", "seconds", "examples_per_second"]
    assert [list(row) for row in history] == [columns] * 4
    assert history[-1]["loss"] < history[0]["loss"]
    assert undisturbed.result.examples_per_second > 0
    assert len(lines) == 5
    assert lines[0].startswith("epoch 1/4: train ")
    assert lines[0].endswith(" *")
    assert lines[4].startswith(f"best epoch {undisturbed.result.best_epoch} of 4")


def test_same_seed_gives_the_same_history_and_other_checkpoints_are_ignored(undisturbed):
    model, lines = small_model(), []
    found = run(undisturbed.checkpoint, model=model, lines=lines, fingerprint="other")
    assert lines[0] == f"{undisturbed.checkpoint} belongs to other settings; training starts anew"
    assert_same(found, model, undisturbed)


def stop_at(epoch, step, stop):
    return lambda e, s: stop() if (e, s) == (epoch, step) else None


def test_resumed_history_is_that_of_an_undisturbed_run(undisturbed, tmp_path):
    def fail():
        raise OSError("disk gone")

    checkpoint, lines = tmp_path / "c.npz", []
    with pytest.raises(OSError, match="disk gone"):
        run(checkpoint, stop_at(2, 1, fail))
    for epochs_done in (2, 4):
        model = small_model()
        keras.utils.set_random_seed(99)
        assert_same(run(checkpoint, model=model, lines=lines), model, undisturbed)
        assert f"resuming after epoch {epochs_done} from {checkpoint}" in lines


def killed_training(checkpoint):
    """Train until SIGKILL, in the process that the next test starts."""
    device.quiet()
    run(Path(checkpoint), stop_at(2, 1, lambda: os.kill(os.getpid(), signal.SIGKILL)))


def test_resumes_after_sigkill(undisturbed, tmp_path):
    program = "import sys, test_train; test_train.killed_training(sys.argv[1])"
    environment = {**os.environ, "PYTHONPATH": f"{SCRIPTS}:{Path(__file__).parent}"}
    command = [sys.executable, "-c", program, str(tmp_path / "c.npz")]
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    model, lines = small_model(), []
    assert_same(run(tmp_path / "c.npz", model=model, lines=lines), model, undisturbed)
    assert lines[0].startswith("resuming after epoch 2")


def test_best_weights_are_kept_and_losses_are_weighted_by_batch_size(tmp_path):
    """Validation coverage far from training's: fitting makes it worse, so early epochs win."""
    model = small_model()
    valid = SyntheticBatches(11, batch_size=8, scale=0.0)
    result = train.train(
        model,
        SyntheticBatches(20, scale=5.0),
        valid,
        loss="mse",
        recipe=Recipe(epochs=9, patience=2, learning_rate=0.05),
        checkpoint=tmp_path / "c.npz",
        fingerprint="",
        log=lambda line: None,
    )
    validation = [row["valid_loss"] for row in result.history]
    assert validation[-1] > 1.1 * min(validation)
    assert len(validation) == result.best_epoch + 2
    kept = np.mean((CoverageFunction(model)(valid.codes) - valid.coverage) ** 2)
    assert kept == pytest.approx(min(validation), rel=1e-5)
    assert validation[result.best_epoch - 1] == min(validation)


def test_loss_that_is_not_finite_names_epoch_and_step(tmp_path, monkeypatch):
    monkeypatch.setattr(train, "HEARTBEAT_SECONDS", 0)
    lines, valid = [], SyntheticBatches(16)
    valid.coverage[:] = np.nan
    with pytest.raises(InputError, match="loss is nan in validation of epoch 1, step 1 of 2"):
        train.train(
            small_model(),
            SyntheticBatches(8),
            valid,
            loss="mse",
            recipe=Recipe(),
            checkpoint=tmp_path / "c.npz",
            fingerprint="",
            log=lines.append,
        )
    assert not list(tmp_path.iterdir())
    assert len(lines) == 1
    assert lines[0].startswith("epoch 1: step 1 of 1, loss so far ")


def test_splits_without_batches_are_refused(tmp_path):
    settings = {"loss": "mse", "recipe": Recipe(), "checkpoint": tmp_path / "c", "fingerprint": ""}
    full, empty = SyntheticBatches(8), SyntheticBatches(0)
    with pytest.raises(InputError, match="the training split gives no batch"):
        train.train(None, empty, full, **settings)
    with pytest.raises(InputError, match="the validation split gives no batch"):
        train.train(None, full, empty, **settings)


@pytest.mark.parametrize("seed", range(5))
def test_patience_and_decay_are_those_of_keras(seed):
    recipe = Recipe(epochs=40, patience=6, decay_factor=0.2, decay_patience=3)
    model = SimpleNamespace(
        optimizer=SimpleNamespace(learning_rate=recipe.learning_rate), stop_training=False
    )
    decay = keras.callbacks.ReduceLROnPlateau("valid_loss", 0.2, 3, mode="min", min_delta=0)
    stopping = keras.callbacks.EarlyStopping("valid_loss", patience=6, mode="min")
    for callback in (decay, stopping):
        callback.set_model(model)
        callback.on_train_begin()
    rng, history = np.random.default_rng(seed), []
    while not train.finished(history, recipe):
        assert not model.stop_training
        rate = train.next_learning_rate(history, recipe)
        assert rate == pytest.approx(float(model.optimizer.learning_rate), rel=1e-6)
        history.append({"valid_loss": round(rng.random() + 2 / (1 + len(history)), 1)})
        for callback in (decay, stopping):
            callback.on_epoch_end(len(history) - 1, history[-1])
    assert model.stop_training or len(history) == 40
    assert model.optimizer.learning_rate < 0.001


def test_recipe_refuses_nonsense():
    assert Recipe().model_dump() == {
        "epochs": 100,
        "patience": 6,
        "learning_rate": 0.001,
        "decay_factor": 1.0,
        "decay_patience": 3,
        "batch_size": 64,
    }
    for wrong in ({"epochs": 0}, {"decay_factor": 1.5}, {"learning_rate": float("inf")}, {"lr": 1}):
        with pytest.raises(pydantic.ValidationError):
            Recipe(**wrong)


def test_device_is_described_and_gpus_can_be_required(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "8")
    found = device.describe()
    assert found["slurm_job_id"] == "8"
    assert found["backend"] == keras.backend.backend()
    assert len(found["devices"]) >= 1
    if not found["gpus"]:
        with pytest.raises(InputError, match=r"a GPU was asked for but .* finds none"):
            device.require_gpu()
    with pytest.raises(InputError, match="no precision 'float8'; known: float32"):
        device.set_precision("float8")
    with pytest.raises(InputError, match="threads must be at least 1"):
        device.set_threads(0)
