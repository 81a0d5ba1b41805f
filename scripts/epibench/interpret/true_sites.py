"""Find the positions of natural sequences that the grammar of a simulation uses."""

from collections.abc import Mapping

import numpy as np

from epibench.simulate.grammar import Grammar
from epibench.simulate.sites import Scorer, find_sites


def true_sites(
    codes: np.ndarray, grammar: Grammar, scorers: Mapping[str, Scorer], target: str
) -> np.ndarray:
    """Mark the cores of all sites that change the coverage of a target.

    Found by the grammar's own scanner, whether they were planted or are there by chance; sites
    without effect (of motifs without weight in the target, or right at the threshold) are left out.

    Parameters
    ----------
    codes : uint8, shape (sequences, length)
        Base codes, 4 = N.
    grammar : Grammar
    scorers : mapping of str to Scorer
        Of the grammar, as of `epibench.simulate.sites.load_scorers`.
    target : str
        One of the grammar's cell types.

    Returns
    -------
    bool, shape (sequences, length)
    """
    active = {name for name, motif in grammar.motifs.items() if motif.weights[target] != 0}
    covered = np.zeros(codes.shape, bool)
    for row, sequence in zip(covered, codes, strict=True):
        for name in active:
            scorer = scorers[name]
            sites = find_sites(sequence, scorer)
            first, last = scorer.core
            start = sites.start + np.where(sites.reverse, len(scorer.scores) - last, first)
            for begin in start[sites.effect > 0]:
                row[begin : begin + last - first] = True
    return covered
