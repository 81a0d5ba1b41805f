"""Replace the motifs that natural sequences have, and see what they did."""

import re
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from epibench.errors import InputError
from epibench.interpret.bootstrap_mean import Bootstrap
from epibench.interpret.find_flanks import table_of
from epibench.interpret.iupac import IUPAC
from epibench.interpret.means import ModelMeans
from epibench.interpret.pattern import Pattern
from epibench.sequence import N, reverse_complement
from epibench.words import BASES

GROUPS = {"1": 1, "2": 2, "3+": 3}
"""Instances of a motif in a sequence, by the name of the group; the last has more too."""

TRIES = 1000
AT_ONCE = 32
"""Sequences whose replacements are predicted at once."""


def occlude(
    name: str,
    means: ModelMeans,
    sequences: np.ndarray,
    patterns: Sequence[Pattern],
    settings: Mapping,
) -> pd.DataFrame:
    """Replace all instances of each motif at once (Toneyan et al. 2022, Supp. Fig. 2).

    The unchanged sequence is predicted once. Replacements are random words that are no instance
    and make none with the bases around them.

    Parameters
    ----------
    name : str
        Of the predictor.
    means : ModelMeans
    sequences : uint8, shape (sequences, length)
        Natural ones.
    patterns : sequence of Pattern
    settings : mapping
        `replacements` (how many a sequence), `replicates`, `seed`.

    Returns
    -------
    DataFrame
        A row a motif, group of sequences (`instances`: 1, 2 or 3+) and target: `predictor`,
        `motif`, `instances`, `target`, `effect` (unchanged less the mean over replacements, mean
        over sequences), `low`, `high`, `sequences` (count), `prediction` of the unchanged. Groups
        without a sequence are left out.
    """
    rows = []
    for pattern in patterns:
        found = [find_instances(codes, pattern.core) for codes in sequences]
        counts = np.array([len(places) for places in found])
        for group, least in GROUPS.items():
            members = np.flatnonzero(counts >= least if group == "3+" else counts == least)
            if not len(members):
                continue
            some = [found[i] for i in members]
            unchanged, effect = _effects(means, sequences[members], some, pattern.core, settings)
            bootstrap = Bootstrap(len(members), settings["replicates"], settings["seed"])
            estimate = bootstrap(effect)
            rows.append((pattern.name, group, estimate, len(members), unchanged.mean(axis=0)))
    if not rows:
        raise InputError(
            f"none of the {len(sequences)} test sequences has an instance of "
            f"{', '.join(pattern.core for pattern in patterns)}; raise "
            "interpret.occlusion.sequences or name another motif"
        )
    table = table_of(name, means.targets, ["motif", "instances"], rows, ["sequences", "prediction"])
    numbers = np.tile(np.arange(len(means.targets)), len(rows))
    table["prediction"] = [
        float(values[t]) for values, t in zip(table["prediction"], numbers, strict=True)
    ]
    return table


def _effects(
    means: ModelMeans,
    sequences: np.ndarray,
    instances: list[np.ndarray],
    core: str,
    settings: Mapping,
) -> tuple[np.ndarray, np.ndarray]:
    """Give predictions of unchanged sequences and the effects of what is replaced in them."""
    rng = np.random.default_rng(settings["seed"])
    count, width = settings["replacements"], len(core)
    unchanged, effects = [], []
    for at in range(0, len(sequences), AT_ONCE):
        codes, places = sequences[at : at + AT_ONCE], instances[at : at + AT_ONCE]
        rows = np.repeat(np.arange(len(codes)), count)
        changed = np.stack([replace(rng, codes[row], places[row], core) for row in rows])
        kept = means.keep(codes)
        if all(len(own) == 1 for own in places):
            starts = np.concatenate(places)[rows]
            words = changed[np.arange(len(rows))[:, None], starts[:, None] + np.arange(width)]
            difference = means.changes(kept, rows, words, starts)
        else:
            difference = means.means(changed) - kept.means[rows]
        unchanged.append(kept.means)
        effects.append(-difference.reshape(len(codes), count, -1).mean(axis=1))
    return np.concatenate(unchanged), np.concatenate(effects)


def find_instances(codes: np.ndarray, core: str) -> np.ndarray:
    """Find exact matches of a pattern on either strand that do not overlap, from the left.

    Parameters
    ----------
    codes : uint8, shape (length,)
    core : str
        Letters of IUPAC.

    Returns
    -------
    int64, shape (instances,)
        Starts, 0-based.
    """
    forward = "".join(f"[{IUPAC[letter]}]" for letter in core)
    backward = "".join(f"[{_complements(letter)}]" for letter in reversed(core))
    text = np.frombuffer(b"ACGTN", np.uint8)[codes].tobytes().decode()
    found = re.finditer(f"{forward}|{backward}", text)
    return np.array([match.start() for match in found], np.int64)


def _complements(letter: str) -> str:
    codes = np.array([BASES.index(base) for base in IUPAC[letter]], np.uint8)
    return "".join(BASES[code] for code in reverse_complement(codes))


def replace(
    rng: np.random.Generator, codes: np.ndarray, places: np.ndarray, core: str
) -> np.ndarray:
    """Write a random word over each instance, so that none is left: uint8 (length,), a copy."""
    changed = codes.copy()
    width = len(core)
    for start in places:
        changed[start : start + width] = N  # the next instance is none of this one's matches
    for start in places:
        around = slice(max(0, start - width + 1), start + 2 * width - 1)
        for _ in range(TRIES):
            changed[start : start + width] = rng.integers(0, 4, width)
            if not len(find_instances(changed[around], core)):
                break
        else:
            raise InputError(
                f"no random word in place of {core!r} is free of it; give a longer pattern"
            )
    return changed
