"""The table of all predictors, and its figure."""

import numpy as np
import pandas as pd
import pytest

from epibench.errors import InputError
from epibench.experiments import leaderboard

NO_AXES = {"windows": "", "loss": "", "bin_size": np.nan, "augmentation": "", "seed": np.nan}
RUN = {"windows": "peaks", "loss": "mse", "bin_size": 128, "augmentation": "rc", "seed": 1}


def rows_of(run, kind, r, error, sizes=(128, 2048), targets=4, axes=NO_AXES):
    rows = []
    for size in sizes:
        for factor, scaling in enumerate(leaderboard.SCALINGS, start=1):
            row = {"run": run, "model": run, "kind": kind, "target": "mean"} | axes
            row |= {"evaluated_bin_size": size, "scaling": scaling, "targets": 4}
            row |= {"targets_with_r": targets, "test_set": "3f9a"}
            for name in (*leaderboard.OF_SHAPE, *leaderboard.OF_SCALE):
                value = factor * error if name == "mse" else r
                row |= {name: value, f"{name}_low": value - 0.1, f"{name}_high": value + 0.1}
            rows.append(row)
    return rows


def everybody():
    return pd.DataFrame(
        [
            *rows_of("ridge", "baseline", 0.3, 2.0),
            *rows_of("basenji", "run", 0.7, 1.0, axes=RUN),
            *rows_of("bpnet", "run", 0.6, 1.1, axes=RUN | {"seed": 2}),
            *rows_of("replicate2", "ceiling", 0.9, 0.5, targets=3),
            *rows_of("mean_coverage", "baseline", np.nan, 3.0, targets=0),
        ]
    )


def test_the_best_r_over_all_targets_comes_first_at_the_finest_shared_bin_size():
    table = leaderboard.table(everybody())
    assert table["run"].tolist() == ["basenji", "bpnet", "ridge", "replicate2", "mean_coverage"]
    assert (table["evaluated_bin_size"] == 128).all()
    best = table.iloc[0]
    assert (best["pearson_r_low"], best["pearson_r_high"]) == pytest.approx((0.6, 0.8))
    names = [f"mse_{scaling}" for scaling in leaderboard.SCALINGS]
    assert best[names].tolist() == [1.0, 2.0, 3.0]


def test_without_a_shared_bin_size_the_coarsest_is_taken_and_who_lacks_it_counted():
    rows = everybody()
    rows = rows[~((rows["run"] == "ridge") & (rows["evaluated_bin_size"] == 128))]
    rows = rows[~((rows["run"] == "bpnet") & (rows["evaluated_bin_size"] == 2048))]
    table = leaderboard.table(rows)
    assert (table["evaluated_bin_size"] == 2048).all()
    assert "bpnet" not in set(table["run"])
    assert (table["left_out"] == 1).all()


def test_the_figure_names_what_differs_and_marks_a_ceiling_of_all_targets_only():
    table = leaderboard.table(everybody())
    chart = leaderboard.draw(table)
    labels = [text.get_text() for text in chart.axes[0].get_yticklabels()]
    assert labels[:2] == ["basenji, seed 1", "bpnet, seed 2"]
    assert labels[3] == "replicate2, r of 3 of 4 targets"
    low, high = chart.axes[0].get_ylim()
    assert low > high
    dashed = [line for line in chart.axes[0].lines if line.get_linestyle() == "--"]
    assert dashed == []
    dashed = leaderboard.draw(table.assign(targets_with_r=4)).axes[0].lines
    assert [line.get_xdata()[0] for line in dashed if line.get_linestyle() == "--"] == [0.9]


def test_rows_of_two_test_sets_are_refused():
    rows = everybody()
    rows.loc[0, "test_set"] = "other"
    with pytest.raises(InputError, match="2 different test sets"):
        leaderboard.table(rows)
