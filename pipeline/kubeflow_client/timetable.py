"""When a pipeline is to run, and which times lie behind; known without asking a server."""

import dataclasses
import datetime
import itertools
from collections.abc import Iterator

from pipeline.kubeflow_client.cron import Cron


@dataclasses.dataclass(frozen=True)
class Timetable:
    """When a pipeline runs.

    Attributes:
        cron: the times.
        catch_up: whether every missed time is made good, or only the last.
        start: no time before it; None for any.
        end: no time after it; None for any.
        max_concurrency: runs at once, at most.
    """

    cron: Cron
    catch_up: bool
    start: datetime.datetime | None
    end: datetime.datetime | None
    max_concurrency: int

    def times(self, after: datetime.datetime) -> Iterator[datetime.datetime]:
        """Yields the times after a moment, in order."""
        times = self.cron.after(max(after, self.start or after))
        if self.end is None:
            return times
        end = self.end
        return itertools.takewhile(lambda time: time <= end, times)

    def missed(self, now: datetime.datetime) -> int:
        """Returns how many times that lie behind will be made good at once."""
        if self.start is None:
            return 0
        behind = sum(
            1 for _ in itertools.takewhile(lambda time: time <= now, self.times(self.start))
        )
        return behind if self.catch_up else min(behind, 1)
