"""One run at a time in a work directory."""

import contextlib
from collections.abc import Iterator

from components.lock import Busy, exclusive
from pipeline.errors import RunFailed
from pipeline.failures import reason
from pipeline.quantities import place
from pipeline.work_dir import WorkDir


@contextlib.contextmanager
def locked(work: WorkDir) -> Iterator[None]:
    """Keeps other runs out of a work directory while its block runs.

    Raises:
        RunFailed: if another run is at work there, which it names, or nothing can be written.
    """
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(exclusive(work.lock))
        except Busy as busy:
            raise RunFailed(
                f"{place(work.root)} is in use by {busy}: two runs would mix there. Wait for it to "
                "end, or give another --work"
            ) from busy
        except OSError as error:
            raise RunFailed(
                f"cannot lock {place(work.lock)}: {reason(error)}. Give a --work that can be "
                "written, on a file system that has locks"
            ) from error
        yield
