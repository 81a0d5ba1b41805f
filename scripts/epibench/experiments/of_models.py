"""Analyses that look into the models (light: read at parse time)."""

from epibench.experiments.analysis import Analysis

OF_MODELS = {
    "motifs": Analysis(
        module="epibench.experiments.motifs",
        stage="interpret",
        topic="motifs",
        reads="filters",
        also=("metrics",),
        paper="Supp. Table 4, Supp. Note 2",
        title="First-layer filters and known motifs",
        question="Do the first-layer filters of a model resemble known motifs, does the activation "
        "decide it, and are models whose filters do so more accurate?",
        caption="Each filter is the aligned sub-sequences that activate it above half of its "
        "maximum, compared (TOMTOM) with the motifs of JASPAR after ends with little information "
        "are cut off. A filter matches if a motif has a q-value below the threshold that the axis "
        "names (Benjamini & Hochberg over the motifs, filter by filter). Hit ratio: filters with a "
        "match divided by all filters, those that never respond included. Top: hit ratio against "
        "Pearson's r on the whole test chromosome; a point a setting (mean over seeds), bars are "
        "95 % intervals over loci, colour is the activation of the first layer. Spearman's rho is "
        "over settings, with a 95 % interval (neither under 8). Below: settings by model, the "
        "highest hit ratio on top, and the mean of the lowest q-values of the filters with a match "
        "(low is a closer match, but of other filters in each run; the table has their number). "
        "Grey ticks: hit ratio of the same filters with their columns in a random order, which is "
        "what chance gives; a hit ratio near its tick says nothing. Binary models predict no "
        "profile and stand below only (open). A match is a resemblance: it does not show that a "
        "model uses the motif, and deeper layers may assemble motifs of partial ones. The runs of "
        "a grid are chosen and share architectures: rho describes these runs and proves no cause.",
    ),
    "attribution": Analysis(
        module="epibench.experiments.attribution",
        of_one_run=True,
        stage="interpret",
        topic="attribution",
        reads="attribution",
        also=("attribution_checks",),
        paper="Supp. Note 3",
        title="Attribution to bases",
        question="Which bases of a sequence do predictions rest on, and do the methods agree?",
        caption="Letters are as high as the score of the base that is there, at the 80 bp of each "
        "input on which the runs and methods together put the largest scores; every panel has a "
        "scale of its own, in the unit of the prediction (mean coverage over the input, or a "
        "logit). Gradient x input is the paper's; corrected: after subtracting the mean gradient "
        "over the four bases, which is off the simplex of sequences; integrated gradients: along "
        "straight lines from dinucleotide-shuffled references; mutagenesis: prediction less the "
        "mean prediction with the three other bases. Right, a check value: the share of the "
        "gradient's norm that is off the simplex, how much of the difference to the references the "
        "attributions leave unexplained, or the largest error of mutagenesis by parts. Loci that "
        "the config does not name are the two sampled inputs with the highest measured coverage; a "
        "few loci illustrate and prove nothing. Attributions explain the model, right or wrong, "
        "and not the biology; gradients say what an infinitesimal change would do, which no "
        "mutation is. Tracks of all sampled inputs, for a genome browser, are in attribution/ in "
        "the folder of each run.",
    ),
    "embeddings": Analysis(
        module="epibench.experiments.embeddings",
        of_one_run=True,
        stage="interpret",
        topic="attribution",
        reads="embedding",
        paper="Supp. Note 3",
        title="Embeddings of test sequences",
        question="Do sequences that models see as alike have similar activity?",
        caption="UMAP of the penultimate layer, averaged over positions and standardised, of test "
        "windows of the set that the config names; a point a sequence, darker where the measured "
        "coverage of the target is higher. UMAP keeps neighbours together; distances between "
        "groups, their sizes and the axes say nothing, and every run has a layout of its own. The "
        "table has what can be compared: how much measured coverage varies among the ten nearest "
        "neighbours in the picture, relative to all sequences (1: the layout says nothing about "
        "it).",
    ),
    "gia_flanks": Analysis(
        module="epibench.experiments.gia_flanks",
        of_one_run=True,
        stage="interpret",
        topic="grammar",
        reads="flanks",
        shown_targets=True,
        paper="Fig. 6a, Extended Data Fig. 4",
        title="Flanks of motifs",
        question="How much do the bases beside a motif change what it does to predictions, and "
        "does a matrix foretell it?",
        caption="Global importance: mean difference of the prediction (mean coverage over the "
        "input, or the logit of a binary model) with and without a word in dinucleotide-shuffled "
        "test sequences. A point is a word of the motif with one combination of flanking (and "
        "free) bases, by rank; colour is its score by the motif's matrix. Dashed: the core alone, "
        "between the bases of the sequences. The best word is named in the corner; a black dot is "
        "a word that the config notes (without a name where it is the best). Scales differ "
        "between panels, and coverage and logits must not be compared. Intervals, over sequences "
        "and not seeds, are in the table. Random sequences lack the context of real ones, and "
        "what a model does with a motif need not be what a cell does.",
    ),
    "gia_distance": Analysis(
        module="epibench.experiments.gia_distance",
        of_one_run=True,
        stage="interpret",
        topic="grammar",
        reads="distances",
        shown_targets=True,
        paper="Fig. 6b, Extended Data Fig. 5",
        title="Distance between motifs",
        question="How far apart may two motifs stand to act together?",
        caption="Global importance of two motifs, each with the flanks that were best for the "
        "run, against the offset of the second (start less start of the first, which stays in the "
        "middle of the input; no overlap); band: 95 % interval over the shuffled test sequences, "
        "not over seeds. The table gives the distance at which the joint effect has fallen "
        "half-way, where it clearly does. The best of many places is a little flattered, and a "
        "slow drift of the curve has a half-way distance too, which depends on how far the places "
        "go. A level that does not fall to that of single motifs is no interaction: both add up "
        "at any distance. Scales differ between panels; coverage and logits must not be compared.",
    ),
    "gia_placement": Analysis(
        module="epibench.experiments.gia_placement",
        of_one_run=True,
        stage="interpret",
        topic="grammar",
        reads="positions",
        also=("copies",),
        shown_targets=True,
        paper="",
        title="Place and number of a motif",
        question="Does it matter where in the input a motif stands, and do copies add up?",
        caption="Global importance of the best word of each motif. Left: by its place in the "
        "input; a model without preference gives a level line, but for the ends, where less of "
        "the effect is inside. Right: by the number of copies side by side; dotted is the number "
        "times the effect of one. Above it copies help each other, below it they saturate. Copies "
        "at one spacing in random sequences do not show how sites of real elements add up. "
        "Intervals are in the files of the runs; scales differ between panels.",
    ),
    "gia_cooperativity": Analysis(
        module="epibench.experiments.gia_cooperativity",
        of_one_run=True,
        stage="interpret",
        topic="grammar",
        reads="cooperativity",
        shown_targets=True,
        paper="Fig. 6c, Extended Data Fig. 6",
        title="Cooperativity of motifs",
        question="Do two motifs together do more than the sum of what each does?",
        caption="Effects on each shuffled test sequence of the first motif, the second, both, and "
        "the sum of the single effects, at the offset where both together were best. Boxes: "
        "quartiles and median; whiskers reach to the farthest value within 1.5 times the box, "
        "others are not drawn. The table has the interaction, both less the sum in the same "
        "sequence, with its 95 % interval. Whether effects add up depends on the scale: in "
        "coverage, two effects that multiply are more than additive, in logits they may just add, "
        "so quantitative and binary models cannot be compared by it. The best of many offsets is "
        "a little flattered. Where the best place differs between seeds, a box pools their "
        "sequences and all places are named; the table has a row for each.",
    ),
    "occlusion": Analysis(
        module="epibench.experiments.occlusion",
        of_one_run=True,
        stage="interpret",
        topic="motifs",
        reads="occlusion",
        paper="Supp. Fig. 2",
        title="Occlusion of motifs",
        question="How much do natural sequences owe to the instances of a motif that they have?",
        caption="Mean over natural test sequences of the prediction of the unchanged sequence "
        "less that with all exact instances of the core, on either strand, replaced at once by "
        "random words (mean over replacements), by the number of instances; bars: 95 % interval "
        "over sequences. The effect is the model's and no measurement, and random words may make "
        "sites of other motifs. Scales differ between rows. Sequences with more instances differ "
        "from the others in more than this motif.",
    ),
    "known_grammar": Analysis(
        module="epibench.experiments.known_grammar",
        of_one_run=True,
        stage="interpret",
        topic="grammar",
        reads="grammar",
        also=("grammar_curves",),
        paper="",
        title="Known grammar",
        question="Does the model know the grammar that made its data, and which method of "
        "explanation can see it?",
        caption="The simulator's grammar is the truth (black). Top left: area under the "
        "precision-recall curve of absolute attributions for bases in the cores of sites with an "
        "effect, mean over targets; dotted is chance, the share of such bases. A perfect model "
        "does not reach 1, because weak sites matter little. Top right: motifs whose own JASPAR "
        "matrix is matched below the q-value of the config by a filter or a TF-MoDISco pattern "
        "(of the latter only motifs that matter in its target) (paler: by some seeds only), their "
        "share, and that of queries with shuffled columns. Then effects of a motif's words, "
        "averaged in twentieths in the order of the truth, with Spearman's rho; effects of pairs "
        "by distance, from far apart (0) to the best place (1), dotted where half of the truth's "
        "effect is left; half-way distances; and the effect of both motifs by the sum of single "
        "ones, each at its own best words and distance. Drawn are the first three motifs and "
        "pairs, same strand, each in the target in which the true effect varies most. Open "
        "markers and dashed lines are binary models, whose effects are of logits: their ratios "
        "have no truth to be held against. Curves and points are means over seeds; of many "
        "settings the first six are in colour. A simulated genome is simpler than a real one, so "
        "a method that works here may fail there.",
    ),
}
