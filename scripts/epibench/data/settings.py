"""Settings of windows and splits (light: the config's types include them)."""

import re
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from epibench.errors import InputError
from epibench.words import AXES, SPLITS


def threshold_set(threshold: float) -> str:
    """Name the window set of a coverage threshold: 2.0 gives `threshold2`."""
    return f"threshold{threshold:g}"


class WindowSettings(BaseModel):
    """How the genome is cut into windows, and which window sets the store serves."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    length: int = Field(3072, gt=0, description="Length of a window in bp.")
    input_length: int = Field(2048, gt=0, description="Length in bp of what a model sees.")
    stride: int | None = Field(
        None, gt=0, description="Step between training windows in bp; null: the window length."
    )
    thresholds: list[float] = Field(
        [2.0],
        description="Coverage thresholds t: a window is in the set `threshold<t>` when the "
        "maximum coverage of any target exceeds t.",
    )
    peaks: bool = Field(False, description="Whether the peak-centred window set `peaks` is made.")
    peak_anchor: Literal["midpoint", "summit"] = Field(
        "midpoint", description="The base of a peak that its window is centred on."
    )
    peak_merge_overlap: int = Field(
        200, ge=0, description="Peak windows that overlap by more bp than this are merged."
    )
    max_n_fraction: float = Field(
        0.05, ge=0, le=1, description="Windows and inputs with a larger share of N are left out."
    )

    @field_validator("thresholds")
    @classmethod
    def _nameable(cls, thresholds: list[float]) -> list[float]:
        """Refuse a threshold twice, and one that the name of its window set cannot express."""
        for threshold in thresholds:
            name = threshold_set(threshold)
            if not re.fullmatch(AXES["windows"], name) or float(name[9:]) != threshold:
                raise ValueError(
                    f"threshold {threshold!r} has no plain name; "
                    "give a number from 0 with at most 6 digits, like 0.5"
                )
            if thresholds.count(threshold) > 1:
                raise ValueError(f"threshold {threshold:g} is given twice; keep one")
        return thresholds

    @model_validator(mode="after")
    def _consistent(self) -> "WindowSettings":
        if self.input_length > self.length:
            raise ValueError(
                f"input_length {self.input_length} is longer than the window length "
                f"{self.length}; lower input_length or raise length"
            )
        if self.peaks and self.peak_merge_overlap >= self.length:
            raise ValueError(
                f"peak_merge_overlap {self.peak_merge_overlap} must be below the window length "
                f"{self.length}; lower it"
            )
        if not self.thresholds and not self.peaks:
            raise ValueError(
                "no window set is declared; give a value in thresholds or set peaks to true"
            )
        return self

    def step(self, split: str) -> int:
        """Return the distance between window starts in a split: only training may overlap."""
        return self.stride or self.length if split == "train" else self.length

    def common_region(self) -> slice:
        """Give the part of a window that every input drawn from it covers: 1024:2048 by default.

        Raises
        ------
        InputError
            When a window leaves no room to shift its input, or shifted inputs share no position.
        """
        if not self.input_length < self.length < 2 * self.input_length:
            raise InputError(
                f"the variation score needs inputs that shift and overlap, and windows.length = "
                f"{self.length} is not between windows.input_length = {self.input_length} and its "
                "double; change one of the two, or switch off the experiments that read the score"
            )
        return slice(self.length - self.input_length, self.input_length)

    def window_sets(self) -> list[str]:
        """Name the declared window sets, thresholds first."""
        return [*map(threshold_set, self.thresholds), *(["peaks"] if self.peaks else [])]


class CoverageSettings(BaseModel):
    """What bases without a value, and values that coverage should not have, count as."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    uncovered: Literal["zero", "masked"] = Field(
        "zero",
        description="Bases that a track does not cover count as 0 (`zero`), or windows and test "
        "inputs that touch a base which any target does not cover are left out (`masked`).",
    )
    nan: Literal["uncovered", "error"] = Field(
        "uncovered", description="What a stored NaN is: an uncovered base, or an error."
    )
    negative: Literal["error", "zero", "keep"] = Field(
        "error",
        description="What a negative value is: an error, 0, or itself, which losses that need "
        "counts (Poisson, multinomial) do not allow for.",
    )


class Mappability(BaseModel):
    """Which parts of the genome short reads cannot be placed in, by a bigWig."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    track: str = Field(
        description="bigWig of mappability from 0 to 1 (path or address), like Umap's "
        "multi-read mappability; uncovered bases are 0."
    )
    cutoff: float = Field(
        0.5, gt=0, le=1, description="Stretches with a lower mean mappability are unmappable."
    )
    stretch: int = Field(
        1024, gt=0, description="Length in bp of the stretches that chromosomes are cut into."
    )


class GenomeFiles(BaseModel):
    """The files of a genome, all local.

    `fasta` is plain, gzip or bgzip; `excluded` are BED, bigBed or gap files of regions that no
    window touches; runs of N of at least `shortest_gap` bp (None: none) and what `mappability` says
    are excluded too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fasta: str | Path
    excluded: list[str | Path] = []
    shortest_gap: int | None = None
    mappability: Mappability | None = None


class SplitSettings(BaseModel):
    """Which chromosomes train, validate and test; the same everywhere in a study."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    test: list[str] = Field(["chr8"], min_length=1, description="Test chromosomes.")
    valid: list[str] = Field(["chr9"], min_length=1, description="Validation chromosomes.")
    train: list[str] | Literal["rest"] = Field(
        "rest", description="Training chromosomes; `rest`: all that are neither used nor excluded."
    )
    exclude: list[str] = Field(
        ["chrY", "chrM", "chrEBV", ".*_.*"],
        description="Chromosomes left out: regular expressions matched against the whole name.",
    )

    @field_validator("exclude")
    @classmethod
    def _patterns(cls, exclude: list[str]) -> list[str]:
        for pattern in exclude:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(
                    f"{pattern!r} is not a regular expression ({error}); correct it"
                ) from None
        return exclude

    @model_validator(mode="after")
    def _disjoint(self) -> "SplitSettings":
        seen: dict[str, str] = {}
        for split in SPLITS:
            for chromosome in self.named(split):
                if chromosome in seen:
                    raise ValueError(
                        f"chromosome {chromosome} is in {seen[chromosome]} and again in {split}; "
                        "name it once"
                    )
                if pattern := self._excluded_by(chromosome):
                    raise ValueError(
                        f"chromosome {chromosome} is in {split} and excluded by {pattern!r}; "
                        "change one of the two"
                    )
                seen[chromosome] = split
        if self.train == []:
            raise ValueError("train names no chromosome; name one, or write rest")
        return self

    def named(self, split: str) -> list[str]:
        """Return the chromosomes that a split names: none for a training split of `rest`."""
        chromosomes = getattr(self, split)
        return [] if chromosomes == "rest" else chromosomes

    def split_of(self, chromosome: str) -> str | None:
        """Return the split of a chromosome, or None for one that is not used."""
        for split in SPLITS:
            if chromosome in self.named(split):
                return split
        rest = self.train == "rest" and not self._excluded_by(chromosome)
        return "train" if rest else None

    def _excluded_by(self, chromosome: str) -> str | None:
        """Return the first pattern that matches the whole name."""
        return next((p for p in self.exclude if re.fullmatch(p, chromosome)), None)
