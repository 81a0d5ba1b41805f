"""Show the course of a training while it runs: TensorBoard, Weights & Biases."""

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any

from epibench.errors import InputError

SHOWN = ("loss", "valid_loss", "learning_rate", "examples_per_second")
Row = dict[str, Any]


class Watch:
    """Passes the rows of a history on to those who show them.

    Parameters
    ----------
    tensorboard : path or None
        Folder of the run's event files.
    wandb : str or None
        Project at Weights & Biases; its package is not among our dependencies.
    run : str
        The run's name.
    settings : dict
        The run's settings, shown at Weights & Biases.
    resumed : bool
        Whether the training goes on: then what was shown stays.

    Raises
    ------
    InputError
        When `wandb` is asked for and not installed.
    """

    def __init__(
        self,
        tensorboard: Path | None,
        wandb: str | None,
        run: str,
        settings: dict[str, Any],
        resumed: bool,
    ):
        self._stack = ExitStack()
        self._show: list[Callable[[Row], None]] = []
        if tensorboard:
            self._show.append(self._open_tensorboard(tensorboard, resumed))
        if wandb:
            self._show.append(self._open_wandb(wandb, run, settings))

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def __call__(self, row: Row) -> None:
        """Show a row of the history."""
        for show in self._show:
            show(row)

    def _open_tensorboard(self, folder: Path, resumed: bool) -> Callable[[Row], None]:
        from tensorboardX import SummaryWriter

        if not resumed:  # of an earlier training with other settings
            shutil.rmtree(folder, ignore_errors=True)
        writer = self._stack.enter_context(SummaryWriter(str(folder)))

        def show(row: Row) -> None:
            for name in SHOWN:
                writer.add_scalar(name, row[name], row["epoch"])
            writer.flush()

        return show

    def _open_wandb(
        self, project: str, run: str, settings: dict[str, Any]
    ) -> Callable[[Row], None]:
        try:
            wandb = import_module("wandb")
        except ImportError:
            raise InputError(
                f"training.wandb = {project!r}, but the package wandb is not installed; install it "
                "with pip or set training.wandb to null"
            ) from None
        started = wandb.init(
            project=project,
            name=run,
            id=sha256(f"{project}/{run}".encode()).hexdigest()[:16],
            resume="allow",
            config=settings,
        )
        self._stack.callback(started.finish)
        return lambda row: started.log({name: row[name] for name in SHOWN}, step=row["epoch"])
