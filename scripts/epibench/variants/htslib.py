"""Keep htslib from printing: what it finds wrong is said in one sentence instead."""

from collections.abc import Iterator
from contextlib import contextmanager

import pysam


@contextmanager
def silent() -> Iterator[None]:
    """Hold back htslib's messages on standard error until the block ends."""
    before = pysam.set_verbosity(0)
    try:
        yield
    finally:
        pysam.set_verbosity(before)
