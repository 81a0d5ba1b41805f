"""Plant regulatory elements, groups of motif instances, into a chromosome."""

from dataclasses import dataclass

import numpy as np

from epibench.sequence import reverse_complement
from epibench.simulate.genome import Chromosome
from epibench.simulate.grammar import Grammar, Kind
from epibench.simulate.sites import Scorer

MARGIN = 2_000  # bp between an element's centre and excluded bases or chromosome ends
CLOSEST = 0.3  # least distance between centres, as a share of the mean
FLANK = 2  # bases beside an instance that no other instance overwrites
TRIES = 20  # places tried for an instance before it is left out
DRAWS = 10_000  # words drawn from a matrix, of which the strong enough ones are planted


@dataclass(frozen=True)
class Element:
    """One planted element: 0-based centre, kind, and (motif, start, end) of each instance."""

    centre: int
    kind: str
    instances: list[tuple[str, int, int]]


def plant_elements(
    rng: np.random.Generator,
    chromosome: Chromosome,
    grammar: Grammar,
    scorers: dict[str, Scorer],
) -> list[Element]:
    """Write motif instances into `chromosome.codes`, element by element.

    Instances of a motif are words drawn from its matrix, on a random strand; bases around them stay
    as they are, so flanks vary.

    Parameters
    ----------
    rng : numpy.random.Generator
    chromosome : Chromosome
        Changed in place.
    grammar : Grammar
    scorers : dict of str to Scorer

    Returns
    -------
    list of Element
        By position; elements for whose instances there was no room are left out.
    """
    affinity = grammar.elements.least_affinity
    words = {name: _draw_words(rng, scorer, affinity) for name, scorer in scorers.items()}
    kinds = list(grammar.elements.kinds.items())
    shares = np.array([kind.share for _, kind in kinds])
    excluded = np.concatenate([[0], np.cumsum(chromosome.excluded())])
    occupied = np.zeros(len(chromosome.codes), dtype=bool)
    elements = []
    for centre in _centres(rng, len(chromosome.codes), grammar.elements.spacing):
        if excluded[centre + MARGIN] > excluded[centre - MARGIN]:
            continue
        name, kind = kinds[rng.choice(len(kinds), p=shares / shares.sum())]
        instances = _plant(rng, chromosome.codes, occupied, centre, kind, words)
        if instances:
            elements.append(Element(centre, name, instances))
    return elements


def _centres(rng: np.random.Generator, length: int, spacing: float) -> list[int]:
    """Draw centres: a least distance plus an exponential one, `spacing` on average."""
    number = int(length / spacing * 2) + 10
    steps = spacing * CLOSEST + rng.exponential(spacing * (1 - CLOSEST), number)
    centres = MARGIN + np.cumsum(steps).astype(int)
    return centres[centres < length - MARGIN].tolist()


def _draw_words(rng: np.random.Generator, scorer: Scorer, affinity: float) -> np.ndarray:
    """Draw words from a matrix and keep those of enough affinity: (words, columns) uint8."""
    least = scorer.threshold + affinity * (scorer.best - scorer.threshold)
    columns = np.arange(len(scorer.scores))
    cumulative = scorer.frequencies.cumsum(axis=1)[:, :3]
    words = (rng.random((DRAWS, len(columns), 1)) > cumulative).sum(axis=2).astype(np.uint8)
    strong = words[scorer.scores[columns, words].sum(axis=1) >= least]
    best = scorer.scores.argmax(axis=1).astype(np.uint8)
    return np.concatenate([best[None], strong])  # never empty


def _plant(rng, codes, occupied, centre: int, kind: Kind, words) -> list[tuple[str, int, int]]:
    """Write the instances of one element; give their motif, start and end."""
    names = [name for name, mean in kind.motifs.items() for _ in range(rng.poisson(mean))]
    names = names or [max(kind.motifs, key=kind.motifs.get)]  # at least one
    instances = []
    for name in names:
        word = words[name][rng.integers(len(words[name]))]
        for _ in range(TRIES):
            start = centre + round(rng.normal(0, kind.spread)) - len(word) // 2
            around = slice(start - FLANK, start + len(word) + FLANK)
            if abs(start - centre) < MARGIN - len(word) and not occupied[around].any():
                codes[start : start + len(word)] = (
                    word if rng.random() < 0.5 else reverse_complement(word)
                )
                occupied[start : start + len(word)] = True
                instances.append((name, start, start + len(word)))
                break
    return sorted(instances, key=lambda instance: instance[1])
