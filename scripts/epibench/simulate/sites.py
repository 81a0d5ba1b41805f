"""Find the places of a sequence that a motif of the grammar counts as its sites."""

import warnings
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from epibench.errors import InputError
from epibench.sequence import N, reverse_complement
from epibench.simulate.grammar import Grammar, Motif
from epibench.words import BASES

PSEUDOCOUNT = 0.5  # per base and column
UNIT = 1_000  # scores are whole thousandths of a bit: sums are exact, ties are ties
IMPOSSIBLE = -1_000_000  # score of a word with an N


@dataclass(frozen=True)
class Scorer:
    """A motif ready for scanning.

    `scores` (columns, 5) int32, log-odds in thousandths of a bit per base code; `frequencies`
    (columns, 4); `best` and `threshold` in the unit of `scores`; `core` half-open columns;
    `flanks` (4, 5) float64, factor of the two bases before and two behind the core per base code.
    """

    scores: np.ndarray
    frequencies: np.ndarray
    best: int
    threshold: int
    core: tuple[int, int]
    flanks: np.ndarray


@dataclass(frozen=True)
class Sites:
    """Sites of one motif, by position; arrays (sites,).

    `start`, `end` int64 of the whole matrix, `centre` int64 of the core (of an even one the second
    of the two middle bases, along its strand), `reverse` bool, `effect` float64 (affinity x flank
    factor).
    """

    start: np.ndarray
    end: np.ndarray
    centre: np.ndarray
    reverse: np.ndarray
    effect: np.ndarray


def load_scorers(grammar: Grammar) -> dict[str, Scorer]:
    """Load the grammar's matrices from JASPAR and prepare them for scanning.

    Parameters
    ----------
    grammar : Grammar

    Returns
    -------
    dict of str to Scorer
        By motif name.

    Raises
    ------
    InputError
        If the release or a matrix is unknown, or a core lies outside its matrix.
    """
    # Imported here: reading a grammar at parse time must not cost it.
    from pyjaspar import jaspar_releases, jaspardb

    if grammar.jaspar not in jaspar_releases:
        raise InputError(
            f"{grammar.file}: jaspar: pyjaspar has no release '{grammar.jaspar}'; "
            f"use one of {', '.join(jaspar_releases)}"
        )
    database = jaspardb(release=grammar.jaspar)
    with closing(database.conn), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of an unknown matrix and gives None
        records = {
            name: database.fetch_motif_by_id(motif.matrix) for name, motif in grammar.motifs.items()
        }
    scorers = {}
    for name, motif in grammar.motifs.items():
        if records[name] is None:
            raise InputError(
                f"{grammar.file}: motifs.{name}.matrix: {grammar.jaspar} has no matrix "
                f"'{motif.matrix}'; give an identifier with its version, such as MA0139.1"
            )
        counts = np.array([records[name].counts[base] for base in BASES]).T
        if not 0 <= motif.core[0] < motif.core[1] <= len(counts):
            raise InputError(
                f"{grammar.file}: motifs.{name}.core: {list(motif.core)} does not lie within the "
                f"{len(counts)} columns of {motif.matrix}; give a 0-based half-open range of them"
            )
        scorers[name] = make_scorer(counts, motif)
    return scorers


def make_scorer(counts: np.ndarray, motif: Motif) -> Scorer:
    """Make log-odds scores against equal base frequencies from a count matrix (columns, 4)."""
    frequencies = (counts + PSEUDOCOUNT) / (counts + PSEUDOCOUNT).sum(axis=1, keepdims=True)
    scores = np.full((len(counts), 5), IMPOSSIBLE, dtype=np.int32)
    scores[:, :N] = np.round(np.log2(4 * frequencies) * UNIT)
    best = int(scores.max(axis=1).sum())
    flanks = np.ones((4, 5))
    if motif.flanks:
        factors = motif.flanks.before + motif.flanks.after
        flanks[:, :N] = [[row[base] for base in BASES] for row in factors]
    return Scorer(scores, frequencies, best, round(motif.threshold * best), motif.core, flanks)


def find_sites(codes: np.ndarray, scorer: Scorer) -> Sites:
    """Find a motif's sites on both strands of a sequence.

    Of words whose cores overlap only the best is a site (a palindrome or a run of G is bound once);
    at equal scores the forward strand, then the leftmost.

    Parameters
    ----------
    codes : (positions,) uint8
        Base codes, 4 = N.
    scorer : Scorer

    Returns
    -------
    Sites
    """
    width = len(scorer.scores)
    first, last = scorer.core
    backward = _scan(codes, np.ascontiguousarray(scorer.scores[::-1, [3, 2, 1, 0, 4]]))
    forward = _scan(codes, scorer.scores)
    plus = np.flatnonzero(forward >= scorer.threshold)
    minus = np.flatnonzero(backward >= scorer.threshold)
    start = np.concatenate([plus, minus])
    score = np.concatenate([forward[plus], backward[minus]])
    reverse = np.arange(len(start)) >= len(plus)
    core = start + np.where(reverse, width - last, first)
    chosen = _best_of_overlapping(core, score, reverse, last - first)
    start, score, reverse, core = start[chosen], score[chosen], reverse[chosen], core[chosen]
    affinity = (score - scorer.threshold) / (scorer.best - scorer.threshold)
    effect = affinity * _flank_factor(codes, scorer, core, reverse)
    centre = core + (last - first - reverse) // 2
    return Sites(start, start + width, centre, reverse, effect)


def _scan(codes: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Score the word that starts at each position: (positions - width + 1,) int32.

    Three columns at a time, by a table of all triples: three times as fast.
    """
    width, single = len(scores), len(scores) // 3 * 3
    total = np.zeros(max(0, len(codes) - width + 1), dtype=np.int32)
    triples = codes[:-2] * np.uint8(25) + codes[1:-1] * np.uint8(5) + codes[2:]
    for column in range(0, single, 3):
        one, two, three = scores[column : column + 3]
        values = (one[:, None, None] + two[:, None] + three).ravel()
        total += values[triples[column : column + len(total)]]
    for column in range(single, width):
        total += scores[column][codes[column : column + len(total)]]
    return total


def _best_of_overlapping(core, score, reverse, length: int) -> np.ndarray:
    """Choose words from the best down, each unless its core overlaps a chosen one; by position."""
    taken: dict[int, int] = {}  # a stretch of `length` bp holds at most one chosen start
    chosen = []
    for index in np.lexsort((core, reverse, -score)):
        start = int(core[index])
        near = [taken.get(start // length + step) for step in (-1, 0, 1)]
        if all(other is None or abs(other - start) >= length for other in near):
            taken[start // length] = start
            chosen.append(index)
    chosen = np.array(chosen, dtype=np.int64)
    return chosen[np.argsort(core[chosen])]


def _flank_factor(codes, scorer: Scorer, core, reverse) -> np.ndarray:
    """Multiply the factors of the four flanking bases of each core; a missing base counts 1."""
    length = scorer.core[1] - scorer.core[0]
    padded = np.concatenate([[N, N], codes, [N, N]]).astype(np.uint8)  # shifts positions by 2
    offsets = np.array([0, 1, length + 2, length + 3])
    bases = padded[core[:, None] + offsets].reshape(-1, 4)
    bases[reverse] = reverse_complement(bases[reverse])
    return scorer.flanks[np.arange(4), bases].prod(axis=1)
