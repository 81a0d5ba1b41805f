"""Table and picture of the tracks experiment."""

import numpy as np
import pandas as pd
import pytest
from tests.fake_loci import GAP, PLACES, loci_rows
from tests.fake_study import run_rows

from epibench.errors import InputError
from epibench.experiments import tracks
from epibench.experiments.run import run_experiment
from epibench.words import LOSSES

TARGETS = ["A549", "GM12878", "HepG2", "K562"]


@pytest.fixture(scope="module")
def rows():
    return loci_rows(run_rows([("poisson", 128), ("mse", 32)]), TARGETS)


def test_the_table_has_r_and_means_of_each_cell(rows):
    table = tracks.table(rows.sample(frac=1, random_state=1))
    assert len(table) == 3 * 4 * 2
    for row in table.itertuples():
        chosen = (rows["run"] == row.run) & (rows["target"] == row.target)
        cell = rows[chosen & (rows["locus"] == row.locus)]
        expected = np.corrcoef(cell["measured"], cell["predicted"])[0, 1]
        assert row.pearson_r == pytest.approx(expected, abs=1e-9)
        assert row.measured_mean == pytest.approx(np.mean(cell["measured"]))
        assert row.predicted_mean == pytest.approx(np.mean(cell["predicted"]))
        assert (row.start, row.end) == (PLACES[row.locus], PLACES[row.locus] + 16_384)


def test_the_table_is_in_the_order_of_loci_targets_and_runs(rows):
    by_run = pd.concat([part for _, part in rows.groupby("run", sort=False)])
    table = tracks.table(by_run)
    order = [(x, t, r) for x in PLACES for t in TARGETS for r in rows["run"].unique()]
    assert list(zip(table["locus"], table["target"], table["run"], strict=True)) == order


def test_a_cell_that_does_not_vary_has_no_r(rows):
    flat = rows.assign(predicted=rows["predicted"].where(rows["target"] != "K562", 0.25))
    table = tracks.table(flat)
    assert (table["pearson_r"].isna() == (table["target"] == "K562")).all()


def test_rows_that_do_not_fit_together_are_refused(rows):
    mixed = rows.assign(test_set=rows["test_set"].where(rows["bin_size"] == 32, "0badcafe"))
    for use in (tracks.table, tracks.figure):
        with pytest.raises(InputError, match="2 different test sets"):
            use(mixed)
    with pytest.raises(InputError, match="lack the columns measured"):
        tracks.table(rows.drop(columns="measured"))
    with pytest.raises(InputError, match="no loci were given"):
        tracks.table(rows.iloc[:0])
    with pytest.raises(InputError, match="given twice"):
        tracks.table(pd.concat([rows, rows.iloc[:5]]))


def texts(chart):
    return [text.get_text() for text in chart.texts]


LOSSES_DRAWN = list(LOSSES)[:5]


@pytest.mark.parametrize(
    ("targets", "points", "loci", "drawn"),
    [
        (TARGETS, [("poisson", 128)], 3, 4),
        ([f"T{i}" for i in range(6)], [("poisson", 128), ("poisson", 32), ("mse", 2048)], 2, 18),
        ([f"T{i}" for i in range(15)], [(loss, 128) for loss in LOSSES_DRAWN], 2, 30),
        (["T0", "T1"], [(loss, 2**i) for loss in LOSSES_DRAWN for i in range(3, 11)], 1, 30),
    ],
)
def test_the_figure_draws_what_finds_room_and_names_the_rest(targets, points, loci, drawn):
    places = dict(list(PLACES.items())[:loci])
    chart = tracks.figure(loci_rows(run_rows(points), targets, places))
    assert len(chart.axes) == loci * drawn
    assert chart.get_size_inches()[1] <= 11
    kept = max(1, 30 // len(points))
    note = [text for text in texts(chart) if "Not drawn" in text or "not drawn" in text]
    left_out = ", ".join(targets[kept:])
    assert bool(note) == bool(left_out or len(points) > 30)
    if left_out:
        assert f"Not drawn for lack of room: {left_out}." in note[0].replace("\n", " ")
        assert "tracks.targets" in note[0]
    if len(points) > 30:
        assert "10 of 40 runs are not drawn" in note[0]
    # Panels stay on the page and do not overlap.
    boxes = [axes.get_position() for axes in chart.axes]
    assert min(box.x0 for box in boxes) > 0 < min(box.y0 for box in boxes)
    assert max(box.x1 for box in boxes) < 1 > max(box.y1 for box in boxes)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_titles_say_name_and_place_and_labels_what_differs(rows):
    shown = texts(tracks.figure(rows))
    assert "90th percentile" in shown
    assert "chr8:22,016,000-22,032,384" in shown
    assert shown.count("Poisson, 128\N{NO-BREAK SPACE}bp") == len(TARGETS)
    assert [text for text in shown if text in TARGETS] == TARGETS
    own = loci_rows(run_rows([("poisson", 128)]), ["K562"], {"chr8:2048-18432": 2048})
    assert "chr8:2,048-18,432" in texts(tracks.figure(own))
    assert "chr8:2048-18432" not in texts(tracks.figure(own))


def steps(axes):
    """Give values and edges of the two step patches of a panel."""
    return [(patch.get_data().values, patch.get_data().edges) for patch in axes.patches]


def test_a_panel_draws_the_bins_and_leaves_gaps_blank(rows):
    one = rows[(rows["bin_size"] == 128) & (rows["target"] == "K562")]
    chart = tracks.figure(one)
    for axes, (locus, start) in zip(chart.axes, PLACES.items(), strict=True):
        cell = one[one["locus"] == locus]
        for (values, edges), column in zip(steps(axes), ("measured", "predicted"), strict=True):
            blank = np.isnan(values)
            np.testing.assert_array_equal(values[~blank], cell[column])
            np.testing.assert_array_equal(edges[:-1][~blank], cell["start"])
            np.testing.assert_array_equal(edges[1:][~blank], cell["end"])
            gaps = [(start + GAP[0], start + GAP[1])] if locus == "median" else []
            assert list(zip(edges[:-1][blank], edges[1:][blank], strict=True)) == gaps


def test_fine_bins_are_averaged_to_what_a_panel_can_show():
    rows = loci_rows(run_rows([("poisson", 1)]), ["K562"])
    axes = tracks.figure(rows).axes[0]
    (values, edges), _ = steps(axes)
    measured = rows[rows["locus"] == "highest"]["measured"].to_numpy()
    np.testing.assert_allclose(values, measured.reshape(512, -1).mean(axis=1))
    assert set(np.diff(edges)) == {32}


def test_panels_of_a_target_and_locus_share_their_scale(rows):
    wide = rows.assign(predicted=rows["predicted"].where(rows["target"] != "K562", 2e4))
    chart = tracks.figure(wide)
    limits = np.array([axes.get_ylim() for axes in chart.axes]).reshape(3, 4, 2, 2)
    assert (limits[..., 0] == 0).all()
    assert (limits[:, :, 0] == limits[:, :, 1]).all()
    for locus, tops in zip(PLACES, limits[:, :, 0, 1], strict=True):
        for target, top in zip(TARGETS, tops, strict=True):
            cell = wide[(wide["locus"] == locus) & (wide["target"] == target)]
            highest = cell["measured"].max()
            if target != "K562":
                highest = max(highest, cell["predicted"].max())
            assert highest <= top <= 1.1 * highest
    written = [text.get_text() for axes in chart.axes for text in axes.texts]
    assert written == ["up to 20,000"] * 6


def test_names_that_look_like_numbers_are_drawn():
    runs = run_rows([("poisson", 128)])
    numbered = loci_rows(runs, ["T1"]).assign(chrom=8, target=1)
    assert "8:2,048-18,432" in texts(tracks.figure(numbered))


def test_the_experiment_writes_its_files(rows, tmp_path):
    table = run_experiment("tracks", rows, tmp_path)
    read = pd.read_csv(tmp_path / "table.tsv", sep="\t")
    pd.testing.assert_frame_equal(read, table, check_dtype=False)
    assert {path.suffix for path in tmp_path.iterdir()} == {".tsv", ".svg", ".pdf", ".png"}
