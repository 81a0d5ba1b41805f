"""Compute what every small change of an element does to expected coverage."""

from collections.abc import Iterator, Sequence

import numpy as np

from epibench.sequence import N
from epibench.simulate.coverage import background, expected_coverage, fragment_rate, influence
from epibench.simulate.elements import Element
from epibench.simulate.grammar import Grammar
from epibench.simulate.sites import Scorer, Sites, find_sites
from epibench.words import BASES

COLUMNS = (
    *("Chrom", "Pos", "Ref", "Alt", "Barcodes", "DNA", "RNA"),
    *("Coefficient", "pValue", "Element", "Release"),
)
"""Those of the public table of Kircher et al. 2019."""

MUTATED = 200
"""Positions of an element that are changed, in bp, around its centre."""

MEASURED = 1024
"""Region around a change over which coverage is averaged, in bp."""

NEAR = 60
"""Distance in bp beyond which a change moves no site of a motif."""

BARCODES, DNA = 100, 1000


def choose_elements(
    elements: Sequence[Element], strengths: Sequence[Sequence[float]], count: int
) -> list[Element]:
    """Choose the strongest element of each kind, the strongest kinds first.

    Parameters
    ----------
    elements : sequence of Element
    strengths : sequence of sequence of float
        Highest expected coverage, [cell type][element].
    count : int
        How many, at most one of a kind.

    Returns
    -------
    list of Element
        By position.
    """
    order = np.argsort(-np.max(strengths, axis=0), kind="stable")
    chosen: dict[str, Element] = {}
    for index in order:
        element = elements[index]
        if len(chosen) < count:
            chosen.setdefault(element.kind, element)
    return sorted(chosen.values(), key=lambda element: element.centre)


def mutagenesis_lines(
    chromosome: str,
    codes: np.ndarray,
    elements: Sequence[Element],
    grammar: Grammar,
    scorers: dict[str, Scorer],
) -> Iterator[str]:
    """Format the effect of every substitution and 1-bp deletion in the middle of elements.

    The effect is log2 of the changed over the unchanged expected coverage, the mean over cell types
    and over the `MEASURED` bp around the change: no noise, so `Barcodes` are the same for all and
    `pValue` is 0 where there is an effect. `RNA` is `DNA` times the change.

    Parameters
    ----------
    chromosome : str
    codes : uint8, shape (positions,)
        Of the whole chromosome.
    elements : sequence of Element
    grammar : Grammar
    scorers : dict of str to Scorer
    """
    name = chromosome.removeprefix("chr")
    for element in elements:
        for position, alt, effect in effects(codes, element.centre, grammar, scorers):
            row = [name, position + 1, BASES[codes[position]], alt, BARCODES, DNA]
            row += [round(DNA * 2**effect), f"{effect:.6g}", int(effect == 0)]
            row += [f"{chromosome}_{element.kind}", "simulated"]
            yield "\t".join(map(str, row)) + "\n"


def effects(
    codes: np.ndarray, centre: int, grammar: Grammar, scorers: dict[str, Scorer]
) -> Iterator[tuple[int, str, float]]:
    """Give position, new base ("-" for none) and effect of each change around a centre.

    Only a stretch goes through the grammar, long enough that its ends change nothing.
    """
    first = centre - MUTATED // 2
    margin = MEASURED // 2 + influence(grammar) + NEAR
    start, end = max(0, first - margin), min(len(codes), first + MUTATED + margin)
    stretch = codes[start:end]
    sites = {name: find_sites(stretch, scorer) for name, scorer in scorers.items()}
    unchanged = _coverage(stretch, sites, grammar)
    for position in range(first, first + MUTATED):
        at = position - start
        before = unchanged[_around(at)].mean()
        for base in range(len(BASES)):
            if base == codes[position]:
                continue
            changed = stretch.copy()
            changed[at] = base
            moved = _sites_after(stretch, changed, at, sites, scorers)
            after = _coverage(changed, moved, grammar)[_around(at)].mean()
            yield position, BASES[base], _log2(after, before)
        changed = np.delete(stretch, at)
        moved = {name: find_sites(changed, scorer) for name, scorer in scorers.items()}
        after = _coverage(changed, moved, grammar)[_around(at)].mean()
        yield position, "-", _log2(after, before)


def _around(at: int) -> slice:
    return slice(at - MEASURED // 2, at + MEASURED // 2)


def _log2(after: float, before: float) -> float:
    return float(np.log2(after / before)) + 0.0  # no minus before 0


def _coverage(codes: np.ndarray, sites: dict[str, Sites], grammar: Grammar) -> np.ndarray:
    """Give expected coverage, the mean over cell types: (positions,) float64."""
    fragment, unknown = grammar.measurement.fragment, codes == N
    level = background(codes, grammar)
    rates = [fragment_rate(level, sites, cell, grammar) for cell in grammar.cell_types]
    return np.mean([expected_coverage(rate, unknown, fragment) for rate in rates], 0, np.float64)


def _sites_after(
    codes: np.ndarray,
    changed: np.ndarray,
    at: int,
    sites: dict[str, Sites],
    scorers: dict[str, Scorer],
) -> dict[str, Sites]:
    """Find the sites of a sequence with another base, anew for the motifs that it changes."""
    near = slice(max(0, at - NEAR), at + NEAR)
    return {
        name: sites[name]
        if _same(find_sites(codes[near], scorer), find_sites(changed[near], scorer))
        else find_sites(changed, scorer)
        for name, scorer in scorers.items()
    }


def _same(one: Sites, other: Sites) -> bool:
    return all(
        np.array_equal(getattr(one, key), getattr(other, key))
        for key in ("start", "reverse", "effect")
    )
