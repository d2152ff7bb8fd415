"""How long each node of a run took, and how much memory this process held meanwhile."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from models.tuning.trials import write_whole

_HIGHEST = "VmHWM:"


class Peak:
    """The most memory that this process held since a moment, as Linux tells it.

    What was there at that moment counts; processes that this one started do not.

    Args:
        process: the folder of `/proc` about this process.
    """

    def __init__(self, process: Path = Path("/proc/self")):
        self._status = process / "status"
        self._references = process / "clear_refs"
        self._unknown = ""

    def reset(self) -> None:
        """Forgets the peak: from now on counts what is held from now on."""
        try:
            self._references.write_text("5", encoding="ascii")
            self._unknown = ""
        except OSError as error:
            self._unknown = f"this system does not let a process reset its peak: {error.strerror}"

    def read(self) -> tuple[int | None, str]:
        """Returns the peak in bytes and an empty text, or None and why it is not known."""
        if self._unknown:
            return None, self._unknown
        for line in self._status.read_text(encoding="ascii").splitlines():
            if line.startswith(_HIGHEST):
                return int(line.split()[1]) * 1024, ""
        return None, f"this system does not tell a process its peak ({_HIGHEST[:-1]})"


@dataclasses.dataclass(frozen=True)
class Timing:
    """What a node of a run took.

    Attributes:
        node: its name.
        seconds: that it took; of a cached node, to find that it was.
        cached: whether it took an earlier run's outputs.
        rows: that it went through; None where that is not known, and of a cached node.
        peak_bytes: most memory that this process held meanwhile; None where it is not known.
        no_peak: why it is not known; in the file only then.
    """

    node: str
    seconds: float
    cached: bool
    rows: int | None
    peak_bytes: int | None
    no_peak: str = ""


class Timings:
    """Writes down the nodes of a run; the file is whole after each of them.

    Args:
        file: JSON, a list with an object for each node that is done, in their order.
        peak: of this process.
    """

    def __init__(self, file: Path, peak: Peak):
        self._file = file
        self._peak = peak
        self._done: list[Timing] = []

    def start(self) -> None:
        """Notes that a node starts."""
        self._peak.reset()

    def end(self, node: str, seconds: float, *, cached: bool, rows: int | None) -> None:
        """Notes that it ended, and writes the file."""
        timing = Timing(node, round(seconds, 3), cached, rows, *self._peak.read())
        self._done.append(timing)
        write_whole(self._file, json.dumps([_told(one) for one in self._done], indent=1))


def _told(timing: Timing) -> dict[str, Any]:
    found = dataclasses.asdict(timing)
    if not timing.no_peak:
        del found["no_peak"]
    return found
