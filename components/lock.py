"""A lock that one process has at a time and the kernel takes back, however that process ends.

It is flock(2) on a file that stays: a file that is removed while somebody waits for it locks
nothing. The file tells who has it, for people; whether it is taken, only the kernel knows.

Over NFS (Linux clients, NFS 4) and CephFS it holds between machines; when a machine dies, NFS
frees its locks after the lease, 90 s by default. SQLite asks the same of a file system.
"""

import contextlib
import dataclasses
import datetime
import fcntl
import json
import os
import shlex
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

_LONGEST = 4096  # bytes of a holder


@dataclasses.dataclass(frozen=True)
class Holder:
    """Who has a lock.

    Attributes:
        command: as a shell takes it.
        pid: of the process.
        host: where it runs.
        since: when it took the lock, ISO 8601.
    """

    command: str
    pid: int
    host: str
    since: str

    @classmethod
    def here(cls) -> "Holder":
        """Returns this process."""
        program, *arguments = sys.argv
        path = Path(program)
        module = path.name == "__main__.py"  # started by `python -m`
        called = ["python", "-m", path.parent.name] if module else [path.name]
        return cls(
            command=shlex.join([*called, *arguments]),
            pid=os.getpid(),
            host=socket.gethostname(),
            since=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        )

    def __str__(self) -> str:
        return f"`{self.command}` (process {self.pid} on {self.host}, since {self.since})"


class Busy(Exception):
    """Another process has the lock; the text names it."""


@contextlib.contextmanager
def exclusive(path: Path, waiting: Callable[[str], None] | None = None) -> Iterator[None]:
    """Holds the lock at `path` while its block runs.

    Args:
        path: of the lock's file, which is made if need be, with its folder.
        waiting: told who has the lock, where it is taken, before it is waited for; where it is
            None, nothing is waited for.

    Raises:
        Busy: if another process has the lock and `waiting` is None.
        OSError: if the file cannot be written, or its file system knows no locks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A link is not followed: what it points to would be emptied.
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = _holder(file)
            if waiting is None:
                raise Busy(holder) from error
            waiting(holder)
            fcntl.flock(file, fcntl.LOCK_EX)
        _write(file, json.dumps(dataclasses.asdict(Holder.here())))
        try:
            yield
        finally:
            _write(file, "")
    finally:
        os.close(file)


def _write(file: int, text: str) -> None:
    os.ftruncate(file, 0)
    os.pwrite(file, text.encode(), 0)


def _holder(file: int) -> str:
    """Returns who has the lock; it may not have said so yet."""
    try:
        return str(Holder(**json.loads(os.pread(file, _LONGEST, 0))))
    except (ValueError, TypeError):
        return "another process"
