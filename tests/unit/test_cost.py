"""What a study took: time by stage, GPU-hours, disk, and accuracy against cost."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from epibench.config.check import RESERVED
from epibench.report.cost_figure import draw
from epibench.report.stages import ON_GPU, STAGES, costs_of_stages, disk_of_stages

RULES = Path(__file__).parents[2] / "workflow" / "rules"
RUN = "m/threshold2/poisson/bin128/rc+shift/seed1"


def rules() -> dict[str, str]:
    texts = [path.read_text() for path in RULES.glob("*.smk")]
    parts = [part for text in texts for part in re.split(r"(?m)^ *rule (?=\w+:)", text)[1:]]
    return {part.partition(":")[0]: part for part in parts if "script:" in part}


def test_every_rule_belongs_to_one_stage():
    listed = [rule for of_stage in STAGES.values() for rule in of_stage]
    assert sorted(listed) == sorted(rules())
    assert set(listed) <= set(RESERVED)


def test_rules_that_ask_for_a_gpu_are_those_of_its_environment():
    assert set(ON_GPU) == {name for name, text in rules().items() if "envs/gpu.yaml" in text}


def benchmark(results: Path, rule: str, name: str, seconds, cpu, memory) -> None:
    path = results / "benchmarks" / rule / f"{name}.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"s\tcpu_time\tmax_rss\n{seconds}\t{cpu}\t{memory}\n")


def test_stages_add_up(tmp_path):
    benchmark(tmp_path, "train_run", RUN, 7200, 3600, 900)
    benchmark(tmp_path, "train_run", "gone", 7200, 3600, 9000)
    benchmark(tmp_path, "evaluate_run", RUN, 1800, 360, 500)
    benchmark(tmp_path, "run_experiment", "resolution", 36, "NA", "-")
    found = {row["stage"]: row for row in costs_of_stages(tmp_path, {RUN, "resolution"}, {RUN: 2})}
    assert found["train"]["jobs"] == 1
    assert (found["train"]["hours"], found["train"]["gpu_hours"]) == (2, 4)
    assert found["evaluate"]["hours"] == pytest.approx(0.51)
    assert found["evaluate"]["cpu_hours"] == pytest.approx(0.1)
    assert (found["evaluate"]["gpu_hours"], found["evaluate"]["memory"]) == (0.5, 500)
    assert found["data"]["hours"] is None
    assert found["data"]["memory"] is None
    without = costs_of_stages(tmp_path, {RUN, "resolution"}, {RUN: 0})
    assert {row["gpu_hours"] for row in without} == {0}


def test_disk_is_counted_by_who_made_it(tmp_path):
    sizes = {
        "store/coverage.npy": 1000,
        "simulation/a.bw": 100,
        f"runs/{RUN}/model.keras": 50,
        f"runs/{RUN}/metrics.tsv": 7,
        f"runs/{RUN}/variation.tsv": 3,
        f"runs/{RUN}/variants.tsv": 20,
        f"runs/{RUN}/variant_targets.npz": 5,
        f"runs/{RUN}/tracks/a.bw": 400,
        f"runs/{RUN}/attribution/a.bw": 30,
        f"runs/{RUN}/filters.npz": 2,
        "report/runs/a.html": 11,
        "notes.txt": 1,
    }
    for name, size in sizes.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))
    (tmp_path / "store" / "link").symlink_to(tmp_path / "store" / "coverage.npy")
    found = disk_of_stages(tmp_path)
    link = (tmp_path / "store" / "link").lstat().st_size
    assert found == {
        "data": 1100 + link,
        "train": 50,
        "evaluate": 410,
        "variants": 25,
        "interpret": 32,
        "report": 11,
        "other": 1,
    }
    assert sum(found.values()) == sum(sizes.values()) + link


def test_the_figure_has_a_linked_point_a_run_and_the_references():
    runs = pd.DataFrame(
        {
            "run": [RUN, RUN.replace("m/", "n/")],
            "model": ["m", "n"],
            "seconds": [3600.0, 7200.0],
            "parameters": [1000, 2000],
            "pearson_r": [0.5, 0.6],
            "pearson_r_low": [0.4, np.nan],
            "pearson_r_high": [0.6, np.nan],
        }
    )
    chart = draw(runs, {"replicate2": 0.8})
    left, right = chart.axes
    points = [line for line in left.lines if line.get_url()]
    assert [line.get_xdata()[0] for line in points] == [1, 2]
    assert all(line.get_url().startswith("../../report/runs/") for line in points)
    assert [line.get_xdata()[0] for line in right.lines if line.get_url()] == [1000, 2000]
    assert any(list(line.get_ydata()) == [0.8, 0.8] for line in left.lines)
