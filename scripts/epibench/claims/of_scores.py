"""Claims about losses, bin sizes, training and test sets, and architectures."""

from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Any

from epibench.claims.evidence import Evidence, Run, apart, mark
from epibench.claims.judge import Contrast, some

LEAST_INPUTS = 20
"""Test inputs above a threshold under which their mean r says little."""


def poisson_less_others(evidence: Evidence) -> list[Contrast]:
    """Give r of Poisson less that of every other loss, at each trained bin size."""
    return _loss_less_others(evidence, "poisson", leave_out=())


def pearson_mse_less_others(evidence: Evidence) -> list[Contrast]:
    """Give r of Pearson's r + MSE less that of every loss but Poisson."""
    return _loss_less_others(evidence, "pearsonr_mse", leave_out=("poisson",))


def _loss_less_others(evidence: Evidence, loss: str, leave_out: Sequence[str]) -> list[Contrast]:
    runs = [run for run in evidence.runs("loss_by_bin_size") if run["loss"] not in leave_out]
    contrasts = []
    for (*_, bin_size), group in _grouped(runs, "model", "windows", "augmentation", "bin_size"):
        if len({run["loss"] for run in group}) > 1 and any(run["loss"] == loss for run in group):
            contrasts += [
                _turned(row, f"{mark(group[0])}: {loss} less {row['a_loss']}")
                for row in evidence.differences(group, {"loss": loss}, bin_size)
            ]
    return some(contrasts, f"no bin size was trained with {loss} and another loss")


def basenji_near_1kb(evidence: Evidence) -> list[Contrast]:
    """Give r of Basenji trained nearest to 1 kb less that at every size further off."""
    return _bin_less_others(evidence, "basenji", lambda size: 512 <= size <= 1024, best=1024)


def bpnet_at_1bp(evidence: Evidence) -> list[Contrast]:
    """Give r of BPNet trained at 1 bp less that at every other size."""
    return _bin_less_others(evidence, "bpnet", lambda size: size == 1, best=1)


def _bin_less_others(evidence: Evidence, builder: str, is_best, best: int) -> list[Contrast]:
    runs = [run for run in evidence.runs("resolution") if run["builder"] == builder]
    contrasts = []
    for _, group in _grouped(runs, "model", "windows", "augmentation"):
        near = sorted({run["bin_size"] for run in group if is_best(run["bin_size"])})
        if not near or len({run["bin_size"] for run in group} - set(near)) == 0:
            continue
        chosen = min(near, key=lambda size: abs(size - best))
        kept = [run for run in group if run["bin_size"] == chosen or run["bin_size"] not in near]
        common = evidence.shared_bin_size(kept)
        contrasts += [
            _turned(
                row,
                f"{row['a_model']}, {row['a_windows']}: trained at {chosen} less "
                f"{row['a_bin_size']} bp, both evaluated at {common} bp",
            )
            for row in evidence.differences(kept, {"bin_size": chosen}, common)
        ]
    return some(contrasts, f"{builder} was not trained at the claimed bin size and at others")


def coarser_less_finer(evidence: Evidence) -> list[Contrast]:
    """Give, for each run, r at an evaluated bin size less that at the next finer one."""
    contrasts = [
        evidence.between_bin_sizes(run, fine, coarse)
        for run in evidence.runs("resolution")
        for fine, coarse in pairwise(sorted(evidence.evaluation(run, 0).bin_sizes))
    ]
    return some(contrasts, "no run was evaluated at two bin sizes")


def lowest_threshold_less_others(evidence: Evidence) -> list[Contrast]:
    """Give r of the lowest training threshold less that of every higher one."""
    runs = [run for run in evidence.runs("training_set") if run["windows"] != "peaks"]
    contrasts = []
    for (*_, bin_size), group in _grouped(runs, "model", "loss", "augmentation", "bin_size"):
        sets = sorted({run["windows"] for run in group}, key=_threshold)
        if len(sets) > 1:
            contrasts += [
                _turned(row, f"{row['a_model']}, {bin_size} bp: {sets[0]} less {row['a_windows']}")
                for row in evidence.differences(group, {"windows": sets[0]}, bin_size)
            ]
    return some(contrasts, "no two training thresholds were compared")


def thresholds_less_peaks(evidence: Evidence) -> list[Contrast]:
    """Give r of every threshold-trained setting less that of the peak-trained one."""
    contrasts = []
    runs = evidence.runs("training_set")
    for (*_, bin_size), group in _grouped(runs, "model", "loss", "augmentation", "bin_size"):
        if {"peaks"} < {run["windows"] for run in group}:
            contrasts += [
                _straight(row, f"{row['a_model']}, {bin_size} bp: {row['a_windows']} less peaks")
                for row in evidence.differences(group, {"windows": "peaks"}, bin_size)
            ]
    return some(contrasts, "no bin size was trained on peaks and on a threshold")


def highest_test_threshold_less_none(evidence: Evidence) -> list[Contrast]:
    """Give r within inputs above the highest test threshold less that within all."""
    table = evidence.table("test_set")
    contrasts = []
    for run, part in table[~table["few_bins"]].groupby("run"):
        kept = part[part["inputs"] >= LEAST_INPUTS].sort_values("threshold")
        if len(kept) > 1:
            ends = [
                tuple(row[f"pearson_r_per_sequence{end}"] for end in ("", "_low", "_high"))
                for row in (kept.iloc[-1], kept.iloc[0])
            ]
            name = f"{run}: above {kept['threshold'].iloc[-1]:g} less above 0"
            contrasts.append(apart(name, *ends, runs=1))
    return some(contrasts, f"no two thresholds leave {LEAST_INPUTS} inputs of 8 bins or more")


def heights_on_peaks(evidence: Evidence) -> list[Contrast]:
    """Give how much nearer to 1 the slope of heights is after training on peaks."""
    return _peaks_against_thresholds(evidence, "slope", "peaks", _nearer_to_one)


def detection_on_thresholds(evidence: Evidence) -> list[Contrast]:
    """Give AUROC over the whole chromosome after training on thresholds less that on peaks."""
    return _peaks_against_thresholds(
        evidence, "auroc", "whole", lambda peaks, other: (other, peaks)
    )


def _others_first(peaks: tuple, other: tuple) -> tuple[tuple, tuple]:
    return other, peaks


def _nearer_to_one(peaks: tuple, other: tuple) -> tuple[tuple, tuple]:
    """Turn slopes into what they lack to 1, of the others first; beyond 1 it is too much."""
    away = [
        (abs(1 - value), abs(1 - value) - (value - low), abs(1 - value) + (high - value))
        for value, low, high in (other, peaks)
    ]
    return away[0], away[1]


def _peaks_against_thresholds(evidence: Evidence, score: str, region: str, order) -> list[Contrast]:
    table = evidence.table("high_activity")
    table = table[(table["score"] == score) & (table["region"] == region)]
    table = table[table["scaling"].isna() | (table["scaling"] == "raw")]
    contrasts = []
    for (model, bin_size), part in table.groupby(["model", "bin_size"]):
        means = part.groupby("windows")[["value", "low", "high"]].mean()
        if "peaks" in means.index:
            peaks = tuple(means.loc["peaks"])
            contrasts += [
                apart(f"{model}, {bin_size} bp: {name} and peaks", *order(peaks, tuple(row)))
                for name, *row in means.drop(index="peaks").itertuples()
            ]
    return some(contrasts, "no model was trained on peaks and on a threshold")


def cnn_less_best(evidence: Evidence) -> list[Contrast]:
    """Give r of the best simple CNN less that of every other architecture."""
    contrasts = []
    for (bin_size, *_), group in _grouped(
        evidence.runs("architectures"), "bin_size", "windows", "loss", "augmentation"
    ):
        simple = [run for run in group if run["builder"].startswith("cnn")]
        others = [run for run in group if not run["builder"].startswith("cnn")]
        if simple and others:
            models = {run["model"] for run in simple}
            rows = evidence.differences(group, {"model": others[0]["model"]}, bin_size)
            best = max(
                (row for row in rows if row["a_model"] in models and row["seeds"]),
                key=lambda row: row["difference"],
                default=None,
            )
            if best is None:
                continue
            contrasts += [
                _turned(row, f"{bin_size} bp: {best['a_model']} less {row['a_model']}")
                for row in evidence.differences(group, {"model": best["a_model"]}, bin_size)
                if row["a_model"] not in models
            ]
    return some(contrasts, "no simple CNN was compared with another architecture")


def residual_less_plain(evidence: Evidence) -> list[Contrast]:
    """Give r with residual blocks less that of the same CNN without."""
    return _with_less_without(evidence, _is_residual, lambda run: run["options"])


def task_heads_less_single(evidence: Evidence) -> list[Contrast]:
    """Give r with task-specific heads less that of the same model with a single one."""

    def rest(run: Run) -> Any:
        options = {k: v for k, v in run["options"].items() if k != "task_heads"}
        return run["builder"], options

    return _with_less_without(evidence, lambda run: bool(run["options"].get("task_heads")), rest)


def _is_residual(run: Run) -> bool | None:
    """Tell a ResidualBind from a CNN of the same base; None for other families."""
    return {"residualbind_base": True, "cnn_base": False}.get(run["builder"])


def _with_less_without(evidence: Evidence, has, rest) -> list[Contrast]:
    """Compare pairs of models that differ in one thing, at their own bin size."""
    runs = evidence.runs("architectures")
    axes = ("windows", "loss", "bin_size", "augmentation")
    contrasts = []
    for (*_, bin_size, _), group in _grouped(runs, *axes):
        for one in {run["model"]: run for run in group if has(run)}.values():
            plain = [run for run in group if has(run) is False and rest(run) == rest(one)]
            if plain:
                pair = [run for run in group if run["model"] in (one["model"], plain[0]["model"])]
                contrasts += [
                    _straight(row, f"{bin_size} bp: {row['a_model']} less {row['b_model']}")
                    for row in evidence.differences(pair, {"model": plain[0]["model"]}, bin_size)
                ]
    return some(contrasts, "no two models of this study differ in this alone")


def _grouped(runs: Sequence[Run], *axes: str):
    """Group runs by some axes."""

    def key(run: Run) -> tuple:
        return tuple(run[axis] for axis in axes)

    return [(found, list(part)) for found, part in groupby(sorted(runs, key=key), key)]


def _threshold(windows: str) -> float:
    return float(windows.removeprefix("threshold"))


def _straight(row: dict[str, Any], name: str) -> Contrast:
    """Turn a row a - b of a comparison into a contrast."""
    return Contrast(
        name, row["difference"], row["low"], row["high"], 2 * row["seeds"], row["seeds"]
    )


def _turned(row: dict[str, Any], name: str) -> Contrast:
    """Turn a row a - b of a comparison into the contrast b - a."""
    return Contrast(
        name, -row["difference"], -row["high"], -row["low"], 2 * row["seeds"], row["seeds"]
    )
