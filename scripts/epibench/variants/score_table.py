"""Names of the scores of variants, and the table that a run leaves of them (light)."""

from pathlib import Path

import pandas as pd

SCORES = ("standard", "robust", "shape", "peak", "probability")
"""Names of the scores, in the order of every array of them."""

MATCHED = tuple(f"matched_{score}" for score in SCORES)
"""Those of the targets that the config names for an element."""


def load_scores(path: str | Path) -> pd.DataFrame:
    """Read the `variants.tsv` of a run."""
    text = dict.fromkeys(("predictor", "element", "chrom", "ref", "alt", "split"), str)
    empty = {score: [""] for score in ("effect", *SCORES, *MATCHED)}
    return pd.read_csv(path, sep="\t", dtype=text, keep_default_na=False, na_values=empty)
