"""The hyperparameter search: which runs compete, who wins, and the figure."""

import json
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import PathPatch
from matplotlib.text import Text

from epibench.experiments import ANALYSES
from epibench.experiments.hyperparameters import draw, table, written
from epibench.experiments.run import rows_of_runs, run_experiment
from epibench.grid import Run
from epibench.make_plan import make_plan
from epibench.report.shown import shown_as
from epibench.typed import read_yaml

ROOT = Path(__file__).parents[2]
RECIPE = {"epochs": 40, "patience": 6, "learning_rate": 0.001}


def record(loss_value, model="a", *, options=None, parameters=100, recipe=None, **settings) -> dict:
    """Give what training recorded of a run, with its axes in front."""
    axes = {"windows": "threshold2", "loss": "poisson", "bin_size": 128}
    axes |= {"augmentation": "rc+shift", "seed": 1}
    run = Run(model, *(settings.pop(name, value) for name, value in axes.items()))
    fixed = {"builder": "basenji", "target_scale": "none", "target_clip": None, "threads": 4}
    fixed |= {"target_weights": {}, "loss_settings": {}}
    fixed |= {"options": options or {}, "recipe": RECIPE | (recipe or {}), "precision": "float32"}
    fixed |= {"builder_checksum": None, "xla": None}
    return (
        {"run": run.name}
        | run._asdict()
        | {"settings": run._asdict() | fixed | settings, "parameters": parameters, "epochs": 20}
        | {"best_epoch": 14, "best_valid_loss": loss_value, "seconds": 100.0}
    )


def ranked(*records) -> pd.DataFrame:
    return table(pd.DataFrame(records))


def test_the_mean_over_seeds_of_an_entry_decides():
    losses = {"a": (0.2, 0.6), "b": (0.35, 0.37), "c": (0.5, 0.4)}
    got = ranked(
        *(record(v, name, seed=i) for name, values in losses.items() for i, v in enumerate(values))
    )
    assert list(got["model"]) == ["b", "b", "a", "a", "c", "c"]
    assert list(got["rank"]) == [1, 1, 2, 2, 3, 3]
    assert list(got["lowest"]) == [True, True, False, False, False, False]
    assert list(got["seed"]) == [0, 1] * 3
    assert list(got["mean_valid_loss"]) == pytest.approx([0.36, 0.36, 0.4, 0.4, 0.45, 0.45])


def test_ranks_are_those_of_a_loop_over_groups_and_entries():
    rng = np.random.default_rng(5)
    rows = [
        record(float(rng.normal()), model, options={"x": i}, bin_size=size, loss=loss, seed=seed)
        for size in (32, 128)
        for loss in ("mse", "poisson")
        for i, model in enumerate("abcde")
        for seed in (1, 2, 3)
    ]
    rng.shuffle(rows)
    got = ranked(*rows)
    assert got["group"].nunique() == 4
    for _, part in got.groupby("group"):
        assert len(part[["bin_size", "loss"]].drop_duplicates()) == 1
        means = {}
        for model in part["model"]:
            means[model] = np.mean(list(part[part["model"] == model]["best_valid_loss"]))
        order = sorted(means, key=means.get)
        assert [order.index(model) + 1 for model in part["model"]] == list(part["rank"])
        assert set(part[part["lowest"]]["model"]) == {order[0]}


def test_of_equal_losses_fewer_parameters_win_then_the_order_of_the_grid():
    got = ranked(
        record(0.4, "large", parameters=300),
        record(0.4, "small", parameters=200),
        record(0.4, "small_too", parameters=200),
    )
    assert list(got["model"]) == ["small", "small_too", "large"]
    assert list(got["rank"]) == [1, 2, 3]
    assert list(got["lowest"]) == [True, False, False]


def test_entries_that_are_all_equal_over_seeds_are_not_mixed():
    got = ranked(*(record(0.4, model, seed=seed) for seed in (1, 2) for model in "ab"))
    assert list(zip(got["model"], got["rank"], strict=True)) == [
        *(("a", 1), ("a", 1)),
        *(("b", 2), ("b", 2)),
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"loss": "mse"},
        {"bin_size": 64},
        {"windows": "peaks"},
        {"target_scale": "mean"},
        {"target_clip": 5.0},
        {"target_weights": {"K562": 2.0}},
        {"loss_settings": {"mse_weight": 0.1}},
    ],
)
def test_runs_that_are_validated_on_something_else_have_ranks_of_their_own(other):
    got = ranked(record(0.4, "a"), record(0.3, "b", **other))
    assert list(got["rank"]) == [1, 1]
    assert got["group"].nunique() == 2
    ((key, value),) = other.items()
    assert {"loss": "MSE", "bin_size": "64 bp"}.get(key, str(value)) in got["group"][1]


def test_a_group_is_named_by_what_tells_it_from_others_of_its_loss():
    got = ranked(
        record(0.4, loss="mse", loss_settings={}, target_scale="mean"),
        record(0.4, loss="pearsonr_mse", loss_settings={"mse_weight": 0.1}),
        record(0.4, loss="pearsonr_mse", loss_settings={"mse_weight": 0.2}),
    )
    assert list(got["group"]) == [
        "MSE, 128 bp, threshold2",
        "Pearson's r + MSE, 128 bp, threshold2, loss_settings {'mse_weight': 0.1}",
        "Pearson's r + MSE, 128 bp, threshold2, loss_settings {'mse_weight': 0.2}",
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"augmentation": "rc"},
        {"options": {"dropout": False}},
        {"recipe": {"learning_rate": 0.01}},
        {"precision": "mixed_bfloat16"},
        {"builder": "my.module:build", "builder_checksum": "12ab"},
        {"xla": True},
    ],
)
def test_runs_that_differ_in_model_and_training_only_compete(other):
    got = ranked(record(0.4, "a", options={"dropout": True}), record(0.3, "b", **other))
    assert list(got["model"]) == ["b", "a"]
    assert list(got["rank"]) == [1, 2]
    assert got["group"].nunique() == 1


def test_two_augmentations_of_an_entry_are_no_seeds_of_each_other():
    got = ranked(record(0.4, augmentation="rc"), record(0.3, augmentation="none"))
    assert list(got["augmentation"][got["lowest"]]) == ["none"]


def test_only_what_differs_within_a_group_has_a_column():
    got = ranked(
        record(0.4, "a", options={"filters": 64, "dropout": True, "width": 3}),
        record(0.3, "b", options={"filters": 32, "dropout": True, "width": 3}),
        record(0.5, "c", options={"filters": 32, "dropout": True, "width": 5}, bin_size=32),
        record(0.6, "d", options={"heads": 2}, builder="bpnet", bin_size=32),
    )
    assert [name for name in got if "." in name] == ["options.filters"]
    assert list(got["options.filters"]) == [32, 64, 32, None]
    assert "mean_valid_loss" not in got
    assert list(got.columns[:4]) == ["group", "rank", "lowest", "model"]


def search(builder_options, **settings) -> list[dict]:
    """Give the records of entries with made-up losses."""
    rng = np.random.default_rng(len(builder_options))
    return [
        record(0.4 + 0.01 * rng.normal(), f"model_{i}", options=options, **settings)
        for i, options in enumerate(builder_options)
    ]


def shipped() -> list[dict]:
    """Give made-up records of the search in the paper's study."""
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    grid = config["experiments"]["hyperparameters"]["grid"]
    rng = np.random.default_rng(4)
    entries = config["models"]
    rows = []
    for block, more in ((grid, {}), (grid["include"][0], {"bin_size": 1, "windows": "peaks"})):
        assert all(block.get(key, value) == value for key, value in more.items())
        rows += [
            record(
                0.4 + 0.01 * rng.normal(),
                name,
                options=({"dropout": True} if name.startswith("basenji") else {})
                | entries[name]["options"],
                builder=entries[name]["builder"],
                **more,
            )
            for name in block["model"]
        ]
    return rows


GRIDS = {
    "the paper's": shipped,
    "two entries": lambda: search([{"filters": 16}, {"filters": 32}]),
    "one run": lambda: search([{}]),
    "seeds": lambda: [
        row for s in (1, 2, 3) for row in search([{"x": "relu"}, {"x": "exponential"}], seed=s)
    ],
    "negative losses": lambda: [record(-0.6, "a"), record(-0.601, "b", precision="mixed_float16")],
}


def texts(axes) -> list:
    """Give the texts of a panel that are to be seen."""
    low, high = axes.get_ylim()
    ticks = [
        label
        for label, place in zip(axes.get_yticklabels(), axes.get_yticks(), strict=True)
        if low <= place <= high
    ]
    found = [*axes.texts, *axes.get_xticklabels(), *ticks, axes._left_title]
    return [text for text in found if text.get_text()]


@pytest.mark.parametrize("name", GRIDS)
def test_no_text_of_the_figure_overlaps_another(name):
    chart = draw(ranked(*GRIDS[name]()))
    FigureCanvasAgg(chart).draw()
    page = chart.bbox
    boxes = [
        (text.get_text(), Text.get_window_extent(text))
        for axes in chart.axes
        for text in texts(axes)
    ]
    assert len(boxes) >= 6
    for what, box in boxes:
        assert page.x0 <= box.x0 < box.x1 <= page.x1, what
        assert page.y0 <= box.y0 < box.y1 <= page.y1, what
    for (one, box), (other, second) in combinations(boxes, 2):
        assert not box.overlaps(second), (one, other)


def lines(axes) -> list[np.ndarray]:
    """Give where each run crosses each vertical axis, in pixels, shape (axes, 2)."""
    patches = [patch for patch in axes.patches if isinstance(patch, PathPatch)]
    return [axes.transData.transform(patch.get_path().vertices[::3]) for patch in patches]


def test_every_line_of_the_papers_search_can_be_told_apart():
    chart = draw(ranked(*shipped()))
    FigureCanvasAgg(chart).draw()
    point = chart.dpi / 72
    assert [len(lines(axes)) for axes in chart.axes] == [18, 9]
    for axes in chart.axes:
        for one, other in combinations(lines(axes), 2):
            assert np.all(np.abs(one - other)[:-1, 1] > 2.5 * point)


def test_a_line_ends_at_its_loss_and_the_winner_stands_out():
    rows = shipped()
    got = ranked(*rows)
    chart = draw(got)
    for axes, (_, part) in zip(chart.axes, got.groupby("group", sort=False), strict=True):
        patches = [patch for patch in axes.patches if isinstance(patch, PathPatch)]
        ends = [patch.get_path().vertices[-1][1] for patch in patches]
        assert sorted(ends) == pytest.approx(sorted(part["best_valid_loss"]))
        widest = max(patches, key=lambda patch: patch.get_linewidth())
        assert widest.get_path().vertices[-1][1] == pytest.approx(part["best_valid_loss"].min())
        winner = part[part["lowest"]].iloc[0]
        label = next(text.get_text() for text in axes.texts if "lowest" in text.get_text())
        assert label == f"lowest: {winner['model']}\n{winner['best_valid_loss']:.5g}"
        bold = {text.get_text() for text in axes.texts if text.get_fontweight() == "bold"}
        options = winner[[name for name in part if name.startswith("options.")]].dropna()
        assert {written(value) for value in options} <= bold


def test_a_diverged_run_is_named_and_does_not_stretch_the_scale():
    rows = search([{"x": i} for i in range(6)])
    rows.append(record(1e6, "wild", options={"x": 9}))
    (axes,) = draw(ranked(*rows)).axes
    assert axes.get_ylim()[1] < 1
    assert any("wild (1e+06)" in text.get_text() for text in axes.texts)


def test_the_search_reads_the_records_and_no_scores(tmp_path):
    rows = shipped()
    axes = ["run", *Run._fields]
    runs = [{key: row[key] for key in axes} for row in rows]
    paths = [tmp_path / "runs" / row["run"] / ANALYSES["hyperparameters"].file for row in rows]
    for path, row in zip(paths, rows, strict=True):
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({key: row[key] for key in row if key not in axes}))
    read = rows_of_runs("hyperparameters", paths, runs)
    pd.testing.assert_frame_equal(table(read), ranked(*rows))
    run_experiment("hyperparameters", read, tmp_path / "out")
    back = pd.read_csv(tmp_path / "out" / "table.tsv", sep="\t")
    assert list(back["lowest"]) == [rank == 1 for rank in back["rank"]]
    assert shown_as(back.to_dict("records")[0]["lowest"], "lowest") == "yes"
    assert {path.name for path in (tmp_path / "out").iterdir()} > {"figure.svg", "figure.png"}


def test_other_analyses_read_tables():
    assert ANALYSES["tracks"].file == "loci.tsv"
    assert ANALYSES["resolution"].file == "metrics.tsv"


def test_the_papers_search_is_that_of_the_supplement(monkeypatch):
    monkeypatch.chdir(ROOT)
    plan = make_plan(read_yaml("config/config.yaml"), ["config/config.yaml"])
    runs = plan.expanded["hyperparameters"].runs
    settings = [plan.run_settings(run.name) for run in runs]
    assert {one["loss"] for one in settings} == {"poisson"}
    assert {(one["recipe"]["epochs"], one["recipe"]["patience"]) for one in settings} == {(40, 6)}
    names = {run.name for run in runs}
    assert names == {
        f"basenji_{first}_{last}{dropout}/threshold2/poisson/bin128/rc+shift/seed1"
        for first in (64, 128, 256)
        for last in (512, 1024, 2048)
        for dropout in ("", "_no_dropout")
    } | {
        f"bpnet_{filters}_{width}/peaks/poisson/bin1/rc/seed1"
        for filters in (64, 128, 256)
        for width in (7, 17, 25)
    }
    for one in settings:
        builder, first, second, *rest = one["model"].split("_")
        options = one["options"]
        assert one["builder"] == builder
        if builder == "bpnet":
            found = (options["filters"], options["head_width"])
            assert options["initializer"] == "he_normal"
        else:
            found = (options["first_filters"], options["last_filters"])
            assert options["dropout"] == (rest != ["no", "dropout"])
        assert found == (int(first), int(second))
