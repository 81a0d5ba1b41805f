"""Which runs repeat the paper's published BPNet runs on its data (light: read at parse time)."""

import re
from collections.abc import Iterable

from epibench.config.schema import LossSettings, ModelEntry, Study
from epibench.data.settings import SplitSettings, WindowSettings
from epibench.grid import Run
from epibench.models.registry import check_options
from epibench.recipe import RECIPES, Recipe

CELL_LINES = frozenset(
    {
        *("A549", "DND-41", "GM12878", "GM21381", "GM23338", "HCT116", "HG03575", "HepG2"),
        *("IMR-90", "K562", "MCF", "NCI-H929", "PC-3", "Panc1", "RWPE2"),
    }
)
"""Targets of the published table, by the names that it gives them."""

_CUT = ("length", "input_length", "peaks", "peak_anchor", "peak_merge_overlap")
_HUMAN = re.compile("hg38|grch38", re.IGNORECASE)


def repeats_of_published(study: Study, targets: Iterable[str], runs: Iterable[Run]) -> list[str]:
    """Name the runs that the numbers of `resources/published_bpnet.tsv` may stand beside.

    Other data, another test set or other training would make the comparison unfair, so a single
    difference leaves a run out. What is not looked at: precision, seed, files of the tracks.

    Parameters
    ----------
    study : Study
        The checked config.
    targets : iterable of str
        Names of the study's targets; all must be among `CELL_LINES`.
    runs : iterable of Run
        Candidates.

    Returns
    -------
    list of str
        Names of runs, none where the study is another.
    """
    if not (set(targets) <= CELL_LINES and _same_data(study)):
        return []
    return [
        run.name
        for run in runs
        if (run.windows, run.augmentation) == ("peaks", "rc+shift")
        and _same_training(study, study.models[run.model])
    ]


def _same_data(study: Study) -> bool:
    """Tell whether genome, splits and peak-centred windows are those of the paper."""
    windows = WindowSettings(peaks=True).model_dump(include=set(_CUT))
    splits = study.splits.model_dump(include={"test", "valid", "train"})
    return (
        study.genome is not None
        and _HUMAN.search(study.genome.fasta) is not None
        and splits == SplitSettings().model_dump(include=set(splits))
        and study.windows.model_dump(include=set(_CUT)) == windows
    )


def _same_training(study: Study, entry: ModelEntry) -> bool:
    """Tell whether a model entry is the paper's BPNet, trained as there."""
    plain = ModelEntry(builder="bpnet")
    kept = {"target_scale", "target_clip", "target_weights"}
    return (
        entry.builder == "bpnet"
        and check_options("bpnet", entry.options) == check_options("bpnet", {})
        and entry.model_dump(include=kept) == plain.model_dump(include=kept)
        and study.recipes[study.recipe_of(entry)] == Recipe(**RECIPES["basenji"])
        and study.losses == LossSettings()
    )
