"""A model of the larger demo knows what variants do: the simulator computes the truth."""

import pandas as pd
from tests.workflow.conftest import make_workspace

from epibench.variants.agreement import agreement
from epibench.variants.score_table import load_scores

RUN = "basenji_small/threshold2/poisson/bin128/rc+shift/seed1"


def test_predicted_effects_go_with_those_of_the_grammar(tmp_path):
    space = make_workspace(tmp_path)
    scores = f"results/demo_full/runs/{RUN}/variants.tsv"
    result = space.snakemake(scores, "--configfile", "config/demo_full.yaml")
    assert result.returncode == 0, result.stdout
    table = load_scores(tmp_path / scores)
    assert table["element"].nunique() == 6
    assert (table["split"] == "test").all()
    found = agreement(table["robust"], table["effect"], table["element"], table["start"])
    found = found.set_index("element")["pearson_r"]
    print(pd.DataFrame(found))
    assert found["mean"] > 0.75
    assert (found > 0.5).all()
