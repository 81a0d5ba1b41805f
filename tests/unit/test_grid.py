"""Grid expansion is a pure function of the config."""

import pytest

from epibench.config.grids import Experiment, Grid
from epibench.config.schema import Defaults
from epibench.errors import InputError
from epibench.grid import Run, expand, expand_experiments, experiments_of

DEFAULTS = Defaults()


def grid(**keys) -> Grid:
    return Grid.model_validate(keys)


def test_the_product_has_every_combination_once_in_order():
    runs = expand(grid(loss=["poisson", "mse"], bin_size=[32, 128], seed=[1, 2]), DEFAULTS).runs
    assert len(runs) == len(set(runs)) == 8
    assert runs[0] == Run("basenji", "threshold2", "poisson", 32, "rc+shift", 1)
    assert [run.bin_size for run in runs[:4]] == [32, 32, 128, 128]


def test_an_empty_grid_is_the_one_default_run():
    assert expand(grid(), DEFAULTS).runs == [Run(**DEFAULTS.model_dump())]


def test_a_single_value_may_stand_without_a_list():
    assert expand(grid(seed=5), DEFAULTS) == expand(grid(seed=[5]), DEFAULTS)


def test_a_block_stands_for_itself_and_does_not_inherit_axes():
    expansion = expand(grid(seed=[1, 2], include=[{"loss": "mse"}]), DEFAULTS)
    assert [(run.loss, run.seed) for run in expansion.runs] == [
        ("poisson", 1),
        ("poisson", 2),
        ("mse", 1),
    ]


def test_a_block_that_is_switched_off_adds_nothing():
    assert len(expand(grid(include=[{"loss": "mse", "enabled": False}]), DEFAULTS).runs) == 1


def test_a_run_that_two_blocks_name_stands_once():
    assert len(expand(grid(include=[{"loss": "poisson"}]), DEFAULTS).runs) == 1


def test_an_exclusion_removes_what_matches_all_its_axes_and_gives_the_reason():
    exclusion = {"loss": "mse", "bin_size": 32, "reason": "because"}
    expansion = expand(
        grid(loss=["poisson", "mse"], bin_size=[32, 128], exclude=[exclusion]), DEFAULTS
    )
    assert [(run.loss, run.bin_size) for run in expansion.runs] == [
        ("poisson", 32),
        ("poisson", 128),
        ("mse", 128),
    ]
    assert expansion.left_out == ["loss mse, bin_size 32: because"]


def test_an_exclusion_that_matches_nothing_is_an_error():
    with pytest.raises(InputError, match=r"exclude\[0\] matches no run"):
        expand(grid(exclude=[{"loss": "mse", "reason": "typo"}]), DEFAULTS)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"seed": [1, 2, 1]}, "seed names 1 twice"),
        ({"include": [{"loss": ["mse", "mse"]}]}, r"include\[0\].loss names mse twice"),
        ({"bin_size": []}, "bin_size is an empty list"),
    ],
)
def test_clashing_values_are_refused(keys, message):
    with pytest.raises(InputError, match=message):
        expand(grid(**keys), DEFAULTS)


def test_experiments_share_the_runs_that_both_need():
    experiments = {
        "first": Experiment(grid=grid(loss=["poisson", "mse"])),
        "second": Experiment(grid=grid(loss="poisson")),
        "off": Experiment(grid=grid(loss="pearsonr"), enabled=False),
    }
    needed = experiments_of(expand_experiments(experiments, DEFAULTS))
    assert {run.loss: names for run, names in needed.items()} == {
        "poisson": ["first", "second"],
        "mse": ["first"],
    }


def test_an_error_names_the_experiment():
    with pytest.raises(InputError, match=r"experiments.mine.grid: seed names 1 twice"):
        expand_experiments({"mine": Experiment(grid=grid(seed=[1, 1]))}, DEFAULTS)


def test_a_grid_without_runs_is_an_error():
    empty = Experiment(grid=grid(exclude=[{"loss": "poisson", "reason": "all of it"}]))
    with pytest.raises(InputError, match="leave no run"):
        expand_experiments({"mine": empty}, DEFAULTS)


def test_a_runs_name_is_its_path():
    run = Run("basenji", "threshold0.5", "pearsonr_mse", 1, "none", 0)
    assert run.name == "basenji/threshold0.5/pearsonr_mse/bin1/none/seed0"
