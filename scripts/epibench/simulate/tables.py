"""Format the truth tables of a simulated study: elements and motif sites."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from epibench.simulate.elements import Element
from epibench.simulate.grammar import Grammar
from epibench.simulate.sites import Sites

MOTIF_COLUMNS = ("chrom", "start", "end", "strand", "motif", "element", "effect")
SPONTANEOUS = "."  # in the column `element`: a site that nobody planted


def element_columns(cell_types: Iterable[str]) -> tuple[str, ...]:
    """Name the columns of the element table."""
    strengths = (f"strength_{cell}" for cell in cell_types)
    return ("chrom", "start", "end", "element", "kind", "centre", "width", *strengths)


def region_of(element: Element, grammar: Grammar) -> tuple[int, int]:
    """Span the bases where the kernel of any of an element's instances is above one half."""
    spans = [
        ((start + end) // 2, grammar.motifs[motif].radius // 2)
        for motif, start, end in element.instances
    ]
    return (
        min(middle - half for middle, half in spans),
        max(middle + half for middle, half in spans),
    )


def element_lines(
    chromosome: str,
    elements: Sequence[Element],
    regions: Sequence[tuple[int, int]],
    strengths: Sequence[Sequence[float]],
) -> Iterator[str]:
    """Format elements with their regions; `strengths` [cell type][element] in fold change."""
    for index, (element, (start, end)) in enumerate(zip(elements, regions, strict=True)):
        fields = [chromosome, start, end, _name(chromosome, index), element.kind]
        fields += [element.centre, end - start]
        fields += [f"{of_cell[index]:.4g}" for of_cell in strengths]
        yield "\t".join(map(str, fields)) + "\n"


def motif_lines(
    chromosome: str, elements: Sequence[Element], sites: dict[str, Sites]
) -> Iterator[str]:
    """Format every site that the truth counts, by position; planted ones name their element."""
    rows = []
    for motif, found in sites.items():
        owners = _owners(chromosome, motif, elements, found)
        places = zip(found.start.tolist(), found.end.tolist(), found.reverse, strict=True)
        for (start, end, reverse), owner, effect in zip(places, owners, found.effect, strict=True):
            rows.append((start, end, "-" if reverse else "+", motif, owner, f"{effect:.4g}"))
    for row in sorted(rows):
        yield "\t".join(map(str, (chromosome, *row))) + "\n"


def _name(chromosome: str, index: int) -> str:
    return f"{chromosome}_{index + 1}"


def _owners(chromosome: str, motif: str, elements: Sequence[Element], sites: Sites) -> list[str]:
    """Name for each site the element one of whose instances of this motif it overlaps."""
    planted = sorted(
        (start, end, _name(chromosome, index))
        for index, element in enumerate(elements)
        for name, start, end in element.instances
        if name == motif
    )
    last = np.searchsorted([start for start, _, _ in planted], sites.end, side="left") - 1
    return [
        planted[index][2] if index >= 0 and planted[index][1] > start else SPONTANEOUS
        for index, start in zip(last.tolist(), sites.start.tolist(), strict=True)
    ]
