"""Score what the methods of explanation find in a model against the grammar of a simulation."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import pearsonr, spearmanr
from sklearn.metrics import average_precision_score, roc_auc_score

from epibench.interpret.clip import frequencies
from epibench.interpret.distance_limit import half_way
from epibench.interpret.filters import Filters
from epibench.interpret.jaspar import JasparMotif, load_matrix
from epibench.interpret.q_values import q_values
from epibench.interpret.true_sites import true_sites
from epibench.simulate.grammar import Grammar, Motif
from epibench.simulate.sites import load_scorers

SEED = 0
"""Of the orders of the columns of shuffled queries."""

IMPORTANCE = "global_importance"
_SCORE = ["question", "subject", "orientation", "method", "target", "score", "value"]
_SCORE += ["truth", "chance"]
_CURVE = ["question", "subject", "orientation", "target", "x", "label", "estimate", "truth"]
_PLACE = ["first", "second", "orientation", "offset", "target"]
_EFFECTS = ["first_effect", "second_effect", "both_effect"]


def score_grammar(
    name: str,
    grammar: Grammar,
    truth: Mapping[str, pd.DataFrame],
    run: Mapping[str, Any],
    motifs: Sequence[JasparMotif],
    threshold: float,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare what was read out of a model with the grammar that made its data.

    Global importance is compared for motifs of the config that have the name of a motif of the
    grammar, for pairs of them, and for targets in which the grammar gives them weight.

    Parameters
    ----------
    name : str
        The predictor.
    grammar : Grammar
    truth : mapping of str to DataFrame
        `flanks`, `distances`, `cooperativity`, with the grammar in place of a model.
    run : mapping
        These tables of the model; `filters` (Filters); `attribution`, the arrays of
        `attribution.npz`; `modisco`, frequencies (width, 4) by pattern, or None where TF-MoDISco
        did not run; `of_coverage` (bool), whether effects are of mean coverage, as those of the
        truth are, and not of a logit.
    motifs : sequence of JasparMotif
        Known motifs that filters and patterns are compared with, beside those of the grammar.
    threshold : float
        A planted motif is found where its q-value for a query is below.

    Returns
    -------
    scores : DataFrame
        `predictor`, `question`, `subject` (motif, or pair "A+B"; "all"), `orientation` (of the
        second motif), `method`, `target`, `score`, `value`, its `truth`, and `chance`: the value of
        a method that knows nothing. Of each question:

        `filters`, `modisco`: `q`, the lowest over queries, `found` (0, 1), `recall` over motifs (of
        `modisco` those that act in its target, the first of the attributions); chance is that of
        queries with their columns in a random order.
        `attribution`: `aupr` and `auroc` of absolute scores, for the cores of true sites; chance
        of the first is their share of positions.
        `flanks`: `rho`, Spearman's, over words.
        `distance`: `r`, Pearson's, over offsets; for pairs of the grammar, on the
        sides where the truth has their effect, `limit_upstream`, `limit_downstream` (half-way
        distance, bp) and `limit_error`, the larger difference to the truth (NaN where the estimate
        has no limit on a side).
        `cooperativity`: `ratio` of the effect of both to the sum of single ones (no truth for
        logits, on whose scale it is another), `sign_agreement` (1: both ratios on the same side of
        1), for logits of pairs of the grammar only.
    curves : DataFrame
        `predictor`, `question`, `subject`, `orientation`, `target`, `x` (rank by truth, offset, or
        place of the bar), `label` (word; bar), `estimate`, `truth`, each in its own unit.

    Raises
    ------
    InputError
        If JASPAR lacks a matrix of the grammar.
    """
    known = _with_planted(motifs, grammar)
    queries = {"filters": _ppms(run["filters"])}
    if run["modisco"] is not None:
        queries["modisco"] = list(run["modisco"].values())
    scores, curves = [], []
    for method, ppms in queries.items():
        names = list(grammar.motifs)
        if method == "modisco":  # it was given the first target only
            target = run["attribution"]["targets"][:1]
            names = [n for n in names if all(grammar.motifs[n].weights[t] for t in target)]
        planted = {name: grammar.motifs[name] for name in names}
        scores += _motif_scores(method, ppms, known, planted, threshold)
    scores += _attribution_scores(run["attribution"], grammar)
    for compare in (_compare_flanks, _compare_distances, _compare_cooperativity):
        found, drawn = compare(truth, run, grammar)
        scores += found
        curves += drawn
    return _table(name, scores, _SCORE), _table(name, curves, _CURVE)


def _table(name: str, rows: list, columns: list[str]) -> pd.DataFrame:
    """Make a table of rows that are dicts or tables."""
    parts = [row if isinstance(row, pd.DataFrame) else pd.DataFrame([row]) for row in rows]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    table = table.reindex(columns=columns)
    table.insert(0, "predictor", name)
    return table


def _with_planted(motifs: Sequence[JasparMotif], grammar: Grammar) -> list[JasparMotif]:
    """Add the matrices of the grammar that are not among the known motifs."""
    have = {motif.id for motif in motifs}
    wanted = dict.fromkeys(motif.matrix for motif in grammar.motifs.values())
    added = [load_matrix(grammar.jaspar, matrix) for matrix in wanted if matrix not in have]
    return [*motifs, *added]


def _ppms(filters: Filters) -> list[np.ndarray]:
    """Give the clipped frequencies of the filters that have informative columns."""
    columns = filters.clipped().items()
    return [frequencies(filters.counts[n, start:end]) for n, (start, end) in columns]


def _motif_scores(
    method: str,
    ppms: Sequence[np.ndarray],
    known: Sequence[JasparMotif],
    motifs: Mapping[str, Motif],
    threshold: float,
) -> list[dict]:
    """Tell which motifs of the grammar a method found."""
    rng = np.random.default_rng(SEED)
    shuffled = [rng.permutation(ppm, axis=0) for ppm in ppms]
    lowest = [q_values(each, known).min(axis=0, initial=1.0) for each in (ppms, shuffled)]
    places = {motif.id: place for place, motif in enumerate(known)}
    rows, all_found = [], []
    for name, motif in motifs.items():
        q, by_chance = (values[places[motif.matrix]] for values in lowest)
        found, chance = float(q < threshold), float(by_chance < threshold)
        given = {"question": method, "method": method}
        rows.append(given | {"subject": name, "score": "q", "value": q, "chance": by_chance})
        rows.append(given | {"subject": name, "score": "found", "value": found, "chance": chance})
        all_found.append((found, chance))
    recall, chance = np.mean(all_found, axis=0)
    return [*rows, given | {"subject": "all", "score": "recall", "value": recall, "chance": chance}]


def _attribution_scores(attribution: Mapping[str, np.ndarray], grammar: Grammar) -> list[dict]:
    """Tell how well attributions separate the cores of true sites from other positions."""
    scorers, rows = load_scorers(grammar), []
    for t, target in enumerate(attribution["targets"]):
        sites = true_sites(attribution["codes"], grammar, scorers, target).ravel()
        share = sites.mean()
        if share in (0, 1):
            continue
        for m, method in enumerate(attribution["methods"]):
            score = np.abs(attribution["scores"][m, t]).ravel()
            given = {"question": "attribution", "subject": "all", "method": str(method)}
            given["target"] = str(target)
            aupr, auroc = average_precision_score(sites, score), roc_auc_score(sites, score)
            rows.append(given | {"score": "aupr", "value": aupr, "chance": share})
            rows.append(given | {"score": "auroc", "value": auroc, "chance": 0.5})
    return rows


def _compare_flanks(truth: Mapping, run: Mapping, grammar: Grammar) -> tuple[list, list]:
    """Compare the effects of a motif's words."""
    both = _beside(truth["flanks"], run["flanks"], ["motif", "sequence", "kind", "target"])
    both = both[both["kind"] == "flank"]
    scores, curves = [], []
    for (motif, target), part in both.groupby(["motif", "target"], sort=False):
        if not _weighs(grammar, [motif], target):
            continue
        given = {"question": "flanks", "subject": motif, "target": target}
        rho = _correlation(spearmanr, part)
        scores.append(given | {"method": IMPORTANCE, "score": "rho", "value": rho, "chance": 0.0})
        ranked = part.sort_values("truth", ascending=False, kind="stable")
        ranked = ranked.rename(columns={"sequence": "label"})
        curves.append(ranked.assign(x=np.arange(len(ranked)), **given))
    return scores, curves


def _compare_distances(truth: Mapping, run: Mapping, grammar: Grammar) -> tuple[list, list]:
    """Compare the effects of a pair by its distance."""
    both = _beside(truth["distances"], run["distances"], _PLACE)
    scores, curves = [], []
    keys = ["first", "second", "orientation", "target"]
    for (first, second, orientation, target), part in both.groupby(keys, sort=False):
        if not _weighs(grammar, [first, second], target):
            continue
        given = {"question": "distance", "subject": f"{first}+{second}", "target": target}
        given["orientation"] = orientation
        values = [{"score": "r", "value": _correlation(pearsonr, part), "chance": 0.0}]
        if _is_pair(grammar, first, second, target):
            values += _limits(part)
        scores += [given | {"method": IMPORTANCE} | value for value in values]
        curves.append(part.rename(columns={"offset": "x"}).assign(**given))
    return scores, curves


def _limits(part: pd.DataFrame) -> list[dict]:
    """Compare the distances at which half of an effect is left, on each side that has one."""
    offset, true = part["offset"].to_numpy(), part["truth"].to_numpy()
    found = half_way(offset, part["estimate"].to_numpy())
    real = half_way(offset, true)
    rise = {"upstream": _rise(true[offset < 0]), "downstream": _rise(true[offset > 0])}
    rows, errors = [], []
    for side in rise:
        # On the other side of a one-sided pair the truth falls a little too, as for any two motifs.
        if rise[side] >= max(rise.values()) / 2 and not np.isnan(real[side]):
            rows.append({"score": f"limit_{side}", "value": found[side], "truth": real[side]})
            errors.append(abs(found[side] - real[side]))
    if errors:
        rows.append({"score": "limit_error", "value": np.max(errors), "truth": 0.0})
    return rows


def _rise(effect: np.ndarray) -> float:
    return float(np.ptp(effect)) if len(effect) else 0.0


def _compare_cooperativity(truth: Mapping, run: Mapping, grammar: Grammar) -> tuple[list, list]:
    """Compare what two motifs do together with the sum of what each does."""
    keys = ["first", "second", "target"]  # each at the distance that is its own best
    real, found = (
        table["cooperativity"].groupby(keys, sort=False)[_EFFECTS].mean() for table in (truth, run)
    )
    scores, curves = [], []
    for first, second, target in found.index.intersection(real.index, sort=False):
        if not _weighs(grammar, [first, second], target):
            continue
        given = {"question": "cooperativity", "subject": f"{first}+{second}", "target": target}
        effects = [table.loc[(first, second, target)].to_numpy() for table in (found, real)]
        ratio, true_ratio = (_ratio(*each) for each in effects)
        comparable = run["of_coverage"]
        shown = true_ratio if comparable else np.nan
        values = [{"score": "ratio", "value": ratio, "truth": shown, "chance": 1.0}]
        if comparable or _is_pair(grammar, first, second, target):
            sign = np.sign(ratio - 1) * np.sign(true_ratio - 1)
            agrees = sign if np.isnan(sign) else float(sign > 0)
            values.append({"score": "sign_agreement", "value": agrees, "chance": 0.5})
        scores += [given | {"method": IMPORTANCE} | value for value in values]
        bars = [[*each, each[0] + each[1]] for each in effects]
        labels = {"x": np.arange(4), "label": ["first", "second", "both", "sum"]}
        heights = dict(zip(("estimate", "truth"), bars, strict=True))
        curves.append(pd.DataFrame(given | labels | heights))
    return scores, curves


def _ratio(first: float, second: float, both: float) -> float:
    """Give the effect of both by the sum; NaN where the sum is not positive."""
    return float(both / (first + second)) if first + second > 0 else float("nan")


def _beside(truth: pd.DataFrame, run: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Join the effects of truth and model: `truth` and `estimate`."""
    estimate = run[[*keys, "effect"]].rename(columns={"effect": "estimate"})
    return estimate.merge(
        truth[[*keys, "effect"]].rename(columns={"effect": "truth"}), on=keys, validate="1:1"
    )


def _correlation(function, part: pd.DataFrame) -> float:
    """Correlate estimate and truth; NaN where one of them is constant."""
    x, y = part["estimate"].to_numpy(), part["truth"].to_numpy()
    if len(part) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(function(x, y).statistic)


def _weighs(grammar: Grammar, names: Sequence[str], target: str) -> bool:
    """Tell whether all motifs act on a target."""
    return all(
        name in grammar.motifs and grammar.motifs[name].weights[target] != 0 for name in names
    )


def _is_pair(grammar: Grammar, first: str, second: str, target: str) -> bool:
    """Tell whether the grammar lets two motifs act together on a target, in whatever order."""
    return any(
        sorted(pair.motifs) == sorted((first, second)) and pair.weights[target] != 0
        for pair in grammar.pairs
    )
