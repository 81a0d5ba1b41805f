"""The analyses that an experiment of the study can name (light: read at parse time)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Analysis:
    """Where an analysis lives, when it can run, and what its figure says.

    `module` has `table(rows)` and `figure(rows)`, where rows are those of `file` in the folder of
    each run, with the run's axes in front. `reads` is that file's name without suffix: a table of
    scores, or `run`, what training recorded. `stage` is the stage that makes it; `paper` names the
    figures of Toneyan et al. 2022 that it repeats.
    """

    module: str
    stage: str
    reads: str
    paper: str
    title: str
    question: str
    caption: str

    @property
    def file(self) -> str:
        """Give the file of each run that the analysis reads."""
        return "run.json" if self.reads == "run" else f"{self.reads}.tsv"


ANALYSES = {
    "loss_by_bin_size": Analysis(
        module="epibench.experiments.loss_by_bin_size",
        stage="evaluate",
        reads="metrics",
        paper="Fig. 2b, Extended Data Fig. 1a",
        title="Loss function and bin size",
        question="Which loss function gives the best predictions, and does the answer depend on "
        "the bin size that a model is trained on?",
        caption="Pearson's r and mean squared error of each run on the whole test chromosome, at "
        "the run's own bin size (number beside the point, bp), averaged over targets. Left: "
        "predictions scaled to the mean of the truth; right: as predicted. Lines join the bin "
        "sizes of one loss to guide the eye; with several seeds each is a point, and number and "
        "line are at their mean. Only losses at the same bin size can be compared here: "
        "averaging into wider bins by itself changes r, mostly upwards, and lowers the error, as "
        "the resolution experiment shows.",
    ),
    "resolution": Analysis(
        module="epibench.experiments.resolution",
        stage="evaluate",
        reads="metrics",
        paper="Fig. 2c, Extended Data Fig. 1b",
        title="Resolution",
        question="Does training at a finer bin size help or hurt once all models are evaluated at "
        "the same bin size?",
        caption="Pearson's r on the whole test chromosome of Poisson runs trained at one bin size "
        "(row) and evaluated, with truth and predictions averaged, at the same and at wider ones "
        "(column); mean over targets and seeds. Compare within a column. Along a row the "
        "predictions stay the same, so what changes there is the effect of averaging alone.",
    ),
    "training_set": Analysis(
        module="epibench.experiments.training_set",
        stage="evaluate",
        reads="metrics",
        paper="Fig. 2d",
        title="Training set",
        question="Which windows should a model train on: all above a coverage threshold, and which "
        "threshold, or those centred on peaks?",
        caption="Pearson's r on the whole test chromosome by the bin size that a model was trained "
        "at, averaged over targets; a line a training set, through the mean over seeds where there "
        "are several. At the run's own bin size, as in the paper, compare lines at one bin size, "
        "not points along a line: averaging into wider bins by itself changes r. Where a second "
        'panel says "all at", truth and predictions of all runs are averaged to the coarsest bin '
        "size that all were evaluated at, and points along a line can be compared too. Training "
        "sets differ in size as well as in what they hold.",
    ),
    "augmentation": Analysis(
        module="epibench.experiments.augmentation",
        stage="evaluate",
        reads="variation",
        paper="Fig. 3b",
        title="Augmentation and robustness",
        question="Does augmentation make predictions more robust to shifts of the input, and are "
        "robust models also better?",
        caption="Test windows with a peak of the target. Across: variation score, the standard "
        "deviation of the prediction at a position over randomly placed inputs that cover it, "
        "divided by the mean prediction; low is robust. Up: Pearson's r within the central input "
        "of the same windows. Both are means over windows, then targets. With several seeds, small "
        "points are runs and large ones their mean. A low score alone is no merit: a prediction "
        "that is the same everywhere scores 0. Bin sizes have panels of their own because bins "
        "that move with the input vary by themselves.",
    ),
    "tracks": Analysis(
        module="epibench.experiments.tracks",
        stage="evaluate",
        reads="loci",
        paper="Fig. 2a",
        title="Measured and predicted tracks",
        question="What do predictions look like beside measured coverage?",
        caption="Measured coverage (grey) and the prediction of each run (line) at loci of the "
        "test chromosomes, in unscaled units at the run's own bin size; bins finer than a panel "
        "shows are averaged in the picture. Loci that the config does not name are chosen by the "
        "measured coverage alone: those whose mean over targets (each divided by its mean) is the "
        "highest, at the 90th percentile and at the median of all loci. A few loci illustrate and "
        "prove nothing; the scores of the whole test chromosomes do. Panels of one target and "
        "locus share their scale, which a run whose maximum exceeds three times the highest "
        "measured value does not set: it is cut off, and its maximum is written; values below 0 "
        "are not shown. The table's r is taken over the bins of one locus; "
        "r at different bin sizes is not comparable. Complete tracks for a genome browser: "
        "tracks/ in the folder of each run, and measured/ in that of the study.",
    ),
    "hyperparameters": Analysis(
        module="epibench.experiments.hyperparameters",
        stage="train",
        reads="run",
        paper="Supp. Fig. 1",
        title="Hyperparameters",
        question="Which options of a model give the lowest validation loss?",
        caption="A line a run, from the settings that differ between the model entries of a panel "
        "to the run's lowest validation loss (right, darker is lower); the entry with the lowest "
        "is marked, with several seeds by their mean. Values of a setting stand at equal "
        "distances, and lines that share one are spread around it. Validation losses can be "
        "compared only within a panel: runs of the same loss function, bin size, window set and "
        "target scaling. The lowest of many is a little too low, by the luck of seed and "
        "validation set; no test score was looked at.",
    ),
}
