"""Table and figure of what explanations find of a known grammar."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from tests import fake_grammar
from tests.fake_study import run_rows

from epibench.errors import InputError
from epibench.experiments import known_grammar

COVERAGE = run_rows([("poisson", 32), ("poisson", 128)], seeds=(1, 2))
BINARY = run_rows([("binary_crossentropy", 2048)], model="cnn_binary")
SETTINGS = ["model", "windows", "loss", "bin_size", "augmentation"]
SCORE = ["question", "subject", "orientation", "method", "target", "score"]


@pytest.fixture(scope="module")
def tables():
    return fake_grammar.tables([*COVERAGE, *BINARY])


@pytest.fixture(scope="module")
def table(tables):
    return known_grammar.table(tables)


@pytest.fixture(scope="module")
def chart(tables):
    return known_grammar.figure(tables)


def panel(chart, title):
    (axes,) = (axes for axes in chart.axes if axes.get_title(loc="left") == title)
    return axes


def test_scores_are_means_over_seeds(tables, table):
    rows = tables["grammar"].fillna({"orientation": "", "target": ""})
    assert len(table) == 3 * len(rows) / 5
    for row in table.iloc[::17].to_dict("records"):
        same = [rows[name] == row[name] for name in (*SETTINGS, *SCORE)]
        own = rows[np.logical_and.reduce(same)]
        assert row["seeds"] == len(own) == (2 if row["loss"] == "poisson" else 1)
        assert row["value"] == pytest.approx(own["value"].mean())
        assert (row["lowest"], row["highest"]) == (own["value"].min(), own["value"].max())
        assert row["truth"] == pytest.approx(own["truth"].iloc[0], nan_ok=True)


def test_a_score_that_a_seed_lacks_has_no_mean(tables):
    rows = tables["grammar"].copy()
    first = rows.index[rows["score"] == "limit_error"][0]
    rows.loc[first, "value"] = np.nan
    found = known_grammar.table(tables | {"grammar": rows})
    assert found["value"].isna().sum() == 1
    assert found.loc[found["value"].isna(), "score"].item() == "limit_error"


def test_rows_that_do_not_fit_are_refused(tables):
    rows = tables["grammar"]
    other = rows.copy()
    other.loc[other.index[other["score"] == "ratio"][0], "truth"] = 9.0
    for wrong, message in (
        (rows.drop(columns="chance"), "lack the columns chance"),
        (rows.iloc[:0], "no scores were given"),
        (other, "held against different truths"),
    ):
        with pytest.raises(InputError, match=f"known_grammar: .*{message}"):
            known_grammar.table(tables | {"grammar": wrong})


def test_a_point_is_the_mean_over_targets_of_a_setting_and_method(table, chart):
    axes = panel(chart, "Bases in sites found, by attribution method")
    aupr = table[table["score"] == "aupr"]
    expected = aupr.groupby([*SETTINGS, "method"], sort=False)["value"].mean()
    points = [line for line in axes.lines if line.get_marker() == "o"]
    assert sorted(line.get_ydata()[0] for line in points) == pytest.approx(sorted(expected))
    (chance,) = (line for line in axes.lines if line.get_linestyle() == ":")
    assert list(chance.get_ydata()) == pytest.approx([fake_grammar.SHARE] * 2)


def test_binary_settings_have_open_markers_and_a_panel_of_their_own(table, chart):
    axes = panel(chart, "Bases in sites found, by attribution method")
    points = [line for line in axes.lines if line.get_marker() == "o"]
    faces = [line.get_markerfacecolor() for line in points]
    assert faces.count("white") == len(fake_grammar.METHODS)
    best = table[(table["score"] == "ratio") & (table["target"] == "epithelial")]
    for unit, binary in (("coverage", False), ("logits", True)):
        axes = panel(chart, f"Cooperativity ({unit})")
        drawn = sorted(line.get_ydata()[0] for line in axes.lines if line.get_marker() == "o")
        own = best.loc[(best["loss"] == "binary_crossentropy") == binary, "value"]
        assert drawn == pytest.approx(sorted(own))
        assert bool(axes.collections) == (not binary)  # bars of the truth


def test_filled_markers_are_motifs_that_were_found(table, chart):
    axes = panel(chart, "Motifs found: filled markers")
    filled = [line for line in axes.lines if line.get_markerfacecolor() != "white"]
    found = table[table["score"] == "found"]
    assert len(filled) == len(found)
    assert sum(line.get_alpha() for line in filled) == pytest.approx(found["value"].sum())
    assert len(axes.texts) == 3
    recall = table[(table["score"] == "recall") & (table["loss"] == "binary_crossentropy")]
    expected = ", ".join(f"{value:.0%}" for value in recall["value"])
    assert axes.texts[-1].get_text() == expected


def test_curves_stand_beside_the_truth_in_the_target_where_it_varies_most(tables, chart):
    axes = panel(chart, "ETS+RUNX, epithelial")
    truth = [line for line in axes.lines if line.get_linewidth() == 2.6]
    before, behind = (line.get_ydata() for line in truth)
    assert behind.max() == pytest.approx(1)
    assert before.max() < 0.2  # the pair is one-sided
    marked = [line.get_xdata()[0] for line in axes.lines if line.get_linestyle() == ":"]
    assert marked == [50]
    colours = {line.get_color() for line in axes.lines if line.get_linewidth() == 0.8}
    assert len(colours) == 3


def test_flanks_are_drawn_relative_to_their_mean(tables, chart):
    axes = panel(chart, "Flanks: AP-1, epithelial")
    assert len(axes.lines) == 4
    for line in axes.lines:
        # Steps of 12 or 13 of 256 words, so that their mean is nearly that of the words.
        assert np.mean(line.get_ydata()) == pytest.approx(1, abs=0.02)
    assert [text.get_text()[:4] for text in axes.texts] == ["rho "] * 3


def test_of_many_settings_six_are_shown_and_the_rest_is_grey(tables):
    models = [run for name in "abcdefg" for run in run_rows([("poisson", 32)], model=name)]
    chart = known_grammar.figure(fake_grammar.tables([*models, *BINARY]))
    points = chart.axes[0].lines
    grey = [line for line in points if to_hex(line.get_color()) == "#667078"]
    assert len(grey) == 2 * len(fake_grammar.METHODS)
    labels = [text.get_text() for text in chart.legends[0].get_texts()]
    assert labels[0] == "truth"
    assert labels[-1] == "2 more, first panel only"
    assert any(label.startswith("cnn_binary") for label in labels)
    assert len(labels) == 8


def test_a_study_without_pairs_is_drawn(tables):
    rows, curves = tables["grammar"], tables["grammar_curves"]
    only = ("filters", "attribution")
    few = {
        "grammar": rows[rows["question"].isin(only)],
        "grammar_curves": curves.iloc[:0],
    }
    chart = known_grammar.figure(few)
    assert [axes.get_visible() for axes in chart.axes] == [True] * 2 + [False] * 9


def test_what_was_written_is_read_as_it_was(tables, tmp_path):
    for name, rows in tables.items():
        rows.to_csv(tmp_path / name, sep="\t", index=False)
    read = {name: pd.read_csv(tmp_path / name, sep="\t") for name in tables}
    pd.testing.assert_frame_equal(known_grammar.table(read), known_grammar.table(tables))
