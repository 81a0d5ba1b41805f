"""A model of the larger demo knows much of its grammar, and the methods of explanation see it."""

import pandas as pd
from tests.workflow.conftest import make_workspace

RUN = "basenji_small/threshold2/poisson/bin128/rc+shift/seed1"


def test_the_grammar_is_found_in_a_model_of_coverage(tmp_path):
    space = make_workspace(tmp_path)
    table = f"results/demo_full/runs/{RUN}/grammar.tsv"
    result = space.snakemake(table, "--configfile", "config/demo_full.yaml")
    assert result.returncode == 0, result.stdout
    rows = pd.read_csv(tmp_path / table, sep="\t")
    print(rows.to_string())

    def value(score, **wanted):
        found = rows[rows["score"] == score]
        for column, text in wanted.items():
            found = found[found[column] == text]
        return found["value"].mean()

    assert value("recall", method="filters") > 0.2
    assert value("recall", method="modisco") > 0.5
    for method in ("gradient_x_input", "gradient_x_input_corrected", "integrated_gradients"):
        assert 0.3 < value("aupr", method=method) < value("aupr", method="mutagenesis")
    for motif, target in (("AP-1", "epithelial"), ("HNF4", "hepatic"), ("CEBP", "hepatic")):
        assert value("rho", question="flanks", subject=motif, target=target) > 0.6
    pair = {"subject": "AP-1+AP-1", "target": "epithelial"}
    assert value("r", question="distance", **pair) > 0.8
    assert value("limit_error", question="distance", **pair) < 20
    for pair, target in (("AP-1+AP-1", "epithelial"), ("HNF4+CEBP", "hepatic")):
        assert value("ratio", question="cooperativity", subject=pair, target=target) > 1.3
