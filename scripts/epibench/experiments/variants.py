"""What every analysis of variant effects asks of the scores it is given."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from epibench.errors import InputError
from epibench.experiments.metrics import RUN_COLUMNS, spoken
from epibench.variants.agreement import agreement

SCORES = ["standard", "robust", "shape", "peak", "probability", "matched_robust"]
UNSIGNED = ("shape",)
"""Scores without a sign: they are compared with the size of the measured effect."""
SETTINGS = RUN_COLUMNS[1:-1]
VARIANT = ["element", "chrom", "start", "ref", "alt"]
WITH_SHIFT = ("shift", "rc+shift", "rc+shift+evoaug", "as_published")
"""Augmentations that move the input in training."""


def checked_variants(rows: pd.DataFrame, experiment: str, scores: Sequence[str]) -> pd.DataFrame:
    """Check the scores of the runs, and give the rows run by run.

    Parameters
    ----------
    rows : DataFrame
        The `variants.tsv` of the runs, with the axes of each run in front.
    experiment : str
        Its name, for messages.
    scores : sequence of str
        Columns that the experiment reads.

    Returns
    -------
    DataFrame
        The rows, where all runs have the same variants in the same order. An empty `split` is "".

    Raises
    ------
    InputError
        When there are no rows, a column is missing, or the runs were not scored on the same
        variants.
    """
    needed = [*RUN_COLUMNS, *VARIANT, "effect", "split", *scores]
    missing = [column for column in needed if column not in rows]
    if missing:
        raise InputError(f"{experiment}: the variant scores lack the columns {', '.join(missing)}")
    if rows.empty:
        raise InputError(f"{experiment}: no variant scores were given; its grid must have a run")
    parts = list(rows.groupby("run", sort=False))
    (first, known), *others = ((run, part[[*VARIANT, "effect"]]) for run, part in parts)
    for run, part in others:
        if not np.array_equal(part.astype(str), known.astype(str)):
            raise InputError(
                f"{experiment}: runs {first} and {run} were scored on different variants; "
                "score the variants of all runs again"
            )
    found = pd.concat([part for _, part in parts], ignore_index=True)
    return found.assign(split=found["split"].astype(object).fillna(""))


def over_seeds(rows: pd.DataFrame, scores: Sequence[str]) -> pd.DataFrame:
    """Average the scores of each variant over the seeds of a setting.

    Parameters
    ----------
    rows : DataFrame
        As of `checked_variants`.
    scores : sequence of str
        What to average.

    Returns
    -------
    DataFrame
        One row a setting and variant: the columns of `rows`, where `run` ends in "ensemble" and
        `seed` is missing for settings with several seeds; `seeds` (how many); `<score>_spread`,
        the standard deviation over seeds (one degree of freedom less; NaN for one seed).
    """
    parts = []
    for _, part in rows.groupby(SETTINGS, sort=False):
        runs = [run for _, run in part.groupby("run", sort=False)]
        values = np.stack([run[scores].to_numpy(float) for run in runs])
        found = runs[0].assign(**dict(zip(scores, values.mean(axis=0).T, strict=True)))
        found["seeds"] = len(runs)
        spread = values.std(axis=0, ddof=1) if len(runs) > 1 else np.full(values.shape[1:], np.nan)
        found[[f"{score}_spread" for score in scores]] = spread
        if len(runs) > 1:
            row = found.iloc[0]
            path = "{model}/{windows}/{loss}/bin{bin_size}/{augmentation}/ensemble"
            found = found.assign(run=path.format_map(row), seed=pd.NA)
        parts.append(found)
    return pd.concat(parts, ignore_index=True).astype({"seed": "Int64"})


def agreements(rows: pd.DataFrame, scores: Sequence[str]) -> pd.DataFrame:
    """Correlate the scores of each run with the measured effects, within elements and on average.

    Scores without a sign are correlated with the size of the effect. Variants without a score are
    left out, and elements of which no variant has one.

    Parameters
    ----------
    rows : DataFrame
        As of `checked_variants` or `over_seeds`.
    scores : sequence of str
        Columns; a run without any value of a score has no rows of it.

    Returns
    -------
    DataFrame
        One row a run, score and element, and one with element "mean": `RUN_COLUMNS`, `score`,
        `element`, `split` (of the element; for "mean" all there are), `pearson_r`, the ends
        `pearson_r_low` and `pearson_r_high` of its 95 % interval, `variants`, `elements`.
    """
    found = []
    for _, run in rows.groupby("run", sort=False):
        for score in scores:
            part = run[np.isfinite(run[score])]
            if part.empty:
                continue
            effect = part["effect"].abs() if score in UNSIGNED else part["effect"]
            x, y = part[score].to_numpy(float), effect.to_numpy(float)
            r = agreement(x, y, part["element"].to_numpy(), part["start"].to_numpy())
            splits = part.groupby("element")["split"].first()
            several = ", ".join(dict.fromkeys(name for name in splits if name))
            r["split"] = [several if name == "mean" else splits[name] for name in r["element"]]
            found.append(r.assign(score=score, **run.iloc[0][RUN_COLUMNS]))
    columns = ["pearson_r", "pearson_r_low", "pearson_r_high", "variants", "elements"]
    return pd.concat(found, ignore_index=True)[
        [*RUN_COLUMNS, "score", "element", "split", *columns]
    ]


def gains(means: pd.DataFrame) -> pd.Series:
    """Give the mean r of robust scores less that of standard ones, by run.

    Parameters
    ----------
    means : DataFrame
        The rows of `agreements` with element "mean".
    """
    r = means.pivot(index="run", columns="score", values="pearson_r")
    return (r["robust"] - r["standard"]).rename("gain")


def name_settings(settings: pd.DataFrame, leave_out: Sequence[str] = ()) -> list[str]:
    """Name each setting by its model and the axes in which the settings differ.

    Parameters
    ----------
    settings : DataFrame
        One row a setting, with `SETTINGS`.
    leave_out : sequence of str
        Axes that are shown in another way.
    """
    shown = [axis for axis in SETTINGS[1:] if axis not in leave_out]
    differ = [axis for axis in shown if settings[axis].nunique() > 1]
    return [
        ", ".join([row["model"], *(spoken(axis, row[axis]) for axis in differ)])
        for row in settings.to_dict("records")
    ]
