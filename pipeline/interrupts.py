"""Ctrl-C and a polite request to end: the run stops where it is, and says so."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM, as Kubernetes and service managers send it, ends a run as Ctrl-C does."""


def signal_of(stop: KeyboardInterrupt) -> int:
    """Returns the signal that stopped a program."""
    return signal.SIGTERM if isinstance(stop, Terminated) else signal.SIGINT


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """Lets SIGTERM raise `Terminated` in the main thread while its block runs."""

    def terminate(number: int, frame: FrameType | None) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
