"""Names that config keys, wildcards, columns and file names share (light: read at parse time)."""

from collections.abc import Mapping
from dataclasses import dataclass

LONGEST_NAME = 100
"""Characters of the longest name that becomes part of a path: a file's has 255 bytes at most."""

BASES = "ACGT"
"""Base order of one-hot channels and of the base codes 0-3; code 4 stands for N."""


HEADS = {"coverage": (), "profile_counts": ("logits", "log_counts"), "peaks": ("logits",)}
"""What a model predicts: coverage of every bin; its shape over the input and its sum, whose product
is the coverage; or whether a peak overlaps the input (binary models). With the layers that training
compares with the truth, where that is not the output."""


@dataclass(frozen=True)
class Loss:
    """What config checks and figures need to know of a loss.

    `label` is its name in figures; `needs_positive` says that it is undefined for predictions at or
    below zero, so a model with a linear output cannot train with it; `needs_counts` that measured
    values below zero have no meaning for it; `needs_bins` is the smallest number of bins for which
    it says anything; `head` is what a model that trains with it predicts.
    """

    label: str
    needs_positive: bool = False
    needs_counts: bool = False
    needs_bins: int = 1
    head: str = "coverage"


LOSSES = {
    "poisson": Loss("Poisson", needs_positive=True, needs_counts=True),
    "mse": Loss("MSE"),
    "pearsonr": Loss("Pearson's r"),
    "multinomial_mse": Loss("multinomial + MSE", needs_counts=True, needs_bins=2),
    "pearsonr_mse": Loss("Pearson's r + MSE"),
    "multinomial": Loss("multinomial", needs_counts=True, needs_bins=2),
    "multinomial_counts": Loss(
        "multinomial + counts", needs_counts=True, needs_bins=2, head="profile_counts"
    ),
    "binary_crossentropy": Loss("cross-entropy", head="peaks"),
}

AUGMENTATIONS = (
    "none",
    "rc",
    "shift",
    "rc+shift",
    "evoaug",
    "rc+shift+evoaug",
    "as_published",
)

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")

SPLITS = ("train", "valid", "test")

# The axes of a grid, with the pattern that their values match in a run's path. The config's types
# and the workflow's wildcard constraints are both made from this table.
AXES = {
    "model": r"[A-Za-z][A-Za-z0-9_]*",
    "windows": r"threshold(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?|peaks",
    "loss": "|".join(LOSSES),
    "bin_size": r"[1-9][0-9]*",
    "augmentation": "|".join(name.replace("+", r"\+") for name in AUGMENTATIONS),
    "seed": r"0|[1-9][0-9]*",
}

EVALUATED = {
    "metrics": "metrics.tsv",
    "peak_metrics": "peak_metrics.tsv",
    "smoothing": "smoothing.tsv",
    "thresholds": "thresholds.tsv",
    "classification": "classification.tsv",
    "high_activity": "high_activity.tsv",
    "strata": "strata.tsv",
    "sums": "sums.npz",
}
"""What the evaluation of a predictor writes into its folder."""

REFERENCES = {
    "truth": ("truth", "noise-free coverage", "what the simulator planted, before noise"),
    "replicate2": ("ceiling", "replicate 2", "a second measurement, scored like a prediction"),
    "ridge": ("baseline", "5-mer ridge", "linear regression on 5-mer counts around each bin"),
    "ridge_log1p": (
        "baseline",
        "5-mer ridge on log1p",
        "linear regression on 5-mer counts, fitted to ln(1 + coverage)",
    ),
    "gc": ("baseline", "GC content", "linear regression on the shares of G and C and of CpG"),
    "other_targets": (
        "baseline",
        "other targets",
        "the mean measured coverage of all other targets, scaled to this one",
    ),
    "mean_coverage": ("baseline", "mean coverage", "the training mean everywhere: no r"),
}
"""Kind, label and explanation of each predictor of a study that is neither a run nor given from
outside."""


def describe_reference(name: str, labels: Mapping[str, str]) -> tuple[str, str, str]:
    """Give kind, label and explanation of a predictor that is no run.

    `labels` has those of predictions from outside, by name.
    """
    outside = ("outside", labels.get(name) or name, "a prediction given from outside")
    return REFERENCES.get(name, outside)
