"""The section `interpret` of the configuration: how models are explained."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from epibench.config.grids import Section, Seed, WindowsName
from epibench.errors import InputError
from epibench.interpret.iupac import IUPAC, combinations, pattern_problem
from epibench.locus import parse_locus

MOST_WORDS = 65_536
"""Words of a motif that are tried, at most."""

METHODS = (
    "saliency",
    "gradient_x_input",
    "gradient_x_input_corrected",
    "integrated_gradients",
    "mutagenesis",
)
"""What attributes a prediction to bases."""

MotifName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_./-]*$")]
Count = Annotated[int, Field(ge=1)]


def _pattern(text: str) -> str:
    problem = pattern_problem(text)
    if problem:
        raise ValueError(problem)
    return text


def _locus(text: str) -> str:
    parse_locus(text)
    return text


class Motif(Section):
    """A motif that is embedded in sequences: by its letters, or by the best word of a matrix."""

    pattern: Annotated[str, Field(min_length=1), AfterValidator(_pattern)] | None = Field(
        default=None,
        description="Core, letters of IUPAC; a dot is a free base. null: the most frequent bases "
        "of the matrix.",
    )
    matrix: str | None = Field(
        default=None, description="Matrix of JASPAR, by its id, that words are scored by."
    )
    noted: Annotated[str, StringConstraints(pattern="^[ACGT]+$")] | None = Field(
        default=None, description="Word, core with its flanks, to point out in the figure."
    )

    @model_validator(mode="after")
    def _has_either(self) -> "Motif":
        if self.pattern is None and self.matrix is None:
            raise ValueError("give a pattern or a matrix")
        return self


class Jaspar(Section):
    """Known motifs that filters are compared with."""

    release: str = Field(default="JASPAR2022", description="Release of JASPAR.")
    taxon: str = Field(
        default="vertebrates", description="Group of organisms: vertebrates, fungi, plants, ..."
    )
    excluded: list[str] = Field(
        default=["MA1929", "MA0615"],
        description="Matrices left out, whatever their version: those of the paper match anything.",
    )
    q_threshold: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.1, description="A match has a q value below this."
    )


class Distance(Section):
    """Which places of the second motif of a pair are tried."""

    step: Count = Field(default=1, description="Bp between places.")
    farthest: Count | None = Field(
        default=None, description="Largest offset in bp; null: all that the input has room for."
    )


class Occlusion(Section):
    """The replacement of motifs in natural sequences."""

    motifs: list[str] = Field(default=[], description="Motifs, by name; empty: the first.")
    sequences: Count = Field(default=10_000, description="Natural sequences searched.")
    replacements: Count = Field(default=25, description="Random replacements of an instance.")


class Attribution(Section):
    """The attribution of predictions to single bases."""

    methods: Annotated[list[Literal[METHODS]], Field(min_length=1)] = Field(
        default=list(METHODS), description=f"Among {', '.join(METHODS)}."
    )
    loci: Annotated[list[Annotated[str, AfterValidator(_locus)]], Field(max_length=4)] = Field(
        default=[],
        description="Loci of the picture, on test chromosomes: the input around the middle of "
        "each. Empty: the two sampled inputs with the highest measured coverage.",
    )
    sequences: Count = Field(
        default=100, description="Natural sequences for tracks, TF-MoDISco and the known truth."
    )
    references: Count = Field(
        default=10, description="Shuffled references of a sequence, for integrated gradients."
    )
    steps: Count = Field(default=25, description="Points on the way from each reference.")


class Modisco(Section):
    """TF-MoDISco: motifs from attributions; takes minutes to hours a run."""

    enabled: bool = Field(default=False, description="Whether it runs, after the attributions.")
    max_seqlets: Annotated[int, Field(ge=100)] = Field(
        default=2000, description="Largest number of seqlets, which bounds time and memory."
    )


class Interpret(Section):
    """How models are explained, where an experiment does: on test sequences, the same for all."""

    windows: WindowsName = Field(
        default="threshold2", description="Window set whose test windows are drawn from."
    )
    sequences: Annotated[int, Field(ge=16)] = Field(
        default=1000, description="Natural sequences for filters and embeddings."
    )
    backgrounds: Annotated[int, Field(ge=2)] = Field(
        default=1000, description="Dinucleotide-shuffled sequences that motifs are embedded in."
    )
    seed: Seed = Field(default=1, description="Seed of all draws.")
    targets: list[str] = Field(
        default=[],
        description="Targets of attributions and pictures; best flanks and distances are the best "
        "for their mean. Empty: the first target of the study.",
    )
    jaspar: Jaspar = Field(default=Jaspar(), description="Known motifs.")
    motifs: dict[MotifName, Motif] = Field(
        default={
            "AP-1": Motif(pattern="TGA.TCA", matrix="MA0491.1", noted="TGTGATTCATG"),
            "ATAAA": Motif(pattern="ATAAA"),
            "GATA": Motif(pattern="GATA"),
        },
        min_length=1,
        description="Motifs of global importance analysis, by name.",
    )
    pairs: list[tuple[str, str]] = Field(
        default=[("AP-1", "AP-1"), ("AP-1", "ATAAA"), ("AP-1", "GATA")],
        min_length=1,
        description="Pairs of them: the first stays in the middle, the second moves.",
    )
    flanks: Annotated[int, Field(ge=0, le=4)] = Field(
        default=2, description="Bases on each side of a core of which all combinations are tried."
    )
    position: Annotated[int, Field(ge=0)] | None = Field(
        default=None, description="Where cores begin, 0-based; null: in the middle of the input."
    )
    distance: Distance = Field(default=Distance(), description="Places of a second motif.")
    position_step: Count = Field(
        default=64, description="Bp between the places at which a single motif is tried."
    )
    copies: Count = Field(default=6, description="Largest number of copies of a motif.")
    copy_spacing: Count = Field(default=24, description="Bp from one copy to the next.")
    occlusion: Occlusion = Field(default=Occlusion(), description="Motifs replaced.")
    attribution: Attribution = Field(default=Attribution(), description="Single bases.")
    modisco: Modisco = Field(default=Modisco(), description="TF-MoDISco.")


def check_interpret(interpret: Interpret, window_sets: list[str], length: int) -> None:
    """Refuse motifs that do not fit the input, and names that are not there.

    Parameters
    ----------
    interpret : Interpret
    window_sets : list of str
        Those that the study declares.
    length : int
        Of the input, bp.

    Raises
    ------
    InputError
        Names key, value and remedy.
    """
    if interpret.windows not in window_sets:
        raise InputError(
            f"interpret.windows = {interpret.windows!r} is not declared (declared: "
            f"{', '.join(window_sets)}); choose one of them"
        )
    position = length // 2 if interpret.position is None else interpret.position
    for name, motif in interpret.motifs.items():
        _check_motif(f"interpret.motifs.{name}", motif, interpret.flanks, position, length)
        if motif.pattern:
            _check_places(interpret, len(motif.pattern) + 2 * interpret.flanks, position, length)
    for pair in interpret.pairs:
        if interpret.pairs.count(pair) > 1:
            raise InputError(f"interpret.pairs: {' and '.join(pair)} stand there twice; remove one")
    named = [("pairs", name) for pair in interpret.pairs for name in pair]
    for key, name in [*named, *(("occlusion.motifs", name) for name in interpret.occlusion.motifs)]:
        if name not in interpret.motifs:
            raise InputError(
                f"interpret.{key}: {name!r} is not among interpret.motifs "
                f"({', '.join(interpret.motifs)}); correct it"
            )
    if interpret.attribution.sequences > interpret.sequences:
        raise InputError(
            f"interpret.attribution.sequences = {interpret.attribution.sequences} is above "
            f"interpret.sequences = {interpret.sequences}; lower it"
        )


def _check_motif(key: str, motif: Motif, flanks: int, position: int, length: int) -> None:
    """Refuse a pattern that has no room, or too many words."""
    if motif.pattern is None:
        return
    width = len(motif.pattern) + 2 * flanks
    if width > length:
        raise InputError(
            f"{key}.pattern: {motif.pattern!r} with its flanks has {width} bp, more than "
            f"windows.input_length = {length}; shorten it"
        )
    if position < flanks or position - flanks + width > length:
        raise InputError(
            f"interpret.position = {position}: {motif.pattern!r} with {flanks} flanking bases "
            f"would not lie within the input of {length} bp; choose another"
        )
    words = combinations(motif.pattern, flanks)
    if words > MOST_WORDS:
        raise InputError(
            f"{key}.pattern: {motif.pattern!r} with {flanks} flanking bases stands for {words:,} "
            f"words, more than {MOST_WORDS:,}; fix more bases or lower interpret.flanks"
        )
    if motif.noted and len(motif.noted) != width:
        raise InputError(
            f"{key}.noted: {motif.noted!r} has {len(motif.noted)} bp, but the core with its flanks "
            f"has {width}; correct it"
        )
    letters = "N" * flanks + motif.pattern + "N" * flanks
    for base, letter in zip(motif.noted or "", letters, strict=False):
        if base not in IUPAC[letter]:
            raise InputError(
                f"{key}.noted: {motif.noted!r} is no word of {motif.pattern!r}, whose {letter} it "
                f"has {base} for; correct it"
            )


def _check_places(interpret: Interpret, width: int, position: int, length: int) -> None:
    """Refuse copies that overlap or leave the input, and pairs without a place."""
    if interpret.distance.farthest is not None and interpret.distance.farthest < width:
        raise InputError(
            f"interpret.distance.farthest = {interpret.distance.farthest} leaves a second motif no "
            f"place beside one of {width} bp; raise it"
        )
    if interpret.copies > 1 and interpret.copy_spacing < width:
        raise InputError(
            f"interpret.copy_spacing = {interpret.copy_spacing}: copies of {width} bp would "
            "overlap; raise it"
        )
    start = position - interpret.flanks
    first = start - (interpret.copies - 1) // 2 * interpret.copy_spacing
    last = start + interpret.copies // 2 * interpret.copy_spacing
    if first < 0 or last + width > length:
        raise InputError(
            f"interpret.copies = {interpret.copies} at a spacing of {interpret.copy_spacing} bp do "
            f"not lie within the input of {length} bp; lower one of them"
        )
