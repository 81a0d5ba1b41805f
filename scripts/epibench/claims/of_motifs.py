"""Claims about what models have learned of motifs."""

import numpy as np
import pandas as pd
from scipy.stats import t

from epibench.claims.evidence import Evidence, apart
from epibench.claims.judge import Contrast, some

LEAST_LOGIT = 0.1
"""Joint effect of two motifs, in logits, under which a binary model does not see them."""

ENDS = ["effect", "low", "high"]
SETTINGS = ["model", "windows", "loss", "bin_size", "augmentation"]

FAR = 50
"""Distance, bp, beyond which a motif no longer stands beside the other."""


def exponential_less_relu(evidence: Evidence) -> list[Contrast]:
    """Give the hit ratio of filters with exponential activation less that with ReLU."""
    table = evidence.table("motifs")
    table = table.assign(family=[_family(evidence, model) for model in table["model"]])
    axes = ["family", "windows", "loss", "bin_size", "augmentation"]
    contrasts = []
    for key, part in table.groupby(axes):
        by_kind = dict(list(part.groupby("activation")))
        if {"exponential", "relu"} <= by_kind.keys():
            exponential, relu = by_kind["exponential"], by_kind["relu"]
            contrasts.append(_proportions(f"{key[0]}, {key[3]} bp", exponential, relu))
    return some(contrasts, "no two models differ in the first activation alone")


def _family(evidence: Evidence, model: str) -> str:
    """Name a model entry by all of its options but the first activation."""
    run = next(run for run in evidence.settings["runs"] if run["model"] == model)
    options = {key: value for key, value in run["options"].items() if key != "activation"}
    return f"{run['builder']} {options}" if options else run["builder"]


def _proportions(name: str, first: pd.DataFrame, second: pd.DataFrame) -> Contrast:
    """Give the difference of two shares of filters with its interval (Agresti and Caffo)."""
    parts = []
    for rows in (first, second):
        n = float(rows["filters"].sum())
        share = (float(rows["matched"].sum()) + 1) / (n + 2)
        parts.append((rows["matched"].sum() / n, share, share * (1 - share) / (n + 2)))
    effect, middle = parts[0][0] - parts[1][0], parts[0][1] - parts[1][1]
    half = 1.959964 * np.sqrt(parts[0][2] + parts[1][2])
    seeds = min(first["seed"].nunique(), second["seed"].nunique())
    return Contrast(name, effect, middle - half, middle + half, len(first) + len(second), seeds)


def rho_of_filters(evidence: Evidence) -> list[Contrast]:
    """Give Spearman's rho of the filters' hit ratio and r on the chromosome over settings."""
    table = evidence.table("motifs")
    found = table[table["rho"].notna()].drop_duplicates(["evaluated_bin_size", "rho"])
    contrasts = [
        Contrast(f"at {row.evaluated_bin_size:g} bp", row.rho, row.rho_low, row.rho_high)._replace(
            runs=int(row.points)
        )
        for row in found.itertuples()
    ]
    return some(contrasts, "a correlation needs at least 8 settings")


def best_flank_over_core(evidence: Evidence) -> list[Contrast]:
    """Give the effect of AP-1 with its best flanks over that with random ones, by run.

    The interval is that of a ratio of two independent values, on the scale of its logarithm.
    """
    shown = evidence.table("gia_flanks")["target"].unique()
    rows = evidence.rows(evidence.runs("gia_flanks"), "flanks.tsv")
    rows = rows[(rows["motif"] == "AP-1") & rows["target"].isin(shown)]
    contrasts = []
    for (model, _, target), part in rows.groupby(["model", "run", "target"]):
        core = part[part["kind"] == "core"].iloc[0]
        flanks = part[part["kind"] == "flank"]
        best = flanks.loc[flanks["effect"].idxmax()]
        if core["effect"] > 0 and min(core["low"], best["low"]) > 0:
            logs = [tuple(np.log(row[ENDS].astype(float))) for row in (best, core)]
            found = apart(f"{model}, {target}", *logs, runs=1)
            ends = np.exp([found.effect, found.low, found.high])
            contrasts.append(Contrast(found.name, *map(float, ends), 1, 1))
    return some(
        contrasts,
        "no model is sure to answer to the core of AP-1, or it is not in interpret.motifs",
    )


def half_way_of_ap1(evidence: Evidence) -> list[Contrast]:
    """Give the mean distance at which half of what nearness adds to two AP-1 is lost."""
    table = evidence.table("gia_distance")
    table = table[(table["first"] == "AP-1") & (table["second"] == "AP-1")]
    contrasts = []
    for (model, *_), part in table.groupby(SETTINGS):
        limits = part[["limit_upstream", "limit_downstream"]].to_numpy(np.float64).ravel()
        limits = limits[np.isfinite(limits)]
        if len(limits) > 1:
            half = t.ppf(0.975, len(limits) - 1) * limits.std(ddof=1) / np.sqrt(len(limits))
            mean, seeds = float(limits.mean()), int(part["seeds"].min())
            contrasts.append(
                Contrast(f"{model}, {len(limits)} sides", mean, mean - half, mean + half, 1, seeds)
            )
    return some(contrasts, "no model loses effect with the distance of two AP-1")


def ataaa_behind_less_before(evidence: Evidence) -> list[Contrast]:
    """Give the best effect of ATAAA behind AP-1 less its best before it, within 50 bp."""
    shown = evidence.table("gia_distance")["target"].unique()
    rows = evidence.rows(evidence.runs("gia_distance"), "distances.tsv")
    rows = rows[(rows["first"] == "AP-1") & (rows["second"] == "ATAAA")]
    rows = rows[rows["target"].isin(shown) & (rows["offset"].abs() <= FAR)]
    contrasts = []
    for (model, _, orientation, target), part in rows.groupby(
        ["model", "run", "orientation", "target"]
    ):
        behind, before = part[part["offset"] > 0], part[part["offset"] < 0]
        if len(behind) and len(before):
            ends = [
                tuple(side.loc[side["effect"].idxmax(), ["effect", "low", "high"]])
                for side in (behind, before)
            ]
            name = f"{model}, {target}, {orientation} orientation"
            contrasts.append(apart(name, *ends, runs=1))
    return some(contrasts, "the pair of AP-1 and ATAAA is not in interpret.pairs")


def interaction_of_quantitative(evidence: Evidence) -> list[Contrast]:
    """Give what pairs with AP-1 do beyond their sum, over that sum, in quantitative models."""
    return _interactions(evidence, "quantitative")


def interaction_of_binary(evidence: Evidence) -> list[Contrast]:
    """Give the same of the logits of binary models that see the pair at all."""
    return _interactions(evidence, "binary")


def _interactions(evidence: Evidence, kind: str) -> list[Contrast]:
    table = evidence.table("gia_cooperativity")
    binary = table["loss"] == "binary_crossentropy"
    table = table[(binary if kind == "binary" else ~binary) & (table["sum_effect"] > 0)]
    table = table[(table["first"] == "AP-1") | (table["second"] == "AP-1")]
    if kind == "binary":
        table = table[table["both_effect"] >= LEAST_LOGIT]
    contrasts = [
        Contrast(
            f"{row.model}, {row.first} and {row.second}, {row.target}",
            row.interaction / row.sum_effect,
            row.interaction_low / row.sum_effect,
            row.interaction_high / row.sum_effect,
            row.seeds,
            row.seeds,
        )
        for row in table.itertuples()
    ]
    return some(contrasts, f"no {kind} model answers to a pair with AP-1")


def many_less_one(evidence: Evidence) -> list[Contrast]:
    """Give the effect of occluding three or more AP-1 less that of occluding one."""
    table = evidence.table("occlusion")
    table = table[table["motif"] == "AP-1"].assign(instances=table["instances"].astype(str))
    contrasts = []
    for key, part in table.groupby([*SETTINGS, "target"]):
        by_count = part.set_index("instances")
        if {"1", "3+"} <= set(by_count.index):
            ends = [tuple(by_count.loc[n, ["effect", "low", "high"]]) for n in ("3+", "1")]
            seeds = int(part["seeds"].min())
            contrasts.append(apart(f"{key[0]}, {key[-1]}", *ends, runs=seeds, seeds=seeds))
    return some(contrasts, "no sequences with one and with three or more AP-1")
