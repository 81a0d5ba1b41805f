"""What the workflow needs to know of a study: runs, files, and the settings that each job reads.

Read at parse time by the Snakefile, so everything imported here is light.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from epibench.config.predictions import prediction_files
from epibench.data.source import parse_source
from epibench.experiments import ANALYSES, Analysis
from epibench.grid import Expansion, Run, experiments_of
from epibench.models.registry import builder, check_options
from epibench.plan_published import repeats_of_published
from epibench.plan_training import TrainingPlan
from epibench.protocol import PROTOCOL
from epibench.report.inputs import describe_inputs
from epibench.words import EVALUATED


@dataclass(frozen=True)
class Plan(TrainingPlan):
    """A checked study with its targets and expanded grids."""

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

    def run_settings(self, name: str) -> dict[str, Any]:
        """Give all settings of one run as plain values: a change of them retrains it."""
        run = self.runs[name]
        entry = self.study.models[run.model]
        kind = builder(entry.builder)
        return run._asdict() | {
            "builder": entry.builder,
            "builder_checksum": kind.checksum,
            "options": kind.resolve(check_options(entry.builder, entry.options), run.loss),
            "recipe": self.study.recipes[self.study.recipe_of(entry)].model_dump(),
            "loss_settings": self.study.losses.of(run.loss),
            "target_scale": entry.target_scale,
            "target_clip": entry.target_clip,
            "target_weights": entry.target_weights,
            "precision": entry.precision,
            "xla": entry.xla,
            "threads": self.study.training.threads,
            "gpus": self.study.training.gpus,
            # only where it is on: runs from before there was such a key need no training
            **({"deterministic": True} if self.study.training.deterministic else {}),
            "protocol": PROTOCOL["train_run"],
        }

    def evaluation_settings(self, rule: str) -> dict[str, Any]:
        """Give the settings of an evaluation as plain values."""
        sizes = {*self.study.evaluation.bin_sizes, *(run.bin_size for run in self.needed)}
        sizes.add(self.study.defaults.bin_size)  # predictors are ranked there
        settings = {"bin_sizes": sorted(sizes), "protocol": PROTOCOL[rule]}
        return self.study.evaluation.model_dump() | settings

    def variation_settings(self) -> dict[str, Any]:
        """Give the settings of the variation score as plain values."""
        return self.study.variation.model_dump() | {"protocol": PROTOCOL["score_variation"]}

    def variant_score_settings(self) -> dict[str, Any]:
        """Give the settings of the scores of variants as plain values."""
        variants = self.study.variants.model_dump()
        of_scores = ("shifts", "seed", "reverse_complement", "peak_length")
        scores = {key: variants[key] for key in of_scores}
        return {key: variants[key] for key in ("centre", "matched", "shown")} | {
            "scores": scores | {"window": self.study.windows.length},
            "targets": [target.name for target in self.targets],
            "protocol": PROTOCOL["score_variants"],
        }

    def readout_settings(self) -> dict[str, Any]:
        """Give the settings of the read-out of variant scores as plain values."""
        return {
            "replicates": self.study.evaluation.replicates,
            "seed": self.study.evaluation.seed,
            "protocol": PROTOCOL["read_out_variants"],
        }

    def track_settings(self, rule: str) -> dict[str, Any]:
        """Give what a rule that writes tracks or reads loci depends on, and no more.

        Another locus or target in the picture predicts nothing anew.
        """
        keys = {"choose_loci": {"loci", "locus_length"}, "read_loci": {"targets"}}
        settings = self.study.tracks.model_dump(include=keys.get(rule, set()))
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

    @cached_property
    def references(self) -> list[str]:
        """Names of all predictors that are no runs, where the study has what they need."""
        names = ["truth"] if self.simulated else []
        if any(target.replicate2 for target in self.targets):
            names.append("replicate2")
        names += ["mean_coverage", "gc", "ridge", "ridge_log1p"]
        if len(self.targets) > 1:
            names.append("other_targets")
        return [*names, *self.study.predictions]

    @property
    def labels(self) -> dict[str, str]:
        """Labels of predictions from outside, by name."""
        return {name: entry.label for name, entry in self.study.predictions.items()}

    def reference_inputs(self, name: str) -> list[str]:
        """Give the files that a reference reads besides the store."""
        if name == "truth":
            return list(self._truth().values())
        return prediction_files(self.study.predictions.get(name))

    def reference_settings(self, name: str) -> dict[str, Any]:
        """Give what the scores of a reference depend on."""
        prediction = self.study.predictions.get(name)
        of_fits = {"windows": self.study.defaults.windows, "seed": self.study.defaults.seed}
        return {
            "evaluation": self.evaluation_settings("evaluate_reference"),
            "truth": self._truth() if name == "truth" else {},
            "prediction": prediction and prediction.model_dump(exclude={"label"}),
            **({} if prediction or name in ("truth", "replicate2") else of_fits),
        }

    def _truth(self) -> dict[str, str]:
        """Give the noise-free coverage of each target of a simulated study."""
        return {name: files["truth"] for name, files in self.simulated["targets"].items()}

    @cached_property
    def compared(self) -> list[str]:
        """Names of the experiments whose runs are compared with a reference."""
        return [name for name in self.expanded if self.study.experiments[name].reference]

    def comparison_settings(self, name: str) -> dict[str, Any]:
        """Give what the comparisons of an experiment depend on besides the sums of its runs."""
        reference = self.study.experiments[name].reference
        return {
            "runs": self.experiment_settings(name)["runs"],
            "reference": reference.model_dump(exclude_none=True),
            "replicates": self.study.evaluation.replicates,
            "seed": self.study.evaluation.seed,
            "protocol": PROTOCOL["compare_runs"],
        }

    def ranking_settings(self) -> dict[str, Any]:
        """Give what the ranks of all predictors depend on besides their sums."""
        return {
            "bin_size": self.study.defaults.bin_size,
            "replicates": self.study.evaluation.replicates,
            "seed": self.study.evaluation.seed,
            "protocol": PROTOCOL["rank_predictors"],
        }

    def experiment_settings(self, name: str) -> dict[str, Any]:
        """Give what the table and figure of an experiment depend on besides what they read."""
        expansion = self.expanded[name]
        return {
            "analysis": self.study.experiments[name].analysis or name,
            "runs": [run._asdict() | {"run": run.name} for run in expansion.runs],
            "left_out": expansion.left_out,
            "labels": self.labels if self.analysis(name).references else {},
            "targets": self.shown_targets if self.analysis(name).shown_targets else None,
            "published": self.repeats_of_published(name),
            "protocol": PROTOCOL["run_experiment"],
        }

    def repeats_of_published(self, experiment: str) -> list[str]:
        """Name the runs of an experiment that published scores are shown beside."""
        if not self.analysis(experiment).published:
            return []
        names = [target.name for target in self.targets]
        return repeats_of_published(self.study, names, self.expanded[experiment].runs)

    def pages(self, experiment: str) -> dict[str, str]:
        """Give pages of the runs that the report links to from an experiment, by run.

        Paths are relative to the study's folder.
        """
        reads = self.analysis(experiment).reads
        file = {"filters": "filters.png"}.get(reads)
        if reads == "attribution" and self.study.interpret.modisco.enabled:
            file = "modisco.html"
        runs = self.expanded[experiment].runs if file else []
        return {run.name: f"runs/{run.name}/{file}" for run in runs}

    def claim_settings(self) -> dict[str, Any]:
        """Give what claims are judged by besides the scores and tables of the study."""
        runs = []
        for name, run in self.runs.items():
            entry = self.study.models[run.model]
            kind = builder(entry.builder)
            options = kind.resolve(check_options(entry.builder, entry.options), run.loss)
            runs.append({"run": name} | run._asdict() | {"builder": entry.builder})
            runs[-1]["options"] = options
        return {
            "runs": runs,
            "experiments": {
                name: {
                    "analysis": self.study.experiments[name].analysis or name,
                    "runs": [run.name for run in expansion.runs],
                }
                for name, expansion in self.expanded.items()
            },
            "replicates": self.study.evaluation.replicates,
            "seed": self.study.evaluation.seed,
            "protocol": PROTOCOL["judge_claims"],
        }

    def claim_inputs(self) -> dict[str, list[str]]:
        """Give the files that claims are judged by."""
        tables = {
            "augmentation": "variation.tsv",
            "gia_flanks": "flanks.tsv",
            "gia_distance": "distances.tsv",
        }
        read = [
            f"{self.folder}/runs/{run.name}/{tables[name]}"
            for each, expansion in self.expanded.items()
            if (name := self.study.experiments[each].analysis or each) in tables
            for run in expansion.runs
        ]
        return {
            "sums": [f"{self.folder}/runs/{name}/sums.npz" for name in self.runs],
            "tables": [f"{self.folder}/experiments/{name}/table.tsv" for name in self.expanded],
            "of_runs": list(dict.fromkeys(read)),
        }

    def run_page_settings(self, name: str) -> dict[str, Any]:
        """Give what the page of a run depends on besides the files of the run."""
        run = self.runs[name]
        entry = self.study.models[run.model]
        of_run = self.needed[run]
        pages = {each: self.pages(each) for each in of_run}
        return {
            "run": name,
            "axes": run._asdict(),
            "study": self.study.study,
            "defaults": self.study.defaults.model_dump(),
            "builder_defaults": builder(entry.builder).resolve(
                check_options(entry.builder, {}), run.loss
            ),
            "experiments": {
                each: {
                    "analysis": self.study.experiments[each].analysis or each,
                    "targets": self.shown_targets if self.analysis(each).shown_targets else None,
                }
                for each in of_run
            },
            "filters": any(self.analysis(each).reads == "filters" for each in of_run),
            "pages": {
                each: found[name]
                for each, found in pages.items()
                if found.get(name, "").endswith(".html")
            },
            "protocol": PROTOCOL["write_run_page"],
        }

    def run_page_inputs(self, name: str) -> dict[str, list[str]]:
        """Give the files that the page of a run shows: its own, and those of each experiment.

        An experiment's are those that its analysis reads of this run, where it has something to say
        of one run.
        """
        run = self.runs[name]
        folder = f"{self.folder}/runs/{name}"
        of_run = self.needed[run]
        own = ["run.json", "history.csv", *EVALUATED.values()]
        own += [file for each in of_run for file in self.analysis(each).files]
        if any(self.analysis(each).reads == "filters" for each in of_run):
            own.append("filters.png")
        files = {"own": [f"{folder}/{file}" for file in dict.fromkeys(own)]}
        for each in of_run:
            if self.analysis(each).of_one_run:
                files[each] = [f"{folder}/{file}" for file in self.analysis(each).files]
                files["own"] += [f"{self.folder}/{page}" for page in self._pages_of(each, name)]
        return files

    def _pages_of(self, experiment: str, name: str) -> list[str]:
        """Give the page of a run that an experiment links to, if there is one."""
        page = self.pages(experiment).get(name, "")
        return [page] if page.endswith(".html") else []

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
            "defaults": self.study.defaults.model_dump(),
            "config_files": self.config_files,
            "methods": self.methods_settings(),
            "accessions": {
                target.name: target.experiment for target in self.targets if target.experiment
            },
            "inputs": describe_inputs(
                self.genome(), self.local_targets(), None if self.simulated else self.origins()
            ),
            "jobs": self.job_names(),
            "data_seed": self.study.simulation and self.study.simulation.seed,
            "compared": self.compared,
            "labels": self.labels,
            "experiments": {
                name: self.experiment_settings(name) | {"pages": self.pages(name)}
                for name in self.expanded
            },
            "selection": {
                "missing": self.selection_missing(),
                "max_correlation": self.study.selection.max_correlation,
                "selected": self.selection_paths().get("selected"),
            },
            "protocol": PROTOCOL["write_report"],
        }

    def captions(self) -> dict[str, str]:
        """Give the caption of each experiment, for Snakemake's own report."""
        found = {name: self.analysis(name) for name in self.expanded}
        return {name: f"{each.question} {each.caption}" for name, each in found.items()}

    def methods_settings(self) -> dict[str, Any]:
        """Give what the methods of a paper say of the study."""
        study = self.study
        entries = {run.model: study.models[run.model] for run in self.needed}
        recipes = {name: study.recipes[study.recipe_of(each)] for name, each in entries.items()}
        sources = self.sources().values()
        return {
            "simulated": bool(self.simulated),
            "encode": any("encodeproject.org" in parse_source(path).address for path in sources),
            "runs": [run._asdict() for run in self.needed],
            "models": {name: {"builder": each.builder} for name, each in entries.items()},
            "recipes": {name: recipe.model_dump() for name, recipe in recipes.items()},
            "experiments": {
                name: {"analysis": study.experiments[name].analysis or name}
                for name in self.expanded
            },
            "evaluation": study.evaluation.model_dump(include={"replicates"}),
            "variation": study.variation.model_dump(include={"crops"}),
            "variants": study.variants and study.variants.model_dump(include={"shifts"}),
            "interpret": study.interpret.model_dump(
                include={"jaspar", "attribution", "modisco", "backgrounds", "occlusion"}
            ),
        }

    def job_names(self) -> list[str]:
        """Give what jobs are named by besides runs: experiments, bin sizes, downloads, targets."""
        sizes = sorted({run.bin_size for run in self.needed})
        files = [Path(path).name for path in self.downloads]
        return [*self.expanded, *(f"bin{size}" for size in sizes), *files, *self.bigbeds]

    def analysis(self, experiment: str) -> Analysis:
        """Give the analysis of an experiment."""
        return ANALYSES[self.study.experiments[experiment].analysis or experiment]

    def experiments_of_stage(self, stage: str) -> list[str]:
        """Give the enabled experiments whose analysis belongs to a stage."""
        return [name for name in self.expanded if self.analysis(name).stage == stage]
