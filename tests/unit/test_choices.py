"""Which choices matter: comparisons that start from the study's default setting."""

import pandas as pd
import pytest

from epibench.report.choices import choices_part

DEFAULTS = {
    "model": "basenji",
    "windows": "threshold2",
    "loss": "poisson",
    "bin_size": 128,
    "augmentation": "rc+shift",
    "seed": 1,
}


def row(difference, *, score="pearson_r", reference=None, **changed):
    b = {key: value for key, value in (DEFAULTS | (reference or {})).items() if key != "seed"}
    a = b | changed
    return (
        {f"a_{axis}": value for axis, value in a.items()}
        | {f"b_{axis}": value for axis, value in b.items()}
        | {"score": score, "evaluated_bin_size": a["bin_size"], "difference": difference}
        | {"low": difference - 0.02, "high": difference + 0.01, "seeds": 1, "p_holm": 0.01}
        | {"verdict": "this run is worse"}
    )


def written(tmp_path, **experiments):
    folders = {}
    for name, rows in experiments.items():
        folders[name] = tmp_path / name
        folders[name].mkdir()
        pd.DataFrame(rows).to_csv(folders[name] / "comparisons.tsv", sep="\t", index=False)
    return folders


def test_largest_change_first_with_what_it_changes(tmp_path):
    folders = written(
        tmp_path,
        losses=[row(-0.05, loss="mse"), row(0.01, loss="pearsonr")],
        sets=[row(-0.2, windows="peaks"), row(0.03, windows="peaks", bin_size=128, loss="mse")],
    )
    found = choices_part(folders, DEFAULTS)
    assert [each["difference"] for each in found["rows"]] == [-0.2, -0.05, 0.03, 0.01]
    assert found["rows"][0]["change"] == "window set: threshold2 → peaks"
    assert found["rows"][0]["experiment"] == "sets"
    assert found["rows"][1]["change"] == "loss: Poisson → MSE"
    assert found["rows"][2]["change"] == "window set: threshold2 → peaks; loss: Poisson → MSE"
    assert found["span"] == pytest.approx(0.22)
    assert found["default"] == "basenji, threshold2, Poisson, trained at 128 bp, rc+shift"


def test_other_starting_points_and_scores_are_left_out(tmp_path):
    folders = written(
        tmp_path,
        losses=[
            row(-0.5, reference={"bin_size": 32}, loss="mse"),
            row(-0.4, score="mse", loss="mse"),
            row(float("nan"), loss="mse"),
            row(-0.1, loss="pearsonr"),
        ],
    )
    assert [each["difference"] for each in choices_part(folders, DEFAULTS)["rows"]] == [-0.1]


def test_a_comparison_of_two_experiments_stands_once(tmp_path):
    folders = written(tmp_path, one=[row(-0.1, loss="mse")], two=[row(-0.1, loss="mse")])
    assert len(choices_part(folders, DEFAULTS)["rows"]) == 1


def test_nothing_from_the_default_is_not_shown(tmp_path):
    folders = written(tmp_path, one=[row(-0.1, reference={"model": "bpnet"}, loss="mse")])
    assert choices_part(folders, DEFAULTS) is None
    assert choices_part({}, DEFAULTS) is None
