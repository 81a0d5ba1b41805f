"""Hear the signals with which a cluster takes a job's machine away."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGTERM, signal.SIGUSR1)


class Interrupt:
    """Tell whether the job was asked to stop; `signal` is the name of what asked."""

    def __init__(self):
        self.signal: str | None = None

    def __bool__(self) -> bool:
        return self.signal is not None


@contextmanager
def interrupts() -> Iterator[Interrupt]:
    """Remember SIGTERM and SIGUSR1 instead of dying of them, so that the work can be saved.

    Schedulers send one of them (SLURM: `--signal=USR1@120`, or SIGTERM when a job is cancelled,
    preempted or out of time) some seconds before they kill. Outside the main thread, where Python
    allows no handlers, nothing is heard.
    """
    heard = Interrupt()

    def handle(number, frame):
        heard.signal = signal.Signals(number).name

    if threading.current_thread() is not threading.main_thread():
        yield heard
        return
    before = {number: signal.signal(number, handle) for number in SIGNALS}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
