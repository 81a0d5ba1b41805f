"""Turn the patterns of the config into words that are embedded in sequences."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from epibench.files import read_json, whole
from epibench.interpret.clip import clip, frequencies
from epibench.interpret.importance import KEEP
from epibench.interpret.iupac import IUPAC
from epibench.interpret.jaspar import load_matrix
from epibench.words import BASES


@dataclass(frozen=True)
class Pattern:
    """A motif to embed: `core`, letters of IUPAC; `noted`, a word to point out, or None.

    `matrix` float64 (width, 4) has log-odds in bits against equal base frequencies, or is None.
    """

    name: str
    core: str
    noted: str | None
    matrix: np.ndarray | None


def make_patterns(motifs: Mapping[str, Mapping[str, Any]], release: str) -> list[Pattern]:
    """Complete the motifs of the config: those that name a matrix alone get its best word.

    Parameters
    ----------
    motifs : mapping
        By name: `pattern`, `matrix` and `noted`, each a str or None.
    release : str
        Of JASPAR.

    Raises
    ------
    InputError
        When the release does not have a matrix.
    """
    patterns = []
    for name, motif in motifs.items():
        counts = load_matrix(release, motif["matrix"]).counts if motif["matrix"] else None
        core = motif["pattern"] or best_word(counts)
        matrix = None if counts is None else log_odds(counts)
        patterns.append(Pattern(name, core, motif["noted"], matrix))
    return patterns


def save_patterns(patterns: Sequence[Pattern], path: str | Path) -> None:
    """Write patterns as JSON, whole or not at all."""
    rows = [
        vars(pattern) | {"matrix": None if pattern.matrix is None else pattern.matrix.tolist()}
        for pattern in patterns
    ]
    with whole(path) as temporary:
        temporary.write_text(json.dumps(rows, indent=1), encoding="utf-8")


def load_patterns(path: str | Path) -> list[Pattern]:
    """Read what `save_patterns` wrote."""
    rows = read_json(path)
    return [
        Pattern(**row | {"matrix": None if row["matrix"] is None else np.array(row["matrix"])})
        for row in rows
    ]


def log_odds(counts: np.ndarray) -> np.ndarray:
    """Give log-odds in bits against equal base frequencies, with a pseudocount."""
    return np.log2(4 * frequencies(counts))


def best_word(counts: np.ndarray) -> str:
    """Give the most frequent base of each column (width, 4), without ends of low information."""
    start, end = clip(frequencies(counts))
    return "".join(BASES[base] for base in counts[start:end].argmax(axis=1))


def encode(word: str) -> np.ndarray:
    """Give base codes, uint8; letters that stand for all four bases become `KEEP`."""
    return np.array(
        [KEEP if len(IUPAC[letter]) == 4 else BASES.index(letter) for letter in word], np.uint8
    )


def words_of(core: str, flanks: int) -> list[str]:
    """Give every word of a core with free bases on each side, all letters ACGT."""
    letters = [IUPAC[letter] for letter in "N" * flanks + core + "N" * flanks]
    return ["".join(word) for word in product(*letters)]


def bare(core: str, flanks: int) -> list[str]:
    """Give the core without flanks, which stay those of the background.

    Dots where a letter stands for all bases, and a word for each choice where it stands for two or
    three.
    """
    letters = [IUPAC[letter] if len(IUPAC[letter]) < 4 else "." for letter in core]
    edge = "." * flanks
    return [edge + "".join(word) + edge for word in product(*letters)]


def matrix_score(word: str, matrix: np.ndarray) -> float:
    """Score a word by a matrix: the best place on either strand.

    Where the word is shorter than the matrix, columns beside it count nothing.

    Parameters
    ----------
    word : str
        Letters ACGT.
    matrix : float64, shape (columns, 4)
        Log-odds.

    Returns
    -------
    float
        In the unit of the matrix.
    """
    codes = np.array([BASES.index(letter) for letter in word])
    shorter, longer = sorted((len(codes), len(matrix)))
    scores = []
    for strand in (codes, 3 - codes[::-1]):
        for offset in range(longer - shorter + 1):
            part = strand[offset : offset + shorter] if len(codes) == longer else strand
            rows = np.arange(shorter) + (0 if len(codes) == longer else offset)
            scores.append(matrix[rows, part].sum())
    return float(max(scores))
