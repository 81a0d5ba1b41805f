"""LASSO on the scores of targets: what it may learn from, and what it must not."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LassoCV
from sklearn.preprocessing import StandardScaler

from epibench.errors import InputError
from epibench.variants.readout import read_out, stretches

TARGETS = ["a", "b", "c", "d"]


def made_up(elements=3, positions=100, noise=0.3, seed=1):
    """Draw scores of four targets, the second of which has the measured effect."""
    rng = np.random.default_rng(seed)
    start = np.tile(np.repeat(np.arange(500, 500 + positions), 3), elements)
    element = np.repeat([f"e{i}" for i in range(elements)], 3 * positions)
    scores = rng.normal(size=(len(start), 4))
    effect = 2 * scores[:, 1] + noise * rng.normal(size=len(start))
    robust = scores.mean(axis=1)
    table = pd.DataFrame({"element": element, "start": start, "effect": effect, "robust": robust})
    return table.assign(chrom=element.astype(str)), scores


def r_of(found, method, element="mean"):
    rows = found[(found["method"] == method) & (found["element"] == element)]
    assert len(rows) == 1
    return rows["pearson_r"].iloc[0]


def test_a_combination_is_learned_and_its_targets_are_named():
    table, scores = made_up()
    found = read_out("run", table, TARGETS, scores, replicates=100)
    assert r_of(found, "lasso_within") > 0.97
    assert r_of(found, "lasso_across") > 0.97
    assert r_of(found, "zero_shot") == pytest.approx(0.5, abs=0.1)
    learned = found[(found["method"] != "zero_shot") & (found["element"] != "mean")]
    assert learned["largest"].str.startswith("b ").all()
    assert set(found["predictor"]) == {"run"}
    assert found.groupby("method")["variants"].agg(set).map(len).eq(2).all()  # the same rows


def test_nothing_is_learned_from_noise():
    table, scores = made_up(noise=0)
    rng = np.random.default_rng(5)
    table["effect"] = rng.normal(size=len(table))
    found = read_out("run", table, TARGETS, scores, replicates=100)
    for method in ("lasso_within", "lasso_across"):
        assert abs(r_of(found, method)) < 0.15


def test_what_neighbours_share_does_not_leak():
    """Scores that only say where a variant is let random folds learn it by heart."""
    positions = 200
    rng = np.random.default_rng(3)
    start = np.repeat(np.arange(positions), 3)
    effect = np.repeat(np.cumsum(rng.normal(size=positions // 10)), 30)
    scores = np.eye(positions // 10)[start // 10]  # one indicator a block of 10 bp
    table = pd.DataFrame(
        {"element": "e", "start": start, "effect": effect, "robust": rng.normal(size=len(start))}
    ).assign(chrom="c")
    names = [f"t{i}" for i in range(scores.shape[1])]
    found = read_out("run", table, names, scores, replicates=100)
    assert r_of(found, "lasso_within", "e") == 0
    assert "lasso_across" not in set(found["method"])


def test_predictions_are_those_of_nested_folds_by_hand():
    table, scores = made_up(elements=1)
    start, y = table["start"].to_numpy(), table["effect"].to_numpy()
    prediction = np.empty(len(table))
    for low in range(500, 600, 20):
        test = (start >= low) & (start < low + 20)
        x, scaler = scores[~test], StandardScaler()
        here = start[~test]
        inner = [
            (np.flatnonzero(~np.isin(here, part)), np.flatnonzero(np.isin(here, part)))
            for part in np.array_split(np.unique(here), 4)
        ]
        model = LassoCV(alphas=50, cv=inner, max_iter=50_000).fit(scaler.fit_transform(x), y[~test])
        prediction[test] = model.predict(scaler.transform(scores[test])) - model.predict(
            scaler.transform(np.zeros((1, 4)))
        )
    found = read_out("run", table, TARGETS, scores, replicates=100)
    wanted = np.corrcoef(prediction, y)[0, 1]
    assert r_of(found, "lasso_within", "e0") == pytest.approx(wanted, abs=1e-9)


def test_stretches_are_contiguous_and_hold_every_position_once():
    start = np.repeat(np.arange(10, 57), 3)[::-1]
    seen = []
    for train, test in stretches(start, 5):
        inside = np.unique(start[test])
        assert (np.diff(inside) == 1).all()
        assert not set(start[train]) & set(inside)
        seen += inside.tolist()
    assert seen == list(range(10, 57))


def test_unknown_targets_and_small_elements_are_left_out(capsys):
    table, scores = made_up()
    scores[:, 0] = np.nan
    table.loc[table["element"] == "e2", "start"] = 500  # one block
    found = read_out("run", table, TARGETS, scores, replicates=100)
    assert set(found["element"]) == {"e0", "e1", "mean"}
    assert "e2 is left out: 300 variants in 1 blocks" in capsys.readouterr().out
    with pytest.raises(InputError, match="no element has 50 variants in 10 blocks"):
        read_out("run", table[table["element"] == "e2"], TARGETS, scores[-300:], replicates=100)


def test_one_target_is_rescaled():
    table, scores = made_up()
    found = read_out("run", table, ["b"], scores[:, 1:2], replicates=100)
    assert r_of(found, "lasso_across", "e0") == pytest.approx(
        np.corrcoef(scores[:300, 1], table["effect"][:300])[0, 1]
    )


def test_an_element_is_not_learned_from_another_experiment_on_it():
    """Of two experiments on one element with the same scores, the twin would give r near 1."""
    rng = np.random.default_rng(8)
    start = np.tile(np.repeat(np.arange(100), 3), 3)
    element = np.repeat(["TERT-GBM", "TERT-HEK293T", "other"], 300)
    chrom = np.repeat(["chr5", "chr5", "chr8"], 300)
    scores = np.concatenate([*[rng.normal(size=(300, 40))] * 2, rng.normal(size=(300, 40))])
    own = scores[:300] @ rng.normal(size=40)
    effect = np.concatenate([own, own, rng.normal(size=300)])
    robust = rng.normal(size=900)
    table = pd.DataFrame({"element": element, "chrom": chrom, "start": start, "effect": effect})
    names = [f"t{i}" for i in range(40)]
    found = read_out("run", table.assign(robust=robust), names, scores, replicates=100)
    assert abs(r_of(found, "lasso_across", "TERT-GBM")) < 0.4
    assert r_of(found, "lasso_within", "TERT-GBM") > 0.9
