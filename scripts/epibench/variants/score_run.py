"""Score the measured variants of a study by one run."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from epibench.variants.read_variants import variant_of, window_starts
from epibench.variants.score import VariantScorer
from epibench.variants.score_table import MATCHED, SCORES
from epibench.variants.window import Sequence, Window, make_window

KEY = ["element", "chrom", "start", "ref", "alt"]


def score_run(
    name: str,
    scorer: VariantScorer,
    table: pd.DataFrame,
    sequence: Sequence,
    settings: Mapping[str, Any],
) -> tuple[pd.DataFrame, np.ndarray, pd.DataFrame]:
    """Score every variant of a table.

    Parameters
    ----------
    name : str
        Of the run.
    scorer : VariantScorer
    table : DataFrame
        `element`, `chrom`, `start`, `ref`, `alt`, `effect`, `split`; as `read_variants` writes it.
    sequence : Sequence
        Holds the windows of all of them.
    settings : mapping
        `centre` ("variant" or "element"), `matched` (targets by element), `shown` (element or
        None).

    Returns
    -------
    scores : DataFrame
        `predictor`, the columns above, a column a score of all targets together, and one
        `matched_<score>` of the targets of the element's cell type (NaN where none are named).
    by_target : float32, shape (variants, scores, targets)
    profile : DataFrame
        Both profiles of the variant with the largest measured effect of the shown element; without
        rows for binary models.
    """
    starts = window_starts(table, scorer.window, settings["centre"])
    windows = [
        make_window(sequence, variant_of(row), scorer.window, start)
        for row, start in zip(table.itertuples(), starts, strict=True)
    ]
    groups = {",".join(names): names for names in settings["matched"].values()}
    values = scorer(windows, groups)
    targets = len(scorer.targets)
    scores = table[[*KEY, "effect", "split"]].copy()
    scores.insert(0, "predictor", name)
    scores[list(SCORES)] = values[:, :, 0]
    scores[list(MATCHED)] = _matched(
        values[:, :, 1 + targets :], table["element"], settings["matched"], list(groups)
    )
    by_target = values[:, :, 1 : 1 + targets].astype(np.float32)
    return scores, by_target, _profile(name, scorer, table, windows, settings["shown"])


def _matched(
    values: np.ndarray, element: pd.Series, matched: Mapping[str, list[str]], groups: list[str]
) -> np.ndarray:
    """Choose the column of each element's own targets: (variants, scores)."""
    found = np.full(values.shape[:2], np.nan)
    for number, names in enumerate(groups):
        own = [key for key, targets in matched.items() if ",".join(targets) == names]
        rows = element.isin(own).to_numpy()
        found[rows] = values[rows, :, number]
    return found


def _profile(
    name: str,
    scorer: VariantScorer,
    table: pd.DataFrame,
    windows: list[Window],
    shown: str | None,
) -> pd.DataFrame:
    """Predict both profiles around the most effective variant of the shown element."""
    rows = table[table["element"] == (shown or element_to_show(table["element"]))]
    chosen = int(rows["effect"].abs().idxmax())
    columns = ["predictor", *KEY, "position", "reference", "alternative"]
    if not scorer.of_coverage:
        return pd.DataFrame(columns=columns)
    window = windows[table.index.get_loc(chosen)]
    reference, alternative = scorer.profile(window)
    position = window.start + np.arange(scorer.region.start, scorer.region.stop)
    profile = pd.DataFrame(
        {"position": position, "reference": reference, "alternative": alternative}
    )
    return profile.assign(predictor=name, **table.loc[chosen, KEY])[columns]


def element_to_show(elements: pd.Series) -> str:
    """Choose the element of the picture: TERT-GBM, or else the one with the most variants."""
    counts = elements.value_counts()
    return "TERT-GBM" if "TERT-GBM" in counts.index else counts.index[0]
