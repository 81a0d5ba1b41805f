"""Read the grammar that sets accessibility in a simulated genome (light: read at parse time)."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    PrivateAttr,
    StringConstraints,
    model_validator,
)

from epibench.typed import read_yaml, validated
from epibench.words import BASES, LONGEST_NAME

CellType = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]*$", max_length=LONGEST_NAME)
]
MatrixId = Annotated[str, StringConstraints(pattern=r"^MA[0-9]{4}\.[0-9]+$")]


def _all_bases(factors: dict[str, float]) -> dict[str, float]:
    if set(factors) != set(BASES):
        raise ValueError(f"needs one factor for each of {', '.join(BASES)}")
    return factors


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"'{name}' is listed twice")
    return names


BaseFactors = Annotated[dict[str, NonNegativeFloat], AfterValidator(_all_bases)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Background(_Part):
    """Coverage without any motif: `level` (fold change) and its log-slope against local GC."""

    level: PositiveFloat
    gc_slope: float
    gc_window: PositiveInt


class Flanks(_Part):
    """Factors of the two bases before and the two behind a core, outermost first and last."""

    before: tuple[BaseFactors, BaseFactors]
    after: tuple[BaseFactors, BaseFactors]


class Motif(_Part):
    """One motif: its JASPAR matrix, which columns are the core, and what a site does.

    `core` is a 0-based half-open range of matrix columns; `threshold` the share of the best word's
    log-odds score that makes a site; `radius` the reach of a site in bp; `weights` the natural log
    of fold change per cell type.
    """

    matrix: MatrixId
    core: tuple[int, int]
    threshold: float = Field(gt=0, lt=1)
    radius: PositiveInt
    weights: dict[str, float]
    flanks: Flanks | None = None


class Pair(_Part):
    """What two sites do beyond what each does alone, and how that falls with their distance.

    `weights`: natural log of fold change per cell type for two best sites side by side; half of it
    is left when the centres are `limit` bp apart, and `softness` is the scale of the fall in bp.
    `side`: "both", or "after" where the second motif counts only behind the first, along the strand
    of the first. `radius`: reach of the pair's effect, in bp around the middle of the two.
    """

    motifs: tuple[str, str]
    weights: dict[str, float]
    limit: PositiveFloat
    softness: PositiveFloat
    side: Literal["both", "after"]
    radius: PositiveInt

    @model_validator(mode="after")
    def _side_has_a_first_motif(self) -> "Pair":
        if self.side == "after" and self.motifs[0] == self.motifs[1]:
            raise ValueError(
                f"two sites of '{self.motifs[0]}' have no first and second; use side: both"
            )
        return self


class Kind(_Part):
    """One kind of regulatory element: how often, how wide, and mean numbers of instances."""

    share: PositiveFloat
    spread: PositiveFloat
    motifs: dict[str, PositiveFloat] = Field(min_length=1)


class Elements(_Part):
    """How densely regulatory elements are planted, with which words, and their kinds.

    `spacing` is the mean distance between centres in bp; words have `least_affinity` or more.
    """

    spacing: PositiveFloat
    least_affinity: float = Field(ge=0, le=1)
    kinds: dict[str, Kind] = Field(min_length=1)


class Noise(_Part):
    """Log-normal variation between replicates: standard deviation, correlation length in bp."""

    sd: NonNegativeFloat
    length: PositiveInt


class Measurement(_Part):
    """Depth of each replicate (fragments over a base at fold change 1), fragment length in bp."""

    depth: tuple[PositiveFloat, PositiveFloat]
    fragment: PositiveInt
    noise: Noise


class Grammar(_Part):
    """All that sets expected and measured coverage; `resources/demo_grammar.yaml` explains it."""

    jaspar: str
    cell_types: Annotated[tuple[CellType, ...], AfterValidator(_unique)] = Field(min_length=1)
    background: Background
    ceiling: PositiveFloat
    motifs: dict[str, Motif] = Field(min_length=1)
    pairs: tuple[Pair, ...] = ()
    elements: Elements
    measurement: Measurement
    _file: str = PrivateAttr("the grammar")

    @property
    def file(self) -> str:
        """Name the file that the grammar was read from, for messages."""
        return self._file

    @model_validator(mode="after")
    def _names_agree(self) -> "Grammar":
        for name, motif in self.motifs.items():
            self._check_weights(f"motifs.{name}", motif.weights)
        for number, pair in enumerate(self.pairs):
            self._check_weights(f"pairs[{number}]", pair.weights)
            for name in pair.motifs:
                if name not in self.motifs:
                    raise ValueError(f"pairs[{number}].motifs: '{name}' is not under motifs")
        for kind, settings in self.elements.kinds.items():
            for name in settings.motifs:
                if name not in self.motifs:
                    raise ValueError(f"elements.kinds.{kind}.motifs: '{name}' is not under motifs")
        return self

    def _check_weights(self, part: str, weights: dict[str, float]) -> None:
        """Refuse weights that are not one for each cell type."""
        unknown = sorted(set(weights) - set(self.cell_types))
        missing = [cell for cell in self.cell_types if cell not in weights]
        if unknown:
            raise ValueError(
                f"{part}.weights: '{unknown[0]}' is not one of the cell types "
                f"{', '.join(self.cell_types)}"
            )
        if missing:
            raise ValueError(f"{part}.weights: no weight for cell type '{missing[0]}'")


def read_grammar(path: str | Path) -> Grammar:
    """Read and check a grammar file.

    Light enough for parse time: whether JASPAR has the matrices is checked when they are loaded.

    Parameters
    ----------
    path : str or Path
        YAML file with the keys that `resources/demo_grammar.yaml` explains.

    Returns
    -------
    Grammar

    Raises
    ------
    InputError
        If the file is missing, is not YAML, or has an unknown key or a value that cannot be.
    """
    grammar = validated(Grammar, read_yaml(path), str(path))
    grammar._file = str(path)
    return grammar
