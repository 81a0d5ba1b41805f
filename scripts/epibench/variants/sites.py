"""Tell which alleles of a VCF file can be scored, and why others cannot."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from epibench.variants.variant import DUPLICATE, SYMBOLIC, Unscorable, Variant
from epibench.variants.vcf import Record
from epibench.variants.window import Sequence, Window, make_window

NO_ALT = "no ALT"
_SYMBOLS = frozenset("<>[]*.")  # <DEL>, breakends of both kinds, and an overlapping deletion


@dataclass(frozen=True)
class Site:
    """A record and what becomes of each of its alternative alleles.

    Attributes
    ----------
    record : Record
    alts : tuple of str
        As of the record, or "." where it has none.
    windows : list of Window or None
        One an allele; None where it is not scored.
    reasons : list of str
        Why an allele is not scored; "" where it is.
    """

    record: Record
    alts: tuple[str, ...]
    windows: list[Window | None]
    reasons: list[str]


@dataclass
class Tally:
    """Counts over sites: `unsorted` counts records that stand before an earlier one.

    `strange` counts the alleles on contigs that the FASTA file does not have, by contig.
    """

    records: int = 0
    scored: int = 0
    reasons: Counter = field(default_factory=Counter)
    strange: Counter = field(default_factory=Counter)
    unsorted: int = 0

    def add(self, site: Site, sequence: Sequence) -> None:
        """Count one site."""
        self.records += 1
        self.scored += len(site.reasons) - sum(map(bool, site.reasons))
        self.reasons.update(filter(None, site.reasons))
        if sequence.length(site.record.chrom) is None:
            self.strange[site.record.chrom] += len(site.alts)

    def reasons_text(self) -> str:
        """Say how often each reason applied, the most frequent first."""
        return ", ".join(f"{count:,} {reason}" for reason, count in self.reasons.most_common())


class SiteReader:
    """Make the windows of records, one after another.

    A change that stands twice is found among records of one position that follow each other, so in
    a sorted file always; nothing else is remembered of records that are gone.

    Parameters
    ----------
    sequence : Sequence
    length : int
        Of windows, in bp.
    """

    def __init__(self, sequence: Sequence, length: int):
        self._sequence = sequence
        self._length = length
        self._place: tuple[str, int] | None = None
        self._seen: set[Variant] = set()

    def read(self, records: Iterable[Record]) -> Iterator[Site]:
        """Give the site of each record."""
        for record in records:
            if self._place != (record.chrom, record.start):
                self._place, self._seen = (record.chrom, record.start), set()
            alts = record.alts or (".",)
            windows, reasons = [], []
            for alt in alts:
                try:
                    windows.append(self._window(record, alt))
                    reasons.append("")
                except Unscorable as error:
                    windows.append(None)
                    reasons.append(str(error))
            yield Site(record, alts, windows, reasons)

    def _window(self, record: Record, alt: str) -> Window:
        if alt == ".":
            raise Unscorable(NO_ALT)
        if _SYMBOLS & set(alt):
            raise Unscorable(SYMBOLIC)
        variant = Variant(record.chrom, record.start, record.ref.upper(), alt.upper())
        window = make_window(self._sequence, variant, self._length)
        change = variant.trimmed()
        if change in self._seen:
            raise Unscorable(DUPLICATE)
        self._seen.add(change)
        return window


def count_unsorted(records: Iterable[Record], tally: Tally) -> Iterator[Record]:
    """Pass records on, and count those that stand before an earlier one of their contig.

    The first record of a contig that was left before counts as well.
    """
    chrom, start, left = None, 0, set()
    for record in records:
        if record.chrom != chrom:
            tally.unsorted += record.chrom in left
            left.add(chrom)
            chrom = record.chrom
        elif record.start < start:
            tally.unsorted += 1
        start = record.start
        yield record
