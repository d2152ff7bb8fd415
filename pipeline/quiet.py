"""Keeps the terminal for the user: what libraries say goes to a file."""

import contextlib
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from pipeline.errors import Misuse
from pipeline.failures import reason, told_in
from pipeline.remote.refusal import NoAnswer


class _Terminal(Console):
    """A console that falls silent when its reader went away, as `head` does: the run goes on."""

    def on_broken_pipe(self) -> None:
        """Called by rich; by default the program ends."""
        self.quiet = True


@contextlib.contextmanager
def chatter_to(path: Path) -> Iterator[Console]:
    """Sends stdout and stderr of this process, C++ code included, to a file for a while.

    Args:
        path: of the file; written anew.

    Yields:
        A console on the real stdout.

    Raises:
        Misuse: if the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o666)
    except OSError as error:
        raise Misuse(
            f"cannot write the log {path}: {reason(error)}. Mend that, or give another --work"
        ) from error
    sys.stdout.flush()
    sys.stderr.flush()
    real = os.dup(1), os.dup(2)
    terminal = open(os.dup(1), "w", encoding="utf-8", errors="replace")  # noqa: SIM115
    try:
        os.dup2(file, 1)
        os.dup2(file, 2)
        with warnings.catch_warnings():
            yield _Terminal(file=terminal, highlight=False)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(real[0], 1)
        os.dup2(real[1], 2)
        for descriptor in (*real, file):
            os.close(descriptor)
        with contextlib.suppress(BrokenPipeError):  # what is left for a reader that is gone
            terminal.close()


@contextlib.contextmanager
def quietly(doing: str, log: Path | None = None) -> Iterator[Console]:
    """Sends what libraries say to a file, as `chatter_to` does; it stays only if there is a story.

    Args:
        doing: what is done, as the sentence of a failure begins.
        log: the file; one in the folder for temporary files if None.

    Yields:
        A console on the real stdout.

    Raises:
        Misuse: if the file cannot be written.
        RunFailed: naming the reason and the file, where anything unexpected is raised.
    """
    if log is None:
        handle, name = tempfile.mkstemp(prefix="funnelrank-", suffix=".log")
        os.close(handle)
        log = Path(name)
    with chatter_to(log) as console:
        try:
            with told_in(log, lambda: doing):
                yield console
        except (Misuse, NoAnswer):  # its sentence is the whole story
            log.unlink()
            raise
    log.unlink()
