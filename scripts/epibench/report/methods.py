"""Write the methods of a study as text that can be pasted into a paper."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from epibench.words import LOSSES

REFERENCES = Path(__file__).parents[3] / "resources" / "references.bib"

_FAMILIES = {
    "basenji": "basenji",
    "bpnet": "bpnet",
    "basset": "basset",
    "residualbind": "residualbind",
    "cnn": "residualbind",
}
_AUGMENTED = {
    "rc": "half of the sequences of each mini-batch were reverse-complemented at random",
    "shift": "inputs were placed at random in their windows",
}


class Methods(NamedTuple):
    """Paragraphs with numbers of references in square brackets, and the keys in their order."""

    paragraphs: list[str]
    keys: list[str]


class _Citations:
    """Numbers references in the order in which they are first cited."""

    def __init__(self):
        self.keys: list[str] = []

    def __call__(self, *keys: str) -> str:
        for key in keys:
            if key not in self.keys:
                self.keys.append(key)
        return "[" + ", ".join(str(self.keys.index(key) + 1) for key in keys) + "]"


def write_methods(
    study: Mapping[str, Any], data: Mapping[str, Any], versions: Mapping[str, str]
) -> Methods:
    """Describe what a study did, and nothing that it did not do.

    Parameters
    ----------
    study : mapping
        `methods` of `epibench.plan.Plan.report_settings`.
    data : mapping
        The store's `summary.json`.
    versions : mapping
        Version of each program.
    """
    cite = _Citations()
    parts = [
        _data(study, data, cite),
        _models(study, cite),
        _training(study, cite),
        _evaluation(study, cite),
    ]
    kinds = {each["analysis"] for each in study["experiments"].values()}
    if kinds & {"augmentation", "robustness", "variant_robustness"}:
        parts.append(_robustness(study))
    if study["variants"] and any(kind.startswith("variant") for kind in kinds):
        parts.append(_variants(study, cite))
    if explained := _interpretation(study, kinds, cite):
        parts.append(explained)
    parts.append(_software(versions, cite))
    return Methods(parts, cite.keys)


def methods_markdown(methods: Methods) -> str:
    """Give the text with its list of references."""
    entries = _entries()
    listed = [f"{number}. {_spoken(entries[key])}" for number, key in enumerate(methods.keys, 1)]
    return "\n\n".join(["# Methods", *methods.paragraphs, "# References", "\n".join(listed)]) + "\n"


def bibliography(keys: Iterable[str]) -> str:
    """Give the BibTeX entries of some references."""
    entries = _entries()
    return "\n".join(entries[key] for key in keys) + "\n"


def _data(study: Mapping[str, Any], data: Mapping[str, Any], cite: _Citations) -> str:
    window = data["settings"]["windows"]
    chromosomes = {
        split: [each["name"] for each in data["chromosomes"] if each["split"] == split]
        for split in ("train", "valid", "test")
    }
    paper = cite("toneyan2022")
    source = "Coverage was simulated from a written grammar of motifs"
    if not study["simulated"]:
        source = "Coverage was read from bigWig files"
        if study["encode"]:
            source = f"Coverage tracks came from ENCODE {cite('encode')}"
    targets = len(data["targets"])
    text = (
        f"We evaluated models as Toneyan et al. {paper} did, with Epibench. {source} "
        f"for {targets} target{'s' if targets > 1 else ''}. Chromosomes were cut into windows of "
        f"{window['length']:,} bp"
    )
    text += f", one every {window['stride']:,} bp in training" if window["stride"] else ""
    text += (
        f"; models saw {window['input_length']:,} bp. {_listed(chromosomes['test'])} "
        f"{'were' if len(chromosomes['test']) > 1 else 'was'} held out for testing and "
        f"{_listed(chromosomes['valid'])} for validation, {_listed(chromosomes['train'])} served "
        "for training. "
    )
    sets = []
    thresholds = [name.removeprefix("threshold") for name in window_sets(study) if name != "peaks"]
    if thresholds:
        sets.append(f"the coverage of any target exceeded {_listed(thresholds, 'or')}")
    if "peaks" in window_sets(study):
        sets.append("merged peaks were centred")
    text += f"Training sets were windows in which {' or '.join(sets)}. "
    return text + "Windows that touch excluded regions or are rich in N were left out everywhere."


def window_sets(study: Mapping[str, Any]) -> list[str]:
    """Give the window sets that some run was trained on."""
    return sorted({run["windows"] for run in study["runs"]})


def _models(study: Mapping[str, Any], cite: _Citations) -> str:
    builders = sorted({entry["builder"] for entry in study["models"].values()})
    named = []
    for name in builders:
        family = next((key for key in _FAMILIES if name.startswith(key)), None)
        named.append(f"{name} {cite(_FAMILIES[family])}" if family else name)
    sizes = sorted({run["bin_size"] for run in study["runs"]})
    entries = "entry" if len(study["models"]) == 1 else "entries"
    return (
        f"{len(study['runs'])} models were trained, of {len(study['models'])} {entries} that are "
        f"built by {_listed(named)}, at target resolutions of {_listed(map(str, sizes))} bp "
        "(mean coverage of non-overlapping bins)."
    )


def _training(study: Mapping[str, Any], cite: _Citations) -> str:
    losses = sorted({run["loss"] for run in study["runs"]}, key=list(LOSSES).index)
    text = f"Loss functions were {_listed([LOSSES[name].label for name in losses])}. Adam was used "
    recipes = []
    for recipe in study["recipes"].values():
        decay = (
            f", multiplied by {recipe['decay_factor']:g} after {recipe['decay_patience']} epochs "
            "without improvement"
            if recipe["decay_factor"] < 1
            else ""
        )
        recipes.append(
            f"a learning rate of {recipe['learning_rate']:g}{decay}, batches of "
            f"{recipe['batch_size']} and at most {recipe['epochs']} epochs, stopped after "
            f"{recipe['patience']} without a lower validation loss"
        )
    text += f"with {'; or '.join(dict.fromkeys(recipes))}. "
    text += "The weights with the lowest validation loss were kept. "
    augmented = sorted({part for run in study["runs"] for part in run["augmentation"].split("+")})
    done = [_AUGMENTED[part] for part in augmented if part in _AUGMENTED]
    if done:
        text += f"Where training was augmented, {_listed(done)}. "
    if "evoaug" in augmented:
        text += f"Evolution-inspired perturbations followed {cite('evoaug')}. "
    seeds = sorted({run["seed"] for run in study["runs"]})
    return text + f"Random seeds: {_listed(map(str, seeds))}."


def _evaluation(study: Mapping[str, Any], cite: _Citations) -> str:
    evaluation = study["evaluation"]
    return (
        "Every predictor was scored by the same code on the whole test chromosomes, tiled with "
        "non-overlapping inputs, at its own bin size and at coarser ones by averaging; scores at "
        "different bin sizes were not compared. Errors are given for predictions as they are, "
        "scaled to the mean of the test chromosomes, and scaled to that of the validation "
        "chromosomes. Scores were averaged over targets. Intervals of 95 % are over loci, by a "
        f"block bootstrap {cite('bootstrap')} with {evaluation['replicates']:,} draws; differences "
        f"are paired, with p values after Holm's correction {cite('holm')}."
    )


def _robustness(study: Mapping[str, Any]) -> str:
    return (
        f"Robustness is the standard deviation of predictions over {study['variation']['crops']} "
        "randomly placed inputs that cover a position, divided by the mean prediction, in test "
        "windows with a peak; lower is more robust."
    )


def _variants(study: Mapping[str, Any], cite: _Citations) -> str:
    source = "simulated effects of all substitutions in elements of the test chromosomes"
    if not study["simulated"]:
        source = f"saturation mutagenesis {cite('kircher')}"
    return (
        f"Variant effects were compared with {source}: the standard score is the log ratio of the "
        "summed predictions of both alleles, the robust score that of means over "
        f"{study['variants']['shifts']} shifted inputs in the region that all of them cover. "
        "Pearson's r was computed within each element and averaged."
    )


def _interpretation(study: Mapping[str, Any], kinds: set[str], cite: _Citations) -> str:
    interpret = study["interpret"]
    parts = []
    if "motifs" in kinds:
        parts.append(
            "First-layer filters were aligned by activations above half of their maximum and "
            f"compared with {interpret['jaspar']['release']} {cite('jaspar')} by TOMTOM "
            f"{cite('tomtom')} at q < {interpret['jaspar']['q_threshold']:g}."
        )
    if "attribution" in kinds:
        methods = interpret["attribution"]["methods"]
        named = [name.replace("_", " ") for name in methods]
        by = f"integrated gradients {cite('gradients')}"
        named = [by if name == "integrated gradients" else name for name in named]
        parts.append(f"Predictions were attributed to bases by {_listed(named)}.")
        if interpret["modisco"]["enabled"]:
            parts.append(f"Motifs in attributions were found by TF-MoDISco {cite('modisco')}.")
    if "embeddings" in kinds:
        parts.append(f"Embeddings of test sequences were drawn by UMAP {cite('umap')}.")
    if any(kind.startswith("gia") for kind in kinds):
        parts.append(
            "Global importance analysis "
            f"{cite('residualbind')} embedded motifs in {interpret['backgrounds']:,} "
            "dinucleotide-shuffled test sequences."
        )
    if "occlusion" in kinds:
        parts.append(
            "Instances of motifs in natural sequences were replaced by "
            f"{interpret['occlusion']['replacements']} random words each."
        )
    return " ".join(parts)


def _software(versions: Mapping[str, str], cite: _Citations) -> str:
    named = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"The workflow was run by Snakemake {cite('snakemake')}, models by Keras {cite('keras')}, "
        f"scores by NumPy {cite('numpy')}. Versions: {named}."
    )


def _listed(words: Iterable[str], last: str = "and") -> str:
    """Join words as in a sentence; many are counted."""
    words = list(words)
    if len(words) > 8:
        return f"{len(words)} ({', '.join(words[:3])}, ...)"
    return f" {last} ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else "none"


def _entries() -> dict[str, str]:
    """Read the BibTeX entries, a line each, by key."""
    lines = REFERENCES.read_text(encoding="utf-8").splitlines()
    return {re.match(r"@\w+\{(\w+),", line)[1]: line for line in lines if line}


def _spoken(entry: str) -> str:
    """Write a BibTeX entry as a line of a list."""
    fields = dict(re.findall(r"(\w+) = \{((?:[^{}]|\{[^{}]*\})*)\}", entry))
    plain = {key: _without_tex(value) for key, value in fields.items()}
    where = plain.get("journal") or plain.get("booktitle") or plain.get("howpublished", "")
    volume = f" {plain['volume']}" if "volume" in plain else ""
    pages = f", {plain['pages'].replace('--', '-')}" if "pages" in plain else ""
    doi = f" doi:{plain['doi']}" if "doi" in plain else ""
    author = plain["author"].rstrip(".")
    return f"{author}. {plain['title']}. {where}{volume}{pages} ({plain['year']}).{doi}"


def _without_tex(text: str) -> str:
    """Write accents as letters, and names with the given names behind as they are."""
    accents = {'\\"o': "ö", '\\"u': "ü", "\\'e": "é", "\\c c": "ç", "\\v Z": "Ž"}
    for tex, letter in accents.items():
        text = text.replace("{" + tex + "}", letter).replace(tex, letter)
    return text.replace("{", "").replace("}", "").replace(" and others", " et al.")
