"""Scores of variants by runs that never ran, with correlations that are planted exactly."""

import numpy as np
import pandas as pd

from . import fake_tables

CAGI5 = {
    "F9": 303,
    "GP1BB": 385,
    "HBB": 187,
    "HBG1": 274,
    "HNF4A": 285,
    "IRF4": 450,
    "IRF6": 600,
    "LDLR": 318,
    "MSMB": 593,
    "MYCrs6983267": 599,
    "PKLR-48h": 469,
    "SORT1": 600,
    "TERT-GBM": 259,
    "TERT-HEK293T": 259,
    "ZFAND3": 579,
}
"""Elements and their lengths in bp."""

SPLITS = ("train", "valid", "test", "train")
_GAIN = {"none": 0.06, "rc": 0.045, "evoaug": 0.05, "as_published": 0.03}


def experiment(elements: dict[str, int], seed: int = 0) -> pd.DataFrame:
    """Give the variants of elements with their measured effects, as in `variants.tsv`.

    All three alternatives of every position, but for some that were not measured, and here and
    there the deletion of the base; a few stretches of positions have large effects.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for e, (name, length) in enumerate(elements.items()):
        place = np.arange(length)
        sites = rng.uniform(0, length, 5)[:, None]
        strength = np.exp(-(((place - sites) / 5) ** 2)).sum(axis=0)
        for at in place:
            ref = "ACGT"[rng.integers(4)]
            for alt in "ACGT-":
                if alt != ref and rng.random() < (0.1 if alt == "-" else 0.95):
                    effect = rng.normal(0, 0.1) - strength[at] * rng.exponential(0.8)
                    rows.append((name, f"chr{e + 1}", 1000 + at, ref, alt, effect, SPLITS[e % 4]))
    columns = ["element", "chrom", "start", "ref", "alt", "effect", "split"]
    return pd.DataFrame(rows, columns=columns)


def correlated(y: np.ndarray, r: float, rng: np.random.Generator) -> np.ndarray:
    """Give values whose Pearson's r with y is r, up to rounding."""
    y = (y - y.mean()) / y.std()
    noise = rng.normal(size=len(y))
    noise -= noise.mean() + y * (noise @ y) / (y @ y)
    return r * y + np.sqrt(1 - r**2) * noise / noise.std()


def planted_r(run: dict) -> dict[str, float]:
    """Give the r of each score of a run with the effects of every element."""
    rng = np.random.default_rng(sum(map(ord, run["run"])))
    base = 0.3 + 0.25 * (run["loss"] != "binary_crossentropy") + rng.uniform(-0.12, 0.12)
    gain = _GAIN.get(run["augmentation"], 0.01) + rng.uniform(-0.04, 0.04)
    return {"standard": base - gain, "robust": base, "shape": 0.3, "peak": base + 0.05}


def variants(runs: list[dict], elements: dict[str, int] = CAGI5) -> pd.DataFrame:
    """Give the rows of `variants.tsv` of runs, with their axes; one element has no matched score.

    Scores of coverage models have a usual size; those of binary ones are logits.
    """
    measured = experiment(elements)
    within = list(measured.groupby("element", sort=False).indices.values())
    parts = []
    for number, run in enumerate(runs):
        rng = np.random.default_rng(number)
        part = measured.copy()
        for score, r in planted_r(run).items():
            values = np.empty(len(part))
            for index in within:
                effect = part["effect"].to_numpy()[index]
                y = np.abs(effect) if score == "shape" else effect
                values[index] = 0.1 * correlated(y, r, rng)
            part[score] = values
        binary = run["loss"] == "binary_crossentropy"
        part["probability"] = 0.5 * part["robust"] if binary else np.nan
        part[["shape", "peak"]] = np.nan if binary else part[["shape", "peak"]]
        for score in ("standard", "robust", "shape", "peak", "probability"):
            first = part["element"] == next(iter(elements))
            part[f"matched_{score}"] = part[score].where(~first)
        parts.append(part.assign(**run))
    rows = pd.concat(parts, ignore_index=True)
    return rows[[*runs[0], *(name for name in rows if name not in runs[0])]]


def tables(runs: list[dict], elements: dict[str, int] = CAGI5) -> dict[str, pd.DataFrame]:
    """Give the rows of `variants.tsv`, `metrics.tsv`, `variation.tsv` and `variant_profile.tsv`."""
    coverage = [run for run in runs if run["loss"] != "binary_crossentropy"]
    binary = [run for run in runs if run not in coverage]
    found = fake_tables.robustness(coverage)
    # A binary run has metrics too, of one value an input.
    whole = fake_tables.robustness(binary, sizes=[2048])["metrics"]
    return found | {
        "variants": variants(runs, elements),
        "metrics": pd.concat([found["metrics"], whole], ignore_index=True),
        "variant_profile": profile(coverage, elements),
    }


def profile(runs: list[dict], elements: dict[str, int] = CAGI5) -> pd.DataFrame:
    """Give the rows of `variant_profile.tsv` of runs: the last element's strongest variant."""
    measured = experiment(elements)
    measured = measured[measured["element"] == list(elements)[-1]]
    strongest = measured.loc[measured["effect"].abs().idxmax()]
    position = strongest["start"] - 512 + np.arange(1024)
    parts = []
    for run in runs:
        rng = np.random.default_rng(run["seed"])
        bins = (np.arange(1024) // run["bin_size"]) * run["bin_size"]
        coverage = 1 + 4 * np.exp(-(((bins - 480) / 130) ** 2)) + rng.normal(0, 0.02)
        lower = 1 - 0.35 * np.exp(-(((bins - 512) / 90) ** 2))
        columns = {"position": position, "reference": coverage, "alternative": coverage * lower}
        variant = strongest[["element", "chrom", "start", "ref", "alt"]].to_dict()
        parts.append(pd.DataFrame(run | variant | columns))
    return pd.concat(parts, ignore_index=True)
