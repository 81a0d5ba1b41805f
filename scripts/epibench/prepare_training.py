"""Select what a run trains on."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from epibench.data.loader import Batches
from epibench.data.store import Store
from epibench.data.windows import select, training_means
from epibench.errors import InputError
from epibench.recipe import Recipe
from epibench.words import LOSSES


@dataclass(frozen=True)
class TrainingData:
    """What a run trains on.

    `batches` by split; `scale` float32 (targets,) divides the coverage while training;
    `loss_settings` are those of the config, with what was left to the data filled in; `known` says
    which targets there is something to learn of: for binary models, those with peaks.
    """

    targets: list[str]
    known: list[bool]
    batches: dict[str, Batches]
    scale: np.ndarray
    loss_settings: dict[str, float]


def prepare_training(store: Store, settings: dict[str, Any]) -> TrainingData:
    """Select the windows of a run, and compute what depends on them.

    Raises
    ------
    InputError
        For a split without windows, or labels that are all alike.
    """
    windows = store.summary["settings"]["windows"]
    recipe = Recipe(**settings["recipe"])
    scale = target_scale(store, settings)
    chosen = {split: select(store, settings["windows"], split) for split in ("train", "valid")}
    binary = LOSSES[settings["loss"]].head == "peaks"
    if binary:
        _check_labels(chosen["train"].labels, settings["windows"])
    batches = {
        split: Batches(
            store,
            of_split.offset,
            window_length=windows["length"],
            input_length=windows["input_length"],
            bin_size=settings["bin_size"],
            batch_size=recipe.batch_size,
            augmentation=settings["augmentation"] if split == "train" else "none",
            seed=settings["seed"],
            shuffle=split == "train",
            drop_last=split == "train",
            scale=None if binary else scale,
            clip=settings["target_clip"],
            labels=of_split.labels if binary else None,
            workers=settings["threads"],
        )
        for split, of_split in chosen.items()
    }
    loss_settings = dict(settings["loss_settings"])
    if "counts_weight" in loss_settings and loss_settings["counts_weight"] is None:
        sums = chosen["train"].mean / scale * (windows["input_length"] // settings["bin_size"])
        loss_settings["counts_weight"] = float(np.median(sums)) / 10
    known = (chosen["train"].labels >= 0).any(axis=0) if binary else np.ones(len(scale), bool)
    return TrainingData(store.targets, known.tolist(), batches, scale, loss_settings)


def target_scale(store: Store, settings: dict[str, Any]) -> np.ndarray:
    """Give what each target is divided by while training, float32, shape (targets,)."""
    if settings["target_scale"] == "none":
        return np.ones(len(store.targets), np.float32)
    windows = select(store, settings["windows"], "train")
    return training_means(store, windows).astype(np.float32)


def _check_labels(labels: np.ndarray, window_set: str) -> None:
    """Refuse training windows that all have, or all lack, a peak."""
    known = labels[labels >= 0]
    if len(np.unique(known)) < 2:
        what = f"only the label {known[0]}" if len(known) else "no labels"
        raise InputError(
            f"the training windows of {window_set} have {what}, so a binary model learns nothing; "
            "choose another window set, or give peaks for more targets"
        )
