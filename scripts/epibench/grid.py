"""Expand the grids of a study's experiments into runs."""

from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import NamedTuple

from epibench.config.grids import Axes, Exclusion, Experiment, Grid
from epibench.config.schema import Defaults
from epibench.errors import InputError
from epibench.words import AXES

MOST_RUNS = 10_000
"""Runs of all experiments of a study, each experiment's counted, before exclusions: Snakemake plans
a dozen jobs for each of them."""


class Run(NamedTuple):
    """One trained model: a point of the grid."""

    model: str
    windows: str
    loss: str
    bin_size: int
    augmentation: str
    seed: int

    @property
    def name(self) -> str:
        """Give the run's path below `runs/`, which is also its name in tables."""
        return (
            f"{self.model}/{self.windows}/{self.loss}/bin{self.bin_size}/"
            f"{self.augmentation}/seed{self.seed}"
        )


@dataclass(frozen=True)
class Expansion:
    """The runs of one experiment, and what its exclusions left out.

    `left_out` has one sentence an exclusion, for the experiment's page.
    """

    runs: list[Run]
    left_out: list[str] = field(default_factory=list)


def expand(grid: Grid, defaults: Defaults) -> Expansion:
    """Give the runs of a grid: its product and its blocks, less its exclusions.

    The order is that of the axes in the config, each run once.

    Parameters
    ----------
    grid : Grid
        Axes with their values, further blocks, exclusions.
    defaults : Defaults
        Value of each axis that the grid or a block does not name. A block does not inherit the
        grid's axes: it stands for itself.

    Raises
    ------
    InputError
        When a value stands twice in an axis, or an exclusion matches no run.
    """
    blocks = [("", grid)]
    blocks += [(f".include[{i}]", block) for i, block in enumerate(grid.include) if block.enabled]
    everything = {run: None for where, block in blocks for run in _product(block, defaults, where)}
    runs = list(everything)
    left_out = []
    for i, exclusion in enumerate(grid.exclude):
        hits = {run for run in everything if _matches(run, exclusion)}
        if not hits:
            raise InputError(f"exclude[{i}] matches no run of the grid; correct or remove it")
        runs = [run for run in runs if run not in hits]
        left_out.append(f"{_described(exclusion)}: {exclusion.reason}")
    return Expansion(runs, left_out)


def expand_experiments(
    experiments: dict[str, Experiment], defaults: Defaults
) -> dict[str, Expansion]:
    """Expand every enabled experiment; an error names the experiment's key."""
    expanded = {}
    left = MOST_RUNS
    for name, experiment in experiments.items():
        if not experiment.enabled:
            continue
        grid = experiment.grid
        runs = sum(_count(block) for block in (grid, *grid.include))
        if runs > left:
            raise InputError(
                f"experiments.{name}.grid: its {runs:,} runs are too many for one study, which may "
                f"have {MOST_RUNS:,} in all its experiments; give the axes fewer values"
            )
        left -= runs
        try:
            expanded[name] = expand(experiment.grid, defaults)
        except InputError as error:
            raise InputError(f"experiments.{name}.grid: {error}") from None
        if not expanded[name].runs:
            raise InputError(
                f"experiments.{name}.grid: the exclusions leave no run; narrow them or set "
                "`enabled: false`"
            )
    return expanded


def experiments_of(expanded: dict[str, Expansion]) -> dict[Run, list[str]]:
    """Say for each run of the study which experiments need it; a shared run stands once."""
    needed: dict[Run, list[str]] = {}
    for name, expansion in expanded.items():
        for run in expansion.runs:
            needed.setdefault(run, []).append(name)
    return needed


def _count(axes: Axes) -> int:
    """Count the runs of a product without making them."""
    return prod(len(getattr(axes, axis) or [None]) for axis in AXES)


def _product(axes: Axes, defaults: Defaults, where: str) -> list[Run]:
    values = []
    for axis in AXES:
        chosen = getattr(axes, axis)
        if chosen is None:
            chosen = [getattr(defaults, axis)]
        twice = sorted({str(value) for value in chosen if chosen.count(value) > 1})
        if twice:
            raise InputError(f"{where}.{axis} names {', '.join(twice)} twice; keep one".lstrip("."))
        if not chosen:
            raise InputError(f"{where}.{axis} is an empty list; name a value".lstrip("."))
        values.append(chosen)
    return [Run(*point) for point in product(*values)]


def _matches(run: Run, exclusion: Exclusion) -> bool:
    named = {axis: getattr(exclusion, axis) for axis in AXES}
    return all(getattr(run, axis) in values for axis, values in named.items() if values is not None)


def _described(exclusion: Exclusion) -> str:
    named = {axis: getattr(exclusion, axis) for axis in AXES}
    return ", ".join(
        f"{axis} {' / '.join(map(str, values))}"
        for axis, values in named.items()
        if values is not None
    )
