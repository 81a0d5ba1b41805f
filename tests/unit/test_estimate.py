"""What a study will take: closed forms, and nothing that is not known."""

import json
from pathlib import Path

import pytest
import yaml

from epibench import __main__ as command
from epibench.errors import InputError
from epibench.estimate import disk, estimate, parse_speeds, table_of
from epibench.make_plan import make_plan

CONFIG = "tests/studies/tiny.yaml"


def planned(tmp_path, **changes):
    study = yaml.safe_load(Path(CONFIG).read_text()) | changes
    study["study"] = "never_run"
    study["experiments"] = {
        "training_set": {"grid": {"windows": ["threshold2", "peaks"], "seed": [1, 2]}}
    }
    path = tmp_path / "study.yaml"
    path.write_text(yaml.safe_dump(study))
    return make_plan(study, [path])


@pytest.fixture
def plan(tmp_path):
    return planned(tmp_path)


def record(plan, results, *, speed, epochs=5, gpus=0, **changes) -> None:
    """Write what a finished training of another study recorded."""
    name = next(iter(plan.runs))
    settings = plan.run_settings(name) | changes
    path = results / "other" / "runs" / name.replace("seed1", f"seed{speed:g}") / "run.json"
    path.parent.mkdir(parents=True)
    content = {"settings": settings, "epochs": epochs, "examples_per_second": speed}
    device = {"devices": ["CPU"] + gpus * ["A100"], "gpus": gpus}
    path.write_text(json.dumps(content | {"device": device}))


def test_hours_are_examples_by_epochs_by_runs_over_speed(plan, tmp_path):
    (line,) = estimate(plan, windows=3600, given={"": 20}, results=tmp_path)
    assert line.runs == 4
    assert line.epochs == 2  # of the recipe
    assert line.hours == pytest.approx(3600 * 2 / 20 / 3600)
    assert line.hours_in_all == pytest.approx(4 * line.hours)
    assert line.source == "given"


def test_finished_runs_of_the_same_model_are_asked_first(plan, tmp_path):
    for speed in (10, 30, 50):
        record(plan, tmp_path, speed=speed, epochs=1)
    record(plan, tmp_path, speed=9999, precision="mixed_bfloat16")
    (line,) = estimate(plan, windows=3600, results=tmp_path)
    assert (line.examples_per_second, line.epochs) == (30, 1)
    assert line.hours == pytest.approx(1 / 30)
    assert line.source == "3 finished runs on CPU"


def test_what_is_not_known_is_unknown(plan, tmp_path):
    (line,) = estimate(plan, results=tmp_path)
    assert line.examples is None
    assert line.hours is None
    assert table_of([line])[-1][-1] == "unknown"
    (line,) = estimate(plan, windows=100, results=tmp_path)
    # The shipped table has a basenji at 128 bp, but of full width.
    assert (line.builder, line.bin_size) == ("basenji", 128)
    assert line.examples_per_second is None


def test_the_shipped_table_is_for_models_with_default_options(plan, tmp_path):
    entry = plan.study.models["narrow"].model_copy(update={"options": {}})
    plan.study.models["narrow"] = entry
    (line,) = estimate(plan, windows=100, results=tmp_path)
    assert line.examples_per_second == 7.7
    assert "CPU" in line.source


def test_speeds_of_cpus_say_nothing_of_a_study_on_gpus(tmp_path):
    plan = planned(tmp_path, training={"threads": 1, "require_gpu": True})
    plan.study.models["narrow"] = plan.study.models["narrow"].model_copy(update={"options": {}})
    record(plan, tmp_path, speed=10)
    (line,) = estimate(plan, windows=100, results=tmp_path)
    assert line.examples_per_second is None
    record(plan, tmp_path, speed=700, gpus=1)
    (line,) = estimate(plan, windows=100, results=tmp_path)
    assert line.examples_per_second == 700
    assert line.source == "1 finished runs on CPU, A100"


def test_hours_in_all_count_every_gpu(tmp_path):
    plan = planned(tmp_path, training={"threads": 1, "gpus": 4})
    (line, *_) = estimate(plan, windows=3600, given={"": 20}, results=tmp_path)
    assert line.hours == pytest.approx(3600 * 2 / 20 / 3600)
    assert line.hours_in_all == pytest.approx(line.runs * 4 * line.hours)


def test_hours_have_no_exponents(plan, tmp_path):
    (line,) = estimate(plan, windows=36_000_000, given={"": 1}, results=tmp_path)
    head, first, last = table_of([line], "GPU-hours")
    assert head[-1] == "GPU-hours"
    assert (first[-2], first[-1], last[-1]) == ("20,000", "80,000", "80,000")


def test_the_store_knows_its_windows(plan, tmp_path, monkeypatch):
    path = tmp_path / plan.folder / "store" / "summary.json"
    path.parent.mkdir(parents=True)
    windows = {"threshold2": {"train": 100}, "peaks": {"train": 300}}
    path.write_text(json.dumps({"windows": windows, "bytes": 12}))
    monkeypatch.chdir(tmp_path)
    (line,) = estimate(plan, given={"basenji": 10}, results=tmp_path)
    assert line.examples == 200
    assert line.hours_in_all == pytest.approx(2 * (100 + 300) * 2 / 10 / 3600)
    assert ("coverage store", 12, "the store") in disk(plan)


@pytest.mark.parametrize("word", ["fast", "basenji=", "basenji=-3", "0"])
def test_a_speed_that_is_none_is_refused(word):
    with pytest.raises(InputError, match=f"--examples-per-second {word}: give a positive"):
        parse_speeds([word])


def test_what_no_run_would_heed_is_refused(plan, tmp_path):
    with pytest.raises(InputError, match=r"has that builder; those that have runs are basenji$"):
        estimate(plan, given={"bpnet": 5}, results=tmp_path)
    with pytest.raises(InputError, match="--windows -3: give the number"):
        estimate(plan, windows=-3, results=tmp_path)


def test_speeds_are_by_builder_or_for_all():
    assert parse_speeds(["900", "basenji=1e3"]) == {"": 900, "basenji": 1000}


def test_the_command_prints_a_table(capsys, monkeypatch, tmp_path):
    words = ["epibench", "estimate", CONFIG, "--windows", "1000", "--results", str(tmp_path)]
    monkeypatch.setattr("sys.argv", [*words, "--examples-per-second", "50"])
    assert command.main() == 0
    printed = capsys.readouterr().out
    assert "narrow" in printed
    assert "in all" in printed
    assert "downloads" in printed
    assert max(map(len, printed.splitlines())) <= 120
