"""What claims are judged by: runs, their scores on shared draws, and tables of experiments."""

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from epibench.claims.judge import Contrast, UndecidableError
from epibench.evaluate.bootstrap import block_weights, standard_error
from epibench.evaluate.compare import compare_experiment, tested
from epibench.evaluate.evaluation import Evaluation
from epibench.experiments.compare import finest_shared

Run = Mapping[str, Any]
AXES = ("run", "model", "windows", "loss", "bin_size", "augmentation", "seed")


class Evidence:
    """Read what a study has found.

    Parameters
    ----------
    results : path
        The study's folder, with `runs/` and `experiments/`.
    settings : mapping
        `epibench.plan.Plan.claim_settings`: `runs` (axes, `run`, `builder` and `options` of each),
        `experiments` (`analysis` and names of `runs` of each), `replicates`, `seed`.
    """

    def __init__(self, results: str | Path, settings: Mapping[str, Any]):
        self.results, self.settings = Path(results), settings

    @cached_property
    def _by_name(self) -> dict[str, Run]:
        return {run["run"]: run for run in self.settings["runs"]}

    def runs(self, analysis: str) -> list[Run]:
        """Give the runs of all experiments of an analysis.

        Raises
        ------
        UndecidableError
            When the study has no such experiment.
        """
        names: dict[str, None] = {}
        for experiment in self._experiments(analysis).values():
            names |= dict.fromkeys(experiment["runs"])
        return [self._by_name[name] for name in names]

    def table(self, analysis: str) -> pd.DataFrame:
        """Give the table of all experiments of an analysis, each row once.

        Raises
        ------
        UndecidableError
            When the study has no such experiment.
        """
        parts = [
            pd.read_csv(self.results / "experiments" / name / "table.tsv", sep="\t")
            for name in self._experiments(analysis)
        ]
        return pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)

    def rows(self, runs: Iterable[Run], file: str) -> pd.DataFrame:
        """Give a table of several runs with their axes in front."""
        parts = []
        for run in runs:
            part = pd.read_csv(self.results / "runs" / run["run"] / file, sep="\t")
            parts.append(part.assign(**{axis: run[axis] for axis in AXES}))
        return pd.concat(parts, ignore_index=True)

    def evaluation(self, run: Run, bin_size: int) -> Evaluation:
        """Give the sums of a run at one bin size; at 0 no more than which sizes it has."""
        return Evaluation.load(self.results / "runs" / run["run"] / "sums.npz", bin_size)

    def differences(
        self, runs: Sequence[Run], reference: Mapping[str, Any], bin_size: int
    ) -> list[dict[str, Any]]:
        """Give r of each setting less that of the reference, on the same draws of blocks.

        Parameters
        ----------
        runs : sequence of dict
        reference : dict of axis to value
            See `epibench.evaluate.compare.compare_experiment`.
        bin_size : int
            Evaluated bin size, bp.

        Returns
        -------
        list of dict
            Rows of `compare_experiment`; a run without an r, as of constant predictions, has no
            difference, and so leaves the claim undecided.
        """
        plain = [{axis: run[axis] for axis in AXES} for run in runs]
        loaded = {run["run"]: self.evaluation(run, bin_size) for run in plain}
        table = compare_experiment(
            plain,
            loaded,
            reference,
            "pearson_r",
            bin_size,
            replicates=self.settings["replicates"],
            seed=self.settings["seed"],
        )
        return [] if table.empty else table.to_dict("records")

    def shared_bin_size(self, runs: Sequence[Run]) -> int:
        """Give the finest bin size that all runs can be evaluated at."""
        return finest_shared([self.evaluation(run, 0) for run in runs])

    def between_bin_sizes(self, run: Run, fine: int, coarse: int) -> Contrast:
        """Give r at the coarser less r at the finer of two evaluated bin sizes of one run."""
        drawn, value = [], []
        for size in (coarse, fine):
            found = self.evaluation(run, size)
            weights = block_weights(
                found.blocks, replicates=self.settings["replicates"], seed=self.settings["seed"]
            )
            value.append(np.nanmean(found.score("pearson_r", size, "raw")))
            drawn.append(np.nanmean(found.score("pearson_r", size, "raw", weights), axis=1))
        effect = float(value[0] - value[1])
        low, high = interval_of(effect, drawn[0] - drawn[1], found.blocks)
        return Contrast(f"{run['run']}: {coarse} less {fine} bp", effect, low, high, 1, 1)

    def _experiments(self, analysis: str) -> dict[str, Any]:
        found = {
            name: each
            for name, each in self.settings["experiments"].items()
            if each["analysis"] == analysis
        }
        if not found:
            raise UndecidableError(f"this study has no experiment {analysis}")
        return found


def interval_of(effect: float, drawn: np.ndarray, blocks: int) -> tuple[float, float]:
    """Give the 95 % interval of an effect by the spread of its draws; NaN under 20 blocks."""
    found = tested(effect, float(standard_error(drawn, blocks)), blocks - 1)
    return found.low, found.high


def mark(run: Mapping[str, Any]) -> str:
    """Name a setting by its axes but for loss and seed."""
    return f"{run['model']}, {run['windows']}, {run['bin_size']} bp, {run['augmentation']}"


def apart(
    name: str,
    first: tuple[float, float, float],
    second: tuple[float, float, float],
    runs: int = 2,
    seeds: int = 1,
) -> Contrast:
    """Give the difference of two values (value, low, high) as if they were independent.

    Values on the same loci mostly vary together, so that the interval is too wide and not too
    narrow.
    """
    (a, a_low, a_high), (b, b_low, b_high) = first, second
    down = float(np.hypot(a - a_low, b_high - b))
    up = float(np.hypot(a_high - a, b - b_low))
    return Contrast(name, a - b, a - b - down, a - b + up, runs, seeds)
