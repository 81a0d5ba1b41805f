"""Windows with both alleles, against slicing text."""

import numpy as np
import pytest
from small_sequence import SmallSequence

from epibench.sequence import reverse_complement
from epibench.variants.variant import (
    HAS_N,
    NO_BASES,
    NO_CHANGE,
    NO_CONTIG,
    OUTSIDE,
    REF_DIFFERS,
    TOO_LONG,
    Unscorable,
    Variant,
)
from epibench.variants.window import make_window

LENGTH = 300
SEQUENCE = SmallSequence()


def text(codes):
    return "".join("ACGTN"[code] for code in codes)


@pytest.mark.parametrize(("ref", "alt"), [(1, 1), (3, 3), (1, 0), (0, 1), (4, 1), (1, 6), (9, 2)])
def test_both_alleles_stand_where_they_do_in_the_text(ref, alt):
    position = 4_000
    alleles = SEQUENCE.letters(position, position + ref), "ACGTACGT"[:alt]
    if alleles[0][:1] == alleles[1][:1]:
        alleles = alleles[0], SEQUENCE.other(position) + alleles[1][1:]
    window = make_window(SEQUENCE, Variant("chr1", position, *alleles), LENGTH)
    change = Variant("chr1", position, *alleles).trimmed()
    start = change.start - LENGTH // 2
    before = SEQUENCE.letters(0, position)
    changed = before + alleles[1] + SEQUENCE.letters(position + ref, 9_000)
    assert text(window.reference) == SEQUENCE.letters(start, start + LENGTH)
    assert text(window.alternative) == changed[start : start + LENGTH]
    assert (window.start, window.at) == (start, LENGTH // 2)
    differ = np.flatnonzero(window.reference != window.alternative)
    assert differ[0] >= window.at
    if ref == alt:
        assert differ[0] == window.at
        assert differ[-1] < window.at + window.changed
    else:
        assert window.changed == 0


def test_anchored_and_bare_alleles_are_the_same_change():
    base = SEQUENCE.letters(4_000, 4_001)
    gone = SEQUENCE.letters(4_001, 4_003)
    anchored = make_window(SEQUENCE, Variant("chr1", 4_000, base + gone, base), LENGTH)
    bare = make_window(SEQUENCE, Variant("chr1", 4_001, gone, ""), LENGTH)
    assert anchored.start == bare.start
    np.testing.assert_array_equal(anchored.alternative, bare.alternative)


@pytest.mark.parametrize(
    ("change", "trimmed"),
    [
        (("AT", "A"), (1, "T", "")),
        (("A", "AT"), (1, "", "T")),
        (("ATA", "AGA"), (1, "T", "G")),
        (("AA", "A"), (1, "A", "")),  # equal letters: the first is VCF's anchor
        (("AC", "GT"), (0, "AC", "GT")),
    ],
)
def test_shared_letters_are_trimmed_from_the_beginning_first(change, trimmed):
    found = Variant("c", 0, *change).trimmed()
    assert (found.start, found.ref, found.alt) == trimmed


def test_a_given_start_places_the_window():
    variant = Variant("chr1", 4_000, SEQUENCE.letters(4_000, 4_001), SEQUENCE.other(4_000))
    window = make_window(SEQUENCE, variant, LENGTH, start=3_990)
    assert (window.start, window.at, window.changed) == (3_990, 10, 1)
    assert text(window.reference) == SEQUENCE.letters(3_990, 4_290)


def test_the_other_strand():
    variant = Variant("chr1", 4_000, SEQUENCE.letters(4_000, 4_001), SEQUENCE.other(4_000))
    turned = make_window(SEQUENCE, variant, LENGTH, start=3_990).turned()
    assert turned.reverse
    assert text(reverse_complement(turned.reference)) == SEQUENCE.letters(3_990, 4_290)
    assert np.flatnonzero(turned.reference != turned.alternative).tolist() == [turned.at]


def variant(start, ref=None, alt=None, chrom="chr1"):
    ref = SEQUENCE.letters(start, start + 1) if ref is None else ref
    return Variant(chrom, start, ref, SEQUENCE.other(start) if alt is None else alt)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (variant(4_000, chrom="1"), NO_CONTIG),
        (variant(4_000, ref=SEQUENCE.other(4_000, 2)), REF_DIFFERS),
        (variant(4_000, alt=SEQUENCE.letters(4_000, 4_001)), NO_CHANGE),
        (variant(4_000, alt="R"), NO_BASES),
        (variant(4_000, alt="<DEL>"), NO_BASES),
        (variant(149), OUTSIDE),
        (variant(9_050, ref="A"), REF_DIFFERS),
        (variant(9_099, ref="NNN", alt="A"), NO_BASES),
        (variant(9_099, ref="AAA", alt="A"), OUTSIDE),
        (variant(8_900), HAS_N),
        (variant(4_000, alt="ACGT" * 60), TOO_LONG),
        (variant(4_000, ref=SEQUENCE.letters(4_000, 4_200), alt=""), TOO_LONG),
    ],
)
def test_what_has_no_window_says_why(wrong, reason):
    with pytest.raises(Unscorable, match=reason):
        make_window(SEQUENCE, wrong, LENGTH)


def test_the_first_and_the_last_window_of_a_contig():
    assert make_window(SEQUENCE, variant(150), LENGTH).start == 0
    short = SmallSequence(length=1_000)
    last = Variant("chr1", 850, short.letters(850, 851), short.other(850))
    assert make_window(short, last, LENGTH).start == 700
    with pytest.raises(Unscorable, match=OUTSIDE):
        make_window(short, Variant("chr1", 850, short.letters(850, 851), ""), LENGTH)
