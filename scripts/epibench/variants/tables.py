"""Read tables of measured variant effects."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from epibench.data.lines import read_lines
from epibench.errors import InputError
from epibench.variants.elements import CAGI5, spellings
from epibench.variants.flanks import bare
from epibench.variants.variant import DUPLICATE, NO_BASES, NO_CHANGE
from epibench.words import BASES, LONGEST_NAME

NOTHING = "-"
"""Stands in tables for an allele without letters: that of a deletion."""

MORE_BASES = "an allele of more than one base"
DELETION = "a deletion, and variants.deletions is off"
NO_EFFECT = "no measured effect"
FEW_TAGS = "fewer tags than variants.min_tags"

MEASURED = ["element", "chrom", "start", "ref", "alt", "effect", "barcodes", "p_value"]
SKIPPED = ["element", "chrom", "start", "ref", "alt", "reason"]

_TITLES = {
    "chrom": ("chrom", "chromosome"),
    "pos": ("pos", "position"),
    "ref": ("ref",),
    "alt": ("alt",),
    "effect": ("coefficient", "value"),
    "barcodes": ("barcodes", "tags"),
    "p_value": ("pvalue", "p-value"),
    "element": ("element",),
    "release": ("release",),
}
_NEEDED = ("chrom", "pos", "ref", "alt", "effect")
_FORMATS = (
    "the columns are Chrom, Pos, Ref, Alt, Coefficient (or Value) and, where they are known, "
    "Barcodes (or Tags), pValue, Element, Release, between tabs or commas"
)
_NO_VALUE = ("", "na", "nan")
_ASSEMBLIES = {"hg19": "grch37", "hg38": "grch38"}
_NOT_ELEMENT = re.compile(r"^(challenge|release|grch3[78])_", re.IGNORECASE)


class _Row(NamedTuple):
    """One measurement; `release` and `barcodes` are None where a table does not have them."""

    element: str
    chrom: str
    start: int
    ref: str
    alt: str
    effect: float
    barcodes: int | None
    p_value: float
    release: str | None


@dataclass(frozen=True)
class Tables:
    """The measurements of some tables.

    Attributes
    ----------
    rows : DataFrame
        Columns `MEASURED`, in the order of the tables: `chrom` (str) as written there, `start`
        (int, 0-based), `ref` and `alt` (one of A, C, G, T; `alt` is "-" for a deletion), `effect`
        (float, log2 fold change), `barcodes` (Int64, NA where a table has no tags), `p_value`
        (float, NaN where there is none).
    skipped : DataFrame
        Columns `SKIPPED`: rows of the chosen elements and assembly that do not count, with the
        reason.
    missing : list of str
        Experiments of CAGI5 that the tables do not have, where these were asked for.
    without_tags : list of str
        Tables that have no tags, so that none of their rows is left out for having few.
    """

    rows: pd.DataFrame
    skipped: pd.DataFrame
    missing: list[str]
    without_tags: list[str]


def read_tables(
    paths: Sequence[str | Path],
    *,
    assembly: str | None = None,
    elements: str | Sequence[str] = "all",
    min_tags: int = 10,
    deletions: bool = False,
) -> Tables:
    """Read saturation-mutagenesis tables and keep what counts.

    The format is seen from the line of column names: the public table of Kircher et al. 2019 (Nat
    Commun 10:3583), what its portal gives for an element, or the files of CAGI5, whose comments and
    column names begin with `#`. Positions are 1-based in all of them. A table without the column
    `Element` is of the element that its file is named after.

    Parameters
    ----------
    paths : sequence of path
        Tables, plain or gzip.
    assembly : str or None
        Value of the column `Release` that counts (hg19 and hg38 are GRCh37 and GRCh38); None: the
        only one there is. Tables without the column count whole.
    elements : "all", "cagi5" or list of str
        Which elements. Names are CAGI5's or those of the public table; rows get the name that is
        given here, with "cagi5" the names of CAGI5.
    min_tags : int, default 10
        Fewest tags (barcodes) of a measurement that counts.
    deletions : bool, default False
        Whether deletions of one base count besides substitutions.

    Returns
    -------
    Tables

    Raises
    ------
    InputError
        Names file, line and value of what cannot be right; an element or assembly that is not
        there; an element on two chromosomes; tables that leave nothing.
    """
    found, without_tags = [], []
    for path in paths:
        rows = list(_rows(Path(path)))
        if rows and rows[0].barcodes is None:
            without_tags.append(str(path))
        found += _of_assembly(path, rows, assembly)
    _refuse_mixture(paths, found)
    listed = ", ".join(map(str, paths))
    names, missing = _choose(elements, list(dict.fromkeys(row.element for row in found)), listed)
    chosen = [row._replace(element=names[row.element]) for row in found if row.element in names]
    _refuse_scattered(listed, chosen)
    kept, skipped, seen = [], [], set()
    for row in chosen:
        key = (row.element, bare(row.chrom), row.start, row.ref, row.alt)
        if reason := _reason(row, min_tags, deletions) or (key in seen and DUPLICATE):
            skipped.append((*row[:5], reason))
        else:
            seen.add(key)
            kept.append(row[: len(MEASURED)])
    if not kept:
        why = f" (the first one: {skipped[0][-1]})" if skipped else ""
        raise InputError(
            f"{listed}: none of {len(chosen)} rows counts{why}; check the keys of variants"
        )
    return Tables(
        pd.DataFrame(kept, columns=MEASURED).astype({"barcodes": "Int64", "p_value": float}),
        pd.DataFrame(skipped, columns=SKIPPED),
        missing,
        without_tags,
    )


def _reason(row: _Row, min_tags: int, deletions: bool) -> str | None:
    """Say why a row does not count, or None."""
    if len(row.ref) != 1 or len(row.alt) != 1:
        return MORE_BASES
    if row.ref not in BASES or row.alt not in BASES + NOTHING:
        return NO_BASES
    if row.ref == row.alt:
        return NO_CHANGE
    if row.alt == NOTHING and not deletions:
        return DELETION
    if math.isnan(row.effect):
        return NO_EFFECT
    return FEW_TAGS if row.barcodes is not None and row.barcodes < min_tags else None


def _choose(
    elements: str | Sequence[str], known: list[str], tables: str
) -> tuple[dict[str, str], list[str]]:
    """Give the new name of each element of the tables that counts, and what CAGI5 has besides."""
    if elements == "all":
        return {name: name for name in known}, []
    wanted = list(CAGI5) if elements == "cagi5" else list(elements)
    names, missing = {}, []
    for name in wanted:
        same = spellings(name) & set(known)
        if twin := next((names[each] for each in same if each in names), None):
            raise InputError(
                f"variants.elements: {twin} and {name} are the same element; name it once"
            )
        names |= dict.fromkeys(same, name)
        if not same:
            missing.append(name)
    if missing and (elements != "cagi5" or not names):
        raise InputError(
            f"variants.elements: {missing[0]!r} is not in {tables}, which has {', '.join(known)}; "
            "correct it"
        )
    return names, missing


def _of_assembly(path: str | Path, rows: list[_Row], assembly: str | None) -> list[_Row]:
    """Give the rows of an assembly, and those that do not tell theirs."""
    if assembly is None:
        return rows
    wanted = _assembly(assembly)
    kept = [row for row in rows if row.release is None or _assembly(row.release) == wanted]
    if rows and not kept:
        there = ", ".join(dict.fromkeys(row.release for row in rows))
        raise InputError(
            f"{path}: no row is of the assembly {assembly!r} (its column Release has {there}); "
            "correct variants.assembly"
        )
    return kept


def _refuse_mixture(paths: Sequence[str | Path], rows: list[_Row]) -> None:
    """Refuse rows of two assemblies: one genome cannot have both."""
    releases = {_assembly(row.release): row.release for row in rows if row.release is not None}
    if len(releases) > 1:
        raise InputError(
            f"{', '.join(map(str, paths))}: there are rows of {', '.join(releases.values())}; "
            "set variants.assembly to the one of the genome"
        )


def _refuse_scattered(tables: str, rows: list[_Row]) -> None:
    """Refuse an element that is on two chromosomes."""
    place: dict[str, str] = {}
    for row in rows:
        if place.setdefault(row.element, bare(row.chrom)) != bare(row.chrom):
            raise InputError(
                f"{tables}: the element {row.element} is on chromosome {place[row.element]} and on "
                f"{bare(row.chrom)}; give each element its own name in the column Element"
            )


def _assembly(name: str) -> str:
    return _ASSEMBLIES.get(name.lower(), name.lower())


def _rows(path: Path) -> Iterator[_Row]:
    """Give the rows of one table."""
    column, separator, number = None, "\t", 0
    for number, line in enumerate(read_lines(path, "table of variants"), 1):
        text = line.rstrip("\r\n")
        if column is None and text.lstrip("#").strip().lower().startswith("chrom"):
            separator = "\t" if "\t" in text else ","
            column = _columns(path, _split(text.lstrip("#"), separator))
        elif not text.strip() or text.startswith("#"):
            continue
        elif column is None:
            raise InputError(f"{path}, line {number}: comes before column names; {_FORMATS}")
        else:
            fields = _split(text, separator)
            if len(fields) <= max(column.values()):
                raise InputError(
                    f"{path}, line {number}: has {len(fields)} fields, not the "
                    f"{max(column.values()) + 1} or more of the column names; the file is "
                    "truncated or damaged, give a whole one"
                )
            cells = {name: fields[at] for name, at in column.items()}
            yield _row(cells, f"{path}, line {number}", path)
    if column is None:
        raise InputError(f"{path}: has no column names; {_FORMATS}")


def _columns(path: Path, titles: list[str]) -> dict[str, int]:
    """Find our columns among the names in a header."""
    lower = [title.lower() for title in titles]
    column = {
        name: lower.index(title)
        for name, known in _TITLES.items()
        for title in known
        if title in lower
    }
    if lacking := [name for name in _NEEDED if name not in column]:
        title = _TITLES[lacking[0]][0].capitalize()
        raise InputError(f"{path}: there is no column {title}; {_FORMATS}")
    return column


def _split(text: str, separator: str) -> list[str]:
    return [field.strip().strip('"') for field in text.split(separator)]


def _row(cells: dict[str, str], where: str, path: Path) -> _Row:
    """Check one row."""
    pos, tags = cells["pos"], cells.get("barcodes")
    if not re.fullmatch("[1-9][0-9]{0,11}", pos):
        raise InputError(f"{where}: Pos is {pos!r}, which is no position from 1; correct it")
    if not cells["chrom"]:
        raise InputError(f"{where}: there is no chromosome; correct it")
    name = cells.get("element", "")
    if not name.isprintable() or len(name) > LONGEST_NAME:
        raise InputError(f"{where}: Element is {name[:LONGEST_NAME]!a}; give a short name")
    barcodes = None if tags is None else _number(tags, "number of tags", where)
    if barcodes is not None:
        barcodes = 0 if math.isnan(barcodes) else int(barcodes)
    return _Row(
        cells.get("element") or _NOT_ELEMENT.sub("", path.name.split(".")[0]),
        cells["chrom"],
        int(pos) - 1,
        cells["ref"].upper(),
        cells["alt"].upper(),
        _number(cells["effect"], "effect", where),
        barcodes,
        _number(cells.get("p_value", ""), "p value", where),
        cells.get("release"),
    )


def _number(text: str, what: str, where: str) -> float:
    """Read a finite number; NaN where there is none."""
    if text.lower() in _NO_VALUE:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if math.isinf(value):
        raise InputError(f"{where}: the {what} is {text!r}, which is no number; correct it")
    return value
