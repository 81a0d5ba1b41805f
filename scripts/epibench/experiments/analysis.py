"""What the workflow and the report need to know of an analysis (light: read at parse time)."""

from dataclasses import dataclass

TOPICS = (
    "data",
    "loss",
    "resolution",
    "training set",
    "test set",
    "augmentation and robustness",
    "architectures",
    "binary or quantitative",
    "variants",
    "motifs",
    "attribution",
    "grammar",
    "leaderboard",
)
"""What analyses are about, in the order of the report."""


@dataclass(frozen=True)
class Analysis:
    """Where an analysis lives, when it can run, and what its figure says.

    `module` has `table(rows)` and `figure(rows)`, where rows are those of `file` in the folder of
    each run, with the run's axes in front. `reads` is that file's name without suffix: a table of
    scores, or `run`, what training recorded. `stage` is the stage that makes it; `topic` is one of
    `TOPICS`, under which the report shows it; `paper` names the figures of Toneyan et al. 2022 that
    it repeats. An analysis that reads further tables of scores names them in `also`; its functions
    then take a dict from the name of each to its rows. With `references` the rows of all predictors
    that are no runs follow those of the runs. With `shown_targets` it gets the rows of
    `interpret.targets` only. With `of_one_run` its figure says something of a run alone too, and
    stands on the run's page. `published` says that the paper's own scores stand beside runs that
    repeat its experiment.
    """

    module: str
    stage: str
    topic: str
    reads: str
    paper: str
    title: str
    question: str
    caption: str
    also: tuple[str, ...] = ()
    references: bool = False
    shown_targets: bool = False
    of_one_run: bool = False
    published: bool = False

    @property
    def file(self) -> str:
        """Give the file of each run that the analysis reads."""
        return "run.json" if self.reads == "run" else f"{self.reads}.tsv"

    @property
    def of_variants(self) -> bool:
        """Tell whether it reads scores of measured variants."""
        return self.reads in ("variants", "variant_readout")

    @property
    def needs_peaks(self) -> bool:
        """Tell whether it reads scores of windows with a peak, which no binary model has."""
        return "variation" in (self.reads, *self.also)

    @property
    def files(self) -> list[str]:
        """Give all files of each run that the analysis reads."""
        return [self.file, *(f"{name}.tsv" for name in self.also)]
