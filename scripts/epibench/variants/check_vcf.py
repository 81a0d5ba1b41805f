"""Hold a VCF file against the genome before anything is scored."""

from collections.abc import Callable
from itertools import islice

from epibench.errors import InputError
from epibench.variants.indexed_fasta import IndexedFasta
from epibench.variants.progress import Progress
from epibench.variants.sites import SiteReader, Tally, count_unsorted
from epibench.variants.variant import HAS_N, OUTSIDE, REF_DIFFERS, TOO_LONG
from epibench.variants.vcf import VcfFile

MISMATCHES = 0.01
"""Share of alleles whose REF may differ from the genome."""

FEW = 10
"""Fewer mismatches are let pass, unless nothing matches."""


def check_vcf(
    vcf: VcfFile,
    fasta: IndexedFasta,
    length: int,
    say: Callable[[str], None],
    *,
    strict: bool = True,
) -> Tally:
    """Read a whole VCF file and count what can be scored.

    Parameters
    ----------
    vcf : VcfFile
    fasta : IndexedFasta
    length : int
        Of windows, in bp.
    say : callable
        Gets notices, a sentence each.
    strict : bool, default True
        Whether a VCF of another assembly is refused.

    Returns
    -------
    Tally

    Raises
    ------
    InputError
        When the VCF cannot be read, belongs to another assembly or has nothing to score.
    """
    tally = Tally()
    with Progress("check", None) as progress:
        for site in SiteReader(fasta, length).read(count_unsorted(vcf.records(), tally)):
            tally.add(site, fasta)
            progress.add(1)
    if strict:
        _refuse_other_assembly(vcf, tally)
    if not tally.scored:
        raise InputError(_nothing(vcf, fasta, tally))
    if tally.unsorted:
        say(
            f"{vcf.path}: records out of order: {tally.unsorted:,}; all are scored, but of changes "
            "that stand twice only those next to each other are found"
        )
    if tally.strange:
        say(f"{vcf.path}: not in the FASTA file: {_names(tally.strange)}")
    return tally


def _refuse_other_assembly(vcf: VcfFile, tally: Tally) -> None:
    wrong = tally.reasons[REF_DIFFERS]
    compared = wrong + tally.scored + sum(tally.reasons[r] for r in (HAS_N, OUTSIDE, TOO_LONG))
    if wrong > MISMATCHES * compared and (wrong >= FEW or wrong == compared):
        raise InputError(
            f"{vcf.path}: REF of {wrong:,} of {compared:,} alleles differs from the FASTA file; "
            "most likely it is another assembly, give the FASTA that the VCF was made with (or "
            "--allow-mismatches to skip these)"
        )


def _nothing(vcf: VcfFile, fasta: IndexedFasta, tally: Tally) -> str:
    """Say why nothing can be scored."""
    if not tally.records:
        return f"{vcf.path}: has no records; give a VCF with variants"
    text = f"{vcf.path}: no allele can be scored ({tally.reasons_text()})"
    if not tally.strange:
        return text + "; see the reasons and correct the file"
    return (
        f"{text}; its contigs are {_names(tally.strange)}, those of the FASTA file "
        f"{_names(fasta.names)}: rename them with bcftools annotate --rename-chrs"
    )


def _names(names) -> str:
    """List a few names."""
    first = ", ".join(islice(names, 5))
    return first + (", ..." if len(names) > 5 else "")
