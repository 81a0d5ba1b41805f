"""Sum up what the filters of a model match (Toneyan et al. 2022, Supp. Table 4)."""

import pandas as pd


def hit_ratio(table: pd.DataFrame) -> float:
    """Give the share of filters with at least one match; filters without sites count as none.

    Parameters
    ----------
    table : DataFrame
        As of `epibench.interpret.match_motifs.match_filters`, of one model.
    """
    return float((table["matches"] > 0).mean())


def mean_best_q(table: pd.DataFrame) -> tuple[float, int]:
    """Give the mean of the lowest q-values of the filters with a match, and how many these are.

    NaN where none has one.

    Parameters
    ----------
    table : DataFrame
        As of `epibench.interpret.match_motifs.match_filters`, of one model.
    """
    matched = table.loc[table["matches"] > 0, "best_q"]
    return float(matched.mean()), len(matched)
