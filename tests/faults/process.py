"""Runs the command line in processes of its own, and damages them or their surroundings meanwhile.

Importing TFX takes ten seconds. Python's fork server imports it once; each run is a fork of it, a
process like any other: it has its own memory, files and signals.
"""

import ctypes
import dataclasses
import logging
import multiprocessing
import os
import signal
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

_LOADED = (
    *("pipeline.cli", "pipeline.local_runner", "pipeline.pipeline", "pipeline.results"),
    *("pipeline.run", "pipeline.steps", "pipeline.stopped", "pipeline.leftovers"),
)
# Of capset(2): its version 3; what lets root read and write whatever it likes.
_CAPABILITIES = 0x20080522
_OVERRIDES = 1 << 1 | 1 << 2
_LONGEST = 240  # seconds
# What TFX says when a step starts, when its executor is about to work, when that is done and
# nothing of it is in ML Metadata yet, and when all of it is.
MOMENTS = {
    "starts": "Component {node} is running.",
    "works": "Going to run a new execution: ",
    "has worked": "Cleaning up stateless execution info.",
    "has ended": "Component {node} is finished.",
}


@dataclasses.dataclass(frozen=True)
class At:
    """Something that happens at a moment of a run, within its process.

    Attributes:
        node: the step at work.
        moment: one of MOMENTS.
        do: what happens; picklable.
    """

    node: str
    moment: str
    do: Callable[[], None]


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a run ended.

    Attributes:
        code: its exit code; negative: the signal that killed it.
        output: what it said on stdout.
        error: what it said on stderr.
    """

    code: int
    output: str
    error: str

    @property
    def worked(self) -> list[str]:
        """The steps that were done, and not taken from the cache."""
        return [words[1] for words in self._steps() if words[2] != "cached"]

    @property
    def cached(self) -> list[str]:
        """The steps that were taken from the cache."""
        return [words[1] for words in self._steps() if words[2] == "cached"]

    def _steps(self) -> list[list[str]]:
        lines = (line.split() for line in self.output.splitlines())
        return [words for words in lines if words[:1] == ["✓"] and words[1] != "loading"]


def nothing() -> None:
    """Does nothing."""


def run(
    arguments: list[str],
    at: At | None = None,
    first: Callable[[], None] = nothing,
    kill_after: float | None = None,
) -> Ended:
    """Runs `funnelrank` with arguments, to its end.

    Args:
        arguments: of the command line.
        at: what happens on the way.
        first: what the process does before anything else; picklable.
        kill_after: seconds after which the whole group of processes is killed.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(_LOADED))
    with tempfile.TemporaryDirectory() as place:
        texts = Path(place, "output"), Path(place, "error")
        happened = Path(place, "happened")
        for text in texts:
            text.touch()
        process = context.Process(target=_child, args=(arguments, at, first, texts, happened))
        process.start()
        process.join(_LONGEST if kill_after is None else kill_after)
        if process.is_alive():
            assert process.pid is not None
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:  # it has just begun, and has no group of its own yet
                process.kill()
            process.join()
            if kill_after is None:
                raise TimeoutError(f"{arguments} ran for more than {_LONGEST} s")
        if at is not None and not happened.exists():
            raise AssertionError(f"{at.node} never {at.moment}: {texts[0].read_text()}")
        output, error = (text.read_text(encoding="utf-8") for text in texts)
        return Ended(process.exitcode or 0, output, error)


def _child(
    arguments: list[str],
    at: At | None,
    first: Callable[[], None],
    texts: tuple[Path, Path],
    happened: Path,
) -> None:
    os.setsid()  # so that what it starts can be killed with it
    # As a shell starts a program, whatever the program that runs the tests was told to ignore.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    for number, text in enumerate(texts, 1):
        file = os.open(text, os.O_WRONLY | os.O_APPEND)
        os.dup2(file, number)
    if at is not None:
        logging.getLogger("absl").addHandler(_Watch(at, happened))
    first()
    sys.argv = ["funnelrank", *arguments]
    from pipeline.cli import main

    main(args=arguments, prog_name="funnelrank")


class _Watch(logging.Handler):
    """Hears what TFX says, and does something at a moment, once."""

    def __init__(self, at: At, happened: Path):
        super().__init__(logging.INFO)
        self._at, self._node, self._happened = at, "", happened

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        if said.startswith("Component ") and said.endswith(" is running."):
            self._node = said.split()[1]
        words = MOMENTS[self._at.moment].format(node=self._at.node)
        if not self._happened.exists() and self._node == self._at.node and said.startswith(words):
            self._happened.touch()
            self._at.do()


def as_an_owner() -> None:
    """Binds root to the modes of files, as they bind every other owner."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = struct.pack("=Ii", _CAPABILITIES, 0)
    data = ctypes.create_string_buffer(24)  # two of: effective, permitted, inheritable
    libc.capget(header, data)
    effective, *rest = struct.unpack("=6I", data.raw)
    data.raw = struct.pack("=6I", effective & ~_OVERRIDES, *rest)
    if libc.capset(header, data) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def kill_itself(number: int = signal.SIGKILL) -> None:
    """Sends a signal to this process and to all that it started."""
    os.killpg(os.getpid(), number)


def stop_itself(number: int) -> None:
    """Sends a signal to this process alone."""
    os.kill(os.getpid(), number)


def close_reader() -> None:
    """Makes stdout a pipe that nobody reads any more."""
    reader, writer = os.pipe()
    os.dup2(writer, 1)
    os.close(reader)


@dataclasses.dataclass(frozen=True)
class Once:
    """Does something as soon as something is there; to be called in the process itself.

    Attributes:
        there: says whether; picklable, as is `do`.
        do: what is then done.
    """

    there: Callable[[], bool]
    do: Callable[[], None]

    def __call__(self) -> None:
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        end = time.monotonic() + _LONGEST
        while not self.there() and time.monotonic() < end:
            time.sleep(0.001)
        self.do()


def has_children() -> bool:
    """Returns whether this process has started another."""
    return bool(_children())


def kill_children() -> None:
    """Kills the processes that this one started, as the kernel does when memory is short."""
    for child in _children():
        os.kill(child, signal.SIGKILL)


def _children() -> list[int]:
    tasks = Path("/proc/self/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]
