"""Analyses of variant effects (light: read at parse time)."""

from epibench.experiments.analysis import Analysis

OF_VARIANTS = {
    "variant_effects": Analysis(
        module="epibench.experiments.variant_effects",
        stage="evaluate",
        topic="variants",
        reads="variants",
        also=("metrics",),
        paper="Fig. 5b, c",
        title="Variant effects",
        question="How well do models predict measured effects of variants, does the score on the "
        "whole chromosome foretell it, and do robust scores help?",
        caption="Pearson's r of predicted and measured effects within each element, mean over "
        "elements. Top left: against r on the whole test chromosome; a point a setting (mean over "
        "seeds), bars are 95 % intervals, up over blocks of positions of these elements, across "
        "over loci. Spearman's rho is over settings, with a 95 % interval (neither under 8). "
        "Bars below, and distributions where there are two settings of each kind: r of robust "
        "scores (mean over shifted inputs) less that of standard ones (one input); dashes are "
        "seeds. as_published counts as with shift. Binary models are scored by their logits and "
        "have no r of the chromosome. Elements on training chromosomes, see split in the table, "
        "are not held out. A reporter assay is episomal and often in other cell types than the "
        "targets, so an r of 1 is not to be expected. Elements are few, and the intervals are not "
        "over elements that could have been chosen. The runs of a grid are chosen and share "
        "architectures: rho describes these runs, and its interval is too short for others. The "
        "table also has single elements, other scores, and ensembles over seeds with their spread.",
    ),
    "variant_map": Analysis(
        module="epibench.experiments.variant_map",
        of_one_run=True,
        stage="evaluate",
        topic="variants",
        reads="variants",
        also=("variant_profile",),
        paper="Fig. 5a",
        title="Variants of one element",
        question="Which positions of a regulatory element matter, and do models find them?",
        caption="Effect of every single-base change of one element, measured (log2 fold change) "
        "and predicted (robust score, mean over seeds); positions are 0-based. A dot is the "
        "reference base, grey was not measured, the row - has deletions. Each strip has a scale of "
        "its own, written above it (99th percentile of the sizes), because units differ: compare "
        "patterns, not colours, between strips. Shown are the six settings with the highest r in "
        "this element at most, with the 95 % interval over blocks of positions; the best of many "
        "are a little flattered. Below: mean predicted coverage, over targets and shifts, with "
        "either allele of the variant with the largest measured effect; dotted is its place. "
        "Binary models predict no profile. One element illustrates and proves nothing; the mean "
        "over elements is in variant_effects. On a training chromosome the element is not held "
        "out, and a reporter assay is episomal and may be in another cell type.",
    ),
    "variant_robustness": Analysis(
        module="epibench.experiments.variant_robustness",
        stage="evaluate",
        topic="variants",
        reads="variants",
        also=("variation",),
        paper="Fig. 5c",
        title="Robustness and variant effects",
        question="Do models that change less with the place of the input predict effects of "
        "variants better, and do robust scores help most those trained without shift?",
        caption="Top: across, the standard deviation of predictions over randomly placed inputs "
        "divided by the mean, in test windows with a peak, on a grid of bins that is the same for "
        "all (low is robust); up, Pearson's r of predicted and measured effects, mean over "
        "elements, of robust scores (mean over shifted inputs) and standard ones (one input). "
        "Points are settings, means over seeds; bars are 95 % intervals over blocks of positions; "
        "Spearman's rho has a 95 % interval (neither under 8 points). Bottom: r of robust scores "
        "less that of standard ones, by augmentation; lines are means, and the title gives the "
        "difference of the means without and with shift with its 95 % interval (Welch; from 3 "
        "settings of each kind on). as_published counts as with shift, but draws its shifts once "
        "for the whole training. Both intervals take settings for independent, but the runs of a "
        "grid are chosen and share architectures. Elements are few, may lie on training "
        "chromosomes, and a reporter assay is episomal, often in other cell types: a difference "
        "here need not hold for variants in the genome.",
    ),
    "variant_readout": Analysis(
        module="epibench.experiments.variant_readout",
        of_one_run=True,
        stage="evaluate",
        topic="variants",
        reads="variant_readout",
        paper="",
        title="Read-out of variant scores",
        question="How much better do effects of variants come out when targets are weighted by "
        "measurements, and how much of a zero-shot score is lost in the mean over targets?",
        caption="Pearson's r of predicted and measured effects, all three on the same variants. "
        "Grey, zero-shot: the robust score of all targets together, which has seen no effect of a "
        "variant. Coloured, learned: a LASSO on the robust scores of the single targets, fitted to "
        "measured effects, either of the other positions of the same element (five stretches, each "
        "predicted from the others) or of the other elements; the penalty is chosen inside of what "
        "is learned from. Bars are 95 % intervals over blocks of positions, means over seeds. "
        "Learned scores are of measurements as well as of the model, so they must not be compared "
        "with zero-shot scores of another model; neighbouring stretches of an element are alike, "
        "so that even those over other positions may be too high for another element.",
    ),
}
