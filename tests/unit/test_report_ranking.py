"""Ranks and comparisons on the page."""

import pandas as pd
import pytest

from epibench.evaluate.compare import NO_DIFFERENCE
from epibench.report.ranking import comparisons_part, ranking_part
from epibench.report.shown import shown_as

RUN = {"model": "small", "windows": "peaks", "loss": "mse", "bin_size": 128, "augmentation": "rc"}


def comparison(**changed):
    row = {f"{side}_{axis}": value for side in "ab" for axis, value in RUN.items()}
    row |= {"score": "mse", "evaluated_bin_size": 128, "difference": 0.1, "low": 0.0, "high": 0.2}
    row |= {"seeds": 1, "standard_error_loci": 0.05, "standard_error_seeds": None, "p_holm": 0.04}
    return row | {"verdict": "this run is worse"} | changed


def test_comparisons_show_the_axes_that_differ(tmp_path):
    rows = [comparison(b_loss="poisson"), comparison(b_loss="poisson", a_loss="pearsonr")]
    pd.DataFrame(rows).to_csv(tmp_path / "comparisons.tsv", sep="\t", index=False)
    part = comparisons_part(tmp_path / "comparisons.tsv")
    assert part["columns"][:2] == ["a_loss", "b_loss"]
    assert not {"a_model", "b_model", "seeds", "low"} & set(part["columns"])
    assert part["rows"][1]["a_loss"] == "pearsonr"
    assert {"score", "verdict"} <= set(part["texts"])


def test_comparisons_of_several_seeds_show_the_spread_over_them(tmp_path):
    rows = [comparison(b_loss="poisson", seeds=3, standard_error_seeds=0.01)]
    pd.DataFrame(rows).to_csv(tmp_path / "comparisons.tsv", sep="\t", index=False)
    columns = comparisons_part(tmp_path / "comparisons.tsv")["columns"]
    assert {"seeds", "standard_error_seeds"} <= set(columns)


def test_ranks_come_with_wins_ties_and_losses(tmp_path):
    ranks = pd.DataFrame(
        {"predictor": ["run", "ridge", "gc"], "value": [0.6, 0.5, 0.2], "rank": [1, 2, 3]}
    ).assign(rank_low=[1, 1, 3], rank_high=[2, 2, 3])
    ranks.to_csv(tmp_path / "ranks.tsv", sep="\t", index=False)
    pairs = pd.DataFrame(
        [("run", "ridge", NO_DIFFERENCE), ("run", "gc", "better"), ("ridge", "gc", "better")],
        columns=["a", "b", "verdict"],
    )
    pairs.to_csv(tmp_path / "pairs.tsv", sep="\t", index=False)
    rows = ranking_part(tmp_path, {"run": RUN}, {})
    found = [(row["label"], row["wins"], row["ties"], row["losses"]) for row in rows]
    assert found == [("small", 1, 1, 0), ("5-mer ridge", 1, 1, 0), ("GC content", 0, 0, 2)]
    assert rows[0]["axes"] == RUN
    assert [row["kind"] for row in rows] == ["run", "baseline", "baseline"]


@pytest.mark.parametrize("content", ["a_model\tb_model\n"])
def test_no_comparison_is_no_row(tmp_path, content):
    (tmp_path / "comparisons.tsv").write_text(content)
    assert comparisons_part(tmp_path / "comparisons.tsv")["rows"] == []


@pytest.mark.parametrize(("p", "text"), [(1e-9, "< 0.001"), (0.0123, "0.012"), (1.0, "1")])
def test_p_values_are_written_short(p, text):
    assert shown_as(p, "p_holm") == text
