"""Correlation between targets, the choice among them, and what is written of both."""

import re
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from scipy.stats import pearsonr
from small_genome import EXCLUDED, SmallStudy, write_bigwig
from tests.fake_study import correlation

from epibench.data import correlate_targets as module
from epibench.data.correlate_targets import (
    Correlation,
    correlate_targets,
    pearson_r,
    untouched,
)
from epibench.data.draw_correlation import alike_first, draw_correlation
from epibench.data.select_targets import select_targets
from epibench.data.settings import CoverageSettings
from epibench.data.write_selection import write_selection
from epibench.errors import InputError
from epibench.report.selection import selection_part
from epibench.samples import Target, read_samples, select_rows

USED = ["chr1", "chr2", "chr8", "chr9"]
NAMES = ["A", "B", "C", "D"]
ALONE = [0, 1, 2, 3]


def symmetric(count: int, **pairs: float) -> np.ndarray:
    """Give r between targets named by letters: `AB=0.8`; all others are 0."""
    r = np.eye(count)
    for (a, b), value in pairs.items():
        i, j = NAMES.index(a), NAMES.index(b)
        r[i, j] = r[j, i] = value
    return r


def kept(r, pairs=None, limit=0.75) -> list[str]:
    names = NAMES[: len(r)]
    verdicts = select_targets(names, pairs or ALONE[: len(r)], r, limit)
    return [verdict.target for verdict in verdicts if verdict.kept]


# --- correlation


def expected_regions(study: SmallStudy) -> list[tuple[str, int, int]]:
    """Join peaks one by one, and leave out what shares a base with an excluded region."""
    regions = []
    for chrom, start, end in sorted(study.peaks["a"] + study.peaks["b"]):
        if regions and regions[-1][0] == chrom and start <= regions[-1][2]:
            regions[-1][2] = max(regions[-1][2], end)
        else:
            regions.append([chrom, start, end])
    return [
        (c, s, e)
        for c, s, e in regions
        if c in USED
        and not any(s < last and first < e for first, last in EXCLUDED.get(c, []))
        and (c != "chr2" or e <= 1000 or s >= 1150)  # a run of N is an assembly gap
    ]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return SmallStudy(tmp_path_factory.mktemp("study"))


def found(study, **changes) -> Correlation:
    arguments = study.arguments()
    chosen = {key: arguments[key] for key in ("targets", "splits", "progress")}
    chosen["genome"] = arguments["genome"].model_copy(update={"shortest_gap": 100})
    return correlate_targets(**(chosen | changes))


def test_r_is_that_of_scipy_over_regions_joined_one_by_one(study):
    regions = expected_regions(study)
    assert len(regions) > 25
    means = [
        [np.nan_to_num(study.coverage[c][s:e, t]).mean(dtype=np.float64) for c, s, e in regions]
        for t in range(3)
    ]
    result = found(study)
    assert result.regions == len(regions)
    np.testing.assert_allclose(result.r.diagonal(), 1)
    for a, b in combinations(range(3), 2):
        r = pearsonr(means[a], means[b]).statistic
        assert result.r[a, b] == result.r[b, a] == pytest.approx(r, abs=1e-9)


def test_long_regions_are_read_in_pieces(study, monkeypatch):
    whole = found(study).r
    monkeypatch.setattr(module, "_PIECE", 7)
    np.testing.assert_allclose(found(study).r, whole, rtol=1e-12)


def test_r_of_known_mixtures():
    # a and b share half of their variance, c is the negative of a, d is constant.
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(50, 2))
    basis = np.linalg.qr(noise - noise.mean(axis=0))[0].T  # orthogonal rows of mean 0
    a = 1e4 + basis[0]
    b = 7 + (basis[0] + basis[1]) / np.sqrt(2)
    r = pearson_r(np.stack([a, b, -3 * a, np.full(50, 0.1)]))
    half = np.sqrt(0.5)
    expected = [[1, half, -1], [half, 1, -half], [-1, -half, 1]]
    np.testing.assert_allclose(r[:3, :3], expected, atol=1e-8)
    assert np.isnan(r[3]).all()
    assert np.isnan(r[:, 3]).all()


def test_regions_that_touch_an_excluded_one_and_unused_chromosomes_go():
    regions = {"x": np.array([[0, 10], [20, 30], [40, 41], [50, 90]]), "y": np.array([[0, 9]])}
    excluded = {"x": np.array([[10, 20], [40, 60]])}
    left = untouched(regions, excluded, ["x", "z"])
    assert left["x"].tolist() == [[0, 10], [20, 30]]  # neighbours do not touch: ends are excluded
    assert left["z"].shape == (0, 2)
    assert "y" not in left


def test_targets_without_peaks_take_part(study):
    targets = [Target(t.name, t.track) for t in study.arguments()["targets"]]
    targets[1] = study.arguments()["targets"][1]
    result = found(study, targets=targets)
    assert np.isfinite(result.r).all()
    assert result.regions < found(study).regions


def test_too_few_regions_are_an_error_with_a_remedy(study, tmp_path):
    few = tmp_path / "few.bed"
    few.write_text("chr1\t300\t400\nchr1\t400\t450\nchr2\t10\t60\nchr1\t2650\t2660\nchrM\t1\t9\n")
    targets = [Target("a", f"{study.folder}/a.bw", peaks=str(few))]
    targets.append(Target("c", f"{study.folder}/c.bw"))
    with pytest.raises(InputError, match=r"few\.bed: 2 merged peaks lie on .*chr9\).*leave the"):
        found(study, targets=targets)


def test_negative_coverage_follows_the_policy_of_the_study(study, tmp_path):
    values = {c: v[:, 0].copy() for c, v in study.coverage.items()}
    chrom, start, end = expected_regions(study)[0]
    values[chrom][start:end] = -1
    track = str(write_bigwig(tmp_path / "negative.bw", values))
    targets = [Target("n", track), *study.arguments()["targets"][:1]]
    with pytest.raises(InputError, match="below 0"):
        found(study, targets=targets)
    r = found(study, targets=targets, coverage=CoverageSettings(negative="zero")).r
    assert 0.5 < r[0, 1] < 1


# --- choice


def test_the_first_of_two_that_are_alike_is_kept():
    assert kept(symmetric(3, AB=0.8)) == ["A", "C"]


def test_a_target_is_compared_with_those_that_are_kept_only():
    # C is like B, but B is out: a chain keeps every second one.
    assert kept(symmetric(4, AB=0.8, BC=0.8, CD=0.8)) == ["A", "C"]
    assert kept(symmetric(4, AB=0.8, AC=0.8, AD=0.8)) == ["A"]
    assert kept(symmetric(4, AD=0.8, BD=0.8, CD=0.8)) == ["A", "B", "C"]


def test_r_must_be_below_the_limit_and_negative_r_never_counts():
    assert kept(symmetric(3, AB=0.75, AC=0.7499999)) == ["A", "C"]
    assert kept(symmetric(2, AB=-0.99)) == ["A", "B"]
    assert kept(symmetric(2, AB=1.0), limit=1.0) == ["A"]


def test_the_kept_ones_are_all_below_the_limit_and_no_other_could_join():
    rng = np.random.default_rng(4)
    for _ in range(20):
        values = rng.normal(size=(30, 6)) @ rng.normal(size=(6, 8))
        r = np.corrcoef(values)
        names = [f"t{i}" for i in range(30)]
        verdicts = select_targets(names, range(30), r, 0.6)
        chosen = [i for i, verdict in enumerate(verdicts) if verdict.kept]
        for i, verdict in enumerate(verdicts):
            others = [j for j in chosen if j != i]
            before = [j for j in chosen if j < i]
            clash = any(r[i, j] >= 0.6 for j in before)
            assert verdict.kept != clash
            nearest = max(others, key=lambda j, row=i: r[row, j])
            assert verdict.most_like == names[nearest]
            assert verdict.highest_r == r[i, nearest]
            if clash:
                (said,) = re.findall(r"^r = (\S+) with (\w+), which is kept$", verdict.reason)
                worst = max(before, key=lambda j, row=i: r[row, j])
                assert said == (f"{r[i, worst]:.3f}", names[worst])


def test_strands_are_one_experiment():
    # B and D are strands: r between them does not count, and both come at the turn of B.
    pairs = [0, 3, 2, 1]
    assert kept(symmetric(4, BD=0.95), pairs) == NAMES
    assert kept(symmetric(4, CD=0.9), pairs) == ["A", "B", "D"]
    assert kept(symmetric(4, AD=0.9), pairs) == ["A", "C"]
    by_name = {v.target: v for v in select_targets(NAMES, pairs, symmetric(4, AD=0.9), 0.75)}
    assert by_name["D"].reason == "r = 0.900 with A, which is kept"
    assert by_name["B"].reason == f"goes with its opposite strand, D: {by_name['D'].reason}"
    (b, *_) = select_targets(["B", "D"], [1, 0], np.ones((2, 2)), 0.75)
    assert (b.kept, b.highest_r, b.most_like) == (True, None, None)


def test_a_track_that_does_not_vary_is_left_out_and_hinders_no_other():
    r = symmetric(3)
    r[0] = r[:, 0] = np.nan
    silent, *others = select_targets(NAMES[:3], ALONE[:3], r, 0.75)
    assert (silent.kept, silent.highest_r, silent.most_like) == (False, None, None)
    assert "the same in every region" in silent.reason
    assert all(verdict.kept for verdict in others)
    assert kept(r, [1, 0, 2]) == ["C"]  # its strand goes with it


# --- what is written


TABLE = """# candidates
target\ttrack\tpeaks\tstrand_pair
B\t${HOME}/b.bw\t\t
 A \ta.bw\t\t

# the second line
C\tc.bw\tc.bed\t
"""


def test_the_rows_of_the_kept_targets_stand_as_they_were(tmp_path):
    path = tmp_path / "samples.tsv"
    path.write_text(TABLE)
    lines = TABLE.splitlines()
    assert select_rows(path, ["C", "A"]) == "\n".join([lines[1], lines[3], lines[6]]) + "\n"
    selected = tmp_path / "selected.tsv"
    selected.write_text(select_rows(path, ["B", "C"]))
    assert read_samples(selected) == [t for t in read_samples(path) if t.name in "BC"]


def test_all_files_are_written(tmp_path):
    samples = tmp_path / "samples.tsv"
    samples.write_text("target\ttrack\n" + "".join(f"{n}\t{n}.bw\n" for n in NAMES))
    folder = tmp_path / "targets"
    r = symmetric(4, AB=0.8, CD=-0.123456789)
    write_selection(folder, read_samples(samples), Correlation(r, 99), 0.75, samples)
    assert {path.name for path in folder.iterdir()} == {
        "correlation.tsv",
        "figure.pdf",
        "figure.png",
        "figure.svg",
        "selected.tsv",
        "selection.tsv",
    }
    pairs = pd.read_csv(folder / "correlation.tsv", sep="\t")
    assert list(zip(pairs["target"], pairs["other"], strict=True)) == [*combinations(NAMES, 2)]
    assert pairs["pearson_r"].tolist() == [0.8, 0, 0, 0, 0, -0.123457]
    assert set(pairs["regions"]) == {99}
    text = (folder / "selection.tsv").read_text().splitlines()
    assert text[0] == "target\tkept\treason\thighest_r\tmost_like"
    assert text[2] == "B\tfalse\tr = 0.800 with A, which is kept\t0.8\tA"
    assert [t.name for t in read_samples(folder / "selected.tsv")] == ["A", "C", "D"]
    assert imread(folder / "figure.png").shape[1] >= 600
    svg = (folder / "figure.svg").read_text()
    assert "<dc:date>" not in svg
    assert "<text" not in svg


def test_a_simulated_study_has_no_table_to_cut(tmp_path):
    write_selection(tmp_path, [Target(n, n) for n in NAMES], correlation(), 0.75)
    assert not (tmp_path / "selected.tsv").exists()


def drawn(r, pairs=None, limit=0.75):
    names = NAMES[: len(r)]
    pairs = pairs or ALONE[: len(r)]
    chosen = [name in kept(r, pairs, limit) for name in names]
    return draw_correlation(names, pairs, r, chosen, limit=limit, regions=1234)


def test_similar_targets_stand_side_by_side():
    r = symmetric(4, AC=0.9, BD=0.9)
    order = alike_first(r).tolist()
    assert abs(order.index(0) - order.index(2)) == abs(order.index(1) - order.index(3)) == 1
    r[3] = r[:, 3] = np.nan
    assert alike_first(r).tolist().index(3) in (0, 3)


def test_every_pair_is_written_twice_and_outlined_from_the_limit():
    chart = drawn(symmetric(4, AB=0.75, AC=0.7499, CD=-0.2))
    axes = chart.axes[0]
    rows = [label.get_text() for label in axes.get_yticklabels()]
    columns = [label.get_text() for label in axes.get_xticklabels()]
    assert [row.removesuffix(" (not kept)") for row in rows] == columns
    assert sorted(columns) == NAMES
    assert [row for row in rows if row.endswith(" (not kept)")] == ["B (not kept)"]
    written = {
        (columns[int(text.get_position()[1])], columns[int(text.get_position()[0])]): text
        for text in axes.texts
    }
    assert len(written) == 4 * 3
    assert {written["C", "D"].get_text(), written["D", "C"].get_text()} == {"−0.20"}
    outlined = {(columns[int(p.get_y())], columns[int(p.get_x())]) for p in axes.patches}
    assert outlined == {("A", "B"), ("B", "A")}
    assert "1,234 peak regions" in axes.get_title(loc="left").replace("\n", " ")


def test_strands_and_undefined_r_are_not_outlined():
    r = symmetric(4, BD=0.95)
    r[2] = r[:, 2] = np.nan
    axes = drawn(r, [0, 3, 2, 1]).axes[0]
    assert not axes.patches
    assert [text.get_text() for text in axes.texts].count("n/a") == 6


def test_two_targets_and_nothing_but_silence_are_drawn_too():
    assert len(drawn(symmetric(2, AB=0.3)).axes[0].texts) == 2
    assert [t.get_text() for t in drawn(np.full((2, 2), np.nan)).axes[0].texts] == ["n/a"] * 2


def test_sixty_targets_get_no_values():
    names = [f"t{i}" for i in range(60)]
    r = np.corrcoef(np.random.default_rng(0).normal(size=(60, 90)))
    chart = draw_correlation(names, range(60), r, [True] * 60, limit=0.75, regions=90)
    assert not chart.axes[0].texts
    assert len(chart.axes[0].get_yticklabels()) == 60


# --- report


def test_the_report_gets_verdicts_and_files(tmp_path):
    targets = [Target(name, name) for name in ("NA", "B", "C", "D")]
    write_selection(tmp_path / "targets", targets, correlation(), 0.75)
    settings = {"missing": None, "max_correlation": 0.75, "selected": None}
    part = selection_part(settings, tmp_path / "targets", tmp_path / "report")
    assert (part["kept"], part["regions"], part["svg"]) == (2, 812, "../targets/figure.svg")
    rows = [(row["target"], row["kept"], row["most_like"]) for row in part["rows"]]
    assert rows == [("NA", True, "C"), ("B", False, "NA"), ("C", True, "NA"), ("D", False, "")]
    assert np.isnan(part["rows"][3]["highest_r"])


def test_a_study_without_peaks_says_so(tmp_path):
    settings = {"missing": "no target has peaks", "max_correlation": 0.75, "selected": None}
    assert selection_part(settings, tmp_path, tmp_path) == {"missing": "no target has peaks"}
