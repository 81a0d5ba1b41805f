"""Load and check a study: its config, samples, grids and local files (light)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from epibench.config.check import check_runs, check_study, check_targets
from epibench.config.load import load_study
from epibench.config.schema import Study
from epibench.data.source import is_local
from epibench.errors import InputError
from epibench.files import require_file
from epibench.grid import expand_experiments
from epibench.models.registry import builder
from epibench.plan import Plan
from epibench.samples import Target, read_samples
from epibench.simulate.files import simulated_files
from epibench.simulate.grammar import read_grammar


def make_plan(config: Mapping[str, Any], files: list[str | Path]) -> Plan:
    """Load and check a study, its samples and its grids.

    Parameters
    ----------
    config : mapping
        Merged configuration.
    files : list of path
        The files that it came from, for messages.

    Raises
    ------
    InputError
        One sentence a mistake; nothing is run.
    """
    study = load_study(config, files)
    where = ", ".join(map(str, files))
    try:
        check_study(study)
        expanded = expand_experiments(study.experiments, study.defaults)
        check_runs(study, expanded)
        targets = _targets(study)
        check_targets(study, [target.name for target in targets])
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    plan = Plan(study, targets, expanded, [str(file) for file in files])
    _check_files(plan, where)
    return plan


def _targets(study: Study) -> list[Target]:
    """Read the samples table, or list what the simulator will write."""
    if study.samples is not None:
        return read_samples(study.samples)
    cells = list(read_grammar(study.simulation.grammar).cell_types)
    files = simulated_files(f"results/{study.study}/simulation", cells)["targets"]
    return [
        Target(cell, files[cell]["track"], files[cell]["replicate2"], files[cell]["peaks"])
        for cell in cells
    ]


def _check_files(plan: Plan, where: str) -> None:
    """Refuse local inputs that do not exist, and what needs peaks where no target has any."""
    study = plan.study
    if not any(target.peaks for target in plan.targets):
        if study.windows.peaks:
            raise InputError(
                f"{where}: windows.peaks is on, but no target has peaks; switch it off"
            )
        for run in plan.needed:
            if builder(study.models[run.model].builder).head == "peaks":
                raise InputError(
                    f"{where}: the model entry {run.model!r} learns where peaks are, but no target "
                    f"has peaks; name them in {study.samples} or leave its runs out"
                )
        for name in plan.expanded:
            if plan.analysis(name).needs_peaks:
                raise InputError(
                    f"{where}: experiments.{name} scores windows with a peak, but no target has "
                    f"peaks; name them in {study.samples} or set `enabled: false`"
                )
    _check_shown_targets(plan, where)
    for origin, source in (plan.sources() | plan.variant_sources()).items():
        try:
            if is_local(source):
                require_file(source, "correct the path")
        except InputError as error:
            raise InputError(f"{where}: {origin}: {error}") from None


def _check_shown_targets(plan: Plan, where: str) -> None:
    """Refuse to explain binary models on targets without peaks, which they have not learned."""
    without = {target.name for target in plan.targets if not target.peaks}
    missing = [name for name in plan.shown_targets if name in without]
    for name, expansion in plan.expanded.items():
        if not missing or plan.analysis(name).stage != "interpret":
            continue
        for run in expansion.runs:
            if builder(plan.study.models[run.model].builder).head == "peaks":
                raise InputError(
                    f"{where}: experiments.{name} explains {run.model!r}, which learns where peaks "
                    f"are, on {missing[0]!r}, which has none; choose targets with peaks in "
                    "interpret.targets or leave the run out"
                )
