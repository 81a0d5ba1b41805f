"""Read the measured variants of a study, with the genome around them."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from hashlib import file_digest
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from epibench.data.settings import SplitSettings
from epibench.errors import InputError
from epibench.files import whole
from epibench.variants.flanks import Flanks, read_flanks
from epibench.variants.tables import MEASURED, NOTHING, SKIPPED, Tables, read_tables
from epibench.variants.variant import REF_DIFFERS, Unscorable, Variant
from epibench.variants.window import make_window
from epibench.words import BASES

WRONG_GENOME = 0.01
"""Share of reference alleles that differ above which the table is of another genome."""

FEWEST = 20
"""Rows of an element from which that share is taken of the element alone as well."""

_SHOWN = 5


def read_variants(
    folder: str | Path,
    *,
    tables: Sequence[str | Path],
    fasta: str | Path,
    assembly: str | None = None,
    elements: str | Sequence[str] = "all",
    min_tags: int = 10,
    deletions: bool = False,
    window: int,
    centre: Literal["variant", "element"] = "variant",
    splits: SplitSettings,
    shown: str | None = None,
    matched: Sequence[str] = (),
    checksums: Mapping[str, str] | None = None,
    name_of: Callable[[str], str] = str,
) -> dict[str, Any]:
    """Write the variants that every run of a study scores, and the sequence around them.

    Every row that is written has a window: what the genome does not allow is left out here, once
    for all runs, so that all have the same variants.

    Parameters
    ----------
    folder : path
        Gets `variants.tsv` (element, chrom, start, ref, alt, effect, barcodes, p_value, split),
        `sequence.npz` (`Flanks`), `skipped.tsv` (`found` is what the FASTA file has instead of
        `ref`, where that is the reason) and `summary.json`.
    tables : sequence of path
        Measurements; `read_tables` has the formats, and `assembly`, `elements`, `min_tags` and
        `deletions`.
    fasta : path
        The genome, plain, gzip or bgzip; chromosomes are called as there, with or without `chr`.
    window : int
        Length of windows in bp.
    centre : "variant" or "element"
        What stands in the middle of windows; default "variant".
    splits : SplitSettings
        Which split a chromosome belongs to.
    shown : str or None
        An element that must be left, as its map will be drawn.
    matched : sequence of str
        Elements that the config names targets for: they must stand in the tables.
    checksums : mapping of str to str or None
        Checksums that were verified when files were fetched, by name.
    name_of : callable
        Takes the path of a table and gives what the summary calls it; default: the path.

    Returns
    -------
    dict
        The summary, as in `summary.json`.

    Raises
    ------
    InputError
        What `read_tables` and `read_flanks` refuse; elements in `shown` or `matched` that there are
        none of; a chromosome that the genome does not have; too
        many reference alleles that differ from it; when no row is left.
    """
    folder = Path(folder)
    measured = read_tables(
        tables, assembly=assembly, elements=elements, min_tags=min_tags, deletions=deletions
    )
    rows = measured.rows
    wanted = {  # an element's window reaches less far from each of its variants than its length
        chrom: [(start - window, start + window + 2) for start in group.unique()]
        for chrom, group in rows.groupby("chrom")["start"]
    }
    flanks, names = read_flanks(fasta, wanted)
    _check_chromosomes(rows, names, flanks, fasta)
    rows = rows.assign(chrom=rows["chrom"].map(names))
    rows, differing = _check_reference(rows, flanks, fasta, assembly)
    rows, without = _leave_out(rows, flanks, window, centre)
    before = measured.skipped
    before = before.assign(chrom=before["chrom"].map(lambda name: names.get(name, name)), found="")
    skipped = pd.concat([before, differing, without])[[*SKIPPED, "found"]]
    if not len(rows):
        raise InputError(
            f"{_names(tables)}: no variant can be scored (the first one: "
            f"{without['reason'].iloc[0]}); check windows.length and {fasta}"
        )
    known = {*rows["element"], *skipped["element"], *measured.missing}
    _check_names(rows["element"].unique(), known, shown, matched)
    rows["split"] = rows["chrom"].map(lambda chrom: splits.split_of(chrom) or "")
    order = rows["element"].map({name: i for i, name in enumerate(rows["element"].unique())})
    rows = rows.assign(order=order).sort_values(["order", "start", "alt"])[[*MEASURED, "split"]]
    summary = _summarize(rows, skipped, measured) | {
        "tables": [_describe(path, checksums or {}, name_of(str(path))) for path in tables]
    }
    _write(folder, rows, skipped, flanks, summary)
    return summary


def load_variants(path: str | Path) -> pd.DataFrame:
    """Read the `variants.tsv` that `read_variants` wrote."""
    text = dict.fromkeys(("element", "chrom", "ref", "alt", "split"), str)
    return pd.read_csv(
        path,
        sep="\t",
        dtype=text | {"barcodes": "Int64", "p_value": float},
        keep_default_na=False,
        na_values={"barcodes": [""], "p_value": [""]},
    )


def window_starts(rows: pd.DataFrame, length: int, centre: str) -> list[int | None]:
    """Give where the window of each variant starts; None: with the variant in its middle.

    Parameters
    ----------
    rows : DataFrame
        `element` and `start`.
    length : int
        Of windows, in bp.
    centre : "variant" or "element"
        With "element" all variants of an element share one window, around the middle of what was
        measured.
    """
    if centre == "variant":
        return [None] * len(rows)
    elements = rows.groupby("element")["start"]
    middle = (elements.transform("min") + elements.transform("max") + 1) // 2
    return (middle - length // 2).tolist()


def variant_of(row: Any) -> Variant:
    """Give the variant that a row of a table names."""
    ref, alt = ("" if allele == NOTHING else allele for allele in (row.ref, row.alt))
    return Variant(row.chrom, int(row.start), ref, alt)


def _check_names(
    left: Sequence[str], known: set[str], shown: str | None, matched: Sequence[str]
) -> None:
    """Refuse elements that the config names and that there are none of."""
    if shown is not None and shown not in left:
        raise InputError(
            f"variants.shown: no variant of {shown!r} is left to be drawn (elements: "
            f"{', '.join(left)}); name one of them"
        )
    for name in matched:
        if name not in known:
            raise InputError(
                f"variants.matched: the tables have no element {name!r} (elements: "
                f"{', '.join(left)}); correct it"
            )


def _check_chromosomes(
    rows: pd.DataFrame, names: Mapping[str, str], flanks: Flanks, fasta: str | Path
) -> None:
    """Refuse an element on a chromosome that the genome does not have."""
    lost = rows[~rows["chrom"].isin(list(names))]
    if len(lost):
        known = ", ".join(flanks.names[:_SHOWN]) + (", ..." if flanks.names[_SHOWN:] else "")
        raise InputError(
            f"{fasta}: has no chromosome {lost['chrom'].iloc[0]}, with or without chr, where the "
            f"element {lost['element'].iloc[0]} is (it has {known or 'none'}); give the genome of "
            "the tables, or leave the element out of variants.elements"
        )


def _check_reference(
    rows: pd.DataFrame, flanks: Flanks, fasta: str | Path, assembly: str | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the rows whose reference allele is in the genome, and the others."""
    found = pd.Series([_found(row, flanks) for row in rows.itertuples()], rows.index, dtype=str)
    differs = found != rows["ref"]
    shares = differs.groupby(rows["element"], sort=False).agg(["sum", "count"])
    suspects = [("all elements together", differs.sum(), len(rows), differs)]
    for element, (number, count) in shares.iterrows():
        if count >= FEWEST:
            here = differs & (rows["element"] == element)
            suspects.append((f"the element {element}", number, count, here))
    for what, number, count, here in reversed(suspects):  # an element says more than all of them
        if number > WRONG_GENOME * count:
            first = rows[here].iloc[0]
            raise InputError(
                f"{fasta}: element {first['element']}, position {first['start'] + 1:,} of "
                f"{first['chrom']}: the table's reference allele is {first['ref']}, the file has "
                f"{found[here].iloc[0] or 'nothing'}, and so for {number:,} of {count:,} rows of "
                f"{what}; the tables seem to be of another assembly than the genome "
                f"(variants.assembly is {assembly or 'not set'}), so set variants.assembly to the "
                "genome's, give the FASTA file of theirs, or leave the element out of "
                "variants.elements"
            )
    return rows[~differs], rows[differs].assign(reason=REF_DIFFERS, found=found[differs])


def _found(row: Any, flanks: Flanks) -> str:
    """Give what the genome has at a reference allele; nothing behind the end of the contig."""
    end = row.start + len(row.ref)
    if end > flanks.length(row.chrom):
        return ""
    return "".join((BASES + "N")[code] for code in flanks.codes(row.chrom, row.start, end))


def _leave_out(
    rows: pd.DataFrame, flanks: Flanks, window: int, centre: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the rows that have a window, and the others with the reason.

    The middle of an element depends on the rows that are left, so they are tried until all stay.
    """
    left_out = [rows[:0].assign(reason="", found="")]
    while len(rows):
        reasons = []
        starts = window_starts(rows, window, centre)
        for row, start in zip(rows.itertuples(), starts, strict=True):
            try:
                make_window(flanks, variant_of(row), window, start)
                reasons.append("")
            except Unscorable as error:
                reasons.append(str(error))
        bad = pd.Series(reasons, rows.index) != ""
        if not bad.any():
            break
        left_out.append(rows[bad].assign(reason=[text for text in reasons if text], found=""))
        rows = rows[~bad]
    return rows.copy(), pd.concat(left_out)


def _summarize(rows: pd.DataFrame, skipped: pd.DataFrame, measured: Tables) -> dict[str, Any]:
    """Count variants and reasons, all and by element."""
    names = dict.fromkeys([*rows["element"], *skipped["element"]])
    return {
        "variants": len(rows),
        "skipped": _count(skipped["reason"]),
        "elements": {name: _summarize_element(name, rows, skipped) for name in names},
        "missing": measured.missing,
        "without_tags": measured.without_tags,
    }


def _summarize_element(name: str, rows: pd.DataFrame, skipped: pd.DataFrame) -> dict[str, Any]:
    own = rows[rows["element"] == name]
    place = {}
    if len(own):
        place = {
            "chrom": own["chrom"].iloc[0],
            "start": int(own["start"].min()),
            "end": int(own["start"].max()) + 1,
            "split": own["split"].iloc[0],
        }
    reasons = _count(skipped.loc[skipped["element"] == name, "reason"])
    return {"variants": len(own)} | place | {"skipped": reasons}


def _count(reasons: pd.Series) -> dict[str, int]:
    return dict(Counter(reasons).most_common())


def _describe(path: str | Path, checksums: Mapping[str, str], name: str) -> dict[str, str | int]:
    """Give size and checksum of a table."""
    checksum = checksums.get(name)
    if not checksum:
        with open(path, "rb") as file:
            checksum = f"sha256:{file_digest(file, 'sha256').hexdigest()}"
    return {"path": name, "bytes": Path(path).stat().st_size, "checksum": checksum}


def _write(
    folder: Path, rows: pd.DataFrame, skipped: pd.DataFrame, flanks: Flanks, summary: dict[str, Any]
) -> None:
    for table, name in ((rows, "variants.tsv"), (skipped, "skipped.tsv")):
        with whole(folder / name) as path:
            table.to_csv(path, sep="\t", index=False)
    flanks.save(folder / "sequence.npz")
    with whole(folder / "summary.json") as path:
        path.write_text(json.dumps(summary, indent=1) + "\n")


def _names(tables: Sequence[str | Path]) -> str:
    return ", ".join(map(str, tables))
