"""Say what a study will take, before it is run."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from epibench.data.source import parse_source
from epibench.errors import InputError
from epibench.files import read_json
from epibench.models.registry import builder, check_options
from epibench.plan import Plan

TABLE = Path(__file__).parents[2] / "resources" / "throughput.tsv"

UNKNOWN = "no speed is recorded (give one with --examples-per-second 900, or of a builder alone)"


@dataclass(frozen=True)
class Speed:
    """Examples per second of a training, recorded epochs or None, and where both are from."""

    examples_per_second: float
    epochs: float | None
    source: str


@dataclass(frozen=True)
class Line:
    """What the runs of one model entry at one bin size will take; None is unknown.

    `epochs` is the recorded number or else the largest that the recipe allows; `hours` is the time
    of one run, `hours_in_all` what all of them hold devices for: times `training.gpus`.
    """

    model: str
    builder: str
    bin_size: int
    runs: int
    examples: int | None
    epochs: float
    examples_per_second: float | None
    hours: float | None
    hours_in_all: float | None
    source: str


def estimate(
    plan: Plan,
    *,
    windows: int | None = None,
    given: Mapping[str, float] | None = None,
    results: str | Path = "results",
) -> list[Line]:
    """Estimate the time of a study's trainings from recorded speeds.

    A speed is, in this order: given; the median of finished runs of the same builder, options, bin
    size and precision in any study of `results`; that of the shipped table, for models with the
    default options. Speeds of CPUs do not count for a study that trains on GPUs alone. None is
    invented: where nothing was recorded the hours are unknown.

    Parameters
    ----------
    plan : Plan
    windows : int or None
        Training windows of every window set; None: those of the store, where it is made.
    given : mapping of str to float, or None
        Examples per second by builder; the key "" is for all others.
    results : path
        Folder of studies, default `results`.

    Returns
    -------
    list of Line
        In the order of the grids.

    Raises
    ------
    InputError
        For fewer than one window, or a speed of a builder that no run has.
    """
    _check_asked(plan, windows, given or {})
    known = _examples(plan)
    needs_gpu = plan.study.training.require_gpu is True  # `warn` goes on with the CPU
    recorded = [
        record for record in _recorded(Path(results)) if record["device"]["gpus"] or not needs_gpu
    ]
    shipped = [row for row in _shipped() if not (needs_gpu and row["device"].startswith("CPU"))]
    groups: dict[tuple, list[str]] = {}
    for name, run in plan.runs.items():
        groups.setdefault((run.model, run.bin_size, run.windows), []).append(name)
    lines: dict[tuple, list[Line]] = {}
    for (model, bin_size, window_set), names in groups.items():
        settings = plan.run_settings(names[0])
        speed = _speed(settings, given or {}, recorded, shipped)
        examples = windows if windows is not None else known.get(window_set)
        recipe = settings["recipe"]
        epochs = speed.epochs if speed and speed.epochs else recipe["epochs"]
        hours = None
        if speed and examples is not None:
            hours = examples * epochs / speed.examples_per_second / 3600
        lines.setdefault((model, bin_size), []).append(
            Line(
                model,
                settings["builder"],
                bin_size,
                len(names),
                examples,
                epochs,
                speed and speed.examples_per_second,
                hours,
                hours and hours * len(names) * settings["gpus"],
                speed.source if speed else UNKNOWN,
            )
        )
    return [_joined(parts) for parts in lines.values()]


def _check_asked(plan: Plan, windows: int | None, given: Mapping[str, float]) -> None:
    """Refuse what would change nothing, or nothing sensible."""
    if windows is not None and windows < 1:
        raise InputError(f"--windows {windows}: give the number of training windows, at least 1")
    builders = sorted({plan.run_settings(name)["builder"] for name in plan.runs})
    for name in given:
        if name and name not in builders:
            raise InputError(
                f"--examples-per-second {name}=...: no model of this study has that builder; those "
                f"that have runs are {', '.join(builders)}"
            )


def _joined(parts: list[Line]) -> Line:
    """Add up the window sets of one model entry and bin size."""
    runs = sum(part.runs for part in parts)
    totals = [part.hours_in_all for part in parts]
    total = None if None in totals else sum(totals)
    counts = [part.examples for part in parts]
    examples = None
    if None not in counts:
        examples = round(sum(part.examples * part.runs for part in parts) / runs)
    first = parts[0]
    return Line(
        first.model,
        first.builder,
        first.bin_size,
        runs,
        examples,
        first.epochs,
        first.examples_per_second,
        None if total is None else sum(part.hours * part.runs for part in parts) / runs,
        total,
        first.source,
    )


def disk(plan: Plan) -> list[tuple[str, int | None, str]]:
    """Give what is known of the bytes that a study will need: what, bytes, where from.

    Parameters
    ----------
    plan : Plan
    """
    summary = _summary(plan)
    known = [parse_source(source).size for source in plan.downloads.values()]
    downloads = sum(size for size in known if size)
    missing = sum(size is None for size in known)
    note = "sizes in the samples table" + (f", {missing} files without" if missing else "")
    targets, window = len(plan.targets), plan.study.windows.length
    return [
        ("downloads", downloads or None, note if plan.downloads else "none"),
        (
            "coverage store",
            summary["bytes"] if summary else None,
            "the store" if summary else "known once `snakemake data` has made it",
        ),
        (
            "store, a million training windows",
            1_000_000 * window * (2 * targets + 2),
            f"{2 * targets + 2} bytes a position: coverage, sequence, mask",
        ),
    ]


def _examples(plan: Plan) -> dict[str, int]:
    """Give the training windows of each set, where the store is made."""
    summary = _summary(plan)
    return {name: counts["train"] for name, counts in summary["windows"].items()} if summary else {}


def _summary(plan: Plan) -> dict[str, Any] | None:
    path = Path(plan.folder) / "store" / "summary.json"
    return read_json(path, ("windows", "bytes")) if path.is_file() else None


def _recorded(results: Path) -> list[dict[str, Any]]:
    """Read what finished trainings recorded, of every study."""
    return [
        read_json(path, ("settings", "epochs", "examples_per_second", "device"))
        for path in sorted(results.glob("*/runs/*/*/*/*/*/*/run.json"))
    ]


def _shipped() -> list[dict[str, str]]:
    """Read the table of measured speeds."""
    with open(TABLE, newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle, delimiter="\t"))


def _speed(
    settings: Mapping[str, Any],
    given: Mapping[str, float],
    recorded: Iterable[Mapping[str, Any]],
    shipped: Iterable[Mapping[str, str]],
) -> Speed | None:
    """Find the speed of a training: given, recorded, or in the shipped table."""
    keys = ("builder", "options", "bin_size", "precision")
    same = [
        record
        for record in recorded
        if all(record["settings"].get(key) == settings[key] for key in keys)
    ]
    epochs = median(record["epochs"] for record in same) if same else None
    if wanted := given.get(settings["builder"], given.get("")):
        return Speed(wanted, epochs, "given")
    if same:
        devices = sorted({", ".join(record["device"]["devices"]) for record in same})
        speed = median(record["examples_per_second"] for record in same)
        return Speed(speed, epochs, f"{len(same)} finished runs on {'; '.join(devices)}")
    kind = builder(settings["builder"])
    usual = kind.resolve(check_options(settings["builder"], {}), settings["loss"])
    if settings["options"] != usual:
        return None
    for row in shipped:
        found = (row["builder"], int(row["bin_size"]), row["precision"])
        if found == (settings["builder"], settings["bin_size"], settings["precision"]):
            source = f"{row['source']}, {row['device']}, {row['targets']} targets"
            return Speed(float(row["examples_per_second"]), None, source)
    return None


def parse_speeds(words: Iterable[str]) -> dict[str, float]:
    """Read `900` (for all) and `basenji=900` into speeds by builder.

    Parameters
    ----------
    words : iterable of str

    Raises
    ------
    InputError
        When one is no positive number.
    """
    speeds = {}
    for word in words:
        builder, _, value = word.rpartition("=")
        try:
            speeds[builder] = float(value)
        except ValueError:
            speeds[builder] = 0.0
        if not speeds[builder] > 0:
            raise InputError(
                f"--examples-per-second {word}: give a positive number, such as 900 or basenji=900"
            )
    return speeds


def table_of(lines: list[Line], hours: str = "hours") -> list[list[str]]:
    """Write the lines as cells of a table, with a heading and a total.

    Parameters
    ----------
    lines : list of Line
    hours : str
        What the hours in all are of, default `hours`.
    """
    head = [
        "model",
        "builder",
        "bin",
        "runs",
        "windows",
        "epochs",
        "examples/s",
        "h a run",
        hours,
    ]
    rows = [
        [
            line.model,
            line.builder,
            str(line.bin_size),
            str(line.runs),
            _shown(line.examples, "{:,}"),
            f"{line.epochs:g}",
            _shown(line.examples_per_second, "{:,.3g}"),
            _hours(line.hours),
            _hours(line.hours_in_all),
        ]
        for line in lines
    ]
    known = [line.hours_in_all for line in lines if line.hours_in_all is not None]
    total = ("" if len(known) == len(lines) else "over ") + _hours(sum(known))
    runs = str(sum(line.runs for line in lines))
    return [head, *rows, ["in all", "", "", runs, "", "", "", "", total if known else "unknown"]]


def _hours(value: float | None) -> str:
    return _shown(value, "{:,.3g}" if value is None or value < 100 else "{:,.0f}")


def _shown(value: float | None, form: str) -> str:
    return "unknown" if value is None else form.format(value)
