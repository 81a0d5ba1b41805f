"""GPUs are asked for in the words of the user's cluster."""

import re
from pathlib import Path

import pytest

from epibench.errors import InputError
from epibench.gpu_resources import gpu_resources

RULES = Path(__file__).parents[2] / "workflow" / "rules"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, {"gpu": 2, "slurm_partition": ""}),
        ({"EPIBENCH_GPU_STYLE": "", "EPIBENCH_GPU_TYPE": ""}, {"gpu": 2, "slurm_partition": ""}),
        (
            {"EPIBENCH_GPU_TYPE": "a100"},
            {"gpu": 2, "gpu_model": "a100", "slurm_partition": ""},
        ),
        (
            {"EPIBENCH_GPU_STYLE": "gres", "EPIBENCH_GPU_PARTITION": "fast"},
            {"gres": "gpu:2", "slurm_partition": "fast"},
        ),
        (
            {"EPIBENCH_GPU_STYLE": "gres", "EPIBENCH_GPU_TYPE": "a100_3g.20gb"},
            {"gres": "gpu:a100_3g.20gb:2", "slurm_partition": ""},
        ),
    ],
)
def test_a_style_gives_its_resources(environment, expected):
    assert gpu_resources(2, environment) == expected


@pytest.mark.parametrize(
    ("environment", "part"),
    [
        ({"EPIBENCH_GPU_STYLE": "gpu"}, "EPIBENCH_GPU_STYLE=gpu: there is no such style"),
        ({"EPIBENCH_GPU_TYPE": "a100:1"}, "EPIBENCH_GPU_TYPE=a100:1: a type of GPU has letters"),
        ({"EPIBENCH_GPU_TYPE": "'a100'"}, "EPIBENCH_GPU_TYPE='a100': a type"),
    ],
)
def test_what_slurm_would_not_understand_is_refused(environment, part):
    with pytest.raises(InputError, match=re.escape(part)):
        gpu_resources(1, environment)


def test_rules_of_the_gpu_environment_ask_for_gpus_and_no_others():
    rules = {}
    for path in RULES.glob("*.smk"):
        for text in re.split(r"(?m)^rule ", path.read_text())[1:]:
            rules[text.partition(":")[0]] = text
    asking = {name for name, text in rules.items() if "on_gpus(" in text}
    assert asking == {name for name, text in rules.items() if "envs/gpu.yaml" in text}
    assert "train_run" in asking
    assert "gpus" in rules["train_run"].split("on_gpus(")[1].split("\n")[0]
