"""The analyses that an experiment of the study can name (light: read at parse time)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Analysis:
    """Where an analysis lives, when it can run, and what its figure says.

    `module` has `table(metrics)` and `figure(table)`; `stage` is the stage whose outputs it reads;
    `paper` names the figures of Toneyan et al. 2022 that it repeats.
    """

    module: str
    stage: str
    paper: str
    title: str
    question: str
    caption: str


ANALYSES = {
    "loss_by_bin_size": Analysis(
        module="epibench.experiments.loss_by_bin_size",
        stage="evaluate",
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
        paper="Fig. 2c, Extended Data Fig. 1b",
        title="Resolution",
        question="Does training at a finer bin size help or hurt once all models are evaluated at "
        "the same bin size?",
        caption="Pearson's r on the whole test chromosome of Poisson runs trained at one bin size "
        "(row) and evaluated, with truth and predictions averaged, at the same and at wider ones "
        "(column); mean over targets and seeds. Compare within a column. Along a row the "
        "predictions stay the same, so what changes there is the effect of averaging alone.",
    ),
}
