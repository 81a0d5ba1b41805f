"""Types of the section `experiments` of the configuration file."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from epibench.words import AUGMENTATIONS, AXES, LONGEST_NAME, LOSSES


class Section(BaseModel):
    """A part of the configuration: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Name = Annotated[str, StringConstraints(pattern=rf"^(?:{AXES['model']})$", max_length=LONGEST_NAME)]
WindowsName = Annotated[str, StringConstraints(pattern=rf"^(?:{AXES['windows']})$")]
LossName = Literal[tuple(LOSSES)]
Augmentation = Literal[AUGMENTATIONS]
BinSize = Annotated[int, Field(ge=1, strict=True)]
Seed = Annotated[int, Field(ge=0, lt=2**31, strict=True)]


class Axes(Section):
    """Values of each axis; the grid is their product. A single value may stand without a list."""

    model: Annotated[list[Name], BeforeValidator(_listed)] | None = Field(
        default=None, description="Model entries."
    )
    windows: Annotated[list[WindowsName], BeforeValidator(_listed)] | None = Field(
        default=None, description="Window sets."
    )
    loss: Annotated[list[LossName], BeforeValidator(_listed)] | None = Field(
        default=None, description="Losses."
    )
    bin_size: Annotated[list[BinSize], BeforeValidator(_listed)] | None = Field(
        default=None, description="Bin sizes in bp."
    )
    augmentation: Annotated[list[Augmentation], BeforeValidator(_listed)] | None = Field(
        default=None, description="Augmentations."
    )
    seed: Annotated[list[Seed], BeforeValidator(_listed)] | None = Field(
        default=None, description="Seeds."
    )


class Block(Axes):
    """A further product of axes in the same grid."""

    enabled: bool = Field(default=True, description="`false` leaves the block out.")


class Exclusion(Axes):
    """Runs to leave out: those that match every axis named here."""

    reason: str = Field(description="Why; shown below the experiment's figure.")


class Grid(Axes):
    """The runs of an experiment: a product of axes, more blocks, less exclusions."""

    include: list[Block] = Field(
        default=[], description="Further products, each with its own axes."
    )
    exclude: list[Exclusion] = Field(default=[], description="Runs that are left out, and why.")


class Reference(Section):
    """The values that the runs of an experiment are compared with."""

    model: Name | None = Field(default=None, description="Model entry.")
    windows: WindowsName | None = Field(default=None, description="Window set.")
    loss: LossName | None = Field(default=None, description="Loss.")
    bin_size: BinSize | None = Field(default=None, description="Bin size in bp.")
    augmentation: Augmentation | None = Field(default=None, description="Augmentation.")


class Experiment(Section):
    """A named grid of runs and the analysis that reads them."""

    enabled: bool = Field(default=True, description="`false` keeps it written down but not run.")
    analysis: str | None = Field(
        default=None, description="Table and figure to make; the experiment's name where left out."
    )
    grid: Grid = Field(default=Grid(), description="The runs.")
    reference: Reference | None = Field(
        default=None,
        description="Values of axes that every run is compared with: with the run that differs "
        "from it in these axes alone, by interval and p value, corrected over the experiment.",
    )
