"""Choose the files of an ENCODE experiment by rule (light: knows their descriptions only)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from epibench.errors import InputError

ROLES = ("track", "replicate2", "peaks")
_SHOWN = 8  # of what an experiment has in place of what it lacks


@dataclass(frozen=True)
class Wish:
    """Say which files are wanted of an experiment.

    `replicates` are the biological replicates of `track` and of `replicate2`. Peaks of replicate 1
    (of the first one here) are the default, as in the paper's study: they belong to the track that
    models are trained on, while those of the pooled set come from replicate 2 as well, which is
    kept apart to say what an experiment achieves.
    """

    assembly: str = "GRCh38"
    output_type: str = "fold change over control"
    peak_type: str = "IDR thresholded peaks"
    peaks: Literal["replicate1", "pooled"] = "replicate1"
    replicates: tuple[int, int] = (1, 2)
    allow_archived: bool = False

    @property
    def statuses(self) -> tuple[str, ...]:
        """Which experiments, analyses and files may be used."""
        return ("released", "archived", "revoked") if self.allow_archived else ("released",)


@dataclass(frozen=True)
class Choice:
    """Hold the description of the file of each role, None where there is none, and remarks."""

    files: dict[str, dict[str, Any] | None]
    remarks: list[str] = field(default_factory=list)


def is_wanted_kind(file: dict[str, Any], wish: Wish) -> bool:
    """Tell whether format and output type are those of a track or of peaks."""
    kinds = {"bigWig": wish.output_type, "bed": wish.peak_type, "bigBed": wish.peak_type}
    wanted = kinds.get(file.get("file_format"))
    return wanted is not None and wanted == file.get("output_type")


def choose_files(
    accession: str, files: list[dict[str, Any]], analyses: dict[str, dict[str, Any]], wish: Wish
) -> Choice:
    """Choose track, replicate 2 and peaks of an experiment, all of one analysis.

    The newest released analysis that has the track and that no other one supersedes is taken. Peaks
    are taken as bed narrowPeak before bigBed, which ENCODE makes of it and which has to be turned
    back. Files of the same rank are told apart by ENCODE's default, then by their age.

    Parameters
    ----------
    accession : str
        Of the experiment, for messages.
    files : list of dict
        Descriptions of files as ENCODE gives them; those that `is_wanted_kind` are whole, with
        `analyses` as a list of the analyses' `@id`.
    analyses : dict of str to dict
        Descriptions of analyses by their `@id`.
    wish : Wish
        What is wanted.

    Raises
    ------
    InputError
        When there is no track; the message says what there is.
    """
    kinds = [file for file in files if is_wanted_kind(file, wish)]
    usable = [file for file in kinds if _is_usable(file, wish)]
    everybody = sorted({number for file in usable for number in file["biological_replicates"]})
    of_role = {role: _of_role(usable, role, everybody, wish) for role in ROLES}
    tracks = [file for file in of_role["track"] if _analyses_of(file, analyses, wish)]
    if not tracks:
        raise InputError(_describe_lack(accession, files, wish))
    ranked = _rank_analyses(tracks, analyses, wish)
    taken, *others = ranked
    remarks = _remark_analyses(taken, others, kinds, analyses, wish)
    chosen = {}
    for role in ROLES:
        found = [file for file in of_role[role] if taken in _analyses_of(file, analyses, wish)]
        chosen[role] = _best(found, role, remarks)
    if not chosen["replicate2"]:
        remarks.append(
            f"no {wish.output_type} of biological replicate {wish.replicates[1]} alone; the cell "
            "stays empty (--replicates chooses others)"
        )
    if not chosen["peaks"]:
        whose = "all replicates" if wish.peaks == "pooled" else f"replicate {wish.replicates[0]}"
        remarks.append(
            f"no {wish.peak_type} of {whose}; the cell stays empty (--peaks and --peak-type choose "
            f"others; there are {_list_what(files, ('bed', 'bigBed'), wish)})"
        )
    return Choice(chosen, remarks)


def _is_usable(file: dict[str, Any], wish: Wish) -> bool:
    return (
        file["status"] in wish.statuses
        and file.get("assembly") == wish.assembly
        and not file.get("no_file_available")
        and (file["file_format"] != "bed" or file.get("file_format_type") == "narrowPeak")
    )


def _of_role(
    files: list[dict[str, Any]], role: str, everybody: list[int], wish: Wish
) -> list[dict[str, Any]]:
    """Give the files that may have a role."""
    replicates = {
        "track": [wish.replicates[0]],
        "replicate2": [wish.replicates[1]],
        "peaks": everybody if wish.peaks == "pooled" else [wish.replicates[0]],
    }[role]
    return [
        file
        for file in files
        if (file["file_format"] != "bigWig") == (role == "peaks")
        and sorted(file["biological_replicates"]) == replicates
    ]


def _analyses_of(file: dict[str, Any], analyses: dict[str, dict], wish: Wish) -> list[str | None]:
    """Give the analyses of a file that may be used, None standing for a file without any."""
    if not file["analyses"]:
        return [None]
    return [name for name in file["analyses"] if analyses[name]["status"] in wish.statuses]


def _rank_analyses(
    tracks: list[dict[str, Any]], analyses: dict[str, dict], wish: Wish
) -> list[str | None]:
    """Give the analyses that have the track, the best first."""
    names = {name for file in tracks for name in _analyses_of(file, analyses, wish)}
    by_name = sorted(names, key=lambda name: name or "")
    return sorted(by_name, key=lambda name: _rank(analyses.get(name)), reverse=True)


def _rank(analysis: dict[str, Any] | None) -> tuple:
    if analysis is None:
        return (False, False, "")
    superseded = bool(analysis.get("superseded_by"))
    return (analysis["status"] == "released", not superseded, analysis.get("date_created", ""))


def _remark_analyses(
    taken: str | None,
    others: Iterable[str | None],
    kinds: list[dict[str, Any]],
    analyses: dict[str, dict],
    wish: Wish,
) -> list[str]:
    """Say which analyses are left out, and what speaks against the one that is taken."""
    remarks = []
    if problem := _problem(analyses.get(taken)):
        remarks.append(f"the analysis that is taken, {_title(taken, analyses)}, {problem}")
    for other in others:
        if _rank(analyses.get(other)) == _rank(analyses.get(taken)):
            remarks.append(
                f"{_title(taken, analyses)} and {_title(other, analyses)} are analyses of the same "
                "rank; the first is taken"
            )
    here = [file for file in kinds if file.get("assembly") == wish.assembly]
    named = {name for file in here for name in file["analyses"] if name != taken}
    for name in sorted(named):
        if problem := _problem(analyses[name]):
            remarks.append(f"the analysis {_title(name, analyses)} {problem} and is left out")
    return remarks


def _problem(analysis: dict[str, Any] | None) -> str | None:
    """Say why an analysis should not be used, or None."""
    if analysis is None:
        return None
    if analysis["status"] != "released":
        return f"is {analysis['status']}"
    return "is superseded by another one" if analysis.get("superseded_by") else None


def _title(name: str | None, analyses: dict[str, dict]) -> str:
    if name is None:
        return "the files without an analysis"
    return f"{analyses[name].get('title', '')} ({name.strip('/').rpartition('/')[2]})".strip()


def _best(found: list[dict[str, Any]], role: str, remarks: list[str]) -> dict[str, Any] | None:
    """Give the file of the highest rank, and remark where there are two."""

    def rank(file):
        is_default = bool(file.get("preferred_default"))
        return (file["file_format"] != "bigBed", is_default, file.get("date_created", ""))

    ordered = sorted(sorted(found, key=lambda f: f["accession"]), key=rank, reverse=True)
    same = [file["accession"] for file in ordered if rank(file) == rank(ordered[0])]
    if len(same) > 1:
        remarks.append(f"{' and '.join(same)} are of the same rank for {role}; {same[0]} is taken")
    return ordered[0] if ordered else None


def _describe_lack(accession: str, files: list[dict[str, Any]], wish: Wish) -> str:
    """Say that there is no track, and what there is."""
    status = " or ".join(wish.statuses)
    return (
        f"{accession} has no {status} bigWig of {wish.output_type} on {wish.assembly} of "
        f"biological replicate {wish.replicates[0]} alone; choose with --output-type, --assembly, "
        f"--replicates or --allow-archived (there are {_list_what(files, ('bigWig',), wish)})"
    )


def _list_what(files: list[dict[str, Any]], formats: tuple[str, ...], wish: Wish) -> str:
    """List the kinds of files of some formats that an experiment has."""
    kinds = {}
    for file in files:
        if file.get("file_format") in formats:
            numbers = "+".join(map(str, file.get("biological_replicates", []))) or "?"
            status = "" if file.get("status") == "released" else f", {file.get('status')}"
            what = f"{file.get('output_type')} of {numbers} on {file.get('assembly')}{status}"
            kinds[what] = None
    shown = list(kinds)[:_SHOWN]
    more = ["..."] if len(kinds) > _SHOWN else []
    return "; ".join(shown + more) or "none at all"
