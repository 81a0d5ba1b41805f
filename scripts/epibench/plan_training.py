"""What the workflow needs to know of training: what its jobs read besides settings (light)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from epibench.config.load import expand_variables
from epibench.plan_interpret import InterpretPlan
from epibench.samples import select_rows
from epibench.typed import read_yaml

_OF_THE_JOB = ("require_gpu", "checkpoint_minutes", "tensorboard", "wandb")


@dataclass(frozen=True)
class TrainingPlan(InterpretPlan):
    """A checked study with its targets: how its trainings run."""

    def training_job(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Give what a training job reads besides settings: a change of it retrains nothing.

        `config` is the merged configuration as it was given. The job records it, with the genome's
        file in it, and the samples table, since all of these may be changed later.
        """
        training = self.study.training.model_dump()
        genome, samples = config.get("genome"), self.study.samples
        if isinstance(genome, str):
            config = {**config, "genome": read_yaml(expand_variables(genome))}
        names = [target.name for target in self.targets]
        return {key: training[key] for key in _OF_THE_JOB} | {
            "config": dict(config),
            "samples": select_rows(samples, names) if samples else None,
        }

    def device_settings(self) -> dict[str, Any]:
        """Give what a job that predicts asks of its device (`epibench.device.start`).

        A change of them reruns it only where it retrains the run.
        """
        training = self.study.training
        return {"require": training.require_gpu, "deterministic": training.deterministic}
