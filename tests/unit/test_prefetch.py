"""Making ahead: order, bound, errors, and no thread left behind."""

import threading
import time

import pytest

from epibench.data.prefetch import prefetched


def threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


@pytest.mark.parametrize("workers", [0, 1, 2, 5])
def test_order_is_kept_whatever_takes_long(workers):
    def make(index):
        time.sleep(0.01 * (index % 3 == 0))
        return index * index

    assert list(prefetched(make, range(3, 20), workers)) == [i * i for i in range(3, 20)]
    assert list(prefetched(make, [], workers)) == []
    assert not threads()


def test_threads_work_at_the_same_time():
    both = threading.Barrier(2, timeout=10)  # breaks unless two wait at once
    assert list(prefetched(lambda index: both.wait() >= 0, range(6), 2)) == [True] * 6


@pytest.mark.parametrize(("workers", "ahead"), [(0, 0), (1, 2), (3, 4)])
def test_no_more_than_the_bound_is_made_ahead(workers, ahead):
    made = []
    taken = prefetched(lambda index: made.append(index), range(50), workers)
    assert not made  # nothing before the first is asked for
    for count, _ in enumerate(taken, 1):
        deadline = time.monotonic() + 10
        while len(made) < min(count + ahead, 50) and time.monotonic() < deadline:
            time.sleep(0.0005)
        assert len(made) == min(count + ahead, 50)


@pytest.mark.parametrize("workers", [0, 1, 4])
def test_an_error_arrives_in_its_place(workers):
    def make(index):
        if index == 3:
            raise OSError("no track")
        return index

    taken = prefetched(make, range(9), workers)
    assert [next(taken) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="no track"):
        next(taken)
    assert not threads()


def test_leaving_early_ends_the_threads():
    for index in prefetched(lambda index: index, range(100), 3):
        assert threads()
        if index == 4:
            break
    assert not threads()
    taken = prefetched(lambda index: index, range(100), 2)
    next(taken)
    taken.close()
    assert not threads()
