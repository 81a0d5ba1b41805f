"""Judge every claim by what a study has found."""

from pathlib import Path

import pandas as pd

from epibench.claims import of_motifs, of_robustness, of_scores
from epibench.claims.evidence import Evidence
from epibench.claims.judge import UNDECIDED, Contrast, UndecidableError, Verdict, judge
from epibench.claims.read_claims import Claim
from epibench.errors import InputError
from epibench.files import whole

STATISTICS = {
    name: function
    for module in (of_scores, of_robustness, of_motifs)
    for name, function in vars(module).items()
    if not name.startswith("_") and getattr(function, "__module__", "") == module.__name__
}
"""Functions from the evidence to contrasts, by the name that the table of claims uses."""


def judge_claims(claims: list[Claim], evidence: Evidence, folder: str | Path) -> pd.DataFrame:
    """Write `claims.tsv`, a verdict a claim, and `contrasts.tsv`, what each rests on.

    Parameters
    ----------
    claims : list of Claim
    evidence : Evidence
    folder : path

    Returns
    -------
    DataFrame
        One row a claim in their order: the fields of `Claim` and of `Verdict`.

    Raises
    ------
    InputError
        When a claim names a statistic that does not exist.
    """
    rows, details = [], []
    for claim in claims:
        verdict, contrasts = _judged(claim, evidence)
        shown = vars(claim) | {"threshold": ",".join(f"{each:g}" for each in claim.threshold)}
        rows.append(shown | verdict._asdict())
        details += [{"id": claim.id} | contrast._asdict() for contrast in contrasts]
    table = pd.DataFrame(rows)
    contrasts = pd.DataFrame(details, columns=["id", *Contrast._fields])
    for name, content in (("claims", table), ("contrasts", contrasts)):
        with whole(Path(folder) / f"{name}.tsv") as path:
            content.to_csv(path, sep="\t", index=False, float_format="%.9g")
    return table


def _judged(claim: Claim, evidence: Evidence) -> tuple[Verdict, list[Contrast]]:
    """Give the verdict of one claim and its contrasts."""
    if claim.statistic not in STATISTICS:
        raise InputError(
            f"claim {claim.id!r}: there is no statistic {claim.statistic!r}; known are "
            f"{', '.join(STATISTICS)}"
        )
    try:
        contrasts = STATISTICS[claim.statistic](evidence)
    except UndecidableError as reason:
        return Verdict(UNDECIDED, str(reason)), []
    return judge(contrasts, claim.direction, claim.threshold), contrasts
