"""The simulated study: its statistics, its truth, its files."""

import csv
import gzip
import hashlib
import math
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
import yaml
from pyjaspar import jaspardb

from epibench.simulate.coverage import background, expected_coverage, fragment_rate
from epibench.simulate.genome import (
    draw_chromosome,
    draw_repeat_families,
    markov_sequence,
)
from epibench.simulate.grammar import read_grammar
from epibench.simulate.peaks import call_peaks
from epibench.simulate.runs import round_significant
from epibench.simulate.sites import find_sites, load_scorers
from epibench.simulate.write import simulate, simulated_files

ROOT = Path(__file__).parents[2]
GRAMMAR = ROOT / "resources" / "demo_grammar.yaml"
CHROMOSOMES = {"chr1": 400_000, "chr2": 120_000}


@pytest.fixture(scope="module")
def grammar():
    return read_grammar(GRAMMAR)


@pytest.fixture(scope="module")
def scorers(grammar):
    return load_scorers(grammar)


@pytest.fixture(scope="module")
def study(tmp_path_factory, grammar):
    folder = tmp_path_factory.mktemp("study")
    simulate(grammar, folder, seed=3, chromosomes=CHROMOSOMES, mutated={"chr2": 1})
    return simulated_files(folder, grammar.cell_types)


@pytest.fixture(scope="module")
def genome(study):
    records = {}
    with gzip.open(study["fasta"], "rt") as lines:
        for line in lines:
            if line.startswith(">"):
                name = line[1:].strip()
                records[name] = []
            else:
                records[name].append(line.strip())
    return {name: "".join(parts) for name, parts in records.items()}


def values(path, chromosome, start=0, end=None):
    with pyBigWig.open(path) as track:
        end = end or track.chroms(chromosome)
        return np.array(track.values(chromosome, start, end, numpy=True))


def intervals(path):
    return [(c, int(s), int(e)) for c, s, e in map(str.split, Path(path).read_text().splitlines())]


def rows(path):
    with open(path) as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def encode(text):
    lookup = np.full(256, 4, dtype=np.uint8)
    lookup[np.frombuffer(b"ACGTacgt", np.uint8)] = [0, 1, 2, 3, 0, 1, 2, 3]
    return lookup[np.frombuffer(text.encode(), np.uint8)]


# --- files ---------------------------------------------------------------------------------------


def test_files_are_those_named_and_nothing_else(study, grammar):
    named = [study[key] for key in study if key != "targets"]
    named += [path for target in study["targets"].values() for path in target.values()]
    assert list(study["targets"]) == list(grammar.cell_types)
    assert sorted(named) == sorted(str(path) for path in Path(study["fasta"]).parent.iterdir())


def test_same_seed_gives_the_same_study_and_another_seed_another(study, grammar, tmp_path):
    def digests(files):
        paths = [files[key] for key in study if key != "targets"]
        paths += [path for target in files["targets"].values() for path in target.values()]
        content = {Path(path).name: Path(path).read_bytes() for path in paths}
        for path in paths:
            if path.endswith(".bw"):
                arrays = [values(path, chromosome) for chromosome in CHROMOSOMES]
                content[Path(path).name] = np.concatenate(arrays).tobytes()
        return {name: hashlib.sha256(data).hexdigest() for name, data in content.items()}

    again = simulated_files(tmp_path / "again", grammar.cell_types)
    simulate(grammar, tmp_path / "again", seed=3, chromosomes=CHROMOSOMES, mutated={"chr2": 1})
    assert digests(again) == digests(study)
    other = simulated_files(tmp_path / "other", grammar.cell_types)
    simulate(grammar, tmp_path / "other", seed=4, chromosomes=CHROMOSOMES, mutated={"chr2": 1})
    same = [name for name, value in digests(other).items() if value == digests(study)[name]]
    assert same == []


def test_failure_leaves_no_file(grammar, tmp_path, monkeypatch):
    def fail(*args):
        raise RuntimeError("disk")

    monkeypatch.setattr("epibench.simulate.write.motif_lines", fail)
    with pytest.raises(RuntimeError):
        simulate(grammar, tmp_path, seed=3, chromosomes={"chr1": 100_000})
    assert list(tmp_path.iterdir()) == []


def test_gaps_are_listed_and_uncovered(study, genome):
    excluded = {name: np.zeros(length, bool) for name, length in CHROMOSOMES.items()}
    for chromosome, start, end in intervals(study["unmappable"]):
        excluded[chromosome][start:end] = True
    for name, text in genome.items():
        assert len(text) == CHROMOSOMES[name]
        unknown = np.frombuffer(text.encode(), np.uint8) == ord("N")
        edges = np.flatnonzero(np.diff(np.concatenate([[False], unknown, [False]])))
        assert len(edges) == 6  # start, middle, end
        assert unknown[0]
        assert unknown[-1]
        assert excluded[name][unknown].all()
        assert 0 < (excluded[name] & ~unknown).sum() < 0.1 * len(text)  # satellites
        for target in study["targets"].values():
            for key in ("track", "replicate2", "truth"):
                track = values(target[key], name)
                assert np.array_equal(np.isnan(track), unknown)
            assert (values(target["track"], name)[excluded[name] & ~unknown] == 0).all()
            assert values(target["truth"], name)[~unknown].min() > 0


def test_repeats_are_soft_masked(genome):
    text = genome["chr1"]
    lower = sum(base.islower() for base in text) / len(text)
    assert 0.05 < lower < 0.3


def test_peaks_are_narrow_peaks(study):
    count = 0
    for target in study["targets"].values():
        coverage = {name: np.nan_to_num(values(target["track"], name)) for name in CHROMOSOMES}
        last = ("chr1", 0)
        for line in Path(target["peaks"]).read_text().splitlines():
            fields = line.split("\t")
            assert len(fields) == 10
            chromosome, start, end, _, score, strand, signal, p, q, summit = fields
            start, end, summit = int(start), int(end), int(summit)
            assert (chromosome, start) >= last
            last = (chromosome, end)
            assert 0 <= start < end <= CHROMOSOMES[chromosome]
            assert end - start >= 150
            assert 0 <= summit < end - start
            assert 0 <= int(score) <= 1000
            assert (strand, p, q) == (".", "-1", "-1")
            highest = coverage[chromosome][start:end].max()
            assert coverage[chromosome][start + summit] == highest
            assert float(signal) == pytest.approx(highest, rel=0.01)
            count += 1
    assert count > 100


def test_peak_rule_joins_near_stretches_and_drops_short_or_low_ones():
    coverage = np.zeros(3_000, dtype=np.float32)
    coverage[100:200] = 4  # joined with the next: 50 bp apart
    coverage[250:400] = 2
    coverage[300:311] = 5
    coverage[1_000:1_100] = 9  # too short
    coverage[2_000:2_400] = 2.5  # too low
    assert call_peaks(coverage) == [(100, 400, 305, 5.0)]
    assert call_peaks(np.zeros(10, dtype=np.float32)) == []


def test_values_are_rounded_to_three_digits():
    exact = np.array([0, 0.0012345, 0.9996, 12.345, 98765], dtype=np.float32)
    assert round_significant(exact) == pytest.approx([0, 0.00123, 1.0, 12.3, 98800], rel=1e-6)


# --- genome --------------------------------------------------------------------------------------


def test_background_has_human_dinucleotides():
    codes = markov_sequence(np.random.default_rng(1), np.full(1_000, 0.41))
    single = np.bincount(codes, minlength=4) / len(codes)
    pairs = np.bincount(codes[:-1] * 4 + codes[1:], minlength=16).reshape(4, 4) / (len(codes) - 1)
    ratio = pairs / np.outer(single, single)
    assert single[1] + single[2] == pytest.approx(0.41, abs=0.005)
    assert ratio[1, 2] == pytest.approx(0.24, abs=0.05)  # CpG
    assert ratio[3, 2] > 1.1  # TpG
    assert ratio[1, 0] > 1.1  # CpA
    assert ratio[3, 0] < 0.85  # TpA
    assert np.abs(ratio - ratio[::-1, ::-1].T).max() < 0.03  # both strands alike


def test_gc_content_comes_in_blocks():
    rng = np.random.default_rng(1)
    codes = draw_chromosome(rng, 2_000_000, draw_repeat_families(rng)).codes[10_000:990_000]
    strong = (codes == 1) | (codes == 2)
    blocks = strong.reshape(-1, 10_000).mean(axis=1)
    # Ten thousand independent bases would have a standard deviation of 0.005.
    assert blocks.std() > 0.02
    assert np.corrcoef(blocks[:-1], blocks[1:])[0, 1] > 0.3


def test_planted_genome_keeps_cpg_depletion(genome):
    text = genome["chr1"].upper().replace("N", "")
    expected = text.count("C") * text.count("G") / len(text)
    assert 0.15 < text.count("CG") / expected < 0.4


# --- sites and truth -----------------------------------------------------------------------------


def slow_matrix(settings, release="JASPAR2022"):
    """Log-odds per column and base, in thousandths of a bit, from JASPAR itself."""
    record = jaspardb(release=release).fetch_motif_by_id(settings["matrix"])
    columns = []
    for column in range(record.length):
        counts = {base: record.counts[base][column] + 0.5 for base in "ACGT"}
        total = sum(counts.values())
        columns.append({b: round(1000 * math.log2(4 * n / total)) for b, n in counts.items()})
    return columns


def slow_reverse(text):
    return text[::-1].translate(str.maketrans("ACGT", "TGCA"))


def slow_sites(text, settings):
    """(core start, effect, strand) of a motif in upper-case text, the obvious way."""
    matrix = slow_matrix(settings)
    width, (first, last) = len(matrix), settings["core"]
    best = sum(max(column.values()) for column in matrix)
    threshold = round(settings["threshold"] * best)
    found = []
    for start in range(len(text) - width + 1):
        for strand in "+-":
            word = text[start : start + width]
            if "N" in word:
                continue
            word = word if strand == "+" else slow_reverse(word)
            score = sum(column[base] for column, base in zip(matrix, word, strict=True))
            if score >= threshold:
                core = start + (first if strand == "+" else width - last)
                found.append((-score, strand, core))  # "+" sorts before "-"
    kept = []
    for score, strand, core in sorted(found):
        if all(abs(core - other) >= last - first for other, _, _ in kept):
            effect = (-score - threshold) / (best - threshold)
            if "flanks" in settings:
                around = text[core - 2 : core + last - first + 2]
                around = around if strand == "+" else slow_reverse(around)
                factors = settings["flanks"]["before"] + settings["flanks"]["after"]
                for row, base in zip(factors, around[:2] + around[-2:], strict=True):
                    effect *= row.get(base, 1.0)
            kept.append((core, effect, strand))
    return kept


def slow_pairs(found, pair):
    """(middle, effect) of each pair of sites that are (middle, effect, strand)."""
    one, other = pair["motifs"]
    joint = []
    for number, (place, effect, strand) in enumerate(found[one]):
        others = found[other][number + 1 :] if one == other else found[other]
        for second, of_second, _ in others:
            along = second - place if strand == "+" else place - second
            share = 1 / (1 + math.exp((abs(along) - pair["limit"]) / pair["softness"]))
            if share >= 1e-3 and (pair["side"] == "both" or along > 0):
                joint.append(((place + second) // 2, effect * of_second * share))
    return joint


def slow_truth(text, cell, content, start, end):
    """Expected coverage of text[start:end], from the grammar's own words."""
    found, sites = {}, []
    for name, settings in content["motifs"].items():
        length = settings["core"][1] - settings["core"][0]
        found[name] = []
        for core, effect, strand in slow_sites(text, settings):
            middle = core + (length // 2 if strand == "+" else length - 1 - length // 2)
            found[name].append((middle, effect, strand))
            sites.append((middle, settings["radius"], settings["weights"][cell] * effect))
    for pair in content["pairs"]:
        joint = slow_pairs(found, pair)
        sites += [(place, pair["radius"], pair["weights"][cell] * of) for place, of in joint]
    fragment = content["measurement"]["fragment"]
    window = content["background"]["gc_window"]
    rates = []
    for position in range(start - fragment, end + fragment):
        total = 0.0
        for centre, radius, weight in sites:
            if abs(position - centre) < radius:
                total += weight * (1 + math.cos(math.pi * (position - centre) / radius)) / 2
        around = text[position - window // 2 : position + window // 2]
        gc = (around.count("G") + around.count("C")) / (len(around) - around.count("N"))
        level = content["background"]["level"]
        level *= math.exp(content["background"]["gc_slope"] * (gc - 0.41))
        rates.append(level * math.exp(content["ceiling"] * math.tanh(total / content["ceiling"])))
    return [
        sum(rates[index + fragment // 2 : index + fragment + fragment // 2]) / fragment
        for index in range(end - start)
    ]


def test_truth_equals_a_slow_second_implementation(study, genome):
    content = yaml.safe_load(GRAMMAR.read_text())
    on_first = [row for row in rows(study["elements"]) if row["chrom"] == "chr1"]
    margin = 2_000
    for cell in ("lymphoid", "hepatic"):
        element = max(on_first, key=lambda row: float(row[f"strength_{cell}"]))
        middle = int(element["centre"])
        text = genome["chr1"][middle - 300 - margin : middle + 300 + margin].upper()
        slow = slow_truth(text, cell, content, margin, margin + 600)
        fast = values(study["targets"][cell]["truth"], "chr1", middle - 300, middle + 300)
        assert fast == pytest.approx(slow, rel=6e-3)  # the file has three digits
        assert max(slow) > 5
        alone = slow_truth(text, cell, content | {"pairs": []}, margin, margin + 600)
        assert sum(slow) > 1.1 * sum(alone)  # pairs are put to the test


def test_sites_are_where_the_table_says(study, genome):
    content = yaml.safe_load(GRAMMAR.read_text())
    matrices = {name: slow_matrix(settings) for name, settings in content["motifs"].items()}
    planted = [row for row in rows(study["motifs"]) if row["element"] != "."]
    assert {row["motif"] for row in planted} == set(matrices)
    assert {row["strand"] for row in planted} == {"+", "-"}
    for row in planted:
        word = genome[row["chrom"]][int(row["start"]) : int(row["end"])].upper()
        word = word if row["strand"] == "+" else slow_reverse(word)
        matrix = matrices[row["motif"]]
        score = sum(column[base] for column, base in zip(matrix, word, strict=True))
        best = sum(max(column.values()) for column in matrix)
        share = content["motifs"][row["motif"]]["threshold"]
        assert score >= round(share * best)


@pytest.mark.parametrize("strand", ["+", "-"])
def test_flanks_change_the_truth(grammar, scorers, strand):
    """Bases outside the matrix's informative columns act through the flank factors alone."""
    motif = grammar.motifs["GATA"]
    settings = yaml.safe_load(GRAMMAR.read_text())["motifs"]["GATA"]

    def truth(before, after):
        text = before + "CTTATCT" + after
        text = "A" * 1_000 + (text if strand == "+" else slow_reverse(text)) + "A" * 1_000
        codes = encode(text)
        sites = {name: find_sites(codes, scorer) for name, scorer in scorers.items()}
        assert len(sites["GATA"].effect) == 1
        rate = fragment_rate(background(codes, grammar), sites, "erythroid", grammar)
        fragment = grammar.measurement.fragment
        coverage = expected_coverage(rate, codes == 4, fragment)
        [(_, slow, slow_strand)] = slow_sites(text, settings)
        assert sites["GATA"].effect[0] == pytest.approx(slow)
        assert slow_strand == strand
        return coverage.max()

    assert motif.core == (2, 9)
    assert truth("CC", "CA") > 1.3 * truth("AA", "TC")


def test_replicates_agree_as_real_ones_do(study):
    """Over bins of 128 bp; the truth correlates better with a replicate than the other does."""
    concordance, ceiling = [], []
    for target in study["targets"].values():
        binned = {}
        for key in ("track", "replicate2", "truth"):
            track = np.nan_to_num(values(target[key], "chr1"))
            binned[key] = track[: len(track) // 128 * 128].reshape(-1, 128).mean(axis=1)
        concordance.append(np.corrcoef(binned["track"], binned["replicate2"])[0, 1])
        ceiling.append(np.corrcoef(binned["track"], binned["truth"])[0, 1])
    assert 0.85 < np.mean(concordance) < 0.94
    assert np.mean(concordance) + 0.02 < np.mean(ceiling) < 0.98


def test_elements_are_open_where_their_motifs_weigh(study):
    open_in = {}
    for row in rows(study["elements"]):
        assert int(row["start"]) < int(row["end"])
        assert int(row["width"]) == int(row["end"]) - int(row["start"])
        kind = open_in.setdefault(row["kind"], {})
        for key, value in row.items():
            if key.startswith("strength_"):
                kind.setdefault(key.removeprefix("strength_"), []).append(float(value))
    for cell in ("epithelial", "erythroid", "hepatic", "lymphoid"):
        strengths = {name: np.mean(of) for name, of in open_in[f"{cell}_enhancer"].items()}
        assert max(strengths, key=strengths.get) == cell
