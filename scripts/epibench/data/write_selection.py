"""Write how much alike the targets of a study are, and which of them to keep."""

from collections.abc import Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path

import pandas as pd

from epibench.data.correlate_targets import Correlation
from epibench.data.draw_correlation import draw_correlation
from epibench.data.select_targets import select_targets
from epibench.files import whole
from epibench.samples import Target, select_rows
from epibench.style import save


def write_selection(
    folder: str | Path,
    targets: Sequence[Target],
    found: Correlation,
    limit: float,
    samples: str | Path | None = None,
) -> None:
    """Choose targets, and write the choice, the correlation between them and a heatmap.

    Into `folder` go `correlation.tsv` (a row for every two targets: target, other, pearson_r, and
    regions, over how many), `selection.tsv` (a row a target, in the order of the study: target,
    kept, reason, highest_r, most_like), `figure.svg` and `figure.png`, and, where the study has a
    samples table, `selected.tsv`: the rows of the kept targets, ready to be the samples table of
    another study.

    Parameters
    ----------
    folder : path
        Made where missing; each file in it appears whole or not at all.
    targets : sequence of Target
        In the order of their priority.
    found : Correlation
        Between these targets.
    limit : float
        Pearson's r from which two targets are too much alike.
    samples : path or None
        The samples table; None for a simulated study.
    """
    folder = Path(folder)
    names = [target.name for target in targets]
    pairs = [names.index(target.strand_pair or target.name) for target in targets]
    verdicts = select_targets(names, pairs, found.r, limit)
    kept = [verdict.kept for verdict in verdicts]
    chart = draw_correlation(names, pairs, found.r, kept, limit=limit, regions=found.regions)
    selection = pd.DataFrame(map(asdict, verdicts))
    selection["kept"] = selection["kept"].map({True: "true", False: "false"})
    for name, table in (("correlation", _pairwise(names, found)), ("selection", selection)):
        with whole(folder / f"{name}.tsv") as path:
            table.to_csv(path, sep="\t", index=False, float_format="%.6g")
    save(chart, folder)
    if samples:
        with whole(folder / "selected.tsv") as path:
            rows = select_rows(samples, [v.target for v in verdicts if v.kept])
            path.write_text(rows, encoding="utf-8")


def _pairwise(names: Sequence[str], found: Correlation) -> pd.DataFrame:
    """Give a row for every two targets, each two once."""
    return pd.DataFrame(
        {
            "target": names[a],
            "other": names[b],
            "pearson_r": found.r[a, b],
            "regions": found.regions,
        }
        for a, b in combinations(range(len(names)), 2)
    )
