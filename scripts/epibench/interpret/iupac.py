"""Letters of patterns (light: read at parse time)."""

IUPAC = {
    **{base: base for base in "ACGT"},
    **{"R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC"},
    **{"B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT", ".": "ACGT"},
}
"""Bases that each letter of IUPAC stands for; a dot is N."""


def pattern_problem(pattern: str) -> str | None:
    """Say what is wrong with a pattern, or None.

    Parameters
    ----------
    pattern : str
        Letters of IUPAC.
    """
    for letter in pattern:
        if letter not in IUPAC:
            return (
                f"the letter {letter!r} of the pattern {pattern!r} is not one of IUPAC's "
                f"({''.join(IUPAC)}, in capitals); correct it"
            )
    if all(len(IUPAC[letter]) == 4 for letter in pattern):
        return f"the pattern {pattern!r} fixes no base; give one that does"
    return None


def combinations(pattern: str, flanks: int) -> int:
    """Count the words of a pattern with so many free bases on each side."""
    count = 4 ** (2 * flanks)
    for letter in pattern:
        count *= len(IUPAC[letter])
    return count
