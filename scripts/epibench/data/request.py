"""Ask servers over http(s), and again where the trouble may pass."""

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies

import requests

from epibench.errors import InputError

Log = Callable[[str], None]
Got = TypeVar("Got")

_PASSING = {408, 425, 429, 500, 502, 503, 504}
_PASSWORD = re.compile(r"//[^/\s]*@")
_LONGEST_PAUSE = 60.0
_LONGEST_WAIT = 600.0


@dataclass(frozen=True)
class Patience:
    """Say how long to wait for a server and how often to try again.

    `attempts` count in a row without a new byte. Between them pass `pause` seconds, doubled each
    time up to a minute, times a random number from 0.5 to 1.5 (so that jobs that failed together do
    not come back together), or what the server asks for, up to ten minutes. `connect` and `read`
    are the seconds without any answer that are an error.
    """

    attempts: int = 6
    pause: float = 2.0
    connect: float = 20.0
    read: float = 60.0

    def wait(self, attempt: int, asked: float | None) -> float:
        """Give the seconds to wait after a failed attempt, the first being 1."""
        if asked is not None:
            return min(asked, _LONGEST_WAIT)
        return min(_LONGEST_PAUSE, self.pause * 2 ** (attempt - 1)) * random.uniform(0.5, 1.5)


class PassingError(Exception):
    """Say what went wrong that may go well the next time.

    `wait` is how many seconds the server asks to wait, or None.
    """

    def __init__(self, message: str, wait: float | None = None):
        super().__init__(message)
        self.wait = wait


def persist(
    attempt: Callable[[], Got],
    patience: Patience,
    log: Log,
    reached: Callable[[], int] = lambda: 0,
) -> Got:
    """Call `attempt` until it ends well or patience does.

    Parameters
    ----------
    attempt : callable
        Raises PassingError where it is worth another try.
    patience : Patience
        How often to try, and how long to wait between.
    log : callable
        Takes one line before each wait.
    reached : callable
        Gives the number of bytes that are here; one more than ever before starts the count anew.

    Raises
    ------
    PassingError
        That of the last attempt.
    """
    failed, best = 0, reached()
    while True:
        try:
            return attempt()
        except PassingError as error:
            if reached() > best:
                failed, best = 0, reached()
            failed += 1
            if failed >= patience.attempts:
                raise
            wait = patience.wait(failed, error.wait)
            log(f"{error}; trying again in {wait:.0f} s")
            time.sleep(wait)


def open_address(
    session: requests.Session, address: str, patience: Patience, headers: dict[str, str]
) -> requests.Response:
    """Ask for an address once, following redirects, and return the answer with its body unread.

    Proxies are those of the environment (HTTPS_PROXY, NO_PROXY), as requests reads them.

    Raises
    ------
    PassingError
        When there is no answer, or the server is busy or broken for now.
    InputError
        When the address cannot be asked at all.
    """
    _check_proxies()
    try:
        response = session.get(
            address,
            # Checksums are of the file as it lies on the server, so nothing may repack it.
            headers={"User-Agent": "epibench", "Accept-Encoding": "identity"} | headers,
            timeout=(patience.connect, patience.read),
            stream=True,
        )
    except requests.exceptions.SSLError as error:
        raise InputError(f"{address}: no secure connection ({_cause(error)})") from None
    except (requests.ConnectionError, requests.Timeout) as error:
        raise PassingError(f"no answer from the server ({_cause(error)})") from None
    except (requests.RequestException, ValueError) as error:
        raise InputError(
            f"{address} cannot be asked for ({_without_password(error)}); correct the address"
        ) from None
    if response.status_code in _PASSING:
        response.close()
        wait = _seconds(response.headers.get("Retry-After"))
        raise PassingError(f"the server answers {response.status_code} {response.reason}", wait)
    return response


def _check_proxies() -> None:
    """Refuse a proxy whose address is none, without showing it: it may hold a password."""
    for kind, proxy in getproxies().items():
        if kind not in ("http", "https", "all"):
            continue
        try:
            parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
            is_address = bool(parts.hostname) and parts.port != 0
        except ValueError:
            is_address = False
        if not is_address:
            raise InputError(
                f"{kind.upper()}_PROXY: this is no address of a proxy; write http://host:port, "
                "with %2F for a slash in a password"
            )


def _cause(error: BaseException) -> str:
    """Give the innermost reason, since requests and urllib3 wrap it several times."""
    while inner := getattr(error, "reason", None) or (error.args and error.args[0]):
        if not isinstance(inner, BaseException):
            break
        error = inner
    return _without_password(error).rpartition(": ")[2] or type(error).__name__


def _without_password(error: BaseException) -> str:
    """Say what went wrong without name and password, which the address of a redirect may hold."""
    return _PASSWORD.sub("//", str(error))


def _seconds(retry_after: str | None) -> float | None:
    """Read a Retry-After header: a number of seconds or a date."""
    if not retry_after:
        return None
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):  # TypeError: a date without a time zone
        return None
