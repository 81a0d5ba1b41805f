"""Say where an input file comes from (light: parsed at every start of the workflow)."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from epibench.errors import InputError

ENCODE = "https://www.encodeproject.org/files/{}/@@download/{}"
S3 = "https://{}.s3.amazonaws.com{}"
_DIGITS = {"md5": 32, "sha256": 64}
_BUCKET = re.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_LONGEST_NAME = 200  # bytes; a file's name has 255, and a temporary one a part before it
_UNFIT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff{}]")  # braces: wildcards of Snakemake


@dataclass(frozen=True)
class Source:
    """Say where a file comes from and how to know it.

    `address` is a path or an http(s) address, `name` the last part of it or the ENCODE file.
    `algorithm`, `checksum` and `size` (bytes) are None where they were not given.
    """

    address: str
    name: str
    algorithm: str | None = None
    checksum: str | None = None
    size: int | None = None

    @property
    def remote(self) -> bool:
        """Whether the file must be downloaded."""
        return self.address.startswith(("http://", "https://"))


def parse_source(source: str) -> Source:
    """Understand a path, a `file://`, http(s) or `s3://` address, or an ENCODE file.

    An ENCODE file is an accession with its ending, such as `ENCFF782GKX.bigWig`. Each may end in
    `#md5=...` or `#sha256=...`, `#size=...`, or both joined by `&`: checksum and bytes of the file.
    A `#` that begins nothing like it belongs to the path.

    Raises
    ------
    InputError
        When the checksum, the size or the kind of address is unknown, or it holds a password.
    """
    address, facts = source, {}
    if found := re.fullmatch(r"(.*)#(\w+=\w*(?:&\w+=\w*)*)", source):
        address, facts = found[1], _facts(source, found[2])
    if found := re.fullmatch(r"(ENCFF[0-9]{3}[A-Z]{3})(\.[\w.]+)", address):
        return Source(ENCODE.format(found[1], address), address, **facts)
    path = address
    if "://" in address:
        try:
            parts = urlsplit(address)
        except ValueError as error:
            raise InputError(f"{source}: this is no address ({error}); correct it") from None
        address = parts.scheme + address[len(parts.scheme) :]  # its letters are small
        if parts.scheme not in ("http", "https", "file", "s3"):
            raise InputError(
                f"{source}: addresses that begin with {parts.scheme}:// are not fetched; "
                "give an https address or a path"
            )
        if "@" in parts.netloc:
            # Not echoed: addresses stand in logs, reports and provenance.
            shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
            raise InputError(
                f"{shown}: the address holds a user name or password, which would stand in every "
                "log and report; put it into ~/.netrc and leave it out here"
            )
        _check_host(address, parts)
        path = unquote(parts.path)
        address = {"file": path, "s3": S3.format(parts.netloc, parts.path)}.get(
            parts.scheme, address
        )
    name = Path(path).name
    if not name or name == "..":
        raise InputError(f"{source!r} names no file; give a path or the address of a file")
    if _UNFIT.search(source + path) or len(name.encode()) > _LONGEST_NAME:
        raise InputError(
            f"{source!r}: the address or the name of the file has braces or what cannot be "
            f"printed, or the name has over {_LONGEST_NAME} bytes; rename the file"
        )
    return Source(address, name, **facts)


def _check_host(address: str, parts: SplitResult) -> None:
    """Refuse an address without the host or bucket that its kind needs, or with another's."""
    if parts.scheme == "file" and parts.netloc not in ("", "localhost"):
        raise InputError(
            f"{address}: a file:// address is one of this machine and names no other; write "
            "file:///path, or give an https address"
        )
    if parts.scheme == "s3" and not _BUCKET.fullmatch(parts.netloc):
        raise InputError(f"{address}: {parts.netloc!r} is no bucket; write s3://bucket/path")
    if parts.scheme in ("http", "https") and not parts.hostname:
        raise InputError(f"{address}: the address names no host; correct it")


def is_local(source: str) -> bool:
    """Tell whether a source is a plain path, which is used where it lies and never fetched."""
    found = parse_source(source)
    return not found.remote and found == Source(source, Path(source).name)


def is_bigbed(source: str) -> bool:
    """Tell a bigBed file by the ending of its name."""
    return parse_source(source).name.lower().endswith((".bigbed", ".bb"))


def _facts(source: str, fragment: str) -> dict[str, str | int]:
    """Read checksum and size of a file from the end of its address."""
    facts = {}
    for part in fragment.split("&"):
        key, value = part.split("=")
        if key == "size" and re.fullmatch("[0-9]{1,15}", value) and "size" not in facts:
            facts["size"] = int(value)
        elif _is_checksum(key, value) and "checksum" not in facts:
            facts |= {"algorithm": key, "checksum": value.lower()}
        else:
            raise InputError(
                f"{source}: {part} is no checksum and no size; give one #md5= with 32 or #sha256= "
                "with 64 hexadecimal digits, and &size= with the number of bytes"
            )
    return facts


def _is_checksum(algorithm: str, digits: str) -> bool:
    return len(digits) == _DIGITS.get(algorithm) and not re.search("[^0-9a-fA-F]", digits)
