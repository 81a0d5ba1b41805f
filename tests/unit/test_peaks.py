"""Peak-centred windows, labels and interval arithmetic against slow second implementations."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_genome import SIZES, SPLITS

from epibench.data.bed import Regions, merge_regions
from epibench.data.fasta import ChromosomeIndex
from epibench.data.intervals import complement, count_within, join, mark, runs, tile
from epibench.data.peaks import label_windows, merge_peaks
from epibench.data.plan_windows import Place, plan_windows
from epibench.data.settings import WindowSettings

many = settings(deadline=None, derandomize=True, max_examples=300)
few = settings(deadline=None, derandomize=True, max_examples=40)
EDGE = 60  # positions of the small chromosome in which intervals are drawn

peaks = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 3)), max_size=14)
spans = st.tuples(st.integers(0, EDGE), st.integers(0, EDGE)).filter(lambda s: s[0] < s[1])
masks = st.lists(st.booleans(), max_size=EDGE).map(lambda listed: np.array(listed, bool))


def merged(anchors, length, max_overlap, targets=None):
    targets = [0] * len(anchors) if targets is None else targets
    found = merge_peaks(np.array(anchors, int), np.array(targets, int), length, max_overlap)
    return found.tolist()


def merge_naively(listed, length, max_overlap):
    """Search all neighbours for the pair that overlaps most, merge it, and begin anew."""
    windows = [(centre, frozenset([target])) for centre, target in sorted(listed)]
    while True:
        pairs = range(len(windows) - 1)
        overlap = {i: length - (windows[i + 1][0] - windows[i][0]) for i in pairs}
        most = max(overlap.values(), default=max_overlap)
        if most <= max_overlap:
            return [centre - length // 2 for centre, _ in windows]
        i = min(i for i in pairs if overlap[i] == most)
        (a, of_a), (b, of_b) = windows[i], windows[i + 1]
        weight = 1 + len(of_a), 1 + len(of_b)
        mean = Fraction(a * weight[0] + b * weight[1], sum(weight))
        windows[i : i + 2] = [(math.floor(mean + Fraction(1, 2)), of_a | of_b)]


@many
@given(peaks, st.integers(1, 80), st.integers(0, 80))
def test_merged_peaks_equal_a_naive_merge(listed, length, max_overlap):
    anchors, targets = [a for a, _ in listed], [t for _, t in listed]
    found = merged(anchors, length, max_overlap, targets)
    assert found == merge_naively(listed, length, max_overlap)
    assert all(b - a >= length - max_overlap for a, b in itertools.pairwise(found))


@many
@given(peaks.filter(bool), st.randoms(use_true_random=False))
def test_the_order_and_the_repetition_of_peaks_do_not_matter(listed, random):
    again = [*listed, *random.choices(listed, k=3)]
    random.shuffle(again)
    first, second = ([list(c) for c in zip(*rows, strict=True)] for rows in (listed, again))
    assert merged(first[0], 50, 10, first[1]) == merged(second[0], 50, 10, second[1])


@pytest.mark.parametrize("length", [1, 2, 99, 100])
def test_one_peak_is_the_middle_of_its_window(length):
    (start,) = merged([1000], length, 0)
    assert start + length // 2 == 1000


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        (99, [1000]),  # overlap 1: 1049.5 is rounded up to 1050
        (100, [950, 1050]),  # they touch
        (101, [950, 1051]),
    ],
)
def test_without_allowed_overlap_windows_may_touch(gap, expected):
    assert merged([1000, 1000 + gap], 100, 0) == expected


def test_a_gap_exactly_at_the_limit_and_one_above():
    assert merged([1000, 1070], 100, 30) == [950, 1020]  # overlap 30 is not more than 30
    assert merged([1000, 1069], 100, 30) == [985]


def test_equal_anchors_become_one_window_with_all_their_targets():
    assert merged([1000] * 5, 100, 30, [0, 1, 2, 1, 0]) == [950]
    # Three targets weigh 4, one weighs 2: (4 * 1000 + 2 * 1060) / 6 = 1020.
    assert merged([1000, 1060, 1000, 1000], 100, 30, [0, 0, 1, 2]) == [970]


def test_one_target_weighs_no_more_for_several_peaks():
    # 1000 and 1020 of one target: 1010, weight 2; with 1070 of the other: 1040.
    assert merged([1000, 1020, 1070], 100, 30, [0, 0, 1]) == [990]


def test_a_chain_is_merged_from_its_closest_pair():
    # 1060 and 1100 first: 1080, which overlaps neither 1000 nor 1160 by more than 30.
    assert merged([1000, 1060, 1100, 1160], 100, 30) == [950, 1030, 1110]


def test_a_long_chain_of_equal_gaps():
    # Pairs from the left; centres 1020, 1100 and so on are then 80 apart.
    assert merged(range(1000, 1400, 40), 100, 30) == [970, 1050, 1130, 1210, 1290]


def test_a_chain_that_falls_together():
    # 1000+1010: 1005; 1020+1030: 1025; both: 1015. 1060 overlaps it by 55: 1037.5, up to 1038.
    assert merged([1000, 1010, 1020, 1030, 1060], 100, 30) == [988]


def planned(anchors, length, **changes):
    """Plan the peak windows of the small chr1 for peaks of 10 bp around anchors."""
    rows = np.array([(a - 5, a + 5, a) for a in anchors])
    none = np.zeros((0, 2), np.int64)
    settings = WindowSettings(
        length=length, input_length=length // 2, thresholds=[2.0], peaks=True, peak_merge_overlap=10
    )
    index = ChromosomeIndex(SIZES["chr1"], changes.get("unknown", none), 0, 0)
    masks = changes.get("masks", {})
    excluded = np.concatenate([none, *masks.values()])
    place = Place("chr1", 0, SPLITS.split_of("chr1"), index, masks, excluded)
    return plan_windows(place, [rows], settings)["peak_windows"]


def test_peak_windows_at_the_ends_of_a_chromosome():
    end = SIZES["chr1"]
    found = planned([49, 200, end - 200, end - 49], 100)
    assert found.start.tolist() == [150, end - 250]
    assert found.left_out["beyond the chromosome"] == 2
    found = planned([50, 200, end - 200, end - 50], 100)
    assert found.start.tolist() == [0, 150, end - 250, end - 100]
    assert found.left_out["beyond the chromosome"] == 0


def test_a_chain_at_the_end_of_a_chromosome_is_merged_before_it_is_left_out():
    # 30 alone would not fit; with 80 it is centred on 55.
    assert planned([30, 80], 100).start.tolist() == [5]


def test_peak_windows_touch_no_excluded_region_and_few_n():
    masks = {"bad": np.array([[1000, 1001]]), "worse": np.array([[2000, 2500]])}
    found = planned([949, 950, 1051, 1950, 2550, 3000], 100, masks=masks)
    # 949 and 950 become 950: [900, 1000) ends where the region begins; [1001, 1101) follows it.
    assert found.start.tolist() == [900, 1001, 1900, 2500, 2950]
    found = planned([951, 1050, 1951, 2549, 3000], 100, masks=masks)
    assert found.start.tolist() == [2950]
    assert found.left_out["bad"] == found.left_out["worse"] == 2
    unknown = np.array([[3000, 3005], [4000, 4006]])
    assert planned([3000, 4000], 100, unknown=unknown).start.tolist() == [2950]  # 5 % at most


@many
@given(
    st.lists(st.integers(0, EDGE), max_size=12),
    st.integers(1, 20),
    st.lists(spans, max_size=6),
)
def test_labels_equal_a_naive_overlap(starts, input_length, listed):
    starts = sorted(starts)
    first, last = (np.array([s[side] for s in listed], np.int64) for side in (0, 1))
    found = label_windows(np.array(starts, np.int64), input_length, first, last)
    expected = [
        any(
            2 * len(range(max(start, a), min(start + input_length, b))) >= min(b - a, input_length)
            for a, b in listed
        )
        for start in starts
    ]
    assert found.tolist() == expected
    assert found.dtype == np.int8


def positions(intervals):
    return {x for start, end in np.asarray(intervals).tolist() for x in range(start, end)}


def assert_canonical(intervals):
    """Check that intervals are sorted, not empty and apart."""
    assert intervals.dtype == np.int64
    assert intervals.shape[1:] == (2,)
    assert (np.diff(intervals.ravel()) > 0).all()


@many
@given(masks)
def test_runs_and_complement_hold_the_positions_of_a_mask(mask):
    found = runs(mask)
    assert_canonical(found)
    assert positions(found) == set(np.flatnonzero(mask).tolist())
    rest = complement(found, len(mask))
    assert_canonical(rest)
    assert positions(rest) == set(np.flatnonzero(~mask).tolist())


@many
@given(masks, st.lists(st.integers(0, EDGE), max_size=4))
def test_join_undoes_a_cut(mask, cuts):
    edges = sorted({0, len(mask), *(c for c in cuts if c < len(mask))})
    parts = [runs(mask[a:b]) + a for a, b in itertools.pairwise(edges)]
    np.testing.assert_array_equal(join(parts), runs(mask))


@many
@given(masks, st.lists(st.integers(-20, EDGE + 20), max_size=8), st.integers(1, 30))
def test_counts_within_equal_those_of_positions(mask, starts, length):
    inside = positions(runs(mask))
    found = count_within(np.array(starts, np.int64), length, runs(mask))
    assert found.tolist() == [len(inside & set(range(s, s + length))) for s in starts]


@many
@given(masks, st.integers(1, 12), st.integers(1, 12))
def test_tiles_equal_a_naive_walk(mask, length, step):
    expected = []
    for start, end in runs(mask).tolist():
        while start + length <= end:
            expected.append(start)
            start += step
    assert tile(runs(mask), length, step).tolist() == expected


@many
@given(st.lists(spans, max_size=6), spans)
def test_marks_equal_positions(listed, span):
    inside = positions(np.array(listed, np.int64).reshape(-1, 2))
    found = mark(np.array(listed, np.int64).reshape(-1, 2), *span)
    assert found.tolist() == [x in inside for x in range(*span)]


@few
@given(st.lists(st.dictionaries(st.sampled_from(["chr1", "track1"]), st.lists(spans, min_size=1))))
def test_merged_regions_equal_the_runs_of_their_positions(files):
    rows = [{c: np.array([(*s, s[0]) for s in r]) for c, r in file.items()} for file in files]
    found = merge_regions([Regions(each, {}) for each in rows])
    assert set(found) == {chrom for file in files for chrom in file}
    for chrom, intervals in found.items():
        inside = positions([span for file in files for span in file.get(chrom, [])])
        expected = runs(np.isin(np.arange(EDGE), list(inside)))
        np.testing.assert_array_equal(intervals, expected)
