"""A place on a chromosome as users write it (light: read at parse time)."""

import re
from typing import NamedTuple

LONGEST = 200_000
"""Length in bp above which a picture of a locus shows nothing and its table grows too large."""

_LOCUS = re.compile(r"(\S+):(\d+)-(\d+)")


class Locus(NamedTuple):
    """Positions [start, end) of a chromosome, 0-based."""

    chrom: str
    start: int
    end: int


def parse_locus(text: str) -> Locus:
    """Read `chrom:start-end`, 0-based, the end not included.

    Raises
    ------
    ValueError
        When the text is no locus, or one that is empty or too long; names value and remedy.
    """
    match = _LOCUS.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a locus; write it like chr8:1000000-1016384")
    locus = Locus(match[1], int(match[2]), int(match[3]))
    if not locus.start < locus.end <= locus.start + LONGEST:
        raise ValueError(
            f"{text!r} must end after its start, by at most {LONGEST:,} bp; correct its positions"
        )
    return locus
