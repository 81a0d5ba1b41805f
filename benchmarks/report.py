"""Measure the report's index page: python benchmarks/report.py [--runs 20 200] [--keep FOLDER].

For each number of runs a study is made up that never ran, of 15 targets scored at 8 bin sizes:
tables of the usual size and shape, the figures of three experiments as they are drawn, and for each
other experiment of the demo a table of 1,000 rows and a figure, every third of 3,000 points and the
others of 100, about as many and as large as those of the demo. The report is
written in a process of its own, and opened in headless Chromium where there is one; seconds are
wall time, the load time is from the start of the navigation to the event `load`. The numbers are
made up and say nothing of any model. `--keep` leaves the studies in a folder, to look at.
"""

import argparse
import json
import multiprocessing
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from math import nan
from pathlib import Path

import numpy as np
import pandas as pd
import yaml
from matplotlib.figure import Figure

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.fake_study import (
    BIN_SIZES,
    VERSIONS,
    correlation,
    metrics,
    references,
    run_table,
    study,
    summary,
)

from epibench.claims.evidence import Evidence
from epibench.claims.judge_claims import judge_claims
from epibench.claims.read_claims import read_claims
from epibench.data.write_selection import write_selection
from epibench.experiments.run import run_experiment
from epibench.make_plan import make_plan
from epibench.plan import Plan
from epibench.report.collect import RECORDED, make_report
from epibench.samples import Target
from epibench.style import save

ROOT = Path(__file__).parents[1]
DEMO = ROOT / "config" / "demo.yaml"
TARGETS = [f"target {number}" for number in range(1, 16)]
DRAWN = ("loss_by_bin_size", "resolution", "leaderboard")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ASK = """<script>addEventListener("load", () => {
const entry = performance.getEntriesByType("navigation")[0];
document.body.dataset.times = [entry.domContentLoadedEventStart, performance.now()];
});</script>"""


def plan_of(runs: int) -> Plan:
    """Plan the demo with a grid of about so many runs."""
    config = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    config["study"] = f"of_{runs}_runs"
    config["evaluation"] = {"bin_sizes": BIN_SIZES}
    config["experiments"] = {name: {"grid": {}} for name in config["experiments"]}
    losses = ["poisson", "mse", "pearsonr", "multinomial_mse", "pearsonr_mse"]
    seeds = list(range(1, max(1, round(runs / 20)) + 1))
    for name in DRAWN:
        grid = {"loss": losses, "bin_size": [32, 64, 128, 256], "seed": seeds}
        config["experiments"][name] = {"grid": grid}
    return make_plan(config, [DEMO.relative_to(Path.cwd())])


def make_study(results: Path, plan: Plan) -> None:
    """Write what the report reads."""
    manifest = pd.DataFrame(plan.manifest())
    runs = manifest.drop(columns="experiments").to_dict("records")
    results.mkdir(parents=True)
    manifest.to_csv(results / "runs.tsv", sep="\t", index=False)
    scores, others = metrics(runs, targets=TARGETS), references(targets=TARGETS)
    records = run_table(runs)
    for run, table in scores[others.columns].groupby("predictor"):
        _write(results / "runs" / run / "metrics.tsv", table)
        record = records.set_index("run").loc[run, list(RECORDED)].to_dict()
        record |= {"constant_targets": [], "software": VERSIONS}
        record |= {"device": {"devices": ["CPU"], "gpus": 0}}
        (results / "runs" / run / "run.json").write_text(json.dumps(record, default=float))
    for name, table in others.groupby("predictor"):
        _write(results / "references" / name / "metrics.tsv", table)
    (results / "store").mkdir()
    (results / "store" / "summary.json").write_text(json.dumps(summary(TARGETS), default=float))
    targets = [Target(name, f"{name}.bw") for name in TARGETS]
    write_selection(results / "targets", targets, correlation(TARGETS), 0.75)
    _write_ranks(results / "predictors", scores, others)
    nothing = Evidence(results, plan.claim_settings() | {"experiments": {}})
    judge_claims(read_claims(ROOT / "resources" / "claims.tsv"), nothing, results / "claims")
    for place, name in enumerate(plan.expanded):
        folder = results / "experiments" / name
        if name in DRAWN:
            run_experiment(name, scores, folder)
        else:
            _fill(folder, points=100 if place % 3 else 3000)


def _write(path: Path, table: pd.DataFrame) -> None:
    """Write a table in a folder that may be missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, sep="\t", index=False, float_format="%.9g")


def _write_ranks(folder: Path, scores: pd.DataFrame, others: pd.DataFrame) -> None:
    """Rank all predictors, with a verdict on every two of them."""
    both = pd.concat([scores, others])
    here = both.query("evaluated_bin_size == 2048 and scaling == 'raw' and target == 'mean'")
    ranks = here.sort_values("pearson_r", ascending=False)[["predictor", "pearson_r"]]
    ranks = ranks.dropna().rename(columns={"pearson_r": "value"})
    ranks["rank"] = ranks["rank_low"] = ranks["rank_high"] = range(1, len(ranks) + 1)
    _write(folder / "ranks.tsv", ranks)
    names = ranks["predictor"].to_numpy()
    first, second = np.triu_indices(len(names), 1)
    pairs = pd.DataFrame({"a": names[first], "b": names[second], "verdict": "better"})
    _write(folder / "pairs.tsv", pairs)


def _fill(folder: Path, points: int) -> None:
    """Write a long table and a figure of so many points in place of an experiment's."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(1000, 8)), columns=[f"score {n}" for n in range(8)])
    _write(folder / "table.tsv", table)
    chart = Figure(figsize=(7.1, 4), layout="constrained")
    chart.subplots().plot(*rng.normal(size=(2, points)), "o", markersize=3)
    save(chart, folder)


def write(results: Path, plan: Plan, answer: multiprocessing.Queue) -> None:
    """Write the report in a process of its own, and say how long it took and its peak memory."""
    began = time.perf_counter()
    make_report(
        results / "report" / "index.html",
        results,
        plan.report_settings() | {"inputs": study()["inputs"]},
        runs=results / "runs.tsv",
        scores=sorted(map(str, results.glob("runs/**/metrics.tsv"))),
        references=sorted(map(str, results.glob("references/*/metrics.tsv"))),
    )
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer.put((seconds, peak / 1024))


def load_times(page: Path) -> tuple[float, float]:
    """Open a page in Chromium, and give the seconds to its content and to the event `load`."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return nan, nan
    asked = page.with_name("asked.html")
    asked.write_text(page.read_text(encoding="utf-8") + ASK, encoding="utf-8")
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    with tempfile.TemporaryDirectory() as profile:
        command += [f"--user-data-dir={profile}", asked.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    asked.unlink()
    content, load = re.search(r'data-times="([\d.]+),([\d.]+)"', done.stdout).groups()
    return float(content) / 1000, float(load) / 1000


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, nargs="+", default=[20, 200])
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    os.chdir(DEMO.parents[1])  # the paths in the config are relative to it
    print("runs  index.html (MB)  written in (s)  peak memory (MB)  content (s)  load (s)")
    for number in given.runs:
        with tempfile.TemporaryDirectory() as temporary:
            results = (given.keep or Path(temporary)) / str(number)
            plan = plan_of(number)
            if not results.exists():
                make_study(results, plan)
            spawn = multiprocessing.get_context("spawn")
            answer = spawn.Queue()
            child = spawn.Process(target=write, args=(results, plan, answer))
            child.start()
            seconds, peak = answer.get(timeout=1800)
            child.join()
            page = results / "report" / "index.html"
            content, load = load_times(page)
            size = page.stat().st_size / 1e6
            runs = len(plan.manifest())
            measured = f"{runs:4d}  {size:15.2f}  {seconds:14.1f}  {peak:16.0f}"
            print(f"{measured}  {content:11.2f}  {load:8.2f}")


if __name__ == "__main__":
    main()
