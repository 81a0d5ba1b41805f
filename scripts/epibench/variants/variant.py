"""One change of the genome, and why it may have no score."""

from dataclasses import dataclass

NO_CONTIG = "the contig is not in the FASTA file"
REF_DIFFERS = "REF differs from the FASTA file"
OUTSIDE = "the window leaves the contig"
HAS_N = "N in the window"
TOO_LONG = "the alleles do not fit the window"
NO_CHANGE = "ALT is REF"
NO_BASES = "letters other than A, C, G, T"
SYMBOLIC = "symbolic allele or breakend"
DUPLICATE = "the same change again"


class Unscorable(Exception):
    """A variant that gets no score; its text is one of the reasons above."""


@dataclass(frozen=True)
class Variant:
    """A reference allele and what stands in its place.

    Attributes
    ----------
    chrom : str
        Chromosome, by its name in the FASTA file.
    start : int
        First position of the reference allele, 0-based.
    ref, alt : str
        Letters A, C, G, T in upper case; "" where nothing stands. Both alleles may begin with the
        same letters, as those of insertions and deletions do in VCF.
    """

    chrom: str
    start: int
    ref: str
    alt: str

    def trimmed(self) -> "Variant":
        """Give the same change without the letters that both alleles begin or end with."""
        ref, alt, start = self.ref, self.alt, self.start
        while ref and alt and ref[0] == alt[0]:
            ref, alt, start = ref[1:], alt[1:], start + 1
        while ref and alt and ref[-1] == alt[-1]:
            ref, alt = ref[:-1], alt[:-1]
        return Variant(self.chrom, start, ref, alt)
