"""Show how far a long command is."""

import sys
import time

from tqdm import tqdm

EVERY = 60
"""Seconds between the lines that are written where standard error is no terminal."""


class Progress:
    """A bar on a terminal, otherwise a line every minute; use as a context.

    Parameters
    ----------
    what : str
        What is done.
    total : int or None
        Records in all, where known.
    """

    def __init__(self, what: str, total: int | None):
        self._bar = tqdm(desc=what, total=total, unit=" records", file=sys.stderr, disable=None)
        self._what, self._total = what, total
        self._done, self._written = 0, time.monotonic()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *error) -> None:
        self._bar.close()

    def add(self, records: int) -> None:
        """Count records that are done."""
        self._done += records
        self._bar.update(records)
        if self._bar.disable and time.monotonic() - self._written >= EVERY:
            self._written = time.monotonic()
            of = f" of {self._total:,}" if self._total else ""
            print(f"{self._what}: {self._done:,}{of} records", file=sys.stderr, flush=True)
