"""Write a simulated study: genome, replicates, peaks, unmappable regions and the truth."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import numpy as np
import pysam

from epibench.data.intervals import runs
from epibench.data.write_bigwig import new_bigwig
from epibench.errors import InputError
from epibench.files import whole
from epibench.sequence import N
from epibench.simulate.coverage import background, expected_coverage, fragment_rate, measure
from epibench.simulate.elements import Element, plant_elements
from epibench.simulate.files import SHORTEST_CHROMOSOME, simulated_files
from epibench.simulate.genome import Chromosome, draw_chromosome, draw_repeat_families
from epibench.simulate.grammar import Grammar
from epibench.simulate.mutagenesis import COLUMNS, choose_elements, mutagenesis_lines
from epibench.simulate.peaks import call_peaks, narrow_peak_line
from epibench.simulate.runs import write_runs
from epibench.simulate.sites import Scorer, find_sites, load_scorers
from epibench.simulate.tables import (
    MOTIF_COLUMNS,
    element_columns,
    element_lines,
    motif_lines,
    region_of,
)

LINE = 60  # bases a FASTA line


def simulate(
    grammar: Grammar,
    folder: str | Path,
    *,
    seed: int,
    chromosomes: dict[str, int],
    mutated: Mapping[str, int] | None = None,
) -> None:
    """Simulate a genome and its accessibility, and write what a real study would start from.

    Chromosome by chromosome, so memory grows with the longest one only; every file appears whole
    when all are done.

    Parameters
    ----------
    grammar : Grammar
    folder : str or Path
        Gets the files that `simulated_files` names.
    seed : int
        Of every random draw: the same seed gives the same values.
    chromosomes : dict of str to int
        Length in bp by name, in the order of the FASTA file.
    mutated : mapping of str to int or None
        Elements of a chromosome whose every small change is in the table of mutagenesis.

    Raises
    ------
    InputError
        If a chromosome is too short, or JASPAR lacks a matrix of the grammar.
    """
    for name, length in chromosomes.items():
        if length < SHORTEST_CHROMOSOME:
            raise InputError(
                f"simulated chromosome '{name}': {length} bp is too short for gaps and elements; "
                f"give at least {SHORTEST_CHROMOSOME}"
            )
    scorers = load_scorers(grammar)
    root, *seeds = np.random.SeedSequence(seed).spawn(1 + len(chromosomes))
    families = draw_repeat_families(np.random.default_rng(root))
    with _open_outputs(folder, grammar.cell_types, chromosomes) as outputs:
        for (name, length), branch in zip(chromosomes.items(), seeds, strict=True):
            first, *noise = branch.spawn(1 + 2 * len(grammar.cell_types))
            rng = np.random.default_rng(first)
            chromosome = draw_chromosome(rng, length, families)
            elements = plant_elements(rng, chromosome, grammar, scorers)
            _write_sequence(outputs, name, chromosome)
            strengths = _write_accessibility(
                outputs, name, chromosome, elements, grammar, scorers, noise
            )
            chosen = choose_elements(elements, strengths, (mutated or {}).get(name, 0))
            outputs["mutagenesis"].writelines(
                mutagenesis_lines(name, chromosome.codes, chosen, grammar, scorers)
            )


@contextmanager
def _open_outputs(folder, cell_types, chromosomes: dict[str, int]) -> Iterator[dict]:
    """Open every output under a temporary name: the dict of `simulated_files` with open files."""
    names = simulated_files(folder, cell_types)
    with ExitStack() as stack:

        def open_text(path, *header):
            file = stack.enter_context(open(stack.enter_context(whole(path)), "w"))
            file.write("\t".join(header) + "\n" if header else "")
            return file

        def open_bigwig(path):
            return stack.enter_context(new_bigwig(path, chromosomes, zooms=False))

        fasta = stack.enter_context(whole(names["fasta"]))
        yield {
            "fasta": stack.enter_context(closing(pysam.BGZFile(str(fasta), "wb"))),
            "unmappable": open_text(names["unmappable"]),
            "elements": open_text(names["elements"], *element_columns(cell_types)),
            "motifs": open_text(names["motifs"], *MOTIF_COLUMNS),
            "mutagenesis": open_text(names["mutagenesis"], *COLUMNS),
            "targets": {
                cell: {
                    kind: open_text(path) if kind == "peaks" else open_bigwig(path)
                    for kind, path in paths.items()
                }
                for cell, paths in names["targets"].items()
            },
        }


def _write_sequence(outputs: dict, name: str, chromosome: Chromosome) -> None:
    """Write the FASTA record and the unmappable regions of one chromosome."""
    letters = np.frombuffer(b"ACGTN", dtype=np.uint8)[chromosome.codes]
    letters[chromosome.lower] |= 0x20  # lower case
    outputs["fasta"].write(f">{name}\n".encode())
    text = letters.tobytes()
    for start in range(0, len(text), LINE):
        outputs["fasta"].write(text[start : start + LINE] + b"\n")
    for start, end in runs(chromosome.excluded()).tolist():
        outputs["unmappable"].write(f"{name}\t{start}\t{end}\n")


def _write_accessibility(
    outputs: dict,
    name: str,
    chromosome: Chromosome,
    elements: list[Element],
    grammar: Grammar,
    scorers: dict[str, Scorer],
    noise: list[np.random.SeedSequence],
) -> list[list[float]]:
    """Write truth, replicates and peaks of one chromosome, cell type by cell type.

    Gives the highest expected coverage of each element, [cell type][element].
    """
    codes, unmapped, unknown = chromosome.codes, chromosome.excluded(), chromosome.codes == N
    sites = {motif: find_sites(codes, scorer) for motif, scorer in scorers.items()}
    level = background(codes, grammar)
    regions = [region_of(element, grammar) for element in elements]
    strengths = []
    for number, (cell, files) in enumerate(outputs["targets"].items()):
        rate = fragment_rate(level, sites, cell, grammar)
        truth = expected_coverage(rate, unknown, grammar.measurement.fragment)
        strengths.append([float(truth[start:end].max()) for start, end in regions])
        write_runs(files["truth"], name, truth, ~unknown)
        for replicate, key in enumerate(("track", "replicate2")):
            rng = np.random.default_rng(noise[2 * number + replicate])
            depth = grammar.measurement.depth[replicate]
            coverage = measure(rng, rate, unmapped, depth, grammar.measurement)
            write_runs(files[key], name, coverage, ~unknown)
            if key == "track":
                for rank, peak in enumerate(call_peaks(coverage), start=1):
                    line = narrow_peak_line(name, f"{cell}_{name}_{rank}", peak)
                    files["peaks"].write(line)
    outputs["elements"].writelines(element_lines(name, elements, regions, strengths))
    outputs["motifs"].writelines(motif_lines(name, elements, sites))
    return strengths
