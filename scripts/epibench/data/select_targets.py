"""Choose targets that are not too much alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Verdict:
    """Say whether a target is kept and why, and which kept one is most like it.

    `highest_r` is the highest r with any target that is kept, other than itself and its strand
    pair, and `most_like` that target; both None where there is none.
    """

    target: str
    kept: bool
    reason: str
    highest_r: float | None
    most_like: str | None


def select_targets(
    names: Sequence[str], pairs: Sequence[int], r: np.ndarray, limit: float
) -> list[Verdict]:
    """Keep, in the order given, every target whose r with all that are kept is below the limit.

    The order is the user's priority. The two strands of a pair are one experiment: both are kept
    or both left out, when the first of them has its turn, and r between them does not count. A
    target whose r is not defined is left out. Negative r never counts against a target.

    Parameters
    ----------
    names : sequence of str
        The targets.
    pairs : sequence of int
        Index of the target of the opposite strand, the target's own index without one.
    r : ndarray
        float (targets, targets), symmetric, NaN where not defined.
    limit : float
        Pearson's r from which two targets are too much alike (0.75 in Toneyan et al. 2022).

    Returns
    -------
    list of Verdict
        In the order of `names`.
    """
    kept: list[int] = []
    reasons: dict[int, str] = {}
    for first, second in enumerate(pairs):
        if first in reasons:
            continue
        members = sorted({first, second})
        objections = {t: _objection(t, kept, names, r, limit) for t in members}
        if not any(objections.values()):
            kept += members
        for target in members:
            reasons[target] = _reason(target, objections, names, limit)
    return [_verdict(t, kept, reasons[t], names, pairs, r) for t in range(len(names))]


def _objection(
    target: int, kept: list[int], names: Sequence[str], r: np.ndarray, limit: float
) -> str:
    """Say why a target cannot join those that are kept; empty where it can."""
    if np.isnan(r[target, target]):
        return "its coverage is the same in every region, so r is not defined"
    worst = max(kept, key=lambda other: r[target, other], default=target)
    if worst == target or r[target, worst] < limit:
        return ""
    return f"r = {r[target, worst]:.3f} with {names[worst]}, which is kept"


def _reason(target: int, objections: dict[int, str], names: Sequence[str], limit: float) -> str:
    """Put the objections to a target and its strand pair into words."""
    if objections[target]:
        return objections[target]
    for other, objection in objections.items():
        if objection:
            return f"goes with its opposite strand, {names[other]}: {objection}"
    return f"r below {limit:g} with every other target that is kept"


def _verdict(
    target: int,
    kept: list[int],
    reason: str,
    names: Sequence[str],
    pairs: Sequence[int],
    r: np.ndarray,
) -> Verdict:
    others = [t for t in kept if t not in (target, pairs[target]) and not np.isnan(r[target, t])]
    nearest = max(others, key=lambda other: r[target, other], default=None)
    return Verdict(
        names[target],
        target in kept,
        reason,
        None if nearest is None else float(r[target, nearest]),
        None if nearest is None else names[nearest],
    )
