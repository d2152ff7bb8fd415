"""An unexpected error becomes a sentence for the terminal; its traceback goes to a file."""

import contextlib
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pipeline.errors import Misuse, RunFailed

_TRACEBACK = "Traceback (most recent call last):"
_LENGTH = 2000


def reason(error: BaseException) -> str:
    """Returns what an error says, in one line without a final stop."""
    text = str(error)
    named = isinstance(error, ValueError) or _TRACEBACK in text
    if _TRACEBACK in text:  # what failed in a worker of Beam may arrive as the text of a traceback
        lines = text.rstrip().splitlines()
        frames = [number for number, line in enumerate(lines) if line.startswith(" ")]
        text = " ".join(lines[max(frames, default=-1) + 1 :])
    words = " ".join(text.split())[:_LENGTH].rstrip(". ")
    kind = type(error).__name__
    return (words if named else f"{kind}: {words}") if words else kind


@contextlib.contextmanager
def told_in(log: Path, step: Callable[[], str]) -> Iterator[None]:
    """Turns an unexpected error of its block into a sentence, and appends the traceback to `log`.

    Args:
        log: the file that has the whole story.
        step: names what was being done when the error came.

    Raises:
        RunFailed: naming the step, the reason and the file.
    """
    try:
        yield
    except (Misuse, RunFailed):
        raise
    except Exception as error:
        story = _told(error, lambda: log.open("a", encoding="utf-8"))
        raise RunFailed(f"{step()} failed: {reason(error)}. {story}") from error


def told_by(error: BaseException) -> str:
    """Writes the traceback of an error that came where there is no log; says which file has it."""
    return _told(
        error,
        lambda: tempfile.NamedTemporaryFile(
            "w", prefix="funnelrank-", suffix=".log", delete=False, encoding="utf-8"
        ),
    )


def _told(error: BaseException, file: Callable[[], Any]) -> str:
    try:
        with file() as opened:
            traceback.print_exception(error, file=opened)
        return f"The whole story is in {opened.name}"
    except OSError as refused:  # what failed first may be the disk
        return f"The whole story cannot be written: {reason(refused)}"
