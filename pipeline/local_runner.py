"""Runs the graph on this machine: LocalDagRunner, its metadata, and who is at work right now."""

import datetime
import functools
import logging
import time
from collections.abc import Callable

from ml_metadata import errors
from tfx.dsl.compiler.constants import PIPELINE_RUN_ID_PARAMETER_NAME
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline
from tfx.orchestration.portable.runtime_parameter_utils import substitute_runtime_parameter
from tfx.proto.orchestration import pipeline_pb2

from pipeline.failures import reason
from pipeline.metadata_store import StoreLost, connection, lost_store
from pipeline.retries import ATTEMPTS, patiently
from pipeline.work_dir import WorkDir

# Called with a node's name and its seconds; None when it starts.
OnNode = Callable[[str, float | None], None]


class _WatchedRunner(LocalDagRunner):
    """LocalDagRunner, told to run one node after the other so that each can be reported."""

    def __init__(self, on_node: OnNode):
        super().__init__()
        self._on_node = on_node

    def run_with_ir(
        self, pipeline: pipeline_pb2.Pipeline, run_options: pipeline_pb2.RunOptions | None = None
    ) -> None:
        """Runs all nodes as one pipeline run, in their order."""
        run_id = datetime.datetime.now(datetime.UTC).isoformat()
        substitute_runtime_parameter(pipeline, {PIPELINE_RUN_ID_PARAMETER_NAME: run_id})
        for node in pipeline.nodes:
            name = node.pipeline_node.node_info.id
            alone = pipeline_pb2.Pipeline()
            alone.CopyFrom(pipeline)
            for other in alone.nodes:
                if other.pipeline_node.node_info.id != name:
                    other.pipeline_node.execution_options.skip.SetInParent()
            self._on_node(name, None)
            started = time.monotonic()
            patiently(functools.partial(super().run_with_ir, alone, run_options), told=_retry)
            self._on_node(name, time.monotonic() - started)


def _retry(error: BaseException, attempt: int) -> None:
    logging.warning("%s: attempt %d of %d follows", reason(error), attempt, ATTEMPTS)


def run_locally(pipeline: Pipeline, work: WorkDir, on_node: OnNode) -> None:
    """Runs every node in order; raises what the first failing node raises.

    Raises:
        StoreLost: if the run can no more be written down.
    """
    work.root.mkdir(parents=True, exist_ok=True)
    pipeline.metadata_connection_config = connection(work)
    try:
        _WatchedRunner(on_node).run(pipeline)
    except (RuntimeError, errors.StatusError) as error:
        if lost := lost_store(work):
            raise StoreLost(lost) from error
        raise
