"""Read the claims and what decides each."""

import csv
from dataclasses import dataclass
from pathlib import Path

from epibench.errors import InputError

DIRECTIONS = ("greater", "less", "between")


@dataclass(frozen=True)
class Claim:
    """One conclusion of the paper and its test.

    `claim` is the conclusion in words, `paper` where it stands, `analysis` what experiments decide
    it, `statistic` the function of `epibench.claims.statistics` that gives its contrasts, `unit`
    what their effects are, `rule` how they are made. The claim holds where effects lie on the side
    of `threshold` that `direction` names, or within both thresholds.
    """

    id: str
    claim: str
    paper: str
    analysis: str
    statistic: str
    direction: str
    threshold: tuple[float, ...]
    unit: str
    rule: str


def read_claims(path: str | Path) -> list[Claim]:
    """Read the table of claims.

    Parameters
    ----------
    path : path
        Tab-separated, a row a claim, with the fields of `Claim` as columns; two thresholds are
        joined by a comma.

    Raises
    ------
    InputError
        When a row is incomplete, stands twice, or has an unknown direction or threshold.
    """
    with open(path, newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle, delimiter="\t"))
    claims: dict[str, Claim] = {}
    for row in rows:
        where = f"{path}: claim {row.get('id')!r}"
        if None in row or not all(row.values()):
            raise InputError(f"{where} has an empty or a surplus cell; fill in every column")
        if row["id"] in claims:
            raise InputError(f"{where} stands twice; give each an id of its own")
        claims[row["id"]] = Claim(**row | {"threshold": _threshold(where, row)})
    return list(claims.values())


def _threshold(where: str, row: dict[str, str]) -> tuple[float, ...]:
    """Read one number, or two where the direction is `between`."""
    if row["direction"] not in DIRECTIONS:
        raise InputError(
            f"{where}: {row['direction']!r} is no direction; use {', '.join(DIRECTIONS)}"
        )
    try:
        found = tuple(float(part) for part in row["threshold"].split(","))
    except ValueError:
        found = ()
    if len(found) != (2 if row["direction"] == "between" else 1):
        raise InputError(
            f"{where}: the threshold {row['threshold']!r} does not fit the direction "
            f"{row['direction']}; give a number, or two for `between`"
        )
    return found
