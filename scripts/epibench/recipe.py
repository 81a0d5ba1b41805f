"""Training settings of a model entry (light: read at parse time)."""

from pydantic import BaseModel, ConfigDict, Field


class Recipe(BaseModel):
    """How to train; the defaults are those of the Basenji-based models (Toneyan et al. 2022)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: int = Field(100, ge=1, description="Largest number of epochs.")
    patience: int = Field(
        6, ge=1, description="Stop after so many epochs without a lower validation loss."
    )
    learning_rate: float = Field(
        0.001, gt=0, allow_inf_nan=False, description="Learning rate of Adam at the start."
    )
    decay_factor: float = Field(
        1.0, gt=0, le=1, description="Multiply the learning rate by this at a decay; 1 = no decay."
    )
    decay_patience: int = Field(
        3, ge=1, description="Decay after so many epochs without a lower validation loss."
    )
    batch_size: int = Field(64, ge=1, description="Sequences in a batch.")
    patience_from_step: int = Field(
        0,
        ge=0,
        description="Training step from which `patience` counts: for data sets so small that the "
        "first epochs say little.",
    )
    fine_tune_epochs: int = Field(
        5,
        ge=0,
        description="With `evoaug`: epochs on unperturbed sequences that follow, from the best "
        "weights; 0: none.",
    )
    fine_tune_learning_rate: float = Field(
        0.0001, gt=0, allow_inf_nan=False, description="Learning rate of those epochs."
    )


RECIPES = {
    "basenji": {"patience": 6},
    "decay": {"patience": 10, "decay_factor": 0.2, "decay_patience": 3},
}
"""Recipes of the paper (Methods, "Training"): the Basenji- and BPNet-based models, and all others.
A config's recipe of the same name overrides single settings."""
