"""What the report shows of the paper's claims."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from epibench.claims.judge import VERDICTS


def claims_part(folder: Path) -> dict[str, Any]:
    """Give the claims with their verdicts, decided ones first, and the contrasts of each.

    Parameters
    ----------
    folder : Path
        Holds `claims.tsv` and `contrasts.tsv` of `epibench.claims.judge_claims`.

    Returns
    -------
    dict
        `rows`: the columns of `claims.tsv` and `marks` (thresholds), `start` and `end` of the scale
        of its strip, `details` (contrasts, worst for the claim first); `counts` by verdict.
    """
    table = pd.read_csv(folder / "claims.tsv", sep="\t", dtype={"threshold": str})
    contrasts = pd.read_csv(folder / "contrasts.tsv", sep="\t")
    order = table["verdict"].map(VERDICTS.index).sort_values(kind="stable").index
    rows = []
    for row in table.loc[order].to_dict("records"):
        marks = [float(part) for part in row["threshold"].split(",")]
        shown = [*marks, *(row[key] for key in ("effect", "low", "high"))]
        start, end = np.nanmin(shown), np.nanmax(shown)
        pad = 0.08 * (end - start) or 1.0
        details = contrasts[contrasts["id"] == row["id"]]
        details = details.sort_values("effect", ascending=row["direction"] != "less")
        scale = {"marks": marks, "start": float(start - pad), "end": float(end + pad)}
        rows.append(row | scale | {"details": details.to_dict("records")})
    counts = {verdict: int((table["verdict"] == verdict).sum()) for verdict in VERDICTS}
    return {"rows": rows, "counts": counts}
