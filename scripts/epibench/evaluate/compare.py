"""Say which differences between predictors are more than chance.

Differences are paired: all predictors are scored on the same draws of blocks, so what makes a part
of the genome easy or hard for both cancels out.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import t

from epibench.errors import InputError
from epibench.evaluate.bootstrap import LEVEL, block_weights, standard_error
from epibench.evaluate.evaluation import Evaluation

LOWER_IS_BETTER = ("mse", "jensen_shannon", "poisson_nll")
"""Of all other scores a higher one is better."""

NO_DIFFERENCE, NOT_AVAILABLE = "no difference shown", "not available"


class Tested(NamedTuple):
    """A difference with its 95 % interval, standard error and two-sided p; NaN where undefined."""

    difference: float
    low: float
    high: float
    standard_error: float
    p: float


class Scored(NamedTuple):
    """A score of a predictor by target, (targets,), and in each draw, (replicates, targets)."""

    value: np.ndarray
    drawn: np.ndarray


def tested(difference: float, error: float, degrees: float) -> Tested:
    """Test a difference against 0 by Student's t.

    Parameters
    ----------
    difference : float
    error : float
        Its standard error; NaN where it is not known.
    degrees : float
        Degrees of freedom of the error.

    Returns
    -------
    Tested
        Without error and difference, as between a predictor and its copy, p is 1.
    """
    if error == 0:
        return Tested(difference, difference, difference, 0.0, 1.0 if difference == 0 else 0.0)
    half = float(t.ppf((1 + LEVEL) / 2, degrees)) * error
    p = 2 * float(t.sf(abs(difference / error), degrees))
    return Tested(difference, difference - half, difference + half, error, p)


def holm(p: np.ndarray) -> np.ndarray:
    """Correct p values of one family for their number (Holm 1979).

    Parameters
    ----------
    p : float64, shape (tests,)
        NaN is no test: it stays NaN and does not count.

    Returns
    -------
    float64, shape (tests,)
        At most 1.
    """
    p = np.asarray(p, np.float64)
    order = np.argsort(p)[: np.isfinite(p).sum()]
    corrected = np.full(p.shape, np.nan)
    stepped = p[order] * np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(stepped), 1)
    return corrected


def verdict(score: str, difference: float, p: float, subject: str = "") -> str:
    """Say whether a is better than b by the difference a - b.

    Parameters
    ----------
    score : str
        Its name, for the direction that is better.
    difference : float
    p : float
        Corrected for the family.
    subject : str
        What the verdict is about, such as `this run`; default none.

    Returns
    -------
    str
        `<subject> better`, `<subject> worse`, `no difference shown` (p is not under 0.05), or
        `not available` (no p).
    """
    if np.isnan(p):
        return NOT_AVAILABLE
    if p >= 1 - LEVEL:
        return NO_DIFFERENCE
    better = (difference < 0) == (score in LOWER_IS_BETTER)
    return f"{subject} {'better' if better else 'worse'}".strip()


def paired_table(
    evaluations: Sequence[Evaluation],
    score: str,
    bin_size: int,
    scaling: str = "raw",
    *,
    replicates: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare every two predictors; all pairs are one family.

    Parameters
    ----------
    evaluations : sequence of Evaluation
        Those without `bin_size`, or without the score, are left out.
    score : str
    bin_size : int
        Evaluated bin size in bp.
    scaling : str, default `raw`
    replicates : int, default 1000
        Draws of blocks.
    seed : int, default 0
        Of the draws.

    Returns
    -------
    DataFrame
        One row a pair, in the order given: `a`, `b`, `score`, `evaluated_bin_size`, `scaling`,
        `targets` (that both have a score for), `score_a`, `score_b` (means over these),
        `difference` (a - b), `low`, `high` (95 % over loci), `standard_error`, `p`, `p_holm`,
        `verdict` (of a, as it was trained; other seeds are not considered), `test_set`.

    Raises
    ------
    InputError
        When evaluations are of different test sets or targets.
    """
    scored = _scored(evaluations, score, bin_size, scaling, replicates, seed)
    names = list(scored)
    rows = []
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            both = _shared(scored[a], scored[b])
            first, second = _mean(scored[a], both), _mean(scored[b], both)
            error = _error(first.drawn - second.drawn, evaluations[0].blocks)
            test = tested(float(first.value - second.value), error, evaluations[0].blocks - 1)
            rows.append(
                {"a": a, "b": b, "score": score, "evaluated_bin_size": bin_size}
                | {"scaling": scaling, "targets": int(both.sum())}
                | {"score_a": float(first.value), "score_b": float(second.value)}
                | test._asdict()
            )
    columns = ["a", "b", "score", "evaluated_bin_size", "scaling", "targets", "score_a", "score_b"]
    table = pd.DataFrame(rows, columns=[*columns, *Tested._fields])
    table["p_holm"] = holm(table["p"].to_numpy())
    found = zip(table["difference"], table["p_holm"], strict=True)
    table["verdict"] = [verdict(score, *each) for each in found]
    return table.assign(test_set=evaluations[0].test_set if len(evaluations) else "")


def rank_table(
    evaluations: Sequence[Evaluation],
    score: str,
    bin_size: int,
    scaling: str = "raw",
    *,
    replicates: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Rank the predictors, with the interval of each rank over loci.

    A mean over fewer targets has no rank among means over all: predictors without a score for a
    target that another has are left out.

    Parameters
    ----------
    evaluations, score, bin_size, scaling, replicates, seed
        As of `paired_table`.

    Returns
    -------
    DataFrame
        One row a predictor, best first: `predictor`, `score`, `evaluated_bin_size`, `scaling`,
        `value` (mean over targets), `rank` (1 is best), `rank_low`, `rank_high` (95 % of the ranks
        in the draws; NaN under 20 blocks), `test_set`.

    Raises
    ------
    InputError
        As of `paired_table`.
    """
    scored = _scored(evaluations, score, bin_size, scaling, replicates, seed)
    some = np.any([np.isfinite(each.value) for each in scored.values()], axis=0)
    names = [name for name in scored if np.isfinite(scored[name].value[some]).all()]
    means = [_mean(scored[name], some) for name in names]
    sign = 1 if score in LOWER_IS_BETTER else -1
    value = np.array([each.value for each in means])
    rank = _ranks(sign * value)
    low = high = np.full(len(names), np.nan)
    if names and np.isfinite(_error(means[0].drawn, evaluations[0].blocks)):
        blocks = evaluations[0].blocks
        drawn = np.stack([each.drawn for each in means], axis=1)
        drawn = value + (drawn - value) * np.sqrt(blocks / (blocks - 1))
        ends = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
        low, high = np.quantile(_ranks(sign * drawn), ends, axis=0, method="closest_observation")
    table = pd.DataFrame({"predictor": names, "score": score, "evaluated_bin_size": bin_size})
    table = table.assign(scaling=scaling, value=value, rank=rank, rank_low=low, rank_high=high)
    table["test_set"] = evaluations[0].test_set if len(evaluations) else ""
    return table.sort_values("rank", kind="stable", ignore_index=True)


def win_tie_loss(table: pd.DataFrame) -> pd.DataFrame:
    """Turn a `paired_table` into a square matrix of what each row is against each column.

    Returns
    -------
    DataFrame
        Index and columns are predictors; `win`, `tie` (no difference shown), `loss`, or empty where
        there is no test. Followed by the columns `wins`, `ties`, `losses`.
    """
    names = list(dict.fromkeys([*table["a"], *table["b"]]))
    places = {name: place for place, name in enumerate(names)}
    a, b = (table[side].map(places).to_numpy(int) for side in "ab")
    words = np.full((len(names), len(names)), "", dtype=object)
    of_a = {"better": "win", "worse": "loss", NO_DIFFERENCE: "tie"}
    of_b = {"better": "loss", "worse": "win", NO_DIFFERENCE: "tie"}
    words[a, b] = table["verdict"].map(of_a).fillna("")
    words[b, a] = table["verdict"].map(of_b).fillna("")
    matrix = pd.DataFrame(words, index=names, columns=names)
    counts = {
        many: (matrix == one).sum(axis=1)
        for one, many in (("win", "wins"), ("tie", "ties"), ("loss", "losses"))
    }
    return matrix.assign(**counts)


def compare_experiment(
    runs: Sequence[Mapping[str, Any]],
    evaluations: Mapping[str, Evaluation],
    reference: Mapping[str, Any],
    score: str,
    bin_size: int,
    scaling: str = "raw",
    *,
    replicates: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Compare each setting of an experiment with the one that has the reference's values.

    The two differ in the axes of `reference` alone and are matched by seed. Over loci the spread is
    that of the mean over the matched seeds, over seeds that of their differences. With several
    seeds, interval and p come from the sum of both variances with Welch and Satterthwaite's degrees
    of freedom; the error is a little too large, because what seeds do differently at different loci
    counts in both. With one seed they are over loci alone, and the verdict is about that run. All
    rows are one family.

    Parameters
    ----------
    runs : sequence of dict
        `run` (its name) and the axes of each run, `seed` among them.
    evaluations : dict of run to Evaluation
    reference : dict of axis to value
        Not of `seed`.
    score, bin_size, scaling, replicates, seed
        As of `paired_table`.

    Returns
    -------
    DataFrame
        One row a setting: `a_<axis>` and `b_<axis>` (b is the reference) of every axis but the
        seed, `score`, `evaluated_bin_size`, `scaling`, `targets`, `seeds` (matched pairs),
        `difference` (a - b), `low`, `high`, `standard_error_loci`, `standard_error_seeds` (NaN with
        one seed), `p`, `p_holm`, `verdict`, `test_set`. Settings without a partner, or without the
        score, have 0 seeds and the verdict `not available`.

    Raises
    ------
    InputError
        When an axis of the reference is unknown, or evaluations are of different test sets.
    """
    for axis in reference:
        if axis == "seed" or any(axis not in run for run in runs):
            raise InputError(
                f"reference: {axis!r} is no axis that settings differ in; name one of "
                f"{', '.join(axis for axis in runs[0] if axis not in ('run', 'seed'))}"
            )
    chosen = {run["run"]: evaluations[run["run"]] for run in runs}
    scored = _scored(chosen, score, bin_size, scaling, replicates, seed)
    blocks = next(iter(chosen.values())).blocks if chosen else 0
    axes = [axis for axis in (runs[0] if runs else ()) if axis not in ("run", "seed")]
    settings: dict[tuple, dict[Any, str]] = {}
    for run in runs:
        settings.setdefault(tuple(run[axis] for axis in axes), {})[run["seed"]] = run["run"]
    rows = []
    for a, by_seed in settings.items():
        b = tuple(reference.get(axis, value) for axis, value in zip(axes, a, strict=True))
        if a == b:
            continue
        partners = settings.get(b, {})
        pairs = [
            (scored[by_seed[each]], scored[partners[each]])
            for each in by_seed
            if each in partners and {by_seed[each], partners[each]} <= scored.keys()
        ]
        names = {f"a_{axis}": value for axis, value in zip(axes, a, strict=True)}
        names |= {f"b_{axis}": value for axis, value in zip(axes, b, strict=True)}
        names |= {"score": score, "evaluated_bin_size": bin_size, "scaling": scaling}
        rows.append(names | _over_seeds(pairs, blocks))
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    table.insert(len(table.columns), "p_holm", holm(table["p"].to_numpy()))
    table["verdict"] = [verdict_of(row) for row in table.itertuples(index=False)]
    return table.assign(test_set=next(iter(chosen.values())).test_set)


def verdict_of(row: Any) -> str:
    """Say what a row of `compare_experiment` shows: with one seed of the run, not the choice."""
    subject = "this choice is" if row.seeds > 1 else "this run is"
    return verdict(row.score, row.difference, row.p_holm, subject)


def _over_seeds(pairs: list[tuple[Scored, Scored]], blocks: int) -> dict[str, Any]:
    """Test the mean difference of matched pairs of seeds."""
    both = np.all([_shared(*pair) for pair in pairs], axis=0) if pairs else np.zeros(1, bool)
    if not both.any():
        columns = ("difference", "low", "high", "standard_error_loci", "standard_error_seeds", "p")
        return {"targets": 0, "seeds": 0} | dict.fromkeys(columns, np.nan)
    means = [(_mean(a, both), _mean(b, both)) for a, b in pairs]
    values = np.array([a.value - b.value for a, b in means])
    loci = _error(np.mean([a.drawn - b.drawn for a, b in means], axis=0), blocks)
    seeds = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    error, degrees = loci, blocks - 1.0
    if len(values) > 1 and loci**2 + seeds**2 > 0:
        error = np.hypot(loci, seeds)
        parts = loci**4 / (blocks - 1) + seeds**4 / (len(values) - 1)
        degrees = error**4 / parts
    test = tested(float(values.mean()), float(error), degrees)
    counts = {"targets": int(both.sum()), "seeds": len(values)}
    spread = {"standard_error_loci": loci, "standard_error_seeds": seeds}
    return counts | dict(zip(Tested._fields[:3], test[:3], strict=True)) | spread | {"p": test.p}


def _scored(
    evaluations: Sequence[Evaluation] | Mapping[str, Evaluation],
    score: str,
    bin_size: int,
    scaling: str,
    replicates: int,
    seed: int,
) -> dict[str, Scored]:
    """Score by name all evaluations that have the bin size and the score."""
    if not isinstance(evaluations, Mapping):
        evaluations = {each.predictor: each for each in evaluations}
    for what in ("test_set", "targets", "blocks"):
        found = {str(getattr(each, what)) for each in evaluations.values()}
        if len(found) > 1:
            raise InputError(
                f"predictors were evaluated with {len(found)} different values of {what} "
                f"({', '.join(sorted(found))}); evaluate all again on the same data"
            )
    scored = {}
    for name, each in evaluations.items():
        if bin_size in each.bin_sizes:
            value = each.score(score, bin_size, scaling)
            if np.isfinite(value).any():
                weights = block_weights(each.blocks, replicates=replicates, seed=seed)
                scored[name] = Scored(value, each.score(score, bin_size, scaling, weights))
    return scored


def _shared(a: Scored, b: Scored) -> np.ndarray:
    """Tell which targets both have a score for."""
    return np.isfinite(a.value) & np.isfinite(b.value)


def _mean(scored: Scored, targets: np.ndarray) -> Scored:
    """Average over some targets; NaN where there are none."""
    if not targets.any():
        return Scored(np.float64(np.nan), np.full(len(scored.drawn), np.nan))
    return Scored(scored.value[targets].mean(), scored.drawn[:, targets].mean(axis=1))


def _error(drawn: np.ndarray, blocks: int) -> float:
    """Give the standard error of draws, 0 where they differ by rounding alone."""
    error = float(standard_error(drawn, blocks))
    return 0.0 if error < 1e-15 else error


def _ranks(values: np.ndarray) -> np.ndarray:
    """Rank along the last axis, lowest first; equal values share the better rank."""
    return 1 + (values[..., None, :] < values[..., :, None]).sum(axis=-1)
