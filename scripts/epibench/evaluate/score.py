"""Score one predictor on every test set and write its tables."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from epibench.data.store import Store
from epibench.evaluate.baselines import MeanPredictor
from epibench.evaluate.evaluate import evaluate, validation_factor
from epibench.evaluate.evaluation import Evaluation
from epibench.evaluate.input_set import InputSet, peak_inputs, tiled_inputs
from epibench.evaluate.predictors import READ_AT_ONCE, Predictor
from epibench.evaluate.tables import Tables, write_table


def score_predictor(
    name: str,
    predictor: Predictor | Mapping[int, Predictor],
    store: Store,
    settings: Mapping[str, Any],
    out: Mapping[str, str],
    threads: int = 1,
) -> None:
    """Evaluate a predictor on the tiled and the peak-centred test set, and write every table.

    Parameters
    ----------
    name : str
        What the tables call it.
    predictor : Predictor, or mapping of int to Predictor
        Anything that gives coverage for inputs; or the one to use at each evaluated bin size, for
        predictors that are fitted anew at each.
    store : Store
        The coverage store.
    settings : mapping
        Section `evaluation` of the config.
    out : mapping of str to str
        Path of each table and of the sums: `metrics`, `peak_metrics`, `smoothing`, `thresholds`,
        `classification`, `high_activity`, `strata`, `sums`.
    threads : int, default 1
        See `epibench.evaluate.evaluate.evaluate`.
    """
    constant = isinstance(predictor, MeanPredictor)
    inputs = tiled_inputs(store, "test", settings["block_length"])
    at_each = partial(
        _evaluate,
        name,
        predictor,
        settings=settings,
        factor=_factors(predictor, store),
        threads=threads,
    )
    found = at_each(inputs, settings["smoothing"])
    tables = Tables(found, inputs, settings["replicates"], settings["seed"])
    written = {
        "metrics": tables.metrics(),
        "smoothing": tables.smoothing(),
        "thresholds": tables.thresholds(),
        "high_activity": tables.high_activity(),
        "strata": tables.strata(settings["promoters"]),
    }
    classified = [tables.classification("tiled")]
    written["peak_metrics"] = written["metrics"][:0]
    if store.summary["settings"]["windows"]["peaks"]:
        inputs = peak_inputs(store, settings["block_length"])
        tables = Tables(at_each(inputs, ()), inputs, settings["replicates"], settings["seed"])
        written["peak_metrics"] = tables.metrics()
        classified.append(tables.classification("peaks"))
    written["classification"] = pd.concat(classified, ignore_index=True)
    for table, rows in written.items():
        write_table(_without_constant(rows) if constant else rows, out[table])
    found.save(out["sums"])


def _without_constant(rows: pd.DataFrame) -> pd.DataFrame:
    """Empty the scores within inputs of what is constant by construction: they say nothing."""
    names = ("pearson_r_per_sequence", "spearman_r_per_sequence")
    return rows.assign(**{column: np.nan for column in rows if column.startswith(names)})


def _factors(predictor: Predictor | Mapping[int, Predictor], store: Store) -> dict[int, np.ndarray]:
    """Give the factor of the validation chromosomes for each distinct predictor, by its id.

    There is none for logits, and for predictors that know the test chromosomes alone.
    """
    inputs = tiled_inputs(store, "valid")
    each = predictor.values() if isinstance(predictor, Mapping) else [predictor]
    return {
        id(one): validation_factor(one, inputs, _at_once(one))
        for one in {id(one): one for one in each}.values()
        if getattr(one, "of_coverage", True) and not getattr(one, "test_only", False)
    }


def _evaluate(
    name: str,
    predictor: Predictor | Mapping[int, Predictor],
    inputs: InputSet,
    smoothing: list[int],
    *,
    settings: Mapping[str, Any],
    factor: dict[int, np.ndarray],
    threads: int,
) -> Evaluation:
    """Evaluate one predictor, or each of several at its bin sizes."""
    run: Callable[..., Evaluation] = partial(evaluate, name, inputs=inputs, threads=threads)
    if not isinstance(predictor, Mapping):
        return run(
            predictor,
            bin_sizes=settings["bin_sizes"],
            batch_size=_at_once(predictor),
            smoothing=smoothing,
            factor=factor.get(id(predictor)),
            of_coverage=getattr(predictor, "of_coverage", True),
        )
    finest = predictor[min(predictor)]
    found = {
        id(one): run(
            one,
            bin_sizes=list(predictor),
            batch_size=_at_once(one),
            smoothing=smoothing if one is finest else (),
            factor=factor.get(id(one)),
        )
        for one in {id(one): one for one in predictor.values()}.values()
    }
    return found[id(finest)].joined({size: found[id(one)] for size, one in predictor.items()})


def _at_once(predictor: Predictor) -> int:
    """Give how many inputs a predictor wants at once."""
    return getattr(predictor, "batch_size", READ_AT_ONCE)
