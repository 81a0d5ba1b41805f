"""Predict coverage with the grammar itself, in place of a model."""

import numpy as np

from epibench.sequence import N
from epibench.simulate.coverage import (
    background,
    expected_coverage,
    fragment_rate,
    influence,
)
from epibench.simulate.grammar import Grammar
from epibench.simulate.sites import find_sites, load_scorers

PIECE = 1 << 17
"""Bases that go through the grammar at once: few enough to stay in the processor's cache."""


class GrammarPredictor:
    """Gives the mean expected coverage of inputs, each taken by itself.

    Without noise, and without surroundings: no site, base or fragment outside an input counts.

    Parameters
    ----------
    grammar : Grammar
    length : int
        Bases of an input.

    Attributes
    ----------
    targets : list of str
        The grammar's cell types.
    length : int

    Raises
    ------
    InputError
        If JASPAR lacks a matrix of the grammar.
    """

    def __init__(self, grammar: Grammar, length: int) -> None:
        self.targets = list(grammar.cell_types)
        self.length = length
        self._grammar = grammar
        self._scorers = load_scorers(grammar)
        self._gap = influence(grammar)

    def __call__(self, codes: np.ndarray) -> np.ndarray:
        """Compute the mean over all bases of each input; a base N has no coverage and counts as 0.

        Parameters
        ----------
        codes : (inputs, length) uint8
            Base codes, 4 = N.

        Returns
        -------
        (inputs, targets) float32
            Fold change over control.

        Raises
        ------
        ValueError
            If the inputs are of another length.
        """
        if codes.shape[1:] != (self.length,):
            raise ValueError(f"inputs of shape {codes.shape[1:]}, not ({self.length},)")
        means = np.empty((len(codes), len(self.targets)), dtype=np.float32)
        step = max(1, PIECE // (self.length + self._gap))
        for start in range(0, len(codes), step):
            means[start : start + step] = self._means(codes[start : start + step])
        return means

    def _means(self, codes: np.ndarray) -> np.ndarray:
        """Join inputs to one sequence, with N between them over which nothing reaches."""
        joined = np.pad(codes, ((0, 0), (0, self._gap)), constant_values=N).ravel()
        sites = {name: find_sites(joined, scorer) for name, scorer in self._scorers.items()}
        level = background(joined, self._grammar)
        unknown, fragment = joined == N, self._grammar.measurement.fragment
        means = np.empty((len(codes), len(self.targets)))
        for number, cell in enumerate(self.targets):
            rate = fragment_rate(level, sites, cell, self._grammar)
            coverage = expected_coverage(rate, unknown, fragment).reshape(len(codes), -1)
            means[:, number] = coverage[:, : self.length].mean(axis=1, dtype=np.float64)
        return means
