"""The targets of a study, from the samples table."""

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from epibench.config.load import expand_variables
from epibench.errors import InputError
from epibench.files import read_text
from epibench.words import LONGEST_NAME

_REQUIRED = ("target", "track")
COLUMNS = (*_REQUIRED, "replicate2", "peaks", "strand_pair", "experiment")
TARGET = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{LONGEST_NAME - 1}}}")


@dataclass(frozen=True)
class Target:
    """One output of the models.

    Attributes
    ----------
    name : str
        Name of the target, a cell line in the paper's study.
    track : str
        bigWig of replicate 1: a source in the samples table, a local path once it is fetched.
    replicate2, peaks : str or None
        bigWig of replicate 2 and narrowPeak, BED or bigBed of peaks, likewise.
    strand_pair : str or None
        Name of the target of the opposite strand.
    experiment : str or None
        Accession of the experiment, for the report.
    """

    name: str
    track: str
    replicate2: str | None = None
    peaks: str | None = None
    strand_pair: str | None = None
    experiment: str | None = None


def read_samples(path: str | Path) -> list[Target]:
    """Read the samples table.

    Parameters
    ----------
    path : path
        Tab-separated, with a header; columns in `config/README.md`.

    Returns
    -------
    list of Target
        In the order of the rows, which is the order of the models' outputs.

    Raises
    ------
    InputError
        Names file, row, value and remedy.
    """
    rows = _rows(expand_variables(_lines(path)))
    columns = rows.fieldnames or []
    missing = [column for column in _REQUIRED if column not in columns]
    unknown = [column for column in columns if column not in COLUMNS]
    if missing or unknown:
        problem = f"lacks the column {missing[0]!r}" if missing else f"has a column {unknown[0]!r}"
        raise InputError(f"{path}: {problem}; its tab-separated columns are {', '.join(COLUMNS)}")
    try:
        targets = [_target(path, row) for row in rows]
    except csv.Error as error:
        raise InputError(
            f"{path}: the row behind {rows.line_num} lines cannot be read ({error}); correct it"
        ) from None
    if not targets:
        raise InputError(f"{path}: has no row; add one a target")
    check_targets(targets, path)
    return targets


def select_rows(path: str | Path, names: list[str]) -> str:
    """Give the header of a samples table and the rows of some targets, as they stand there."""
    header, *lines = _lines(path)
    rows = _rows([header, *lines])
    kept = [line for line, row in zip(lines, rows, strict=True) if row["target"].strip() in names]
    return "\n".join([header, *kept]) + "\n"


def _rows(lines: list[str]) -> csv.DictReader:
    """Split lines at tabs; a quotation mark is a letter like any other, or it would join rows."""
    return csv.DictReader(lines, delimiter="\t", restkey="too many", quoting=csv.QUOTE_NONE)


def check_targets(targets: list[Target], path: str | Path) -> None:
    """Refuse targets that clash with each other.

    Raises
    ------
    InputError
        For a name or a file that stands twice, or a strand pair that is not mutual.
    """
    by_name: dict[str, Target] = {}
    owner: dict[str, str] = {}
    for target in targets:
        twin = by_name.setdefault(target.name.lower(), target)
        if twin is not target:
            if twin.name != target.name:
                raise InputError(
                    f"{path}: the targets {twin.name!r} and {target.name!r} differ in case only, "
                    "and some disks make one file of both; rename one"
                )
            raise InputError(
                f"{path}: the target {target.name!r} stands twice; remove or rename one"
            )
        for column in ("track", "replicate2"):
            source = getattr(target, column)
            if source is None:
                continue
            where = f"{column} of {target.name!r}"
            if owner.setdefault(source, where) != where:
                raise InputError(
                    f"{path}: {source} is both {owner[source]} and {where}; give each its own file"
                )
    names = {target.name: target for target in targets}
    for target in targets:
        pair = target.strand_pair
        if pair and (pair not in names or names[pair].strand_pair != target.name):
            raise InputError(
                f"{path}: strand_pair of {target.name!r} is {pair!r}, which does not name "
                f"{target.name!r} in turn; both rows must name each other"
            )


def _lines(path: str | Path) -> list[str]:
    """Read the lines of a samples table, without comments and blank ones."""
    lines = read_text(path, "check `samples`").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _target(path: str | Path, row: dict[str, str]) -> Target:
    """Make a target of one row."""
    cells = {key: (value or "").strip() for key, value in row.items() if key != "too many"}
    name = cells.pop("target")
    if "too many" in row:
        raise InputError(f"{path}: the row of {name!r} has more cells than the header; remove some")
    if not TARGET.fullmatch(name):
        tabs = "; tabs separate columns, blanks do not" if " " in name else ""
        raise InputError(
            f"{path}: target {name!r} is not a name; use letters, digits, '.', '_' and '-', "
            f"at most {LONGEST_NAME}{tabs}"
        )
    if not cells["track"]:
        raise InputError(f"{path}: the row of {name!r} has no track; give a bigWig")
    return Target(name, **{column: cell or None for column, cell in cells.items()})
