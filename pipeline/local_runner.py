"""Runs the graph on this machine: LocalDagRunner, SQLite metadata, and who is at work right now."""

import logging
import time
from collections.abc import Callable

from tfx.orchestration import metadata
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline

from pipeline.work_dir import WorkDir

# Called with a node's name and its seconds; None when it starts.
OnNode = Callable[[str, float | None], None]

_STARTS = "Component %s is running."
_ENDS = "Component %s is finished."


class _NodeWatch(logging.Handler):
    """Hears from LocalDagRunner's own log records which node starts and which ends."""

    def __init__(self, on_node: OnNode):
        super().__init__(logging.INFO)
        self._on_node = on_node
        self._started = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg == _STARTS and record.args:
            self._started = time.monotonic()
            self._on_node(str(record.args[0]), None)
        elif record.msg == _ENDS and record.args:
            self._on_node(str(record.args[0]), time.monotonic() - self._started)


def run_locally(pipeline: Pipeline, work: WorkDir, on_node: OnNode) -> None:
    """Runs every node in order; raises what the first failing node raises."""
    work.root.mkdir(parents=True, exist_ok=True)
    pipeline.metadata_connection_config = metadata.sqlite_metadata_connection_config(
        str(work.metadata)
    )
    watch = _NodeWatch(on_node)
    logger = logging.getLogger("absl")
    logger.addHandler(watch)
    try:
        LocalDagRunner().run(pipeline)
    finally:
        logger.removeHandler(watch)
