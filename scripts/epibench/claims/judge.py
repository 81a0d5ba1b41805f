"""From contrasts with intervals to a verdict."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import t

SUPPORTED, NOT_SUPPORTED, UNDECIDED = "supported", "not supported", "not decidable here"
VERDICTS = (SUPPORTED, NOT_SUPPORTED, UNDECIDED)


class UndecidableError(Exception):
    """This study cannot decide the claim; the message says why."""


class Contrast(NamedTuple):
    """One effect that bears on a claim, with its 95 % interval (NaN where there is none).

    `runs` and `seeds` count what it rests on.
    """

    name: str
    effect: float
    low: float
    high: float
    runs: int = 2
    seeds: int = 1


def some(contrasts: list[Contrast], reason: str) -> list[Contrast]:
    """Give the contrasts back, or say why there are none."""
    if not contrasts:
        raise UndecidableError(reason)
    return contrasts


class Verdict(NamedTuple):
    """What the contrasts say of a claim: the verdict, and the contrast that decides it."""

    verdict: str
    reason: str
    effect: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    deciding: str = ""
    contrasts: int = 0
    supporting: int = 0
    runs: int = 0
    seeds: int = 0


def judge(contrasts: Sequence[Contrast], direction: str, threshold: Sequence[float]) -> Verdict:
    """Judge a claim, which holds only where all of its contrasts do.

    It is supported where every 95 % interval lies on the claimed side: a claim about all needs no
    correction, since it is refused as soon as one contrast fails. It is not supported where some
    interval lies wholly on the other side, after it has been widened for their number (Bonferroni),
    because among many contrasts one lies there by chance. All else is not decidable: that an
    interval holds the threshold is no evidence against the claim.

    Parameters
    ----------
    contrasts : sequence of Contrast
    direction : str
        `greater`, `less` or `between`.
    threshold : sequence of float
        One, or two for `between`.

    Returns
    -------
    Verdict
        Its effect is that of the contrast which lies worst for the claim.
    """
    if not contrasts:
        return Verdict(UNDECIDED, "nothing in this study bears on it")
    margins = np.array([_margin(each, direction, threshold) for each in contrasts])
    widened = [_widened(each, len(contrasts)) for each in contrasts]
    beyond = np.array([_margin(each, direction, threshold) for each in widened])
    worst = int(np.argmin(np.where(np.isnan(margins[:, 0]), np.inf, margins[:, 0])))
    supporting = int((margins[:, 1] > 0).sum())
    without = int(np.isnan(margins[:, 1]).sum())
    if supporting == len(contrasts):
        verdict, reason = SUPPORTED, "every interval lies on the claimed side"
    elif np.any(beyond[:, 2] < 0):
        worst = int(np.nanargmin(np.where(beyond[:, 2] < 0, margins[:, 0], np.nan)))
        verdict, reason = NOT_SUPPORTED, "an interval lies wholly on the other side"
    elif without:
        verdict = UNDECIDED
        reason = f"{without} of {len(contrasts)} effects have no interval (too few loci or seeds)"
    else:
        verdict = UNDECIDED
        unclear = len(contrasts) - supporting
        reason = f"{unclear} of {len(contrasts)} intervals are not clear of the threshold"
    shown = contrasts[worst]
    return Verdict(
        verdict,
        reason,
        shown.effect,
        shown.low,
        shown.high,
        shown.name,
        len(contrasts),
        supporting,
        max(each.runs for each in contrasts),
        min(each.seeds for each in contrasts),
    )


def _margin(each: Contrast, direction: str, threshold: Sequence[float]) -> np.ndarray:
    """Give how far effect, worst and best end of a contrast lie on the claimed side."""
    ends = np.array([each.effect, each.low, each.high])
    if direction == "greater":
        return ends - threshold[0]
    if direction == "less":
        return threshold[0] - ends[[0, 2, 1]]
    low, high = threshold
    inside = min(each.low - low, high - each.high)
    # Wholly outside is below the one or above the other.
    nearest = min(each.high - low, high - each.low)
    return np.array([min(each.effect - low, high - each.effect), inside, nearest])


def _widened(each: Contrast, number: int) -> Contrast:
    """Stretch the interval of one of several contrasts around its effect (Bonferroni).

    With several seeds the interval is one of Student's t, of at least so many degrees of freedom.
    """
    degrees = each.seeds - 1 if each.seeds > 1 else np.inf
    factor = float(t.ppf(1 - 0.025 / number, degrees) / t.ppf(0.975, degrees))
    low = each.effect - factor * (each.effect - each.low)
    high = each.effect + factor * (each.high - each.effect)
    return each._replace(low=low, high=high)
