"""Find motifs in attributions with TF-MoDISco (Shrikumar et al. 2018; modisco-lite)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from epibench.errors import InputError
from epibench.files import whole

WINDOW, FLANK = 21, 10
"""Core and flanks of a seqlet, bp: modisco-lite's own."""

FEWEST_SEQLETS = 100
"""Positive seqlets that there must be more of: modisco-lite's own."""

LEAST_SHARE = 0.3
"""Share of the largest contribution at which a pattern begins and ends: modisco-lite's own."""

_EXTRACTION = {"target_fdr": 0.2, "min_passing_windows_frac": 0.03}
_EXTRACTION |= {"max_passing_windows_frac": 0.2, "weak_threshold_for_counting_sign": 0.8}


@dataclass(frozen=True)
class Pattern:
    """A motif made of seqlets that are alike.

    `ppm` float64 (width, 4), base frequencies; `contributions` float64 (width, 4), mean; both are
    trimmed to where they contribute. `seqlets`: how many.
    """

    ppm: np.ndarray
    contributions: np.ndarray
    seqlets: int


@dataclass(frozen=True)
class Motifs:
    """What TF-MoDISco found.

    `positive`, `negative`: modisco-lite's patterns that raise and lower the prediction, the largest
    first. `reason`: why there are no positive ones, else "". `length`: of the sequences, bp.
    """

    positive: list
    negative: list
    reason: str
    length: int

    def patterns(self) -> dict[str, Pattern]:
        """Give the trimmed positive patterns by name."""
        return {f"pattern{n}": _trimmed(found) for n, found in enumerate(self.positive)}

    def save(self, path: str | Path) -> None:
        """Write all patterns and their seqlets in modisco-lite's own format (HDF5)."""
        from modiscolite.io import save_hdf5

        with whole(path) as temporary:
            save_hdf5(str(temporary), self.positive, self.negative, self.length)


def find_motifs(attribution: Mapping[str, np.ndarray], target: str, max_seqlets: int) -> Motifs:
    """Find motifs in the gradient of a target.

    Contributions are the gradient, less its mean over the bases, at the base that is there; the
    whole gradient is what another base would have contributed. Draws nothing from a seed of its
    own: modisco-lite's are fixed.

    Parameters
    ----------
    attribution : mapping of str to ndarray
        `codes` uint8 (n, length), `gradient` (targets, n, length, 4), `targets` str (targets,).
    target : str
    max_seqlets : int
        Most seqlets of each sign; bounds time and memory.

    Returns
    -------
    Motifs

    Raises
    ------
    InputError
        If there is no attribution of the target.
    """
    # Imported here: it takes long, and only this function and `Motifs.save` need it.
    from modiscolite.tfmodisco import TFMoDISco

    names = list(attribution["targets"])
    if target not in names:
        raise InputError(
            f"there are attributions of {', '.join(names)} only, not of {target!r}; add it to "
            "interpret.targets"
        )
    gradient = attribution["gradient"][names.index(target)].astype(np.float32)
    one_hot = np.eye(5, 4, dtype=np.float32)[attribution["codes"]]
    contributions = (gradient * one_hot).sum(axis=2)
    length = contributions.shape[1]
    if not _has_both_signs(contributions):
        reason = "the attributions of all stretches have the same sign, or are 0"
        return Motifs([], [], reason, length)
    found = TFMoDISco(one_hot, gradient, max_seqlets_per_metacluster=max_seqlets, verbose=True)
    positive, negative = (list(patterns or []) for patterns in found)
    reason = "" if positive else _reason(contributions)
    return Motifs(positive, negative, reason, length)


def _has_both_signs(contributions: np.ndarray) -> bool:
    """Tell whether there are stretches of both signs: thresholds are estimated for each."""
    sums = np.cumsum(contributions, axis=1, dtype=np.float64)
    windows = sums[:, WINDOW:] - sums[:, :-WINDOW]
    return bool((windows > 0).any() and (windows < 0).any())


def _reason(contributions: np.ndarray) -> str:
    """Say why there are no positive patterns, from the number of positive seqlets."""
    from modiscolite.extract_seqlets import extract_seqlets

    seqlets, threshold = extract_seqlets(
        contributions, WINDOW, FLANK, WINDOW // 2 + FLANK, **_EXTRACTION
    )
    sums = [contributions[s.example_idx, s.start + FLANK : s.end - FLANK].sum() for s in seqlets]
    positive = int((np.array(sums) > threshold).sum())
    if positive <= FEWEST_SEQLETS:
        return (
            f"only {positive} stretches stand out by a positive attribution, and more than "
            f"{FEWEST_SEQLETS} are needed; raise interpret.attribution.sequences"
        )
    return f"{positive} stretches stand out by a positive attribution, but too few are alike"


def _trimmed(found) -> Pattern:
    """Cut off the ends that contribute little."""
    size = np.abs(found.contrib_scores).sum(axis=1)
    inside = np.flatnonzero(size >= LEAST_SHARE * size.max())
    columns = slice(inside[0], inside[-1] + 1)
    ppm = found.sequence[columns]
    # A column of seqlets with an N sums up to less than 1.
    ppm = ppm + (1 - ppm.sum(axis=1, keepdims=True)) / 4
    return Pattern(ppm, found.contrib_scores[columns], len(found.seqlets))
