"""Write scores of variants as a table, or into the VCF file that they came from."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

import numpy as np
import pysam

from epibench.errors import InputError
from epibench.variants.ensemble import Column
from epibench.variants.sites import Site
from epibench.variants.vcf import VcfFile

PREFIX = "EB_"
"""How the names of our INFO fields begin."""

SUFFIXES = (".tsv", ".vcf", ".vcf.gz")
"""What names of outputs may end in."""


class TsvWriter:
    """Write a row for each scored allele.

    Parameters
    ----------
    file : text file
    columns : sequence of Column
    """

    def __init__(self, file: TextIO, columns: Sequence[Column]):
        self._file = file
        self._row(["chrom", "start", "end", "id", "ref", "alt", *map(_column_name, columns)])

    def write(self, sites: Sequence[Site], values: np.ndarray) -> None:
        """Write sites; `values` (scored alleles, columns) has a row for each of their windows."""
        for site, rows in _with_values(sites, values):
            record = site.record
            place = [record.chrom, str(record.start), str(record.start + len(record.ref))]
            for alt, row in zip(site.alts, rows, strict=True):
                if row is not None:
                    numbers = [f"{value:.6g}" for value in row]
                    self._row([*place, record.name, record.ref, alt, *numbers])

    def _row(self, cells: list[str]) -> None:
        self._file.write("\t".join(cells) + "\n")


class VcfWriter:
    """Write every record with its scores in INFO, or why an allele has none.

    Records are edited as text: pysam would rewrite END, and ends the process where a record uses
    what the header does not declare.

    Parameters
    ----------
    file : text file
    columns : sequence of Column
    vcf : VcfFile
        Of which all records were read once.
    remarks : dict of str to str
        Further lines of the header, by name.
    """

    def __init__(
        self, file: TextIO, columns: Sequence[Column], vcf: VcfFile, remarks: dict[str, str]
    ):
        self._file = file
        self._names = info_names(columns)
        lines = [f"##epibench_{name}={text}" for name, text in remarks.items()]
        for name, column in zip(self._names, columns, strict=True):
            lines.append(_declare(name, "Float", _describe(column)))
        lines.append(_declare(PREFIX + "skipped", "String", "Why an allele has no scores"))
        self._file.write("\n".join([*vcf.header, *lines, vcf.columns]) + "\n")

    def write(self, sites: Sequence[Site], values: np.ndarray) -> None:
        """Write sites; `values` (scored alleles, columns) has a row for each of their windows."""
        for site, rows in _with_values(sites, values):
            cells = site.record.line.split("\t")
            if site.record.alts:
                old = [cells[7]] if cells[7] != "." else []
                cells[7] = ";".join([*old, *self._fields(site, rows)])
            self._file.write("\t".join(cells) + "\n")

    def _fields(self, site: Site, rows: list[np.ndarray | None]) -> Iterator[str]:
        """Give the fields of a record, a value for each of its alleles."""
        if not all(site.reasons):
            for number, name in enumerate(self._names):
                values = [np.nan if row is None else row[number] for row in rows]
                each = ["." if np.isnan(value) else f"{value:.6g}" for value in values]
                yield f"{name}={','.join(each)}"
        if any(site.reasons):
            each = [re.sub(r"[^A-Za-z0-9]+", "_", reason) or "." for reason in site.reasons]
            yield f"{PREFIX}skipped={','.join(each)}"


def info_names(columns: Sequence[Column]) -> list[str]:
    """Give each value a name that VCF allows: letters, digits, `_` and `.`.

    Targets whose names differ in other characters alone are numbered.
    """
    names = []
    taken = {f"{PREFIX}{c.score}_sd" for c in columns}
    for column in columns:
        name = PREFIX + column.score + ("_sd" if column.is_spread else "")
        if column.target is not None:
            first = name = f"{name}_{re.sub(r'[^A-Za-z0-9_.]', '_', column.target)}"
            number = 2
            while name in taken:
                name, number = f"{first}_{number}", number + 1
        taken.add(name)
        names.append(name)
    return names


def require_no_scores(vcf: VcfFile) -> None:
    """Refuse a VCF file that has scores already.

    Raises
    ------
    InputError
    """
    old = [name for name in vcf.info if name.startswith(PREFIX)]
    if old:
        raise InputError(
            f"{vcf.path}: has the INFO field {old[0]} already; remove it first with bcftools "
            f"annotate --remove {','.join(f'INFO/{name}' for name in old)}, or write a .tsv"
        )


def open_text(path: Path, *, bgzip: bool) -> TextIO:
    """Open a text file for writing, compressed with bgzip or plain."""
    if not bgzip:
        return open(path, "w", encoding="utf-8")
    return _BgzipText(str(path), "wb")


class _BgzipText(pysam.BGZFile):
    """bgzip that takes text."""

    def write(self, text: str) -> int:
        return super().write(text.encode())


def _with_values(
    sites: Sequence[Site], values: np.ndarray
) -> Iterator[tuple[Site, list[np.ndarray | None]]]:
    """Give each site with the values of each of its alleles; None where it has none."""
    rows = iter(values)
    for site in sites:
        yield site, [None if window is None else next(rows) for window in site.windows]


def _column_name(column: Column) -> str:
    target = "" if column.target is None else f":{column.target}"
    return column.score + target + ("_sd" if column.is_spread else "")


def _describe(column: Column) -> str:
    of = "all targets together" if column.target is None else f"target {column.target}"
    return f"Epibench's score {column.score} of {of}" + (
        ", standard deviation over models" if column.is_spread else ""
    )


def _declare(name: str, kind: str, text: str) -> str:
    text = text.replace("\\", "/").replace('"', "'")
    return f'##INFO=<ID={name},Number=A,Type={kind},Description="{text}">'
