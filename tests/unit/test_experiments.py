"""Tables and figures of the experiments."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread
from matplotlib.text import Text
from tests.fake_study import BIN_SIZES, DEMO, FULL, metrics, run_rows

import epibench
from epibench.errors import InputError
from epibench.experiments import ANALYSES, loss_by_bin_size, resolution
from epibench.experiments.run import run_experiment
from epibench.style import LOSS_COLOURS, RC, save
from epibench.words import LOSSES

ON_METRICS = [name for name, analysis in ANALYSES.items() if analysis.reads == "metrics"]
MODULES = [import_module(ANALYSES[name].module) for name in ON_METRICS]


@pytest.fixture(scope="module")
def demo() -> pd.DataFrame:
    return metrics(run_rows(DEMO))


def test_the_registry_imports_nothing_heavy():
    code = "import sys, epibench.experiments as e; print(*sys.modules)"
    path = os.environ | {"PYTHONPATH": str(Path(epibench.__file__).parents[1])}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=path)
    assert not {"pandas", "numpy", "matplotlib"} & set(done.stdout.split())


@pytest.mark.parametrize("name", ANALYSES)
def test_a_registered_analysis_has_table_and_figure(name):
    module = import_module(ANALYSES[name].module)
    assert callable(module.table)
    assert callable(module.figure)
    assert ANALYSES[name].question.endswith("?")


def test_loss_table_has_each_run_at_its_own_bin_size(demo):
    table = loss_by_bin_size.table(demo).set_index("run")
    assert sorted(table.index) == sorted(demo["run"].unique())
    own_size = demo[(demo["evaluated_bin_size"] == demo["bin_size"]) & (demo["target"] == "mean")]
    for run, row in table.iterrows():
        own = own_size[own_size["run"] == run]
        raw, scaled = (own[own["scaling"] == scaling].iloc[0] for scaling in ("raw", "scaled"))
        assert row["pearson_r"] == raw["pearson_r"]
        assert (row["mse_raw"], row["mse_scaled"]) == (raw["mse"], scaled["mse"])


def test_loss_table_keeps_the_order_of_losses(demo):
    shuffled = demo.sample(frac=1, random_state=3)
    losses = loss_by_bin_size.table(shuffled)["loss"]
    assert list(dict.fromkeys(losses)) == [loss for loss in LOSSES if loss in set(losses)]
    assert len(set(losses)) == 5


def test_resolution_table_averages_seeds_of_poisson_runs_only():
    table = metrics(run_rows([("poisson", 128), ("mse", 128)], seeds=(1, 2, 3)))
    got = resolution.table(table).set_index("evaluated_bin_size")
    assert list(got.index) == [128, 256, 512, 1024, 2048]
    for size in got.index:
        rows = table.query(
            "loss == 'poisson' and target == 'mean' and scaling == 'raw' "
            "and evaluated_bin_size == @size"
        )
        assert got.loc[size, "pearson_r"] == pytest.approx(np.mean(rows["pearson_r"]), rel=1e-12)
        assert got.loc[size, "seeds"] == 3


def test_resolution_counts_the_seeds_that_have_an_r():
    table = metrics(run_rows([("poisson", 2048)], seeds=(1, 2)))
    first = table["seed"] == 1
    table.loc[first, "pearson_r"] = np.nan
    row = resolution.table(table).iloc[0]
    assert row["seeds"] == 1
    assert row["pearson_r"] == table[~first & (table["target"] == "mean")]["pearson_r"].iloc[0]


@pytest.mark.parametrize("module", MODULES)
def test_metrics_of_different_test_sets_are_refused(module, demo):
    mixed = demo.copy()
    mixed.loc[mixed["bin_size"] == 32, "test_set"] = "0badcafe"
    with pytest.raises(InputError, match="2 different test sets"):
        module.table(mixed)


@pytest.mark.parametrize("module", MODULES)
def test_metrics_without_a_column_rows_or_with_a_run_twice_are_refused(module, demo):
    with pytest.raises(InputError, match="lack the columns seed"):
        module.table(demo.drop(columns="seed"))
    with pytest.raises(InputError, match="no metrics were given"):
        module.table(demo.iloc[:0])
    with pytest.raises(InputError, match="given twice"):
        module.table(pd.concat([demo, demo.iloc[:20]]))


def test_resolution_without_a_poisson_run_is_refused(demo):
    with pytest.raises(InputError, match="none of the 2 runs has the loss 'poisson'"):
        resolution.table(demo[demo["loss"] == "mse"])


def _label_boxes(axes):
    """Give the boxes of the bin sizes in a drawn panel, in pixels."""
    return [Text.get_window_extent(note) for note in axes.texts if note.get_text().isdecimal()]


def test_labels_of_forty_points_overlap_neither_each_other_nor_points():
    points = [(loss, bin_size) for loss in list(LOSSES)[:5] for bin_size in BIN_SIZES]
    rng = np.random.default_rng(0)
    table = loss_by_bin_size.table(metrics(run_rows(points)))
    table["pearson_r"] = rng.uniform(0.2, 0.8, len(table))
    chart = loss_by_bin_size.draw(table)
    FigureCanvasAgg(chart).draw()
    for axes in chart.axes:
        boxes = _label_boxes(axes)
        assert len(boxes) == 40
        frame = axes.get_window_extent()
        for i, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[:i])
            assert frame.containsx(box.x0)
            assert frame.containsx(box.x1)
            assert frame.containsy(box.y0)
            assert frame.containsy(box.y1)
        drawn = [line.get_xydata() for line in axes.lines if line.get_linestyle() == "None"]
        centres = axes.transData.transform(np.vstack(drawn))
        assert len(centres) == 40
        assert not any(box.contains(*centre) for box in boxes for centre in centres)


def test_points_off_scale_are_named_and_not_drawn():
    table = loss_by_bin_size.table(metrics(run_rows(FULL)))
    bad = table["loss"] == "pearsonr"
    table.loc[bad, "mse_raw"] *= 1e5
    table.loc[table["loss"].eq("mse") & table["bin_size"].eq(32), "pearson_r"] = np.nan
    scaled, raw = loss_by_bin_size.draw(table).axes
    assert any("MSE (32 bp)" in note.get_text() for note in scaled.texts)
    (note,) = (note.get_text() for note in raw.texts if "Off scale" in note.get_text())
    assert "Pearson's r (all bin sizes)" in note
    assert max(line.get_xdata().max() for line in raw.lines) < 10


def test_a_loss_keeps_its_colour_whatever_else_is_drawn(demo):
    table = loss_by_bin_size.table(demo[demo["loss"] == "pearsonr_mse"])
    axes = loss_by_bin_size.draw(table).axes[0]
    assert {line.get_color() for line in axes.lines} == {LOSS_COLOURS["pearsonr_mse"]}


def test_resolution_writes_r_into_every_cell(demo):
    table = resolution.table(demo)
    chart = resolution.draw(table)
    written = [text.get_text() for text in chart.axes[0].texts]
    assert written == [f"{r:.2f}" for r in table["pearson_r"]]


def test_a_panel_per_model_and_window_set():
    runs = run_rows(DEMO) + run_rows(DEMO, model="bpnet", windows="peaks")
    table = metrics(runs)
    titles = [axes.get_title(loc="left") for axes in resolution.draw(resolution.table(table)).axes]
    assert titles[:2] == ["basenji_small, threshold2", "bpnet, peaks"]
    chart = loss_by_bin_size.draw(loss_by_bin_size.table(table))
    assert len(chart.axes) == 4


@pytest.mark.parametrize("name", ON_METRICS)
def test_an_experiment_writes_its_files(name, demo, tmp_path):
    table = run_experiment(name, demo, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "figure.pdf",
        "figure.png",
        "figure.svg",
        "table.tsv",
    ]
    read = pd.read_csv(tmp_path / "table.tsv", sep="\t")
    pd.testing.assert_frame_equal(read, table, check_dtype=False)
    assert imread(tmp_path / "figure.png").shape[1] >= 4 * 200  # four inches or more, 200 dpi


def test_an_unknown_experiment_is_refused(demo, tmp_path):
    with pytest.raises(InputError, match=r"'los_by_bin_size' has no analysis; known are loss_by"):
        run_experiment("los_by_bin_size", demo, tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_same_figure_gives_the_same_bytes(demo, tmp_path):
    for folder in ("a", "b"):
        run_experiment("resolution", demo, tmp_path / folder)
    for file in ("figure.svg", "figure.pdf", "figure.png"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    svg = (tmp_path / "a" / "figure.svg").read_text()
    assert "<dc:date>" not in svg
    assert "<text" not in svg  # letters are outlines, so no font is needed


def test_drawing_leaves_the_settings_of_matplotlib_alone(demo, tmp_path):
    before = dict(mpl.rcParams)
    save(resolution.draw(resolution.table(demo)), tmp_path)
    assert dict(mpl.rcParams) == before
    assert any(before[key] != value for key, value in RC.items())
