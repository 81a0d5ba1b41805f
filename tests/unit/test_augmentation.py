"""Table and figure of augmentation and robustness."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from tests.fake_study import run_rows
from tests.fake_variation import variation_rows

from epibench.errors import InputError
from epibench.experiments import augmentation
from epibench.experiments.run import run_experiment
from epibench.style import AUGMENTATION_COLOURS, SHAPES
from epibench.words import AUGMENTATIONS

PAPER = AUGMENTATIONS[:4]
RUN = ["model", "windows", "augmentation", "seed"]


def rows_of(models, sets, names=PAPER, seeds=(1,), sizes=(128,)) -> pd.DataFrame:
    runs = [
        row
        for model in models
        for windows in sets
        for name in names
        for row in run_rows(
            [("poisson", size) for size in sizes],
            model=model,
            windows=windows,
            augmentation=name,
            seeds=seeds,
        )
    ]
    return variation_rows(runs)


@pytest.fixture(scope="module")
def paper() -> pd.DataFrame:
    return rows_of(["basenji", "bpnet"], ["threshold2", "peaks"], seeds=(1, 2, 3))


def drawn(axes, large: bool) -> list:
    """Give the markers of means (large) or seeds."""
    lines = [line for line in axes.lines if line.get_marker() != "None"]
    return [line for line in lines if (line.get_markersize() > 5) == large]


def test_the_table_has_one_row_a_run_in_the_order_of_augmentations(paper):
    table = augmentation.table(paper.sample(frac=1, random_state=2))
    assert len(table) == table["run"].nunique() == 48
    assert list(dict.fromkeys(table["augmentation"])) == list(PAPER)
    means = paper[paper["target"] == "mean"].set_index("run")
    for column in ("variation_score", "pearson_r_per_sequence", "test_windows", "targets"):
        assert (table.set_index("run")[column] == means[column].reindex(table["run"])).all()
    assert table["windows"].unique().tolist() == ["peaks", "threshold2"]


def test_48_runs_are_48_small_points_and_16_large_means(paper):
    table = augmentation.table(paper)
    (axes,) = augmentation.draw(table).axes
    seeds = np.vstack([line.get_xydata() for line in drawn(axes, large=False)])
    expected = table[["variation_score", "pearson_r_per_sequence"]].to_numpy()
    assert sorted(map(tuple, seeds)) == sorted(map(tuple, expected))
    means = np.vstack([line.get_xydata() for line in drawn(axes, large=True)])
    expected = table.groupby(RUN[:3])[["variation_score", "pearson_r_per_sequence"]].mean()
    np.testing.assert_allclose(sorted(map(tuple, means)), sorted(map(tuple, expected.to_numpy())))


def test_colours_stand_for_augmentations_and_markers_for_model_and_training_set(paper):
    (axes,) = augmentation.figure(paper).axes
    pairs = {(to_hex(line.get_color()).upper(), line.get_marker()) for line in drawn(axes, True)}
    colours = {AUGMENTATION_COLOURS[name].upper() for name in PAPER}
    assert pairs == {(colour, shape) for colour in colours for shape in SHAPES[:4]}
    (axes,) = augmentation.figure(rows_of(["bpnet"], ["peaks"], ["shift"])).axes
    assert [line.get_color() for line in drawn(axes, True)] == [AUGMENTATION_COLOURS["shift"]]
    assert drawn(axes, large=False) == []


def test_augmentations_beyond_the_paper_have_colours_of_their_own():
    chart = augmentation.figure(rows_of(["basenji"], ["peaks"], AUGMENTATIONS, seeds=(1, 2)))
    (axes,) = chart.axes
    colours = {to_hex(line.get_color()) for line in drawn(axes, large=True)}
    assert len(colours) == len(AUGMENTATIONS) == 7
    (legend,) = chart.legends
    assert set(AUGMENTATIONS) <= {text.get_text() for text in legend.get_texts()}


def test_a_panel_per_bin_size_and_the_legend_outside():
    chart = augmentation.figure(rows_of(["basenji"], ["peaks"], sizes=(32, 128), seeds=(1, 2)))
    assert [axes.get_title(loc="left") for axes in chart.axes] == ["32 bp", "128 bp"]
    assert [len(drawn(axes, large=True)) for axes in chart.axes] == [4, 4]
    chart.draw_without_rendering()
    (legend,) = chart.legends
    box = legend.get_window_extent()
    assert not any(axes.get_window_extent().overlaps(box) for axes in chart.axes)
    assert box.x1 <= chart.bbox.x1


def test_points_off_scale_and_windows_left_out_are_named():
    rows = rows_of(["basenji"], ["peaks"], seeds=(1, 2))
    mean = rows["target"] == "mean"
    first = mean & (rows["seed"] == 1)
    rows.loc[first & (rows["augmentation"] == "none"), "variation_score"] = 400.0
    rows.loc[first & (rows["augmentation"] == "rc"), "pearson_r_per_sequence"] = np.nan
    rows.loc[mean & (rows["seed"] == 2), "windows_without_score"] = 3
    (axes,) = augmentation.figure(rows).axes
    (note,) = (note.get_text().replace("\n", " ") for note in axes.texts)
    assert "see table: basenji, peaks, none, seed 1; basenji, peaks, rc, seed 1." in note
    assert note.endswith("Runs that leave out windows without a score, see table: 4.")
    assert axes.get_xlim()[1] < 1
    assert len(augmentation.table(rows)) == 8


def test_constant_predictions_do_not_push_others_off_the_scale():
    rows = rows_of(["basenji"], ["peaks"])
    rows.loc[rows["augmentation"].isin(["none", "rc", "shift"]), "variation_score"] = 1e-17
    (axes,) = augmentation.figure(rows).axes
    assert len(drawn(axes, large=True)) == 4
    assert list(axes.texts) == []


def test_scores_that_hardly_differ_do_not_fill_the_panel():
    rows = rows_of(["basenji"], ["peaks"], ["none", "rc"])
    rows["variation_score"] = np.where(rows["augmentation"] == "rc", 0.2001, 0.2)
    rows["pearson_r_per_sequence"] = 0.5
    (axes,) = augmentation.figure(rows).axes
    for low, high in (axes.get_xlim(), axes.get_ylim()):
        assert high - low >= 0.05 - 1e-9


def test_more_combinations_than_markers_are_refused():
    rows = rows_of([f"model{i}" for i in range(len(SHAPES) + 1)], ["peaks"], ["rc"])
    with pytest.raises(InputError, match="13 combinations of model and window set"):
        augmentation.figure(rows)


def test_rows_that_do_not_fit_together_are_refused(paper):
    other = paper.copy()
    other.loc[other["seed"] == 2, "test_set"] = "other"
    with pytest.raises(InputError, match="augmentation: metrics of 2 different test sets"):
        augmentation.table(other)
    with pytest.raises(InputError, match="given twice"):
        augmentation.table(pd.concat([paper, paper.iloc[:4]]))
    with pytest.raises(InputError, match="lack the columns variation_score"):
        augmentation.table(paper.drop(columns="variation_score"))


def test_the_experiment_writes_its_three_files(paper, tmp_path):
    table = run_experiment("augmentation", paper, tmp_path)
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == ["figure.pdf", "figure.png", "figure.svg", "table.tsv"]
    read = pd.read_csv(tmp_path / "table.tsv", sep="\t")
    assert read["augmentation"].tolist() == table["augmentation"].tolist()
