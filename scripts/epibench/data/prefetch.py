"""Make things ahead of who takes them, in order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def prefetched(make: Callable[[int], T], indices: Iterable[int], workers: int) -> Iterator[T]:
    """Yield `make(i)` of each index in order, while threads make the next ones.

    At most `workers + 1` things are ready or being made besides the one that was given last.
    Threads suffice: NumPy holds no interpreter lock while it copies and computes. An exception in
    `make` arrives where its thing would have; closing the iterator (also by leaving the loop over
    it, as soon as nothing else refers to it) ends the threads.

    Parameters
    ----------
    make : callable
        Called with one index at a time, from several threads at once.
    indices : iterable of int
        What to make.
    workers : int
        Threads; 0 makes each thing when it is asked for, without a thread.

    Yields
    ------
    object
        What `make` returns.
    """
    if not workers:
        yield from map(make, indices)
        return
    threads = ThreadPoolExecutor(workers, thread_name_prefix="prefetch")
    upcoming = deque()
    try:
        for index in indices:
            upcoming.append(threads.submit(make, index))
            if len(upcoming) > workers + 1:
                yield upcoming.popleft().result()
        while upcoming:
            yield upcoming.popleft().result()
    finally:
        threads.shutdown(cancel_futures=True)
