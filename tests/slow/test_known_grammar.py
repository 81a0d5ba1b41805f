"""Models of the larger demo know the grammar, and global importance can see it."""

import pandas as pd
from tests.workflow.conftest import make_workspace

RUN = "basenji_small/threshold2/poisson/bin128/rc+shift/seed1"


def test_the_grammar_is_found_in_a_model_of_coverage(tmp_path):
    space = make_workspace(tmp_path)
    table = f"results/demo_full/runs/{RUN}/grammar.tsv"
    result = space.snakemake(table, "--configfile", "config/demo_full.yaml")
    assert result.returncode == 0, result.stdout
    scores = pd.read_csv(tmp_path / table, sep="\t")
    print(scores.to_string())
