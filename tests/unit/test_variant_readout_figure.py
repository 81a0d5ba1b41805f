"""The figure of the read-out says what its table says."""

import numpy as np
import pandas as pd
import pytest

from epibench.errors import InputError
from epibench.experiments import variant_readout
from epibench.experiments.variant_readout import METHODS

RUNS = [
    {"run": f"{model}/{seed}", "model": model, "windows": "threshold2", "loss": "poisson",
     "bin_size": 128, "augmentation": "rc+shift", "seed": seed}
    for model in ("a", "b") for seed in (1, 2)
]  # fmt: skip


def rows(runs=RUNS, elements=("x", "y")):
    rng = np.random.default_rng(1)
    parts = []
    for run in runs:
        for method in METHODS:
            for element in (*elements, "mean"):
                r = rng.uniform(0.2, 0.6) + 0.1 * (run["model"] == "b")
                row = {"predictor": run["run"], "element": element, "method": method}
                row |= {"variants": 600, "pearson_r": r, "pearson_r_low": r - 0.1}
                row |= {"pearson_r_high": r + 0.1, "elements": 1, "targets_used": 3}
                parts.append(run | row | {"largest": "t1 0.5", "penalty": 0.01})
    return pd.DataFrame(parts)


def test_the_table_is_that_of_the_runs():
    found = variant_readout.table(rows())
    assert list(found)[:7] == list(RUNS[0])
    assert len(found) == len(RUNS) * 3 * 3
    with pytest.raises(InputError, match="no run has a read-out"):
        variant_readout.table(rows([]))


def test_points_are_means_over_seeds_and_the_best_setting_has_its_elements():
    made = rows()
    chart = variant_readout.figure(made)
    upper, lower = chart.axes
    names = [text.get_text() for text in upper.get_yticklabels()]
    assert names == ["a", "b"]
    points = {round(float(x), 6) for line in upper.lines for x in np.atleast_1d(line.get_xdata())}
    for model in ("a", "b"):
        for method in METHODS:
            part = made[(made["model"] == model) & (made["method"] == method)]
            mean = part.loc[part["element"] == "mean", "pearson_r"].mean()
            assert round(mean, 6) in points
    assert lower.get_title(loc="left") == "Each element: b"
    assert [text.get_text() for text in lower.get_yticklabels()] == ["y", "x"]


def test_many_settings_are_cut_and_counted():
    runs = [RUNS[0] | {"run": f"m{i}", "model": f"m{i}"} for i in range(45)]
    chart = variant_readout.figure(rows(runs))
    assert "the 40 best; 5 more in the table" in chart.axes[0].get_title(loc="left")
    assert len(chart.axes[0].get_yticks()) == 40
