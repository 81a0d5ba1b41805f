"""What the workflow needs to know of a study's data: files, sources, settings (light)."""

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import Any

from epibench.config.schema import Study
from epibench.data.source import is_bigbed, is_local, parse_source
from epibench.experiments import ANALYSES
from epibench.protocol import PROTOCOL
from epibench.samples import Target
from epibench.simulate.files import simulated_files
from epibench.simulate.grammar import read_grammar

DOWNLOADS = "results/downloads"


@dataclass(frozen=True)
class DataPlan:
    """A checked study with its targets."""

    study: Study
    targets: list[Target]

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

    @cached_property
    def downloads(self) -> dict[str, str]:
        """Sources that are fetched, by the path of their local copy."""
        sources = (self.sources() | self.variant_sources()).values()
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

    @cached_property
    def bigbeds(self) -> dict[str, dict[str, str]]:
        """The peaks that must become narrowPeak, by target, and the track that they belong to."""
        return {
            target.name: {"peaks": self.local(target.peaks), "track": self.local(target.track)}
            for target in self.targets
            if target.peaks and is_bigbed(target.peaks)
        }

    def local_peaks(self, target: Target) -> str | None:
        """Give the local path of the peaks of a target."""
        if target.name in self.bigbeds:
            return f"{self.folder}/peaks/{target.name}.narrowPeak"
        return target.peaks and self.local(target.peaks)

    def origins(self) -> dict[str, str]:
        """Give the source of every file that the workflow fetches or turns into text, by path."""
        turned = {
            self.local_peaks(target): target.peaks
            for target in self.targets
            if target.name in self.bigbeds
        }
        return self.downloads | turned

    def local_targets(self) -> list[Target]:
        """Give the targets with local paths, peaks as text."""
        return [
            replace(
                target,
                track=self.local(target.track),
                replicate2=target.replicate2 and self.local(target.replicate2),
                peaks=self.local_peaks(target),
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

    def selection_missing(self) -> str | None:
        """Say why targets are not compared with each other, or None where they are."""
        if len(self.targets) == 1:
            return "the study has one target"
        return None if any(target.peaks for target in self.targets) else "no target has peaks"

    def selection_inputs(self) -> dict[str, Any]:
        """Give the input files of the comparison of targets, by kind."""
        inputs = self.store_inputs()
        return {kind: paths for kind, paths in inputs.items() if kind != "replicate2"}

    def selection_paths(self) -> dict[str, str]:
        """Give what the comparison of targets writes; nothing where they are not compared."""
        if self.selection_missing():
            return {}
        files = {
            "correlation": "correlation.tsv",
            "selection": "selection.tsv",
            "svg": "figure.svg",
            "pdf": "figure.pdf",
            "png": "figure.png",
        }
        if self.study.samples:
            files["selected"] = "selected.tsv"
        return {kind: f"{self.folder}/targets/{name}" for kind, name in files.items()}

    def selection_settings(self) -> dict[str, Any]:
        """Give the settings of the comparison of targets as plain values.

        With every column of the samples table, whose rows it copies.
        """
        return {
            "targets": [asdict(target) for target in self.local_targets()],
            "samples": self.study.samples,
            "genome": self.genome(),
            "splits": self.study.splits.model_dump(),
            "coverage": self.study.coverage.model_dump(include={"nan", "negative"}),
            "max_correlation": self.study.selection.max_correlation,
            "protocol": PROTOCOL["select_targets"],
        }

    def checksums(self) -> dict[str, str]:
        """Give the checksums of the store's files that are verified when fetched, by local path."""
        return self._checksums(self.sources())

    def _checksums(self, sources: dict[str, str]) -> dict[str, str]:
        fetched = [source for source in sources.values() if not is_local(source)]
        parsed = {self.local(source): parse_source(source) for source in fetched}
        return {
            path: f"{source.algorithm}:{source.checksum}"
            for path, source in parsed.items()
            if source.checksum
        }

    def variant_sources(self) -> dict[str, str]:
        """Give every table of measured variants, by where the user named it, if any is read."""
        enabled = [
            ANALYSES[experiment.analysis or name]
            for name, experiment in self.study.experiments.items()
            if experiment.enabled
        ]
        if not any(analysis.of_variants for analysis in enabled):
            return {}
        tables = self.study.variants.tables
        return {f"variants.tables[{i}]": source for i, source in enumerate(tables)}

    def variant_inputs(self) -> dict[str, Any]:
        """Give what measured variants are read from."""
        named = self.variant_sources().values()
        simulated = self.simulated and self.simulated["mutagenesis"]
        tables = [simulated] if simulated else [self.local(source) for source in named]
        return {"fasta": self.genome()["fasta"], "tables": tables}

    def variant_settings(self) -> dict[str, Any]:
        """Give what the variants that are scored depend on besides the files."""
        keys = {"assembly", "elements", "min_tags", "deletions"}
        sources = self.sources() | self.variant_sources()
        used = {path for value in self.variant_inputs().values() for path in _paths(value)}
        verified = self._checksums(sources)
        return self.study.variants.model_dump(include=keys) | {
            "window": self.study.windows.length,
            "centre": self.study.variants.centre,
            "shown": self.study.variants.shown,
            "matched": list(self.study.variants.matched),
            "splits": self.study.splits.model_dump(),
            "checksums": {path: check for path, check in verified.items() if path in used},
            "protocol": PROTOCOL["read_variants"],
        }

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


def _paths(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
