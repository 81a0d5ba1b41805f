"""Motifs of JASPAR, and what filters have in common with them."""

from pathlib import Path

import numpy as np
import pytest
from memelite import tomtom
from tests.unit.test_filters import model_of

from epibench.errors import InputError
from epibench.interpret.clip import frequencies, information
from epibench.interpret.draw_logos import draw_logos
from epibench.interpret.filters import Filters, read_filters
from epibench.interpret.hit_ratio import hit_ratio, mean_best_q
from epibench.interpret.jaspar import load_matrix, load_motifs
from epibench.interpret.match_motifs import match_filters

PLANTED = ["MA0138.2", "MA0139.1", "MA0491.2", "MA0035.4"]
"""REST, CTCF, JUND and GATA1."""


@pytest.fixture(scope="module")
def motifs():
    return load_motifs("JASPAR2022", "vertebrates", ["MA1929", "MA0615.1"])


@pytest.fixture(scope="module")
def filters(motifs):
    """Give filters made of motifs, every second one turned, three without a motif, one dead."""
    rng = np.random.default_rng(4)
    counts = rng.dirichlet(np.full(4, 60.0), (8, 35)) * 500
    for row, name in enumerate(PLANTED):
        motif = next(motif for motif in motifs if motif.id == name)
        ppm = motif.counts / motif.counts.sum(axis=1, keepdims=True)
        ppm = ppm[::-1, ::-1] if row % 2 else ppm
        counts[row, 3 + row : 3 + row + len(ppm)] = 500 * ppm
    counts[4:7, 10:18] = 500 * rng.dirichlet(np.full(4, 0.3), (3, 8))
    counts[7] = 0
    sites = np.array([500] * 7 + [0])
    return Filters(counts, sites, np.ones(8, np.float32), "exponential")


@pytest.fixture(scope="module")
def table(filters, motifs):
    return match_filters("run", filters, motifs, 0.1)


def test_a_release_has_its_motifs_without_older_versions(motifs):
    all_motifs = load_motifs("JASPAR2022", "vertebrates")
    assert len(all_motifs) == 841
    assert len({motif.id.partition(".")[0] for motif in all_motifs}) == 841
    assert {motif.id for motif in all_motifs} - {motif.id for motif in motifs} == {
        "MA1929.1",
        "MA0615.1",
    }
    assert len(load_motifs("JASPAR2022", "fungi")) == 179
    ctcf = next(motif for motif in motifs if motif.id == "MA0139.1")
    assert (ctcf.name, ctcf.counts.shape, ctcf.counts.dtype) == ("CTCF", (19, 4), np.float64)
    assert list(ctcf.counts[0]) == [87, 291, 76, 459]


@pytest.mark.parametrize(("release", "left_out"), [("2022", "MA1929.1"), ("2024", "MA1929.2")])
def test_exclusion_holds_for_every_version_of_a_matrix(release, left_out):
    everything = {motif.id for motif in load_motifs(f"JASPAR{release}", "vertebrates")}
    left = {motif.id for motif in load_motifs(f"JASPAR{release}", "vertebrates", ["MA1929.1"])}
    assert everything - left == {left_out}


def test_matrices_come_by_their_id():
    assert load_matrix("JASPAR2022", "MA0491.1").id == "MA0491.1"
    newest = load_matrix("JASPAR2022", "MA0491")
    assert (newest.id, newest.name) == ("MA0491.2", "JUND")


@pytest.mark.parametrize("wrong", ["MA9999.1", "MA0491.9", "JUND", ""])
def test_matrices_that_are_not_there_are_refused(wrong):
    with pytest.raises(InputError, match=rf"motif id '{wrong}' is not in JASPAR2022; give an id"):
        load_matrix("JASPAR2022", wrong)


def test_releases_and_taxa_that_are_not_there_are_refused():
    with pytest.raises(InputError, match=r"no release 'JASPAR2021'; use one of .*JASPAR2022"):
        load_motifs("JASPAR2021", "vertebrates")
    with pytest.raises(InputError, match="no release '2022'"):
        load_matrix("2022", "MA0491.1")
    with pytest.raises(InputError, match=r"taxon 'yeast' in CORE; use one of fungi, insects, .*"):
        load_motifs("JASPAR2022", "yeast")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files are not listed here")
def test_databases_are_closed():
    load_matrix("JASPAR2022", "MA0491.1")
    with pytest.raises(InputError):
        load_motifs("JASPAR2022", "yeast")
    links = [link for link in Path("/proc/self/fd").iterdir() if link.is_symlink()]
    assert not [link for link in links if link.exists() and "JASPAR" in str(link.resolve())]


def test_planted_motifs_are_found_on_their_strand(table, filters, motifs):
    assert list(table["best_motif"][:4]) == PLANTED
    assert list(table["strand"][:4]) == ["+", "-", "+", "-"]
    assert (table["best_q"][:4] < 1e-4).all()
    assert (table["matches"][:4] > 0).all()
    for row in table[:4].itertuples():
        motif = next(motif for motif in motifs if motif.id == row.best_motif)
        assert row.best_name == motif.name
        assert row.start - row.offset == 3 + row.filter  # where the motif was put
        ppm = frequencies(filters.counts[row.filter, row.start : row.end])
        assert row.information == pytest.approx(information(ppm).sum())


def test_filters_without_a_motif_match_nothing(table):
    dead = table.iloc[7]
    assert (dead["sites"], dead["matches"], dead["shuffled_matches"]) == (0, 0, 0)
    assert dead[["information", "start", "best_motif", "best_q", "offset", "strand"]].isna().all()
    assert list(table["matches"][4:7]) == [0, 0, 0]
    assert table["best_q"][4:7].between(0.1, 1).all()
    assert list(table["shuffled_matches"]) == [0] * 8
    assert (table["hit_threshold"] == 0.1).all()
    assert (table["activation"] == "exponential").all()
    assert (table["predictor"] == "run").all()


def test_shuffled_columns_of_one_letter_match_as_before(motifs):
    counts = np.tile([500.0, 4, 3, 2], (1, 12, 1))
    poly_a = Filters(counts, np.array([500]), np.ones(1, np.float32), "relu")
    found = match_filters("run", poly_a, motifs, 0.1).iloc[0]
    assert found["matches"] > 0
    assert found["shuffled_matches"] == found["matches"]


def test_hit_ratio_counts_dead_filters_too(table):
    assert hit_ratio(table) == 0.5
    mean, count = mean_best_q(table)
    assert (mean, count) == (pytest.approx(table["best_q"][:4].mean()), 4)
    none = table[table["matches"] == 0]
    assert hit_ratio(none) == 0
    assert np.isnan(mean_best_q(none)[0])


def test_q_values_are_those_of_benjamini_and_hochberg_within_a_filter(table, filters, motifs):
    row = table.iloc[2]
    query = frequencies(filters.counts[2, row["start"] : row["end"]])
    p = tomtom([query.T], [frequencies(motif.counts).T for motif in motifs])[0][0]
    order = np.argsort(p)
    q, lowest = np.empty(len(p)), 1.0
    for rank in range(len(p), 0, -1):
        lowest = min(lowest, p[order[rank - 1]] * len(p) / rank)
        q[order[rank - 1]] = lowest
    assert row["best_p"] == pytest.approx(p.min())
    assert row["best_q"] == pytest.approx(q.min())
    assert row["matches"] == (q < 0.1).sum()
    strict = match_filters("run", filters, motifs, 1e-6).iloc[2]
    assert strict["matches"] == (q < 1e-6).sum() < row["matches"]


def test_dead_models_and_too_few_motifs(filters, motifs):
    dead = Filters(np.zeros((3, 9, 4)), np.zeros(3, int), np.zeros(3, np.float32), "relu")
    found = match_filters("run", dead, motifs, 0.1)
    assert list(found["matches"]) == [0, 0, 0]
    assert found["best_motif"].isna().all()
    assert hit_ratio(found) == 0
    with pytest.raises(InputError, match="24 motifs are too few for p-values"):
        match_filters("run", filters, motifs[:24], 0.1)


def test_a_motif_as_first_layer_kernel_is_recovered_from_sequences(motifs):
    rng = np.random.default_rng(6)
    kernels, codes = [], rng.integers(0, 4, (120, 200), dtype=np.uint8)
    for which, name in enumerate(["MA0139.1", "MA0138.2"]):
        counts = next(motif for motif in motifs if motif.id == name).counts
        counts = counts[:19] if which == 0 else counts[2:][::-1, ::-1]
        ppm = frequencies(counts)
        kernels.append(np.log2(4 * ppm))
        for sequence in codes[60 * which : 60 * (which + 1)]:
            for start in (0, 90, 181):  # the first and the last legal one among them
                words = [rng.choice(4, p=column) for column in ppm]
                sequence[start : start + len(ppm)] = words
    kernel = np.stack(kernels, axis=-1).astype(np.float32)
    model = model_of(kernel, np.zeros(2), length=200)
    table = match_filters("run", read_filters(model, codes), motifs, 0.1)
    assert list(table["best_motif"]) == ["MA0139.1", "MA0138.2"]
    assert list(table["strand"]) == ["+", "-"]
    assert (table["sites"] > 100).all()


def null_p(query, targets, draws, seed):
    """Give TOMTOM's p-values by brute force.

    The score of an alignment is the sum over the query's columns of minus the Euclidean distance
    to the target's column, less the median of that over all columns of all targets; query columns
    beyond the target give 0. Targets of the null are as long as the target, their columns drawn
    from those of all targets on both strands; the better of two strands counts.
    """
    rng = np.random.default_rng(seed)
    pool = np.concatenate([*targets, *(target[::-1, ::-1] for target in targets)])
    scores = -np.linalg.norm(query[:, None] - pool[None], axis=2)
    scores -= np.median(scores, axis=1, keepdims=True)

    def best(columns):
        found = np.full(len(columns), -np.inf)
        for offset in range(1 - len(query), columns.shape[1]):
            total = np.zeros(len(columns))
            for i in range(len(query)):
                if 0 <= offset + i < columns.shape[1]:
                    total += scores[i, columns[:, offset + i]]
            found = np.maximum(found, total)
        return found

    found = []
    start = 0
    for target in targets:
        forward = start + np.arange(len(target))
        turned = len(pool) // 2 + forward
        observed = max(best(forward[None])[0], best(turned[None])[0])
        null = best(rng.integers(0, len(pool), (draws, len(target))))
        p = (null >= observed - 1e-9).mean()
        found.append(1 - (1 - p) ** 2)
        start += len(target)
    return np.array(found)


@pytest.mark.parametrize("width", [4, 5, 6])
def test_p_values_are_those_of_a_brute_force_null(width):
    rng = np.random.default_rng(width)
    targets = [
        np.concatenate(
            [rng.dirichlet(np.full(4, a), n) for a, n in ((0.8, 2), (0.15, 6), (0.8, 2))]
        )
        for _ in range(40)
    ]
    query = 0.8 * targets[0][1 : 1 + width] + 0.05
    p = tomtom([query.T], [target.T for target in targets])[0][0]
    expected = null_p(query, targets, 20_000, seed=1)
    common = expected > 0.005
    ratio = p[common] / expected[common]
    assert common.sum() > 30
    assert 0.9 < np.median(ratio) < 1.1
    assert ratio.min() > 0.6
    assert ratio.max() < 1.6
    assert np.argmin(p) == 0
    assert p[0] < 0.01
    assert expected[0] < 0.01


def test_logos_stand_in_pairs_aligned_with_the_filter(table, filters, motifs):
    chart = draw_logos(table, filters, motifs)
    panels = [axes for axes in chart.axes if axes.get_visible()]
    assert len(panels) == 8
    assert "4 of 8 filters match a motif (q < 0.1)" in chart.get_suptitle()
    order = table[:4].sort_values("best_q")
    for pair, row in zip(np.reshape(panels, (4, 2)), order.itertuples(), strict=True):
        titles = [axes.get_title(loc="left") for axes in pair]
        assert titles[0] == f"filter {row.filter}, 500 sites"
        sign = {"+": "+", "-": "\N{MINUS SIGN}"}[row.strand]
        assert titles[1].startswith(f"{row.best_name} {sign}, q ")
        counts = next(motif.counts for motif in motifs if motif.id == row.best_motif)
        ppm = frequencies(counts[::-1, ::-1] if row.strand == "-" else counts)
        seen = (ppm * information(ppm)[:, None]).max(axis=1) > 0.01
        left = min(patch.get_path().get_extents().x0 for patch in pair[1].patches)
        assert left == pytest.approx(3 + row.filter + np.argmax(seen) - 0.5, abs=0.3)
        solid = [patch for patch in pair[0].patches if patch.get_alpha() != 0.25]
        ends = [patch.get_path().get_extents() for patch in solid]
        assert min(end.x0 for end in ends) == pytest.approx(row.start - 0.5, abs=0.3)
        assert max(end.x1 for end in ends) == pytest.approx(row.end - 0.5, abs=0.3)


def test_without_a_match_the_sheet_says_so(table, filters, motifs):
    chart = draw_logos(table[table["matches"] == 0], filters, motifs)
    assert chart.get_suptitle() == "0 of 4 filters match a motif (q < 0.1)"
    assert not chart.axes


def test_a_sheet_shows_the_filters_with_the_lowest_q(table, filters, motifs, monkeypatch):
    monkeypatch.setattr("epibench.interpret.draw_logos.MOST", 3)
    many = table.iloc[[2] * 5].assign(best_q=np.linspace(0.09, 0.001, 5))
    chart = draw_logos(many, filters, motifs)
    assert "; the 3 with the lowest q." in chart.get_suptitle()
    titles = [axes.get_title(loc="left") for axes in chart.axes if axes.get_visible()][1::2]
    assert len(titles) == 3
    assert titles[0].endswith("q 0.001")
