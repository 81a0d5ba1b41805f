"""What a job asks the cluster for when it needs GPUs (light: read at parse time)."""

import re
from collections.abc import Mapping
from typing import Any

from epibench.errors import InputError

STYLE, TYPE, PARTITION = "EPIBENCH_GPU_STYLE", "EPIBENCH_GPU_TYPE", "EPIBENCH_GPU_PARTITION"
"""Environment variables that say how this cluster names its GPUs."""

STYLES = ("gpus", "gres")


def gpu_resources(count: int, environment: Mapping[str, str]) -> dict[str, Any]:
    """Give the resources of a rule that needs GPUs.

    Clusters differ in how GPUs are asked for, and a workflow for all of them can name none, so the
    words come from the environment of the user.

    Parameters
    ----------
    count : int
        GPUs of one node.
    environment : mapping
        May have `EPIBENCH_GPU_STYLE`: `gpus` (default, `sbatch --gpus=1`) or `gres`
        (`sbatch --gres=gpu:1`), `EPIBENCH_GPU_TYPE`: the type of GPU in SLURM's configuration,
        such as `a100`, and `EPIBENCH_GPU_PARTITION`. Empty is as good as not set.

    Returns
    -------
    dict
        `gpu` and perhaps `gpu_model`, or `gres`; `slurm_partition`, empty for the
        cluster's default.

    Raises
    ------
    InputError
        When the style is unknown, or a name has letters that SLURM's do not have.
    """
    style = environment.get(STYLE) or "gpus"
    kind = environment.get(TYPE, "")
    partition = environment.get(PARTITION, "")
    if style not in STYLES:
        raise InputError(f"{STYLE}={style}: there is no such style; set it to gpus or gres")
    if not re.fullmatch(r"[A-Za-z0-9_.]*", kind):
        raise InputError(
            f"{TYPE}={kind}: a type of GPU has letters, digits, dots and underscores; "
            "`sinfo --format=%G` shows those of the cluster"
        )
    if style == "gres":
        asked: dict[str, Any] = {"gres": ":".join(filter(None, ("gpu", kind, str(count))))}
    else:
        asked = {"gpu": count} | ({"gpu_model": kind} if kind else {})
    return asked | {"slurm_partition": partition}
