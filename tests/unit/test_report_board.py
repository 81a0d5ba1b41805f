"""The leaderboard's script data, topics and sizes of the report."""

import base64
import io
import json
import re

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image
from tests.fake_study import (
    BIN_SIZES,
    DEMO,
    TARGETS,
    metrics,
    references,
    run_rows,
    run_table,
    write_fake_report,
)

from epibench.experiments import ANALYSES
from epibench.experiments.analysis import TOPICS
from epibench.report.board import board_data, strip
from epibench.report.inline import LARGEST_SVG, WIDEST, figure_element, share_glyphs
from epibench.report.leaderboard import FROM_0_TO_1, OF_TARGETS, SCORES, leaderboard, run_page
from epibench.report.shown import shown_as
from epibench.style import save


@pytest.fixture(scope="module")
def views():
    runs = run_rows(DEMO)
    others = references()
    everyone = pd.concat([metrics(runs)[others.columns], others], ignore_index=True)
    return leaderboard(everyone, run_table(runs), {})


@pytest.fixture(scope="module")
def board(views):
    status = [f"{view.bin_size} {view.scaling} </script>" for view in views]
    return board_data(views, status, ["loss", "bin_size"], TARGETS)


def test_the_columns_of_the_script_are_the_texts_of_every_view(views, board):
    data = json.loads(board)
    assert len(views) == 3 * len(BIN_SIZES)
    for view in views:
        part = data["views"][f"{view.bin_size} {view.scaling}"]
        names = [data["predictors"][place]["predictor"] for place in part["rows"]]
        assert names == [row["predictor"] for row in view.rows]
        for score in SCORES:
            texts = part["scores"][score]["value"].split(" ")
            assert texts == [shown_as(row[score], score) for row in view.rows]
        lows = part["scores"]["mse"]["low"].split(" ")
        ends = [row["intervals"]["mse"] or (None, None) for row in view.rows]
        assert lows == [shown_as(low, "mse") for low, _ in ends]


def test_scores_by_target_follow_the_scaling_only_where_it_matters(views, board):
    data = json.loads(board)["by_target"]
    assert set(data["pearson_r"]) == {str(size) for size in BIN_SIZES}
    assert len(data["pearson_r_log1p"]) == 3 * len(BIN_SIZES)
    view = next(v for v in views if (v.bin_size, v.scaling) == (128, "raw"))
    predictors = json.loads(board)["predictors"]
    for score in OF_TARGETS:
        part = data[score]["128 raw" if score == "pearson_r_log1p" else "128"]
        rows = [row for row in view.rows if row[score] is not None]
        names = [predictors[place]["predictor"] for place in part["rows"]]
        assert names == [row["predictor"] for row in rows]
        for target, column in zip(TARGETS, part["targets"], strict=True):
            expected = [shown_as(row["by_target"][score][target], score) for row in rows]
            assert column.split(" ") == expected


def test_no_text_of_the_script_data_can_end_the_script(board):
    assert "<" not in board
    assert json.loads(board)["views"]["128 raw"]["status"].endswith("</script>")


def test_a_score_is_drawn_at_its_place_on_the_scale(views):
    view = next(v for v in views if (v.bin_size, v.scaling) == (128, "scaled"))
    row = next(row for row in view.rows if row["kind"] == "run")
    places = dict(re.findall(r"(--\w):([\d.]+)%", strip(row, "pearson_r", view)))
    assert float(places["--v"]) == pytest.approx(100 * row["pearson_r"], abs=0.1)
    assert float(places["--h"]) - float(places["--l"]) == pytest.approx(2, abs=0.15)
    low, high = view.scales["mse"]
    highest = max(row["intervals"]["mse"][1] for row in view.rows)
    assert high == pytest.approx(highest, rel=1e-5)
    places = dict(re.findall(r"(--\w):([\d.]+)%", strip(row, "mse", view)))
    assert float(places["--v"]) == pytest.approx(100 * (row["mse"] - low) / (high - low), abs=0.3)
    assert all(view.scales[score] == (0, 1) for score in FROM_0_TO_1)


def test_what_has_no_score_or_no_scale_is_not_drawn(views):
    view = next(v for v in views if (v.bin_size, v.scaling) == (128, "scaled"))
    constant = next(row for row in view.rows if row["predictor"] == "mean_coverage")
    assert not strip(constant, "pearson_r", view)
    assert not strip(view.rows[0], "scale_factor", view)


def test_the_address_of_a_run_is_quoted():
    assert run_page("a/peaks/mse/bin32/rc+shift/seed1") == (
        "runs/a/peaks/mse/bin32/rc%2Bshift/seed1.html"
    )


def test_each_analysis_has_a_topic_of_the_report():
    assert {analysis.topic for analysis in ANALYSES.values()} <= set(TOPICS)


def test_experiments_stand_under_their_topics_in_order(tmp_path):
    text = write_fake_report(tmp_path, run_rows([("poisson", 128)])).read_text()
    marks = ['id="data"', 'id="loss"', 'id="experiment-loss-by-bin-size"', 'id="resolution"']
    marks += ['id="experiment-resolution"', 'id="leaderboard"', 'id="runs"', 'id="methods"']
    places = [text.index(f"<section {mark}") for mark in marks]
    assert places == sorted(places)
    assert '<section id="variants"' not in text
    contents = text.partition("<nav")[2].partition("</nav>")[0]
    listed = re.findall(r'href="#([^"]+)"', contents)
    ids = [mark[4:-1] for mark in marks]
    assert listed == ["main", *ids]


def test_a_small_figure_is_inlined_and_a_large_one_is_a_narrow_image(tmp_path):
    for name, points in (("small", 3), ("large", 4000)):
        chart = Figure(figsize=(7, 3))
        chart.subplots().plot(range(points), [n % 7 for n in range(points)], "o")
        save(chart, tmp_path, name)
    small = figure_element(tmp_path / "small.svg", "figure-a", "Title", "What")
    assert small.startswith("<svg")
    assert (tmp_path / "large.svg").stat().st_size > LARGEST_SVG
    large = figure_element(tmp_path / "large.svg", "figure-b", 'A "title"', "<What>")
    assert large.startswith('<img id="figure-b" src="data:image/png;base64,')
    assert f'width="{WIDEST}"' in large
    assert 'alt="A &#34;title&#34;. &lt;What&gt;"' in large


def test_lines_of_a_large_figure_keep_their_colours(tmp_path):
    colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"]
    chart = Figure(figsize=(7, 5))
    axes = chart.subplots(4, 1)
    for ax in axes:
        for k, colour in enumerate(colours):
            ax.plot(range(2000), [n % 7 + 9 * k for n in range(2000)], color=colour, linewidth=1)
    save(chart, tmp_path, "lines")
    large = figure_element(tmp_path / "lines.svg", "figure-c", "Title", "What")
    packed = re.search(r"base64,([^\"]+)", large)[1]
    with Image.open(io.BytesIO(base64.b64decode(packed))) as image:
        palette = np.unique(np.asarray(image.convert("RGB")).reshape(-1, 3), axis=0).astype(int)
    for colour in colours:
        wanted = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
        assert np.abs(palette - wanted).max(axis=1).min() < 24, colour


def test_letters_are_stored_once_and_every_use_finds_its_outline(tmp_path):
    chart = Figure(figsize=(3, 2))
    chart.subplots().set_title("letters in bold", weight="bold")
    save(chart, tmp_path)
    page = "".join(
        figure_element(tmp_path / "figure.svg", f"figure-{name}-1", "Title", "What")
        for name in ("a", "b")
    )
    shared = share_glyphs(page)
    assert len(shared) < 0.75 * len(page)
    outlines = re.findall(r'<path id="(glyph\d+)"', shared)
    assert len(outlines) == len(set(outlines))
    used = re.findall(r'href="#(glyph\d+)"', shared)
    assert len(used) == len(re.findall(r'href="#[^"]*DejaVu', page)) > 20
    assert set(used) == set(outlines)
    assert "DejaVu" not in re.sub(r"<!--.*?-->|style=\"[^\"]*\"", "", shared)
