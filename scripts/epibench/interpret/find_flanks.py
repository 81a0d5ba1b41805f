"""Find which bases beside a motif, and which free ones in it, make it most important."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from epibench.errors import InputError
from epibench.interpret.bootstrap_mean import Bootstrap
from epibench.interpret.importance import Means, effects
from epibench.interpret.pattern import Pattern, bare, encode, matrix_score, words_of


def find_flanks(
    name: str,
    means: Means,
    backgrounds: np.ndarray,
    patterns: Sequence[Pattern],
    settings: Mapping,
) -> pd.DataFrame:
    """Compute the global importance of every word of each motif (Toneyan et al. 2022, Fig. 6a).

    Parameters
    ----------
    name : str
        Of the predictor.
    means : Means
    backgrounds : uint8, shape (backgrounds, length)
    patterns : sequence of Pattern
    settings : mapping
        `position` (start of the core), `flanks` (free bases on each side), `replicates`, `seed`.

    Returns
    -------
    DataFrame
        A row a word and target: `predictor`, `motif`, `sequence`, `kind` (`core`: the bases around
        it are those of the background, `flank`, or `noted`), `target`, `effect`, `low`, `high`,
        `score` of the motif's matrix in bits (NaN without one).
    """
    bootstrap = Bootstrap(len(backgrounds), settings["replicates"], settings["seed"])
    rows = []
    for pattern in patterns:
        words = words_of(pattern.core, settings["flanks"])
        found = _effects(means, backgrounds, words, settings["position"] - settings["flanks"])
        for word, effect in zip(words, found, strict=True):
            score = np.nan if pattern.matrix is None else matrix_score(word, pattern.matrix)
            estimate = bootstrap(effect)
            rows.append((pattern.name, word, "flank", estimate, score))
            if word == pattern.noted:
                rows.append((pattern.name, word, "noted", estimate, score))
        core = bare(pattern.core, settings["flanks"])
        found = _effects(means, backgrounds, core, settings["position"] - settings["flanks"])
        effect = np.mean(list(found), axis=0)  # of the choices of a letter for two or three bases
        shown = "." * settings["flanks"]
        shown = shown + pattern.core.replace("N", ".") + shown
        rows.append((pattern.name, shown, "core", bootstrap(effect), np.nan))
    return table_of(name, means.targets, ["motif", "sequence", "kind"], rows, ["score"])


def _effects(means: Means, backgrounds: np.ndarray, words: Sequence[str], start: int):
    codes = np.stack([encode(word) for word in words])
    return effects(means, backgrounds, codes, np.full(len(codes), start))


def table_of(
    name: str, targets: Sequence[str], keys: Sequence[str], rows: list, more: Sequence[str] = ()
) -> pd.DataFrame:
    """Make a row a target of rows (*keys, (effect, low, high), *more)."""
    lines = [
        (
            *(name, *row[: len(keys)], target),
            *(float(end[t]) for end in row[len(keys)]),
            *row[len(keys) + 1 :],
        )
        for row in rows
        for t, target in enumerate(targets)
    ]
    return pd.DataFrame(
        lines, columns=["predictor", *keys, "target", "effect", "low", "high", *more]
    )


def best_words(flanks: pd.DataFrame, targets: Sequence[str]) -> dict[str, str]:
    """Give the word of each motif with the largest effect, mean over some targets.

    Raises
    ------
    InputError
        When the model knows none of them.
    """
    rows = flanks[(flanks["kind"] == "flank") & flanks["target"].isin(targets)]
    means = rows.groupby(["motif", "sequence"], sort=False)["effect"].mean().reset_index()
    if means["effect"].isna().any():
        raise InputError(
            f"interpret.targets: this binary model has not learned {', '.join(targets)}, of which "
            "there are no peaks; choose other targets or leave it out of the experiment"
        )
    best = means.loc[means.groupby("motif", sort=False)["effect"].idxmax()]
    return dict(zip(best["motif"], best["sequence"], strict=True))
