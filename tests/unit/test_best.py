"""The winner's model entry, printed to be pasted into a config."""

import json
from pathlib import Path

import pytest
import yaml

from epibench import __main__ as command
from epibench.best import best_entries
from epibench.config.schema import ModelEntry
from epibench.errors import InputError
from epibench.make_plan import make_plan
from epibench.typed import read_yaml

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _resources(monkeypatch, tmp_path):
    """Work in a folder of its own that has what a config names."""
    (tmp_path / "resources").symlink_to(ROOT / "resources")
    monkeypatch.chdir(tmp_path)


MODELS = {
    "plain": {"builder": "basenji", "recipe": "tiny", "options": {"first_filters": 8}},
    "other": {
        "builder": "basenji",
        "recipe": "tiny",
        "options": {"first_filters": 16, "dropout": True, "batch_norm_momentum": 0.95},
        "target_scale": "mean",
        "precision": "mixed_bfloat16",
    },
    "third": {"builder": "basenji", "recipe": "tiny", "target_scale": "mean"},
}


def a_plan(models=MODELS, **experiment):
    config = yaml.safe_load((ROOT / "tests/studies/tiny.yaml").read_text())
    config["models"] = models
    config["defaults"]["model"] = next(iter(models))
    experiment = {"analysis": "hyperparameters", "grid": {"model": list(models)}} | experiment
    config["experiments"] = {"search": experiment}
    Path("study.yaml").write_text(yaml.safe_dump(config))
    return make_plan(read_yaml("study.yaml"), ["study.yaml"])


def train(plan, losses: dict[str, float]) -> None:
    """Write records as if every run had been trained; a loss for each model and bin size."""
    for name, run in plan.runs.items():
        path = Path(plan.folder) / "runs" / name / "run.json"
        path.parent.mkdir(parents=True)
        loss = losses[run.model] + run.bin_size / 1000
        row = {"settings": plan.run_settings(name), "parameters": 5, "epochs": 2}
        row |= {"best_epoch": 1, "best_valid_loss": loss, "seconds": 1.0}
        path.write_text(json.dumps(row))


def test_the_winners_pasted_into_a_config_give_the_same_settings():
    plan = a_plan()
    train(plan, {"plain": 0.3, "other": 0.2, "third": 0.25})
    text = best_entries(plan, "search")
    pasted = yaml.safe_load(f"models:\n{text}")["models"]
    assert list(pasted) == ["plain", "other"]  # their targets are scaled differently
    assert "dropout" not in pasted["other"]["options"]  # the default
    assert pasted["other"]["options"]["batch_norm_momentum"] == 0.95
    for name in pasted:
        assert ModelEntry(**pasted[name]).recipe == "tiny"
    again = a_plan(pasted)
    assert set(again.runs) < set(plan.runs)
    for name in again.runs:
        assert again.run_settings(name) == plan.run_settings(name)


def test_an_entry_is_given_with_its_loss_run_rivals_and_recipe():
    plan = a_plan(grid={"model": list(MODELS), "seed": [1, 2]})
    train(plan, {"plain": 0.3, "other": 0.2, "third": 0.25})
    first, second, recipe, entry, *_, last = best_entries(plan, "search").splitlines()
    runs = [f"plain/threshold2/poisson/bin128/rc+shift/seed{seed}" for seed in (1, 2)]
    assert "Poisson, 128 bp, threshold2, target_scale none" in first
    assert "validation loss 0.428 (mean of 2 seeds), the lowest of 1" in first
    assert second == f"  # run {', '.join(runs)}"
    assert yaml.safe_load(recipe.strip().removeprefix("# recipe ")) == {
        "tiny": {"epochs": 2, "patience": 2, "batch_size": 8}
    }
    assert entry == "  plain:"
    assert last == "    precision: mixed_bfloat16"


def test_an_entry_that_wins_twice_stands_once():
    plan = a_plan(grid={"model": ["other", "third"], "bin_size": [128, 512]})
    train(plan, {"other": 0.3, "third": 0.2})
    text = best_entries(plan, "search")
    assert text.count("the lowest of 2") == 2
    assert list(yaml.safe_load(f"models:\n{text}")["models"]) == ["third"]


def test_runs_that_are_not_trained_are_named_with_the_command_that_trains_them():
    plan = a_plan()
    message = (
        "experiment 'search': 3 of its 3 runs are not trained as the config says "
        "(plain/threshold2/poisson/bin128/rc+shift/seed1, ...); make them with "
        "`snakemake search --cores all --configfile study.yaml`"
    )
    with pytest.raises(InputError) as error:
        best_entries(plan, "search")
    assert str(error.value) == message
    train(plan, {"plain": 0.3, "other": 0.2, "third": 0.25})
    third = MODELS["third"] | {"options": {"residual_units": 3}}
    changed = a_plan(MODELS | {"third": third})
    with pytest.raises(InputError, match=r"1 of its 3 runs is not trained.*\(third/[^.]*seed1\)"):
        best_entries(changed, "search")


def test_an_experiment_that_is_not_switched_on_is_refused():
    with pytest.raises(InputError, match=r"no experiment 'find'.*known: search"):
        best_entries(a_plan(), "find")


def test_the_command_prints_the_winner(monkeypatch, capsys):
    plan = a_plan()
    train(plan, {"plain": 0.3, "other": 0.2, "third": 0.25})
    arguments = ["epibench", "best", "search", "--configfile", "study.yaml"]
    monkeypatch.setattr("sys.argv", arguments)
    assert command.main() == 0
    assert capsys.readouterr().out == best_entries(plan, "search")
