"""Rows of the report's tables of data, from the summary of the store."""

import re
from collections.abc import Mapping
from typing import Any

from epibench.words import SPLITS

ACCESSION = re.compile(r"ENCFF[0-9]{3}[A-Z]{3}")
"""Accession of a file of ENCODE."""


def split_rows(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Describe each split: its chromosomes, its sequence, and the windows of every set.

    Parameters
    ----------
    summary : mapping
        The store's `summary.json`, here and below.

    Returns
    -------
    list of dict
        `split`, `chromosomes` (names), in bp `length`, `n`, `gc`, `known` (not N), `excluded` and
        `stored`, and `windows` by set.
    """
    rows = []
    for split in SPLITS:
        part = [c for c in summary["chromosomes"] if c["split"] == split]
        sums = {key: sum(c[key] for c in part) for key in ("length", "n", "gc", "excluded")}
        rows.append(
            {
                "split": split,
                "chromosomes": [c["name"] for c in part],
                **sums,
                "known": sums["length"] - sums["n"],
                "stored": summary["positions"][split],
                "windows": {name: count[split] for name, count in summary["windows"].items()},
            }
        )
    return rows


def removed_rows(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Say what was removed and why, in three groups: positions, tiled and peak-centred windows.

    The windows of a mask are those of the unbroken tiling of whole chromosomes; masks may overlap,
    so neither positions nor windows add up over them. Peak-centred windows count for the first
    reason that removes them.

    Returns
    -------
    list of dict
        `heading`, and `rows`: pairs of a reason and its count by split. `of` has the count by split
        of which the rows are parts, None where they are not.
    """
    lengths = {row["split"]: row["length"] for row in split_rows(summary)}
    masks, lost = summary["masks"], summary["windows_left_out"]
    masked = summary["settings"]["coverage"]["uncovered"] == "masked"
    positions = [(name, _of_mask(counts, "positions")) for name, counts in masks.items()]
    if len(masks) > 1:
        together = {row["split"]: row["excluded"] for row in split_rows(summary)}
        positions.append(("all of these, each position once", together))
    if masked:
        positions.append(("not covered by every target", summary["masked_uncovered"]))
    tiled = [(f"touch {name}", _of_mask(counts, "windows")) for name, counts in masks.items()]
    groups = [
        {"heading": "Positions (bp)", "rows": positions, "of": lengths},
        {"heading": "Tiled windows", "rows": tiled + _reasons(lost["tiled"], masks, masked)},
    ]
    if summary["settings"]["windows"]["peaks"]:
        rows = _reasons(lost["peaks"], masks, masked)
        groups.append({"heading": "Peak-centred windows", "rows": rows})
    return [{"of": None} | group for group in groups if group["rows"]]


def _of_mask(counts: Mapping[str, Mapping[str, int]], what: str) -> dict[str, int]:
    """Give one count of a mask by split, 0 for a split without chromosomes."""
    return {split: counts[split].get(what, 0) for split in SPLITS}


def _reasons(
    lost: Mapping[str, Mapping[str, int]], masks: Mapping[str, Any], masked: bool
) -> list[tuple[str, Mapping[str, int]]]:
    """Give the reasons in words; without a policy that masks them, none is for uncovered bases."""
    words = {
        "rich in N": "rich in N",
        "uncovered": "touch a position that is not covered by every target",
        "beyond the chromosome": "reach beyond the chromosome",
    }
    return [
        (f"touch {reason}" if reason in masks else words[reason], counts)
        for reason, counts in lost.items()
        if reason != "uncovered" or masked
    ]


def target_rows(summary: Mapping[str, Any], accessions: Mapping[str, str]) -> list[dict[str, Any]]:
    """Describe each target by its replicate 1, all splits together but for the mean coverage.

    Returns
    -------
    list of dict
        `target`; `mean` by split; the counts of positions `bases`, `uncovered`, `stored_nan`,
        `negative` and `beyond_float16`; `peaks` or None; `replicate2` (bool); `pair`, the target of
        the opposite strand or None; `experiment` or None.
    """
    rows = []
    for name, pair in zip(summary["targets"], summary["strand_pairs"], strict=True):
        track, peaks = summary["tracks"][name], summary["peaks"][name]
        rows.append(
            {
                "target": name,
                "mean": {split: track[split]["mean"] for split in SPLITS},
                **{key: total(track, key) for key in COUNTED},
                "peaks": peaks and sum(peaks.values()),
                "replicate2": summary["replicate2"][name] is not None,
                "pair": None if summary["targets"][pair] == name else summary["targets"][pair],
                "experiment": accessions.get(name),
            }
        )
    return rows


COUNTED = ("bases", "uncovered", "stored_nan", "negative", "beyond_float16")
"""What is counted of the positions of a track."""


def total(track: Mapping[str, Mapping[str, Any]], key: str) -> int:
    """Add a count of a track over the splits."""
    return sum(counts[key] for counts in track.values())


def coverage_rows(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Describe the coverage of each target in each split, and of replicate 2 where it was read.

    Returns
    -------
    list of dict
        `target`, `replicate` (1 or 2), `split`, `mean`, `COUNTED`, and `peaks` or None.
    """
    rows = []
    for name in summary["targets"]:
        peaks = summary["peaks"][name] or {}
        for replicate, kind in ((1, "tracks"), (2, "replicate2")):
            for split, counts in (summary[kind][name] or {}).items():
                if counts["bases"]:
                    row = {"target": name, "replicate": replicate, "split": split}
                    row |= {key: counts[key] for key in ("mean", *COUNTED)}
                    rows.append(row | {"peaks": peaks.get(split) if replicate == 1 else None})
    return rows


def window_rows(summary: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Count the windows of each set in which a target itself is above the threshold or has a peak.

    Returns
    -------
    list of dict
        `target`, `split` and `windows`: by set a pair, the count (None for a target without peaks)
        and that of which it is a part: all tiled windows, or all of the set `peaks`.
    """
    windows, by_target = summary["windows"], summary["windows_by_target"]
    rows = []
    for index, name in enumerate(summary["targets"]):
        for split in SPLITS:
            counts = {
                kind: (count[split][index], windows["peaks" if kind == "peaks" else "tiled"][split])
                for kind, count in by_target.items()
            }
            if "peaks" in counts and summary["peaks"][name] is None:
                counts["peaks"] = (None, windows["peaks"][split])
            rows.append({"target": name, "split": split, "windows": counts})
    return rows


def file_rows(
    summary: Mapping[str, Any], inputs: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Describe the input files.

    Parameters
    ----------
    summary : mapping
        The store's summary.
    inputs : mapping
        `epibench.report.inputs.describe_inputs`.

    Returns
    -------
    list of dict
        `path`, `name`, `uses`, `source`, `accession` (of ENCODE's file, or None), `bytes`, `kind`
        (of the checksum) and `checksum`, which is the source's where that was given.
    """
    rows = []
    for file in summary["files"]:
        known = inputs[file["path"]]
        accession = ACCESSION.search(known["source"])
        kind, _, checksum = (known["checksum"] or file["checksum"]).partition(":")
        rows.append(
            {
                "path": file["path"],
                "name": file["path"].rpartition("/")[2],
                "uses": known["uses"],
                "source": known["source"],
                "accession": accession and accession[0],
                "bytes": file["bytes"],
                "kind": {"md5": "MD5", "sha256": "SHA-256"}[kind],
                "checksum": checksum,
            }
        )
    return rows
