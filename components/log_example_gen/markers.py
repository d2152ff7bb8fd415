"""The marker by which a writer says that a day of a log is complete: an empty file _SUCCESS.

It lies in the folder of the day, as Spark and Hadoop leave it: the folder that a log's path names
before its first wildcard.
"""

import datetime
import itertools
from collections.abc import Mapping

from components.log_example_gen.files import dated
from schemas.logs import SPAN, Log, Logs

MARKER = "_SUCCESS"


def marker_path(name: str, log: Log) -> str:
    """Returns where the marker of a day lies, with {SPAN} for its date.

    Raises:
        ValueError: if the days of the log have no folder each.
    """
    folders = itertools.takewhile(lambda part: not set("*?[") & set(part), log.path.split("/")[:-1])
    folder = "/".join(folders)
    if SPAN not in folder:
        raise ValueError(
            f"a day is complete when its folder has a file {MARKER}, and the path of {name} names "
            f"no folder with {SPAN} before its first wildcard. Received: {log.path!r}. Give each "
            f"day a folder, as in {name}/{SPAN}/*.parquet, or start runs by cron, without --watch"
        )
    return f"{folder}/{MARKER}"


def find_markers(logs: Logs) -> Mapping[str, Mapping[datetime.date, int]]:
    """Returns the days of each log that are complete, with the time of change of their markers.

    A day that was written again has a newer marker.

    Raises:
        ValueError: if the days of a log have no folder each.
    """
    return {
        name: {
            day: modified
            for day, _, modified in dated(
                logs.root, log.model_copy(update={"path": marker_path(name, log)})
            )
        }
        for name, log in logs.present().items()
    }
