"""What the workflow needs to know of the explanation of models: settings of its jobs (light)."""

from dataclasses import dataclass
from typing import Any

from epibench.experiments import ANALYSES
from epibench.plan_data import DataPlan
from epibench.protocol import PROTOCOL

EFFECTS = ("flanks", "distances", "positions", "copies", "cooperativity")
"""Tables of global importance, of runs and of a known truth."""


@dataclass(frozen=True)
class InterpretPlan(DataPlan):
    """A checked study with its targets: how its models are explained."""

    @property
    def shown_targets(self) -> list[str]:
        """Give the targets of attributions and pictures; the best words are best for their mean."""
        return self.study.interpret.targets or [self.targets[0].name]

    def sequence_settings(self) -> dict[str, Any]:
        """Give the settings of the sequences that models are explained on."""
        interpret = self.study.interpret
        occluded = any(
            experiment.enabled and ANALYSES[experiment.analysis or name].reads == "occlusion"
            for name, experiment in self.study.experiments.items()
        )
        more = interpret.occlusion.sequences if occluded else 0
        return interpret.model_dump(include={"windows", "backgrounds", "seed"}) | {
            "sequences": max(interpret.sequences, more),
            "protocol": PROTOCOL["sample_sequences"],
        }

    def pattern_settings(self) -> dict[str, Any]:
        """Give the settings of the motifs that are embedded."""
        interpret = self.study.interpret
        return interpret.model_dump(include={"motifs"}) | {
            "release": interpret.jaspar.release,
            "protocol": PROTOCOL["read_patterns"],
        }

    def jaspar_settings(self) -> dict[str, Any]:
        """Give which known motifs filters are compared with."""
        jaspar = self.study.interpret.jaspar.model_dump(exclude={"q_threshold"})
        return jaspar | {"protocol": PROTOCOL["read_jaspar"]}

    def filter_settings(self) -> dict[str, Any]:
        """Give the settings of the alignments of filters."""
        return self.study.interpret.model_dump(include={"sequences"}) | {
            "protocol": PROTOCOL["read_filters"]
        }

    def match_settings(self) -> dict[str, Any]:
        """Give the settings of the comparison of filters with motifs."""
        return {
            "q_threshold": self.study.interpret.jaspar.q_threshold,
            "protocol": PROTOCOL["match_filters"],
        }

    def attribution_settings(self) -> dict[str, Any]:
        """Give the settings of the attribution of predictions to bases."""
        interpret = self.study.interpret
        return interpret.attribution.model_dump() | {
            "seed": interpret.seed,
            "targets": self.shown_targets,
            "protocol": PROTOCOL["attribute"],
        }

    def attribution_paths(self, folder: str) -> list[str]:
        """Give the bigWig of every shown target and method in a folder."""
        methods = self.study.interpret.attribution.methods
        return [f"{folder}/{name}.{method}.bw" for name in self.shown_targets for method in methods]

    def embedding_settings(self) -> dict[str, Any]:
        """Give the settings of the picture of embeddings."""
        return self.study.interpret.model_dump(include={"sequences", "seed"}) | {
            "protocol": PROTOCOL["embed_inputs"]
        }

    def effect_settings(self, rule: str) -> dict[str, Any]:
        """Give the settings of a rule of global importance, and no more."""
        interpret = self.study.interpret
        position = interpret.position
        known = interpret.model_dump() | {
            "position": self.study.windows.input_length // 2 if position is None else position,
            "replicates": self.study.evaluation.replicates,
            "targets": self.shown_targets,
        }
        embedding = {"flanks", "position"}
        draws = {"replicates", "seed"}
        keys = {
            "find_flanks": embedding | draws,
            "find_distances": embedding
            | draws
            | {"targets", "pairs", "distance", "position_step", "copies", "copy_spacing"},
            "find_cooperativity": embedding | {"targets"},
            "occlude_motifs": draws | {"occlusion"},
        }
        keys["find_true_effects"] = keys["find_flanks"] | keys["find_distances"]
        settings = {key: known[key] for key in sorted(keys[rule])}
        return settings | {"protocol": PROTOCOL[rule]}

    def modisco_settings(self) -> dict[str, Any]:
        """Give the settings of TF-MoDISco."""
        interpret = self.study.interpret
        return interpret.modisco.model_dump(include={"max_seqlets"}) | {
            "target": self.shown_targets[0],
            "q_threshold": interpret.jaspar.q_threshold,
            "protocol": PROTOCOL["find_motifs"],
        }

    def grammar_settings(self) -> dict[str, Any]:
        """Give the settings of the scores against a known grammar."""
        return {
            "grammar": self.study.simulation and self.study.simulation.grammar,
            "q_threshold": self.study.interpret.jaspar.q_threshold,
            "protocol": PROTOCOL["score_grammar"],
        }

    def true_effects(self) -> dict[str, str]:
        """Give the tables of what the simulator's grammar does to sequences."""
        return {name: f"{self.folder}/truth/{name}.tsv" for name in EFFECTS}
