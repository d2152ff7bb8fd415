"""What a fault is, what came of it, and its line in the table of `docs/faults.md`."""

import contextlib
import dataclasses
import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.faults.process import Ended
from tests.faults.shop import Shop

_LAST = "RunReport"
# Breaks something, runs the pipeline, and mends it when it goes on.
Happening = Callable[[Shop], Iterator[Ended]]


@dataclasses.dataclass(frozen=True)
class Fault:
    """Something that goes wrong.

    Attributes:
        what: goes wrong.
        moment: when.
        happen: breaks, runs, mends.
        code: how the run then ends.
        shown: a pattern of what it says on stdout about that.
        of_logs: whether the logs themselves are mended afterwards.
    """

    what: str
    moment: str
    happen: Happening
    code: int
    shown: str = ""
    of_logs: bool = False


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of a fault.

    Attributes:
        fault: the fault.
        ended: how the run ended.
    """

    fault: Fault
    ended: Ended

    def seen(self, shop: Shop) -> str:
        """Returns what the user sees, with the names of places in place of paths."""
        if self.ended.error and self.ended.code > 0:
            return plain(self.ended.error.strip().removeprefix("Error: "), shop)
        if self.ended.code == -signal.SIGHUP:
            return "nothing: the terminal is gone"
        if self.ended.code < 0:
            return "`Killed`, by the shell"
        found = re.search(self.fault.shown, self.ended.output) if self.fault.shown else None
        return plain(found[0], shop) if found else "nothing: the run ends well"

    def lost(self) -> str:
        """Returns what was lost."""
        if self.ended.code == 0:
            return "nothing"
        done = self.finished()
        if not done:
            return "nothing: no step had begun"
        if done[-1] == _LAST:
            return "nothing: the model is still in `artifacts/`"
        if self.fault.of_logs:
            return "nothing: the next run reads the mended logs"
        return f"nothing: the next run goes on after {done[-1]}"

    def finished(self) -> list[str]:
        """Returns the steps that were finished or taken from the cache, in their order."""
        lines = (line.split() for line in self.ended.output.splitlines())
        return [words[1] for words in lines if words[:1] == ["✓"] and words[1] != "loading"]

    def line(self, shop: Shop) -> str:
        """Returns the line of the table."""
        fault = self.fault
        code = self.ended.code if self.ended.code >= 0 else 128 - self.ended.code
        cells = (fault.what, fault.moment, self.seen(shop), str(code), self.lost())
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def plain(text: str, shop: Shop) -> str:
    """Returns a text without what differs from run to run and from machine to machine."""
    for place, name in ((shop.logs, "LOGS"), (shop.work.root, "WORK"), (shop.config, "CONFIG")):
        text = text.replace(str(place), name)
    text = re.sub(r"/tmp[a-z0-9_]{8}\b", "/NAME", text)
    text = re.sub(r"\b\d{8}T\d{6}Z", "RUN", text)
    text = re.sub(r"(?<=[/.])[0-9a-f]{32}\b", "NAME", text)
    text = re.sub(r"(?<=serving/)\d+|(?<=version )\d+", "VERSION", text)
    text = re.sub(r"`[^`]*` \(process [^)]*\)", "`COMMAND` (process N on HOST, since TIME)", text)
    text = re.sub(r"(?<=/)\d+(?=[/.\s]|$)", "N", text)
    return " ".join(text.split())


def caused(fault: Fault, shop: Shop) -> Outcome:
    """Returns what comes of a fault; afterwards it is mended."""
    happening = fault.happen(shop)
    ended = next(happening)
    next(happening, None)
    return Outcome(fault, ended)


@contextlib.contextmanager
def away(path: Path) -> Iterator[None]:
    """Takes a file or folder away for a while."""
    aside = path.with_name(f".{path.name}.away")
    path.rename(aside)
    try:
        yield
    finally:
        remove(path)
        aside.rename(path)


@contextlib.contextmanager
def instead(path: Path, content: bytes) -> Iterator[None]:
    """Has other content in a file for a while; afterwards it is the old file, of its old time."""
    with away(path):
        path.write_bytes(content)
        yield


@contextlib.contextmanager
def besides(path: Path, content: bytes) -> Iterator[None]:
    """Has one more file for a while."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    try:
        yield
    finally:
        remove(path)


def remove(path: Path) -> None:
    """Removes a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()
