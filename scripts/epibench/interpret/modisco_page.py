"""Write a page with the motifs that TF-MoDISco found in a model."""

import io
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import logomaker
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from epibench.files import whole
from epibench.interpret.draw_logos import BASE_COLOURS
from epibench.interpret.jaspar import JasparMotif
from epibench.interpret.modisco import Pattern
from epibench.interpret.q_values import q_values
from epibench.report.inline import data_uri
from epibench.style import styled
from epibench.words import BASES

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 15px/1.5 sans-serif; color: #1f2428; max-width: 60em; margin: 2em auto; padding: 0 1em }}
table {{ border-collapse: collapse }}
th, td {{ text-align: left; padding: .4em 1em .4em 0; border-bottom: 1px solid #e4e7ea }}
img {{ height: 4.5em; max-width: 26em; object-fit: contain; object-position: left }}
</style></head><body>
<h1>{title}</h1>
<p>{text}</p>
{table}
</body></html>
"""  # noqa: E501


def write_page(
    path: str | Path,
    name: str,
    target: str,
    patterns: Mapping[str, Pattern],
    reason: str,
    motifs: Sequence[JasparMotif],
    threshold: float,
) -> None:
    """Write one HTML file that needs no other: a logo a pattern, its seqlets and its best match.

    Parameters
    ----------
    path : path
    name, target : str
        Of the predictor, and of the target that was explained.
    patterns : mapping of str to Pattern
        May be empty.
    reason : str
        Why there are none.
    motifs : sequence of JasparMotif
        Known motifs that patterns are compared with.
    threshold : float
        Matches have a q-value below.
    """
    title = f"TF-MoDISco: {target}, {name}"
    text = (
        "Patterns in the gradient of the prediction, those that raise it, the most frequent first. "
        "Letters are as high as the mean contribution of their base. The match is the known motif "
        f"with the lowest q-value (TOMTOM), where that is below {threshold:g}."
        if patterns
        else f"No motif found: {reason}."
    )
    table = _table(patterns, motifs, threshold) if patterns else ""
    with whole(path) as temporary:
        temporary.write_text(
            _PAGE.format(title=escape(title), text=escape(text), table=table), encoding="utf-8"
        )


def _table(patterns: Mapping[str, Pattern], motifs, threshold: float) -> str:
    q = q_values([pattern.ppm for pattern in patterns.values()], motifs)
    rows = ["<tr><th>Pattern</th><th>Seqlets</th><th>Contributions</th><th>Match</th></tr>"]
    for (name, pattern), values in zip(patterns.items(), q, strict=True):
        best = int(np.argmin(values))
        motif = f"{motifs[best].name} ({motifs[best].id}), q = {values[best]:.1g}"
        word = "".join(BASES[base] for base in pattern.ppm.argmax(axis=1))
        logo = f'<img src="{data_uri(_logo(pattern), "image/png")}" alt="{word}">'
        cells = [escape(name), f"{pattern.seqlets:,}", logo]
        cells.append(escape(motif) if values[best] < threshold else "none")
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return "<table>\n" + "\n".join(rows) + "\n</table>"


@styled
def _logo(pattern: Pattern) -> bytes:
    """Draw the contributions of a pattern as PNG."""
    width = 0.22 * len(pattern.contributions) + 0.2
    chart = Figure(figsize=(width, 0.75), layout="constrained")
    axes = chart.subplots()
    heights = pd.DataFrame(pattern.contributions, columns=list(BASES))
    logomaker.Logo(heights, ax=axes, color_scheme=BASE_COLOURS, font_name="DejaVu Sans")
    axes.set_axis_off()
    picture = io.BytesIO()
    chart.savefig(picture, format="png", dpi=150)
    return picture.getvalue()
