"""Tables of evaluations that never ran, with numbers of a usual size."""

import numpy as np
import pandas as pd

from .fake_study import TARGETS

INPUT_LENGTH = 2048


def _rows(run: dict, axes: dict, scores: dict[str, np.ndarray], counts: dict, width=0.02) -> list:
    """Give a row a target and one of their mean; intervals stand `width` to both sides."""
    rows = []
    for i, target in enumerate([*TARGETS, "mean"]):
        values = {}
        for name, score in scores.items():
            mean = np.nanmean(score) if np.isfinite(score).any() else np.nan
            values[name] = value = mean if target == "mean" else score[i]
            values |= {f"{name}_low": value - width, f"{name}_high": value + width}
        several = {name: 4 * n if target == "mean" else n for name, n in counts.items()}
        rows.append(run | {"target": target} | axes | values | several | {"test_set": "3f9a1c07"})
    return rows


def _quality(run: dict) -> float:
    """Give about the r of a run, the same whatever table asks."""
    return (0.55 if run["windows"] == "peaks" else 0.6) + 0.012 * (run["seed"] - 2)


def smoothing(runs: list[dict], widths=(1, 32, 64, 128, 256, 512, 1024, 2048)) -> pd.DataFrame:
    """Give the rows of `smoothing.tsv`, with the runs' axes."""
    rows = []
    for run in runs:
        for width in widths:
            r = _quality(run) - 0.01 * np.log2(run["bin_size"]) + 0.02 * np.log2(width)
            for scaling, error in (("raw", 2.0), ("scaled", 1.5)):
                scores = {"pearson_r": r + 0.01 * np.arange(4), "mse": np.full(4, error)}
                axes = {"width": width, "scaling": scaling}
                rows += _rows(run, axes, scores, {"targets": 1, "targets_with_r": 1})
    return pd.DataFrame(rows)


def thresholds(runs: list[dict], highest=24) -> pd.DataFrame:
    """Give the rows of `thresholds.tsv`, with the runs' axes; few inputs are left in the end."""
    rows = []
    rng = np.random.default_rng(2)
    for run in runs:
        bins = INPUT_LENGTH // run["bin_size"]
        for threshold in range(highest + 1):
            r = _quality(run) - 0.35 + 0.03 * np.log2(run["bin_size"]) + 0.1 * np.log1p(threshold)
            r = r + rng.normal(0, 0.001 * threshold) + 0.01 * np.arange(4)
            r = r if bins > 1 else np.full(4, np.nan)
            inputs = int(1900 * 0.8**threshold)
            scores = {"pearson_r_per_sequence": r, "spearman_r_per_sequence": 0.9 * r}
            axes = {"threshold": threshold, "evaluated_bin_size": run["bin_size"], "bins": bins}
            counts = {"sequences": inputs, "inputs": inputs, "targets": 1}
            rows += _rows(run, axes, scores, counts, 0.4 / np.sqrt(inputs))
    return pd.DataFrame(rows)


def high_activity(runs: list[dict]) -> dict[str, pd.DataFrame]:
    """Give the rows of `high_activity.tsv` and `classification.tsv`, with the runs' axes."""
    heights, classes = [], []
    for run in runs:
        on_peaks = run["windows"] == "peaks"
        quality, spread = _quality(run), 0.01 * np.arange(4)
        for region, easier in (("top_decile", 0.0), ("peaks", 0.05)):
            for size in (run["bin_size"], 2 * run["bin_size"]):
                for scaling, factor in (("raw", 1.0), ("scaled", 0.7 if on_peaks else 0.95)):
                    axes = {"region": region, "evaluated_bin_size": size, "scaling": scaling}
                    slope = (0.75 if on_peaks else 0.6) * factor + spread
                    scores = {
                        "pearson_r": quality + easier + spread,
                        "mse": 6 + 2 * on_peaks * (scaling == "raw") + spread,
                        "slope": slope,
                        "r_height": quality - 0.1 + 0.08 * on_peaks + easier + spread,
                    }
                    heights += _rows(run, axes, scores, {"sequences": 190, "targets": 1})
        for inputs, share in (("tiled", 0.06), ("peaks", 0.3)):
            scores = {
                "auroc": quality + 0.3 + spread,
                "average_precision": quality - 0.05 * on_peaks + spread,
                "aupr": quality - 0.05 * on_peaks + 0.002 + spread,
            }
            counts = {"positives": int(1900 * share), "negatives": int(1900 * (1 - share))}
            part = _rows(run, {"inputs": inputs}, scores, counts | {"targets": 1})
            classes += [row | {"test_set": f"{inputs}1c07"} for row in part]
    return {"high_activity": pd.DataFrame(heights), "classification": pd.DataFrame(classes)}


def robustness(runs: list[dict], sizes=(1, 32, 64, 128, 256, 512)) -> dict[str, pd.DataFrame]:
    """Give the rows of `variation.tsv` and `metrics.tsv`, with the runs' axes."""
    scores, metrics = [], []
    rng = np.random.default_rng(6)
    known = {"none": 0.34, "rc": 0.29, "shift": 0.20, "rc+shift": 0.17}
    known |= {"evoaug": 0.25, "rc+shift+evoaug": 0.14, "as_published": 0.22}
    for run in runs:
        base = known[run["augmentation"]] + rng.normal(0, 0.015)
        fits = 1.0 if 256 % run["bin_size"] == 0 else np.nan
        robust = {
            "variation_score_common": fits * (0.6 * base + 0.01 * np.arange(4)),
            "reverse_complement_difference": fits * (base + 0.01 * np.arange(4)),
        }
        scores += _rows(run, {"common_bin_size": 256}, robust, {"targets": 1})
        r = _quality(run) - 0.4 * base + rng.normal(0, 0.012)
        for size in sizes:
            if size % run["bin_size"] == 0:
                for scaling in ("raw", "scaled"):
                    accuracy = {
                        "pearson_r": r + 0.02 * np.log2(size) + 0.01 * np.arange(4),
                        "pearson_r_per_sequence": r - 0.2 + 0.02 * np.log2(size) + np.zeros(4),
                    }
                    axes = {"evaluated_bin_size": size, "scaling": scaling}
                    metrics += _rows(run, axes, accuracy, {"targets": 1})
    return {"variation": pd.DataFrame(scores), "metrics": pd.DataFrame(metrics)}


def scores(runs: list[dict], sizes=(1, 32, 128, 2048)) -> pd.DataFrame:
    """Give the rows of `metrics.tsv` of runs and references, with axes and kind.

    A reference is a run without bin size; what is `model` gives its strength.
    """
    rows = []
    rng = np.random.default_rng(3)
    known = {"truth": 0.9, "replicate 2": 0.75, "GC content": 0.15}
    for run in runs:
        finest = run["bin_size"] if run.get("kind", "run") == "run" else 1
        base = known.get(run["model"], 0) or _quality(run) + rng.normal(0, 0.02)
        for size in sizes:
            if size % finest == 0:
                r = base + 0.012 * np.log2(size) + 0.02 * np.arange(4)
                for scaling, factor in (("raw", 1.2), ("scaled_valid", 1.02), ("scaled", 1.0)):
                    values = {
                        "pearson_r": r,
                        "pearson_r_log1p": 0.9 * r,
                        "spearman_r": 0.8 * r if size >= 32 else np.full(4, np.nan),
                        "pearson_r_per_sequence": 0.6 * r,
                        "spearman_r_per_sequence": 0.5 * r,
                        "jensen_shannon": 0.6 * (1 - r),
                        "mse": 3 * (1 - r**2) * factor,
                        "poisson_nll": 1.2 * (1 - r**2) * factor - 0.3,
                        "r2": r**2 - 0.1 * (factor - 1),
                    }
                    axes = {"evaluated_bin_size": size, "scaling": scaling}
                    counts = {"targets": 1, "targets_with_r": 1}
                    rows += _rows(run, axes, values, counts, 0.03)
    return pd.DataFrame(rows)


def reference(name: str, label: str, kind: str) -> dict:
    """Give the columns that stand before the scores of a predictor that is no run."""
    axes = {"windows": "", "loss": "", "bin_size": np.nan, "augmentation": "", "seed": np.nan}
    return {"run": name, "model": label} | axes | {"kind": kind}


def classification(runs: list[dict]) -> dict[str, pd.DataFrame]:
    """Give the rows of `classification.tsv` and `metrics.tsv`, with the runs' axes."""
    rows = []
    rng = np.random.default_rng(4)
    for run in runs:
        binary = run["loss"] == "binary_crossentropy"
        for inputs, share in (("tiled", 0.06), ("peaks", 0.3)):
            r = _quality(run) - 0.15 * binary + rng.normal(0, 0.03) + 0.01 * np.arange(4)
            found = 0.82 + 0.03 * binary + rng.normal(0, 0.02) + 0.01 * np.arange(4)
            values = {
                "auroc": found,
                "average_precision": found - 0.5 + share,
                "aupr": found - 0.495 + share,
                "pearson_r": r,
                "spearman_r": 0.8 * r,
            }
            counts = {"positives": int(1900 * share), "negatives": int(1900 * (1 - share))}
            part = _rows(run, {"inputs": inputs}, values, counts | {"targets": 1})
            rows += [row | {"test_set": f"{inputs}1c07"} for row in part]
    return {"classification": pd.DataFrame(rows), "metrics": scores(runs)}
