"""Write the page of one run: what it is, how it trained, what it scores, what it has learned."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from epibench.copies import name_of
from epibench.files import whole
from epibench.report.costs import costs_of_rules
from epibench.report.experiment import slug_of
from epibench.report.leaderboard import SCALINGS
from epibench.report.run_figures import curves, figures_of_run, filters_of_run
from epibench.report.run_files import OWN_RULE, address, file_rows, log_tail
from epibench.report.run_scores import SCALED, score_groups
from epibench.report.templates import environment
from epibench.software import told
from epibench.words import AXES

_NOT_SETTINGS = {"options", "recipe", "loss_settings", "builder_checksum", "protocol", *AXES}


@dataclass(frozen=True)
class Place:
    """Where the files of a run lie: `results` is the study's folder, `page` the file to write."""

    results: Path
    run: str
    page: Path

    @property
    def folder(self) -> Path:
        """Give the folder of the run."""
        return self.results / "runs" / self.run

    def named(self, path: Path) -> str:
        """Give what the workflow calls a file, of which this job may have a copy elsewhere."""
        return name_of(path, self.results.parent)

    def link(self, path: Path) -> str:
        """Give the address of a file as seen from the page."""
        return address(path, self.page.parent)


def write_run_page(
    place: Place,
    settings: Mapping[str, Any],
    record: Mapping[str, Any],
    analyses: Mapping[str, Sequence[str]],
) -> None:
    """Write the page of a run as one HTML file that needs no other.

    It shows this run alone, so that another one in the study changes nothing of it.

    Parameters
    ----------
    place : Place
    settings : mapping
        `epibench.plan.Plan.run_page_settings`, and `config_files` (paths).
    record : mapping
        The run's `run.json`.
    analyses : mapping
        For each experiment that says something of one run, the files of this run that it reads.
    """
    log = place.results / "logs" / "train_run" / f"{place.run}.log"
    page = (
        environment()
        .get_template("run.html.j2")
        .render(
            run=place.run,
            folder=shlex.quote(place.named(place.folder)),
            commit=told(record["software"]["commit"]),
            settings=settings,
            record=record,
            index=place.link(place.results / "report" / "index.html"),
            experiments={name: slug_of(name) for name in settings["experiments"]},
            axes=axes_rows(settings),
            entry=entry_rows(record["settings"], settings["builder_defaults"]),
            command=command_of(place, settings["config_files"], record["settings"]["threads"]),
            curves=curves(place.folder / "history.csv", record["best_epoch"]),
            scores=score_groups(place.folder, settings["axes"]["bin_size"]),
            figures=figures_of_run(settings, analyses),
            filters=filters_of_run(place.folder) if settings["filters"] else None,
            pages=pages_of_run(place, settings),
            jobs=jobs_of_run(place),
            log=log_tail(log),
            log_href=address(log, place.page.parent),
            files=file_rows(place.results, place.run, place.page.parent),
            scalings=[SCALINGS[name] for name in SCALED],
        )
    )
    with whole(place.page) as path:
        path.write_text(page, encoding="utf-8")


def axes_rows(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Give each axis with its value and, where it differs, the study's default."""
    rows = []
    for axis in AXES:
        value, default = settings["axes"][axis], settings["defaults"][axis]
        rows.append({"axis": axis, "value": value, "default": default, "same": value == default})
    return rows


def entry_rows(
    trained: Mapping[str, Any], builder_defaults: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Give the settings of the model entry; an option that the builder has otherwise is marked.

    Parameters
    ----------
    trained : mapping
        `settings` of the run's record.
    builder_defaults : mapping
        The builder's default of each option.
    """
    rows = [
        {"name": name, "value": value, "default": builder_defaults.get(name, value)}
        for name, value in trained["options"].items()
    ]
    others = {name: value for name, value in trained.items() if name not in _NOT_SETTINGS}
    for values in (trained["recipe"], trained["loss_settings"], others):
        rows += [{"name": name, "value": value, "default": value} for name, value in values.items()]
    return [row | {"same": row["value"] == row["default"]} for row in rows]


def command_of(place: Place, config_files: Sequence[str], threads: int) -> str:
    """Give the command that makes the run's model and scores again, from the repository's root.

    Parameters
    ----------
    place : Place
    config_files : sequence of str
        Those of the study, in their order.
    threads : int
        Of the training, which are part of the run.
    """
    words = [
        "snakemake",
        place.named(place.folder / "metrics.tsv"),
        "--cores",
        str(threads),
        "--forcerun",
        "train_run",
    ]
    words += ["--configfile", *config_files]
    return shlex.join(words)


def jobs_of_run(place: Place) -> list[dict[str, Any]]:
    """Give what each job of the run took.

    Jobs that serve the whole study are not among them, and neither is the one that writes the page:
    its file is of the page before.
    """
    rules = {path.name for path in (place.results / "benchmarks").glob("*") if path.is_dir()}
    jobs = costs_of_rules(place.results / "benchmarks", {place.run})
    return [job for job in jobs if job["rule"] in rules - {OWN_RULE}]


def pages_of_run(place: Place, settings: Mapping[str, Any]) -> dict[str, str]:
    """Give the addresses of what the run's experiments link to, such as motifs of TF-MoDISco."""
    return {name: place.link(place.results / path) for name, path in settings["pages"].items()}
