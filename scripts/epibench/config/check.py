"""Refuse what single keys cannot show: impossible runs and clashing names."""

from collections.abc import Iterable
from difflib import get_close_matches

from epibench.config.interpret import check_interpret
from epibench.config.predictions import check_predicted_targets, check_predictions
from epibench.config.schema import ModelEntry, Study
from epibench.errors import InputError
from epibench.experiments import ANALYSES, Analysis
from epibench.grid import Expansion, Run
from epibench.locus import parse_locus
from epibench.models.registry import builder, check_options
from epibench.variants.elements import CAGI5
from epibench.words import LOSSES, SPLITS

RESERVED = (
    *("all", "data", "train", "evaluate", "interpret", "report"),
    *(
        "fetch",
        "write_peaks",
        "simulate",
        "store",
        "train_run",
        "evaluate_run",
        "evaluate_reference",
    ),
    *("score_variation", "run_experiment", "manifest", "select_targets"),
    *("judge_claims", "write_run_page", "write_report"),
    *("compare_runs", "rank_predictors"),
    *("write_tracks", "write_measured", "choose_loci", "read_loci"),
    *("read_variants", "score_variants", "read_out_variants"),
    *(
        "sample_sequences",
        "read_patterns",
        "read_jaspar",
        "read_filters",
        "match_filters",
        "attribute",
        "embed_inputs",
    ),
    *("find_motifs", "find_flanks", "find_distances", "find_cooperativity", "occlude_motifs"),
    *("find_true_effects", "score_grammar"),
)
"""Stages and rules of the workflow: an experiment is a target too and cannot have their names."""


def check_study(study: Study) -> None:
    """Check what does not depend on the grids.

    Raises
    ------
    InputError
        Names key, value and remedy.
    """
    if (study.simulation is None) == (study.samples is None or study.genome is None):
        raise InputError(
            "give either `simulation`, or both `samples` and `genome`: they name the data"
        )
    if study.simulation and (study.samples or study.genome):
        raise InputError("`simulation` makes its own samples and genome; remove the other keys")
    _refuse_case_twins("models", study.models)
    _refuse_case_twins("experiments", study.experiments)
    for name, entry in study.models.items():
        if entry.enabled:
            _check_entry(f"models.{name}", entry, study)
    if not any(experiment.enabled for experiment in study.experiments.values()):
        raise InputError("experiments: none is switched on; set `enabled: true` for one")
    for name, experiment in study.experiments.items():
        analysis = experiment.analysis or name
        if name in RESERVED:
            raise InputError(f"experiments.{name}: a rule of the workflow has this name; rename it")
        if experiment.enabled and analysis not in ANALYSES:
            close = get_close_matches(analysis, ANALYSES, n=1)
            meant = f"did you mean {close[0]!r}? " if close else ""
            raise InputError(
                f"experiments.{name}: there is no analysis {analysis!r}; {meant}Set `analysis:` to "
                f"one of {', '.join(ANALYSES)}, or `enabled: false`"
            )
        if experiment.enabled and _places_inputs(ANALYSES[analysis]):
            study.windows.common_region()
        if experiment.enabled and ANALYSES[analysis].of_variants:
            _check_variants(study, name)
        if experiment.enabled and ANALYSES[analysis].stage == "interpret":
            if ANALYSES[analysis].reads == "grammar" and not study.simulation:
                raise InputError(
                    f"experiments.{name} needs a known truth, which only a simulated study has; "
                    "set `enabled: false`"
                )
            check_interpret(
                study.interpret, study.windows.window_sets(), study.windows.input_length
            )
    if study.defaults.windows not in study.windows.window_sets():
        raise InputError(
            f"defaults.windows = {study.defaults.windows!r} is not declared (declared: "
            f"{', '.join(study.windows.window_sets())}); the baselines are fitted on it"
        )
    _check_simulated_splits(study)
    length = study.windows.input_length
    check_predictions(study.predictions, length)
    evaluation = study.evaluation
    for key, sizes in (("bin_sizes", evaluation.bin_sizes), ("smoothing", evaluation.smoothing)):
        for size in sizes:
            if sizes.count(size) > 1:
                raise InputError(f"evaluation.{key}: {size} stands twice; remove one")
            if size > length:
                raise InputError(
                    f"evaluation.{key}: {size} is above windows.input_length = {length}; remove it"
                )
    for size in evaluation.bin_sizes:
        if length % size:
            raise InputError(
                f"evaluation.bin_sizes: {size} does not divide windows.input_length = {length}; "
                "remove it"
            )


def check_runs(study: Study, expanded: dict[str, Expansion]) -> None:
    """Check that every run of every experiment can be trained.

    Raises
    ------
    InputError
        Names the experiment, the run's value and the remedy.
    """
    for experiment, expansion in expanded.items():
        analysis = ANALYSES[study.experiments[experiment].analysis or experiment]
        reads = {analysis.reads, *analysis.also}
        _check_reference(study, experiment, expansion)
        if "smoothing" in reads and not study.evaluation.smoothing:
            raise InputError(
                f"experiments.{experiment} shows what smoothing does, but evaluation.smoothing is "
                "empty; give widths in bp or set `enabled: false`"
            )
        if "variant_profile" in reads and all(_is_binary(study, run) for run in expansion.runs):
            raise InputError(
                f"experiments.{experiment} shows profiles, which no binary model predicts; add a "
                "model of coverage to its grid"
            )
        for run in expansion.runs:
            problem = _problem(study, run) or _unreadable(study, run, reads)
            if problem:
                raise InputError(f"experiments.{experiment}.grid: {problem} (run {run.name})")


def _places_inputs(analysis: Analysis) -> bool:
    """Tell whether an analysis reads scores of inputs at several places of a window."""
    return analysis.of_variants or analysis.needs_peaks


def _check_variants(study: Study, experiment: str) -> None:
    """Refuse a study that has no table of variants, and names that its selection does not hold."""
    variants = study.variants
    if study.simulation and variants.tables:
        raise InputError(
            "variants.tables: a simulated study has its own table of variants; remove the key"
        )
    if study.simulation and not study.simulation.mutagenesis:
        raise InputError(
            f"experiments.{experiment} needs variants of a known effect; name a chromosome in "
            "simulation.mutagenesis or set `enabled: false`"
        )
    if not study.simulation and not variants.tables:
        raise InputError(
            f"experiments.{experiment} needs measured variants; name their table in "
            "variants.tables or set `enabled: false`"
        )
    region = study.windows.common_region()
    if variants.peak_length > region.stop - region.start:
        raise InputError(
            f"variants.peak_length = {variants.peak_length} is longer than the "
            f"{region.stop - region.start} bp of a window that all inputs cover; give less"
        )
    if variants.elements == "all":
        return
    known = CAGI5 if variants.elements == "cagi5" else variants.elements
    named = [("shown", variants.shown), *(("matched", name) for name in variants.matched)]
    for key, name in named:
        if name is not None and name not in known:
            raise InputError(
                f"variants.{key}: {name!r} is not among variants.elements "
                f"({', '.join(known)}); correct it"
            )


def _check_reference(study: Study, experiment: str, expansion: Expansion) -> None:
    """Refuse a reference that no run of the experiment has."""
    reference = study.experiments[experiment].reference
    if reference is None:
        return
    wanted = reference.model_dump(exclude_none=True)
    if not wanted:
        raise InputError(
            f"experiments.{experiment}.reference names no axis; give one, like "
            "`reference: {loss: poisson}`, or remove it"
        )
    runs = [run._asdict() for run in expansion.runs]
    if not any(all(run[axis] == value for axis, value in wanted.items()) for run in runs):
        values = ", ".join(f"{axis} = {value}" for axis, value in wanted.items())
        raise InputError(
            f"experiments.{experiment}.reference: no run of its grid has {values}; correct it or "
            "add such a run"
        )


def check_targets(study: Study, targets: list[str]) -> None:
    """Check what names targets: weights in losses, loci and targets of the picture of coverage.

    Raises
    ------
    InputError
        Names key, value and remedy.
    """
    for name, entry in study.models.items():
        for target in entry.target_weights:
            if target not in targets:
                raise InputError(
                    f"models.{name}.target_weights: there is no target {target!r} (known: "
                    f"{', '.join(targets)}); correct it"
                )
    check_predicted_targets(study.predictions, targets)
    for element, names in study.variants.matched.items():
        for target in names:
            if target not in targets:
                raise InputError(
                    f"variants.matched.{element}: there is no target {target!r} (known: "
                    f"{', '.join(targets)}); correct it"
                )
    interpret = study.interpret
    _check_loci(study, "tracks.loci", study.tracks.loci)
    _check_loci(study, "interpret.attribution.loci", interpret.attribution.loci)
    for key, names in (("tracks", study.tracks.targets), ("interpret", interpret.targets)):
        _refuse_twice(f"{key}.targets", names)
        for name in names:
            if name not in targets:
                raise InputError(
                    f"{key}.targets: there is no target {name!r} (known: {', '.join(targets)}); "
                    "correct it"
                )


def _refuse_twice(key: str, values: list[str]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise InputError(f"{key}: {value!r} stands twice; remove one")


def _check_loci(study: Study, key: str, loci: list[str]) -> None:
    """Refuse loci that do not lie on test chromosomes."""
    _refuse_twice(key, loci)
    for text in loci:
        locus = parse_locus(text)
        if locus.chrom not in study.splits.test:
            raise InputError(
                f"{key}: {text} is not on a test chromosome "
                f"({', '.join(study.splits.test)}); choose one there"
            )
        if study.simulation and locus.end > study.simulation.chromosomes[locus.chrom]:
            raise InputError(
                f"{key}: {text} ends beyond {locus.chrom}, which has "
                f"{study.simulation.chromosomes[locus.chrom]} bp; correct it"
            )


def _check_simulated_splits(study: Study) -> None:
    """Refuse splits that name a chromosome which the simulator will not write."""
    if study.simulation is None:
        return
    known = list(study.simulation.chromosomes)
    for chromosome in study.simulation.mutagenesis:
        if chromosome not in known:
            raise InputError(
                f"simulation.mutagenesis: {chromosome!r} is not among simulation.chromosomes "
                f"({', '.join(known)}); correct it"
            )
    for split in SPLITS:
        for chromosome in study.splits.named(split):
            if chromosome not in known:
                raise InputError(
                    f"splits.{split}: {chromosome!r} is not among simulation.chromosomes "
                    f"({', '.join(known)}); correct it"
                )


def _check_entry(key: str, entry: ModelEntry, study: Study) -> None:
    try:
        builder(entry.builder)
    except InputError as error:
        raise InputError(f"{key}.builder: {error}; correct it or set `enabled: false`") from None
    recipe = study.recipe_of(entry)
    if recipe not in study.recipes:
        raise InputError(
            f"{key}.recipe = {recipe!r}: no such recipe (known: {', '.join(study.recipes)}); "
            "correct it or add it to `recipes`"
        )
    if study.recipes[recipe].batch_size % study.training.gpus:
        raise InputError(
            f"recipes.{recipe}.batch_size = {study.recipes[recipe].batch_size} cannot be shared by "
            f"training.gpus = {study.training.gpus}; make it a multiple"
        )
    try:
        check_options(entry.builder, entry.options)
    except InputError as error:
        raise InputError(f"{key}.options: {error}") from None


def _problem(study: Study, run: Run) -> str | None:
    """Say why a run cannot be trained, or None."""
    entry = study.models.get(run.model)
    if entry is None or not entry.enabled:
        state = "is switched off" if entry else "does not exist"
        known = ", ".join(name for name, entry in study.models.items() if entry.enabled)
        return f"the model entry {run.model!r} {state}; choose one of {known}"
    if run.windows not in study.windows.window_sets():
        return (
            f"the window set {run.windows!r} is not declared (declared: "
            f"{', '.join(study.windows.window_sets())}); add it to windows.thresholds or set "
            "windows.peaks"
        )
    length = study.windows.input_length
    if length % run.bin_size:
        return (
            f"the bin size {run.bin_size} does not divide windows.input_length = {length}; "
            "choose a divisor"
        )
    kind = builder(entry.builder)
    options = kind.resolve(check_options(entry.builder, entry.options), run.loss)
    problem = kind.bin_size_problem(run.bin_size, length, options)
    if problem:
        return f"{entry.builder} cannot give the bin size {run.bin_size}: {problem}"
    loss = LOSSES[run.loss]
    if loss.head != kind.head:
        fitting = [name for name, other in LOSSES.items() if other.head == kind.head]
        return (
            f"{entry.builder} cannot train with the loss {run.loss!r}; "
            f"choose {' or '.join(fitting)} for it"
        )
    if loss.needs_positive and options.get("output", "softplus") != "softplus":
        return (
            f"the loss {run.loss!r} needs positive predictions, and {run.model!r} has a "
            f"{options['output']} output; choose another loss or `output: softplus`"
        )
    if loss.needs_counts and study.coverage.negative == "keep":
        return (
            f"the loss {run.loss!r} is one of counts, and coverage.negative = keep lets negative "
            "values in; set it to zero or error, or choose another loss"
        )
    if length // run.bin_size < loss.needs_bins:
        return (
            f"the loss {run.loss!r} says nothing about {length // run.bin_size} bin an input; "
            f"exclude the bin size {run.bin_size}"
        )
    return None


def _unreadable(study: Study, run: Run, reads: set[str]) -> str | None:
    """Say why an analysis cannot read what a run predicts, or None."""
    if _is_binary(study, run) and reads & {"variation", "loci"}:
        return (
            f"the model entry {run.model!r} tells peaks from the rest and gives no coverage, which "
            "this experiment reads; leave it out"
        )
    return None


def _is_binary(study: Study, run: Run) -> bool:
    """Tell whether a run learns where peaks are; False for a model entry that is not there."""
    entry = study.models.get(run.model)
    return entry is not None and builder(entry.builder).head == "peaks"


def _refuse_case_twins(key: str, names: Iterable[str]) -> None:
    """Refuse names that share a folder on file systems that ignore case."""
    seen: dict[str, str] = {}
    for name in names:
        twin = seen.setdefault(name.lower(), name)
        if twin != name:
            raise InputError(
                f"{key}: {twin!r} and {name!r} differ in case only, so one path would have two "
                "meanings; rename one"
            )
