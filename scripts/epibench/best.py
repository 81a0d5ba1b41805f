"""The model entries with the lowest validation loss of an experiment, ready for a config."""

import json
from pathlib import Path
from textwrap import indent
from typing import Any

import pandas as pd
import yaml

from epibench.errors import InputError
from epibench.experiments import hyperparameters
from epibench.experiments.run import records_of_runs
from epibench.files import read_json
from epibench.models.registry import builder
from epibench.plan import Plan
from epibench.recipe import Recipe


def best_entries(plan: Plan, experiment: str) -> str:
    """Give the entry with the lowest validation loss of each comparable group of runs.

    Which runs can be compared, and what decides between equal ones, is said in
    `epibench.experiments.hyperparameters.table`. Any experiment can be asked, not only one with
    that analysis.

    Parameters
    ----------
    plan : Plan
        The study; the paths of its results are relative to the current folder.
    experiment : str
        An experiment that is switched on.

    Returns
    -------
    str
        YAML to be pasted below `models:`: in comments where the entry is the best, its run and its
        recipe; options without those that have the builder's default. An entry that is the best of
        several groups stands once.

    Raises
    ------
    InputError
        When there is no such experiment, or one of its runs has not been trained as the config
        says.
    """
    if experiment not in plan.expanded:
        raise InputError(
            f"there is no experiment {experiment!r} that is switched on; known: "
            f"{', '.join(plan.expanded)}"
        )
    ranked = hyperparameters.table(_records(plan, experiment))
    winners = ranked[ranked["lowest"]]
    groups = {name: part["rank"].max() for name, part in ranked.groupby("group")}
    parts = []
    for model, rows in winners.groupby("model", sort=False):
        notes = [
            _note(name, part, groups[name]) for name, part in rows.groupby("group", sort=False)
        ]
        parts.append("\n".join([*notes, _recipe(plan, rows), _entry(plan, model)]))
    return indent("\n".join(parts), "  ")


def _records(plan: Plan, experiment: str) -> pd.DataFrame:
    """Read the record of every run of an experiment, or say which are still to be trained."""
    runs = plan.experiment_settings(experiment)["runs"]
    paths = [Path(plan.folder) / "runs" / run["run"] / "run.json" for run in runs]
    missing = [
        run["run"]
        for run, path in zip(runs, paths, strict=True)
        if not path.is_file() or _trained_with(path) != _as_json(plan.run_settings(run["run"]))
    ]
    if missing:
        several = len(missing) > 1
        raise InputError(
            f"experiment {experiment!r}: {len(missing)} of its {len(runs)} runs "
            f"{'are' if several else 'is'} not trained as the config says ({missing[0]}"
            f"{', ...' if several else ''}); make them with `snakemake {experiment} --cores all "
            f"--configfile {' '.join(plan.config_files)}`"
        )
    return records_of_runs(paths, runs)


def _trained_with(path: Path) -> dict[str, Any]:
    return read_json(path, ("settings",))["settings"]


def _as_json(settings: dict[str, Any]) -> dict[str, Any]:
    return json.loads(json.dumps(settings))


def _note(group: str, winners: pd.DataFrame, entries: int) -> str:
    """Say in comments of what the entry is the best."""
    loss = winners["best_valid_loss"].mean()
    seeds = f" (mean of {len(winners)} seeds)" if len(winners) > 1 else ""
    return (
        f"# {group}: validation loss {loss:.6g}{seeds}, the lowest of {entries}\n"
        f"# run {', '.join(winners['run'])}"
    )


def _recipe(plan: Plan, winners: pd.DataFrame) -> str:
    """Give the recipe of the entry in a comment, for a config that does not have it."""
    name = plan.study.recipe_of(plan.study.models[winners["model"].iloc[0]])
    recipe = plan.run_settings(winners["run"].iloc[0])["recipe"]
    changed = {
        key: value for key, value in recipe.items() if value != Recipe.model_fields[key].default
    }
    return f"# recipe {_flow({name: changed})[1:-1]}"


def _entry(plan: Plan, model: str) -> str:
    """Write a model entry without what is the default anyway."""
    entry = plan.study.models[model]
    known = builder(entry.builder).options
    settings = entry.model_dump(exclude_defaults=True)
    settings["options"] = {
        name: value for name, value in entry.options.items() if value != known[name].default
    }
    if not settings["options"]:
        del settings["options"]
    return yaml.safe_dump({model: settings}, sort_keys=False, default_flow_style=None, width=1000)


def _flow(value: dict[str, Any]) -> str:
    return yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1000).strip()
