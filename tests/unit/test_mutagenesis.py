"""The simulator's saturation mutagenesis: effects against the whole chromosome, and the format."""

import csv
from pathlib import Path

import numpy as np
import pytest

from epibench.sequence import N
from epibench.simulate.coverage import background, expected_coverage, fragment_rate
from epibench.simulate.elements import Element, plant_elements
from epibench.simulate.genome import draw_chromosome, draw_repeat_families
from epibench.simulate.grammar import read_grammar
from epibench.simulate.mutagenesis import COLUMNS, choose_elements, effects, mutagenesis_lines
from epibench.simulate.sites import find_sites, load_scorers
from epibench.simulate.write import simulate, simulated_files
from epibench.variants.tables import read_tables

GRAMMAR = read_grammar(Path(__file__).parents[2] / "resources" / "demo_grammar.yaml")
SCORERS = load_scorers(GRAMMAR)


@pytest.fixture(scope="module")
def planted():
    """Give base codes and elements of a chromosome."""
    rng = np.random.default_rng(1)
    chromosome = draw_chromosome(rng, 120_000, draw_repeat_families(rng))
    return chromosome.codes, plant_elements(rng, chromosome, GRAMMAR, SCORERS)


def mean_coverage(codes, middle, grammar=GRAMMAR):
    """Average expected coverage of the whole chromosome over cell types and 1,024 bp."""
    sites = {name: find_sites(codes, scorer) for name, scorer in SCORERS.items()}
    level, unknown, fragment = background(codes, grammar), codes == N, grammar.measurement.fragment
    around = slice(middle - 512, middle + 512)
    found = [
        expected_coverage(fragment_rate(level, sites, cell, grammar), unknown, fragment)[around]
        for cell in grammar.cell_types
    ]
    return np.mean(found, dtype=float)


def test_effects_are_those_of_the_whole_chromosome(planted):
    codes, elements = planted
    alone = GRAMMAR.model_copy(update={"pairs": ()})
    centre = max(  # where pairs matter most
        (element.centre for element in elements),
        key=lambda centre: mean_coverage(codes, centre) / mean_coverage(codes, centre, alone),
    )
    assert mean_coverage(codes, centre) > 1.2 * mean_coverage(codes, centre, alone)
    found = list(effects(codes, centre, GRAMMAR, SCORERS))
    assert len(found) == 200 * 4
    strongest = sorted(found, key=lambda row: -abs(row[2]))[:20]
    assert abs(strongest[0][2]) > 0.1
    for position, base, effect in [*strongest, *found[::97]]:
        changed = codes.copy()
        if base == "-":
            changed = np.delete(codes, position)
        else:
            changed[position] = "ACGT".index(base)
        wanted = np.log2(mean_coverage(changed, position) / mean_coverage(codes, position))
        assert effect == pytest.approx(wanted, abs=1e-6)


def test_each_position_has_three_other_bases_and_a_deletion(planted):
    codes, elements = planted
    rows = list(effects(codes, elements[0].centre, GRAMMAR, SCORERS))
    for number in range(0, 800, 4):
        position = elements[0].centre - 100 + number // 4
        four = rows[number : number + 4]
        assert {place for place, _, _ in four} == {position}
        bases = {base for _, base, _ in four}
        assert bases == set("ACGT-") - {"ACGT"[codes[position]]}


def test_the_strongest_element_of_each_kind_is_chosen():
    kinds = ["a", "b", "a", "c"]
    elements = [Element(i * 100, kind, []) for i, kind in enumerate(kinds)]
    strengths = [[1, 2, 9, 3], [1, 8, 0, 3]]
    assert [e.centre for e in choose_elements(elements, strengths, 2)] == [100, 200]
    assert [e.centre for e in choose_elements(elements, strengths, 9)] == [100, 200, 300]
    assert choose_elements(elements, strengths, 0) == []


def test_the_table_is_read_like_that_of_kircher(planted, tmp_path):
    codes, elements = planted
    lines = list(mutagenesis_lines("chr8", codes, elements[:1], GRAMMAR, SCORERS))
    (tmp_path / "table.tsv").write_text("\t".join(COLUMNS) + "\n" + "".join(lines))
    tables = read_tables(
        [tmp_path / "table.tsv"], assembly=None, elements="all", min_tags=10, deletions=True
    )
    rows = tables.rows
    assert len(rows) == 800
    assert set(rows["element"]) == {f"chr8_{elements[0].kind}"}
    assert all("ACGT"[codes[row.start]] == row.ref for row in rows.itertuples())
    wanted = {(p, b): e for p, b, e in effects(codes, elements[0].centre, GRAMMAR, SCORERS)}
    for row in rows.itertuples():
        assert row.effect == pytest.approx(wanted[row.start, row.alt], rel=1e-5)


def test_simulate_writes_the_table_and_changes_nothing_else(tmp_path):
    chromosomes = {"chr1": 110_000, "chr2": 100_000}
    simulate(GRAMMAR, tmp_path / "with", seed=3, chromosomes=chromosomes, mutated={"chr2": 1})
    simulate(GRAMMAR, tmp_path / "without", seed=3, chromosomes=chromosomes)
    files, others = (
        simulated_files(tmp_path / name, GRAMMAR.cell_types) for name in ("with", "without")
    )
    with open(files["mutagenesis"], newline="") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    assert len(rows) == 800
    assert {row["Chrom"] for row in rows} == {"2"}
    assert {row["pValue"] for row in rows} == {"0", "1"}
    assert Path(others["mutagenesis"]).read_text() == "\t".join(COLUMNS) + "\n"
    for key in ("elements", "motifs", "fasta"):
        assert Path(files[key]).read_bytes() == Path(others[key]).read_bytes()
