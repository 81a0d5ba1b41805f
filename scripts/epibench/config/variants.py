"""The section `variants` of the configuration."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from epibench.config.grids import Section, Seed


def _elements(value: Any) -> Any:
    """Refuse what is neither a selection nor a list of names, in one sentence."""
    named = isinstance(value, list) and value and all(isinstance(name, str) for name in value)
    if value not in ("all", "cagi5") and not named:
        raise ValueError("should be 'all', 'cagi5' or a list of names")
    return value


class Variants(Section):
    """Measured effects of variants, and how runs score the same variants."""

    tables: list[str] = Field(
        default=[],
        description="Saturation-mutagenesis tables (path or address, plain or gzip): the columns "
        "of Kircher et al. 2019 or the format of CAGI5. A simulated study has its own.",
    )
    assembly: str | None = Field(
        default=None,
        description="Rows of the tables that count, by their column `Release`, like GRCh38; null: "
        "tables of one release. It must be the assembly of the genome.",
    )
    elements: Annotated[str | list[str], BeforeValidator(_elements)] = Field(
        default="all",
        description="Which elements: `all` of the tables, the 15 experiments of `cagi5`, or a list "
        "of names.",
    )
    min_tags: Annotated[int, Field(ge=0)] = Field(
        default=10, description="Fewest tags (barcodes) of a measurement that counts."
    )
    deletions: bool = Field(
        default=False, description="Whether deletions of one base count besides substitutions."
    )
    shifts: Annotated[int, Field(ge=1)] = Field(
        default=20, description="Randomly placed inputs of the robust scores."
    )
    seed: Seed = Field(
        default=1, description="Seed of these places, the same for all variants and runs."
    )
    centre: Literal["variant", "element"] = Field(
        default="variant", description="What stands in the middle of windows."
    )
    reverse_complement: bool = Field(
        default=False, description="Whether predictions are averaged over both strands."
    )
    peak_length: Annotated[int, Field(ge=2)] = Field(
        default=256, description="Region in bp around a variant, for the score `peak`."
    )
    matched: dict[str, Annotated[list[str], Field(min_length=1)]] = Field(
        default={},
        description="Targets of the cell type that an element was measured in, by element: the "
        "scores `matched_...`; elements that are left out have none.",
    )
    shown: str | None = Field(
        default=None,
        description="Element of the map of effects; null: TERT-GBM where it is among the elements, "
        "else the one with the most variants.",
    )
