"""The yeast study to its report: minutes, so only on request."""

import os
from pathlib import Path

import pandas as pd
import pytest

from .conftest import environment


def test_a_model_beats_the_baselines_on_real_data(workspace):
    if not os.environ.get("EPIBENCH_SLOW"):
        pytest.skip("takes minutes; set EPIBENCH_SLOW=1")
    if not (Path(environment()["EPIBENCH_SHARED"]) / "data" / "yeast").is_dir():
        pytest.skip("the yeast data (EPIBENCH_SHARED) are not here")
    result = workspace.snakemake("--configfile", "tests/studies/yeast.yaml")
    assert result.returncode == 0, result.stdout
    results = workspace.folder / "results" / "yeast"
    tables = [results / "references" / "metrics.tsv", *results.glob("runs/**/metrics.tsv")]
    scores = pd.concat(pd.read_csv(path, sep="\t") for path in tables)
    at = scores.query("target == 'mean' and evaluated_bin_size == 128 and scaling == 'raw'")
    r = at.set_index("predictor")["pearson_r"]
    run = r[r.index.str.startswith("basenji_small/")].item()
    assert r["replicate2"] > run > r["ridge"] > r["gc"]
    assert (results / "report" / "index.html").stat().st_size < 5e6
