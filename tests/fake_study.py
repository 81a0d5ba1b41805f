"""Tables of a study that never ran, with numbers of a usual size."""

from itertools import cycle, islice
from pathlib import Path

import numpy as np
import pandas as pd

from epibench.data.correlate_targets import Correlation
from epibench.data.tally import LEVELS
from epibench.data.write_selection import write_selection
from epibench.experiments import ANALYSES
from epibench.experiments.run import run_experiment
from epibench.report.experiment import ExperimentPage
from epibench.report.write import write_report
from epibench.samples import Target
from epibench.words import SPLITS

TARGETS = ["K562", "GM12878", "<script>alert(1)</script>", "HepG2"]
BIN_SIZES = [1, 32, 64, 128, 256, 512, 1024, 2048]
_STRENGTH = {
    "poisson": 0.60,
    "mse": 0.50,
    "pearsonr": 0.56,
    "multinomial_mse": 0.48,
    "pearsonr_mse": 0.57,
}
_REFERENCES = {"truth": (0.90, 1), "replicate2": (0.78, 1), "ridge": (0.38, 32), "gc": (0.21, 32)}


def run_rows(
    points, *, model="basenji_small", windows="threshold2", augmentation="rc+shift", seeds=(1,)
) -> list[dict]:
    """Give the axes of runs."""
    rows = [
        {
            "model": model,
            "windows": windows,
            "loss": loss,
            "bin_size": bin_size,
            "augmentation": augmentation,
            "seed": seed,
        }
        for loss, bin_size in points
        for seed in seeds
    ]
    path = "{model}/{windows}/{loss}/bin{bin_size}/{augmentation}/seed{seed}"
    return [{"run": path.format_map(row)} | row for row in rows]


DEMO = [(loss, bin_size) for loss in _STRENGTH for bin_size in (32, 128)]
DEMO += [("poisson", 512), ("poisson", 2048)]
FULL = [
    (loss, bin_size)
    for loss in _STRENGTH
    for bin_size in BIN_SIZES
    if (loss, bin_size) != ("multinomial_mse", 2048)
]


def metrics(runs: list[dict], bin_sizes=BIN_SIZES, seed=0, targets=TARGETS) -> pd.DataFrame:
    """Give the metrics of runs at their own and coarser bin sizes, with the runs' axes."""
    rng = np.random.default_rng(seed)
    rows = []
    for run in runs:
        noise = rng.normal(0, 0.008, len(targets))
        for size in bin_sizes:
            if size % run["bin_size"] == 0:
                base = _STRENGTH[run["loss"]] - 0.01 * abs(np.log2(run["bin_size"] / 512))
                r = base + 0.015 * np.log2(size + 1) + noise
                rows += _score_rows(run["run"], size, r, run | {"kind": "run"}, targets)
    return pd.DataFrame(rows)


def references(bin_sizes=BIN_SIZES, targets=TARGETS) -> pd.DataFrame:
    """Give the metrics of the predictors that are not runs; replicate 2 lacks one target."""
    rows = []
    for name, (r, own) in _REFERENCES.items():
        for size in bin_sizes:
            if size % own == 0:
                scores = np.full(len(targets), r + 0.008 * np.log2(size + 1))
                if name == "replicate2":
                    scores[-1] = np.nan
                rows += _score_rows(name, size, scores, {}, targets)
    for size in bin_sizes:
        none = np.full(len(targets), np.nan)
        rows += _score_rows("mean_coverage", size, none, {}, targets, constant=True)
    return pd.DataFrame(rows)


def _score_rows(predictor, size, r, extra, targets, constant=False) -> list[dict]:
    rows = []
    for scaling, factor in (("raw", 0.93), ("scaled", 1.0), ("scaled_valid", 0.99)):
        mse = 3 * (1 - np.nan_to_num(r) ** 2) / (1 + 0.15 * np.log2(size + 1)) / factor
        mse = mse if constant else np.where(np.isnan(r), np.nan, mse)
        scores = {
            "pearson_r": r,
            "pearson_r_log1p": r * (0.8 + 0.1 * factor),
            "spearman_r": r * 0.9 if size >= 32 else np.full(len(r), np.nan),
            "pearson_r_per_sequence": r * 0.6,
            "spearman_r_per_sequence": r * 0.5,
            "jensen_shannon": np.where(constant | np.isfinite(r), 0.7 * (1 - np.nan_to_num(r)), r),
            "mse": mse,
        }
        scores |= {"r2": 1 - mse / 4, "poisson_nll": 0.4 * mse - 0.3}
        for name in list(scores):
            scores |= {f"{name}_low": scores[name] - 0.01, f"{name}_high": scores[name] + 0.01}
        scores["scale_factor"] = np.full(len(r), 1 / factor)
        for index, target in enumerate([*targets, "mean"]):
            values = {
                key: _nanmean(value) if target == "mean" else value[index]
                for key, value in scores.items()
            }
            rows.append(
                {"predictor": predictor, "target": target, "evaluated_bin_size": size}
                | {"scaling": scaling, "targets": int(np.isfinite(mse).sum())}
                | {"targets_with_r": int(np.isfinite(r).sum())}
                | values
                | {"bins": 2_000_000 // size, "sequences": 900, "constant_truth": 0}
                | {"constant_prediction": 0, "clipped": 0, "test_set": "3f9a1c07"}
                | extra
            )
    return rows


def _nanmean(values: np.ndarray) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def run_table(runs: list[dict]) -> pd.DataFrame:
    """Give the run table: axes, experiments and what training cost."""
    table = pd.DataFrame(runs)
    n = np.arange(len(table))
    return table.assign(
        experiments="loss_by_bin_size,resolution",
        parameters=61_204 + 16 * n,
        epochs=14 + n % 5,
        best_epoch=9 + n % 5,
        best_valid_loss=0.412 - 0.003 * n,
        constant_targets="",
        seconds=21.4 + 1.3 * n,
        device="CPU",
        examples_per_second=690.0 + n,
    )


def study() -> dict:
    """Give what the report says of the study besides its tables."""
    genome = {
        "uses": ["reference sequence"],
        "source": "https://genomes.example/hg38.fa.gz",
        "checksum": None,
    }
    tracks = [
        {
            "uses": [f"track of {name}"],
            "source": f"https://encode.example/ENCFF00{i}ABC/@@download/ENCFF00{i}ABC.bigWig",
            "checksum": None,
        }
        for i, name in enumerate(TARGETS)
    ]
    return {
        "study": "demo",
        "title": "Demo: losses and bin sizes on a simulated genome",
        "date": "2025-03-14",
        "bin_size": 2048,
        "defaults": {
            "model": "basenji_small",
            "windows": "threshold2",
            "loss": "poisson",
            "bin_size": 32,
            "augmentation": "rc+shift",
            "seed": 1,
        },
        "methods": {
            "simulated": True,
            "encode": False,
            "runs": run_rows(DEMO),
            "models": {"basenji_small": {"builder": "basenji"}},
            "recipes": {
                "basenji_small": {"learning_rate": 0.001, "decay_factor": 0.2}
                | {"decay_patience": 3, "batch_size": 64, "epochs": 100, "patience": 6}
            },
            "experiments": {"resolution": {"analysis": "resolution"}},
            "evaluation": {"replicates": 1000},
            "variation": {"crops": 20},
            "variants": None,
            "interpret": {},
        },
        "labels": {},
        "accessions": {TARGETS[0]: "ENCSR000AAA"},
        "data_seed": 7,
        "selection": {"missing": None, "max_correlation": 0.75, "selected": None},
        "config_files": ["config/demo.yaml"],
        "inputs": dict(zip([file["path"] for file in _files()], [genome, *tracks], strict=True)),
    }


def _files() -> list[dict]:
    """Give the input files as the store's summary lists them."""
    files = [{"path": "results/downloads/1f-hg38.fa.gz", "bytes": 6_000_000}]
    files[0]["checksum"] = "md5:" + "ab" * 16
    return files + [
        {
            "path": f"results/downloads/{i}2-ENCFF00{i}ABC.bigWig",
            "bytes": 8_437_221,
            "checksum": "sha256:" + f"{i}c" * 32,
        }
        for i in range(len(TARGETS))
    ]


def by_split(train: float, valid: float, test: float) -> dict:
    """Give a value for each split."""
    return {"train": train, "valid": valid, "test": test}


def _track(mean: float, kept=SPLITS) -> dict:
    """Give what is counted in a track: twice as many positions at half of each level."""
    bases = by_split(3_500_000, 900_000, 1_000_000)
    return {
        split: {
            "bases": bases[split] if split in kept else 0,
            "mean": mean if split in kept else 0.0,
            "uncovered": bases[split] // 40 if split in kept else 0,
            "stored_nan": 0,
            "negative": 0,
            "beyond_float16": 0,
            "at_least": [round(0.02 / level, 9) if level < 50 else 0.0 for level in LEVELS],
        }
        for split in SPLITS
    }


def summary(targets=TARGETS) -> dict:
    """Give the store's summary: nothing in it is unusual."""
    n = len(targets)
    means = [0.412, 0.388, 0.371, 0.45]
    lengths = {"chr1": 2_000_000, "chr2": 1_500_000, "chr8": 1_000_000, "chr9": 900_000}
    split = {"chr8": "test", "chr9": "valid"}
    peaks = by_split(300, 60, 52)
    return {
        "chromosomes": [
            {
                "name": name,
                "length": length,
                "split": split.get(name, "train"),
                "n": length // 20,
                "gc": length * 2 // 5,
                "ambiguous_letters": 0,
                "excluded": length // 10,
            }
            for name, length in lengths.items()
        ],
        "settings": {
            "windows": {
                "length": 3072,
                "input_length": 2048,
                "stride": 1024,
                "thresholds": [0.01, 2],
                "peaks": True,
                "max_n_fraction": 0.05,
            },
            "coverage": {"uncovered": "zero", "nan": "uncovered", "negative": "error"},
        },
        "windows": {
            "tiled": by_split(3410, 290, 322),
            "threshold0.01": by_split(3300, 288, 320),
            "threshold2": by_split(1014, 232, 251),
            "peaks": by_split(871, 150, 149),
        },
        "windows_by_target": {
            "threshold0.01": by_split([3300] * n, [280] * n, [310] * n),
            "threshold2": by_split(_around([600, 500, 400, 300], n), [90] * n, [80] * n),
            "peaks": by_split(
                _around([290, 280, 0, 270], n),
                _around([59, 58, 0, 57], n),
                _around([50, 49, 0, 48], n),
            ),
        },
        "windows_left_out": {
            "tiled": {"rich in N": by_split(12, 0, 3), "uncovered": by_split(0, 0, 0)},
            "peaks": {
                "beyond the chromosome": by_split(1, 2, 0),
                "gaps.bed": by_split(4, 5, 6),
                "low mappability": by_split(7, 8, 9),
                "rich in N": by_split(0, 1, 0),
                "uncovered": by_split(0, 0, 0),
            },
        },
        "masks": {
            "gaps.bed": {s: {"positions": 50_000, "windows": 20} for s in SPLITS},
            "low mappability": {s: {"positions": 60_000, "windows": 30} for s in SPLITS},
        },
        "masked_uncovered": by_split(0, 0, 0),
        "positions": by_split(1_700_000, 900_000, 1_000_000),
        "bytes": 32_400_000,
        "targets": targets,
        "strand_pairs": list(range(n)),
        "tracks": dict(zip(targets, map(_track, _around(means, n)), strict=True)),
        "replicate2": {name: _track(0.4, ["test"]) for name in targets} | {targets[-1]: None},
        "peaks": dict.fromkeys(targets, peaks) | {targets[2]: None},
        "duplicate_peaks": 0,
        "unknown_chromosomes": {},
        "levels": LEVELS,
        "files": _files(),
        "fingerprint": "9e8b" * 16,
    }


def _around(values: list, count: int) -> list:
    """Repeat values up to a count."""
    return list(islice(cycle(values), count))


def correlation(targets=TARGETS) -> Correlation:
    """Give the correlation between the targets: the second is like the first, the last silent."""
    r = np.full((len(targets), len(targets)), 0.3)
    r[[0, 1], [1, 0]] = 0.91
    np.fill_diagonal(r, 1)
    r[-1] = r[:, -1] = np.nan
    return Correlation(r, 812)


VERSIONS = {"epibench": "0.1.0", "python": "3.11.7", "keras": "3.15.1", "commit": "1a2b3c4"}


def write_fake_report(
    folder: Path,
    runs: list[dict],
    others: pd.DataFrame | None = None,
    *,
    data: dict | None = None,
    inputs: dict | None = None,
    versions: dict = VERSIONS,
) -> Path:
    """Run both experiments on made-up metrics and write the report that shows them."""
    others = references() if others is None else others
    scores = metrics(runs)
    pages = []
    for name in ("loss_by_bin_size", "resolution"):
        run_experiment(name, scores, folder / "experiments" / name)
        pages.append(ExperimentPage(name, ANALYSES[name], folder / "experiments" / name, []))
    pages[0].left_out.append("loss multinomial_mse, bin_size 2048: one bin has no shape")
    targets = [Target(name, f"{name}.bw") for name in TARGETS]
    write_selection(folder / "targets", targets, correlation(), 0.75)
    out = folder / "report" / "index.html"
    write_report(
        out,
        study=study() | ({"inputs": inputs} if inputs else {}),
        data=data or summary(),
        runs=run_table(runs),
        metrics=scores[others.columns],
        references=others,
        selection=folder / "targets",
        experiments=pages,
        predictors=None,
        links={
            run["run"]: {
                "log": f"../logs/train_run/{run['run']}.log",
                "config": f"../runs/{run['run']}/run.json",
                "metrics": f"../runs/{run['run']}/metrics.tsv",
                "model": f"../runs/{run['run']}/model.keras",
            }
            for run in runs
        },
        versions=versions,
        stages=[
            {"stage": "train", "jobs": 12, "hours": 1.5, "cpu_hours": 2.5, "gpu_hours": 0.0}
            | {"memory": 966.0, "bytes": 12_000_000}
        ],
        jobs=[
            {
                "rule": rule,
                "jobs": jobs,
                "seconds": 31.5 * jobs,
                "cpu_seconds": 52.25 * jobs,
                "longest": 40.0,
                "memory": memory,
            }
            for rule, jobs, memory in (("train_run", len(runs), 912.4), ("manifest", 1, None))
        ],
    )
    return out
