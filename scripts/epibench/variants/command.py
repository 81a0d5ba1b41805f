"""Score all variants of a VCF file."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TextIO

from epibench import __version__
from epibench.errors import InputError
from epibench.files import whole
from epibench.variants.check_vcf import check_vcf
from epibench.variants.ensemble import Ensemble
from epibench.variants.indexed_fasta import IndexedFasta
from epibench.variants.progress import Progress
from epibench.variants.score import ScoreSettings, load_scorer
from epibench.variants.score_table import SCORES
from epibench.variants.sites import Site, SiteReader, Tally
from epibench.variants.vcf import VcfFile
from epibench.variants.write_scores import (
    SUFFIXES,
    TsvWriter,
    VcfWriter,
    open_text,
    require_no_scores,
)

MOST_SHIFTS = 10_000
WINDOWS_AT_ONCE = 256
RECORDS_AT_ONCE = 4096
"""Most windows and records that wait to be scored together."""


def score_vcf(
    models: Sequence[Path],
    vcf: Path,
    fasta: Path,
    out: Path,
    settings: ScoreSettings,
    *,
    part: tuple[int, int] = (1, 1),
    allow_mismatches: bool = False,
    load: Callable = load_scorer,
) -> None:
    """Score every variant of a VCF file by one model, or by the mean of several.

    The file is read twice: first all records are held against the genome, then windows are scored
    some hundreds at a time, so that memory does not grow with the file. What cannot be scored is
    listed with its reason in `<out>.skipped.tsv`. Notices and progress go to standard error.

    Parameters
    ----------
    models : sequence of path
        Model files, with the same targets and input length.
    vcf : path
        VCF (plain, bgzip, gzip) or BCF.
    fasta : path
        The genome, plain or bgzip.
    out : path
        Ends in `.tsv`, `.vcf` or `.vcf.gz`.
    settings : ScoreSettings
    part : (int, int), default (1, 1)
        The first of so many equal parts of the records; the parts joined are the whole.
    allow_mismatches : bool, default False
        Whether to go on where REF of more than 1 % of the alleles differs from the genome.
    load : callable
        From model file and settings to a scorer; for tests.

    Raises
    ------
    InputError
        For anything wrong with the files or settings; nothing is written then.
    """
    _check_out(out, vcf)
    _check_settings(settings)
    with VcfFile(vcf, _say) as records, IndexedFasta(fasta) as genome:
        if out.suffix != ".tsv":
            require_no_scores(records)
        ensemble = Ensemble([load(model, settings) for model in models], models, SCORES)
        found = check_vcf(records, genome, settings.window, _say, strict=not allow_mismatches)
        first, end = (found.records * number // part[1] for number in (part[0] - 1, part[0]))
        sites = SiteReader(genome, settings.window).read(islice(records.records(), end))
        with ExitStack() as stack:
            path, listed = (stack.enter_context(whole(p)) for p in (out, _skipped(out)))
            file = stack.enter_context(open_text(path, bgzip=out.suffix == ".gz"))
            skipped = stack.enter_context(open_text(listed, bgzip=False))
            progress = stack.enter_context(Progress("score", end - first))
            if out.suffix == ".tsv":
                writer = TsvWriter(file, ensemble.columns)
            else:
                remarks = _remarks(models, fasta, settings)
                writer = VcfWriter(file, ensemble.columns, records, remarks)
            tally = _score(islice(sites, first, None), ensemble, writer, skipped, progress, genome)
    _report(tally, ensemble, out)


def _score(
    sites: Iterable[Site],
    ensemble: Ensemble,
    writer: TsvWriter | VcfWriter,
    skipped: TextIO,
    progress: Progress,
    genome: IndexedFasta,
) -> Tally:
    """Score and write sites, chunk by chunk."""
    tally = Tally()
    skipped.write("chrom\tposition\tid\tref\talt\treason\n")
    for chunk in _chunks(sites):
        windows = [each for site in chunk for each in site.windows if each is not None]
        writer.write(chunk, ensemble(windows))
        for site in chunk:
            tally.add(site, genome)
            skipped.writelines(_skipped_rows(site))
        progress.add(len(chunk))
    return tally


def _chunks(sites: Iterable[Site]) -> Iterator[list[Site]]:
    """Collect sites until there are enough windows to score."""
    chunk, windows = [], 0
    for site in sites:
        chunk.append(site)
        windows += sum(each is not None for each in site.windows)
        if windows >= WINDOWS_AT_ONCE or len(chunk) >= RECORDS_AT_ONCE:
            yield chunk
            chunk, windows = [], 0
    if chunk:
        yield chunk


def _skipped_rows(site: Site) -> Iterator[str]:
    record = site.record
    for alt, reason in zip(site.alts, site.reasons, strict=True):
        if reason:
            place = f"{record.chrom}\t{record.start + 1}\t{record.name}"
            yield f"{place}\t{record.ref}\t{alt}\t{reason}\n"


def _remarks(models: Sequence[Path], fasta: Path, settings: ScoreSettings) -> dict[str, str]:
    """Say in the header of a VCF file how its scores were made."""
    return {
        "version": __version__,
        "models": ",".join(map(str, models)),
        "fasta": str(fasta),
        "settings": ",".join(f"{name}={value}" for name, value in asdict(settings).items()),
    }


def _check_out(out: Path, vcf: Path) -> None:
    if not out.name.endswith(SUFFIXES):
        raise InputError(f"--out {out}: the name must end in {', '.join(SUFFIXES)}")
    if out.resolve() == vcf.resolve():
        raise InputError(f"--out {out}: is the file that is read; give another name")


def _check_settings(settings: ScoreSettings) -> None:
    bounds = {"shifts": (1, MOST_SHIFTS), "peak_length": (1, 1 << 31), "seed": (0, 1 << 31)}
    for name, (least, most) in bounds.items():
        if not least <= getattr(settings, name) <= most:
            option = name.replace("_", "-")
            raise InputError(
                f"--{option} {getattr(settings, name)}: must be at least {least} and at most {most}"
            )


def _skipped(out: Path) -> Path:
    return out.with_name(out.name + ".skipped.tsv")


def _report(tally: Tally, ensemble: Ensemble, out: Path) -> None:
    """Say what was done."""
    text = f"{tally.scored:,} alleles of {tally.records:,} records scored"
    if tally.reasons:
        count = tally.reasons.total()
        text += f"; {count:,} skipped ({tally.reasons_text()}), listed in {_skipped(out)}"
    _say(text)
    if ensemble.clipped:
        _say(f"{ensemble.clipped:,} predictions below 1e-6 were raised to it")


def _say(text: str) -> None:
    print(f"epibench: {text}", file=sys.stderr)
