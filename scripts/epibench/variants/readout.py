"""Learn measured effects of variants from the scores of all targets, by LASSO."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.linear_model import LassoCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from epibench.errors import InputError
from epibench.variants.agreement import agreement, blocks_of

METHODS = ("zero_shot", "lasso_within", "lasso_across")
OUTER, INNER = 5, 4
"""Folds for the predictions, and within each for the penalty."""

FEWEST_VARIANTS, FEWEST_BLOCKS = 50, 10
"""An element with less is left out: there is too little to learn from and to test on."""

LARGEST = 3
"""Targets that are named, by the size of their weights."""

COLUMNS = [
    *("predictor", "element", "method", "variants", "pearson_r", "pearson_r_low"),
    *("pearson_r_high", "elements", "targets_used", "largest", "penalty"),
]


@dataclass(frozen=True)
class _Learned:
    """Out-of-fold predictions, and what a fit to all that could be learned from uses."""

    prediction: np.ndarray
    used: int
    largest: str
    penalty: float


def read_out(
    name: str,
    table: pd.DataFrame,
    targets: Sequence[str],
    scores: np.ndarray,
    *,
    replicates: int = 1000,
    seed: int = 1,
) -> pd.DataFrame:
    """Compare zero-shot scores with linear combinations that were learned from measurements.

    A combination that is tested where it was learned would look better than it is, and so would one
    whose neighbours were learned from, as alternatives of one position and positions of one binding
    site have effects that go together. So positions are cut into five contiguous stretches, each
    predicted from the others (`lasso_within`), or an element is predicted from the elements at
    other places (`lasso_across`; some were measured in several experiments); the penalty is chosen
    by cross-validation inside of what is learned from. Entrants of CAGI5 learned within elements
    (Shigaki et al. 2019).

    Parameters
    ----------
    name : str
        Of the run.
    table : DataFrame
        `element`, `chrom`, `start`, `effect`, `robust` (the zero-shot score); a row a variant.
    targets : sequence of str
    scores : float, shape (variants, targets)
        Of each target by itself, in the order of the table; targets of NaN are left out.
    replicates, seed : int, default 1000 and 1
        Of the intervals, see `agreement`.

    Returns
    -------
    DataFrame
        `COLUMNS`, a row an element (and "mean") and method, all over the same variants; without
        `lasso_across` where an element has no other to be learned from. `targets_used`, `largest`
        and `penalty` are of a fit to all that the method learns from; elements with too few
        variants are left out and named on standard output.

    Raises
    ------
    InputError
        When no element has enough variants.
    """
    kept = [
        element
        for element, rows in table.groupby("element", sort=False)
        if _is_enough(element, rows)
    ]
    if not kept:
        raise InputError(
            f"{name}: no element has {FEWEST_VARIANTS} variants in {FEWEST_BLOCKS} blocks of "
            "positions to learn from; switch experiments that read the read-out off"
        )
    chosen = table["element"].isin(kept).to_numpy()
    table, scores = table[chosen].reset_index(drop=True), np.asarray(scores, np.float64)[chosen]
    known = np.isfinite(scores).all(axis=0)
    targets = [target for target, is_known in zip(targets, known, strict=True) if is_known]
    learned = {"lasso_within": _within(table, scores[:, known], targets)}
    across = _across(table, scores[:, known], targets)
    if len(across) == len(kept):
        learned["lasso_across"] = across
    predictions = {"zero_shot": table["robust"].to_numpy()}
    for method, parts in learned.items():
        predictions[method] = np.full(len(table), np.nan)
        for element, part in parts.items():
            predictions[method][table["element"] == element] = part.prediction
    measured = [table[column].to_numpy() for column in ("effect", "element", "start")]
    rows = []
    for method, prediction in predictions.items():
        found = agreement(prediction, *measured, replicates=replicates, seed=seed)
        of_fits = [learned.get(method, {}).get(element) for element in found["element"]]
        rows.append(found.assign(method=method, **_describe(of_fits)))
    return pd.concat(rows, ignore_index=True).assign(predictor=name)[COLUMNS]


def _is_enough(element: str, rows: pd.DataFrame) -> bool:
    """Tell whether an element can be learned from, and say so where it cannot."""
    blocks = blocks_of(rows["start"]).max() + 1
    enough = len(rows) >= FEWEST_VARIANTS and blocks >= FEWEST_BLOCKS
    if not enough:
        print(f"{element} is left out: {len(rows)} variants in {blocks} blocks of positions")
    return enough


def _within(table: pd.DataFrame, scores: np.ndarray, targets: Sequence[str]) -> dict[str, _Learned]:
    """Predict each stretch of an element from its other stretches."""
    found = {}
    for element, rows in table.groupby("element", sort=False):
        x, y = scores[rows.index], rows["effect"].to_numpy()
        start = rows["start"].to_numpy()
        prediction = np.empty(len(y))
        for train, test in stretches(start, OUTER):
            prediction[test] = _combine(_fit(x[train], y[train], start[train]), x[test])
        found[element] = _learned(prediction, _fit(x, y, start), targets)
    return found


def _across(table: pd.DataFrame, scores: np.ndarray, targets: Sequence[str]) -> dict[str, _Learned]:
    """Predict each element from those at other places."""
    start, effect = table["start"].to_numpy(), table["effect"].to_numpy()
    # Chromosomes one behind the other, so that folds hold neighbouring positions together.
    place = start + pd.factorize(table["chrom"])[0] * (start.max() + 1)
    found = {}
    for element in table["element"].unique():
        here = (table["element"] == element).to_numpy()
        ends = place[here].min(), place[here].max()
        others = (place < ends[0]) | (place > ends[1])  # not the same place in another experiment
        if len(np.unique(place[others])) >= INNER:
            model = _fit(scores[others], effect[others], place[others])
            found[element] = _learned(_combine(model, scores[here]), model, targets)
    return found


def stretches(start: np.ndarray, folds: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Cut positions into contiguous stretches of about as many positions each.

    Parameters
    ----------
    start : int, shape (variants,)
        Positions, in any order.
    folds : int

    Yields
    ------
    train, test : int arrays
        Rows outside and inside of one stretch.
    """
    positions = np.unique(start)
    for part in np.array_split(positions, folds):
        inside = (start >= part[0]) & (start <= part[-1])
        yield np.flatnonzero(~inside), np.flatnonzero(inside)


def _fit(x: np.ndarray, y: np.ndarray, start: np.ndarray):
    """Fit LASSO, its penalty chosen by stretches, to standardised scores."""
    folds = list(stretches(start, INNER))
    lasso = LassoCV(alphas=50, cv=folds, max_iter=50_000, random_state=0)
    return make_pipeline(StandardScaler(), lasso).fit(x, y)


def _combine(model, x: np.ndarray) -> np.ndarray:
    """Give the learned combination of scores, without intercept.

    The mean of what was learned from is low where that of what is predicted is high, so that r over
    several folds would be below 0 even if nothing was learned.
    """
    return x @ (model[-1].coef_ / model[0].scale_)


def _learned(prediction: np.ndarray, model, targets: Sequence[str]) -> _Learned:
    weights = model[-1].coef_
    order = [i for i in np.argsort(-np.abs(weights), kind="stable") if weights[i] != 0]
    largest = ", ".join(f"{targets[i]} {weights[i]:.3g}" for i in order[:LARGEST])
    return _Learned(prediction, len(order), largest, float(model[-1].alpha_))


def _describe(fits: Sequence[_Learned | None]) -> dict[str, list]:
    """Give the columns that tell what was learned; empty for zero-shot scores and means."""
    return {
        "targets_used": [fit.used if fit else None for fit in fits],
        "largest": [fit.largest if fit else "" for fit in fits],
        "penalty": [fit.penalty if fit else np.nan for fit in fits],
    }
