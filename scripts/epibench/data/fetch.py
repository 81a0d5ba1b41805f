"""Bring input files to where the workflow reads them (light: parsed at every start)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from epibench.errors import InputError
from epibench.files import whole

ENCODE = "https://www.encodeproject.org/files/{}/@@download/{}"
_DIGITS = {"md5": 32, "sha256": 64}


@dataclass(frozen=True)
class Source:
    """Say where a file comes from.

    `address` is a path or an http(s) address, `name` the last part of it or the ENCODE file,
    `algorithm` and `checksum` are None where no checksum was given.
    """

    address: str
    name: str
    algorithm: str | None = None
    checksum: str | None = None

    @property
    def remote(self) -> bool:
        """Whether the file must be downloaded."""
        return self.address.startswith(("http://", "https://"))


def parse_source(source: str) -> Source:
    """Understand a path, a `file://` or http(s) address, or an ENCODE file with its ending.

    Each may end in `#md5=...` or `#sha256=...`, the checksum of the file.

    Raises
    ------
    InputError
        When the checksum or the kind of address is unknown.
    """
    address, algorithm, checksum = source, None, None
    if found := re.fullmatch(r"(.*)#(\w+)=(\w*)", source):
        address, algorithm, checksum = found[1], found[2], found[3].lower()
        if len(checksum) != _DIGITS.get(algorithm) or re.search("[^0-9a-f]", checksum):
            raise InputError(
                f"{source}: {found[2]}={found[3]} is no checksum; give #md5= with 32 or #sha256= "
                "with 64 hexadecimal digits"
            )
    if found := re.fullmatch(r"(ENCFF[0-9]{3}[A-Z]{3})(\.[\w.]+)", address):
        return Source(ENCODE.format(found[1], address), address, algorithm, checksum)
    path = address
    if "://" in address:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https", "file"):
            raise InputError(
                f"{source}: addresses that begin with {parts.scheme}:// are not fetched; "
                "give an https address or a path"
            )
        path = unquote(parts.path)
        address = path if parts.scheme == "file" else address
    name = Path(path).name
    if not name:
        raise InputError(f"{source!r} names no file; give a path or the address of a file")
    return Source(address, name, algorithm, checksum)


def is_local(source: str) -> bool:
    """Tell whether a source is a plain path, which is used where it lies and never fetched."""
    return parse_source(source) == Source(source, Path(source).name)


def fetch(source: str, out: str | Path, log: Callable[[str], None] = print) -> None:
    """Download a file, or link one that is on this machine, and verify its checksum.

    A download gets a temporary name first, so `out` is there whole or not at all.

    Parameters
    ----------
    source : str
        What `parse_source` understands.
    out : str or Path
        The file to make: a symbolic link with an absolute target for a path or `file://` address.
    log : callable
        Takes one line when the work starts and one when it ends.

    Raises
    ------
    InputError
        When the file cannot be had, or has another checksum: then nothing is kept.
    """
    wanted = parse_source(source)
    with whole(out) as temporary:
        if wanted.remote:
            log(f"downloading {wanted.address}")
            _download(wanted, temporary)
        else:
            path = Path(wanted.address).absolute()
            if not path.is_file():
                raise InputError(f"{source}: there is no file {path}; correct the path")
            temporary.symlink_to(path)
        if wanted.algorithm:
            _verify(wanted, temporary)
        log(f"{out}: {temporary.stat().st_size:,} bytes")


def _download(wanted: Source, temporary: Path) -> None:
    import pooch  # here, with requests, since the workflow only parses sources
    import requests

    try:
        pooch.HTTPDownloader()(wanted.address, str(temporary), None)
    except (requests.RequestException, OSError) as error:
        raise InputError(
            f"{wanted.address} cannot be downloaded ({error}); check the address and the connection"
        ) from None


def _verify(wanted: Source, path: Path) -> None:
    import pooch

    got = pooch.file_hash(str(path), alg=wanted.algorithm)
    if got != wanted.checksum:
        raise InputError(
            f"{wanted.address}: the {wanted.algorithm} checksum is {got}, expected "
            f"{wanted.checksum}; fetch it again or correct the checksum"
        )
