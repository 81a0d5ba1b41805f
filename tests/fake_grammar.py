"""Scores against a known grammar, of runs that never ran, with numbers of a usual size."""

import numpy as np
import pandas as pd

MOTIFS = ["AP-1", "GATA", "CTCF", "ETS", "SP/KLF", "HNF4", "CEBP", "RUNX"]
PAIRS = {"AP-1+AP-1": (50.0, "both"), "ETS+RUNX": (50.0, "after"), "AP-1+GATA": (None, "")}
TARGETS = {"epithelial": 2.0, "lymphoid": 1.0}
METHODS = {
    "gradient_x_input": 0.21,
    "gradient_x_input_corrected": 0.26,
    "integrated_gradients": 0.31,
    "mutagenesis": 0.38,
}
RATIOS = {"AP-1+AP-1": 2.4, "ETS+RUNX": 3.1, "AP-1+GATA": 1.4}
SHARE = 0.04


def tables(runs: list[dict], seed: int = 0) -> dict[str, pd.DataFrame]:
    """Give the rows of `grammar.tsv` and `grammar_curves.tsv` of runs, with the runs' axes."""
    rng = np.random.default_rng(seed)
    scores, curves = [], []
    for run in runs:
        scores.append(pd.DataFrame(_scores(run, rng)).assign(**run))
        curves.append(pd.concat(_curves(run, rng)).assign(**run))
    found = {"grammar": scores, "grammar_curves": curves}
    return {name: pd.concat(parts, ignore_index=True) for name, parts in found.items()}


def is_binary(run: dict) -> bool:
    return run["loss"] == "binary_crossentropy"


def _scores(run: dict, rng: np.random.Generator) -> list[dict]:
    empty = {"orientation": np.nan, "target": np.nan, "truth": np.nan, "chance": np.nan}
    return [empty | row for part in (_motifs, _attribution, _effects) for row in part(run, rng)]


def _motifs(run, rng) -> list[dict]:
    rows = []
    for method, share in (("filters", 0.6), ("modisco", 0.8)):
        found = (rng.random(len(MOTIFS)) < share).astype(float)
        given = {"question": method, "method": method}
        for motif, value in zip(MOTIFS, found, strict=True):
            q = 0.01 if value else 0.6
            rows.append(given | {"subject": motif, "score": "q", "value": q, "chance": 0.7})
            rows.append(given | {"subject": motif, "score": "found", "value": value, "chance": 0.0})
        recall = {"subject": "all", "score": "recall", "value": found.mean(), "chance": 0.0}
        rows.append(given | recall)
    return rows


def _attribution(run, rng) -> list[dict]:
    rows = []
    for method, level in METHODS.items():
        for target in TARGETS:
            given = {"question": "attribution", "subject": "all", "method": method}
            given["target"] = target
            aupr = level + rng.normal(0, 0.03) - 0.05 * is_binary(run)
            rows.append(given | {"score": "aupr", "value": aupr, "chance": SHARE})
            rows.append(given | {"score": "auroc", "value": 0.5 + aupr, "chance": 0.5})
    return rows


def _effects(run, rng) -> list[dict]:
    rows = []
    for target in TARGETS:
        given = {"method": "global_importance", "target": target}
        for motif in ("AP-1", "GATA"):
            rho = {"question": "flanks", "subject": motif, "score": "rho", "chance": 0.0}
            rows.append(given | rho | {"value": 0.8 + rng.normal(0, 0.05)})
        for pair, (limit, side) in PAIRS.items():
            for orientation in ("same", "turned"):
                part = given | {"question": "distance", "subject": pair, "orientation": orientation}
                rows.append(part | {"score": "r", "value": 0.9, "chance": 0.0})
                if limit is None:
                    continue
                off = rng.normal(0, 6)
                for place in ("upstream", "downstream") if side == "both" else ("downstream",):
                    value = {"score": f"limit_{place}", "value": limit + off, "truth": limit}
                    rows.append(part | value)
                rows.append(part | {"score": "limit_error", "value": abs(off), "truth": 0.0})
            both = given | {"question": "cooperativity", "subject": pair}
            truth = np.nan if is_binary(run) else RATIOS[pair]
            ratio = RATIOS[pair] * np.exp(rng.normal(-0.1, 0.1))
            rows.append(both | {"score": "ratio", "value": ratio, "truth": truth, "chance": 1.0})
            rows.append(both | {"score": "sign_agreement", "value": 1.0, "chance": 0.5})
    return rows


def _curves(run, rng) -> list[pd.DataFrame]:
    unit = 9.0 if is_binary(run) else 0.8  # logits, or less coverage than there is
    parts = []
    for target, size in TARGETS.items():
        for motif in ("AP-1", "GATA"):
            truth = np.sort(size * np.exp(rng.normal(-1, 0.5, 256)))[::-1]
            estimate = unit * truth**0.8 * np.exp(rng.normal(0, 0.25, 256))
            given = {"question": "flanks", "subject": motif, "target": target}
            curve = {"x": np.arange(256), "label": "ACTGAGTCAGT"}
            parts.append(pd.DataFrame(given | curve | {"estimate": estimate, "truth": truth}))
        for pair, (limit, side) in PAIRS.items():
            for orientation in ("same", "turned"):
                x = np.concatenate([np.arange(-1000, -11), np.arange(12, 1000)])
                truth = size * _curve(x, limit, side)
                estimate = unit * size * _curve(x, limit and limit + rng.normal(0, 4), side)
                estimate = estimate + rng.normal(0, 0.02 * unit, len(x))
                given = {"question": "distance", "subject": pair, "target": target}
                given |= {"orientation": orientation, "x": x}
                parts.append(pd.DataFrame(given | {"estimate": estimate, "truth": truth}))
            given = {"question": "cooperativity", "subject": pair, "target": target}
            bars = np.array([1, 0.7, 1.7 * RATIOS[pair], 1.7])
            given |= {"x": np.arange(4), "label": ["first", "second", "both", "sum"]}
            parts.append(pd.DataFrame(given | {"estimate": unit * bars, "truth": bars}))
    return parts


def _curve(x: np.ndarray, limit: float | None, side: str) -> np.ndarray:
    """Give the effect of a pair by distance: overlapping sites, and what they do as a pair."""
    together = 1 + 0.15 * np.exp(-np.abs(x) / 300)
    if limit is None:
        return together
    near = 1 / (1 + np.exp((np.abs(x) - limit) / 8))
    return together + 1.2 * near * ((x > 0) | (side == "both"))
