"""Count the windows of a study, and what was left out and why."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np

from epibench.data.plan_windows import Candidates, Place
from epibench.data.settings import WindowSettings, threshold_set
from epibench.errors import InputError
from epibench.words import SPLITS


def _by_split() -> dict[str, int]:
    return dict.fromkeys(SPLITS, 0)


class Counts:
    """Count windows by set and split, losses by reason, excluded positions by mask."""

    def __init__(self, settings: WindowSettings):
        self._settings = settings
        self._windows = {name: _by_split() for name in ("tiled", *settings.window_sets())}
        self._by_target: dict[str, dict[str, int | np.ndarray]] = {}
        self._left_out = {"tiled": defaultdict(_by_split), "peaks": defaultdict(_by_split)}
        self._masks: dict[str, dict[str, dict[str, int]]] = {}
        self._uncovered = _by_split()

    def add_windows(self, table: str, split: str, maximum: np.ndarray, labels: np.ndarray) -> None:
        """Count measured windows.

        `maximum` is float32 and `labels` int8, both (windows, targets). Of a threshold, the windows
        of a target are those in which its own maximum exceeds it; of `peaks`, those labelled 1.
        """
        if table == "peak_windows":
            if self._settings.peaks:
                self._add("peaks", split, len(labels), labels == 1)
            return
        self._windows["tiled"][split] += len(maximum)
        for threshold in self._settings.thresholds:
            above = maximum > threshold
            count = int(np.count_nonzero(above.any(axis=1)))
            self._add(threshold_set(threshold), split, count, above)

    def _add(self, name: str, split: str, count: int, of_target: np.ndarray) -> None:
        """Count windows of a set; `of_target` is bool (windows, targets)."""
        self._windows[name][split] += count
        before = self._by_target.setdefault(name, dict.fromkeys(SPLITS, 0))
        before[split] = before[split] + np.count_nonzero(of_target, axis=0)

    def add_chromosome(
        self, place: Place, candidates: Mapping[str, Candidates], uncovered: int
    ) -> None:
        """Count what a chromosome lost; `uncovered` are its masked positions without coverage."""
        for kind, windows in zip(("tiled", "peaks"), candidates.values(), strict=True):
            for reason, count in windows.left_out.items():
                self._left_out[kind][reason][place.split] += count
        for name, lost in place.describe_masks(self._settings).items():
            splits = self._masks.setdefault(name, {s: {} for s in SPLITS})
            for what, count in lost.items():
                splits[place.split][what] = splits[place.split].get(what, 0) + count
        self._uncovered[place.split] += uncovered

    def describe(self, unknown: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
        """Give the counts for the summary.

        Parameters
        ----------
        unknown : mapping
            Records on chromosomes that the FASTA file lacks, by file and chromosome.

        Raises
        ------
        InputError
            When a declared window set has no windows in a split.
        """
        for name, count in self._windows.items():
            for split in SPLITS:
                if not count[split]:
                    self._refuse(name, split, count, unknown)
        return {
            "windows": self._windows,
            "windows_by_target": {
                name: {split: count.tolist() for split, count in counts.items()}
                for name, counts in self._by_target.items()
            },
            "windows_left_out": {kind: dict(lost) for kind, lost in self._left_out.items()},
            "masks": self._masks,
            "masked_uncovered": self._uncovered,
        }

    def _refuse(
        self, name: str, split: str, count: dict[str, int], unknown: Mapping[str, Mapping[str, int]]
    ) -> None:
        listed = ", ".join(f"{s} {count[s]:,}" for s in SPLITS)
        lost = self._left_out["peaks" if name == "peaks" else "tiled"]
        reasons = [f"{reason}: {lost[reason][split]:,}" for reason in lost if lost[reason][split]]
        reasons += [
            f"{mask}: {splits[split]['positions']:,} bp"
            for mask, splits in self._masks.items()
            if splits[split].get("positions")
        ]
        reasons += [f"{file} has the chromosomes {', '.join(n)}" for file, n in unknown.items()]
        removed = f", removed are {'; '.join(reasons)}" if reasons else ""
        remedy = "check masks, peaks and coverage.uncovered"
        if name.startswith("threshold"):
            remedy = "lower the threshold"
        raise InputError(
            f"the window set {name} has no windows in the {split} split ({listed}{removed}); "
            f"{remedy}, or move chromosomes between the splits"
        )
