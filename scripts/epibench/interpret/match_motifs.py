"""Compare filters with known motifs (TOMTOM, Gupta et al. 2007; memelite)."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from memelite import tomtom
from scipy.stats import false_discovery_control

from epibench.errors import InputError
from epibench.interpret.clip import frequencies, information
from epibench.interpret.filters import Filters
from epibench.interpret.jaspar import JasparMotif

FEWEST_MOTIFS = 25
"""Under so many the columns of the motifs are too few to tell what chance gives."""

SEED = 0
"""Of the orders of the columns of shuffled filters."""

_OF_MATCH = ["matches", "best_motif", "best_name", "best_q", "best_p", "offset", "strand"]
_OF_MATCH += ["shuffled_matches"]


def match_filters(
    name: str, filters: Filters, motifs: Sequence[JasparMotif], threshold: float
) -> pd.DataFrame:
    """Find the motifs that each filter of a model resembles.

    The clipped filter is compared with every motif on both strands. A p-value is that of the best
    offset, against motifs whose columns are drawn from those of all motifs; q-values are after
    Benjamini & Hochberg over the motifs, for each filter by itself. Known motifs are no random
    columns, so filters of many weak columns match more often than `threshold` promises; the same
    filters with their columns in a random order show how often.

    Parameters
    ----------
    name : str
        The predictor.
    filters : Filters
    motifs : sequence of JasparMotif
        At least 25.
    threshold : float
        Motifs with a q-value below are matches; the paper's is 0.1.

    Returns
    -------
    DataFrame
        One row a filter: `predictor`, `filter` (0-based), `activation`, `sites`, `maximum`,
        `information` (bits, sum over the clipped columns), `start`, `end` (clipped columns,
        half-open), `matches` (motifs with q below the threshold), and of the motif with the lowest
        p-value, whether it is a match or not, `best_motif` (id), `best_name`, `best_q`, `best_p`,
        `offset` (column of the turned motif that the first clipped column lies on, below 0 where
        the filter begins first), `strand` ("-": the motif is turned); `hit_threshold`;
        `shuffled_matches` (those of the filter with its columns in a random order). Filters without
        informative columns have no motif, missing values and 0 matches.

    Raises
    ------
    InputError
        For fewer than 25 motifs.
    """
    if len(motifs) < FEWEST_MOTIFS:
        raise InputError(
            f"{len(motifs)} motifs are too few for p-values, which need {FEWEST_MOTIFS}; choose "
            "another release or taxon of JASPAR"
        )
    table = pd.DataFrame(
        {
            "predictor": name,
            "filter": np.arange(len(filters.sites)),
            "activation": filters.activation,
            "sites": filters.sites,
            "maximum": filters.maximum,
        }
    )
    clipped = filters.clipped()
    ppms = {i: frequencies(filters.counts[i, start:end]) for i, (start, end) in clipped.items()}
    rows = [
        (i, information(ppm).sum(), *clipped[i], *match)
        for (i, ppm), match in zip(ppms.items(), _compare(ppms, motifs, threshold), strict=True)
    ]
    columns = ["filter", "information", "start", "end", *_OF_MATCH]
    table = table.merge(pd.DataFrame(rows, columns=columns), on="filter", how="left")
    table = table.astype(dict.fromkeys(["start", "end", "offset"], "Int64"))
    counts = ["matches", "shuffled_matches"]
    table[counts] = table[counts].fillna(0).astype(int)
    table.insert(table.columns.get_loc("shuffled_matches"), "hit_threshold", threshold)
    return table


def _compare(
    ppms: dict[int, np.ndarray], motifs: Sequence[JasparMotif], threshold: float
) -> list[tuple]:
    """Give the values of `_OF_MATCH` for each filter."""
    if not ppms:
        return []
    rng = np.random.default_rng(SEED)
    queries = [ppm.T for ppm in ppms.values()]
    queries += [rng.permutation(query, axis=1) for query in queries]
    p, _, offset, _, strand = tomtom(queries, [frequencies(motif.counts).T for motif in motifs])
    q = false_discovery_control(p, axis=1)
    matches = (q < threshold).sum(axis=1)
    found = []
    for row, shuffled in zip(range(len(ppms)), matches[len(ppms) :], strict=True):
        best = int(np.argmin(p[row]))
        motif, turned = motifs[best], "-" if strand[row, best] else "+"
        of_best = (motif.id, motif.name, q[row, best], p[row, best], int(offset[row, best]), turned)
        found.append((int(matches[row]), *of_best, int(shuffled)))
    return found
