"""Bring input files to where the workflow reads them: linked or downloaded, and verified."""

import hashlib
import json
import os
import time
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import requests
import urllib3

from epibench.data.request import Log, PassingError, Patience, open_address, persist
from epibench.data.source import Source, parse_source
from epibench.errors import InputError
from epibench.files import require_file, whole

MIRROR = "EPIBENCH_MIRROR"
"""Environment variable: a folder, or the beginning of http(s) addresses, with files by name."""

_BLOCK = 1 << 20
_REPORT_SECONDS = 5.0


class _WrongFileError(InputError):
    """Say that a file is not the one that is wanted."""


class _AbsentError(InputError):
    """Say that the server has no such file."""


def fetch(
    source: str,
    out: str | Path,
    log: Log = print,
    patience: Patience = Patience(),  # noqa: B008 - it is frozen
) -> None:
    """Link a file that is on this machine, or download it, and verify its size and checksum.

    A download is kept as `files/<name of out>` beside `out`, which becomes a link to it: Snakemake
    deletes `out` before the rule runs, and a file that was verified shall not be downloaded again.
    Until it is whole it is `files/.<name>.part`; what a network error or the end of the process
    left there is resumed, unless the file on the server is another one by then.

    Where EPIBENCH_MIRROR names a folder or the beginning of an address, a remote file that it holds
    by its last name is linked or downloaded from there.

    Parameters
    ----------
    source : str
        What `parse_source` understands.
    out : str or Path
        The link to make: absolute for files that are on this machine, relative for downloads.
    log : callable
        Takes one line when the work starts, every few seconds of a download, and when it ends.
    patience : Patience
        Time limits, and how often to try again.

    Raises
    ------
    InputError
        When the file cannot be had; or has another size or checksum: then nothing is kept.
    """
    out, wanted = Path(out), parse_source(source)
    kept = out.parent / "files" / out.name
    with whole(out) as link:
        if not wanted.remote:
            path = Path(wanted.address).absolute()
            require_file(path, "correct the path")
            _verify(wanted, path)
        elif _is_verified(wanted, kept):
            log(f"{wanted.address} was downloaded and verified before; it is not downloaded again")
            path = kept
        else:
            kept.unlink(missing_ok=True)
            path = _from_mirror(wanted, kept, log, patience)
            if path is None:
                path = _download(wanted, kept, log, patience)
        link.symlink_to(os.path.relpath(path, out.parent) if path == kept else path)
        log(f"{out}: {path.stat().st_size:,} bytes{', verified' if wanted.checksum else ''}")


def _verify(wanted: Source, path: Path) -> None:
    """Refuse a file of another size or checksum."""
    size = path.stat().st_size
    if wanted.size is not None and size != wanted.size:
        _refuse_size(wanted, size)
    if wanted.algorithm:
        with open(path, "rb") as file:
            got = hashlib.file_digest(file, wanted.algorithm).hexdigest()
        if got != wanted.checksum:
            raise _WrongFileError(
                f"{wanted.address}: the {wanted.algorithm} checksum is {got}, expected "
                f"{wanted.checksum}; fetch it again, or correct the checksum behind the address"
            )


def _refuse_size(wanted: Source, got: int) -> None:
    raise _WrongFileError(
        f"{wanted.address}: the file has {got} bytes, expected {wanted.size}; fetch it again, or "
        "correct the size behind the address"
    )


def _is_verified(wanted: Source, kept: Path) -> bool:
    """Tell whether an earlier download is what is wanted; only a checksum can."""
    if wanted.checksum is None or not kept.is_file():
        return False
    try:
        _verify(wanted, kept)
    except _WrongFileError:
        return False
    return True


def _from_mirror(wanted: Source, kept: Path, log: Log, patience: Patience) -> Path | None:
    """Give the mirror's file, verified, or None where there is no mirror or it lacks the file."""
    mirror = os.environ.get(MIRROR)
    if not mirror:
        return None
    if mirror.startswith(("http://", "https://")):
        address = parse_source(f"{mirror.rstrip('/')}/{quote(wanted.name)}").address
        there = replace(wanted, address=address)
        try:
            return _download(there, kept, log, patience)
        except _AbsentError:
            log(f"the mirror {mirror} has no {wanted.name}")
            return None
    if not Path(mirror).is_dir():
        raise InputError(f"{MIRROR}={mirror}: there is no such folder; correct the variable")
    path = Path(mirror, wanted.name).absolute()
    if not path.is_file():
        log(f"the mirror {mirror} has no {wanted.name}")
        return None
    log(f"linking {path} in place of {wanted.address}")
    _verify(replace(wanted, address=str(path)), path)
    return path


@dataclass(frozen=True)
class _Part:
    """The beginning of a download, and what the server said of the whole when it began."""

    path: Path
    facts: Path

    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def remember(self, response: requests.Response, address: str, total: int | None) -> None:
        tags = {key: response.headers.get(key) for key in ("ETag", "Last-Modified")}
        self.facts.write_text(json.dumps(tags | {"address": address, "total": total}))

    def recall(self, address: str) -> dict:
        """Give what was remembered, nothing where the rest cannot be asked for."""
        try:
            facts = json.loads(self.facts.read_text())
            same = facts["address"] == address and self.size() > 0
        except (OSError, ValueError, KeyError):
            return {}
        return facts if same and _version(facts) else {}

    def remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self.facts.unlink(missing_ok=True)


def _version(tags) -> str | None:
    """Give what tells one version of a file from another, for If-Range: no weak tag may."""
    tag = tags.get("ETag")
    return tag if tag and not tag.startswith("W/") else tags.get("Last-Modified")


def _download(wanted: Source, kept: Path, log: Log, patience: Patience) -> Path:
    """Download a file whole, verify it, and give its path."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    part = _Part(kept.with_name(f".{kept.name}.part"), kept.with_name(f".{kept.name}.part.json"))
    log(f"downloading {wanted.address}")
    try:
        with requests.Session() as session:
            persist(
                lambda: _transfer(session, wanted, part, log, patience), patience, log, part.size
            )
        _verify(wanted, part.path)
    except PassingError as error:
        raise InputError(
            f"{wanted.address} cannot be downloaded ({error}); check the address and the "
            f"connection and run it again{_kept(part.size())}"
        ) from None
    except _WrongFileError:
        part.remove()
        raise
    os.replace(part.path, kept)
    part.remove()
    return kept


def _kept(size: int) -> str:
    return f": the {size:,} bytes that are here are kept" if size else ""


def _transfer(
    session: requests.Session, wanted: Source, part: _Part, log: Log, patience: Patience
) -> None:
    """Download what is missing, or all where that is not possible."""
    facts = part.recall(wanted.address)
    at = part.size() if facts else 0
    if at and at == facts["total"]:
        return
    headers = {"Range": f"bytes={at}-", "If-Range": _version(facts)} if at else {}
    with open_address(session, wanted.address, patience, headers) as response:
        total = _total(response, wanted, at)
        if at and (response.status_code == 416 or not _continues(response, at, facts, total)):
            log("the file changed, or the server cannot go on in the middle; starting anew")
            part.remove()
            if response.status_code != 200:
                raise PassingError("the rest belongs to another file", wait=0)
            at = 0
        if wanted.size is not None and total not in (None, wanted.size):
            _refuse_size(wanted, total)
        if at:
            log(f"going on at {at:,} bytes")
        else:
            part.remember(response, wanted.address, total)
        _write(response, part.path, at, total, log)
    if total is not None and part.size() != total:
        raise PassingError(f"the connection ended at {part.size():,} of {total:,} bytes")


def _total(response: requests.Response, wanted: Source, at: int) -> int | None:
    """Give the bytes of the whole file, None where the server does not say.

    Raises
    ------
    InputError
        When the server does not give the file.
    """
    if response.status_code == 200:
        length = response.headers.get("Content-Length", "")
    elif at and response.status_code in (206, 416):
        length = response.headers.get("Content-Range", "").rpartition("/")[2]
    else:
        kind = _AbsentError if response.status_code in (404, 410) else InputError
        raise kind(
            f"{wanted.address} cannot be downloaded (the server answers {response.status_code} "
            f"{response.reason}); correct the address"
        )
    return int(length) if length.isdecimal() else None


def _continues(response: requests.Response, at: int, facts: dict, total: int | None) -> bool:
    """Tell whether an answer is the rest of what is here: not every server heeds If-Range."""
    now = _version(response.headers)
    return (
        response.status_code == 206
        and response.headers.get("Content-Range", "").startswith(f"bytes {at}-")
        and now in (None, _version(facts))
        and (None in (total, facts["total"]) or total == facts["total"])
    )


def _write(response: requests.Response, path: Path, at: int, total: int | None, log: Log) -> None:
    """Append the body of an answer, as it comes, to the first `at` bytes of a file."""
    start = told = time.monotonic()
    done = at
    with open(path, "ab" if at else "wb") as file:
        try:
            while block := response.raw.read1(_BLOCK, decode_content=False):
                file.write(block)
                done += len(block)
                now = time.monotonic()
                if now - told >= _REPORT_SECONDS:
                    told = now
                    share = f"{done / total:4.0%} of {total:,}" if total else f"{done:,}"
                    log(f"{share} bytes, {(done - at) / 1e6 / (now - start):.1f} MB/s")
        except (urllib3.exceptions.HTTPError, ConnectionError, TimeoutError) as error:
            raise PassingError(f"the connection broke at {done:,} bytes ({error})") from None
