"""Types of the configuration file: every key, its default and what it is for.

`config/README.md` is generated from this module. What only several keys together can decide (a
model that cannot give a bin size, say) is checked in `epibench.config.check`.
"""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
)

from epibench.config.grids import (
    Augmentation,
    BinSize,
    Experiment,
    LossName,
    Name,
    Section,
    Seed,
    WindowsName,
)
from epibench.config.interpret import Interpret
from epibench.config.predictions import Prediction, PredictionName
from epibench.config.variants import Variants
from epibench.data.settings import (
    CoverageSettings,
    Mappability,
    SplitSettings,
    WindowSettings,
)
from epibench.locus import LONGEST, parse_locus
from epibench.models.registry import builder
from epibench.recipe import RECIPES, Recipe
from epibench.simulate.files import SHORTEST_CHROMOSOME
from epibench.words import LONGEST_NAME, PRECISIONS


class Genome(Section):
    """The reference sequence and the parts of it that no window may touch."""

    fasta: str = Field(
        description="FASTA file, plain, gzip or bgzip: path or address (`#md5=...` is verified)."
    )
    excluded: list[str] = Field(
        default=[],
        description="BED files or UCSC gap tables (path or address) of unmappable regions, gaps, "
        "blacklist; windows that touch them are left out of every split and set.",
    )
    shortest_gap: Annotated[int, Field(ge=1)] | None = Field(
        default=100,
        description="Runs of N of at least this many bp are assembly gaps, excluded like the "
        "regions above; null: none are.",
    )
    mappability: Mappability | None = Field(
        default=None, description="Unmappable regions by a bigWig, excluded like those above."
    )


class Simulation(Section):
    """Input from the simulator, with a known truth, in place of `genome` and `samples`."""

    grammar: str = Field(
        default="resources/demo_grammar.yaml",
        description="What makes a position accessible: motifs, weights, noise.",
    )
    seed: Seed = Field(default=1, description="Seed of genome, coverage and noise.")
    chromosomes: dict[str, Annotated[int, Field(ge=SHORTEST_CHROMOSOME)]] = Field(
        description="Length in bp of each simulated chromosome."
    )
    mutagenesis: dict[str, Annotated[int, Field(ge=1)]] = Field(
        default={},
        description="Chromosomes, each with the number of its elements whose small changes all get "
        "a known effect, at most one of a kind: the measured variants of a simulated study.",
    )


class ModelEntry(Section):
    """One trainable model: a builder with its options and the way it is trained."""

    enabled: bool = Field(default=True, description="`false` keeps the entry out of every grid.")
    builder: str = Field(
        description="Architecture: a name of the registry of models, or `package.module:function` "
        "for one of your own."
    )
    options: dict[str, Any] = Field(
        default={}, description="Options of the builder; what is left out keeps its default."
    )
    recipe: str | None = Field(
        default=None,
        description="Training recipe, by its name in `recipes`; null: that of the builder, as in "
        "the paper.",
    )
    target_scale: Literal["none", "mean"] = Field(
        default="none",
        description="Divide each target by its mean over the training windows (`mean`) while "
        "training; predictions are scaled back.",
    )
    target_clip: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Largest coverage of a bin while training, after `target_scale`; larger ones "
        "count as this, so that a few extreme bins do not rule the loss. Evaluation never clips.",
    )
    target_weights: dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] = Field(
        default={},
        description="Weights of targets in the loss, by name; those left out have weight 1, and "
        "only the ratios matter.",
    )
    precision: Literal["auto", *PRECISIONS] = Field(
        default="float32",
        description="Numeric precision of training and prediction; `auto`: mixed_bfloat16 on a "
        "GPU, float32 on a CPU.",
    )
    xla: bool | None = Field(
        default=None,
        description="Whether TensorFlow compiles training with XLA (JAX always does); null: on a "
        "GPU, unless `training.deterministic`; not on a CPU, where it is slower.",
    )


class Defaults(Section):
    """The value of each axis where a grid does not name it."""

    model: Name = Field(default="basenji", description="Model entry.")
    windows: WindowsName = Field(
        default="threshold2", description="Window set: `threshold<t>` or `peaks`."
    )
    loss: LossName = Field(default="poisson", description="Training loss.")
    bin_size: BinSize = Field(default=128, description="Target resolution in bp.")
    augmentation: Augmentation = Field(default="rc+shift", description="Augmentation.")
    seed: Seed = Field(
        default=1, description="Seed of initialisation, order, crops, flips, dropout."
    )


class Selection(Section):
    """When two targets are so much alike that one of them is enough: advice, none is dropped."""

    max_correlation: float = Field(
        default=0.75,
        gt=0,
        le=1,
        description="Pearson's r of mean coverage at the peaks of all targets from which two are "
        "too much alike; the one that stands first in the samples table is kept.",
    )


class Training(Section):
    """What all training jobs of the study share."""

    threads: Annotated[int, Field(ge=1)] = Field(
        default=4,
        description="CPU threads of a training job; part of the run, since results depend on it.",
    )
    require_gpu: bool | Literal["warn"] = Field(
        default=False,
        description="Whether training fails at once where no GPU is found, instead of going on "
        "slowly on the CPU; `warn`: it says so in the log and goes on.",
    )
    gpus: Annotated[int, Field(ge=1)] = Field(
        default=1,
        description="GPUs of one node that share every batch of a training (part of the run, like "
        "`threads`); the profile's line of train_run must ask for as many.",
    )
    deterministic: bool = Field(
        default=False,
        description="Whether trainings and predictions on a GPU give the same bits each time, "
        "which is slower (part of the run, like `threads`); on a CPU they do so anyway.",
    )
    checkpoint_minutes: Annotated[float, Field(gt=0)] = Field(
        default=15,
        description="Longest time between two checkpoints; there is one after every epoch too.",
    )
    tensorboard: bool = Field(
        default=True,
        description="Whether training writes `results/<study>/tensorboard/` as it goes on.",
    )
    wandb: str | None = Field(
        default=None,
        description="Project at Weights & Biases that shows the trainings; needs its package.",
    )


class LossSettings(Section):
    """Weights of the parts of losses that have several."""

    mse_weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        default=0.001, description="`pearsonr_mse`: of the mean squared error."
    )
    multinomial_weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = Field(
        default=1e-7, description="`multinomial_mse`: of the multinomial likelihood."
    )
    counts_weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        default=None,
        description="`multinomial_counts`: of the squared error of the log sum; null: a tenth of "
        "the median sum over the bins of an input, over training windows and targets.",
    )

    def of(self, loss: str) -> dict[str, float | None]:
        """Give the settings that a loss reads."""
        known = {
            "pearsonr_mse": {"mse_weight"},
            "multinomial_mse": {"multinomial_weight"},
            "multinomial_counts": {"counts_weight"},
        }
        return self.model_dump(include=known.get(loss, set()))


class Evaluation(Section):
    """How predictors are scored on the test chromosomes."""

    bin_sizes: Annotated[list[BinSize], Field(min_length=1)] = Field(
        default=[1, 32, 64, 128, 256, 512, 1024, 2048],
        description="Resolutions in bp at which predictors are scored, each from its own up.",
    )
    smoothing: list[BinSize] = Field(
        default=[1, 32, 64, 128, 256, 512, 1024, 2048],
        description="Widths in bp of box-car filters on truth and prediction at base resolution, "
        "none above windows.input_length.",
    )
    block_length: Annotated[int, Field(ge=1)] | None = Field(
        default=None,
        description="Length in bp of the blocks of the test chromosomes that are drawn for "
        "intervals; null: the smaller of 1,000,000 and a fiftieth of their length, at least 5 "
        "windows. With fewer than 20 blocks there are no intervals.",
    )
    replicates: Annotated[int, Field(ge=100)] = Field(
        default=1000, description="How often the blocks are drawn for intervals."
    )
    seed: Seed = Field(default=1, description="Seed of these draws, the same for all predictors.")
    promoters: str | None = Field(
        default=None,
        description="BED file (path): test inputs that overlap one of its regions are scored "
        "apart, as promoters, and all others as distal.",
    )


class Variation(Section):
    """How the robustness to shifts of the input is scored: on test windows with a peak."""

    crops: Annotated[int, Field(ge=2)] = Field(
        default=20, description="Random inputs drawn from each window."
    )
    seed: Seed = Field(default=1, description="Seed of the crops; every run gets the same.")


def _complete_recipes(value: Any) -> Any:
    """Add the recipes of the paper, and complete those of the same name by them."""
    if not isinstance(value, dict):
        return value
    return RECIPES | {
        name: RECIPES.get(name, {}) | recipe if isinstance(recipe, dict) else recipe
        for name, recipe in value.items()
    }


def _locus(text: str) -> str:
    parse_locus(text)
    return text


class Tracks(Section):
    """Which coverage the analysis `tracks` shows, on the test chromosomes."""

    loci: Annotated[list[Annotated[str, AfterValidator(_locus)]], Field(max_length=4)] = Field(
        default=[],
        description="Up to four loci `chrom:start-end`, 0-based, the end not included. Empty: the "
        "loci with the highest, the 90th percentile and the median measured coverage.",
    )
    locus_length: Annotated[int, Field(ge=1, le=LONGEST)] = Field(
        default=16_384,
        description="Length in bp of loci that are chosen, rounded up to whole inputs.",
    )
    targets: list[str] = Field(
        default=[], description="Targets in table and picture, in this order; empty: all."
    )


class Study(Section):
    """One config file: data, experiments, report."""

    study: Annotated[
        str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=LONGEST_NAME)
    ] = Field(description="Name; results go to `results/<study>/`.")
    title: str = Field(default="", description="Heading of the report.")
    samples: str | None = Field(
        default=None, description="Table of targets (TSV; columns below), unless simulated."
    )
    genome: Genome | None = Field(
        default=None,
        description="Reference, unless simulated: this section, or the path of a YAML file that "
        "has its keys, like `resources/hg38.yaml`.",
    )
    simulation: Simulation | None = Field(
        default=None, description="Simulated input in place of `samples` and `genome`."
    )
    splits: SplitSettings = Field(description="Which chromosomes train, validate and test.")
    windows: WindowSettings = Field(
        default=WindowSettings(), description="Windows and inputs, and the declared window sets."
    )
    coverage: CoverageSettings = Field(
        default=CoverageSettings(),
        description="Bases without a value, and values that should not be.",
    )
    selection: Selection = Field(
        default=Selection(), description="Advice on targets that are alike, where there are peaks."
    )
    recipes: Annotated[dict[Name, Recipe], BeforeValidator(_complete_recipes)] = Field(
        default={},
        validate_default=True,
        description="Named training recipes. `basenji` (patience 6) and `decay` (patience 10, "
        "learning rate times 0.2 after 3 epochs) are there; what is given under their names "
        "changes them.",
    )
    losses: LossSettings = Field(default=LossSettings(), description="Settings of the losses.")
    models: dict[Name, ModelEntry] = Field(description="Named model entries.")
    defaults: Defaults = Field(
        default=Defaults(), description="Value of each axis that a grid leaves out."
    )
    training: Training = Field(default=Training(), description="Shared by all training jobs.")
    evaluation: Evaluation = Field(default=Evaluation(), description="Scoring of predictors.")
    predictions: dict[PredictionName, Prediction] = Field(
        default={}, description="Predictions from outside, scored like the runs, by name."
    )
    variation: Variation = Field(
        default=Variation(), description="Scoring of robustness, where an experiment reads it."
    )
    tracks: Tracks = Field(
        default=Tracks(), description="Loci of the picture, where an experiment makes one."
    )
    variants: Variants = Field(
        default=Variants(), description="Variant effects, where an experiment reads them."
    )
    interpret: Interpret = Field(
        default=Interpret(), description="Explanation of models, where an experiment reads it."
    )
    experiments: dict[Name, Experiment] = Field(
        description="Named experiments; each name is also a target of the workflow."
    )

    def recipe_of(self, entry: ModelEntry) -> str:
        """Give the name of an entry's recipe."""
        return entry.recipe or builder(entry.builder).recipe
