"""The page of one run: what it is, how to make it again, what it scores."""

import json
import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
from tests.fake_study import DEMO, TARGETS, metrics, run_rows

from epibench.report.run_figures import draw_curves
from epibench.report.run_page import (
    Place,
    axes_rows,
    command_of,
    entry_rows,
    jobs_of_run,
    write_run_page,
)
from epibench.words import AXES

RUN = run_rows(DEMO)[1]
AXES_OF_RUN = {axis: RUN[axis] for axis in AXES}
RECORD = {
    "settings": AXES_OF_RUN
    | {
        "builder": "basenji",
        "builder_checksum": None,
        "options": {"first_filters": 32, "dropout": True},
        "recipe": {"epochs": 28},
        "loss_settings": {},
        "precision": "float32",
        "threads": 4,
        "protocol": 2,
    },
    "store": "9e8b" * 16,
    "parameters": 61204,
    "other_parameters": 704,
    "epochs": 3,
    "best_epoch": 2,
    "best_valid_loss": 0.41,
    "constant_targets": [],
    "seconds": 21.4,
    "examples_per_second": 690.0,
    "waited": 0.01,
    "resumed": 0,
    "precision": "float32",
    "peak_memory_mb": {"host": 966, "gpu": None},
    "device": {"devices": ["CPU"]},
    "software": {"epibench": "0.1.0", "commit": "1a2b3c4", "keras": "3.15.1"},
}
HISTORY = "epoch,loss,valid_loss,learning_rate\n1,1.0,1.2,0.01\n2,0.8,0.9,0.01\n3,0.7,1.0,0.002\n"


def settings(**changes) -> dict:
    return {
        "run": RUN["run"],
        "axes": AXES_OF_RUN,
        "study": "made_up",
        "config_files": ["config/demo.yaml", "my settings.yaml"],
        "defaults": AXES_OF_RUN | {"bin_size": 32, "seed": 1},
        "builder_defaults": {"first_filters": 128, "dropout": True},
        "experiments": {"loss_by_bin_size": {"analysis": "loss_by_bin_size", "targets": None}},
        "filters": False,
        "pages": {},
    } | changes


@pytest.fixture
def place(tmp_path) -> Place:
    results = tmp_path / "results" / "demo"
    folder = results / "runs" / RUN["run"]
    folder.mkdir(parents=True)
    (folder / "history.csv").write_text(HISTORY)
    rows = metrics([RUN]).drop(columns=[*AXES, "run", "kind"])
    rows.to_csv(folder / "metrics.tsv", sep="\t", index=False)
    return Place(results, RUN["run"], results / "report" / "runs" / f"{RUN['run']}.html")


def written(place: Place, record=RECORD, **changes) -> str:
    write_run_page(place, settings(**changes), record, {})
    return place.page.read_text(encoding="utf-8")


def test_links_reach_their_files(place):
    log = place.results / "logs" / "train_run" / f"{RUN['run']}.log"
    log.parent.mkdir(parents=True)
    log.write_text("\x1b[31mepoch 1\x1b[0m <b>\n")
    (place.results / "report").mkdir()
    (place.results / "report" / "index.html").write_text("")
    page = written(place)
    hrefs = [href.partition("#")[0] for href in re.findall(r'<a[^>]* href="([^"]*)"', page)]
    paths = {(place.page.parent / href).resolve() for href in hrefs if href}
    assert place.folder / "metrics.tsv" in paths
    assert all(path.exists() for path in paths)
    assert "epoch 1 &lt;b&gt;" in page
    assert "\x1b" not in page


def test_names_are_escaped(place):
    assert "<script>alert" in TARGETS[2]
    page = written(place, study="<script>alert(2)</script>")
    assert page.count("<script") == 1  # the page's own
    assert "<script>alert" not in page


def test_what_differs_from_the_default_is_marked():
    rows = {row["axis"]: row for row in axes_rows(settings())}
    assert not rows["bin_size"]["same"]
    assert rows["bin_size"]["default"] == 32
    assert rows["loss"]["same"]
    entry = {row["name"]: row for row in entry_rows(RECORD["settings"], {"first_filters": 128})}
    assert not entry["first_filters"]["same"]
    assert entry["first_filters"]["default"] == 128
    assert entry["dropout"]["same"]
    assert entry["epochs"]["value"] == 28
    assert "model" not in entry


def test_the_command_is_one_for_a_shell():
    place = Place(Path("results/demo"), "m/peaks/mse/bin32/rc+shift/seed1", Path("x"))
    words = shlex.split(command_of(place, ["config/demo.yaml", "my settings.yaml"], 4))
    assert words[:2] == [
        "snakemake",
        "results/demo/runs/m/peaks/mse/bin32/rc+shift/seed1/metrics.tsv",
    ]
    assert words[-3:] == ["--configfile", "config/demo.yaml", "my settings.yaml"]
    assert "--forcerun" in words
    assert words[words.index("--cores") + 1] == "4"


def test_the_page_says_how_to_get_the_config_that_was(place):
    record = RECORD | {
        "config": {"study": "demo"},
        "device": {"devices": ["CPU"], "processor": "X"},
    }
    page = written(place, record)
    assert (
        f"python -m epibench remake {shlex.quote(f'results/demo/runs/{place.run}')} remade" in page
    )
    assert "CPU, X." in page
    assert "epibench remake" not in written(place)  # a record of an earlier version


def test_a_run_that_learned_nothing_says_so(place):
    record = json.loads(json.dumps(RECORD)) | {"constant_targets": ["K562"]}
    assert "has learnt nothing" in written(place, record)
    assert "has learnt nothing" not in written(place)


def test_a_figure_that_cannot_be_drawn_gives_its_reason(place):
    (place.folder / "thresholds.tsv").write_text("predictor\ttarget\n")
    changed = {"test_set": {"analysis": "test_set", "targets": None}}
    write_run_page(
        place,
        settings(experiments=changed),
        RECORD,
        {"test_set": [str(place.folder / "thresholds.tsv")]},
    )
    assert "Not drawn for this run: test_set: " in place.page.read_text()


def test_the_job_that_writes_the_page_is_not_among_the_jobs(place):
    for rule in ("train_run", "write_run_page"):
        path = place.results / "benchmarks" / rule / f"{place.run}.tsv"
        path.parent.mkdir(parents=True)
        path.write_text("s\tmax_rss\tcpu_time\n90.5\t915.0\t170.2\n")
    assert [job["rule"] for job in jobs_of_run(place)] == ["train_run"]


def test_what_a_binary_model_monitors_is_drawn():
    history = pd.DataFrame({"epoch": [1, 2], "loss": [1, 0.5], "valid_loss": [1, 0.9]})
    history["learning_rate"] = 0.1
    assert len(draw_curves(history, 2).axes) == 2
    areas = draw_curves(history.assign(valid_auroc=[0.5, 0.8], valid_aupr=[0.1, 0.2]), 2).axes[2]
    shown = {line.get_label(): list(line.get_ydata()) for line in areas.lines}
    assert shown["AUROC"] == [0.5, 0.8]
    assert shown["AUPR"] == [0.1, 0.2]
