"""Keeps the terminal for the user: what libraries say goes to a file."""

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from pipeline.errors import Misuse
from pipeline.failures import reason


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
