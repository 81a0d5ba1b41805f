"""What the report says of the data, against counts made by hand."""

import numpy as np
import pytest
from tests.fake_study import TARGETS, by_split, summary

from epibench.report.cautions import cautions, listed
from epibench.report.coverage_figure import caption, draw
from epibench.report.data_tables import (
    coverage_rows,
    file_rows,
    removed_rows,
    split_rows,
    target_rows,
    window_rows,
)
from epibench.report.inputs import describe_inputs
from epibench.samples import Target
from epibench.words import SPLITS


@pytest.fixture
def data():
    return summary()


def test_splits_add_up_their_chromosomes(data):
    train, valid, test = split_rows(data)
    assert train == {
        "split": "train",
        "chromosomes": ["chr1", "chr2"],
        "length": 3_500_000,
        "n": 175_000,
        "gc": 1_400_000,
        "excluded": 350_000,
        "known": 3_325_000,
        "stored": 1_700_000,
        "windows": {"tiled": 3410, "threshold0.01": 3300, "threshold2": 1014, "peaks": 871},
    }
    assert (valid["chromosomes"], test["chromosomes"]) == (["chr9"], ["chr8"])


def test_what_was_removed_stands_in_three_groups(data):
    positions, tiled, peaks = removed_rows(data)
    assert positions == {
        "heading": "Positions (bp)",
        "rows": [
            ("gaps.bed", by_split(50_000, 50_000, 50_000)),
            ("low mappability", by_split(60_000, 60_000, 60_000)),
            ("all of these, each position once", by_split(350_000, 90_000, 100_000)),
        ],
        "of": by_split(3_500_000, 900_000, 1_000_000),
    }
    assert [(reason, counts["train"]) for reason, counts in tiled["rows"]] == [
        ("touch gaps.bed", 20),
        ("touch low mappability", 30),
        ("rich in N", 12),
    ]
    assert [(reason, counts["test"]) for reason, counts in peaks["rows"]] == [
        ("reach beyond the chromosome", 0),
        ("touch gaps.bed", 6),
        ("touch low mappability", 9),
        ("rich in N", 0),
    ]


def test_masked_positions_count_as_removed_where_the_policy_says_so(data):
    data["settings"]["coverage"]["uncovered"] = "masked"
    data["masked_uncovered"] = by_split(7, 8, 9)
    data["windows_left_out"]["tiled"]["uncovered"] = by_split(1, 2, 3)
    words = "touch a position that is not covered by every target"
    positions, tiled, peaks = removed_rows(data)
    assert positions["rows"][-1] == ("not covered by every target", by_split(7, 8, 9))
    assert tiled["rows"][-1] == (words, by_split(1, 2, 3))
    assert peaks["rows"][-1] == (words, by_split(0, 0, 0))


def test_groups_without_anything_to_remove_are_left_out(data):
    data["masks"] = {}
    data["settings"]["windows"]["peaks"] = False
    (tiled,) = removed_rows(data)
    assert tiled["rows"] == [("rich in N", by_split(12, 0, 3))]


def test_targets_have_a_row_each(data):
    data["strand_pairs"] = [1, 0, 2, 3]
    data["tracks"]["K562"]["test"] |= {"mean": 0.5, "uncovered": 9, "beyond_float16": 4}
    first, _, third, last = target_rows(data, {"K562": "ENCSR000AAA"})
    assert first == {
        "target": "K562",
        "mean": by_split(0.412, 0.412, 0.5),
        "bases": 5_400_000,
        "uncovered": 87_500 + 22_500 + 9,
        "stored_nan": 0,
        "negative": 0,
        "beyond_float16": 4,
        "peaks": 412,
        "replicate2": True,
        "pair": "GM12878",
        "experiment": "ENCSR000AAA",
    }
    assert (third["peaks"], third["pair"], third["experiment"]) == (None, None, None)
    assert not last["replicate2"]


def test_coverage_has_a_row_a_track_and_split_that_was_read(data):
    rows = coverage_rows(data)
    assert [(row["replicate"], row["split"]) for row in rows if row["target"] == "K562"] == [
        (1, "train"), (1, "valid"), (1, "test"), (2, "test"),
    ]  # fmt: skip
    assert len(rows) == 4 * 3 + 3
    assert [row["peaks"] for row in rows[:4]] == [300, 60, 52, None]
    assert rows[3]["mean"] == 0.4


def test_windows_of_a_target_are_parts_of_the_tiled_or_of_the_peak_centred_ones(data):
    rows = window_rows(data)
    assert len(rows) == 12
    assert rows[0] == {
        "target": "K562",
        "split": "train",
        "windows": {"threshold0.01": (3300, 3410), "threshold2": (600, 3410), "peaks": (290, 871)},
    }
    assert rows[8]["target"] == TARGETS[2]
    assert rows[8]["windows"]["peaks"] == (None, 149)


def test_files_have_an_origin_and_a_checksum(data):
    files = [{"path": "a/b/1f-x.bw", "bytes": 3, "checksum": "sha256:1f"}]
    files.append({"path": "genome.fa", "bytes": 5, "checksum": "sha256:ff"})
    address = "https://www.encodeproject.org/files/ENCFF536RWL/@@download/ENCFF536RWL.bigWig"
    targets = [Target("K562", "a/b/1f-x.bw", None, "p.bed"), Target("H1", "h.bw", "r.bw", "p.bed")]
    genome = {"fasta": "genome.fa", "excluded": ["e.bed"], "mappability": {"track": "m.bw"}}
    inputs = describe_inputs(genome, targets, {"a/b/1f-x.bw": f"{address}#md5={'0a' * 16}"})
    assert file_rows(data | {"files": files}, inputs) == [
        {
            "path": "a/b/1f-x.bw",
            "name": "1f-x.bw",
            "uses": ["track of K562"],
            "source": address,
            "accession": "ENCFF536RWL",
            "bytes": 3,
            "kind": "MD5",
            "checksum": "0a" * 16,
        },
        {
            "path": "genome.fa",
            "name": "genome.fa",
            "uses": ["reference sequence"],
            "source": "genome.fa",
            "accession": None,
            "bytes": 5,
            "kind": "SHA-256",
            "checksum": "ff",
        },
    ]
    assert inputs["p.bed"]["uses"] == ["peaks of K562", "peaks of H1"]
    uses = {path: inputs[path]["uses"] for path in ("e.bed", "m.bw", "r.bw")}
    assert uses == {
        "e.bed": ["excluded regions"],
        "m.bw": ["mappability"],
        "r.bw": ["replicate 2 of H1"],
    }
    simulated = describe_inputs({"fasta": "genome.fa", "excluded": []}, [], None)
    assert simulated == {
        "genome.fa": {"uses": ["reference sequence"], "source": "simulated", "checksum": None}
    }


def test_usual_data_need_no_caution(data):
    assert cautions(data) == []


def test_targets_that_are_mostly_uncovered_are_named(data):
    for split, counts in data["tracks"]["HepG2"].items():
        counts["uncovered"] = counts["bases"] * (3 if split == "train" else 1) // 4
    share = (3 * 3_500_000 / 4 + 1_900_000 / 4) / 5_400_000
    (sentence,) = cautions(data)
    assert sentence == (
        "More than half of the positions have no value in the track of "
        f"HepG2 ({100 * share:.0f}\N{NO-BREAK SPACE}%); they count as measured and 0."
    )
    data["settings"]["coverage"]["uncovered"] = "masked"
    assert cautions(data)[0].endswith("windows and test inputs that touch them are left out.")


@pytest.mark.parametrize(
    ("key", "policy", "words"),
    [
        ("beyond_float16", "error", "Values that a 16-bit float cannot hold were clipped"),
        ("negative", "zero", "Negative values were set to 0: "),
        ("negative", "keep", "Negative values were kept, which Poisson"),
        ("stored_nan", "error", "Values stored as NaN count as no value: "),
    ],
)
def test_positions_that_are_stored_otherwise_are_counted(data, key, policy, words):
    data["settings"]["coverage"]["negative"] = policy
    data["tracks"]["K562"]["train"][key] = 1000
    data["tracks"]["K562"]["test"][key] = 234
    data["replicate2"]["GM12878"]["test"][key] = 1
    (sentence,) = cautions(data)
    assert sentence.startswith(words)
    assert sentence.endswith(": K562 (1,234 positions) and replicate 2 of GM12878 (1 position).")


@pytest.mark.parametrize(("factor", "found"), [(1.4, False), (1.6, True), (1 / 1.6, True)])
def test_means_that_differ_between_splits_are_named(data, factor, found):
    data["tracks"]["K562"]["valid"]["mean"] *= factor
    sentences = cautions(data)
    assert bool(sentences) == found
    if found:
        assert "coverage of the valid chromosomes is far from that of training" in sentences[0]
        assert f"K562 ({factor:.2g} times that in training)" in sentences[0]


def test_means_that_kept_negative_values_make_negative_have_no_factor(data):
    data["tracks"]["K562"]["test"]["mean"] = -0.1
    assert cautions(data) == []


def test_splits_without_peaks_or_windows_of_a_target_are_named(data):
    data["peaks"]["GM12878"] = by_split(5, 0, 0)
    data["windows_by_target"]["threshold2"]["train"] = [600, 0, 400, 300]
    data["windows_by_target"]["peaks"]["test"] = [50, 0, 0, 48]
    peaks, windows = cautions(data)
    assert peaks == "There is no peak at all in a split of GM12878 (valid, test)."
    assert windows.endswith(": GM12878 in threshold2 (train) and GM12878 in peaks (test).")


def test_letters_and_records_that_were_passed_over_are_counted(data):
    data["chromosomes"][0]["ambiguous_letters"] = 1200
    data |= {"duplicate_peaks": 1, "unknown_chromosomes": {"a/x.bed": {"4": 1, "5": 1}}}
    letters, twice, unknown = cautions(data)
    assert letters.startswith("The sequence has 1,200 letters")
    assert twice.startswith("1 record repeats another one")
    assert unknown.startswith("2 records of x.bed were left out")
    assert "(4 and 5)" in unknown


def test_long_lists_are_cut():
    assert listed(["a"]) == "a"
    assert listed(list("abc")) == "a, b and c"
    assert listed(list("abcdef")) == "a, b, c, d, e and f"
    assert listed(list("abcdefg")) == "a, b, c, d, e and 2 more"


def test_the_figure_draws_every_split_of_every_target(data):
    chart = draw(data)
    levels, share = data["levels"], data["tracks"]["K562"]["train"]["at_least"]
    panels = [axes for axes in chart.axes if axes.get_visible()]
    assert [axes.get_title("left") for axes in panels] == TARGETS
    for axes in panels:
        threshold, *lines = axes.lines
        assert list(threshold.get_xdata()) == [2, 2]  # 0.01 is left of the axis
        assert len(lines) == len(SPLITS)
        for line in lines:
            np.testing.assert_array_equal(line.get_xdata(), levels)
            drawn = line.get_ydata()
            np.testing.assert_array_equal(np.nan_to_num(drawn), share)
            assert np.isnan(drawn[-1])  # no share is drawn at 0 of a logarithmic axis
    low, high = panels[0].get_ylim()
    assert low <= min(s for s in share if s) < max(share) <= high
    assert panels[0].get_xlim()[1] > max(x for x, s in zip(levels, share, strict=True) if s)


def test_the_caption_says_which_thresholds_are_not_drawn(data):
    assert "threshold 0.01." in caption(data)
    assert "Dotted" in caption(data)
    assert "grey area" in caption(data)
    data["settings"]["windows"]["thresholds"] = [2]
    assert "Not drawn" not in caption(data)
    assert "grey area" not in caption(data | {"targets": ["K562"]})


@pytest.mark.parametrize("targets", [1, 2, 5, 15])
def test_any_number_of_targets_has_its_panels(data, targets):
    names = [f"target{i}" for i in range(targets)]
    data |= {"targets": names, "tracks": dict.fromkeys(names, data["tracks"]["K562"])}
    chart = draw(data)
    assert sum(axes.get_visible() for axes in chart.axes) == targets
    assert len(chart.legends[0].texts) == 4 + (targets > 1)


def test_thresholds_that_select_nothing_are_named(data):
    data["windows"]["threshold0.01"] = by_split(3400, 288, 320)
    (sentence,) = cautions(data)
    assert "threshold0.01 (99.7\N{NO-BREAK SPACE}%)" in sentence
    assert "threshold2" not in sentence
