"""How the page names columns and writes values."""

from math import isfinite
from typing import Any

from epibench.words import LOSSES

HEADINGS = {
    "model": "model",
    "windows": "window set",
    "loss": "loss",
    "bin_size": "trained bin (bp)",
    "augmentation": "augmentation",
    "seed": "seed",
    "evaluated_bin_size": "evaluated bin (bp)",
    "pearson_r": "Pearson's r",
    "pearson_r_log1p": "r on log1p",
    "spearman_r": "Spearman's ρ",
    "pearson_r_per_sequence": "r per sequence",
    "jensen_shannon": "JS distance",
    "measured_mean": "measured mean",
    "predicted_mean": "predicted mean",
    "mse": "MSE",
    "mse_scaled": "MSE, scaled",
    "mse_raw": "MSE, raw",
    "poisson_nll": "Poisson NLL",
    "r2": "R²",
    "spearman_r_per_sequence": "ρ per sequence",
    "scale_factor": "scale factor",
    "auroc": "AUROC",
    "average_precision": "average precision",
    "aupr": "AUPR (trapezoidal)",
    "chance": "precision by chance",
    "profile_r": "r of the profile",
    "ceiling_r": "r of replicate 2",
    "root_ceiling_r": "√r of replicate 2",
    "relative_r": "r / r of replicate 2",
    "relative_to_root": "r / √r of replicate 2",
    "a_model": "model",
    "b_model": "reference",
    "a_windows": "window set",
    "b_windows": "reference",
    "a_loss": "loss",
    "b_loss": "reference",
    "a_bin_size": "trained bin (bp)",
    "b_bin_size": "reference",
    "a_augmentation": "augmentation",
    "b_augmentation": "reference",
    "standard_error_loci": "standard error over loci",
    "standard_error_seeds": "standard error over seeds",
    "p_holm": "p (Holm)",
    "targets_with_r": "targets with r",
    "variation_score": "variation score",
    "variation_score_common": "variation score (common grid)",
    "whole_r": "r, whole chromosome",
    "pearson_r_log1p_raw": "r on log1p, raw",
    "pearson_r_log1p_scaled": "r on log1p, scaled",
    "pearson_r_log1p_scaled_valid": "r on log1p, scaled on validation",
    "mse_scaled_valid": "MSE, scaled on validation",
    "poisson_nll_raw": "Poisson NLL, raw",
    "poisson_nll_scaled": "Poisson NLL, scaled",
    "poisson_nll_scaled_valid": "Poisson NLL, scaled on validation",
    "r2_raw": "R², raw",
    "r2_scaled": "R², scaled",
    "r2_scaled_valid": "R², scaled on validation",
    "rho": "Spearman's ρ",
    "rho_score": "ρ with matrix score",
    "test_windows": "test windows",
    "windows_without_score": "windows without score",
    "lowest": "lowest loss",
    "mean_valid_loss": "mean over seeds",
    "experiments": "experiments",
    "parameters": "parameters",
    "epochs": "epochs",
    "best_epoch": "best epoch",
    "best_valid_loss": "best validation loss",
    "seconds": "training (s)",
    "examples_per_second": "examples per s",
}
"""Column headings of tables; a column that is not here keeps its name, without underscores."""

COSTS = tuple(HEADINGS)[-7:]
"""Columns of the run table that say what a run took."""

TEXTS = (*("model", "windows", "loss", "augmentation", "experiments"),)
"""Columns of the table of runs that are text; numbers stand to the right."""

DECIMALS = dict.fromkeys(
    (
        *("pearson_r", "pearson_r_log1p", "spearman_r", "r2", "jensen_shannon"),
        *("pearson_r_per_sequence", "spearman_r_per_sequence", "profile_r"),
        *("ceiling_r", "root_ceiling_r", "relative_r", "relative_to_root"),
        *("auroc", "average_precision", "aupr", "chance"),
    ),
    3,
)
DECIMALS |= {"seconds": 0, "examples_per_second": 0}
"""Decimals of columns whose values are of one size; elsewhere four digits are significant."""


def plain(value: Any) -> str:
    """Write a value for sorting; empty where there is none."""
    if isinstance(value, str):
        return value
    return "" if _undefined(value) else f"{value:.6g}"


def shown_as(value: Any, column: str = "") -> str:
    """Write a value for reading, as its column asks for."""
    if isinstance(value, str):
        return _text(value, column)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if _undefined(value):
        return "–"
    if column.endswith("bin_size") or column == "seed":
        return str(int(value))
    if column == "p_holm":
        return "< 0.001" if value < 0.001 else f"{value:.2g}"
    if column in DECIMALS:
        text = f"{value:,.{DECIMALS[column]}f}"
    elif float(value).is_integer() or 1e4 <= abs(value) < 1e6:
        text = f"{value:,.0f}"
    else:
        text = f"{value:#.4g}".rstrip(".")
    return text.replace("-", "\N{MINUS SIGN}", 1) if value < 0 else text


def span_of(ends: tuple[float, float], column: str = "") -> str:
    """Write an interval behind its score; nothing where there is none."""
    if any(map(_undefined, ends)):
        return ""
    low, high = (shown_as(end, column) for end in ends)
    return f"({low} to {high})"


def percent_of(part: float, whole: float) -> str:
    """Write a share in percent, so that little is not nothing and almost all is not all."""
    if not whole:
        return "–"
    if part in (0, whole):
        return "100 %" if part else "0 %"
    percent = 100 * part / whole
    if percent < 0.05:
        return "< 0.1 %"
    return "> 99.9 %" if 99.95 <= percent < 100 else f"{percent:.1f} %"


def _undefined(value: Any) -> bool:
    return value is None or not isfinite(value)


def _text(value: str, column: str) -> str:
    """Name losses as figures do, and let lists wrap."""
    if column == "score":
        return HEADINGS.get(value, value)
    if column in ("loss", "a_loss", "b_loss") and value in LOSSES:
        return LOSSES[value].label
    return value.replace(",", ", ") if column == "experiments" else value


def readable_bytes(size: float) -> str:
    """Write a size in the unit that gives one to three digits before the point."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} TB"
