"""The report's templates: what they may call, and that they escape every name."""

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from epibench.report.board import HIDDEN, OF_SCALE, strip
from epibench.report.experiment import DOWNLOADS, LONG_TABLE, SHORT_TABLE
from epibench.report.leaderboard import OF_TARGETS, SCALINGS, SCORES, View, run_page
from epibench.report.shown import (
    COSTS,
    HEADINGS,
    TEXTS,
    percent_of,
    plain,
    readable_bytes,
    shown_as,
    span_of,
)

HIGHER_IS_BETTER = (*OF_TARGETS, "pearson_r_per_sequence", "r2")
"""Scores that are sorted from the highest down when their heading is first clicked."""


def environment() -> Environment:
    """Set up templates that escape everything that is not marked as safe."""
    found = Environment(
        loader=PackageLoader("epibench", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "bytes": readable_bytes,
        "percent_of": percent_of,
        "plain": plain,
        "shown_as": shown_as,
        "span_of": span_of,
    }
    found.globals |= {
        "asset": _asset,
        "costs": COSTS,
        "download_labels": DOWNLOADS,
        "headings": HEADINGS,
        "hidden_scores": HIDDEN,
        "higher_is_better": HIGHER_IS_BETTER,
        "long_table": LONG_TABLE,
        "of_scale": OF_SCALE,
        "of_targets": OF_TARGETS,
        "run_page": run_page,
        "scores": [name for name in SCORES if name not in OF_TARGETS],
        "scalings": SCALINGS,
        "short_table": SHORT_TABLE,
        "status": status,
        "strip": strip,
        "texts": TEXTS,
    }
    return found


def _asset(name: str) -> Markup:
    """Read a file that stands beside the template, to be placed in it as it is."""
    return Markup((Path(__file__).parent / name).read_text(encoding="utf-8"))


def status(view: View) -> str:
    """Say how many predictors a view lists, and how many it cannot list."""
    text = (
        f"At {view.bin_size} bp: {len(view.rows)} of {len(view.rows) + view.left_out} predictors."
    )
    if view.left_out:
        text += f" {view.left_out} cannot be evaluated at a bin size this fine and are not listed."
    return text
