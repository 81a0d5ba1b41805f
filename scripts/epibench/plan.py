"""What the workflow needs to know of a study: runs, files, and the settings that each job reads.

Read at parse time by the Snakefile, so everything imported here is light.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

from epibench.config.check import check_runs, check_study, check_tracks
from epibench.config.load import load_study
from epibench.config.schema import Study
from epibench.data.fetch import is_local, parse_source
from epibench.errors import InputError
from epibench.experiments import ANALYSES, Analysis
from epibench.grid import Expansion, Run, expand_experiments, experiments_of
from epibench.models.registry import builder, check_options
from epibench.samples import Target, read_samples
from epibench.simulate.files import simulated_files
from epibench.simulate.grammar import read_grammar

DOWNLOADS = "results/downloads"

PROTOCOL = {
    "simulate": 1,
    "store": 2,
    "train_run": 1,
    "evaluate_run": 2,
    "evaluate_references": 2,
    "score_variation": 1,
    "write_tracks": 1,
    "write_measured": 1,
    "choose_loci": 1,
    "read_loci": 1,
    "run_experiment": 1,
    "write_report": 2,
}
"""Version of what each rule computes: raised when its results change, so that a corrected formula
reruns what depends on it while an edited comment reruns nothing."""


@dataclass(frozen=True)
class Plan:
    """A checked study with its targets and expanded grids."""

    study: Study
    targets: list[Target]
    expanded: dict[str, Expansion]
    config_files: list[str]

    @cached_property
    def runs(self) -> dict[str, Run]:
        """Every run of the study by its name."""
        return {run.name: run for run in self.needed}

    @cached_property
    def needed(self) -> dict[Run, list[str]]:
        """The experiments that need each run."""
        return experiments_of(self.expanded)

    @property
    def folder(self) -> str:
        """Where the study's results go."""
        return f"results/{self.study.study}"

    @cached_property
    def simulated(self) -> dict[str, Any] | None:
        """The simulator's files, or None for a study of real data."""
        if self.study.simulation is None:
            return None
        cells = read_grammar(self.study.simulation.grammar).cell_types
        return simulated_files(f"{self.folder}/simulation", list(cells))

    def simulated_paths(self) -> list[str]:
        """Give every file that the simulator writes."""
        files = dict(self.simulated)
        cells = files.pop("targets").values()
        return [*files.values(), *(path for cell in cells for path in cell.values())]

    def simulation_settings(self) -> dict[str, Any]:
        """Give the settings of the simulator as plain values."""
        simulation = self.study.simulation
        grammar = read_grammar(simulation.grammar).model_dump(mode="json")
        return simulation.model_dump() | {"grammar": grammar, "protocol": PROTOCOL["simulate"]}

    def truth_paths(self) -> list[str]:
        """Give the noise-free coverage of a simulated study."""
        return list(self.reference_settings()["truth"].values())

    @cached_property
    def downloads(self) -> dict[str, str]:
        """Sources that are fetched, by the path of their local copy."""
        sources = self.sources().values()
        return {self.local(source): source for source in sources if not is_local(source)}

    def local(self, source: str) -> str:
        """Give the local path of a source: itself, or its place among the downloads.

        The name starts with a checksum of the source, so that two addresses that end alike do not
        share a file.
        """
        if is_local(source):
            return source
        name = parse_source(source).name
        return f"{DOWNLOADS}/{sha256(source.encode()).hexdigest()[:8]}-{name}"

    def local_targets(self) -> list[Target]:
        """Give the targets with local paths."""
        return [
            replace(
                target,
                track=self.local(target.track),
                replicate2=target.replicate2 and self.local(target.replicate2),
                peaks=target.peaks and self.local(target.peaks),
            )
            for target in self.targets
        ]

    def genome(self) -> dict[str, Any]:
        """Give the genome as `epibench.data.settings.GenomeFiles`, with local paths."""
        if self.simulated:
            return {"fasta": self.simulated["fasta"], "excluded": [self.simulated["unmappable"]]}
        genome = self.study.genome.model_dump()
        genome["fasta"] = self.local(genome["fasta"])
        genome["excluded"] = [self.local(source) for source in genome["excluded"]]
        if mappability := genome["mappability"]:
            mappability["track"] = self.local(mappability["track"])
        return genome

    def store_inputs(self) -> dict[str, Any]:
        """Give the input files of the store, by kind."""
        genome, targets = self.genome(), self.local_targets()
        mappability = genome.get("mappability")
        return {
            "fasta": genome["fasta"],
            "excluded": genome["excluded"],
            "mappability": [mappability["track"]] if mappability else [],
            "tracks": [target.track for target in targets],
            "replicate2": [target.replicate2 for target in targets if target.replicate2],
            "peaks": [target.peaks for target in targets if target.peaks],
        }

    def store_settings(self) -> dict[str, Any]:
        """Give the settings of the store as plain values: a change of them remakes it."""
        return {
            "targets": [
                {key: value for key, value in asdict(target).items() if key != "experiment"}
                for target in self.local_targets()
            ],
            "windows": self.study.windows.model_dump(),
            "splits": self.study.splits.model_dump(),
            "genome": self.genome(),
            "coverage": self.study.coverage.model_dump(),
            "checksums": self.checksums(),
            "protocol": PROTOCOL["store"],
        }

    def checksums(self) -> dict[str, str]:
        """Give the checksums that are verified when files are fetched, by local path."""
        parsed = {path: parse_source(source) for path, source in self.downloads.items()}
        return {
            path: f"{source.algorithm}:{source.checksum}"
            for path, source in parsed.items()
            if source.checksum
        }

    def run_settings(self, name: str) -> dict[str, Any]:
        """Give all settings of one run as plain values: a change of them retrains it."""
        run = self.runs[name]
        entry = self.study.models[run.model]
        return run._asdict() | {
            "builder": entry.builder,
            "options": builder(entry.builder).resolve(
                check_options(entry.builder, entry.options), run.loss
            ),
            "recipe": self.study.recipes[entry.recipe].model_dump(),
            "target_scale": entry.target_scale,
            "target_clip": entry.target_clip,
            "precision": entry.precision,
            "threads": self.study.training.threads,
            "protocol": PROTOCOL["train_run"],
        }

    def evaluation_settings(self, rule: str) -> dict[str, Any]:
        """Give the settings of an evaluation as plain values."""
        return self.study.evaluation.model_dump() | {"protocol": PROTOCOL[rule]}

    def variation_settings(self) -> dict[str, Any]:
        """Give the settings of the variation score as plain values."""
        return self.study.variation.model_dump() | {
            "batch_size": self.study.evaluation.batch_size,
            "protocol": PROTOCOL["score_variation"],
        }

    def track_settings(self, rule: str) -> dict[str, Any]:
        """Give what a rule that writes tracks or reads loci depends on, and no more.

        Another locus or target in the picture predicts nothing anew.
        """
        keys = {"choose_loci": {"loci", "locus_length"}, "read_loci": {"targets"}}
        settings = self.study.tracks.model_dump(include=keys.get(rule, set()))
        if rule in ("write_tracks", "write_measured"):
            settings["batch_size"] = self.study.evaluation.batch_size
        return settings | {"protocol": PROTOCOL[rule]}

    def track_paths(self, folder: str) -> list[str]:
        """Give the bigWig of every target in a folder."""
        return [f"{folder}/{target.name}.bw" for target in self.targets]

    def measured_paths(self, experiment: str) -> list[str]:
        """Give the measured tracks that an experiment shows beside the predicted ones."""
        if self.analysis(experiment).reads != "loci":
            return []
        sizes = sorted({run.bin_size for run in self.expanded[experiment].runs})
        folders = [f"{self.folder}/measured/bin{size}" for size in sizes]
        return [path for folder in folders for path in self.track_paths(folder)]

    def reference_settings(self) -> dict[str, Any]:
        """Give the settings of the references: replicate 2, baselines and a known truth."""
        truth = {}
        if self.simulated:
            truth = {name: files["truth"] for name, files in self.simulated["targets"].items()}
        sizes = {*self.study.evaluation.bin_sizes, *(run.bin_size for run in self.needed)}
        return self.evaluation_settings("evaluate_references") | {
            "bin_sizes": sorted(sizes),
            "truth": truth,
            "windows": self.study.defaults.windows,
            "seed": self.study.defaults.seed,
        }

    def experiment_settings(self, name: str) -> dict[str, Any]:
        """Give what the table and figure of an experiment depend on besides the scores."""
        expansion = self.expanded[name]
        return {
            "analysis": self.study.experiments[name].analysis or name,
            "runs": [run._asdict() | {"run": run.name} for run in expansion.runs],
            "left_out": expansion.left_out,
            "protocol": PROTOCOL["run_experiment"],
        }

    def manifest(self) -> list[dict[str, Any]]:
        """Give a row a run: its name, its axes and the experiments that need it."""
        return [
            {"run": run.name} | run._asdict() | {"experiments": ",".join(experiments)}
            for run, experiments in self.needed.items()
        ]

    def report_settings(self) -> dict[str, Any]:
        """Give what the report says of the study besides its tables."""
        return {
            "study": self.study.study,
            "title": self.study.title,
            "bin_size": self.study.defaults.bin_size,
            "config_files": self.config_files,
            "accessions": {
                target.name: target.experiment for target in self.targets if target.experiment
            },
            "jobs": self.job_names(),
            "data_seed": self.study.simulation and self.study.simulation.seed,
            "experiments": {name: self.experiment_settings(name) for name in self.expanded},
            "protocol": PROTOCOL["write_report"],
        }

    def job_names(self) -> list[str]:
        """Give what jobs are named by besides runs: experiments, bin sizes, downloads."""
        sizes = sorted({run.bin_size for run in self.needed})
        files = [Path(path).name for path in self.downloads]
        return [*self.expanded, *(f"bin{size}" for size in sizes), *files]

    def analysis(self, experiment: str) -> Analysis:
        """Give the analysis of an experiment."""
        return ANALYSES[self.study.experiments[experiment].analysis or experiment]

    def experiments_of_stage(self, stage: str) -> list[str]:
        """Give the enabled experiments whose analysis belongs to a stage."""
        return [name for name in self.expanded if self.analysis(name).stage == stage]

    def sources(self) -> dict[str, str]:
        """Give every source of a study of real data, by where the user named it."""
        if self.simulated:
            return {}
        genome = self.study.genome
        named = {"genome.fasta": genome.fasta}
        named |= {f"genome.excluded[{i}]": source for i, source in enumerate(genome.excluded)}
        if genome.mappability:
            named["genome.mappability.track"] = genome.mappability.track
        for target in self.targets:
            for column in ("track", "replicate2", "peaks"):
                if source := getattr(target, column):
                    named[f"{self.study.samples}, {column} of {target.name!r}"] = source
        return named


def make_plan(config: Mapping[str, Any], files: list[str | Path]) -> Plan:
    """Load and check a study, its samples and its grids.

    Parameters
    ----------
    config : mapping
        Merged configuration.
    files : list of path
        The files that it came from, for messages.

    Raises
    ------
    InputError
        One sentence a mistake; nothing is run.
    """
    study = load_study(config, files)
    where = ", ".join(map(str, files))
    try:
        check_study(study)
        expanded = expand_experiments(study.experiments, study.defaults)
        check_runs(study, expanded)
        targets = _targets(study)
        check_tracks(study, [target.name for target in targets])
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    plan = Plan(study, targets, expanded, [str(file) for file in files])
    _check_files(plan, where)
    return plan


def _targets(study: Study) -> list[Target]:
    """Read the samples table, or list what the simulator will write."""
    if study.samples is not None:
        return read_samples(study.samples)
    cells = list(read_grammar(study.simulation.grammar).cell_types)
    files = simulated_files(f"results/{study.study}/simulation", cells)["targets"]
    return [
        Target(cell, files[cell]["track"], files[cell]["replicate2"], files[cell]["peaks"])
        for cell in cells
    ]


def _check_files(plan: Plan, where: str) -> None:
    """Refuse local inputs that do not exist, and what needs peaks where no target has any."""
    study = plan.study
    if not any(target.peaks for target in plan.targets):
        if study.windows.peaks:
            raise InputError(
                f"{where}: windows.peaks is on, but no target has peaks; switch it off"
            )
        for name in plan.expanded:
            if plan.analysis(name).reads == "variation":
                raise InputError(
                    f"{where}: experiments.{name} scores windows with a peak, but no target has "
                    f"peaks; name them in {study.samples} or set `enabled: false`"
                )
    for origin, source in plan.sources().items():
        try:
            missing = is_local(source) and not Path(source).is_file()
        except InputError as error:
            raise InputError(f"{where}: {origin}: {error}") from None
        if missing:
            raise InputError(f"{where}: {origin}: there is no file {source}; correct the path")
