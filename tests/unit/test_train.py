"""The training loop: same seed same history, resuming, best weights, patience and decay."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pydantic
import pytest

from epibench import device, train
from epibench.errors import InputError
from epibench.losses import get_loss
from epibench.models import registry
from epibench.models.layers import from_codes
from epibench.monitor import Monitor
from epibench.predict import CoverageFunction
from epibench.recipe import Recipe
from epibench.step import Steps

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

    def epoch(self, number, start=0):
        for step in range(start, len(self)):
            self.interrupt(number, step)
            chosen = self.chosen(number, step)
            yield self.codes[chosen], self.coverage[chosen]

    def chosen(self, number, step):
        order = np.random.default_rng([self.seed, number]).permutation(len(self.codes))
        return order[step * self.batch_size : (step + 1) * self.batch_size]

    def describe(self, number, index):
        return [f"chr1:{window}-{window + LENGTH}" for window in self.chosen(number, index)]


def small_model():
    train.seed_everything(5)
    options = {"first_filters": 4, "last_filters": 8, "residual_units": 1}
    return registry.build(
        "basenji", input_length=LENGTH, bin_size=BIN_SIZE, targets=TARGETS, options=options
    )


def fit(model, train_batches, valid_batches, loss="poisson", **options):
    """Train a model on batches."""
    recipe = options.get("recipe") or Recipe()
    optimizer = keras.optimizers.Adam(recipe.learning_rate)
    defaults = {"monitor": Monitor(["a", "b"]), "recipe": recipe, "fingerprint": ""}
    return train.train(
        model,
        Steps(from_codes(model), get_loss(loss), optimizer),
        train_batches,
        valid_batches,
        **{**defaults, "log": lambda line: None, **options},
    )


def run(checkpoint, interrupt=None, model=None, lines=None, recipe=None, **options):
    """Train a small model for four epochs; what varies between tests are the arguments."""
    settings = {"epochs": 4, "learning_rate": 0.01, "batch_size": 8, **(recipe or {})}
    return fit(
        model or small_model(),
        SyntheticBatches(24, interrupt=interrupt),
        SyntheticBatches(16, seed=1),
        recipe=Recipe(**settings),
        checkpoint=checkpoint,
        log=(lines if lines is not None else []).append,
        **{"fingerprint": "same", **options},
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
    assert [list(row) for row in history] == [[*columns, "waited", "constant_targets"]] * 4
    assert history[-1]["loss"] < history[0]["loss"]
    assert all(row["examples_per_second"] > 0 and 0 <= row["waited"] < 1 for row in history)
    assert undisturbed.result.resumed == 0
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
    done = elsewhere("killed_training", tmp_path / "c.npz")
    assert done.returncode == -signal.SIGKILL, done.stderr
    model, lines = small_model(), []
    assert_same(run(tmp_path / "c.npz", model=model, lines=lines), model, undisturbed)
    assert lines[0].startswith("resuming after epoch 2")


def elsewhere(function, *arguments):
    """Call a function of this module in a new process."""
    program = f"import sys, test_train; test_train.{function}(*sys.argv[1:])"
    environment = {**os.environ, "PYTHONPATH": f"{SCRIPTS}:{Path(__file__).parent}"}
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def often_killed_training(checkpoint, seed):
    """Fork trainings; five are killed at a random time after a checkpoint, the last goes on."""
    device.quiet()
    rng = np.random.default_rng(int(seed))
    for attempt in range(6):
        child = os.fork()
        if not child:
            device.set_threads(1)
            model = small_model()
            # slow steps, so that a second is the middle of the training
            pause = stop_at_every_step(lambda: time.sleep(0.1))
            found = run(Path(checkpoint), pause, model, checkpoint_minutes=1e-9)
            print(json.dumps([losses(found.history), found.resumed]), flush=True)
            np.savez(f"{checkpoint}.weights.npz", *model.get_weights())
            os._exit(0)
        if attempt < 5:
            wait_for_another(Path(checkpoint))
            time.sleep(rng.uniform(0, 0.2))
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def wait_for_another(path):
    """Wait until a file is written anew."""
    before = path.stat().st_mtime_ns if path.exists() else None
    while not path.exists() or path.stat().st_mtime_ns == before:
        time.sleep(0.01)


def stop_at_every_step(stop):
    return lambda epoch, step: stop()


def test_five_sigkills_at_random_times_change_nothing(tmp_path):
    """Every step has its checkpoint here; a kill can fall into any line, writing included."""
    done = elsewhere("often_killed_training", tmp_path / "c.npz", 3)
    assert done.returncode == 0, done.stderr
    found, resumed = json.loads(done.stdout.splitlines()[-1])
    alone = elsewhere("plain_training", tmp_path / "alone.npz")
    expected = json.loads(alone.stdout.splitlines()[-1])
    assert found == expected
    assert resumed == 5
    both = [np.load(f"{tmp_path / name}.weights.npz") for name in ("c.npz", "alone.npz")]
    for name in both[0].files:
        np.testing.assert_array_equal(both[0][name], both[1][name])


def plain_training(checkpoint):
    """Train undisturbed, with the threads of `often_killed_training`."""
    device.quiet()
    device.set_threads(1)
    model = small_model()
    print(json.dumps(losses(run(Path(checkpoint), model=model).history)))
    np.savez(f"{checkpoint}.weights.npz", *model.get_weights())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_a_signal_writes_a_checkpoint_within_the_epoch_and_ends_the_process(
    undisturbed, tmp_path, number
):
    lines, checkpoint = [], tmp_path / "c.npz"
    before = signal.getsignal(number)
    with pytest.raises(SystemExit) as stopped:
        run(checkpoint, stop_at(2, 1, lambda: os.kill(os.getpid(), number)), lines=lines)
    assert stopped.value.code == 1
    assert lines[-1] == (
        f"{signal.Signals(number).name}: stopping; training will go on from {checkpoint}"
    )
    assert signal.getsignal(number) == before
    model = small_model()
    assert_same(run(checkpoint, model=model, lines=lines), model, undisturbed)
    assert f"resuming after epoch 2 and 2 steps of the next from {checkpoint}" in lines


def test_a_signal_while_validating_is_heard(undisturbed, tmp_path):
    checkpoint, model, lines = tmp_path / "c.npz", small_model(), []
    valid = SyntheticBatches(
        16, seed=1, interrupt=stop_at(0, 1, lambda: os.kill(os.getpid(), signal.SIGUSR1))
    )
    recipe = Recipe(epochs=4, learning_rate=0.01, batch_size=8)
    with pytest.raises(SystemExit):
        fit(
            small_model(),
            SyntheticBatches(24),
            valid,
            recipe=recipe,
            checkpoint=checkpoint,
            fingerprint="same",
        )
    assert_same(run(checkpoint, model=model, lines=lines), model, undisturbed)
    assert lines[0].startswith("resuming after epoch 0 and 3 steps of the next")


def test_best_weights_are_kept_and_losses_are_weighted_by_batch_size(tmp_path):
    """Validation coverage far from training's: fitting makes it worse, so early epochs win."""
    model = small_model()
    valid = SyntheticBatches(11, batch_size=8, scale=0.0)
    result = fit(
        model,
        SyntheticBatches(20, scale=5.0),
        valid,
        loss="mse",
        recipe=Recipe(epochs=9, patience=2, learning_rate=0.05),
        checkpoint=tmp_path / "c.npz",
    )
    validation = [row["valid_loss"] for row in result.history]
    assert validation[-1] > 1.1 * min(validation)
    assert len(validation) == result.best_epoch + 2
    kept = np.mean((CoverageFunction(model)(valid.codes) - valid.coverage) ** 2)
    assert kept == pytest.approx(min(validation), rel=1e-5)
    assert validation[result.best_epoch - 1] == min(validation)


def test_loss_that_is_not_finite_names_epoch_step_and_windows(tmp_path, monkeypatch):
    monkeypatch.setattr(train, "HEARTBEAT_SECONDS", 0)
    lines, valid = [], SyntheticBatches(16)
    valid.coverage[:] = np.nan
    message = r"loss is nan in validation of epoch 1, step 1 of 2, on the windows chr1:\d+-"
    options = {"checkpoint": tmp_path / "c.npz", "log": lines.append}
    with pytest.raises(InputError, match=message):
        fit(small_model(), SyntheticBatches(8), valid, **options)
    assert not list(tmp_path.iterdir())
    assert lines[0].startswith("epoch 1: step 1 of 1, loss so far ")
    assert lines[1] == f"windows of the batch: {' '.join(valid.describe(0, 0))}"


def test_the_batch_of_the_first_loss_that_is_not_finite_is_named(tmp_path):
    """Losses are fetched several at a time; what is named is still the first bad one."""
    batches, valid = SyntheticBatches(40), SyntheticBatches(8)
    bad = batches.chosen(0, 3)[2]
    batches.coverage[bad] = np.inf
    lines = []
    with pytest.raises(InputError, match="in epoch 1, step 4 of 5, on the windows") as raised:
        fit(small_model(), batches, valid, checkpoint=tmp_path / "c.npz", log=lines.append)
    assert f"chr1:{bad}-{bad + LENGTH}" in lines[-1]
    assert "(all in the log)" in str(raised.value)


def test_a_constant_prediction_is_named_in_the_history(tmp_path):
    model = small_model()
    model.get_layer("logits").set_weights([np.zeros((8, 2)), np.zeros(2)])
    model.get_layer("logits").trainable = False
    recipe = Recipe(epochs=1)
    batches = SyntheticBatches(8)
    found = fit(model, batches, batches, recipe=recipe, checkpoint=tmp_path / "c.npz")
    assert found.history[0]["constant_targets"] == "a,b"
    usual = fit(small_model(), batches, batches, recipe=recipe, checkpoint=tmp_path / "d.npz")
    assert usual.history[0]["constant_targets"] == ""


def test_patience_counts_from_the_step_asked_for():
    history = [{"valid_loss": loss} for loss in (1, 2, 3, 4, 5, 6)]
    of = {0: [3, 4, 5, 6], 6: [5, 6], 7: [5, 6], 9: [6], 100: []}
    for step, expected in of.items():
        recipe = Recipe(patience=2, patience_from_step=step)
        stops = [n for n in range(1, 7) if train.finished(history[:n], recipe, steps=2)]
        assert stops == expected, step


def test_splits_without_batches_are_refused(tmp_path):
    full, empty = SyntheticBatches(8), SyntheticBatches(0)
    with pytest.raises(InputError, match="the training split gives no batch"):
        fit(small_model(), empty, full, checkpoint=tmp_path / "c")
    with pytest.raises(InputError, match="the validation split gives no batch"):
        fit(small_model(), full, empty, checkpoint=tmp_path / "c")


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
        "patience_from_step": 0,
        "fine_tune_epochs": 5,
        "fine_tune_learning_rate": 0.0001,
    }
    for wrong in ({"epochs": 0}, {"decay_factor": 1.5}, {"learning_rate": float("inf")}, {"lr": 1}):
        with pytest.raises(pydantic.ValidationError):
            Recipe(**wrong)


DETERMINISTIC = """
import os
from epibench import device
device.quiet()
import keras
found = device.start(1, False, deterministic={on})
assert found["environment"].get("XLA_FLAGS", "") == {flags!r}, found
assert found["processor"]
if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
    try:
        tf.random.uniform([1])  # has no seed, which TensorFlow then refuses
    except RuntimeError:
        assert {on}
    else:
        assert not {on}
print(float(keras.ops.sum(keras.ops.ones(3))))
"""


@pytest.mark.parametrize("on", [True, False])
def test_deterministic_operations_are_asked_for(on):
    """In a process of its own, since there is no way back."""
    flags = "--xla_gpu_deterministic_ops=true" if on else ""
    program = DETERMINISTIC.format(on=on, flags=flags)
    kept = {name: value for name, value in os.environ.items() if name != "XLA_FLAGS"}
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, env=kept, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.endswith("3.0\n")


def test_device_is_described_and_gpus_can_be_required(monkeypatch, capsys):
    monkeypatch.setenv("SLURM_JOB_ID", "8")
    found = device.describe()
    assert found["slurm_job_id"] == "8"
    assert found["backend"] == keras.backend.backend()
    assert len(found["devices"]) >= 1
    if not found["gpus"]:
        with pytest.raises(InputError, match=r"a GPU was asked for but .* finds none"):
            device.require_gpu(strict=True)
        device.require_gpu(strict=False)
        assert "WARNING: a GPU was asked for" in capsys.readouterr().out
        with pytest.raises(InputError, match=r"training.gpus = 2, but there are 0 GPUs here"):
            device.choose_gpus(2)
    assert device.peak_memory()["host"] > 100
    device.set_precision("auto")
    expected = "mixed_bfloat16" if found["gpus"] else "float32"
    assert keras.config.dtype_policy().name == expected
    device.set_precision("float32")
    with pytest.raises(InputError, match="no precision 'float8'; known: float32"):
        device.set_precision("float8")
    with pytest.raises(InputError, match="threads must be at least 1"):
        device.set_threads(0)
