"""Compare motifs with known ones, all with all."""

from collections.abc import Sequence

import numpy as np
from memelite import tomtom
from scipy.stats import false_discovery_control

from epibench.interpret.clip import frequencies
from epibench.interpret.jaspar import JasparMotif


def q_values(ppms: Sequence[np.ndarray], motifs: Sequence[JasparMotif]) -> np.ndarray:
    """Give the q-value of every known motif for every query, as of TOMTOM.

    Parameters
    ----------
    ppms : sequence of (width, 4) float
        Frequencies of the queries; may be empty.
    motifs : sequence of JasparMotif

    Returns
    -------
    float64, shape (queries, motifs)
        After Benjamini & Hochberg over the motifs, for each query by itself.
    """
    if not len(ppms):
        return np.ones((0, len(motifs)))
    p = tomtom([ppm.T for ppm in ppms], [frequencies(motif.counts).T for motif in motifs])[0]
    return false_discovery_control(p, axis=1)
