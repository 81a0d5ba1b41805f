"""Analyses of training and of scores on the test chromosomes (light: read at parse time)."""

from epibench.experiments.analysis import Analysis

OF_SCORES = {
    "loss_by_bin_size": Analysis(
        module="epibench.experiments.loss_by_bin_size",
        stage="evaluate",
        topic="loss",
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
        "the resolution experiment shows. Hollow, where runs repeat the paper's BPNet on its data: "
        "the numbers that Toneyan et al. 2022 published with their code, unscaled, mean over the "
        "same targets, joined to the run by a dotted line.",
        published=True,
    ),
    "resolution": Analysis(
        module="epibench.experiments.resolution",
        stage="evaluate",
        topic="resolution",
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
    "smoothing": Analysis(
        module="epibench.experiments.smoothing",
        stage="evaluate",
        topic="resolution",
        reads="smoothing",
        paper="Extended Data Fig. 2",
        title="Smoothing",
        question="How much of a Pearson's r is owed to the smoothness of the coverage that it is "
        "taken over?",
        caption="Pearson's r on the whole test chromosome of Poisson runs trained at one bin size "
        "(row) after a box-car filter of the width given (column, at least the trained bin size) "
        "has been run over truth and prediction at base resolution; mean over targets and seeds. "
        "Predictions of wide bins are repeated to base resolution first. Compare within a column. "
        "Along a row the predictions stay the same: r that rises there is won by smoothing, not by "
        "a better model. The filter runs on into the next input where that follows on the "
        "chromosome, and not across gaps.",
    ),
    "training_set": Analysis(
        module="epibench.experiments.training_set",
        stage="evaluate",
        topic="training set",
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
    "test_set": Analysis(
        module="epibench.experiments.test_set",
        of_one_run=True,
        stage="evaluate",
        topic="test set",
        reads="thresholds",
        paper="Fig. 2e",
        title="Test set",
        question="How does the choice of test inputs, by their coverage, change the score of a "
        "model?",
        caption="Pearson's r within inputs of the test chromosomes whose maximum measured coverage "
        "of any target, at base resolution, exceeds the threshold; mean over inputs, then targets "
        "and seeds, at the run's own bin size. Bars: 95 % interval over loci (with several seeds "
        "the mean of theirs); lines are set a little apart. Dotted: the threshold of the windows "
        "that the model was trained on. Compare thresholds along a line: what rises there is the "
        "ease of the test set, since the model stays the same. Lines of different bin sizes must "
        "not be compared, because averaging into wider bins by itself changes r. Hollow and "
        "dashed: r of fewer than 8 bins an input, which is unreliable, and undefined for one bin. "
        "Points of fewer than 20 inputs are small.",
    ),
    "high_activity": Analysis(
        module="epibench.experiments.high_activity",
        stage="evaluate",
        topic="test set",
        reads="high_activity",
        also=("classification",),
        paper="Supp. Table 2",
        title="High activity",
        question="Does training on peaks predict their heights better, and what does it cost in "
        "finding them along the whole chromosome?",
        caption="First four panels: inputs of the test chromosomes whose mean coverage of the "
        "target is in its top decile, and inputs with a peak of it, at the run's own bin size: "
        "Pearson's r and mean squared error over all bins; slope and r of the highest predicted "
        "on the highest measured bin of each input (a slope of 1, dotted, has the right spread of "
        "heights). Last panel: how well the mean prediction of an input finds those with a peak "
        "among all inputs; dotted is a prediction without information (the share of inputs with a "
        "peak, and 0.5). All as predicted, not scaled; the table has the scaled scores too. Means "
        "over targets and seeds; bars are 95 % intervals over loci, dashes single seeds. Inputs "
        "are chosen by the truth, so a slope below 1 is partly regression to the mean, and r over "
        "a part of the range is lower than over all of it: compare colours, not regions. Rows of "
        "different bin sizes must not be compared.",
    ),
    "architectures": Analysis(
        module="epibench.experiments.architectures",
        stage="evaluate",
        topic="architectures",
        reads="metrics",
        paper="Supp. Table 3, Supp. Note 1",
        title="Architectures",
        question="Which architecture, activation and kind of output heads give the best "
        "predictions at a given bin size?",
        caption="Scores on the test chromosomes of runs trained at the bin size of the colour, all "
        "at the bin size that the row of panels names; mean over targets, errors as predicted. "
        "Bars are 95 % intervals over loci; with several seeds dashes are seeds, points their mean "
        "and bars the mean of their intervals. Settings stand in the order of the config, not of "
        "the scores. Compare within a panel: panels of two evaluated bin sizes must not be "
        "compared, because averaging into wider bins by itself changes every score. Overlapping "
        "intervals do not show that two settings are equal, since easy and hard loci are the same "
        "for both; with one seed a difference is between these runs, not between architectures.",
    ),
    "binary_vs_quantitative": Analysis(
        module="epibench.experiments.binary_vs_quantitative",
        stage="evaluate",
        topic="binary or quantitative",
        reads="classification",
        also=("metrics",),
        paper="Fig. 4b, Extended Data Fig. 3, Supp. Table 4",
        title="Binary and quantitative models",
        question="Do models that learn where peaks are find them better than models that learn "
        "coverage, and how well does each do at the other's task?",
        caption="Each point is a setting, by its number in the legend; orange circles are binary, "
        "blue squares quantitative, filled ones trained on peaks. Every model gives one value an "
        "input: the logit of a binary one, the mean predicted coverage of a quantitative one. "
        "Across: Pearson's r of that value with the mean measured coverage. Up: how well it tells "
        "inputs with a peak of the target from those without; dotted is a prediction without "
        "information (0.5, and the share of inputs with a peak). Means over targets; bars are "
        "95 % intervals over loci, small points seeds. Average precision depends on the share of "
        "peaks, so it must not be compared between the two test sets. This r is that of one value "
        "an input and not the r of a profile, which the table gives for quantitative models: a "
        "binary model predicts none. A logit has no unit of coverage, so that its r is lowered "
        "where logit and coverage are related but not in a straight line; Spearman's rho, in the "
        "table, is not.",
    ),
    "replicate_ceiling": Analysis(
        module="epibench.experiments.replicate_ceiling",
        stage="evaluate",
        topic="leaderboard",
        reads="metrics",
        references=True,
        paper="Supp. Table 5",
        title="Replicate ceiling",
        question="How close do predictions come to a second measurement of the same target?",
        caption="Pearson's r on the test chromosomes by target, at the finest bin size that all "
        "runs share and at the coarsest. Line and grey band: replicate 2, scored as if it were a "
        "prediction, with its 95 % interval over loci. Dotted: the square root of that r, which a "
        "prediction without noise can reach where both replicates are equally noisy. Points: runs "
        "with their intervals; with several seeds dashes are seeds and points their mean. Compare "
        "within a panel. A run beyond the line is no better measurement than replicate 2, because "
        "that has noise of its own and a prediction has none. The square root is an estimate: it "
        "is too high where replicates share artefacts, which are no signal, and wrong where one is "
        "much deeper than the other.",
    ),
    "augmentation": Analysis(
        module="epibench.experiments.augmentation",
        stage="evaluate",
        topic="augmentation and robustness",
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
    "robustness": Analysis(
        module="epibench.experiments.robustness",
        stage="evaluate",
        topic="augmentation and robustness",
        reads="variation",
        also=("metrics",),
        paper="",
        title="Robustness and accuracy",
        question="Are models whose predictions change less with the placement and strand of the "
        "input also more accurate?",
        caption="Across: how much predictions in test windows with a peak change, low is robust. "
        "Left, with the place of the input: standard deviation over randomly placed inputs, "
        "divided by the mean, on a grid of bins that is the same for all bin sizes. Right, with "
        "the strand: mean absolute difference between the prediction of the central input and of "
        "its reverse complement turned back, divided by the mean. Up: Pearson's r on the whole "
        "test chromosome and within its inputs, all runs at the bin size named. Points are means "
        "over seeds and targets. Spearman's rho is over points, with a 95 % interval (Fisher's z; "
        "neither under 8 points). Runs whose bins do not fit the grid have no score and are "
        "counted under the panels. "
        "The interval takes the points for independent draws, but the runs of a grid are chosen "
        "and share their architectures and settings: rho describes these runs and proves no cause. "
        "A prediction that is the same everywhere is robust without being any good. Binary models "
        "have no such scores: they predict no profile.",
    ),
    "tracks": Analysis(
        module="epibench.experiments.tracks",
        of_one_run=True,
        stage="evaluate",
        topic="leaderboard",
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
        topic="architectures",
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
    "leaderboard": Analysis(
        module="epibench.experiments.leaderboard",
        stage="evaluate",
        topic="leaderboard",
        reads="metrics",
        paper="Supp. Data 1, 3",
        title="Predictors side by side",
        question="How do all predictors compare, from baselines to a second measurement?",
        caption="Pearson's r and mean squared error on the whole test chromosome, all predictors "
        "at the bin size named: the finest at which all are evaluated, or else the coarsest. Means "
        "over targets; bars are 95 % intervals over loci. Dashed: replicate 2, where it has all "
        "targets. Errors are of predictions scaled by the validation chromosomes; the table has "
        "them as predicted and scaled by the test chromosomes too. Two predictors whose bars "
        "overlap may still differ, since the same loci are hard for both: only the paired "
        "comparisons tell. Each run is one training, and another seed would move it.",
        references=True,
    ),
}
