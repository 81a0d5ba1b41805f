"""Claims about augmentation, robustness, binary models and effects of variants."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.stats import binomtest, t

from epibench.claims.evidence import Evidence, apart
from epibench.claims.judge import Contrast, UndecidableError, some

SETTING = ["model", "windows", "loss", "bin_size"]


def unaugmented_less_augmented(evidence: Evidence) -> list[Contrast]:
    """Give the variation score without augmentation less that with rc + shift."""
    contrasts = [
        _between_seeds(f"{_named(key)}: none less rc+shift", part["none"], part["rc+shift"])
        for key, part in _variation(evidence)
        if {"none", "rc+shift"} <= part.keys()
    ]
    return some(contrasts, "no setting was trained without augmentation and with rc+shift")


def gain_on_peaks_less_thresholds(evidence: Evidence) -> list[Contrast]:
    """Give what rc + shift takes off the variation score on peaks, less that on thresholds."""
    gains: dict[tuple, dict[str, Contrast]] = {}
    for (model, windows, *rest), part in _variation(evidence):
        if {"none", "rc+shift"} <= part.keys():
            gain = _between_seeds("", part["none"], part["rc+shift"])
            gains.setdefault((model, *rest), {})[windows] = gain
    contrasts = [
        apart(
            f"{_named(key)}: peaks less {windows}",
            found["peaks"][1:4],
            gain[1:4],
            gain.runs + found["peaks"].runs,
            min(gain.seeds, found["peaks"].seeds),
        )
        for key, found in gains.items()
        if "peaks" in found
        for windows, gain in found.items()
        if windows != "peaks"
    ]
    return some(contrasts, "augmentation was not tried on peaks and on a threshold")


def rc_over_rc_and_shift(evidence: Evidence) -> list[Contrast]:
    """Give, on thresholds, how much the variation score with rc alone exceeds that with both."""
    contrasts = []
    for key, part in _variation(evidence):
        if key[1] != "peaks" and {"rc", "rc+shift"} <= part.keys():
            both = float(np.mean(part["rc+shift"]))
            found = _between_seeds(f"{_named(key)}: rc over rc+shift", part["rc"], part["rc+shift"])
            ends = (found.effect / both, found.low / both, found.high / both)
            contrasts.append(Contrast(found.name, *ends, found.runs, found.seeds))
    return some(contrasts, "no threshold was trained with rc alone and with rc+shift")


def rho_of_robustness(evidence: Evidence) -> list[Contrast]:
    """Give Spearman's rho of robustness to shifts and accuracy over settings."""
    table = evidence.table("robustness")
    table = table[table["robustness"] == "variation_score_common"]
    return _rho(table, ["accuracy"], "variation score and {0}")


def binary_less_quantitative_on_peaks(evidence: Evidence) -> list[Contrast]:
    """Give AUROC on peak-centred inputs of the best binary less the best quantitative model."""
    return [_best_of(evidence, "peaks", "auroc", "binary", "quantitative")]


def quantitative_less_binary_on_all(evidence: Evidence) -> list[Contrast]:
    """Give AUROC and r on the whole chromosome of the best quantitative less the best binary."""
    return [
        _best_of(evidence, "tiled", score, "quantitative", "binary")
        for score in ("auroc", "pearson_r")
    ]


def _best_of(evidence: Evidence, inputs: str, score: str, first: str, second: str) -> Contrast:
    """Compare the best model of each kind, of those with the highest score."""
    table = evidence.table("binary_vs_quantitative")
    table = table[(table["inputs"] == inputs) & table[score].notna()]
    best = []
    for kind in (first, second):
        part = table[table["output"] == kind]
        if part.empty:
            raise UndecidableError(f"this study has no {kind} model in binary_vs_quantitative")
        best.append(part.loc[part[score].idxmax()])
    name = f"{score}: {best[0]['model']} less {best[1]['model']}"
    return apart(name, *(tuple(row[[score, f"{score}_low", f"{score}_high"]]) for row in best))


def rho_of_variants(evidence: Evidence) -> list[Contrast]:
    """Give Spearman's rho of r on the chromosome and r of variant effects over settings."""
    table = evidence.table("variant_effects")
    table = table[(table["element"] == "mean") & (table["score"] == "robust")]
    return _rho(table, ["score"], "r on the chromosome and r of {0} variant effects")


def share_better_by_robust(evidence: Evidence) -> list[Contrast]:
    """Give the share of settings whose robust scores predict effects better than standard ones."""
    wide = _variant_scores(evidence)
    gains = (wide["robust"] - wide["standard"]).dropna()
    gains = gains[gains != 0]
    if len(gains) < 2:
        raise UndecidableError("fewer than two settings have robust and standard scores")
    found = binomtest(int((gains > 0).sum()), len(gains)).proportion_ci(method="exact")
    share = float((gains > 0).mean())
    name = f"{(gains > 0).sum()} of {len(gains)} settings better"
    return [Contrast(name, share, found.low, found.high, len(gains), 1)]


def gain_without_shift_less_with(evidence: Evidence) -> list[Contrast]:
    """Give the mean gain by robust scores without shift augmentation less that with it."""
    wide = _variant_scores(evidence)
    gains = (wide["robust"] - wide["standard"]).dropna().reset_index(name="gain")
    # as_published shifts too.
    shift = gains["augmentation"].str.contains("shift|as_published")
    without, having = gains.loc[~shift, "gain"], gains.loc[shift, "gain"]
    if not len(without) or not len(having):
        raise UndecidableError("settings with and without shift are needed")
    found = _between_seeds("without less with shift, over settings", without, having)
    return [found._replace(seeds=1)]


def _variant_scores(evidence: Evidence) -> pd.DataFrame:
    """Give r of each setting by score, mean over elements and seeds."""
    table = evidence.table("variant_effects")
    table = table[(table["element"] == "mean") & (table["kind"] == "run")]
    index = [*SETTING, "augmentation"]
    wide = table.pivot_table(index=index, columns="score", values="pearson_r")
    if not {"robust", "standard"} <= set(wide.columns):
        raise UndecidableError("no run has robust and standard scores")
    return wide


def _variation(evidence: Evidence):
    """Give the variation scores of seeds by augmentation, for each setting."""
    rows = evidence.rows(evidence.runs("augmentation"), "variation.tsv")
    rows = rows[(rows["target"] == "mean") & rows["variation_score"].notna()]
    for key, part in rows.groupby(SETTING):
        yield key, {name: each["variation_score"] for name, each in part.groupby("augmentation")}


def _between_seeds(name: str, first: Iterable[float], second: Iterable[float]) -> Contrast:
    """Give the difference of two means with Welch's interval; none with fewer than two values."""
    a, b = np.asarray(list(first)), np.asarray(list(second))
    effect, seeds = float(a.mean() - b.mean()), min(len(a), len(b))
    if seeds < 2:
        return Contrast(name, effect, np.nan, np.nan, len(a) + len(b), seeds)
    parts = np.array([a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)])
    error = float(np.sqrt(parts.sum()))
    below = parts**2 / (np.array([len(a), len(b)]) - 1)
    degrees = parts.sum() ** 2 / below.sum() if error else np.inf
    half = float(t.ppf(0.975, degrees)) * error
    return Contrast(name, effect, effect - half, effect + half, len(a) + len(b), seeds)


def _rho(table: pd.DataFrame, by: list[str], name: str) -> list[Contrast]:
    """Give the correlations that an experiment has computed over its settings."""
    found = table.drop_duplicates([*by, "rho"])
    contrasts = [
        Contrast(name.format(row[by[0]]), row["rho"], row["rho_low"], row["rho_high"])._replace(
            runs=int(row["points"])
        )
        for row in found[found["rho"].notna()].to_dict("records")
    ]
    return some(contrasts, "a correlation needs at least 8 settings")


def _named(key: tuple) -> str:
    return ", ".join(str(part) for part in key)
