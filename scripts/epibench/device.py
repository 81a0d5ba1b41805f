"""Prepare and describe what the models run on; call before the first model is built."""

import os
import sys
import tempfile

from epibench.errors import InputError
from epibench.words import PRECISIONS

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


def set_precision(name: str) -> None:
    """Set the precision of every model built from now on; the outputs stay float32."""
    import keras

    if name not in PRECISIONS:
        raise InputError(f"there is no precision {name!r}; known: {', '.join(PRECISIONS)}")
    keras.config.set_dtype_policy(name)


def describe() -> dict:
    """Describe backend and devices for a run's record.

    Returns
    -------
    dict
        `backend` and `backend_version`, `keras` (its version), `devices` (names), `gpus` (number),
        `cuda_visible_devices` and `slurm_job_id` (None where not set) and `precision`.
    """
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as backend

        found = backend.config.list_physical_devices()
        details = backend.config.experimental.get_device_details
        devices = [details(device).get("device_name", device.device_type) for device in found]
        gpus = sum(device.device_type == "GPU" for device in found)
    else:
        import jax as backend

        devices = [device.device_kind for device in backend.devices()]
        gpus = sum(device.platform == "gpu" for device in backend.devices())
    return {
        "backend": keras.backend.backend(),
        "backend_version": backend.__version__,
        "keras": keras.__version__,
        "devices": devices,
        "gpus": gpus,
        "cuda_visible_devices": os.environ.get("CUDA_VISIBLE_DEVICES"),
        "slurm_job_id": os.environ.get("SLURM_JOB_ID"),
        "precision": keras.config.dtype_policy().name,
    }


def require_gpu() -> None:
    """Raise InputError if the job was given a GPU and the backend finds none."""
    found = describe()
    if not found["gpus"]:
        raise InputError(
            f"a GPU was asked for but {found['backend']} finds none "
            f"(CUDA_VISIBLE_DEVICES={found['cuda_visible_devices']}); install the GPU environment "
            "envs/gpu.yaml or set training.require_gpu to false"
        )
