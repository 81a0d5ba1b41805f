"""One run of the yeast study and its references: minutes, so only on request."""

import os
from pathlib import Path

import pandas as pd
import pytest

from .conftest import environment

RUN = "basenji_small/threshold0/poisson/bin128/rc+shift/seed1"


def test_a_model_beats_the_baselines_on_real_data_on_both_scales(workspace):
    if not os.environ.get("EPIBENCH_SLOW"):
        pytest.skip("takes minutes; set EPIBENCH_SLOW=1")
    if not (Path(environment()["EPIBENCH_SHARED"]) / "data" / "yeast").is_dir():
        pytest.skip("the yeast data (EPIBENCH_SHARED) are not here")
    tables = ["results/yeast/references/ridge/metrics.tsv", f"results/yeast/runs/{RUN}/metrics.tsv"]
    result = workspace.snakemake(*tables, "--configfile", "tests/studies/yeast.yaml")
    assert result.returncode == 0, result.stdout
    scores = pd.concat(pd.read_csv(workspace.folder / path, sep="\t") for path in tables)
    at = scores.query("target == 'ATAC.rep1' and evaluated_bin_size == 128 and scaling == 'raw'")
    for scale in ("pearson_r", "pearson_r_log1p"):
        r = at.set_index("predictor")[scale]
        baselines = r[["ridge", "ridge_log1p", "gc"]]
        assert r["replicate2"] > r[RUN] > baselines.max()
    assert at.set_index("predictor").loc[RUN, "pearson_r"] > 0.64
