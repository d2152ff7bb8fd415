"""Ctrl-C and a polite request to end: the run stops where it is, and says so."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType


class Terminated(KeyboardInterrupt):
    """SIGTERM, as Kubernetes and service managers send it, ends a run as Ctrl-C does."""


def signal_of(stop: KeyboardInterrupt) -> int:
    """Returns the signal that stopped a program."""
    return signal.SIGTERM if isinstance(stop, Terminated) else signal.SIGINT


@contextlib.contextmanager
def terminable() -> Iterator[Callable[[], None]]:
    """Lets SIGINT and SIGTERM raise `KeyboardInterrupt` in the main thread while its block runs.

    Yields:
        What raises it once more, if one came and some library took it for an error of its own, or
        it fell into a place where Python can only drop it.
    """
    came: list[type[KeyboardInterrupt]] = []

    def stop(number: int, frame: FrameType | None) -> None:
        came.append(Terminated if number == signal.SIGTERM else KeyboardInterrupt)
        raise came[-1]

    def again() -> None:
        if came:
            raise came[-1]

    # What a shell lets a run in the background ignore, stays ignored.
    heard = [n for n in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield again
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
