"""Table and figure of smoothing, and what it shares with resolution."""

import pandas as pd
import pytest
from tests import fake_tables
from tests.fake_study import run_rows

from epibench.errors import InputError
from epibench.experiments import smoothing

RUNS = run_rows([("poisson", 1), ("poisson", 128), ("mse", 1)], seeds=(1, 2, 3))


def test_the_table_averages_seeds_at_widths_of_at_least_the_trained_bin_size():
    rows = fake_tables.smoothing(RUNS)
    table = smoothing.table(rows)
    widths = table.groupby("bin_size")["width"].agg(list).to_dict()
    assert widths == {1: [1, 32, 64, 128, 256, 512, 1024, 2048], 128: [128, 256, 512, 1024, 2048]}
    assert (table["seeds"] == 3).all()
    for row in table.itertuples():
        mine = rows.query(
            "loss == 'poisson' and target == 'mean' and scaling == 'raw' "
            "and bin_size == @row.bin_size and width == @row.width"
        )
        for name in ("pearson_r", "pearson_r_low", "pearson_r_high"):
            assert getattr(row, name) == pytest.approx(sum(mine[name]) / 3, rel=1e-12)


def test_the_triangle_says_what_it_is_of():
    table = smoothing.table(fake_tables.smoothing(RUNS))
    axes = smoothing.draw(table).axes[0]
    assert axes.get_xlabel() == "Width of the box-car filter (bp)"
    written = [text.get_text() for text in axes.texts]
    assert written == [f"{r:.2f}" for r in table["pearson_r"]]


def test_what_cannot_be_drawn_is_refused():
    rows = fake_tables.smoothing(RUNS)
    with pytest.raises(InputError, match="smoothing: none of the 3 runs has the loss 'poisson'"):
        smoothing.table(rows[rows["loss"] == "mse"])
    with pytest.raises(InputError, match=r"no width .* finest trained bin size, 128 bp; add"):
        smoothing.table(rows[(rows["bin_size"] == 128) & (rows["width"] < 128)])
    with pytest.raises(InputError, match="lack the columns width"):
        smoothing.table(rows.drop(columns="width"))
    with pytest.raises(InputError, match="given twice"):
        smoothing.table(pd.concat([rows, rows.iloc[:5]]))
    rows.loc[0, "test_set"] = "other"
    with pytest.raises(InputError, match="2 different test sets"):
        smoothing.table(rows)
