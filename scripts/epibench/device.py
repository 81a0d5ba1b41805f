"""Prepare and describe what the models run on; call before the first model is built."""

import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import Literal

from epibench.errors import InputError
from epibench.words import PRECISIONS

CHANGE_RESULTS = ("TF_ENABLE_ONEDNN_OPTS", "NVIDIA_TF32_OVERRIDE", "XLA_FLAGS")
"""Variables of the environment on which the last bits of a result depend."""

_NOTICES = ("oneDNN custom operations are on", "All log messages before absl::InitializeLog()")


def quiet() -> None:
    """Import Keras and its backend without the notices that TensorFlow prints at start-up.

    `TF_CPP_MIN_LOG_LEVEL=1` hides its information lines but not the oneDNN notice, which is printed
    before that setting is read; so standard error is held back during the import and every other
    line is passed on after it.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")
    sys.stderr.flush()
    shown = os.dup(2)
    with tempfile.TemporaryFile("w+", errors="replace") as held:
        os.dup2(held.fileno(), 2)
        try:
            import keras  # noqa: F401
        finally:
            os.dup2(shown, 2)
            os.close(shown)
            held.seek(0)
            sys.stderr.writelines(
                line for line in held if not any(notice in line for notice in _NOTICES)
            )


def set_threads(threads: int) -> None:
    """Fix the number of CPU threads of the backend, on which the last bits of a result depend.

    TensorFlow: threads inside and between operations. JAX: the variable NPROC, from which XLA takes
    the size of its pool. Call before the first tensor is made; after it TensorFlow raises
    RuntimeError and JAX takes no notice.
    """
    import keras

    if threads < 1:
        raise InputError(f"threads must be at least 1, not {threads}")
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    else:
        os.environ["NPROC"] = str(threads)


def set_deterministic() -> None:
    """Make operations on a GPU give the same bits each time, at the cost of speed.

    TensorFlow takes kernels that do not add up in random order and tries none out to see which is
    fastest (tf.config.experimental.enable_op_determinism); an operation that has no such kernel
    raises. What XLA compiles, JAX all of it, does so by a flag, which is read when the first
    program is compiled; XLA's documentation says that it then refuses the gradient of max pooling.
    Call before the first tensor is made.
    """
    import keras

    flags = os.environ.get("XLA_FLAGS", "")
    os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()


def start(threads: int, require: bool | Literal["warn"], deterministic: bool = False) -> dict:
    """Set up the device of a job that was given a GPU, and print what it is.

    Parameters
    ----------
    threads : int
        CPU threads.
    require : bool or "warn"
        Whether to fail, warn or go on silently where there is no GPU.
    deterministic : bool, default False
        See `set_deterministic`.

    Returns
    -------
    dict
        As of `describe`.

    Raises
    ------
    InputError
        When there is no GPU and there must be one.
    """
    use_memory_as_needed()
    set_threads(threads)
    if deterministic:
        set_deterministic()
    found = describe()
    print(f"device: {found}")
    if require:
        require_gpu(strict=require is True)
    return found


def set_precision(name: str) -> None:
    """Set the precision of every model built from now on; the outputs stay float32.

    `auto` is `mixed_bfloat16` on a GPU and `float32` on a CPU.
    """
    import keras

    if name == "auto":
        name = "mixed_bfloat16" if gpus() else "float32"
    if name not in PRECISIONS:
        raise InputError(f"there is no precision {name!r}; known: {', '.join(PRECISIONS)}")
    keras.config.set_dtype_policy(name)


def gpus() -> list:
    """Give the GPUs that the backend finds: names on TensorFlow, devices on JAX."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return [gpu.name.removeprefix("/physical_device:") for gpu in _tensorflow_gpus(tf)]
    import jax

    return [device for device in jax.devices() if device.platform == "gpu"]


def choose_gpus(wanted: int) -> list:
    """Choose the GPUs of a job, all of one node, for `epibench.step.Devices`.

    Raises
    ------
    InputError
        When several are wanted and there are fewer.
    """
    found = gpus()
    if 1 < wanted > len(found):
        raise InputError(
            f"training.gpus = {wanted}, but there are {len(found)} GPUs here "
            f"(CUDA_VISIBLE_DEVICES={os.environ.get('CUDA_VISIBLE_DEVICES')}); ask for {wanted} in "
            "the profile's line of train_run, or lower training.gpus"
        )
    return found[:wanted]


def use_memory_as_needed() -> None:
    """Let the backend take GPU memory as it needs it, not all at once: jobs may share a GPU.

    Call before the first tensor is made.
    """
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        for gpu in _tensorflow_gpus(tf):
            tf.config.experimental.set_memory_growth(gpu, True)
    else:
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


def describe() -> dict:
    """Describe backend and devices for a run's record.

    Returns
    -------
    dict
        `backend` and `backend_version`, `keras` (its version), `devices` (names), `gpus` (number),
        `driver` (version of NVIDIA's, None without), `processor` (its model), `environment` (those
        of `CHANGE_RESULTS` that are set), `cuda_visible_devices` and `slurm_job_id` (None where not
        set).
    """
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as backend

        found = backend.config.list_physical_devices()
        details = backend.config.experimental.get_device_details
        devices = [details(device).get("device_name", device.device_type) for device in found]
    else:
        import jax as backend

        devices = [device.device_kind for device in backend.devices()]
    return {
        "backend": keras.backend.backend(),
        "backend_version": backend.__version__,
        "keras": keras.__version__,
        "devices": devices,
        "gpus": len(gpus()),
        "driver": _driver(),
        "processor": _processor(),
        "environment": {name: os.environ[name] for name in CHANGE_RESULTS if name in os.environ},
        "cuda_visible_devices": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "slurm_job_id": os.environ.get("SLURM_JOB_ID"),
    }


def peak_memory() -> dict[str, int | None]:
    """Give the largest memory of this process so far, in MB: `host`, and `gpu` (None without)."""
    import keras

    found = gpus()
    device = None
    if found and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        device = max(tf.config.experimental.get_memory_info(gpu)["peak"] for gpu in found)
    elif found:
        device = max(gpu.memory_stats()["peak_bytes_in_use"] for gpu in found)
    host = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"host": host // 10**6, "gpu": device and device // 10**6}


def require_gpu(strict: bool) -> None:
    """Say where the backend finds no GPU though the job was given one.

    Parameters
    ----------
    strict : bool
        Whether that is an error, or a line in the log.

    Raises
    ------
    InputError
        When it is an error.
    """
    found = describe()
    if found["gpus"]:
        return
    line = (
        f"a GPU was asked for but {found['backend']} finds none "
        f"(CUDA_VISIBLE_DEVICES={found['cuda_visible_devices']}); install the GPU environment "
        "envs/gpu.yaml or set training.require_gpu to false"
    )
    if strict:
        raise InputError(line)
    print(f"WARNING: {line}; going on with the CPU")


def _tensorflow_gpus(tf) -> list:
    return tf.config.list_physical_devices("GPU")


def _processor() -> str:
    """Name the model of the CPU, on which libraries choose their kernels."""
    with suppress(OSError), open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _driver() -> str | None:
    """Ask NVIDIA's tool for the version of its driver."""
    if not shutil.which("nvidia-smi"):
        return None
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    return found[0] if found else None
