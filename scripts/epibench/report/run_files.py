"""The end of a run's log, and where its files are."""

import re
from collections import deque
from pathlib import Path
from urllib.parse import quote

from epibench.report.inline import relative
from epibench.report.shown import readable_bytes

OWN_RULE = "write_run_page"
"""The rule that makes the page: what it took and logs is known only when the page is there."""

LAST_LINES = 60
"""Lines of a log that the page shows."""

LONGEST_LINE = 400
"""Letters of a line that the page shows."""

_ESCAPES = re.compile(
    r"\x1b(?:\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles and links of a terminal
    r"|\[[0-?]*[ -/]*[@-~]"  # colours, movements
    r"|[@-Z\\^_])"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def log_tail(path: Path) -> list[str]:
    """Give the last lines of a log as they would stand on a terminal, without colours.

    Of a progress bar, which writes over itself, the last state stands. No lines where there is no
    log: it is no output that Snakemake keeps.
    """
    if not path.is_file():
        return []
    with open(path, encoding="utf-8", errors="replace", newline="\n") as handle:
        lines = deque(handle, maxlen=LAST_LINES)
    return [_plain(line) for line in lines]


def _plain(line: str) -> str:
    """Remove what a terminal does not show, and cut the line where it is very long."""
    seen = _ESCAPES.sub("", line).rstrip("\r\n").rpartition("\r")[2]
    seen = _CONTROL.sub("", seen)
    return seen if len(seen) <= LONGEST_LINE else f"{seen[:LONGEST_LINE]} ..."


def file_rows(results: Path, run: str, base: Path) -> list[dict[str, str]]:
    """Give `name`, `size` (readable) and `href` of every file of a run, its logs at the end.

    Parameters
    ----------
    results : path
        The study's folder.
    run : str
        The run's name.
    base : path
        The folder of the page, for relative addresses.
    """
    folder = results / "runs" / run
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name[0] != "."]
    found = {path.relative_to(folder).as_posix(): path for path in sorted(paths, key=_depth)}
    for rule in sorted((results / "logs").glob("*")):
        if rule.name != OWN_RULE and (rule / f"{run}.log").is_file():
            found[f"log of {rule.name}"] = rule / f"{run}.log"
    return [
        {"name": name, "size": readable_bytes(path.stat().st_size), "href": address(path, base)}
        for name, path in found.items()
    ]


def _depth(path: Path) -> tuple[int, str]:
    """Sort files before those of folders within."""
    return len(path.parts), str(path)


def address(path: Path, base: Path) -> str:
    """Give a file's address as seen from a page's folder, whatever letters are in its name."""
    return quote(relative(path, base), safe="/+,=@:~")
