"""An unexpected error becomes a sentence for the terminal; its traceback goes to a file."""

import contextlib
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

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
        with log.open("a", encoding="utf-8") as file:
            traceback.print_exception(error, file=file)
        raise RunFailed(f"{step()} failed: {reason(error)}. The whole story is in {log}") from error


def keep_traceback(error: BaseException) -> Path:
    """Writes the traceback of an error that came before there was a log; returns the new file."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="funnelrank-", suffix=".log", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exception(error, file=file)
    return Path(file.name)
